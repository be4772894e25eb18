//! The report `throttled-callers`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, OTHER, OWNER, answer, context, event, request};

const COLUMNS: &[&str] = &[
    "event_time",
    "account",
    "region",
    "caller",
    "event_name",
    "key",
    "throttled",
    "calls_in_second",
    "consumed_most",
];

fn calls(number: usize, time: &str, members: &Value) -> Vec<Value> {
    vec![event(time, members.clone()); number]
}

#[tokio::test]
async fn who_suffered_stands_beside_who_consumed() {
    let time = "2026-01-01T10:00:00Z";
    let mut events = calls(2, time, &json!({"outcome": "throttled", "key_arn": KEY_A}));
    events.extend(calls(
        1,
        time,
        &json!({"outcome": "throttled", "key_as_typed": "alias/x", "event_name": "Encrypt"}),
    ));
    events.extend(calls(5, time, &json!({"caller": "batch"})));
    events.extend(calls(
        4,
        time,
        &json!({"caller": "app", "event_name": "GenerateRandom"}),
    ));
    events.extend(calls(1, time, &json!({"caller": "small"})));
    // Another second, region or account consumes nothing of this one.
    events.extend(calls(
        9,
        "2026-01-01T10:00:01Z",
        &json!({"caller": "later"}),
    ));
    events.extend(calls(
        9,
        time,
        &json!({"caller": "far", "region": "us-east-1"}),
    ));
    events.extend(calls(
        9,
        time,
        &json!({"caller": "other", "recipient_account_id": OTHER, "caller_account_id": OTHER}),
    ));
    let request = request(None, "2026-01-01", &[]);
    let (rows, caveats) = answer(
        &context(events).await,
        "throttled-callers",
        &request,
        COLUMNS,
    )
    .await;
    let most = format!("13 | batch 5, app 4, {ALICE} 3");
    let expected = [
        format!("{time} | {OWNER} | eu-west-1 | {ALICE} | Decrypt | {KEY_A} | 2 | {most}"),
        format!("{time} | {OWNER} | eu-west-1 | {ALICE} | Encrypt | alias/x | 1 | {most}"),
    ];
    assert_eq!(rows, expected);
    assert!(caveats.is_empty(), "{caveats:?}");
}

#[tokio::test]
async fn a_call_across_accounts_is_throttled_once_at_its_caller() {
    let time = "2026-01-01T10:00:00Z";
    let record = |recipient: &str, caller: &str| {
        event(
            time,
            json!({
                "outcome": "throttled", "key_arn": KEY_A, "shared_event_id": "s", "caller": caller,
                "caller_account_id": OTHER, "recipient_account_id": recipient,
            }),
        )
    };
    let events = vec![
        record(OWNER, "account:222222222222"),
        record(OTHER, "bob"),
        event(time, json!({"caller": "owners-own"})),
        event(
            time,
            json!({"caller": "service:s3.amazonaws.com", "caller_account_id": null, "recipient_account_id": OTHER}),
        ),
    ];
    let context = context(events).await;
    let mut request = request(Some("2026-01-01T10:00:00Z"), "2026-01-01T10:00:01Z", &[]);
    let (rows, _) = answer(&context, "throttled-callers", &request, COLUMNS).await;
    let expected = format!(
        "{time} | {OTHER} | eu-west-1 | bob | Decrypt | {KEY_A} | 1 | 2 | bob 1, service:s3.amazonaws.com 1"
    );
    assert_eq!(rows, [expected]);
    request.filters.account = Some(OWNER.to_owned());
    assert!(
        answer(&context, "throttled-callers", &request, COLUMNS)
            .await
            .0
            .is_empty()
    );
}

#[tokio::test]
async fn a_corrected_record_is_not_counted_beside_its_correction() {
    let time = "2026-01-01T10:00:00Z";
    let events = vec![
        event(time, json!({"event_id": "first", "outcome": "throttled"})),
        event(
            time,
            json!({"outcome": "throttled", "is_correction": true, "original_event_id": "first", "key_arn": KEY_A}),
        ),
    ];
    let request = request(None, "2026-01-01", &[]);
    let (rows, _) = answer(
        &context(events).await,
        "throttled-callers",
        &request,
        &["key", "throttled", "consumed_most"],
    )
    .await;
    assert_eq!(rows, [format!("{KEY_A} | 1 | {ALICE} 1")]);
}

#[tokio::test]
async fn calls_of_keytrail_and_of_log_delivery_are_labeled() {
    let time = "2026-01-01T10:00:00Z";
    let mut events = calls(3, time, &json!({"caller": "reader", "use_label": "self"}));
    events.extend(calls(2, time, &json!({"caller": "reader"})));
    events.extend(calls(
        4,
        time,
        &json!({"caller": "service:cloudtrail.amazonaws.com", "use_label": "cloudtrail_delivery"}),
    ));
    let refused = json!({"caller": "reader", "use_label": "self", "outcome": "throttled"});
    events.extend(calls(2, time, &refused));
    let (rows, _) = answer(
        &context(events).await,
        "throttled-callers",
        &request(None, "2026-01-01", &[]),
        &["caller", "label", "throttled", "consumed_most"],
    )
    .await;
    let most =
        "reader (self) 5, service:cloudtrail.amazonaws.com (cloudtrail_delivery) 4, reader 2";
    assert_eq!(rows, [format!("reader | self | 2 | {most}")]);
}

#[tokio::test]
async fn a_call_that_two_accounts_share_counts_also_where_it_tells_no_operation() {
    let time = "2026-01-01T10:00:00Z";
    let nameless = event(
        time,
        json!({"event_name": null, "outcome": "throttled", "key_arn": KEY_A, "shared_event_id": "s"}),
    );
    let request = request(None, "2026-01-01", &[]);
    let context = context(vec![nameless]).await;
    let (rows, _caveats) = answer(&context, "throttled-callers", &request, COLUMNS).await;
    let expected =
        format!("{time} | {OWNER} | eu-west-1 | {ALICE} | - | {KEY_A} | 1 | 1 | {ALICE} 1");
    assert_eq!(rows, [expected]);
}
