//! Signatures next to the digests of a local copy, where S3's metadata is lost.
//!
//! Enters: the path of a digest. Leaves: what `<digest>.sig.json` next to it says.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{PathFacts, ReadFault, Signature};
use crate::decode::{ObjectKind, parse_json};

/// What the name of a digest goes on with.
const ENDING: &str = ".sig.json";

/// The file, with the names of S3's metadata.
#[derive(Debug, Deserialize)]
struct Sidecar {
    signature: String,
    #[serde(rename = "signature-algorithm")]
    algorithm: Option<String>,
}

/// Where the signature of a digest is kept.
#[must_use]
pub fn signature_path(digest: &Path) -> PathBuf {
    let mut path = digest.as_os_str().to_owned();
    path.push(ENDING);
    path.into()
}

/// Whether a file is the signature of a digest, and no log.
pub(super) fn is_signature(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.strip_suffix(ENDING).is_some_and(is_digest)
}

/// The signature next to a digest, if there is one.
pub(super) fn beside(path: &Path) -> Result<Option<Signature>, ReadFault> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if !is_digest(name) {
        return Ok(None);
    }
    let kept = signature_path(path);
    let text = match fs::read(&kept) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&kept, &error.to_string())),
    };
    let sidecar: Sidecar =
        parse_json(&text).map_err(|error| unreadable(&kept, &error.to_string()))?;
    Ok(Some(Signature {
        value: sidecar.signature,
        algorithm: sidecar.algorithm,
    }))
}

fn unreadable(path: &Path, problem: &str) -> ReadFault {
    ReadFault::Unreadable(format!("the signature in {}: {problem}", path.display()))
}

fn is_digest(name: &str) -> bool {
    PathFacts::read(name).kind == Some(ObjectKind::Digest)
}
