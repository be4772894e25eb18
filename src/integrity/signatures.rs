//! Signatures of a local copy's digests: S3 keeps them in the metadata of the objects, which a copy loses.
//!
//! Enters: a bucket with a prefix, and a directory that was copied from it. Leaves: `<digest>.sig.json` next to
//! each digest. Digests that have one are skipped.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use aws_sdk_s3::types::RequestPayer;
use futures::StreamExt as _;
use serde_json::json;
use walkdir::WalkDir;

use super::error::IntegrityError;
use crate::aws::{Access, Attempt, Meaning, OPTIONS, Refusal, client_config};
use crate::decode::ObjectKind;
use crate::source::{BucketAddress, PathFacts, signature_path};

/// Requests under way at once.
const REQUESTS_MAX: usize = 16;

/// What was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchedSignatures {
    /// Signatures written.
    pub written: u64,
    /// Digests that had one.
    pub known: u64,
    /// Digests whose signature could not be had, each with the reason.
    pub failed: Vec<(PathBuf, String)>,
}

/// Asks S3 for the signatures of the digests below a directory.
///
/// # Errors
/// If there is no digest below it, or `origin` is no place in a bucket.
pub async fn fetch_signatures(
    access: &Access,
    origin: &str,
    directory: &Path,
) -> Result<FetchedSignatures, IntegrityError> {
    let origin = BucketAddress::parse(origin).ok_or_else(|| IntegrityError::NotABucket {
        typed: origin.to_owned(),
    })?;
    let mut fetched = FetchedSignatures::default();
    let mut wanted = Vec::new();
    for (path, key) in digests(directory, &prefix(&origin))? {
        if signature_path(&path).exists() {
            fetched.known += 1;
        } else {
            wanted.push((path, key));
        }
    }
    if wanted.is_empty() {
        return Ok(fetched);
    }
    let config = client_config!(aws_sdk_s3, &access.load().await)
        .force_path_style(access.is_path_style || access.endpoint_url.is_some())
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let payer = access
        .is_requester_paying
        .then_some(RequestPayer::Requester);
    let requests = wanted.into_iter().map(|(path, key)| {
        let request = client
            .head_object()
            .bucket(&origin.bucket)
            .key(&key)
            .set_request_payer(payer.clone());
        async move {
            let done = one(request, &path).await;
            (path, done)
        }
    });
    let mut requests = futures::stream::iter(requests).buffered(REQUESTS_MAX);
    while let Some((path, done)) = requests.next().await {
        match done {
            Ok(()) => fetched.written += 1,
            Err(message) => fetched.failed.push((path, message)),
        }
    }
    Ok(fetched)
}

/// What the keys of the copy begin with.
fn prefix(origin: &BucketAddress) -> String {
    let prefix = &origin.prefix;
    let is_folder = prefix.is_empty() || prefix.ends_with('/');
    format!("{prefix}{}", if is_folder { "" } else { "/" })
}

/// The digests below a directory, each with its key.
fn digests(directory: &Path, prefix: &str) -> Result<Vec<(PathBuf, String)>, IntegrityError> {
    let shown = directory.display().to_string();
    let mut digests = Vec::new();
    for entry in WalkDir::new(directory)
        .follow_links(true)
        .sort_by_file_name()
    {
        let entry = entry.map_err(|error| IntegrityError::File {
            path: error.path().unwrap_or(directory).display().to_string(),
            source: error.into(),
        })?;
        let path = entry.path();
        let Ok(below) = path.strip_prefix(directory) else {
            continue;
        };
        let key = format!("{}{}", prefix, below.to_string_lossy().replace('\\', "/"));
        let is_digest = PathFacts::read(&key).kind == Some(ObjectKind::Digest);
        let is_signature = key.ends_with(".sig.json");
        if entry.file_type().is_file() && is_digest && !is_signature {
            digests.push((path.to_path_buf(), key));
        }
    }
    if digests.is_empty() {
        return Err(IntegrityError::NoDigests { path: shown });
    }
    Ok(digests)
}

async fn one(
    request: aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder,
    path: &Path,
) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| told(&error))?;
    let metadata = answer.metadata.unwrap_or_default();
    let Some(signature) = metadata.get("signature") else {
        return Err("the object in the bucket carries no signature".to_owned());
    };
    let text = json!({
        "signature": signature,
        "signature-algorithm": metadata.get("signature-algorithm"),
    });
    write(path, &text.to_string()).map_err(|error| error.to_string())
}

/// Written under another name first, so that one that is there is whole.
fn write(digest: &Path, text: &str) -> std::io::Result<()> {
    let folder = digest.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    let kept = file.into_temp_path();
    // A temporary file can be read by its owner alone, and this one is no secret.
    fs::set_permissions(&kept, fs::metadata(digest)?.permissions())?;
    kept.persist(signature_path(digest))
        .map_err(|error| error.error)
}

fn told<E>(error: &aws_sdk_s3::error::SdkError<E>) -> String
where
    E: std::error::Error + aws_sdk_s3::error::ProvideErrorMetadata + 'static,
{
    let attempt = Attempt {
        what: "cannot read the digest",
        action: Some("s3:GetObject"),
        allow: "",
        absent: Meaning::Absent,
        options: &OPTIONS,
    };
    let refusal = Refusal::of(error, &attempt);
    match (refusal.meaning, refusal.hint) {
        (Meaning::Absent, _) => "it is not in the bucket under that prefix".to_owned(),
        (Meaning::OtherRegion, Some(hint)) => format!("{}: {hint}", refusal.cause),
        _ => refusal.cause,
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketAddress, prefix};

    #[test]
    fn keys_begin_with_the_prefix_as_a_folder() {
        let begin = |typed| BucketAddress::parse(typed).map(|origin| prefix(&origin));
        for (typed, expected) in [
            ("s3://b", ""),
            ("s3://b/", ""),
            ("s3://b/logs", "logs/"),
            ("s3://b/a/AWSLogs/", "a/AWSLogs/"),
        ] {
            assert_eq!(begin(typed).as_deref(), Some(expected));
        }
    }
}
