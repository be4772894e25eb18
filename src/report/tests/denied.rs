//! The report `denied`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, OTHER, answer, context, event, request};

const COLUMNS: &[&str] = &[
    "caller",
    "action",
    "key",
    "refused_by",
    "refusals",
    "last_time",
    "label",
];

fn refusal(time: &str, message: &str, denied_by: Option<&str>, members: Value) -> Value {
    let mut row = event(
        time,
        json!({
            "outcome": "denied", "error_code": "AccessDenied", "error_message": message, "denied_by": denied_by,
        }),
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
async fn refusals_tell_action_key_and_policy() {
    let who = "User: arn:aws:sts::111111111111:assumed-role/alice/s is not authorized to perform:";
    let events = vec![
        refusal(
            "2026-01-01T00:00:00Z",
            &format!(
                "{who} kms:Decrypt on resource: {KEY_A} because no identity-based policy allows the kms:Decrypt action"
            ),
            Some("identity_policy"),
            json!({"key_arn": KEY_A}),
        ),
        // The message alone tells the key.
        refusal(
            "2026-01-02T00:00:00Z",
            &format!(
                "{who} kms:Decrypt on resource: {KEY_A} because no identity-based policy allows the kms:Decrypt action"
            ),
            Some("identity_policy"),
            json!({}),
        ),
        refusal(
            "2026-01-03T00:00:00Z",
            &format!(
                "{who} kms:ReEncryptTo on resource: {KEY_B} with an explicit deny in a service control policy"
            ),
            Some("service_control_policy"),
            json!({"event_name": "ReEncrypt", "destination_key_arn": KEY_B, "key_as_typed": "alias/source"}),
        ),
        // It may be any of three things, so none is told.
        refusal(
            "2026-01-04T00:00:00Z",
            &format!(
                "{who} kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in \
                 this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
            ),
            Some("key_policy"),
            json!({}),
        ),
        refusal(
            "2026-01-05T00:00:00Z",
            "",
            None,
            json!({"event_name": "ListKeys", "use_label": "self"}),
        ),
        // Neither a dry run nor another failure is a refusal.
        refusal(
            "2026-01-06T00:00:00Z",
            "",
            None,
            json!({"key_arn": KEY_A, "is_dry_run": true}),
        ),
        event(
            "2026-01-06T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "throttled"}),
        ),
        // From outside: in the caller's log only, and corrected later.
        refusal(
            "2026-01-07T00:00:00Z",
            "not told",
            None,
            json!({"event_id": "first", "caller": "bob", "recipient_account_id": OTHER, "key_arn": KEY_A}),
        ),
        refusal(
            "2026-01-07T00:00:00Z",
            "with an explicit deny in a resource-based policy",
            Some("key_policy"),
            json!({
                "is_correction": true, "original_event_id": "first", "caller": "bob", "recipient_account_id": OTHER,
                "key_arn": KEY_A,
            }),
        ),
    ];
    let request = request(None, "2026-12-31", &[]);
    let (rows, caveats) = answer(&context(events).await, "denied", &request, COLUMNS).await;
    let expected = [
        format!(
            "{ALICE} | kms:Decrypt | {KEY_A} | identity_policy (no allow) | 2 | 2026-01-02T00:00:00Z | -"
        ),
        format!("{ALICE} | kms:Decrypt | - | key_policy | 1 | 2026-01-04T00:00:00Z | -"),
        format!(
            "{ALICE} | kms:ReEncryptTo | {KEY_B} | service_control_policy (explicit deny) | 1 | 2026-01-03T00:00:00Z | -"
        ),
        format!(
            "bob | kms:Decrypt | {KEY_A} | key_policy (explicit deny) | 1 | 2026-01-07T00:00:00Z | -"
        ),
        format!("{ALICE} | kms:ListKeys | - | - | 1 | 2026-01-05T00:00:00Z | self"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(
        caveats,
        [
            "no-policy: 1 refusal does not name the kind of policy",
            "dry-runs: 1 refused dry run not counted",
        ]
    );
}

#[tokio::test]
async fn a_boundary_or_policy_that_does_not_allow_is_told_as_such() {
    for (words, kind) in [
        ("permissions boundary allows", "permissions_boundary"),
        ("session policy allows", "session_policy"),
        ("service control policies allow", "service_control_policy"),
    ] {
        let message = format!(
            "not authorized to perform: kms:Decrypt because no {words} the kms:Decrypt action"
        );
        let events = vec![refusal(
            "2026-01-02T00:00:00Z",
            &message,
            Some(kind),
            json!({"key_arn": KEY_A}),
        )];
        let request = request(None, "2026-12-31", &[]);
        let (rows, _) = answer(&context(events).await, "denied", &request, &["refused_by"]).await;
        assert_eq!(rows, [format!("{kind} (no allow)")]);
    }
}
