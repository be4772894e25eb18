//! The report `who-used`.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_ID, MRK_US, OTHER, OWNER, answer, context, context_of_rollups,
    context_with, event, request, summary,
};
use crate::schema;

const COUNTS: &[&str] = &[
    "kind",
    "caller",
    "service",
    "operations",
    "successes",
    "other_calls",
    "failures",
    "failure_reasons",
];

async fn check(
    events: Vec<Value>,
    key: &str,
    columns: &[&str],
    expected: &[&str],
    caveats: &[&str],
) {
    let context = context(events).await;
    let request = request(None, "2026-12-31", &[("key", key)]);
    let (rows, told) = answer(&context, "who-used", &request, columns).await;
    assert_eq!(rows, expected);
    assert_eq!(told, caveats);
}

#[tokio::test]
async fn callers_have_their_operations_sessions_resources_and_failures() {
    let use_of = |time: &str, name: &str, session: &str, resources: Value| {
        event(
            time,
            json!({
                "key_arn": KEY_A, "event_name": name, "session_name": session, "service": "s3.amazonaws.com",
                "resource": resources[0], "resource_list": resources,
            }),
        )
    };
    let events = vec![
        use_of(
            "2026-01-01T00:00:00Z",
            "Decrypt",
            "one",
            json!(["r1", "r2"]),
        ),
        use_of("2026-01-02T00:00:00Z", "Decrypt", "two", json!(["r1"])),
        use_of("2026-01-03T00:00:00Z", "Encrypt", "one", json!(["r3"])),
        use_of("2026-01-04T00:00:00Z", "Encrypt", "one", json!(["r4"])),
        use_of("2026-01-05T00:00:00Z", "Decrypt", "one", json!(["r1"])),
        event(
            "2026-01-06T00:00:00Z",
            json!({
                "key_arn": KEY_A, "outcome": "denied", "service": "s3.amazonaws.com",
                "session_name": "three", "resource": "r5", "resource_list": ["r5"],
            }),
        ),
        event(
            "2026-01-07T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "throttled", "service": "s3.amazonaws.com"}),
        ),
        event(
            "2026-01-08T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied", "service": "s3.amazonaws.com"}),
        ),
        event(
            "2026-01-09T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "DescribeKey"}),
        ),
        event("2026-01-09T00:00:00Z", json!({"key_arn": KEY_B})),
    ];
    let columns = [
        COUNTS,
        &[
            "sessions",
            "session_sample",
            "resources",
            "resource_sample",
            "first_time",
            "last_time",
            "failed_operations",
            "last_failure",
        ],
    ]
    .concat();
    let expected = [
        format!(
            "use | {ALICE} | s3.amazonaws.com | Decrypt 3, Encrypt 2 | 5 | 0 | 3 | denied 2, throttled 1 \
             | 2 | one, two | 4 | r1, r2, r3 | 2026-01-01T00:00:00Z | 2026-01-05T00:00:00Z \
             | Decrypt 3 | 2026-01-08T00:00:00Z"
        ),
        format!(
            "management | {ALICE} | - | DescribeKey 1 | 0 | 1 | 0 | - \
             | 0 | - | 0 | - | 2026-01-09T00:00:00Z | 2026-01-09T00:00:00Z | - | -"
        ),
    ];
    check(events, KEY_A, &columns, &[&expected[0], &expected[1]], &[]).await;
}

#[tokio::test]
async fn a_cross_account_call_counts_once_with_the_callers_name() {
    let bob = format!("arn:aws:iam::{OTHER}:role/bob");
    let copies = |shared: &str, is_owners_held: bool| {
        let mut records = vec![event(
            "2026-01-01T00:00:00Z",
            json!({
                "key_arn": KEY_A, "shared_event_id": shared, "caller": bob,
                "recipient_account_id": OTHER, "caller_account_id": OTHER, "session_name": "b",
            }),
        )];
        if is_owners_held {
            records.push(event("2026-01-01T00:00:00Z", json!({
                "key_arn": KEY_A, "shared_event_id": shared, "caller": format!("account:{OTHER}"), "caller_account_id": OTHER,
            })));
        }
        records
    };
    let mut events = copies("s1", true);
    events.extend(copies("s2", false));
    let expected = format!("{bob} | Decrypt 2 | 2 | 1 | b");
    check(
        events,
        KEY_A,
        &[
            "caller",
            "operations",
            "successes",
            "sessions",
            "session_sample",
        ],
        &[&expected],
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_reencrypt_uses_both_keys_and_a_dry_run_none() {
    let events = || {
        vec![
            event(
                "2026-01-01T00:00:00Z",
                json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B}),
            ),
            event(
                "2026-01-02T00:00:00Z",
                json!({"key_arn": KEY_B, "outcome": "dry_run", "is_dry_run": true}),
            ),
            event(
                "2026-01-02T00:00:00Z",
                json!({"key_arn": KEY_B, "outcome": "denied", "is_dry_run": true}),
            ),
        ]
    };
    let source = format!("use | {ALICE} | - | ReEncrypt (source) 1 | 1 | 0 | 0 | -");
    check(events(), KEY_A, COUNTS, &[&source], &[]).await;
    let destination = format!("use | {ALICE} | - | ReEncrypt (destination) 1 | 1 | 0 | 0 | -");
    check(
        events(),
        KEY_B,
        COUNTS,
        &[&destination],
        &["dry-runs: 2 dry runs of this key not counted"],
    )
    .await;
}

#[tokio::test]
async fn a_failed_call_that_typed_an_alias_is_found() {
    let events = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": "CreateAlias", "alias_name": "alias/app", "key_arn": KEY_A}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_as_typed": "alias/app", "outcome": "unusable_key"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_as_typed": "alias/other", "outcome": "not_found"}),
        ),
        event("2026-01-03T00:00:00Z", json!({})),
        event("2026-01-03T00:00:00Z", json!({"region": "us-east-1"})),
    ];
    let used = format!("use | {ALICE} | - | - | 0 | 0 | 1 | unusable_key 1");
    let managed = format!("management | {ALICE} | - | CreateAlias 1 | 0 | 1 | 0 | -");
    let caveat = "unresolved: 2 operations name no key (1 succeeded); some may be of this key";
    check(events.clone(), "app", COUNTS, &[&used, &managed], &[caveat]).await;
    // An alias that no record resolves is still answered for, as it was typed.
    let failed = format!("use | {ALICE} | - | - | 0 | 0 | 1 | not_found 1");
    check(events, "alias/other", COUNTS, &[&failed], &[]).await;
}

#[tokio::test]
async fn a_multi_region_id_asks_for_the_whole_set() {
    let events = || {
        vec![
            event("2026-01-01T00:00:00Z", json!({"key_arn": MRK_EU})),
            event(
                "2026-01-02T00:00:00Z",
                json!({"key_arn": MRK_US, "region": "us-east-1"}),
            ),
            // An operation on two members is one operation.
            event(
                "2026-01-03T00:00:00Z",
                json!({"event_name": "ReEncrypt", "key_arn": MRK_EU, "destination_key_arn": MRK_US}),
            ),
        ]
    };
    let set = format!("use | {ALICE} | - | Decrypt 2, ReEncrypt (source) 1 | 3 | 0 | 0 | -");
    check(
        events(),
        &MRK_ID.to_uppercase().replace("MRK", "mrk"),
        COUNTS,
        &[&set],
        &[],
    )
    .await;
    let member =
        format!("use | {ALICE} | - | Decrypt 1, ReEncrypt (destination) 1 | 2 | 0 | 0 | -");
    check(events(), MRK_US, COUNTS, &[&member], &[]).await;
}

#[tokio::test]
async fn windows_are_half_open_and_labels_stand_apart() {
    let context = context(vec![
        event("2026-01-01T00:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-02T00:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "use_label": "self", "recipient_account_id": OWNER}),
        ),
    ])
    .await;
    let columns = ["caller", "label", "successes"];
    let day = request(Some("2026-01-01"), "2026-01-01", &[("key", KEY_A)]);
    let (rows, _) = answer(&context, "who-used", &day, &columns).await;
    assert_eq!(rows, [format!("{ALICE} | - | 1")]);
    let days = request(Some("2026-01-01"), "2026-01-02", &[("key", KEY_A)]);
    let (rows, _) = answer(&context, "who-used", &days, &columns).await;
    assert_eq!(
        rows,
        [format!("{ALICE} | - | 2"), format!("{ALICE} | self | 1")]
    );
}

#[tokio::test]
async fn a_caller_who_only_failed_has_a_row_without_times_of_use() {
    let events = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied", "session_name": "one"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied", "event_name": "Encrypt", "session_name": "two"}),
        ),
    ];
    let columns = [
        "operations",
        "successes",
        "sessions",
        "first_time",
        "last_time",
        "failures",
        "failed_operations",
        "last_failure",
    ];
    let expected = "- | 0 | 0 | - | - | 2 | Decrypt 1, Encrypt 1 | 2026-01-02T00:00:00Z";
    check(events, KEY_A, &columns, &[expected], &[]).await;
}

#[tokio::test]
async fn records_that_a_correction_replaces_are_told() {
    let events = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_id": "first", "key_arn": KEY_A, "caller": "bob"}),
        ),
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": KEY_A, "caller": "carol", "is_correction": true, "original_event_id": "first"}),
        ),
    ];
    let expected = "use | carol | - | Decrypt 1 | 1 | 0 | 0 | -";
    let caveat = "corrected: 1 record of this key replaced by a correction, not counted";
    check(events, KEY_A, COUNTS, &[expected], &[caveat]).await;
}

/// The record that is not counted named the key; what is said of it must not depend on what the correction names.
#[tokio::test]
async fn each_record_that_is_replaced_is_told_of_its_own_key() {
    let first = event(
        "2026-01-01T00:00:00Z",
        json!({"event_id": "first", "key_arn": KEY_A, "caller": "bob"}),
    );
    let correction = |key: &str, of: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": key, "is_correction": true, "original_event_id": of, "caller": "carol"}),
        )
    };
    let one = "corrected: 1 record of this key replaced by a correction, not counted";
    // A correction says that it was another key.
    let moved = vec![
        first.clone(),
        event("2026-01-01T01:00:00Z", json!({"key_arn": KEY_A})),
        correction(KEY_B, "first"),
    ];
    let uses = format!("use | {ALICE} | - | Decrypt 1 | 1 | 0 | 0 | -");
    check(moved.clone(), KEY_A, COUNTS, &[&uses], &[one]).await;
    let uses_of_other = "use | carol | - | Decrypt 1 | 1 | 0 | 0 | -";
    check(moved, KEY_B, COUNTS, &[uses_of_other], &[]).await;
    // A correction of a correction replaces two records.
    let twice = vec![
        first.clone(),
        correction(KEY_A, "first"),
        correction(KEY_A, "first"),
    ];
    let two = "corrected: 2 records of this key replaced by a correction, not counted";
    check(twice, KEY_A, COUNTS, &[uses_of_other], &[two]).await;
    // What it corrects was never logged, so nothing is left out.
    let alone = vec![correction(KEY_A, "never logged")];
    check(alone, KEY_A, COUNTS, &[uses_of_other], &[]).await;
    // A second content of one record.
    let mut second = first.clone();
    second["is_correction"] = true.into();
    second["original_event_id"] = "first".into();
    second["user_agent"] = "another".into();
    let uses_of_bob = "use | bob | - | Decrypt 1 | 1 | 0 | 0 | -";
    check(vec![first, second], KEY_A, COUNTS, &[uses_of_bob], &[one]).await;
    // Only an alias says which key it was.
    let by_alias = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_as_typed": "alias/app", "key_arn": KEY_A, "caller": "carol"}),
        ),
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_id": "typed", "key_as_typed": "alias/app"}),
        ),
        correction(KEY_B, "typed"),
    ];
    check(by_alias, KEY_A, COUNTS, &[uses_of_other], &[one]).await;
}

#[tokio::test]
async fn uses_by_an_alias_from_before_it_was_seen_are_told() {
    let by_alias = |time: &str| {
        event(
            time,
            json!({"key_as_typed": "alias/app", "outcome": "denied"}),
        )
    };
    let events = vec![
        by_alias("2026-01-01T00:00:00Z"),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_as_typed": "alias/app", "key_arn": KEY_A}),
        ),
        by_alias("2026-01-03T00:00:00Z"),
        event(
            "2026-01-04T00:00:00Z",
            json!({"key_as_typed": "alias/app", "key_arn": KEY_B}),
        ),
        by_alias("2026-01-05T00:00:00Z"),
    ];
    let caveat = "unproven-alias: 2 records counted for this key by an alias; no log shows where it pointed then";
    let expected = format!("use | {ALICE} | - | Decrypt 1 | 1 | 0 | 2 | denied 2");
    check(events.clone(), KEY_A, COUNTS, &[&expected], &[caveat]).await;
    let expected = format!("use | {ALICE} | - | Decrypt 1 | 1 | 0 | 1 | denied 1");
    check(events, KEY_B, COUNTS, &[&expected], &[]).await;
}

#[tokio::test]
async fn a_key_that_was_never_found_is_answered_for_as_it_was_typed() {
    let elsewhere = KEY_A.replace("eu-west-1", "us-east-1");
    let events = || {
        vec![
            event(
                "2026-01-01T00:00:00Z",
                json!({"key_arn": elsewhere, "outcome": "not_found", "region": "us-east-1"}),
            ),
            event("2026-01-01T00:00:00Z", json!({"key_arn": KEY_A})),
        ]
    };
    let failed = format!("use | {ALICE} | - | - | 0 | 0 | 1 | not_found 1");
    check(events(), &elsewhere, COUNTS, &[&failed], &[]).await;
    // A wrong region in a failed call does not make the id ambiguous.
    let used = format!("use | {ALICE} | - | Decrypt 1 | 1 | 0 | 0 | -");
    check(events(), &KEY_A[KEY_A.len() - 36..], COUNTS, &[&used], &[]).await;
}

/// A call on KEY_A that succeeded, in January.
fn call(day: u32, name: &str) -> Value {
    event(
        &format!("2026-01-{day:02}T00:00:00Z"),
        json!({"key_arn": KEY_A, "event_name": name}),
    )
}

/// What stands above the rows: the state of KEY_A, then what was done with it.
async fn check_summary(events: Vec<Value>, state: &str, done: &str) {
    let context = context(events).await;
    let request = request(None, "2026-12-31", &[("key", KEY_A)]);
    let key = format!("{KEY_A}: account {OWNER}, eu-west-1, no alias seen, {state}");
    assert_eq!(
        summary(&context, "who-used", &request).await,
        [key, done.to_owned()]
    );
}

#[tokio::test]
async fn a_key_that_was_only_managed_was_not_used() {
    let events = vec![
        call(1, "CreateKey"),
        call(2, "DescribeKey"),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "GetKeyPolicy", "caller": "bob"}),
        ),
        // Refused, a dry run, and another key's: none of them is a use of this one.
        event(
            "2026-01-04T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied", "caller": "carol"}),
        ),
        event(
            "2026-01-05T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "dry_run", "is_dry_run": true}),
        ),
        event("2026-01-06T00:00:00Z", json!({"key_arn": KEY_B})),
    ];
    let done = "no successful use; 1 failed attempt by 1 caller; 3 management calls by 2 callers";
    check_summary(events.clone(), "enabled (since 2026-01-01T00:00:00Z)", done).await;
    let used = [events, vec![call(7, "Sign"), call(8, "Verify")]].concat();
    let done = "2 successful uses by 1 caller, last at 2026-01-08T00:00:00Z; 1 failed attempt by 1 caller; \
                3 management calls by 2 callers";
    check_summary(used, "enabled (by a use at 2026-01-08T00:00:00Z)", done).await;
}

#[tokio::test]
async fn the_key_that_was_meant_stands_above_the_rows_with_its_state() {
    let done = |calls: u32| {
        let s = if calls == 1 { "" } else { "s" };
        format!(
            "1 successful use by 1 caller, last at 2026-01-01T00:00:00Z; {calls} management call{s} by 1 caller"
        )
    };
    let scheduled = event(
        "2026-01-03T00:00:00Z",
        json!({"key_arn": KEY_A, "event_name": "ScheduleKeyDeletion", "deletion_date": "2026-01-10T00:00:00Z"}),
    );
    let refused = event(
        "2026-01-05T00:00:00Z",
        json!({"key_arn": KEY_A, "outcome": "unusable_key", "error_message": format!("{KEY_A} is disabled.")}),
    );
    for (more, state, done) in [
        (
            vec![call(2, "DisableKey")],
            "disabled (since 2026-01-02T00:00:00Z)",
            done(1),
        ),
        (
            vec![scheduled.clone()],
            "pending deletion on 2026-01-10T00:00:00Z (since 2026-01-03T00:00:00Z)",
            done(1),
        ),
        (
            vec![scheduled, call(10, "DeleteKey")],
            "deleted (since 2026-01-10T00:00:00Z)",
            done(2),
        ),
        (
            vec![refused],
            "disabled (by a refused call at 2026-01-05T00:00:00Z)",
            "1 successful use by 1 caller, last at 2026-01-01T00:00:00Z; 1 failed attempt by 1 caller".to_owned(),
        ),
    ] {
        check_summary([vec![call(1, "Decrypt")], more].concat(), state, &done).await;
    }
}

#[tokio::test]
async fn each_key_that_an_alias_or_a_set_means_is_named_with_its_account() {
    let events = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": MRK_EU, "key_as_typed": "alias/app"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1", "event_name": "DescribeKey"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_as_typed": "alias/nobody", "outcome": "not_found"}),
        ),
    ];
    let list = [json!({
        "account_id": OWNER, "name": "shop", "taken_at": "2026-01-01T00:00:00Z", "run_id": "r",
    })];
    let context = context_with(events, &schema::ACCOUNTS, &list).await;
    let ask = async |key: &str| {
        summary(
            &context,
            "who-used",
            &request(None, "2026-12-31", &[("key", key)]),
        )
        .await
    };
    let eu = format!(
        "{MRK_EU}: account {OWNER} (shop), eu-west-1, alias/app, enabled (by a use at 2026-01-01T00:00:00Z)"
    );
    let us = format!("{MRK_US}: account {OWNER} (shop), us-east-1, no alias seen, state not known");
    let used = "1 successful use by 1 caller, last at 2026-01-01T00:00:00Z";
    let managed = "1 management call by 1 caller";
    assert_eq!(
        ask(MRK_ID).await,
        [eu.clone(), us.clone(), format!("{used}; {managed}")]
    );
    assert_eq!(ask("app").await, [eu, used.to_owned()]);
    assert_eq!(
        ask(MRK_US).await,
        [us, format!("no successful use; {managed}")]
    );
    let typed = "alias/nobody: typed in calls only, and no log shows that there is such a key";
    let failed = "no successful use; 1 failed attempt by 1 caller";
    assert_eq!(ask("alias/nobody").await, [typed, failed]);
}

/// A window after the last use, or events that are gone, make no key look as if it was never used.
#[tokio::test]
async fn a_use_outside_of_what_was_asked_for_is_told() {
    let events = vec![call(1, "Decrypt"), call(9, "DescribeKey")];
    let told =
        "no successful use in these rows, but the logs show one, last at 2026-01-01T00:00:00Z";
    let later = request(Some("2026-01-05"), "2026-01-31", &[("key", KEY_A)]);
    let lines = summary(&context(events.clone()).await, "who-used", &later).await;
    assert_eq!(lines[1], format!("{told}; 1 management call by 1 caller"));
    let ever = request(None, "2026-01-31", &[("key", KEY_A)]);
    let lines = summary(&context_of_rollups(events).await, "who-used", &ever).await;
    assert_eq!(lines[1], told);
}
