//! The roll-ups.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, OTHER, OWNER, batch, event, lines, numbered, register, rollup};
use crate::schema;

async fn rows(events: Vec<Value>, table: &'static schema::Table, columns: &[&str]) -> Vec<String> {
    let context = crate::sql::context();
    register(
        &context,
        "new_kms_events",
        batch(schema::KMS_EVENTS.arrow(), &numbered(events)),
    );
    let mut rows = lines(&[rollup(&context, table).await], columns);
    rows.sort();
    rows
}

#[tokio::test]
async fn usage_has_a_row_for_each_key_of_an_event() {
    let events = vec![
        // Two hours of one day add up: bits 0 and 23.
        event("2026-01-02T00:10:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-02T23:59:59Z",
            json!({"key_arn": KEY_A, "key_as_typed": "alias/a"}),
        ),
        event(
            "2026-01-02T05:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B}),
        ),
        event(
            "2026-01-02T06:00:00Z",
            json!({"event_name": "ReEncrypt", "destination_key_as_typed": "alias/b"}),
        ),
        event(
            "2026-01-02T07:00:00Z",
            json!({"event_name": "GenerateRandom"}),
        ),
        event(
            "2026-01-02T08:00:00Z",
            json!({"key_as_typed": "alias/a", "outcome": "denied"}),
        ),
    ];
    let columns = [
        "key",
        "key_role",
        "event_name",
        "outcome",
        "use_label",
        "count",
        "first_time",
        "last_time",
        "hours_mask",
    ];
    let rows = rows(events, &schema::USAGE_DAILY, &columns).await;
    let expected = [
        "- | none | GenerateRandom | success | none | 1 | 2026-01-02T07:00:00Z | 2026-01-02T07:00:00Z | 128".to_owned(),
        "- | none | ReEncrypt | success | none | 1 | 2026-01-02T06:00:00Z | 2026-01-02T06:00:00Z | 64".to_owned(),
        "alias/a | only | Decrypt | denied | none | 1 | 2026-01-02T08:00:00Z | 2026-01-02T08:00:00Z | 256".to_owned(),
        "alias/b | destination | ReEncrypt | success | none | 1 | 2026-01-02T06:00:00Z | 2026-01-02T06:00:00Z | 64".to_owned(),
        format!("{KEY_A} | only | Decrypt | success | none | 2 | 2026-01-02T00:10:00Z | 2026-01-02T23:59:59Z | 8388609"),
        format!("{KEY_A} | source | ReEncrypt | success | none | 1 | 2026-01-02T05:00:00Z | 2026-01-02T05:00:00Z | 32"),
        format!("{KEY_B} | destination | ReEncrypt | success | none | 1 | 2026-01-02T05:00:00Z | 2026-01-02T05:00:00Z | 32"),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_record_role_is_judged_for_each_key() {
    let foreign = format!("arn:aws:kms:eu-west-1:{OTHER}:key/cccccccc-0000-0000-0000-000000000004");
    let events = vec![
        event(
            "2026-01-02T00:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": foreign}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_B, "recipient_account_id": null}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_as_typed": format!("arn:aws:kms:eu-west-1:{OTHER}:alias/x"), "is_correction": true}),
        ),
        event("2026-01-02T00:00:00Z", json!({"use_label": "self"})),
    ];
    let columns = [
        "key",
        "recipient_account_id",
        "record_role",
        "is_correction",
        "use_label",
        "count",
    ];
    let rows = rows(events, &schema::USAGE_DAILY, &columns).await;
    let expected = [
        format!("- | {OWNER} | owner | false | self | 1"),
        format!("{KEY_A} | {OWNER} | owner | false | none | 1"),
        format!("{KEY_B} | - | owner | false | none | 1"),
        format!("arn:aws:kms:eu-west-1:{OTHER}:alias/x | {OWNER} | caller_copy | true | none | 1"),
        format!("{foreign} | {OWNER} | caller_copy | false | none | 1"),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn resources_are_folded_directed_and_counted_once_an_event() {
    let object = |name: &str| format!("arn:aws:s3:::bucket/{name}");
    let events = vec![
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "resource_list": [object("a"), object("b")], "service": "s3.amazonaws.com"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "resource_list": ["arn:aws:s3:::bucket"], "service": "s3.amazonaws.com"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "GenerateDataKeyWithoutPlaintext", "resource_list": ["ec2.amazonaws.com:vol-1", "x"], "service": "ec2.amazonaws.com"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_as_typed": "alias/a", "event_name": "CreateGrant", "resource_list": ["ec2.amazonaws.com:vol-1"], "caller_account_id": null}),
        ),
        // None of these counts: no success, a dry run, no use, no resource, no key.
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "resource_list": ["r"], "outcome": "denied"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "resource_list": ["r"], "is_dry_run": true}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "resource_list": ["r"], "event_name": "DescribeKey"}),
        ),
        event("2026-01-03T00:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-03T00:00:00Z", json!({"resource_list": ["r"]})),
    ];
    let columns = [
        "key",
        "service",
        "resource",
        "direction",
        "caller_account_id",
        "count",
        "last_time",
    ];
    let rows = rows(events, &schema::KEY_RESOURCES, &columns).await;
    let expected = [
        "alias/a | ec2.amazonaws.com | ec2.amazonaws.com:vol-1 | grant | - | 1 | 2026-01-03T00:00:00Z".to_owned(),
        format!("{KEY_A} | ec2.amazonaws.com | ec2.amazonaws.com:vol-1 | encrypt | {OWNER} | 1 | 2026-01-03T00:00:00Z"),
        format!("{KEY_A} | ec2.amazonaws.com | x | encrypt | {OWNER} | 1 | 2026-01-03T00:00:00Z"),
        format!("{KEY_A} | s3.amazonaws.com | arn:aws:s3:::bucket | decrypt | {OWNER} | 2 | 2026-01-03T00:00:00Z"),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_resources_of_a_reencrypt_go_to_their_side() {
    let events = vec![event(
        "2026-01-02T00:00:00Z",
        json!({
            "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B, "caller": ALICE,
            "resource_list": ["ec2.amazonaws.com:vol-1", "ec2.amazonaws.com:snap-2", "ssm.amazonaws.com:p"],
            // That a value stands in a member which names no resource puts it on no side.
            "encryption_context": "{\"aws:ebs:id\":\"vol-1\",\"note\":\"snap-2\"}",
            "destination_encryption_context": "{\"aws:ebs:id\":\"snap-2\"}",
        }),
    )];
    let rows = rows(
        events,
        &schema::KEY_RESOURCES,
        &["key", "resource", "direction"],
    )
    .await;
    let expected = [
        format!("{KEY_A} | ec2.amazonaws.com:vol-1 | decrypt"),
        format!("{KEY_A} | ssm.amazonaws.com:p | decrypt"),
        format!("{KEY_B} | ec2.amazonaws.com:snap-2 | encrypt"),
        format!("{KEY_B} | ssm.amazonaws.com:p | encrypt"),
    ];
    assert_eq!(rows, expected);
}

/// A context copied for each of its own resources would be tens of gigabytes.
#[tokio::test]
async fn the_contexts_of_a_reencrypt_may_be_large() {
    const MEMBERS: usize = 20_000;
    let resource = |number: usize| format!("arn:aws:sns:eu-west-1:{OWNER}:topic-{number}");
    let text = |numbers: std::ops::Range<usize>| {
        let members = numbers.map(|number| format!("\"aws:t:{number}\":\"{}\"", resource(number)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    // The sides share all but the first and the last.
    let resources: Vec<String> = (0..=MEMBERS).map(resource).collect();
    let events = vec![event(
        "2026-01-02T00:00:00Z",
        json!({
            "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B, "resource_list": resources,
            "encryption_context": text(0..MEMBERS),
            "destination_encryption_context": text(1..MEMBERS + 1),
        }),
    )];
    let rows = rows(
        events,
        &schema::KEY_RESOURCES,
        &["key", "resource", "direction", "count"],
    )
    .await;
    let mut expected: Vec<String> = (0..MEMBERS)
        .flat_map(|number| {
            [
                format!("{KEY_A} | {} | decrypt | 1", resource(number)),
                format!("{KEY_B} | {} | encrypt | 1", resource(number + 1)),
            ]
        })
        .collect();
    expected.sort();
    assert!(rows == expected, "{} of {}", rows.len(), expected.len());
}

#[tokio::test]
async fn a_dry_run_stands_apart_whatever_its_outcome() {
    let dry_run = |outcome: &str| {
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": outcome, "is_dry_run": true}),
        )
    };
    let events = vec![
        dry_run("dry_run"),
        dry_run("denied"),
        dry_run("unusable_key"),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied"}),
        ),
    ];
    let rows = rows(events, &schema::USAGE_DAILY, &["outcome", "count"]).await;
    assert_eq!(rows, ["denied | 1", "dry_run | 3"]);
}

#[tokio::test]
async fn no_events_give_no_rows() {
    for table in [&schema::USAGE_DAILY, &schema::KEY_RESOURCES] {
        assert_eq!(
            rows(Vec::new(), table, &["key"]).await,
            Vec::<String>::new()
        );
    }
}
