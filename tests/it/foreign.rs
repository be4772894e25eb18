//! What other services write next to a trail, and files that are typed by mistake: neither is a damaged log.

use std::fs;

use crate::context::Context;
use crate::decoded::{gzip, kms_event, records};

/// The folder that a trail's logs of a day are in.
const LOGS: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/01";
const LOG: &str = "111122223333_CloudTrail_us-east-1_20260301T1205Z_AAAAAAAAAAAAAAAA.json.gz";
const UNREAD: &str =
    "select location from log_files where state in ('rejected', 'damaged', 'unreadable')";

fn put(context: &Context, name: &str, bytes: &[u8]) {
    let path = context.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn put_log(context: &Context, id: &str) {
    let log = gzip(records(&[kms_event(id)]).as_bytes());
    put(context, &format!("in/{LOGS}/{LOG}"), &log);
}

fn count(context: &Context, statement: &str) -> usize {
    context.rows(statement).len()
}

#[test]
fn objects_of_other_services_are_no_damaged_logs() {
    let context = Context::new();
    put_log(&context, "a");
    let others: [(&str, &[u8]); 7] = [
        (
            "AWSLogs/111122223333/Config/us-east-1/2026/3/1/ConfigHistory/x.json.gz",
            br#"{"configurationItems":[]}"#,
        ),
        (
            "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile",
            b"",
        ),
        (
            "AWSLogs/111122223333/WAFLogs/us-east-1/acl/2026/03/01/x.log.gz",
            br#"{"webaclId":"a"}"#,
        ),
        (
            "AWSLogs/111122223333/GuardDuty/us-east-1/x.jsonl.gz",
            br#"{"schemaVersion":"2.0"}"#,
        ),
        (
            "access/2026-03-01-10-00-00-ABCDEF.json",
            br#"{"bucket":"b","key":"k"}"#,
        ),
        (
            "route53/vpcdnsquerylogs.json",
            br#"{"version":"1.1","query_name":"kms.amazonaws.com."}"#,
        ),
        (
            "lake/result_sign.json",
            br#"{"files":[],"hashSignature":"00"}"#,
        ),
    ];
    for (name, text) in others {
        let bytes = if name.ends_with(".gz") {
            gzip(text)
        } else {
            text.to_vec()
        };
        put(&context, &format!("in/{name}"), &bytes);
    }
    for run in ["first", "second"] {
        let said = context.run(&["ingest", "in"]);
        assert_eq!(said.code, 0, "{run}: {said}");
        assert_eq!(count(&context, UNREAD), 0, "{run}");
        assert_eq!(
            count(&context, "select event_id from kms_events"),
            1,
            "{run}"
        );
    }
    let said = context.run(&["report", "who-used", "--key", "a"]);
    assert!(!said.stderr.contains("could not be read"), "{said}");
}

#[test]
fn a_torn_log_of_cloudtrail_is_damage_under_any_name() {
    let log = records(&[kms_event("a"), kms_event("b")]);
    let torn = &log.as_bytes()[..log.len() - 30];
    for name in [format!("{LOGS}/{LOG}"), "copies/march.json".to_owned()] {
        let context = Context::new();
        let bytes = if name.ends_with(".gz") {
            gzip(torn)
        } else {
            torn.to_vec()
        };
        put(&context, &format!("in/{name}"), &bytes);
        let said = context.run(&["ingest", "in"]);
        assert_eq!(said.code, 2, "{name}: {said}");
        assert_eq!(count(&context, UNREAD), 1, "{name}");
        // What belongs to CloudTrail is not forgotten.
        let place = format!("in/{name}");
        let said = context.run(&["forget", &place]);
        assert_eq!(said.code, 2, "{name}: {said}");
        assert_eq!(count(&context, UNREAD), 1, "{name}");
    }
}

#[test]
fn what_is_typed_by_mistake_leaves_nothing_in_the_store() {
    let context = Context::new();
    put_log(&context, "a");
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    put(
        &context,
        "accounts.csv",
        b"id,name,owner\n111122223333,prod,anna\n",
    );
    put(&context, "folder/notes.json", br#"{"a":1}"#);
    for typed in [
        "accounts.csv",
        "acounts.csv",
        "folder",
        "https://example.com/logs/x.json.gz",
        "arn:aws:s3:::example-logs",
    ] {
        let said = context.run(&["ingest", typed]);
        assert_eq!(said.code, 2, "{said}");
        assert!(said.stderr.contains(typed), "{said}");
        assert_eq!(count(&context, UNREAD), 0, "{typed}");
    }
}

#[test]
fn a_run_that_finds_nothing_is_no_success() {
    let context = Context::new();
    fs::create_dir(context.path().join("none")).expect("a folder");
    let said = context.run(&["ingest", "none"]);
    assert_eq!(said.code, 2, "{said}");
    assert!(said.stderr.contains("nothing found"), "{said}");
    assert!(!context.store().exists(), "{said}");
}

#[test]
fn the_last_folder_of_logs_says_whose_they_are() {
    for prefix in [
        "AWSLogs/audit",
        "AWSLogs/999988887777/CloudTrail/eu-west-1",
        "AWSLogs/o-exampleorg/AWSLogs",
        "CloudTrail-Digest/2020",
        "us-west-2/AWSLogs/444455556666/cloudtrail",
    ] {
        let context = Context::new();
        let log = gzip(records(&[kms_event("a")]).as_bytes());
        put(&context, &format!("in/{prefix}/{LOGS}/{LOG}"), &log);
        let said = context.run(&["ingest", "in"]);
        assert_eq!(said.code, 0, "{prefix}: {said}");
        let places = context.rows("select account_id, region, kind from log_files");
        assert_eq!(places.len(), 1, "{prefix}");
        assert_eq!(places[0]["account_id"], "111122223333", "{prefix}");
        assert_eq!(places[0]["region"], "us-east-1", "{prefix}");
        assert_eq!(places[0]["kind"], "log", "{prefix}");
    }
}
