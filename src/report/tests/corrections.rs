//! Records that correct earlier ones (UPDATED_DATA): the corrected form counts, wherever it is asked for.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, answer, context, context_of_rollups, event, query, request};

const UNTIL: &str = "2026-12-31";
const TIME: &str = "2026-01-10T05:00:00Z";

fn record(id: &str, members: Value) -> Value {
    let mut record = event(TIME, json!({"event_id": id, "key_arn": KEY_A}));
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        record[name] = value;
    }
    record
}

fn correction(members: Value) -> Value {
    let mut record = record("second", members);
    record["is_correction"] = json!(true);
    record["original_event_id"] = json!("first");
    record["ingest_seq"] = json!(2);
    record
}

/// The rows of top-callers and of operations, and their caveats.
async fn counted(events: Vec<Value>, arguments: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let context = context(events).await;
    let asked = request(None, UNTIL, arguments);
    let (mut rows, mut caveats) = answer(
        &context,
        "top-callers",
        &asked,
        &["caller", "uses", "failed"],
    )
    .await;
    let columns = ["operation", "successes", "failures"];
    let (more, others) = answer(&context, "operations", &asked, &columns).await;
    rows.extend(more);
    caveats.extend(others);
    (rows, caveats)
}

#[tokio::test]
async fn a_correction_of_a_record_that_no_log_held_is_a_call() {
    let (rows, caveats) = counted(vec![correction(json!({}))], &[]).await;
    assert_eq!(
        rows,
        [format!("{ALICE} | 1 | 0"), "Decrypt | 1 | -".to_owned()]
    );
    assert_eq!(caveats, Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_that_was_a_success_counts_as_one() {
    let events = vec![
        record("first", json!({"outcome": "denied"})),
        correction(json!({})),
    ];
    let (rows, caveats) = counted(events, &[]).await;
    assert_eq!(
        rows,
        [format!("{ALICE} | 1 | 0"), "Decrypt | 1 | -".to_owned()]
    );
    assert_eq!(caveats, Vec::<String>::new());
}

/// The first record named B, the correction A; another record keeps B known.
fn of_another_key() -> Vec<Value> {
    let bucket = "arn:aws:s3:::buck2";
    let on = json!({"resource": bucket, "resource_list": [bucket]});
    let mut first = record("first", on.clone());
    first["key_arn"] = json!(KEY_B);
    vec![
        first,
        correction(on),
        event(
            "2026-01-09T00:00:00Z",
            json!({"key_arn": KEY_B, "event_name": "DescribeKey"}),
        ),
    ]
}

#[tokio::test]
async fn a_call_that_was_of_another_key_is_none_of_the_first() {
    let (rows, _) = counted(of_another_key(), &[("key", KEY_A)]).await;
    assert_eq!(
        rows,
        [format!("{ALICE} | 1 | 0"), "Decrypt | 1 | -".to_owned()]
    );
    let (rows, _) = counted(of_another_key(), &[("key", KEY_B)]).await;
    assert_eq!(rows, ["DescribeKey | 1 | -"]);
    let context = context(of_another_key()).await;
    let rows = query(
        &context,
        "SELECT key_arn, state, last_use FROM keys ORDER BY key_arn",
        &["key_arn", "state", "last_use"],
    )
    .await;
    assert_eq!(
        rows,
        [
            format!("{KEY_A} | Enabled | {TIME}"),
            format!("{KEY_B} | - | -")
        ]
    );
    let asked = request(None, UNTIL, &[]);
    let (rows, _) = answer(
        &context,
        "resources",
        &asked,
        &["key", "resource", "operations"],
    )
    .await;
    assert_eq!(rows, [format!("{KEY_A} | arn:aws:s3:::buck2 | decrypt 1")]);
    let asked = request(None, "2026-01-15", &[("days", "10")]);
    let (rows, _) = answer(&context, "unused-keys", &asked, &["key_arn", "last_use"]).await;
    assert_eq!(rows, [format!("{KEY_B} | -")]);
}

#[tokio::test]
async fn the_resources_of_a_corrected_record_count_once() {
    let on = json!({"event_name": "Encrypt", "resource": "secret", "resource_list": ["secret"]});
    let context = context(vec![record("first", on.clone()), correction(on)]).await;
    let asked = request(None, UNTIL, &[]);
    let (rows, _) = answer(&context, "resources", &asked, &["key", "operations"]).await;
    assert_eq!(rows, [format!("{KEY_A} | encrypt 1")]);
}

#[tokio::test]
async fn without_the_events_a_call_counts_as_it_was_first_told_and_a_note_says_so() {
    let events = vec![
        record("first", json!({"outcome": "denied"})),
        correction(json!({})),
    ];
    let context = context_of_rollups(events).await;
    let asked = request(None, UNTIL, &[]);
    let (rows, caveats) = answer(
        &context,
        "top-callers",
        &asked,
        &["caller", "uses", "failed"],
    )
    .await;
    assert_eq!(rows, [format!("{ALICE} | 0 | 1")]);
    let told = "deleted-corrections: 1 correction has deleted events; calls may be counted as first recorded";
    assert_eq!(caveats, [told]);
}
