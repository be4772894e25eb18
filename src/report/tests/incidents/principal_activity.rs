//! The report `principal-activity`.

use serde_json::{Value, json};

use super::{BOB, cross_account};
use crate::report::tests::{ALICE, KEY_A, KEY_B, answer, context, event, request};

const ACTIVITY: &[&str] = &[
    "what",
    "name",
    "key",
    "is_new",
    "operations",
    "successes",
    "failures",
    "failed_operations",
    "dry_runs",
    "before",
];

/// The rows of the kinds asked for.
async fn activity(
    events: Vec<Value>,
    principal: &str,
    kinds: &[&str],
) -> (Vec<String>, Vec<String>) {
    let context = context(events).await;
    let request = request(
        Some("2026-02-01"),
        "2026-02-19",
        &[("principal", principal)],
    );
    let (rows, told) = answer(&context, "principal-activity", &request, ACTIVITY).await;
    let is_asked = |row: &String| {
        kinds
            .iter()
            .any(|kind| row.starts_with(&format!("{kind} | ")))
    };
    (rows.into_iter().filter(is_asked).collect(), told)
}

#[tokio::test]
async fn a_principal_is_found_by_each_of_its_names() {
    let with = |resource: &str, member: &str, value: &str| {
        let mut row = event(
            "2026-02-02T00:00:00Z",
            json!({"key_arn": KEY_A, "caller": "someone", "resource": resource, "resource_list": [resource]}),
        );
        row[member] = json!(value);
        row
    };
    let events = vec![
        with("r01", "caller", "x"),
        with("r02", "caller", "arn:aws:iam::111111111111:role/path/x"),
        with("r03", "user_arn", "x"),
        with("r04", "user_name", "x"),
        with("r05", "session_name", "x"),
        with("r06", "access_key_id", "x"),
        with("r07", "credential_id", "x"),
        with("r08", "principal_id", "x"),
        with("r09", "principal_id", "x:session"),
        with("r10", "source_identity", "x"),
        with("r11", "on_behalf_of", "x"),
        with("r12", "source_ip", "x"),
        with("r13", "vpc_endpoint_id", "x"),
        // A part of a name is none, and what else a record tells names no principal.
        with("r14", "caller", "arn:aws:iam::111111111111:role/xx"),
        with("r15", "session_name", "x-1"),
        with("r16", "user_agent", "x"),
        with("r17", "invoked_by", "x"),
        with("r18", "principal_id", "a:x"),
    ];
    let (rows, told) = activity(events, "x", &["resource"]).await;
    let expected: Vec<String> = (1..=13)
        .map(|number| {
            format!("resource | r{number:02} | {KEY_A} | true | Decrypt 1 | 1 | 0 | - | 0 | 0")
        })
        .collect();
    assert_eq!(rows, expected);
    let found = "matched: 13 calls match: 2 as address; 2 as caller; 2 as principal id; 1 as Identity Center user; \
                 1 as access key id; 1 as credential id; 1 as session; 1 as source identity; 1 as user ARN; \
                 1 as user name";
    assert_eq!(told[0], found);
}

#[tokio::test]
async fn a_network_stands_for_its_addresses() {
    let from = |address: &str| {
        event(
            "2026-02-02T00:00:00Z",
            json!({"key_arn": KEY_A, "source_ip": address}),
        )
    };
    let events = vec![
        from("2001:db8:1:2::7"),
        from("2001:db8:1::9"),
        from("2001:db8:2::7"),
        from("s3.amazonaws.com"),
    ];
    let (rows, _) = activity(events, "2001:db8:1::/48", &["source address"]).await;
    assert_eq!(
        rows,
        [
            "source address | 2001:db8:1:2::7 | - | true | Decrypt 1 | 1 | 0 | - | 0 | 0",
            "source address | 2001:db8:1::9 | - | true | Decrypt 1 | 1 | 0 | - | 0 | 0",
        ]
    );
}

#[tokio::test]
async fn successes_refusals_and_dry_runs_of_a_principal_stand_apart() {
    let events = vec![
        // Known from the thirty days before; what is older proves nothing.
        event(
            "2026-01-01T23:59:59Z",
            json!({"key_arn": KEY_B, "event_name": "Encrypt"}),
        ),
        event("2026-01-02T00:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-02-01T00:00:00Z",
            json!({"key_arn": KEY_A, "resource": "r1", "resource_list": ["r1", "r2"]}),
        ),
        event(
            "2026-02-02T00:00:00Z",
            json!({"key_arn": KEY_B, "event_name": "Encrypt"}),
        ),
        event(
            "2026-02-03T00:00:00Z",
            json!({
                "key_arn": KEY_B, "outcome": "denied", "error_code": "AccessDenied", "denied_by": "key_policy",
                "resource": "r3", "resource_list": ["r3"],
            }),
        ),
        event(
            "2026-02-03T00:00:00Z",
            json!({"key_as_typed": "alias/none", "outcome": "not_found", "error_code": "NotFoundException"}),
        ),
        event(
            "2026-02-03T00:00:00Z",
            json!({"outcome": "denied", "error_code": "AccessDenied"}),
        ),
        event(
            "2026-02-04T00:00:00Z",
            json!({"key_arn": KEY_B, "outcome": "denied", "is_dry_run": true}),
        ),
        event("2026-02-20T00:00:00Z", json!({"key_arn": KEY_B})),
    ];
    let (rows, told) = activity(events, ALICE, &["operation", "key", "resource", "refusal"]).await;
    assert_eq!(
        rows,
        [
            "operation | Decrypt | - | false | Decrypt 1 | 1 | 3 | Decrypt 3 | 1 | 1".to_owned(),
            "operation | Encrypt | - | true | Encrypt 1 | 1 | 0 | - | 0 | 0".to_owned(),
            format!("key | {KEY_B} | - | true | Encrypt 1 | 1 | 1 | Decrypt 1 | 1 | 0"),
            format!("key | {KEY_A} | - | false | Decrypt 1 | 1 | 0 | - | 0 | 1"),
            "key | (none told) | - | true | - | 0 | 1 | Decrypt 1 | 0 | 0".to_owned(),
            "key | alias/none | - | true | - | 0 | 1 | Decrypt 1 | 0 | 0".to_owned(),
            format!("resource | r1 | {KEY_A} | true | Decrypt 1 | 1 | 0 | - | 0 | 0"),
            format!("resource | r2 | {KEY_A} | true | Decrypt 1 | 1 | 0 | - | 0 | 0"),
            format!("resource | r3 | {KEY_B} | true | - | 0 | 1 | Decrypt 1 | 0 | 0"),
            "refusal | Decrypt denied (AccessDenied) | (none told) | true | - | 0 | 1 | Decrypt 1 | 0 | 0".to_owned(),
            format!("refusal | Decrypt denied by key_policy (AccessDenied) | {KEY_B} | true | - | 0 | 1 | Decrypt 1 | 0 | 0"),
            "refusal | Decrypt not_found (NotFoundException) | alias/none | true | - | 0 | 1 | Decrypt 1 | 0 | 0".to_owned(),
        ]
    );
    assert_eq!(
        told,
        [
            "matched: 6 calls match as caller",
            "outside-window: 3 more calls outside the window, from 2026-01-01T23:59:59Z to 2026-02-20T00:00:00Z",
            "history: 1 of the 30 days before the window has events; what was done only on the others is marked new",
        ]
    );
}

#[tokio::test]
async fn a_call_of_a_principal_counts_once_with_both_keys_of_a_reencrypt() {
    let mut events = cross_account("2026-02-02T00:00:00Z", "s1");
    events.push(event(
        "2026-02-03T00:00:00Z",
        json!({
            "caller": BOB, "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B,
            "encryption_context": "{\"aws:ebs:id\":\"vol-1\"}", "destination_encryption_context": "{\"aws:ebs:id\":\"vol-2\"}",
            "resource": "ec2.amazonaws.com:vol-1",
            "resource_list": ["ec2.amazonaws.com:vol-1", "ec2.amazonaws.com:vol-2"],
        }),
    ));
    let correction = json!({
        "caller": BOB, "key_arn": KEY_A, "is_correction": true, "original_event_id": "first", "event_id": "second",
    });
    events.push(event(
        "2026-02-04T00:00:00Z",
        json!({"caller": BOB, "key_arn": KEY_A, "event_id": "first"}),
    ));
    events.push(event("2026-02-04T00:00:00Z", correction));
    let kinds = ["caller", "access key id", "key", "resource"];
    let (rows, told) = activity(events, BOB, &kinds).await;
    assert_eq!(
        rows,
        [
            format!("caller | {BOB} | - | true | Decrypt 2, ReEncrypt 1 | 3 | 0 | - | 0 | 0"),
            "access key id | ASIAB | - | true | Decrypt 1 | 1 | 0 | - | 0 | 0".to_owned(),
            format!("key | {KEY_A} | - | true | Decrypt 2, ReEncrypt 1 | 3 | 0 | - | 0 | 0"),
            format!("key | {KEY_B} | - | true | ReEncrypt 1 | 1 | 0 | - | 0 | 0"),
            format!(
                "resource | ec2.amazonaws.com:vol-1 | {KEY_A} | true | ReEncrypt 1 | 1 | 0 | - | 0 | 0"
            ),
            format!(
                "resource | ec2.amazonaws.com:vol-2 | {KEY_B} | true | ReEncrypt 1 | 1 | 0 | - | 0 | 0"
            ),
        ]
    );
    let short = "history: 0 of the 30 days before the window have events; what was done only on the others is marked new";
    let given_up: Vec<&String> = told.iter().filter(|text| *text == short).collect();
    assert_eq!(given_up.len(), 1, "{told:?}");
    assert!(
        told.contains(&"matched: 3 calls match as caller".to_owned()),
        "{told:?}"
    );
}

#[tokio::test]
async fn without_a_start_nothing_is_marked_new() {
    let context = context(vec![event(
        "2026-02-02T00:00:00Z",
        json!({"key_arn": KEY_A}),
    )])
    .await;
    let request = request(None, "2026-02-19", &[("principal", "alice")]);
    let columns = ["what", "name", "is_new", "before"];
    let (rows, told) = answer(&context, "principal-activity", &request, &columns).await;
    assert!(rows.contains(&format!("key | {KEY_A} | - | -")), "{rows:?}");
    assert_eq!(
        told,
        [
            "matched: 1 call matches as caller",
            "no-start: the window has no start, so nothing is marked new; give --since",
        ]
    );
}
