//! The logs of a real account (Invictus IR, a simulated attack), against the figures that were counted by
//! hand when they were collected. The data lies outside the checkout, where `KEYTRAIL_TEST_DATA` says.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::answers::tally;
use crate::context::Context;

#[test]
fn events_by_everything() {
    let Some((context, expected)) = ingested() else {
        return;
    };
    let tallies = [
        ("by_eventName_unique", "event_name"),
        ("by_eventName_raw", "event_name"),
        ("by_day_unique", "cast(event_date as varchar)"),
        ("by_day_raw", "cast(event_date as varchar)"),
        ("by_principal_unique", "caller"),
        ("by_first_resource_unique", "key_arn"),
        ("by_invokedBy_unique", "invoked_by"),
        (
            "by_keyId_as_requested_unique",
            "coalesce(key_as_typed, 'None')",
        ),
    ];
    for (figure, column) in tallies {
        let statement =
            format!("select {column} as name, count(*) as n from kms_events group by 1");
        assert_eq!(tally(&context, &statement), expected[figure], "{figure}");
    }
}

#[test]
fn counts_and_times() {
    let Some((context, expected)) = ingested() else {
        return;
    };
    let rows = context.rows(
        "select count(*) as kms_unique,
           (select count(*) from log_files where kms_records > 0) as kms_files,
           (select cast(sum(records) as bigint) from log_files) as events_unique,
           count(distinct encryption_context) as distinct_encryption_contexts_unique,
           count(distinct access_key_id) as \"distinct_accessKeyIds_unique\",
           to_char(min(event_time), '%Y-%m-%dT%H:%M:%SZ') as \"min_eventTime\",
           to_char(max(event_time), '%Y-%m-%dT%H:%M:%SZ') as \"max_eventTime\",
           count(*) filter (where resources like '%},{%' or destination_key_arn is not null) as two_resources_unique,
           count(*) filter (where key_source is distinct from 'resources') as no_resources_unique,
           count(shared_event_id) as \"with_sharedEventID_unique\",
           count(*) filter (where request is null) as \"null_requestParameters_unique\",
           count(*) filter (where service = 's3.amazonaws.com') as s3_sse_kms
         from kms_events",
    );
    for (figure, found) in rows[0].as_object().expect("one row") {
        assert_eq!(found, &expected[figure], "{figure}");
    }
    let hours = context.rows(
        "select to_char(event_time, '%Y-%m-%dT%H') as hour, count(*) as n from kms_events group by 1 order by n desc, hour",
    );
    let hours: Vec<Value> = hours
        .iter()
        .map(|row| json!([row["hour"], row["n"]]))
        .collect();
    assert_eq!(Value::from(hours), expected["hour_with_most_unique"]);
    // The set was anonymised: the account in the paths is not the one in the records.
    let regions = context.rows(
        "select count(*) as n from kms_events join log_files using (object_id) where kms_events.region <> log_files.region",
    );
    assert_eq!(regions[0]["n"], expected["path_region_mismatch"]);
    let accounts = context.rows(
        "select count(*) as n from kms_events join log_files using (object_id)
         where kms_events.recipient_account_id is distinct from log_files.account_id",
    );
    let is_every_event_elsewhere = expected["path_account_mismatch"] == expected["events_raw"];
    assert!(is_every_event_elsewhere && accounts[0]["n"] == expected["kms_unique"]);
}

/// The logs in a store, and their figures; none where the data is not there.
fn ingested() -> Option<(Context, Value)> {
    let Some(data) = std::env::var_os("KEYTRAIL_TEST_DATA") else {
        #[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
        {
            eprintln!("KEYTRAIL_TEST_DATA is not set: the invictus logs were not read");
        }
        return None;
    };
    let folder = PathBuf::from(data).join("invictus");
    let text = std::fs::read_to_string(folder.join("expected.json"))
        .expect("the data has expected figures");
    let expected: Value = serde_json::from_str(&text).expect("JSON");

    let context = Context::new();
    let logs = folder.join("AWSLogs");
    let ingest = context.run(&["ingest", "--json", &logs.to_string_lossy()]);
    assert_eq!(ingest.code, 0, "{ingest}");
    let summary: Value = serde_json::from_slice(&ingest.raw.stdout).expect("JSON");
    let found = json!([
        summary["objects_new"],
        summary["records"],
        summary["kms_records"],
        summary["duplicates"],
        summary["rejects"],
    ]);
    let wanted = json!([
        expected["files"],
        expected["events_raw"],
        expected["kms_raw"],
        0,
        []
    ]);
    assert_eq!(found, wanted);
    Some((context, expected))
}
