//! What a digest says ("CloudTrail digest file structure", CloudTrail user guide).
//!
//! Enters: its content as the ledger keeps it, and its name. Leaves: what it names, what is signed, and which
//! trail wrote it.

use serde::Deserialize;

use super::address::name_of;
use crate::decode::parse_json;

/// The algorithm of all signatures so far.
const ALGORITHM: &str = "SHA256withRSA";

/// The members of a digest that are needed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    digest_end_time: String,
    pub(super) digest_s3_bucket: String,
    pub(super) digest_s3_object: String,
    pub(super) digest_public_key_fingerprint: String,
    digest_signature_algorithm: Option<String>,
    pub(super) previous_digest_s3_object: Option<String>,
    pub(super) previous_digest_hash_value: Option<String>,
    pub(super) previous_digest_signature: Option<String>,
    pub(super) log_files: Vec<NamedLog>,
}

/// A log that a digest names.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamedLog {
    pub(super) s3_bucket: String,
    pub(super) s3_object: String,
    pub(super) hash_value: String,
    hash_algorithm: Option<String>,
}

impl Content {
    /// Reads a digest.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let content: Self = parse_json(text.as_bytes())
            .map_err(|error| format!("it is not as digests are: {error}"))?;
        let algorithm = content.digest_signature_algorithm.as_deref();
        if let Some(algorithm) = algorithm.filter(|algorithm| *algorithm != ALGORITHM) {
            return Err(format!("its signature is of an unknown kind, {algorithm}"));
        }
        let mut algorithms = content
            .log_files
            .iter()
            .map(|log| log.hash_algorithm.as_deref());
        if algorithms.any(|algorithm| algorithm.is_some_and(|name| name != "SHA-256")) {
            return Err("its hashes are of an unknown kind".to_owned());
        }
        Ok(content)
    }

    /// What is signed, given the hash of the digest's own text.
    pub(super) fn signed_text(&self, sha256: &str) -> String {
        format!(
            "{}\n{}/{}\n{sha256}\n{}",
            self.digest_end_time,
            self.digest_s3_bucket,
            self.digest_s3_object,
            self.previous_digest_signature.as_deref().unwrap_or("null"),
        )
    }
}

/// The trail that a digest's name tells, and whether it is of the backfill chain.
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
    use super::TrailName;

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
