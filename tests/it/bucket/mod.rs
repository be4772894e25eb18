//! `keytrail ingest s3://…`, through the program, against both servers: the same answers as from a disk;
//! what is listed and what is not; archived objects; connections that break; what is refused.

mod archived;
mod budget;
mod days;
mod faults;
mod prefixes;
mod refusals;
mod trees;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::context::{Context, REPOSITORY, Transcript};
use crate::servers::{Bucket, OWNER, credentials};

/// Runs `ingest` for an address at this endpoint, by this identity.
pub(crate) fn ingest_as(
    context: &Context,
    identity: (&str, &str),
    endpoint: &str,
    words: &[&str],
) -> Transcript {
    let words = [&["ingest", "--endpoint-url", endpoint], words].concat();
    context.run_in(&words, &credentials(identity))
}

/// The same by who may do everything.
pub(crate) fn ingest(context: &Context, endpoint: &str, words: &[&str]) -> Transcript {
    ingest_as(context, OWNER, endpoint, words)
}

/// The same, whose summary is read.
pub(crate) fn summary(context: &Context, endpoint: &str, words: &[&str]) -> Value {
    let done = ingest(context, endpoint, &[words, &["--json"]].concat());
    serde_json::from_slice(&done.raw.stdout).unwrap_or_else(|error| panic!("{error}: {done}"))
}

/// The sample logs, with the keys that they would have in a bucket.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(REPOSITORY).join("sample-logs");
    let mut found = Vec::new();
    let mut folders = vec![root.join("AWSLogs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path
                    .strip_prefix(&root)
                    .expect("below it")
                    .to_string_lossy();
                found.push((key.into_owned(), fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

/// Puts the sample logs below a prefix.
pub(crate) fn put_samples(bucket: &Bucket, prefix: &str) {
    for (key, bytes) in samples() {
        bucket.put(&format!("{prefix}{key}"), bytes);
    }
}

/// A log with one KMS event of this id.
pub(crate) fn log(event_id: &str) -> String {
    let event_id = serde_json::json!(event_id);
    format!(
        r#"{{"Records":[{{"eventVersion":"1.11","eventTime":"2026-03-01T10:00:00Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"eu-west-1","eventID":{event_id},"recipientAccountId":"111122223333","userIdentity":{{"type":"AWSService","invokedBy":"s3.amazonaws.com"}},"resources":[{{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/1"}}],"readOnly":true}}]}}"#
    )
}

/// The key of a log in the layout.
pub(crate) fn key(account: &str, region: &str, day: &str, name: &str) -> String {
    let date = day.replace('/', "");
    format!(
        "AWSLogs/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{date}T1005Z_{name}.json"
    )
}

/// The ids of the events that the store holds.
pub(crate) fn event_ids(context: &Context) -> Vec<String> {
    let rows = context.rows("select event_id from kms_events order by event_id");
    let ids = rows
        .iter()
        .map(|row| row["event_id"].as_str().expect("an id").to_owned());
    ids.collect()
}
