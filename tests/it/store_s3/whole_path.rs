//! Everything that is done with a store, in a bucket and on a disk beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::Lake;
use crate::context::Context;
use crate::servers::{Action, Proxy, both, seaweed};

const KEY: &str = "8b402961-4718-43ca-8f94-e4fd57328e34";

#[test]
fn a_store_in_a_bucket_answers_as_one_on_a_disk() {
    let context = Context::new();
    let ingest = ["ingest", "sample-logs/AWSLogs"];
    let on_disk = context.run(&ingest);
    context.run(&ingest);
    for server in both() {
        let bucket = server.bucket();
        let lake = Lake::new(&context, bucket.url("a folder/store"), &server.url);
        let first = lake.run(&ingest);
        // The broken file is planted.
        assert_eq!(first.code, 2, "{}: {first:?}", server.name);
        assert_eq!(context.filtered(first.stdout.as_bytes()), on_disk.stdout);
        let again = lake.run(&ingest);
        assert_eq!(again.code, 0, "{}: {again:?}", server.name);
        assert!(
            again.stdout.contains("objects new                      0"),
            "{again:?}"
        );
        for words in [
            &[
                "sql",
                "select event_id, key_arn, caller, outcome from kms_events order by event_id, key_arn, content_hash",
            ][..],
            &[
                "sql",
                "select location, attempt, state, records, kms_records, message from log_files order by location",
            ],
            &[
                "sql",
                "select event_date, key, caller, event_name, outcome, count from usage_daily order by event_date, key, caller, event_name, outcome, count",
                "--format",
                "csv",
            ],
            &["report", "who-used", "--key", KEY],
            &["report", "unused-keys", "--days", "7", "--format", "csv"],
            &["report", "throttled-callers", "--format", "json"],
            &["report", "top-callers", "--explain"],
            &["compact"],
            &["vacuum", "--keep-hours", "1", "--force"],
            &["report", "who-used", "--key", KEY, "--format", "csv"],
            &["retain", "--events", "30y", "--hold", KEY],
            &["retain", "--events", "1d", "--hold", KEY],
            &[
                "sql",
                "select count(*) as events, count(distinct key_arn) as keys from kms_events",
            ],
            &["report", "unused-keys", "--days", "7", "--format", "csv"],
        ] {
            // The disk's store is made anew for each server.
            let disk = context.run(words);
            let done = lake.run(words);
            assert_eq!(disk.code, 0, "{disk}");
            assert_eq!(done.code, disk.code, "{} {words:?}: {done:?}", server.name);
            assert_eq!(
                context.filtered(done.stdout.as_bytes()),
                disk.stdout,
                "{} {words:?}",
                server.name
            );
        }
        let status = lake.run(&["status"]);
        assert!(
            status
                .stdout
                .starts_with(&format!("store   {}\n", lake.store)),
            "{status:?}"
        );
        let export = lake.run(&["export", "key_resources", "--to", "resources.csv"]);
        assert_eq!(export.code, 0, "{export:?}");
        context.run(&["export", "key_resources", "--to", "expected.csv"]);
        let read = |name: &str| {
            let text = fs::read_to_string(context.path().join(name)).expect("a file");
            // A table has no order.
            text.lines().map(str::to_owned).collect::<BTreeSet<_>>()
        };
        assert_eq!(read("resources.csv"), read("expected.csv"));
        for name in ["resources.csv", "expected.csv"] {
            fs::remove_file(context.path().join(name)).expect("it is there");
        }
        fs::remove_dir_all(context.store()).expect("it is there");
        context.run(&ingest);
        context.run(&ingest);
    }
}

#[test]
fn the_demo_may_be_kept_in_a_bucket() {
    let context = Context::new();
    let bucket = seaweed().bucket();
    let lake = Lake::new(&context, bucket.url(""), &bucket.server.url);
    let demo = lake.run(&["demo"]);
    assert_eq!(demo.code, 0, "{demo:?}");
    let event = lake.rows("select min(event_id) as id from kms_events");
    let event = lake.run(&["event", event[0]["id"].as_str().expect("an id")]);
    assert_eq!(event.code, 0, "{event:?}");
    assert!(event.stdout.contains("\"eventSource\""), "{event:?}");
}

/// Each request costs a round trip, and a store has twenty tables, which settling reads once more.
#[test]
fn a_bucket_is_asked_once_for_what_never_changes() {
    let context = Context::new();
    let bucket = seaweed().bucket();
    let proxy = Proxy::start(&bucket.server.url, |_request| Action::Pass);
    let lake = Lake::new(&context, bucket.url("store"), &proxy.url);
    assert_eq!(lake.run(&["ingest", "sample-logs/AWSLogs"]).code, 2);
    // What status tells of coverage reads most of the tables.
    for (words, requests_max) in [
        (&["ingest", "sample-logs/AWSLogs"][..], 150),
        (&["sql", "select 1"], 90),
        (&["status"], 300),
    ] {
        let before = proxy.requests().len();
        assert_eq!(lake.run(words).code, 0);
        let requests = proxy.requests().split_off(before);
        let mut reads: BTreeMap<&str, u32> = BTreeMap::new();
        for request in &requests {
            if request.target.contains("_delta_log/0000") && request.is_read() {
                *reads.entry(&request.target).or_default() += 1;
            }
        }
        reads.retain(|_target, count| *count > 1);
        assert!(reads.is_empty(), "{words:?}: {reads:?}");
        assert!(
            requests.len() <= requests_max,
            "{words:?}: {} requests",
            requests.len()
        );
        for request in &requests {
            let agent = request.header("user-agent").unwrap_or_default();
            assert!(agent.contains("keytrail/"), "{agent}: {}", request.target);
        }
    }
}
