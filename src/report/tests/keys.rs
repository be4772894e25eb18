//! The views `keys` and `throttles`.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_US, OTHER, OWNER, context, context_of_months,
    context_of_rollups, context_since, event, query,
};

fn change(time: &str, name: &str, mut members: Value) -> Value {
    members["event_name"] = json!(name);
    if members.get("key_arn").is_none() {
        members["key_arn"] = json!(KEY_A);
    }
    event(time, members)
}

#[tokio::test]
async fn what_is_known_of_a_key_is_told_with_its_time() {
    let created = r#"{"keyMetadata":{"customerMasterKeySpec":"RSA_2048","keySpec":"RSA_2048","keyUsage":"SIGN_VERIFY","origin":"EXTERNAL","description":"first","keyState":"PendingImport"}}"#;
    let replica = r#"{"replicaKeyMetadata":{"keySpec":"SYMMETRIC_DEFAULT","keyUsage":"ENCRYPT_DECRYPT","origin":"AWS_KMS","description":"copy","keyState":"Creating"}}"#;
    let events = vec![
        change(
            "2026-01-01T00:00:00Z",
            "CreateKey",
            json!({"response": created}),
        ),
        change(
            "2026-01-02T00:00:00Z",
            "UpdateKeyDescription",
            json!({"request": "{\"description\":\"second\"}"}),
        ),
        change("2026-01-03T00:00:00Z", "EnableKeyRotation", json!({})),
        change("2026-01-04T00:00:00Z", "RotateKey", json!({})),
        change("2026-01-05T00:00:00Z", "DisableKeyRotation", json!({})),
        // A refused change changes nothing.
        change(
            "2026-01-06T00:00:00Z",
            "EnableKeyRotation",
            json!({"outcome": "denied"}),
        ),
        change(
            "2026-01-06T00:00:00Z",
            "PutKeyPolicy",
            json!({"outcome": "denied"}),
        ),
        change(
            "2026-01-07T00:00:00Z",
            "ReplicateKey",
            json!({"key_arn": MRK_EU, "destination_key_arn": MRK_US, "response": replica}),
        ),
        // Nothing but a use.
        event("2026-01-08T00:00:00Z", json!({"key_arn": KEY_B})),
    ];
    let columns = [
        "key_arn",
        "state",
        "state_source",
        "created_time",
        "created_by",
        "spec",
        "usage",
        "origin",
        "description",
        "description_time",
        "rotation",
        "rotation_time",
        "rotated_time",
        "policy_time",
        "is_multi_region",
    ];
    let rows = query(
        &context(events).await,
        "SELECT * FROM keys ORDER BY key_arn",
        &columns,
    )
    .await;
    let expected = [
        format!(
            "{KEY_A} | PendingImport | operation | 2026-01-01T00:00:00Z | {ALICE} | RSA_2048 | SIGN_VERIFY | EXTERNAL | second \
             | 2026-01-02T00:00:00Z | disabled | 2026-01-05T00:00:00Z | 2026-01-04T00:00:00Z | - | false"
        ),
        format!("{KEY_B} | Enabled | use | - | - | - | - | - | - | - | - | - | - | - | false"),
        format!("{MRK_EU} | - | - | - | - | - | - | - | - | - | - | - | - | - | true"),
        format!(
            "{MRK_US} | Creating | operation | 2026-01-07T00:00:00Z | {ALICE} | SYMMETRIC_DEFAULT | ENCRYPT_DECRYPT | AWS_KMS \
             | copy | 2026-01-07T00:00:00Z | - | - | - | - | true"
        ),
    ];
    assert_eq!(rows, expected);
}

/// What happened to a key, and its state with the time, the source and the date of deletion.
fn states() -> [(Vec<Value>, &'static str); 12] {
    let schedule = || {
        change(
            "2026-01-01T00:00:00Z",
            "ScheduleKeyDeletion",
            json!({"pending_window_days": 7, "deletion_date": "2026-01-08T00:00:00Z"}),
        )
    };
    let used = |time: &str| event(time, json!({"key_arn": KEY_A}));
    let refused = |time: &str, message: &str| {
        event(
            time,
            json!({"key_arn": KEY_A, "outcome": "unusable_key", "error_message": message}),
        )
    };
    let pending = format!("{KEY_A} is pending deletion.");
    [
        (
            vec![schedule()],
            "PendingDeletion | 2026-01-01T00:00:00Z | operation | 2026-01-08T00:00:00Z",
        ),
        // A refusal repeats the state and keeps its date.
        (
            vec![schedule(), refused("2026-01-02T00:00:00Z", &pending)],
            "PendingDeletion | 2026-01-02T00:00:00Z | refusal | 2026-01-08T00:00:00Z",
        ),
        // KMS spreads a change slowly: a use just after it proves nothing, a later one does.
        (
            vec![schedule(), used("2026-01-01T00:05:00Z")],
            "PendingDeletion | 2026-01-01T00:00:00Z | operation | 2026-01-08T00:00:00Z",
        ),
        (
            vec![schedule(), used("2026-01-02T00:00:00Z")],
            "Enabled | 2026-01-02T00:00:00Z | use | -",
        ),
        (
            vec![
                schedule(),
                change("2026-01-03T00:00:00Z", "CancelKeyDeletion", json!({})),
            ],
            "Disabled | 2026-01-03T00:00:00Z | operation | -",
        ),
        // So is a refusal just after EnableKey.
        (
            vec![
                change("2026-01-03T00:00:00Z", "EnableKey", json!({})),
                refused("2026-01-03T00:00:30Z", &format!("{KEY_A} is disabled.")),
            ],
            "Enabled | 2026-01-03T00:00:00Z | operation | -",
        ),
        (
            vec![refused(
                "2026-01-03T00:00:30Z",
                &format!("{KEY_A} is disabled."),
            )],
            "Disabled | 2026-01-03T00:00:30Z | refusal | -",
        ),
        // Material that expires does not end the waiting for deletion; otherwise the key waits for an import.
        (
            vec![
                schedule(),
                change(
                    "2026-01-02T00:00:00Z",
                    "DeleteExpiredKeyMaterial",
                    json!({}),
                ),
            ],
            "PendingDeletion | 2026-01-01T00:00:00Z | operation | 2026-01-08T00:00:00Z",
        ),
        (
            vec![change(
                "2026-01-02T00:00:00Z",
                "DeleteImportedKeyMaterial",
                json!({}),
            )],
            "PendingImport | 2026-01-02T00:00:00Z | operation | -",
        ),
        (
            vec![
                schedule(),
                change("2026-01-08T12:00:00Z", "DeleteKey", json!({})),
                used("2026-01-09T00:00:00Z"),
            ],
            "Deleted | 2026-01-08T12:00:00Z | operation | -",
        ),
        // A date that KMS did not answer is reckoned; a dry run changes nothing.
        (
            vec![
                change(
                    "2026-01-01T00:00:00Z",
                    "ScheduleKeyDeletion",
                    json!({"pending_window_days": 30}),
                ),
                change(
                    "2026-01-02T00:00:00Z",
                    "CancelKeyDeletion",
                    json!({"outcome": "dry_run", "is_dry_run": true}),
                ),
            ],
            "PendingDeletion | 2026-01-01T00:00:00Z | operation | 2026-01-31T00:00:00Z",
        ),
        (
            vec![change("2026-01-01T00:00:00Z", "DescribeKey", json!({}))],
            "- | - | - | -",
        ),
    ]
}

#[tokio::test]
async fn the_state_is_the_last_that_the_log_tells() {
    let cases = states();
    // Each on a key of its own.
    let key = |number: usize| KEY_A.replace("aaaaaaaa", &format!("{number:08}"));
    let mut events = Vec::new();
    for (number, (case, _)) in cases.iter().enumerate() {
        events.extend(case.iter().map(|event| {
            let mut event = event.clone();
            event["key_arn"] = json!(key(number));
            event
        }));
    }
    let columns = ["state", "state_time", "state_source", "deletion_date"];
    let rows = query(
        &context(events).await,
        "SELECT * FROM keys ORDER BY key_arn",
        &columns,
    )
    .await;
    assert_eq!(rows, cases.map(|(_, expected)| expected));
}

#[tokio::test]
async fn a_throttled_call_is_one_row_at_its_caller() {
    let throttled = |mut members: Value| {
        members["outcome"] = json!("throttled");
        event("2026-01-01T00:00:00Z", members)
    };
    let shared = |recipient: &str, caller: &str| {
        throttled(json!({
            "key_arn": KEY_A, "shared_event_id": "s", "caller": caller, "caller_account_id": OTHER,
            "recipient_account_id": recipient,
        }))
    };
    let events = vec![
        shared(OWNER, &format!("account:{OTHER}")),
        shared(OTHER, "bob"),
        throttled(json!({"event_name": "GenerateRandom", "caller": "dice"})),
        throttled(json!({"event_id": "first", "caller": "corrected"})),
        throttled(
            json!({"key_as_typed": "alias/x", "caller": "corrected", "is_correction": true, "original_event_id": "first"}),
        ),
        event("2026-01-01T00:00:00Z", json!({"key_arn": KEY_A})),
    ];
    let rows = query(
        &context(events).await,
        "SELECT * FROM throttles ORDER BY caller",
        &["account", "caller", "event_name", "key"],
    )
    .await;
    let expected = [
        format!("{OTHER} | bob | Decrypt | {KEY_A}"),
        format!("{OWNER} | corrected | Decrypt | alias/x"),
        format!("{OWNER} | dice | GenerateRandom | -"),
    ];
    assert_eq!(rows, expected);
}

/// The state of KEY_A, who told it, when, and when the key was created; once the events are gone, and while they are held.
async fn check_counted(changes: &[(&str, &str)], held: &str, counted: &str) {
    let events: Vec<Value> = changes
        .iter()
        .map(|(time, name)| change(time, name, json!({})))
        .collect();
    let columns = ["state", "state_source", "state_time", "created_time"];
    for (context, expected) in [
        (context(events.clone()).await, held),
        (context_of_rollups(events).await, counted),
    ] {
        let rows = query(&context, "SELECT * FROM keys", &columns).await;
        assert_eq!(rows, [expected], "{changes:?}");
    }
}

#[tokio::test]
async fn what_was_done_to_a_key_outlives_its_events() {
    let created = ("2026-01-01T00:00:00Z", "CreateKey");
    let scheduled = ("2026-01-02T00:00:00Z", "ScheduleKeyDeletion");
    let deleted = "Deleted | operation | 2026-02-09T00:00:00Z | 2026-01-01T00:00:00Z";
    check_counted(
        &[created, scheduled, ("2026-02-09T00:00:00Z", "DeleteKey")],
        deleted,
        deleted,
    )
    .await;
    let pending = "PendingDeletion | operation | 2026-01-02T00:00:00Z | 2026-01-01T00:00:00Z";
    check_counted(&[created, scheduled], pending, pending).await;
    let rescued = "Disabled | operation | 2026-01-03T00:00:00Z | -";
    check_counted(
        &[scheduled, ("2026-01-03T00:00:00Z", "CancelKeyDeletion")],
        rescued,
        rescued,
    )
    .await;
    let enabled = "Enabled | operation | 2026-01-04T00:00:00Z | -";
    check_counted(
        &[
            ("2026-01-03T00:00:00Z", "DisableKey"),
            ("2026-01-04T00:00:00Z", "EnableKey"),
        ],
        enabled,
        enabled,
    )
    .await;
    // Whether the key was made with material, or lost some, the counts do not tell.
    let made = "Enabled | operation | 2026-01-01T00:00:00Z | 2026-01-01T00:00:00Z";
    check_counted(&[created], made, "- | - | - | 2026-01-01T00:00:00Z").await;
    let emptied = "PendingImport | operation | 2026-01-05T00:00:00Z | -";
    let changes = [
        ("2026-01-04T00:00:00Z", "EnableKey"),
        ("2026-01-05T00:00:00Z", "DeleteImportedKeyMaterial"),
    ];
    check_counted(&changes, emptied, "- | - | - | -").await;
}

#[tokio::test]
async fn what_the_counts_tell_gives_way_to_later_events_and_to_corrections() {
    let columns = ["state", "state_source", "state_time"];
    let events = vec![
        change("2026-01-02T00:00:00Z", "DisableKey", json!({})),
        change("2026-02-02T00:00:00Z", "EnableKey", json!({})),
    ];
    let rows = query(
        &context_since(events, "2026-02-01", &[]).await,
        "SELECT * FROM keys",
        &columns,
    )
    .await;
    assert_eq!(rows, ["Enabled | operation | 2026-02-02T00:00:00Z"]);
    // A deletion that a correction tells anew, as one that failed.
    let events = vec![
        change("2026-01-01T00:00:00Z", "EnableKey", json!({})),
        change(
            "2026-01-02T00:00:00Z",
            "DeleteKey",
            json!({"event_id": "first"}),
        ),
        change(
            "2026-01-02T00:00:00Z",
            "DeleteKey",
            json!({"outcome": "error", "is_correction": true, "original_event_id": "first"}),
        ),
    ];
    let rows = query(&context(events).await, "SELECT * FROM keys", &columns).await;
    assert_eq!(rows, ["Enabled | operation | 2026-01-01T00:00:00Z"]);
}

/// When the daily counts were deleted, those of the months are what is left.
#[tokio::test]
async fn states_of_before_the_daily_counts_are_told_by_those_of_months() {
    let columns = ["key_arn", "state", "state_time", "created_time"];
    let of = |key: &str| json!({"key_arn": key});
    let events = vec![
        change("2026-01-02T00:00:00Z", "CreateKey", of(KEY_A)),
        change("2026-01-03T00:00:00Z", "DeleteKey", of(KEY_A)),
        change("2026-01-04T00:00:00Z", "DisableKey", of(KEY_B)),
        // The month that the deletion cuts has an earlier and a later change.
        change("2026-02-02T00:00:00Z", "EnableKey", of(KEY_B)),
        change("2026-02-20T00:00:00Z", "DisableKey", of(KEY_B)),
    ];
    let context = context_of_months(events, "2026-02-10").await;
    let rows = query(&context, "SELECT * FROM keys ORDER BY key_arn", &columns).await;
    let deleted = format!("{KEY_A} | Deleted | 2026-01-03T00:00:00Z | 2026-01-02T00:00:00Z");
    let disabled = format!("{KEY_B} | Disabled | 2026-02-20T00:00:00Z | -");
    let mut expected = [deleted, disabled];
    expected.sort();
    assert_eq!(rows, expected);
}
