//! The report `key-timeline`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, MRK_EU, MRK_ID, MRK_US, OTHER, answer, context, event, request};

const COLUMNS: &[&str] = &[
    "event_time",
    "what",
    "by",
    "calls",
    "detail",
    "uses_per_day",
];

async fn check(events: Vec<Value>, key: &str, expected: &[String], caveats: &[&str]) {
    let request = request(None, "2026-12-31", &[("key", key)]);
    let (rows, told) = answer(&context(events).await, "key-timeline", &request, COLUMNS).await;
    assert_eq!(rows, expected);
    assert_eq!(told, caveats);
}

fn change(time: &str, name: &str, mut members: Value) -> Value {
    members["event_name"] = json!(name);
    if members.get("key_arn").is_none() {
        members["key_arn"] = json!(KEY_A);
    }
    event(time, members)
}

const CREATED: &str = r#"{"keyMetadata":{"keySpec":"SYMMETRIC_DEFAULT","keyUsage":"ENCRYPT_DECRYPT","origin":"AWS_KMS"}}"#;

#[tokio::test]
async fn changes_stand_between_the_uses() {
    let used = |time: &str| event(time, json!({"key_arn": KEY_A}));
    let bob = format!("arn:aws:iam::{OTHER}:role/bob");
    let events = vec![
        change(
            "2026-01-01T00:00:00Z",
            "CreateKey",
            json!({"response": CREATED}),
        ),
        change(
            "2026-01-01T00:00:01Z",
            "CreateAlias",
            json!({"alias_name": "alias/app"}),
        ),
        used("2026-01-01T08:00:00Z"),
        used("2026-01-03T08:00:00Z"),
        // One call in two logs.
        event(
            "2026-01-03T09:00:00Z",
            json!({
                "key_arn": KEY_A, "shared_event_id": "s", "caller": format!("account:{OTHER}"), "event_name": "Encrypt",
            }),
        ),
        event(
            "2026-01-03T09:00:00Z",
            json!({
                "key_arn": KEY_A, "shared_event_id": "s", "caller": bob, "event_name": "Encrypt", "recipient_account_id": OTHER,
            }),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "throttled"}),
        ),
        change(
            "2026-01-02T00:00:00Z",
            "CreateGrant",
            json!({"grant_id": "g"}),
        ),
        // Reads and dry runs leave no line, another key's changes neither.
        change("2026-01-02T00:00:00Z", "DescribeKey", json!({})),
        change("2026-01-02T00:00:00Z", "GetKeyPolicy", json!({})),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "dry_run", "is_dry_run": true}),
        ),
        change(
            "2026-01-02T00:00:00Z",
            "DisableKey",
            json!({"key_arn": KEY_B}),
        ),
        // The alias moves to the other key: only its history says so.
        change(
            "2026-01-04T00:00:00Z",
            "UpdateAlias",
            json!({"alias_name": "alias/app", "key_arn": KEY_B}),
        ),
        change(
            "2026-01-05T00:00:00Z",
            "ScheduleKeyDeletion",
            json!({
                "outcome": "denied", "error_message": "not you", "caller": "mallory",
            }),
        ),
        change(
            "2026-01-06T00:00:00Z",
            "ScheduleKeyDeletion",
            json!({"pending_window_days": 7}),
        ),
        // At the second of a change: after it.
        event(
            "2026-01-06T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "unusable_key"}),
        ),
    ];
    let expected = [
        format!(
            "2026-01-01T00:00:00Z | CreateKey | {ALICE} | - | SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT, AWS_KMS | -"
        ),
        format!("2026-01-01T00:00:01Z | CreateAlias | {ALICE} | - | alias/app | -"),
        format!(
            "2026-01-01T08:00:00Z | uses | {ALICE} 2, {bob} 1 | 3 | Decrypt 2, Encrypt 1 until 2026-01-03T09:00:00Z | [1, 0, 2]"
        ),
        format!(
            "2026-01-02T00:00:00Z | failed uses | {ALICE} 1 | 1 | Decrypt throttled 1 until 2026-01-02T00:00:00Z | -"
        ),
        format!(
            "2026-01-02T00:00:00Z | grants | {ALICE} 1 | 1 | CreateGrant 1 until 2026-01-02T00:00:00Z | -"
        ),
        format!("2026-01-04T00:00:00Z | alias moved away | - | - | alias/app to {KEY_B} | -"),
        "2026-01-05T00:00:00Z | ScheduleKeyDeletion (denied) | mallory | - | not you | -"
            .to_owned(),
        format!(
            "2026-01-06T00:00:00Z | ScheduleKeyDeletion | {ALICE} | - | deletion after 7 days | -"
        ),
        format!(
            "2026-01-06T00:00:00Z | failed uses | {ALICE} 1 | 1 | Decrypt unusable_key 1 until 2026-01-06T00:00:00Z | -"
        ),
    ];
    check(
        events,
        KEY_A,
        &expected,
        &["dry-runs: 1 dry run of this key left out"],
    )
    .await;
}

#[tokio::test]
async fn members_of_a_set_share_one_life() {
    let events = vec![
        change(
            "2026-01-01T00:00:00Z",
            "DisableKey",
            json!({"key_arn": MRK_US}),
        ),
        event("2026-01-02T00:00:00Z", json!({"key_arn": MRK_EU})),
        event("2026-01-03T00:00:00Z", json!({"key_arn": MRK_US})),
        // From one member to another: one call.
        event(
            "2026-01-04T00:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": MRK_EU, "destination_key_arn": MRK_US}),
        ),
        event(
            "2026-01-05T00:00:00Z",
            json!({"key_arn": MRK_EU, "use_label": "self"}),
        ),
    ];
    let expected = [
        format!("2026-01-01T00:00:00Z | DisableKey | {ALICE} | - | us-east-1 | -"),
        format!(
            "2026-01-02T00:00:00Z | uses | {ALICE} 3 | 3 | eu-west-1, us-east-1: Decrypt 2, ReEncrypt (source) 1 \
             until 2026-01-04T00:00:00Z | [1, 1, 1]"
        ),
        format!(
            "2026-01-05T00:00:00Z | uses (self) | {ALICE} 1 | 1 | eu-west-1: Decrypt 1 until 2026-01-05T00:00:00Z | [1]"
        ),
    ];
    let told = "key-creation: no log shows the creation of this key; its life before 2026-01-01T00:00:00Z is unknown";
    check(events, MRK_ID, &expected, &[told]).await;
}
