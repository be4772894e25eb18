//! The report `cross-account`.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, OTHER, OWNER, answer, context, context_of_rollups, event, request,
};

const STRANGER: &str = "333333333333";
const FOREIGN_KEY: &str =
    "arn:aws:kms:eu-west-1:333333333333:key/cccccccc-0000-0000-0000-000000000003";

fn call(caller: &str, recipient: &str, members: Value) -> Value {
    let mut row = event(
        "2026-01-01T00:00:00Z",
        json!({"caller": caller, "recipient_account_id": recipient, "key_arn": KEY_A}),
    );
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        row[name] = value;
    }
    row
}

#[tokio::test]
async fn calls_between_accounts_say_what_lies_inside() {
    let bob = format!("arn:aws:iam::{OTHER}:role/bob");
    let eve = format!("account:{STRANGER}");
    let events = || {
        vec![
            // One call of bob's in both logs, and his refusal in his own only.
            call(
                &format!("account:{OTHER}"),
                OWNER,
                json!({"shared_event_id": "s"}),
            ),
            call(&bob, OTHER, json!({"shared_event_id": "s"})),
            call(&bob, OTHER, json!({"outcome": "denied"})),
            // The stranger's log is not held: only the account is known.
            call(&eve, OWNER, json!({"key_arn": KEY_B})),
            call(
                &eve,
                OWNER,
                json!({"key_arn": KEY_B, "event_name": "DescribeKey"}),
            ),
            // An own caller on the stranger's key.
            call(
                ALICE,
                OWNER,
                json!({"key_arn": FOREIGN_KEY, "event_name": "Encrypt"}),
            ),
            // Within the account, by a service, or dry: none of it is across.
            call(ALICE, OWNER, json!({})),
            call("service:s3.amazonaws.com", OWNER, json!({})),
            call(
                &eve,
                OWNER,
                json!({"outcome": "dry_run", "is_dry_run": true}),
            ),
        ]
    };
    let expected = [
        format!("{eve} | caller outside | {KEY_B} | 1 | 0 | 1 | -"),
        format!("{ALICE} | key outside | {FOREIGN_KEY} | 1 | 0 | 0 | -"),
        format!("{bob} | inside | {KEY_A} | 1 | 1 | 0 | -"),
    ];
    let columns = [
        "caller",
        "direction",
        "key_arn",
        "uses",
        "failed",
        "managed",
        "label",
    ];
    let request = request(None, "2026-12-31", &[]);
    for context in [context(events()).await, context_of_rollups(events()).await] {
        let inside = format!(
            "CREATE OR REPLACE VIEW inside_accounts AS SELECT column1 AS account FROM (VALUES ('{OWNER}'), ('{OTHER}'))"
        );
        context.sql(&inside).await.expect("a view");
        let (mut rows, _) = answer(&context, "cross-account", &request, &columns).await;
        // Equal in all figures but the managed call: outside first, then by caller.
        assert_eq!(rows.pop().as_deref(), Some(expected[2].as_str()));
        assert_eq!(rows, expected[..2]);
    }
}

/// What is not a use moves the last call, never the last use.
#[tokio::test]
async fn a_management_call_is_no_use_of_the_key() {
    let eve = format!("account:{STRANGER}");
    let at = |time: &str, key: &str, name: &str, outcome: &str| {
        let mut row = call(
            &eve,
            OWNER,
            json!({"key_arn": key, "event_name": name, "outcome": outcome}),
        );
        row["event_time"] = json!(format!("{time}T00:00:00Z"));
        row["event_date"] = json!(time);
        row
    };
    let events = vec![
        at("2026-01-02", KEY_A, "Decrypt", "success"),
        at("2026-01-03", KEY_A, "Decrypt", "throttled"),
        at("2026-01-04", KEY_A, "DescribeKey", "success"),
        at("2026-01-05", KEY_B, "GetPublicKey", "success"),
    ];
    let columns = ["key_arn", "uses", "managed", "last_use", "last_time"];
    let request = request(None, "2026-12-31", &[]);
    let (rows, _) = answer(&context(events).await, "cross-account", &request, &columns).await;
    let expected = [
        format!("{KEY_A} | 1 | 1 | 2026-01-02T00:00:00Z | 2026-01-04T00:00:00Z"),
        format!("{KEY_B} | 0 | 1 | - | 2026-01-05T00:00:00Z"),
    ];
    assert_eq!(rows, expected);
}
