//! What a message of a queue says: which objects are new.
//!
//! Enters: the body of a message. Leaves: the objects it names, or why it cannot be used. Four senders are
//! understood, each directly, or wrapped by SNS:
//! - S3 event notifications ("Event message structure", Amazon S3 user guide): keys are URL-encoded, with
//!   `+` for a blank;
//! - EventBridge ("EventBridge event message structure", the same guide): keys are as they are;
//! - CloudTrail itself ("Configuring Amazon SNS notifications for CloudTrail"): `s3Bucket`, `s3ObjectKey`;
//! - and what S3 and CloudTrail send to try a queue out.

use serde_json::Value;
use thiserror::Error;

use crate::decode::parse_json;
use crate::source::encoded::query_decoded;

/// An object that a message names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedObject {
    /// The bucket.
    pub bucket: String,
    /// The object's key, as it is.
    pub key: String,
}

/// Why a message cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It is no JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is of no known sort.
    #[error(
        "it is neither an S3 event, nor an event of EventBridge about an S3 object, nor a notification of CloudTrail: {0}"
    )]
    Unknown(String),
    /// A key is not what it should be.
    #[error("the key `{0}` is not URL-encoded UTF-8")]
    BadKey(String),
}

/// SNS wraps once, and may be wrapped by nothing.
const WRAPPERS_MAX: usize = 2;

/// Reads a message; without objects, there is nothing to do for it.
///
/// # Errors
/// If it is of no known sort.
pub fn read(body: &str) -> Result<Vec<NamedObject>, Unusable> {
    read_wrapped(body, WRAPPERS_MAX)
}

fn read_wrapped(body: &str, wrappers: usize) -> Result<Vec<NamedObject>, Unusable> {
    let message: Value =
        parse_json(body.as_bytes()).map_err(|error| Unusable::NotJson(error.to_string()))?;
    if let Some(records) = message.get("Records").and_then(Value::as_array) {
        return s3_records(records);
    }
    let text = |member: &str| message.get(member).and_then(Value::as_str);
    if text("Event") == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    if text("source") == Some("aws.s3") {
        return event_bridge(&message).map(|named| named.into_iter().collect());
    }
    if let (Some(bucket), Some(keys)) = (text("s3Bucket"), message.get("s3ObjectKey")) {
        return trail_keys(bucket, keys);
    }
    match text("Message") {
        // What CloudTrail sends to try a topic out is no JSON.
        Some("CloudTrail validation message.") => Ok(Vec::new()),
        Some(inner) if wrappers > 0 && text("Type") == Some("Notification") => {
            read_wrapped(inner, wrappers - 1)
        }
        _ => Err(Unusable::Unknown(members(&message))),
    }
}

/// Whether an event leaves an object that can be read: one that was created, or restored.
fn is_creation(event: &str) -> bool {
    let event = event.strip_prefix("s3:").unwrap_or(event);
    event.starts_with("ObjectCreated:") || event == "ObjectRestore:Completed"
}

fn s3_records(records: &[Value]) -> Result<Vec<NamedObject>, Unusable> {
    let mut named = Vec::new();
    for record in records {
        let text = |path: &str| record.pointer(path).and_then(Value::as_str);
        let (Some(event), Some(bucket), Some(key)) = (
            text("/eventName"),
            text("/s3/bucket/name"),
            text("/s3/object/key"),
        ) else {
            return Err(Unusable::Unknown(members(record)));
        };
        if is_creation(event) {
            named.push(NamedObject {
                bucket: bucket.to_owned(),
                key: query_decoded(key).ok_or_else(|| Unusable::BadKey(key.to_owned()))?,
            });
        }
    }
    Ok(named)
}

fn event_bridge(message: &Value) -> Result<Option<NamedObject>, Unusable> {
    let text = |path: &str| message.pointer(path).and_then(Value::as_str);
    let (Some(event), Some(bucket), Some(key)) = (
        text("/detail-type"),
        text("/detail/bucket/name"),
        text("/detail/object/key"),
    ) else {
        return Err(Unusable::Unknown(members(message)));
    };
    let is_readable = matches!(event, "Object Created" | "Object Restore Completed");
    Ok(is_readable.then(|| NamedObject {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
    }))
}

fn trail_keys(bucket: &str, keys: &Value) -> Result<Vec<NamedObject>, Unusable> {
    let unknown = || Unusable::Unknown("`s3ObjectKey` is not a list of keys".to_owned());
    let keys = keys.as_array().ok_or_else(unknown)?;
    keys.iter()
        .map(|key| {
            Ok(NamedObject {
                bucket: bucket.to_owned(),
                key: key.as_str().ok_or_else(unknown)?.to_owned(),
            })
        })
        .collect()
}

/// The names of what is there, for anyone who has to find out what it is.
fn members(value: &Value) -> String {
    const SHOWN_MAX: usize = 8;
    match value.as_object() {
        Some(members) if members.is_empty() => "it is an empty object".to_owned(),
        Some(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).take(SHOWN_MAX).collect();
            format!("it has {}", names.join(", "))
        }
        None => "it is no JSON object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(keys: &[&str]) -> Vec<NamedObject> {
        keys.iter()
            .map(|key| NamedObject {
                bucket: "logs".to_owned(),
                key: (*key).to_owned(),
            })
            .collect()
    }

    fn record(event: &str, key: &str) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": event,
            "s3": {"bucket": {"name": "logs"}, "object": {"key": key, "size": 7, "eTag": "e"}}
        })
    }

    fn check(message: &Value, keys: &[&str]) {
        let direct = message.to_string();
        let wrapped = json!({"Type": "Notification", "MessageId": "m", "Message": direct});
        assert_eq!(read(&direct), Ok(named(keys)), "direct");
        assert_eq!(read(&wrapped.to_string()), Ok(named(keys)), "through SNS");
    }

    #[test]
    fn keys_of_s3_events_are_decoded() {
        let message = json!({"Records": [
            record("ObjectCreated:Put", "AWSLogs/a+b%2Bc%3D%C3%BC.json.gz"),
            record("ObjectRemoved:Delete", "gone"),
            record("ObjectCreated:CompleteMultipartUpload", "AWSLogs/2.json.gz"),
            record("ObjectRestore:Completed", "AWSLogs/old.json.gz"),
            record("ObjectRestore:Post", "AWSLogs/not-yet.json.gz"),
        ]});
        check(
            &message,
            &[
                "AWSLogs/a b+c=ü.json.gz",
                "AWSLogs/2.json.gz",
                "AWSLogs/old.json.gz",
            ],
        );
    }

    #[test]
    fn keys_of_event_bridge_are_as_they_are() {
        let event = |detail_type: &str| {
            json!({
                "version": "0", "source": "aws.s3", "detail-type": detail_type,
                "detail": {"bucket": {"name": "logs"}, "object": {"key": "a+b%2B.gz", "size": 7}}
            })
        };
        check(&event("Object Created"), &["a+b%2B.gz"]);
        check(&event("Object Restore Completed"), &["a+b%2B.gz"]);
        check(&event("Object Deleted"), &[]);
    }

    #[test]
    fn cloudtrail_names_its_files_itself() {
        let message = json!({"s3Bucket": "logs", "s3ObjectKey": ["AWSLogs/1.json.gz", "AWSLogs/2 3.json.gz"]});
        check(&message, &["AWSLogs/1.json.gz", "AWSLogs/2 3.json.gz"]);
        let trial = json!({"Type": "Notification", "Message": "CloudTrail validation message."});
        assert_eq!(read(&trial.to_string()), Ok(Vec::new()));
    }

    #[test]
    fn what_tries_a_queue_out_names_nothing() {
        let message = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"});
        check(&message, &[]);
    }

    #[test]
    fn what_is_unknown_is_told() {
        assert!(matches!(read("hello"), Err(Unusable::NotJson(_))));
        for (body, says) in [
            ("{}", "empty object"),
            ("[1]", "no JSON object"),
            (r#"{"a": 1, "b": 2}"#, "it has a, b"),
            (r#"{"Records": [{"kinesis": {}}]}"#, "it has kinesis"),
            (r#"{"source": "aws.s3"}"#, "it has source"),
            (
                r#"{"Type": "Notification", "Message": "{}"}"#,
                "empty object",
            ),
        ] {
            let error = read(body).expect_err("unusable").to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        let message = json!({"Records": [record("ObjectCreated:Put", "a%zz")]});
        assert_eq!(
            read(&message.to_string()),
            Err(Unusable::BadKey("a%zz".to_owned()))
        );
    }
}
