//! What other services write next to a trail, and files that are typed by mistake: neither is a damaged log.

use std::fs;

use keytrail::schema::LOG_FILE_EVENTS;
use keytrail::store::{Place, Store, rows};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::context::Context;
use crate::decoded::{gzip, kms_event, records};
use crate::servers::wait;

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

/// Enters files into the ledger as the first decoder did, to which everything was a log.
fn reject_as_before(context: &Context, names: &[&str]) {
    let root = fs::canonicalize(context.path()).expect("a directory");
    let location = |name: &str| {
        let location = url::Url::from_file_path(root.join(name));
        location.expect("an absolute path").to_string()
    };
    let rejected = rows(&LOG_FILE_EVENTS, names, |name, column| match column {
        "object_id" => {
            let id = sha2::Sha256::digest(location(name));
            json!(
                id[..8]
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            )
        }
        "location" => json!(location(name)),
        "state" => json!("rejected"),
        "kind" => json!("unknown"),
        "reason" => json!("malformed"),
        "message" => json!("the JSON is damaged at byte 0"),
        "attempt" | "decoder_version" | "trail_list_version" => json!(1),
        "run_id" | "batch_id" => json!("before"),
        "size_bytes" | "json_bytes" | "records" | "kms_records" | "trail_records"
        | "not_wanted" | "rejected" | "expired" | "duplicates" | "written" | "recorded_at" => {
            json!(0)
        }
        _ => Value::Null,
    });
    let place = Place::directory(&context.store()).expect("a place");
    wait(async move {
        let store = Box::pin(Store::open(place)).await.expect("a store");
        let rejected = rejected.expect("rows");
        let append = store.append_rows(&LOG_FILE_EVENTS, &rejected, "before", 0);
        append.await.expect("a commit");
    });
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
    assert!(!said.stderr.contains("note[unread]"), "{said}");
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

/// A log that was cut before its first record ended, under a name that says nothing.
#[test]
fn what_begins_like_a_log_is_not_forgotten() {
    let log = records(&[kms_event("a")]);
    for (cut, is_packed) in [(60, false), (log.len() / 2, false), (log.len() / 2, true)] {
        let context = Context::new();
        let torn = &log.as_bytes()[..cut];
        let bytes = if is_packed { gzip(torn) } else { torn.to_vec() };
        let name = if is_packed {
            "copy.json.gz"
        } else {
            "copy.json"
        };
        put(&context, name, &bytes);
        assert_eq!(context.run(&["ingest", name]).code, 2, "{cut}");
        let said = context.run(&["forget", name]);
        assert_eq!(said.code, 2, "{cut}: {said}");
        assert!(said.stderr.contains("begins like a log"), "{cut}: {said}");
        assert_eq!(count(&context, UNREAD), 1, "{cut}");
    }
}

/// A log may begin with anything; what names it may come late.
#[test]
fn a_torn_log_is_damage_wherever_its_record_begins() {
    let context = Context::new();
    let record = records(&[kms_event("a")]);
    let torn = format!(
        r#"{{"owner":"{}",{}"#,
        "x".repeat(9000),
        &record[1..record.len() - 40]
    );
    put(&context, "in/copy.json", torn.as_bytes());
    put(&context, "in/empty.json", b"");
    assert_eq!(context.run(&["ingest", "in"]).code, 2);
    assert_eq!(count(&context, UNREAD), 1);
    // What is not CloudTrail's is counted, with one of it by name.
    let said = context.run(&["status"]);
    assert!(
        said.stdout.contains("not CloudTrail's: 1, such as file://"),
        "{said}"
    );
    assert!(said.stdout.contains("in/empty.json"), "{said}");
}

/// What an earlier keytrail held for damaged, as it recorded it.
#[test]
fn what_an_earlier_version_called_damaged_is_forgotten_and_read_again_when_it_is_a_log() {
    let context = Context::new();
    put_log(&context, "a");
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let names = ["accounts.csv", "notes/a.json", "notes/b.json", "later.json"];
    reject_as_before(&context, &names);
    assert_eq!(count(&context, UNREAD), 4);
    let said = context.run(&["report", "unused-keys"]);
    assert!(said.stderr.contains("note[unread]: 4 "), "{said}");
    let said = context.run(&["forget", "acounts.csv"]);
    assert_eq!(said.code, 2, "{said}");
    assert!(said.stderr.contains("accounts.csv"), "{said}");
    assert_eq!(count(&context, UNREAD), 4);
    for (asked, left) in [("accounts.csv", 3), ("notes/", 1), ("later.json", 0)] {
        let said = context.run(&["forget", asked]);
        assert_eq!(said.code, 0, "{said}");
        assert_eq!(count(&context, UNREAD), left, "{said}");
    }
    let said = context.run(&["report", "unused-keys"]);
    assert!(!said.stderr.contains("note[unread]"), "{said}");
    // A name that is a log by now is read as any other.
    put(
        &context,
        "later.json",
        records(&[kms_event("b")]).as_bytes(),
    );
    assert_eq!(context.run(&["ingest", "later.json"]).code, 0);
    assert_eq!(count(&context, "select event_id from kms_events"), 2);
    // What was read is not forgotten.
    for asked in ["later.json", "accounts.csv"] {
        assert_eq!(context.run(&["forget", asked]).code, 2, "{asked}");
    }
    assert_eq!(count(&context, "select event_id from kms_events"), 2);
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
