//! What a digest proves: what was signed, and which trail wrote it.
//!
//! Enters: its content as the ledger keeps it, and its name. Leaves: the content, where it has what a proof needs; the
//! text that is signed; the trail.

use super::address::name_of;
use crate::decode::DigestContent;

/// The algorithm of all signatures so far.
const ALGORITHM: &str = "SHA256withRSA";

/// Reads a digest that has what a proof needs.
pub(super) fn read(text: &str) -> Result<DigestContent, String> {
    let content =
        DigestContent::read(text).map_err(|error| format!("it is not as digests are: {error}"))?;
    let logs = content.log_files.iter().flat_map(|log| {
        [
            ("s3Bucket", &log.s3_bucket),
            ("s3Object", &log.s3_object),
            ("hashValue", &log.hash_value),
        ]
    });
    let own = [
        ("digestEndTime", &content.digest_end_time),
        ("digestS3Bucket", &content.digest_s3_bucket),
        ("digestS3Object", &content.digest_s3_object),
        (
            "digestPublicKeyFingerprint",
            &content.digest_public_key_fingerprint,
        ),
    ];
    if let Some((member, _)) = own
        .into_iter()
        .chain(logs)
        .find(|(_, text)| text.is_empty())
    {
        return Err(format!("it is not as digests are: `{member}` is missing"));
    }
    let algorithm = content.digest_signature_algorithm.as_deref();
    if let Some(algorithm) = algorithm.filter(|algorithm| *algorithm != ALGORITHM) {
        return Err(format!(
            "its signature has an unknown algorithm, {algorithm}"
        ));
    }
    let mut algorithms = content
        .log_files
        .iter()
        .filter_map(|log| log.hash_algorithm.as_deref());
    if algorithms.any(|algorithm| algorithm != "SHA-256") {
        return Err("its hashes have an unknown algorithm".to_owned());
    }
    Ok(content)
}

/// What is signed, given the hash of the digest's own text.
pub(super) fn signed_text(content: &DigestContent, sha256: &str) -> String {
    format!(
        "{}\n{}/{}\n{sha256}\n{}",
        content.digest_end_time,
        content.digest_s3_bucket,
        content.digest_s3_object,
        content
            .previous_digest_signature
            .as_deref()
            .unwrap_or("null"),
    )
}

/// The trail that a digest's name says, and whether it is of the backfill chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TrailName {
    pub(super) name: String,
    pub(super) home_region: String,
    pub(super) is_backfill: bool,
}

impl TrailName {
    /// `<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<time>[_backfill].json.gz`; the name of a
    /// trail may hold underscores.
    pub(super) fn read(path: &str) -> Option<Self> {
        let name = name_of(path);
        let stem = name
            .strip_suffix(".gz")
            .unwrap_or(name)
            .strip_suffix(".json")?;
        let (stem, is_backfill) = match stem.strip_suffix("_backfill") {
            Some(stem) => (stem, true),
            None => (stem, false),
        };
        let (_, rest) = stem.split_once("_CloudTrail-Digest_")?;
        let (_region, rest) = rest.split_once('_')?;
        let (rest, _time) = rest.rsplit_once('_')?;
        let (name, home_region) = rest.rsplit_once('_')?;
        Some(Self {
            name: name.to_owned(),
            home_region: home_region.to_owned(),
            is_backfill,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{TrailName, read};

    #[test]
    fn a_digest_without_what_a_proof_needs_proves_nothing() {
        let whole = r#"{"digestEndTime":"2026-03-01T11:00:00Z","digestS3Bucket":"b","digestS3Object":"k",
            "digestPublicKeyFingerprint":"0a","digestSignatureAlgorithm":"SHA256withRSA",
            "logFiles":[{"s3Bucket":"b","s3Object":"l","hashValue":"0b","hashAlgorithm":"SHA-256"}]}"#;
        assert!(read(whole).is_ok());
        for (from, to, says) in [
            ("digestEndTime", "x", "`digestEndTime` is missing"),
            ("hashValue", "x", "`hashValue` is missing"),
            (
                "SHA256withRSA",
                "none",
                "its signature has an unknown algorithm, none",
            ),
            ("SHA-256", "MD5", "its hashes have an unknown algorithm"),
            ("logFiles", "x", "missing field `logFiles`"),
        ] {
            let problem = read(&whole.replace(from, to)).expect_err("it proves nothing");
            assert!(problem.contains(says), "{problem}");
        }
    }

    #[test]
    fn names_tell_the_trail() {
        let read = |rest: &str| {
            let name = format!("a/111122223333_CloudTrail-Digest_us-east-2_{rest}");
            TrailName::read(&name).map(|trail| (trail.name, trail.home_region, trail.is_backfill))
        };
        let told =
            |name: &str, is_backfill| Some((name.to_owned(), "eu-west-1".to_owned(), is_backfill));
        assert_eq!(
            read("plain_eu-west-1_20150817T150131Z.json.gz"),
            told("plain", false)
        );
        assert_eq!(
            read("my_trail.of.2_eu-west-1_20150817T150131Z_backfill.json.gz"),
            told("my_trail.of.2", true)
        );
        assert_eq!(read("20150817T150131Z.json.gz"), None);
    }
}
