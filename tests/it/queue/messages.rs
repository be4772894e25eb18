//! Which messages are taken, and which are left.

use std::process::Command;

use serde_json::json;

use super::{TestQueue, created, drain, figures, put_samples, record, sample_logs};
use crate::context::Context;
use crate::servers::{OWNER, REGION, credentials, moto, server_python};

/// The notifications that S3 itself sends, of keys with everything in them.
#[test]
fn what_s3_tells_of_is_ingested() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    notify(&bucket.name, &queue.arn());
    let keys = put_samples(&bucket, "/2026/03/03/");
    let odd = "AWSLogs/a folder/100%+ü & more=yes.json";
    bucket.put(odd, r#"{"Records":[]}"#);
    // The notification of a test comes first.
    assert!(
        queue.left() > keys.len() as u64,
        "moto tells of each object"
    );

    let first = drain(&context, &queue, &[]);
    assert_eq!(queue.left(), 0, "{first:?}");
    let objects = context.rows("select location from log_files order by location");
    let mut expected: Vec<String> = keys.iter().map(|key| bucket.url(key)).collect();
    expected.push(bucket.url(odd));
    expected.sort();
    let found: Vec<&str> = objects
        .iter()
        .filter_map(|row| row["location"].as_str())
        .collect();
    assert_eq!(found, expected);
    // The same objects from the disk.
    let disk = Context::new();
    let logs: Vec<String> = keys
        .iter()
        .map(|key| format!("sample-logs/{key}"))
        .collect();
    let words: Vec<&str> = ["ingest"]
        .into_iter()
        .chain(logs.iter().map(String::as_str))
        .collect();
    disk.run(&words);
    let events = "select event_id, content_hash from kms_events order by event_id, content_hash";
    assert_eq!(context.rows(events), disk.rows(events));

    let again = drain(&context, &queue, &[]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again:?}");
}

/// What is not CloudTrail's, by name or by content, is no damage, and its message is done with.
#[test]
fn objects_that_are_no_logs_are_foreign() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let log = "flat/one.json";
    let by_content = "flat/inventory.json";
    let by_name = "AWSLogs/111122223333/Config/us-east-1/2026/3/1/ConfigHistory/x.json.gz";
    let torn = "flat/torn.json";
    bucket.put(log, crate::bucket::log("one"));
    bucket.put(by_content, r#"{"files":[],"sourceBucket":"b"}"#);
    bucket.put(by_name, "x");
    let whole = crate::bucket::log("two");
    bucket.put(torn, &whole.as_bytes()[..whole.len() - 20]);
    queue.send(&created(&bucket, &[log, by_content, by_name]));
    let done = drain(&context, &queue, &[]);
    assert_eq!((done.code, queue.left()), (0, 0), "{done:?}");
    let unread = "select location from log_files where state <> 'ok'";
    assert_eq!(context.rows(unread).len(), 0, "{done:?}");
    // One that was cut is a damaged log, whatever it is called.
    queue.send(&created(&bucket, &[torn]));
    let done = drain(&context, &queue, &[]);
    assert_eq!((done.code, queue.left()), (2, 0), "{done:?}");
    assert_eq!(context.rows(unread).len(), 1, "{done:?}");
    assert_eq!(context.rows("select event_id from kms_events").len(), 1);
}

/// Tells moto's S3 to send notifications to a queue.
fn notify(bucket: &str, queue_arn: &str) {
    python(
        "import boto3, sys\n\
         s3 = boto3.client('s3', endpoint_url=sys.argv[1])\n\
         s3.put_bucket_notification_configuration(Bucket=sys.argv[2], NotificationConfiguration={\n\
           'QueueConfigurations': [{'QueueArn': sys.argv[3], 'Events': ['s3:ObjectCreated:*']}]})\n",
        &[bucket, queue_arn],
    );
}

fn python(script: &str, arguments: &[&str]) {
    let output = Command::new(server_python())
        .args(["-c", script, &moto().url])
        .args(arguments)
        .envs(credentials(OWNER))
        .env("AWS_DEFAULT_REGION", REGION)
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_comes_through_sns_and_event_bridge_is_ingested() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "/2026/03/04/");
    let [first, second, third, rest @ ..] = keys.as_slice() else {
        panic!("the samples have more than two logs of that day")
    };
    python(
        "import boto3, sys\n\
         sns = boto3.client('sns', endpoint_url=sys.argv[1])\n\
         topic = sns.create_topic(Name='logs')['TopicArn']\n\
         sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=sys.argv[2])\n\
         for message in sys.argv[3:]: sns.publish(TopicArn=topic, Message=message)\n",
        &[
            &queue.arn(),
            &created(&bucket, &[first]),
            &json!({"s3Bucket": bucket.name, "s3ObjectKey": [second]}).to_string(),
        ],
    );
    queue.send(
        &json!({
            "version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3", "region": REGION,
            "detail": {"bucket": {"name": bucket.name}, "object": {"key": third, "size": 1, "etag": "0"}},
        })
        .to_string(),
    );
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    queue.send(&created(&bucket, &rest));
    let done = drain(&context, &queue, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(queue.left(), 0);
    let objects = context.rows("select count(*) as objects from log_files where state = 'ok'");
    assert_eq!(objects[0]["objects"], keys.len());
}

#[test]
fn what_cannot_be_used_is_told_and_left() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let other = moto().bucket();
    let keys = put_samples(&bucket, "/2026/03/05/");
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    put_samples(&other, "/2026/03/06/");
    queue.send("not JSON");
    queue.send(r#"{"hello": "world"}"#);
    queue.send(&created(&other, &["AWSLogs/x.json.gz"]));
    queue.send(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string());
    queue.send(
        &json!({"Records": [record(&bucket.name, "ObjectRemoved:Delete", "gone")]}).to_string(),
    );
    queue.send(&created(
        &bucket,
        &["AWSLogs/111122223333/vpcflowlogs/x.log.gz", "picture.png"],
    ));
    queue.send(&created(&bucket, &keys));
    let done = drain(&context, &queue, &["--bucket", &bucket.name]);
    assert_eq!(done.code, 2, "{done:?}");
    assert_eq!(queue.left(), 3, "{done:?}");
    for says in [
        "is left in the queue: it is not JSON",
        "notification of CloudTrail: it has hello",
        &format!(
            "it is about the bucket `{}`, and only {} is taken",
            other.name, bucket.name
        ),
        "note[skipped]: 2 objects skipped",
    ] {
        assert!(done.stderr.contains(says), "{says}: {done:?}");
    }
    let objects = context.rows("select count(*) as objects from log_files");
    assert_eq!(objects[0]["objects"], keys.len());
}

#[test]
fn a_message_that_comes_again_changes_nothing() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "/2026/03/02/");
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for _time in 0..3 {
        queue.send(&created(&bucket, &keys));
    }
    assert_eq!(drain(&context, &queue, &["--batch-objects", "1"]).code, 0);
    let once = figures(&context);
    queue.send(&created(&bucket, &keys));
    let again = drain(&context, &queue, &["--json"]);
    assert_eq!(again.code, 0, "{again:?}");
    let summary: serde_json::Value = serde_json::from_str(&again.stdout).expect("a line of JSON");
    assert_eq!(summary["objects_known"], keys.len());
    assert_eq!(summary["rows_written"], 0);
    assert_eq!(figures(&context), once);
    assert_eq!(once[0]["attempts"], keys.len());
    assert_eq!(queue.left(), 0);
}

#[test]
fn an_object_that_cannot_be_read_keeps_its_message() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let (key, bytes) = sample_logs().swap_remove(0);
    queue.send(&created(&bucket, &[&key]));
    let first = drain(&context, &queue, &[]);
    assert_eq!((first.code, queue.left()), (2, 1), "{first:?}");
    let told = context.rows("select state, message from log_files");
    assert_eq!(told[0]["state"], "unreadable", "{told:?}");
    assert!(first.stderr.contains("unreadable"), "{first:?}");
    // It comes, and the message comes again.
    bucket.put(&key, bytes);
    queue.send(&created(&bucket, &[&key]));
    let second = drain(&context, &queue, &[]);
    assert_eq!(second.code, 0, "{second:?}");
    let told = context.rows("select state, attempt from log_files");
    assert_eq!(
        (&told[0]["state"], &told[0]["attempt"]),
        (&json!("ok"), &json!(2))
    );
}

/// Trying again would not make it whole; the ledger knows.
#[test]
fn an_object_that_is_damaged_does_not_keep_its_message() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "BrokenCutMidJson");
    queue.send(&created(&bucket, &[&keys[0]]));
    let done = drain(&context, &queue, &[]);
    assert_eq!((done.code, queue.left()), (2, 0), "{done:?}");
    assert!(
        done.stderr.contains("damaged: the JSON ends in the middle"),
        "{done:?}"
    );
}
