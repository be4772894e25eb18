//! A tree in a bucket gives what the same tree on a disk gives.

use serde_json::Value;

use super::{event_ids, ingest, key, log, put_samples, summary};
use crate::context::Context;
use crate::servers::{Action, Proxy, both};

/// What of a summary does not tell where the objects were.
fn figures(summary: &Value) -> Value {
    let mut figures = summary.clone();
    for name in ["run_id", "rejects"] {
        figures.as_object_mut().expect("an object").remove(name);
    }
    figures
}

const EVENTS: &str = "select event_id, content_hash, key_arn, caller from kms_events order by event_id, content_hash";

#[test]
fn a_bucket_gives_what_the_disk_gives() {
    let disk = Context::new();
    let from_disk = disk.run(&["ingest", "sample-logs/AWSLogs", "--json"]);
    let from_disk: Value = serde_json::from_slice(&from_disk.raw.stdout).expect("a summary");
    let events = disk.rows(EVENTS);
    for server in both() {
        let bucket = server.bucket();
        put_samples(&bucket, "trails/all of them/");
        // Objects of other services lie beside the logs.
        bucket.put(
            "trails/all of them/AWSLogs/111122223333/vpcflowlogs/eu-west-1/x.log.gz",
            "no",
        );
        let context = Context::new();
        let first = summary(&context, &server.url, &[&bucket.url("")]);
        let mut expected = figures(&from_disk);
        // A folder of another service is not listed, and counts as one object of it.
        expected["objects_foreign"] = 1.into();
        let folder = "trails/all of them/AWSLogs/111122223333/vpcflowlogs/";
        expected["foreign_example"] = bucket.url(folder).into();
        assert_eq!(figures(&first), expected, "{}", server.name);
        assert_eq!(context.rows(EVENTS), events, "{}", server.name);
        // Digests need what the logs' texts hash to.
        let unhashed = "select location from log_files where sha256 is null and state = 'ok'";
        assert_eq!(context.rows(unhashed).len(), 0, "{}", server.name);
        let again = summary(&context, &server.url, &[&bucket.url("trails"), "--all"]);
        assert_eq!(again["objects_new"], 0, "{}", server.name);
        assert_eq!(
            again["objects_known"], first["objects_seen"],
            "{}",
            server.name
        );
        assert_eq!(again["rows_written"], 0, "{}", server.name);
    }
}

#[test]
fn keys_with_odd_characters_are_read() {
    for server in both() {
        let bucket = server.bucket();
        let names = [
            "plain",
            "with blank",
            "plus+and%2Band%20percent",
            "ünïcödé-日本",
            "quotes'\"and<brackets>&amp;",
            "a=b&c=d;e,f:g@h$i",
            "deep/er/~tilde",
        ];
        for name in names {
            bucket.put(&format!("odd/{name}.json"), log(name));
        }
        let context = Context::new();
        let done = summary(&context, &server.url, &[&bucket.url("odd/")]);
        assert_eq!(done["rejects"], serde_json::json!([]), "{}", server.name);
        let mut expected = names.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(event_ids(&context), expected, "{}", server.name);
        let again = summary(&context, &server.url, &[&bucket.url("odd/")]);
        assert_eq!(again["objects_known"], names.len(), "{}", server.name);
    }
}

#[test]
fn any_folder_and_any_key_can_be_named() {
    for server in both() {
        let bucket = server.bucket();
        let first = key("111122223333", "eu-west-1", "2026/03/01", "first");
        bucket.put(&first, log("first"));
        bucket.put(
            &key("111122223333", "eu-west-1", "2026/03/02", "second"),
            log("second"),
        );
        bucket.put("a log without an ending", log("third"));
        bucket.put("AWSLogsNot/x.json", log("fourth"));
        let of = |address: &str| {
            let context = Context::new();
            let done = ingest(&context, &server.url, &[&bucket.url(address)]);
            (done.code, event_ids(&context).join(" "))
        };
        let found = |ids: &str| (0, ids.to_owned());
        for (address, ids) in [
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/",
                "second",
            ),
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03",
                "first second",
            ),
            ("AWSLogs/111122223333", "first second"),
            ("AWSLogs", "first second"),
            ("a log without an ending", "third"),
            ("", "first fourth second"),
        ] {
            assert_eq!(of(address), found(ids), "{} {address}", server.name);
        }
        assert_eq!(of(&first), found("first"), "{}", server.name);
    }
}

#[test]
fn a_listing_in_another_order_is_the_same_listing() {
    for server in both() {
        let bucket = server.bucket();
        let names: Vec<String> = (0..20).map(|number| format!("e{number:02}")).collect();
        for name in &names {
            bucket.put(
                &key("111122223333", "eu-west-1", "2026/03/01", name),
                log(name),
            );
        }
        let proxy = Proxy::start(&server.url, |request| {
            if request.is_listing() {
                Action::Change(Box::new(reversed))
            } else {
                Action::Pass
            }
        });
        let context = Context::new();
        let done = summary(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done["objects_new"], 20, "{}", server.name);
        assert_eq!(event_ids(&context), names, "{}", server.name);
        // Our own calls are told apart by this name in the logs that they cause.
        let ours = proxy.count(|request| {
            request
                .header("user-agent")
                .is_some_and(|agent| agent.starts_with("keytrail/"))
        });
        assert_eq!(ours, proxy.requests().len());
    }
}

/// A listing with its objects the other way round.
fn reversed(body: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(body).expect("XML");
    let (start, end) = ("<Contents>", "</Contents>");
    let Some((first, last)) = text.find(start).zip(text.rfind(end)) else {
        return text.into_bytes();
    };
    let mut objects: Vec<&str> = text[first..last + end.len()].split_inclusive(end).collect();
    objects.reverse();
    format!(
        "{}{}{}",
        &text[..first],
        objects.concat(),
        &text[last + end.len()..]
    )
    .into_bytes()
}
