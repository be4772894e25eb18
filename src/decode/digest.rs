//! The content of a digest ("CloudTrail digest file structure", CloudTrail user guide).
//!
//! Enters: the text of a digest, as the ledger stores it. Leaves: a [`DigestContent`]. A member that is not given is
//! empty; whether a digest must have it is for the reader to decide.

use serde::Deserialize;
use serde_json::Value;

use super::parse::parse_json;

/// The members of a digest that are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestContent {
    /// The end of its hour, as written: it is part of what is signed.
    #[serde(default)]
    pub digest_end_time: String,
    /// The bucket that it was delivered to.
    #[serde(default)]
    pub digest_s3_bucket: String,
    /// Its own key.
    #[serde(default)]
    pub digest_s3_object: String,
    /// The fingerprint of the key that signed it.
    #[serde(default)]
    pub digest_public_key_fingerprint: String,
    /// The algorithm of its signature.
    pub digest_signature_algorithm: Option<String>,
    /// The key of the digest before it.
    pub previous_digest_s3_object: Option<String>,
    /// The hash of the digest before it.
    pub previous_digest_hash_value: Option<String>,
    /// The signature of the digest before it.
    pub previous_digest_signature: Option<String>,
    /// The logs that it names.
    pub log_files: Vec<DigestLog>,
}

/// A log that a digest names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestLog {
    /// Its bucket.
    #[serde(default)]
    pub s3_bucket: String,
    /// Its key.
    #[serde(default)]
    pub s3_object: String,
    /// Its hash.
    #[serde(default)]
    pub hash_value: String,
    /// The algorithm of its hash.
    pub hash_algorithm: Option<String>,
    /// When its oldest event happened.
    pub oldest_event_time: Option<String>,
    /// When its newest event happened.
    pub newest_event_time: Option<String>,
}

impl DigestContent {
    /// Reads a digest.
    ///
    /// # Errors
    /// If the text is not JSON, has no list of logs, or has a member of another type.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        parse_json(text.as_bytes())
    }

    /// The logs that a digest names by key, whatever else is wrong with it: a log that it names is missed if it is not
    /// there. A member of a log that is no text is left out. None of a text that is no digest.
    #[must_use]
    pub fn logs_of(text: &str) -> Vec<DigestLog> {
        let list: ListOnly = parse_json(text.as_bytes()).unwrap_or_default();
        let logs = list.log_files.iter().map(|log| {
            let text = |member: &str| log.get(member).and_then(Value::as_str).map(str::to_owned);
            DigestLog {
                s3_bucket: text("s3Bucket").unwrap_or_default(),
                s3_object: text("s3Object").unwrap_or_default(),
                hash_value: text("hashValue").unwrap_or_default(),
                hash_algorithm: text("hashAlgorithm"),
                oldest_event_time: text("oldestEventTime"),
                newest_event_time: text("newestEventTime"),
            }
        });
        logs.filter(|log| !log.s3_object.is_empty()).collect()
    }
}

/// The list of a digest alone.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListOnly {
    log_files: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::DigestContent;

    #[test]
    fn members_that_are_not_given_are_empty() {
        let text = r#"{"previousDigestS3Object":null,"logFiles":[
            {"s3Bucket":"b","s3Object":"k","hashValue":"0a","oldestEventTime":"2026-03-01T10:00:00Z","other":[]},
            {"s3Bucket":"b"}]}"#;
        let read = DigestContent::read(text).expect("a digest");
        assert_eq!(
            (
                read.digest_s3_object.as_str(),
                read.previous_digest_s3_object
            ),
            ("", None)
        );
        assert_eq!(read.log_files.len(), 2);
        let [log] = &DigestContent::logs_of(text)[..] else {
            panic!("one log has a key");
        };
        assert_eq!((log.s3_bucket.as_str(), log.s3_object.as_str()), ("b", "k"));
        assert_eq!(log.hash_value, "0a");
        assert_eq!(
            log.oldest_event_time.as_deref(),
            Some("2026-03-01T10:00:00Z")
        );
        assert_eq!(log.newest_event_time, None);
    }

    #[test]
    fn what_is_odd_about_a_digest_hides_no_log() {
        let text = r#"{"digestEndTime":null,"logFiles":[
            {"s3Bucket":null,"s3Object":"a","oldestEventTime":0},{"s3Object":1},7,{"s3Bucket":"b","s3Object":"c"}]}"#;
        assert!(DigestContent::read(text).is_err(), "it proves nothing");
        let logs = DigestContent::logs_of(text);
        let named: Vec<_> = logs
            .iter()
            .map(|log| (log.s3_bucket.as_str(), log.s3_object.as_str()))
            .collect();
        assert_eq!(named, [("", "a"), ("b", "c")]);
    }

    #[test]
    fn other_documents_name_no_logs() {
        for text in [
            "",
            "{}",
            r#"{"logFiles":null}"#,
            r#"{"logFiles":[{"s3Object":1}]}"#,
        ] {
            assert!(DigestContent::read(text).is_err(), "{text}");
            assert_eq!(DigestContent::logs_of(text), [], "{text}");
        }
    }
}
