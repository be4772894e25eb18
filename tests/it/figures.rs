//! The most important figures of views and reports, computed by DuckDB from the store's Parquet files with
//! statements of its own (`figures.py`): they are equal to ours.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::context::{Context, REPOSITORY};
use crate::engines::PINS;
use crate::python::python;

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";
const KEY_1: &str = "arn:aws:kms:us-east-1:111122223333:key/e0000000-0000-4000-8000-000000000001";
const KEY_2: &str = "arn:aws:kms:us-east-1:111122223333:key/e0000000-0000-4000-8000-000000000002";

#[test]
fn duckdb_finds_the_same_figures() {
    let context = Context::with_samples();
    let log = json!({"Records": planted()});
    fs::write(context.path().join("planted.json"), log.to_string()).expect("a file");
    let ingest = context.run(&["ingest", "planted.json"]);
    assert_eq!(ingest.code, 0, "{ingest}");

    let output = Command::new(python("engines", &PINS))
        .arg(format!("{REPOSITORY}/tests/it/figures.py"))
        .arg(context.store())
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&output.stdout).expect("JSON");

    let mut ours: BTreeMap<String, Vec<Value>> = STATEMENTS
        .iter()
        .map(|(name, statement)| ((*name).to_owned(), context.rows(statement)))
        .collect();
    ours.insert("throttled_seconds".to_owned(), throttled_seconds(&context));
    ours.insert("unused_keys".to_owned(), unused_keys(&context));
    ours.insert(
        "callers_seen_first".to_owned(),
        callers_seen_first(&context),
    );
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        ours.keys().collect::<Vec<_>>()
    );
    for (name, rows) in &ours {
        assert!(!rows.is_empty(), "{name} is empty, and proves nothing");
        let (ours, theirs) = (sorted(rows), sorted(&found[name]));
        let lacking: Vec<_> = theirs.iter().filter(|row| !ours.contains(row)).collect();
        let surplus: Vec<_> = ours.iter().filter(|row| !theirs.contains(row)).collect();
        assert_eq!(
            ours, theirs,
            "{name}: lacking {lacking:?}, surplus {surplus:?}"
        );
    }
}

fn sorted(rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

/// The figures that a view tells.
const STATEMENTS: [(&str, &str); 9] = [
    (
        "uses_per_key",
        "select key_arn as key, count(*) as n from key_uses
         where kind = 'use' and outcome = 'success' and not is_dry_run and key_arn is not null group by key_arn",
    ),
    (
        "callers_per_key",
        "select key_arn as key, caller, count(*) as n from key_uses
         where kind = 'use' and outcome = 'success' and not is_dry_run and key_arn is not null group by key_arn, caller",
    ),
    (
        "cross_account_once",
        "select key_arn as key, caller, count(*) as n from key_uses
         where kind = 'use' and outcome = 'success' and not is_dry_run and content_hash in (
           select content_hash from kms_events where shared_event_id in (
             select shared_event_id from kms_events group by shared_event_id having count(distinct recipient_account_id) > 1
           )
         )
         group by key_arn, caller",
    ),
    (
        "corrections_applied",
        "select distinct kms_events.original_event_id as original, kms_events.event_id as stands
         from kms_events join key_uses on key_uses.content_hash = kms_events.content_hash
         where kms_events.original_event_id is not null",
    ),
    (
        "alias_resolved",
        "select event_id as id, key_arn as key from key_uses where resolution in ('alias', 'alias_unproven')",
    ),
    (
        "resources_per_key",
        "select key, resource, cast(sum(count) as bigint) as n from key_resources group by key, resource",
    ),
    (
        "denied_by_kind",
        "select coalesce(denied_by, 'not told') as kind, event_name as operation, count(*) as n from key_uses
         where outcome = 'denied' and not is_dry_run and key_role <> 'destination' group by denied_by, event_name",
    ),
    (
        "open_grants",
        "select grant_id as id, created_by as maker from grants
         where created_time is not null and ended_time is null and key_deleted_time is null",
    ),
    (
        "first_and_last_use",
        "select key_arn as key, to_char(min(event_time), '%Y-%m-%dT%H:%M:%SZ') as first,
           to_char(max(event_time), '%Y-%m-%dT%H:%M:%SZ') as last
         from key_uses
         where kind = 'use' and outcome = 'success' and not is_dry_run and key_arn is not null group by key_arn",
    ),
];

/// By second, account and caller, over the report's rows for each operation and key.
fn throttled_seconds(context: &Context) -> Vec<Value> {
    let mut seconds: BTreeMap<(String, String, String), (i64, i64)> = BTreeMap::new();
    for row in context.json(&["report", "throttled-callers", "--format", "json"]) {
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let number = |name: &str| row[name].as_i64().expect("a number");
        let second = seconds
            .entry((text("event_time"), text("account"), text("caller")))
            .or_default();
        second.0 += number("throttled");
        second.1 = number("calls_in_second");
    }
    seconds
        .into_iter()
        .map(|((time, account, caller), (throttled, calls))| {
            json!({"time": time, "account": account, "caller": caller, "throttled": throttled, "calls": calls})
        })
        .collect()
}

fn unused_keys(context: &Context) -> Vec<Value> {
    let words = [
        "report",
        "unused-keys",
        "--since",
        "2026-03-04",
        "--until",
        "2026-03-11",
        "--format",
        "json",
    ];
    let rows = context.json(&words);
    rows.iter()
        .map(|row| json!({"key": row["key_arn"]}))
        .collect()
}

fn callers_seen_first(context: &Context) -> Vec<Value> {
    let words = [
        "report",
        "first-seen",
        "--since",
        "2026-03-06",
        "--until",
        "2026-03-11",
        "--format",
        "json",
    ];
    let rows = context.json(&words);
    rows.iter()
        .filter(|row| row["kind"] == "caller")
        .map(|row| json!({"name": row["name"], "first": row["first_time"]}))
        .collect()
}

/// What the sample logs have too few of: a log of their days with an alias that moves, keys that only the
/// request names, cross-account calls, corrections of corrections, and grants.
fn planted() -> Vec<Value> {
    let mut records = vec![
        alias("05T01:00:00Z", "CreateAlias", Some(KEY_1)),
        typed("05T01:10:00Z", "alias/moves", None),
        alias("05T02:00:00Z", "UpdateAlias", Some(KEY_2)),
        typed(
            "05T02:10:00Z",
            "arn:aws:kms:us-east-1:111122223333:alias/moves",
            None,
        ),
        alias("05T03:00:00Z", "DeleteAlias", Some(KEY_2)),
        typed("05T03:10:00Z", "alias/moves", None),
        // Older than the first that the logs tell of it.
        typed("05T04:00:00Z", "alias/older", None),
        typed("05T05:00:00Z", "alias/older", Some(KEY_1)),
        typed("05T06:00:00Z", "e0000000-0000-4000-8000-000000000001", None),
        grant("06T01:00:00Z", "CreateGrant", "grant-open"),
        grant("06T02:00:00Z", "CreateGrant", "grant-revoked"),
        grant("06T03:00:00Z", "RevokeGrant", "grant-revoked"),
    ];
    // One operation in two logs, a success and a throttled one.
    for (shared, error) in [
        ("shared-1", Value::Null),
        ("shared-2", json!("ThrottlingException")),
    ] {
        for recipient in [OWNER, OTHER] {
            let mut record = call("07T01:00:00Z", "Decrypt", Some(KEY_2));
            record["sharedEventID"] = json!(shared);
            record["errorCode"] = error.clone();
            record["recipientAccountId"] = json!(recipient);
            record["userIdentity"] = if recipient == OWNER {
                json!({"type": "AWSAccount", "principalId": "AROAV:v", "accountId": OTHER})
            } else {
                json!({"type": "IAMUser", "accountId": OTHER, "arn": format!("arn:aws:iam::{OTHER}:user/visitor")})
            };
            records.push(record);
        }
    }
    // One record, corrected twice.
    records.push(named("08T01:00:00Z", "corrected", "original"));
    for id in ["correction-1", "correction-2"] {
        let mut record = named("08T01:00:00Z", id, id);
        record["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "corrected"});
        records.push(record);
    }
    let mut move_of_data = call("08T02:00:00Z", "ReEncrypt", Some(KEY_1));
    move_of_data["resources"] = json!([{"ARN": KEY_1}, {"ARN": KEY_2}]);
    move_of_data["requestParameters"] = json!({
        "sourceEncryptionContext": {"aws:ebs:id": "vol-1"}, "destinationEncryptionContext": {"aws:ebs:id": "vol-2"},
    });
    records.push(move_of_data);
    let mut probe = call("08T03:00:00Z", "Decrypt", Some(KEY_2));
    probe["errorCode"] = json!("DryRunOperationException");
    probe["requestParameters"] = json!({"dryRun": true});
    records.push(probe);
    for (index, record) in records.iter_mut().enumerate() {
        if record["eventID"].is_null() {
            record["eventID"] = json!(format!("planted-{index}"));
        }
    }
    records
}

/// A successful call of the day and time in March 2026.
fn call(time: &str, name: &str, key: Option<&str>) -> Value {
    let resources =
        key.map(|key| json!([{"ARN": key, "type": "AWS::KMS::Key", "accountId": OWNER}]));
    json!({
        "eventVersion": "1.11", "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "eventTime": format!("2026-03-{time}"), "recipientAccountId": OWNER, "eventType": "AwsApiCall",
        "sourceIPAddress": "198.51.100.7", "resources": resources,
        "userIdentity": {"type": "IAMUser", "accountId": OWNER, "arn": format!("arn:aws:iam::{OWNER}:user/planter")},
    })
}

fn typed(time: &str, name: &str, key: Option<&str>) -> Value {
    let mut record = call(time, "Encrypt", key);
    record["requestParameters"] = json!({"keyId": name});
    record
}

fn alias(time: &str, name: &str, key: Option<&str>) -> Value {
    let mut record = call(time, name, key);
    record["requestParameters"] = json!({"aliasName": "alias/moves"});
    record
}

fn grant(time: &str, name: &str, id: &str) -> Value {
    let mut record = call(time, name, Some(KEY_1));
    if name == "CreateGrant" {
        record["responseElements"] = json!({"grantId": id});
    } else {
        record["requestParameters"] = json!({"grantId": id});
    }
    record
}

fn named(time: &str, id: &str, user: &str) -> Value {
    let mut record = call(time, "Sign", Some(KEY_1));
    record["eventID"] = json!(id);
    record["userIdentity"]["arn"] = json!(format!("arn:aws:iam::{OWNER}:user/{user}"));
    record
}
