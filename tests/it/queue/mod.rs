//! `keytrail ingest --queue`, against moto's SQS, SNS and S3: which messages are taken, when they are deleted,
//! and what comes of those that cannot be used.

mod messages;
mod service;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::context::{Context, REPOSITORY};
use crate::servers::{Bucket, OWNER, REGION, credentials, moto, wait};
use crate::store_s3::{Done, done};

/// A queue of a test's own.
pub(crate) struct TestQueue {
    pub(crate) url: String,
    client: Client,
}

impl TestQueue {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let name = format!("queue-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&moto().url)
            .credentials_provider(Credentials::new(OWNER.0, OWNER.1, None, None, "tests"))
            .build();
        let client = Client::from_conf(config);
        let create = client.create_queue().queue_name(&name);
        let url = wait(async move {
            let created = create.send().await.expect("a queue");
            created.queue_url().expect("its URL").to_owned()
        });
        // moto names itself by the host that it was asked as.
        let path = url.splitn(4, '/').nth(3).expect("account and name");
        Self {
            url: format!("{}/{path}", moto().url),
            client,
        }
    }

    pub(crate) fn arn(&self) -> String {
        let name = self.url.rsplit('/').next().expect("a name");
        format!("arn:aws:sqs:{REGION}:123456789012:{name}")
    }

    pub(crate) fn send(&self, body: &str) {
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body);
        wait(async move {
            send.send().await.expect("it is sent");
        });
    }

    /// Messages that can be received, and messages that somebody holds.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let get = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::All);
        let attributes: HashMap<QueueAttributeName, String> = wait(async move {
            let answer = get.send().await.expect("attributes");
            answer.attributes().cloned().unwrap_or_default()
        });
        let number = |name| -> u64 { attributes[&name].parse().expect("a number") };
        (
            number(QueueAttributeName::ApproximateNumberOfMessages),
            number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }

    /// All messages that are left, deleted or held by nobody.
    pub(crate) fn left(&self) -> u64 {
        let (free, held) = self.counts();
        free + held
    }
}

/// The words of `ingest --queue`, and more.
pub(crate) fn words<'a>(queue: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let first = [
        "ingest",
        "--queue",
        queue,
        "--endpoint-url",
        &moto().url,
        "--path-style",
    ];
    [&first, more].concat()
}

/// Takes what is in a queue until it is empty.
pub(crate) fn drain(context: &Context, queue: &TestQueue, more: &[&str]) -> Done {
    let words = words(&queue.url, &[&["--until-empty"], more].concat());
    let mut command = context.command(&words);
    command.envs(credentials(OWNER));
    done(command.output().expect("the program runs"))
}

/// A sample log, and the key that it has in a bucket.
pub(crate) fn sample_logs() -> Vec<(String, Vec<u8>)> {
    let root = std::path::Path::new(REPOSITORY).join("sample-logs");
    let mut logs: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(root.join("AWSLogs"))
        .into_iter()
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let key = entry.path().strip_prefix(&root).expect("below it");
            let bytes = std::fs::read(entry.path()).expect("a file");
            (key.to_string_lossy().into_owned(), bytes)
        })
        .collect();
    logs.sort();
    logs
}

/// Puts the sample logs whose keys hold this text; answers their keys.
pub(crate) fn put_samples(bucket: &Bucket, part: &str) -> Vec<String> {
    let logs = sample_logs().into_iter();
    logs.filter(|(key, _)| key.contains(part))
        .map(|(key, bytes)| {
            bucket.put(&key, bytes);
            key
        })
        .collect()
}

/// One record of an S3 event notification.
pub(crate) fn record(bucket: &str, event: &str, encoded_key: &str) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventName": event,
        "s3": {"bucket": {"name": bucket}, "object": {"key": encoded_key, "size": 1, "eTag": "0"}},
    })
}

/// A message of S3 about objects that were put.
pub(crate) fn created(bucket: &Bucket, keys: &[&str]) -> String {
    let records: Vec<Value> = keys
        .iter()
        .map(|key| record(&bucket.name, "ObjectCreated:Put", key))
        .collect();
    json!({ "Records": records }).to_string()
}

/// The events that the store holds, and what the ledger says of objects.
pub(crate) fn figures(context: &Context) -> Vec<Value> {
    context.rows(
        "select (select count(*) from kms_events) as kms, (select count(*) from trail_events) as trail, \
         (select count(distinct event_id) from kms_events) as ids, \
         (select count(*) from log_file_events) as attempts, \
         (select count(distinct location) from log_file_events) as objects",
    )
}
