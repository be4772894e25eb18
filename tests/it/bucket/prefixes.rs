//! Where in a bucket logs are: prefixes that look like the layout, what is beside the logs, and names that are
//! mistyped. Whatever is passed over is said.

use super::{event_ids, ingest, key, log, summary};
use crate::context::Context;
use crate::servers::{both, seaweed};

const DAY: &str = "2026/03/01";

#[test]
fn a_trails_own_prefix_may_look_like_the_layout() {
    for server in both() {
        for prefix in [
            "AWSLogs",
            "audit/AWSLogs/2024",
            "AWSLogs/999988887777",
            "AWSLogs/999988887777/CloudTrail",
            "AWSLogs/999988887777/CloudTrail/eu-west-1",
            "AWSLogs/999988887777/CloudTrail/eu-west-1/2026/03/01",
            "AWSLogs/999988887777/Config",
            "AWSLogs/o-exampleorg",
            "999988887777/CloudTrail-Digest/us-west-2",
        ] {
            let bucket = server.bucket();
            let place = format!("{prefix}/{}", key("111122223333", "eu-west-1", DAY, "one"));
            bucket.put(&place, log("one"));
            // Another trail beside it, without a prefix.
            let beside = key("444455556666", "us-east-1", DAY, "two");
            bucket.put(&beside, log("two"));
            let context = Context::new();
            let done = ingest(&context, &server.url, &[&bucket.url("")]);
            assert_eq!(done.code, 0, "{} {prefix}: {done}", server.name);
            assert_eq!(event_ids(&context), ["one", "two"], "{prefix}: {done}");
            let places = context.rows("select account_id, region from log_files order by 1");
            let places: Vec<_> = places
                .iter()
                .map(|row| (row["account_id"].as_str(), row["region"].as_str()))
                .collect();
            let right = [
                (Some("111122223333"), Some("eu-west-1")),
                (Some("444455556666"), Some("us-east-1")),
            ];
            assert_eq!(places, right, "{prefix}");
        }
    }
}

#[test]
fn where_nothing_is_found_is_no_success() {
    for server in both() {
        let bucket = server.bucket();
        let context = Context::new();
        let done = ingest(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done.code, 2, "{}: {done}", server.name);
        assert!(done.stderr.contains("nothing found"), "{done}");
        // What others wrote is not what was looked for.
        bucket.put("AWSLogs/111122223333/vpcflowlogs/eu-west-1/x.log.gz", "x");
        bucket.put("reports/summary.pdf", "x");
        let done = ingest(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done.code, 2, "{}: {done}", server.name);
        assert!(done.stderr.contains("nothing found"), "{done}");
        assert!(!context.store().exists(), "{done}");
    }
}

#[test]
fn accounts_and_regions_that_no_log_has_are_refused() {
    let server = seaweed();
    let bucket = server.bucket();
    bucket.put(&key("111122223333", "us-east-1", DAY, "one"), log("one"));
    bucket.put(&key("111122223333", "eu-west-1", DAY, "two"), log("two"));
    let context = Context::new();
    for (option, typed, near) in [
        ("--log-region", "us-esat-1", "us-east-1"),
        ("--log-region", "eu-west-2", "eu-west-1"),
        ("--account", "111122223334", "111122223333"),
    ] {
        let done = ingest(&context, &server.url, &[&bucket.url(""), option, typed]);
        assert_eq!(done.code, 2, "{done}");
        assert!(
            done.stderr.contains(typed) && done.stderr.contains(near),
            "{done}"
        );
        assert!(!context.store().exists(), "{done}");
    }
    // One that is there narrows, and says what it leaves out.
    let narrow = [&bucket.url("")[..], "--log-region", "us-east-1"];
    let done = summary(&context, &server.url, &narrow);
    assert_eq!(event_ids(&context), ["one"], "{done}");
    assert_eq!(done["left_out"], 1, "{done}");
    let done = summary(&context, &server.url, &[&bucket.url("")]);
    assert_eq!(event_ids(&context), ["one", "two"], "{done}");
}

#[test]
fn what_others_wrote_beside_flat_logs_is_no_damage() {
    for server in both() {
        let bucket = server.bucket();
        for (name, text) in [
            ("flat/one.json", log("one")),
            (
                "flat/inventory.json",
                r#"{"files":[],"sourceBucket":"b"}"#.to_owned(),
            ),
            (
                "flat/access.log",
                "79a5 b [06/Mar/2026:00:00:38 +0000] 192.0.2.3".to_owned(),
            ),
            (
                "flat/run-3/accounts.json",
                r#"[{"Id":"111122223333"}]"#.to_owned(),
            ),
            ("flat/CloudTrail/run-3/notes.json", r#"{"a":1}"#.to_owned()),
        ] {
            bucket.put(name, text);
        }
        let context = Context::new();
        for run in ["first", "second"] {
            let done = ingest(&context, &server.url, &[&bucket.url("flat/")]);
            assert_eq!(done.code, 0, "{} {run}: {done}", server.name);
        }
        assert_eq!(event_ids(&context), ["one"], "{}", server.name);
        let unread = "select location from log_files where state <> 'ok'";
        assert_eq!(context.rows(unread).len(), 0, "{}", server.name);
    }
}
