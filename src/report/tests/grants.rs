//! The view and the report `grants`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, OTHER, OWNER, answer, context, event, request};

const COLUMNS: &[&str] = &[
    "state",
    "key",
    "grantee",
    "allows",
    "made_time",
    "made_by",
    "ended_time",
    "ended_by",
    "grant_id",
];

fn call(time: &str, name: &str, grant: Option<&str>, members: Value) -> Value {
    let mut row = event(
        time,
        json!({"event_name": name, "grant_id": grant, "key_arn": KEY_A}),
    );
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        row[name] = value;
    }
    row
}

fn history() -> Vec<Value> {
    let request = r#"{"granteePrincipal":"worker","operations":["Decrypt","CreateGrant"]}"#;
    vec![
        call(
            "2026-01-01T00:00:00Z",
            "CreateGrant",
            Some("g1"),
            json!({"request": request, "encryption_context": "{\"a\":\"b\"}"}),
        ),
        // Made again under its name: the same grant.
        call(
            "2026-01-02T00:00:00Z",
            "CreateGrant",
            Some("g1"),
            json!({"request": request, "caller": "again"}),
        ),
        call(
            "2026-01-05T00:00:00Z",
            "RetireGrant",
            Some("g1"),
            json!({"caller": "worker"}),
        ),
        // A refused end ends nothing; nor does a dry run.
        call(
            "2026-01-01T00:00:00Z",
            "CreateGrant",
            Some("g2"),
            json!({"request": request}),
        ),
        call(
            "2026-01-02T00:00:00Z",
            "RevokeGrant",
            Some("g2"),
            json!({"outcome": "denied"}),
        ),
        call(
            "2026-01-03T00:00:00Z",
            "RevokeGrant",
            Some("g2"),
            json!({"outcome": "dry_run", "is_dry_run": true}),
        ),
        // Made before the logs, known from its end, which typed the key's id only.
        call(
            "2026-01-03T00:00:00Z",
            "RevokeGrant",
            Some("g3"),
            json!({"key_arn": null, "key_as_typed": "aaaaaaaa-0000-0000-0000-000000000001"}),
        ),
        // Known from its use only.
        call("2026-01-04T00:00:00Z", "Decrypt", Some("g4"), json!({})),
        // Gone with its key.
        call(
            "2026-01-01T00:00:00Z",
            "CreateGrant",
            Some("g5"),
            json!({"key_arn": KEY_B, "request": request}),
        ),
        call(
            "2026-01-06T00:00:00Z",
            "DeleteKey",
            None,
            json!({"key_arn": KEY_B}),
        ),
        // In two logs.
        call(
            "2026-01-07T00:00:00Z",
            "CreateGrant",
            Some("g6"),
            json!({"request": request, "shared_event_id": "s"}),
        ),
        call(
            "2026-01-07T00:00:00Z",
            "CreateGrant",
            Some("g6"),
            json!({"request": request, "shared_event_id": "s", "recipient_account_id": OTHER}),
        ),
        // By its token: which grant it was is not told.
        call(
            "2026-01-08T00:00:00Z",
            "RetireGrant",
            None,
            json!({"recipient_account_id": OWNER}),
        ),
    ]
}

#[tokio::test]
async fn grants_stand_as_at_the_end_of_the_window() {
    let context = context(history()).await;
    let request_at = |until: &str| request(None, until, &[]);
    let (rows, caveats) = answer(&context, "grants", &request_at("2026-12-31"), COLUMNS).await;
    let allows = "Decrypt, CreateGrant";
    let expected = [
        format!("open | {KEY_A} | - | - | - | - | - | - | g4"),
        format!("open | {KEY_A} | worker | {allows} | 2026-01-01T00:00:00Z | {ALICE} | - | - | g2"),
        format!("open | {KEY_A} | worker | {allows} | 2026-01-07T00:00:00Z | {ALICE} | - | - | g6"),
        format!("revoked | {KEY_A} | - | - | - | - | 2026-01-03T00:00:00Z | {ALICE} | g3"),
        format!(
            "retired | {KEY_A} | worker | {allows} for {{\"a\":\"b\"}} | 2026-01-01T00:00:00Z | {ALICE} | 2026-01-05T00:00:00Z | worker | g1"
        ),
        format!(
            "gone | {KEY_B} | worker | {allows} | 2026-01-01T00:00:00Z | {ALICE} | 2026-01-06T00:00:00Z | - | g5"
        ),
    ];
    assert_eq!(rows, expected);
    let told = "no-grant: 1 call that makes or ends a grant does not name it; left out";
    assert_eq!(caveats, [told]);
    // A day before the first end that is known of g1, and before g4, g6 and the end of KEY_B.
    let state = ["state", "grant_id", "ended_time"];
    let (rows, _) = answer(&context, "grants", &request_at("2026-01-03"), &state).await;
    let expected = [
        "open | g1 | -",
        "open | g2 | -",
        "open | g5 | -",
        "revoked | g3 | 2026-01-03T00:00:00Z",
    ];
    assert_eq!(rows, expected);
}

/// Whoever has a grant reaches its key, though no call of theirs is in a log.
#[tokio::test]
async fn an_open_grant_is_within_reach_of_who_never_called() {
    let request_of =
        json!({"granteeServicePrincipal": "lightsail.amazonaws.com", "operations": ["Decrypt"]});
    let context = context(vec![call(
        "2026-01-01T00:00:00Z",
        "CreateGrant",
        Some("g1"),
        json!({"request": request_of.to_string()}),
    )])
    .await;
    let asked = request(
        None,
        "2026-12-31",
        &[("principal", "lightsail.amazonaws.com")],
    );
    let (_, told) = answer(&context, "blast-radius", &asked, &[]).await;
    let grants =
        "open-grants: 1 open grant on 1 key for this principal; see keytrail report grants";
    assert!(told.contains(&grants.to_owned()), "{told:?}");
}

#[tokio::test]
async fn a_grant_may_be_for_a_service() {
    let made = |grant: &str, request: Value| {
        call(
            "2026-01-01T00:00:00Z",
            "CreateGrant",
            Some(grant),
            json!({"request": request.to_string()}),
        )
    };
    let database = "arn:aws:rds:us-east-1:111122223333:db:orders";
    let context = context(vec![
        made(
            "g1",
            json!({"granteeServicePrincipal": "lightsail.amazonaws.com", "operations": ["Decrypt"],
                   "retiringServicePrincipal": "rds.amazonaws.com"}),
        ),
        // As the API writes the names.
        made(
            "g2",
            json!({"GranteeServicePrincipal": "rds.amazonaws.com", "Operations": ["Decrypt", "Encrypt"],
                   "RetiringServicePrincipal": "ec2.amazonaws.com", "Constraints": {"SourceArn": database}}),
        ),
        made(
            "g3",
            json!({"granteeServicePrincipal": "rds.amazonaws.com", "operations": ["Decrypt"],
                   "retiringPrincipal": ALICE, "constraints": {"sourceArn": database}}),
        ),
        // To a principal, which a service may retire.
        made(
            "g4",
            json!({"granteePrincipal": ALICE, "granteeServicePrincipal": null, "operations": ["Decrypt"],
                   "retiringServicePrincipal": "rds.amazonaws.com", "constraints": null}),
        ),
    ])
    .await;
    let columns = ["grant_id", "grantee", "retiring_principal", "allows"];
    let (rows, _) = answer(
        &context,
        "grants",
        &request(None, "2026-12-31", &[]),
        &columns,
    )
    .await;
    let expected = [
        "g1 | lightsail.amazonaws.com | rds.amazonaws.com | Decrypt".to_owned(),
        format!("g2 | rds.amazonaws.com | ec2.amazonaws.com | Decrypt, Encrypt from {database}"),
        format!("g3 | rds.amazonaws.com | {ALICE} | Decrypt from {database}"),
        format!("g4 | {ALICE} | rds.amazonaws.com | Decrypt"),
    ];
    assert_eq!(rows, expected);
}
