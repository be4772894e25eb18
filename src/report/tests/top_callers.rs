//! The reports `top-callers` and `operations`, which read the roll-up.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, OTHER, OWNER, answer, context, context_of_rollups, event, query, request,
};

const BOB: &str = "arn:aws:iam::222222222222:role/bob";
const CALLERS: &[&str] = &[
    "caller",
    "uses",
    "failed",
    "keys",
    "last_time",
    "label",
    "uses_per_day",
];
const OPERATIONS: &[&str] = &[
    "operation",
    "kind",
    "successes",
    "failures",
    "callers",
    "keys",
    "label",
    "calls_per_day",
];

/// A call of bob's on the owner's key, in the log of bob's account, of the owner's, or of both.
fn across(time: &str, shared: &str, logs: &[&str], members: &Value) -> Vec<Value> {
    let record = |log: &&str| {
        let caller = if *log == OWNER {
            format!("account:{OTHER}")
        } else {
            BOB.to_owned()
        };
        let mut record = event(
            time,
            json!({
                "key_arn": KEY_A, "caller": caller, "caller_account_id": OTHER,
                "recipient_account_id": log, "shared_event_id": shared,
            }),
        );
        for (name, value) in members.as_object().expect("members") {
            record[name] = value.clone();
        }
        record
    };
    logs.iter().map(record).collect()
}

fn history() -> Vec<Value> {
    let mut events = vec![
        event("2026-01-01T10:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-03T10:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-03T11:00:00Z",
            json!({"key_arn": KEY_B, "outcome": "denied"}),
        ),
        // A dry run is no call, a management call no use.
        event(
            "2026-01-04T00:00:00Z",
            json!({"key_arn": KEY_B, "outcome": "dry_run", "is_dry_run": true}),
        ),
        event(
            "2026-01-05T00:00:00Z",
            json!({"key_arn": KEY_B, "event_name": "DescribeKey"}),
        ),
        // One call, a use of each of its keys.
        event(
            "2026-01-03T12:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B, "caller": "mover"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "GenerateDataKey", "caller": "service:cloudtrail.amazonaws.com", "use_label": "cloudtrail_delivery"}),
        ),
    ];
    // Both logs hold the first two calls; the third is in the caller's only, as every refusal from outside.
    let both = &[OWNER, OTHER];
    events.extend(across("2026-01-02T01:00:00Z", "s1", both, &json!({})));
    events.extend(across("2026-01-02T02:00:00Z", "s2", both, &json!({})));
    let refused = json!({"outcome": "denied"});
    events.extend(across("2026-01-02T03:00:00Z", "s3", &[OTHER], &refused));
    events
}

#[tokio::test]
async fn callers_are_ranked_by_uses_of_keys() {
    let expected = [
        format!("{BOB} | 2 | 1 | 1 | 2026-01-02T02:00:00Z | - | [0, 2, 0]"),
        format!("{ALICE} | 2 | 1 | 1 | 2026-01-03T10:00:00Z | - | [1, 0, 1]"),
        "mover | 2 | 0 | 2 | 2026-01-03T12:00:00Z | - | [0, 0, 2]".to_owned(),
        "service:cloudtrail.amazonaws.com | 1 | 0 | 1 | 2026-01-02T00:00:00Z | cloudtrail_delivery | [0, 1, 0]".to_owned(),
    ];
    let mut expected = expected.to_vec();
    // Equal in uses: who failed more often first, then by name.
    expected[..2].sort();
    let request = request(None, "2026-12-31", &[]);
    for context in [
        context(history()).await,
        context_of_rollups(history()).await,
    ] {
        let (rows, caveats) = answer(&context, "top-callers", &request, CALLERS).await;
        assert_eq!(rows, expected);
        assert_eq!(caveats, ["dry-runs: 1 record of a dry run not counted"]);
    }
}

#[tokio::test]
async fn operations_have_their_failures_and_both_sides_of_a_reencrypt() {
    let expected = [
        "Decrypt | use | 4 | denied 2 | 2 | 2 | - | [1, 3, 2, 0, 0]",
        "ReEncrypt (destination) | use | 1 | - | 1 | 1 | - | [0, 0, 1, 0, 0]",
        "ReEncrypt (source) | use | 1 | - | 1 | 1 | - | [0, 0, 1, 0, 0]",
        "DescribeKey | management | 1 | - | 1 | 1 | - | [0, 0, 0, 0, 1]",
        "GenerateDataKey | use | 1 | - | 1 | 1 | cloudtrail_delivery | [0, 1, 0, 0, 0]",
    ];
    let request = request(None, "2026-12-31", &[]);
    for context in [
        context(history()).await,
        context_of_rollups(history()).await,
    ] {
        let (rows, _) = answer(&context, "operations", &request, OPERATIONS).await;
        assert_eq!(rows, expected);
    }
}

/// The roll-up and the events are two ways to the same figures.
#[tokio::test]
async fn the_rollup_agrees_with_the_events() {
    let context = context(history()).await;
    let columns = ["caller", "uses", "failed", "keys", "last_time"];
    let request = request(None, "2026-12-31", &[]);
    let (mut rollup, _) = answer(&context, "top-callers", &request, &columns).await;
    rollup.sort();
    let events = query(
        &context,
        "SELECT caller, count(*) FILTER (WHERE outcome = 'success') AS uses, \
           count(*) FILTER (WHERE outcome <> 'success') AS failed, \
           count(DISTINCT key_arn) FILTER (WHERE outcome = 'success') AS keys, \
           max(event_time) FILTER (WHERE outcome = 'success') AS last_time \
         FROM key_uses WHERE kind = 'use' AND NOT is_dry_run GROUP BY caller ORDER BY caller",
        &columns,
    )
    .await;
    assert_eq!(rollup, events);
    assert_eq!(rollup.len(), 4);
}

#[tokio::test]
async fn of_calls_in_two_logs_each_counts_once_and_without_events_the_log_that_has_more() {
    let mut events = Vec::new();
    // A day of which the caller's log lacks one call, one of which the owner's lacks two.
    for (day, logs) in [
        (1, [&[OWNER, OTHER][..], &[OWNER], &[OWNER, OTHER]]),
        (2, [&[OTHER][..], &[OTHER], &[OWNER, OTHER]]),
    ] {
        for (number, logs) in logs.iter().enumerate() {
            let time = format!("2026-01-0{day}T0{number}:00:00Z");
            events.extend(across(&time, &format!("s{day}{number}"), logs, &json!({})));
        }
    }
    // A service tells no account; the two records of its call agree in its name.
    for recipient in [OWNER, OTHER] {
        events.push(event(
            "2026-01-03T00:00:00Z",
            json!({
                "key_arn": KEY_A, "caller": "service:s3.amazonaws.com", "caller_account_id": null,
                "recipient_account_id": recipient, "shared_event_id": "s3",
            }),
        ));
    }
    let request = request(None, "2026-12-31", &[]);
    let columns = ["caller", "uses_per_day"];
    let (rows, _) = answer(
        &context(events.clone()).await,
        "top-callers",
        &request,
        &columns,
    )
    .await;
    let expected = [
        format!("{BOB} | [2, 3, 0]"),
        format!("account:{OTHER} | [1, 0, 0]"),
        "service:s3.amazonaws.com | [0, 0, 1]".to_owned(),
    ];
    assert_eq!(rows, expected);
    let counted = context_of_rollups(events).await;
    let (rows, _) = answer(&counted, "top-callers", &request, &columns).await;
    let expected = [
        format!("account:{OTHER} | [3, 0, 0]"),
        format!("{BOB} | [0, 3, 0]"),
        "service:s3.amazonaws.com | [0, 0, 1]".to_owned(),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_use_by_an_alias_that_moved_that_day_counts_once_in_sums() {
    let moved = |time: &str, name: &str, key: &str| {
        event(
            time,
            json!({"event_name": name, "alias_name": "alias/app", "key_arn": key}),
        )
    };
    let events = vec![
        moved("2026-01-01T08:00:00Z", "CreateAlias", KEY_A),
        moved("2026-01-01T12:00:00Z", "UpdateAlias", KEY_B),
        event(
            "2026-01-01T10:00:00Z",
            json!({"key_as_typed": "alias/app", "event_name": "Encrypt"}),
        ),
        event(
            "2026-01-01T14:00:00Z",
            json!({"key_as_typed": "alias/app", "event_name": "Encrypt"}),
        ),
        // A correction tells an earlier call anew, and counts in its place.
        event(
            "2026-01-01T15:00:00Z",
            json!({"event_id": "first", "key_arn": KEY_A, "event_name": "Sign"}),
        ),
        event(
            "2026-01-01T15:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "Sign", "is_correction": true, "original_event_id": "first"}),
        ),
    ];
    let context = context(events).await;
    let request = request(None, "2026-12-31", &[]);
    let columns = ["caller", "uses", "keys"];
    let (rows, caveats) = answer(&context, "top-callers", &request, &columns).await;
    assert_eq!(rows, [format!("{ALICE} | 3 | 2")]);
    assert_eq!(caveats, Vec::<String>::new());
}

/// It has a row for each side.
#[tokio::test]
async fn a_reencrypt_from_a_key_to_itself_is_one_use() {
    let call = |time: &str| {
        event(
            time,
            json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_A}),
        )
    };
    let events = vec![call("2026-01-02T00:00:00Z"), call("2026-01-02T01:00:00Z")];
    for context in [
        context(events.clone()).await,
        context_of_rollups(events).await,
    ] {
        let asked = request(None, "2026-12-31", &[]);
        let columns = ["caller", "uses", "keys"];
        let (rows, _) = answer(&context, "top-callers", &asked, &columns).await;
        assert_eq!(rows, [format!("{ALICE} | 2 | 1")]);
    }
}
