//! The report `first-seen`.

use serde_json::{Value, json};

use super::{BOB, cross_account};
use crate::report::tests::{
    ALICE, KEY_A, KEY_B, OTHER, answer, context, context_of_months, context_since, event, request,
};

/// The first event of all is of the first of January, nine days before the window.
fn reach(days_with_records: usize) -> String {
    let have = if days_with_records == 1 {
        "has"
    } else {
        "have"
    };
    format!(
        "history: {days_with_records} of the 9 days before the window {have} events; what was seen only on the others \
         counts as new"
    )
}

async fn first_seen(events: Vec<Value>, columns: &[&str]) -> (Vec<String>, Vec<String>) {
    let context = context(events).await;
    let request = request(Some("2026-01-10"), "2026-01-19", &[]);
    answer(&context, "first-seen", &request, columns).await
}

/// Calls by one caller each, before the window and in it.
fn calls_by_caller() -> Vec<Value> {
    let by = |time: &str, caller: &str, members: Value| {
        let mut row = event(time, json!({"caller": caller, "key_arn": KEY_A}));
        for (name, value) in members.as_object().expect("an object") {
            row[name] = value.clone();
        }
        row
    };
    vec![
        by("2026-01-01T00:00:00Z", "old", json!({})),
        by(
            "2026-01-02T00:00:00Z",
            "tried",
            json!({"outcome": "denied"}),
        ),
        by(
            "2026-01-02T00:00:00Z",
            "tries",
            json!({"outcome": "denied"}),
        ),
        by(
            "2026-01-02T00:00:00Z",
            "probed",
            json!({"outcome": "dry_run", "is_dry_run": true}),
        ),
        // The last second before the window, and its first.
        by("2026-01-09T23:59:59Z", "just-before", json!({})),
        by("2026-01-10T00:00:00Z", "just-in", json!({})),
        by("2026-01-11T00:00:00Z", "old", json!({})),
        by("2026-01-11T00:00:00Z", "just-before", json!({})),
        by(
            "2026-01-12T00:00:00Z",
            "tried",
            json!({"event_id": "at-last"}),
        ),
        by(
            "2026-01-12T00:00:00Z",
            "tries",
            json!({"outcome": "denied"}),
        ),
        by(
            "2026-01-12T00:00:00Z",
            "probed",
            json!({"outcome": "dry_run", "is_dry_run": true}),
        ),
        // Only refused, and only probed: new all the same.
        by(
            "2026-01-13T00:00:00Z",
            "refused",
            json!({"outcome": "denied", "error_code": "AccessDenied"}),
        ),
        by(
            "2026-01-14T00:00:00Z",
            "probe",
            json!({"outcome": "denied", "is_dry_run": true}),
        ),
        // A correction is the call that it corrects.
        by(
            "2026-01-15T00:00:00Z",
            "corrected",
            json!({"event_id": "wrong", "caller": "mistaken"}),
        ),
        by(
            "2026-01-15T00:00:00Z",
            "corrected",
            json!({"event_id": "right", "is_correction": true, "original_event_id": "wrong"}),
        ),
        by("2026-01-20T00:00:00Z", "after", json!({})),
    ]
}

#[tokio::test]
async fn only_what_never_succeeded_before_is_seen_first() {
    let mut events = calls_by_caller();
    events.extend(cross_account("2026-01-16T00:00:00Z", "s1"));
    let columns = [
        "kind",
        "name",
        "before",
        "first_time",
        "successes",
        "failures",
        "failure_reasons",
        "dry_runs",
    ];
    let (rows, told) = first_seen(events, &columns).await;
    assert_eq!(
        rows,
        [
            "caller | just-in | - | 2026-01-10T00:00:00Z | 1 | 0 | - | 0".to_owned(),
            "caller | tried | refused since 2026-01-02T00:00:00Z | 2026-01-12T00:00:00Z | 1 | 0 | - | 0".to_owned(),
            "caller | refused | - | 2026-01-13T00:00:00Z | 0 | 1 | denied 1 | 0".to_owned(),
            "caller | probe | - | 2026-01-14T00:00:00Z | 0 | 0 | - | 1".to_owned(),
            "caller | corrected | - | 2026-01-15T00:00:00Z | 1 | 0 | - | 0".to_owned(),
            format!("caller | {BOB} | - | 2026-01-16T00:00:00Z | 1 | 0 | - | 0"),
            "network | 203.0.113.0/24 | - | 2026-01-16T00:00:00Z | 1 | 0 | - | 0".to_owned(),
        ]
    );
    // Bob's own log begins with his call.
    let begins = format!(
        "logs-begin: logs of account {OTHER} begin at 2026-01-16T00:00:00Z; what only they show counts as new"
    );
    let no_address = "no-address: 9 operations have no address, because a service called";
    assert_eq!(told, [&reach(3), &begins, no_address]);
}

/// Calls from addresses on objects.
fn calls_from_addresses() -> Vec<Value> {
    let from = |time: &str, address: &str, key: &str, objects: &[&str]| {
        event(
            time,
            json!({"source_ip": address, "key_arn": key, "resource": objects.first(), "resource_list": objects}),
        )
    };
    vec![
        from(
            "2026-01-01T00:00:00Z",
            "198.51.100.1",
            KEY_A,
            &["arn:aws:s3:::old/1"],
        ),
        from("2026-01-01T00:00:00Z", "2001:db8:1:2::1", KEY_A, &[]),
        // Another address of a known network, another object of a known bucket.
        from(
            "2026-01-11T00:00:00Z",
            "198.51.100.200",
            KEY_A,
            &["arn:aws:s3:::old/2"],
        ),
        from("2026-01-11T00:00:00Z", "2001:db8:1:ffff::9", KEY_A, &[]),
        from("2026-01-12T00:00:00Z", "198.51.101.1", KEY_A, &[]),
        from("2026-01-13T00:00:00Z", "2001:db8:2::1", KEY_A, &[]),
        // The name of a service is no network.
        from(
            "2026-01-14T00:00:00Z",
            "s3.amazonaws.com",
            KEY_B,
            &["arn:aws:s3:::new/1", "arn:aws:s3:::new/2"],
        ),
        from(
            "2026-01-15T00:00:00Z",
            "AWS Internal",
            KEY_B,
            &["arn:aws:s3:::new/3", "ec2.amazonaws.com:vol-1"],
        ),
        {
            let mut inside = from("2026-01-16T00:00:00Z", "10.0.0.1", KEY_A, &[]);
            inside["vpc_endpoint_id"] = json!("vpce-1");
            inside
        },
        // A key that nothing resolves is new as it was typed.
        event(
            "2026-01-17T00:00:00Z",
            json!({"key_as_typed": "alias/none", "outcome": "not_found", "source_ip": "198.51.100.1"}),
        ),
    ]
}

#[tokio::test]
async fn networks_keys_and_buckets_are_seen_first() {
    let (rows, told) = first_seen(
        calls_from_addresses(),
        &[
            "kind",
            "name",
            "first_time",
            "successes",
            "failures",
            "key_sample",
        ],
    )
    .await;
    assert_eq!(
        rows,
        [
            format!("key | {KEY_B} | 2026-01-14T00:00:00Z | 2 | 0 | {KEY_B}"),
            "key | alias/none | 2026-01-17T00:00:00Z | 0 | 1 | alias/none".to_owned(),
            format!("network | 198.51.101.0/24 | 2026-01-12T00:00:00Z | 1 | 0 | {KEY_A}"),
            format!("network | 2001:db8:2::/48 | 2026-01-13T00:00:00Z | 1 | 0 | {KEY_A}"),
            format!("network | vpce-1 | 2026-01-16T00:00:00Z | 1 | 0 | {KEY_A}"),
            format!("resource | arn:aws:s3:::new | 2026-01-14T00:00:00Z | 2 | 0 | {KEY_B}"),
            format!("resource | ec2.amazonaws.com:vol-1 | 2026-01-15T00:00:00Z | 1 | 0 | {KEY_B}"),
        ]
    );
    assert_eq!(
        told,
        [
            reach(1).as_str(),
            "no-address: 2 operations have no address, because a service called"
        ]
    );
}

/// An alias stands for the key of its time: moved to a key of old, it is not new; a key it is moved to may be.
#[tokio::test]
async fn a_moved_alias_brings_a_key_that_is_seen_first() {
    let alias = |time: &str, name: &str, key: &str| {
        event(
            time,
            json!({"event_name": name, "alias_name": "alias/app", "key_arn": key}),
        )
    };
    let typed = |time: &str| {
        event(
            time,
            json!({"key_as_typed": "alias/app", "outcome": "throttled"}),
        )
    };
    let events = vec![
        alias("2026-01-01T00:00:00Z", "CreateAlias", KEY_A),
        typed("2026-01-11T00:00:00Z"),
        alias("2026-01-12T00:00:00Z", "UpdateAlias", KEY_B),
        typed("2026-01-13T00:00:00Z"),
    ];
    let (rows, _) = first_seen(events, &["kind", "name", "operations", "failed_operations"]).await;
    assert_eq!(rows, [format!("key | {KEY_B} | UpdateAlias 1 | Decrypt 1")]);
}

#[tokio::test]
async fn what_roll_ups_still_know_is_marked_and_what_logs_cannot_prove_is_told() {
    let by = |time: &str, caller: &str, key: &str| {
        event(
            time,
            json!({
                "caller": caller, "key_arn": key, "source_ip": "198.51.100.1",
                "resource": "vol", "resource_list": ["vol"],
            }),
        )
    };
    let events = vec![
        by("2025-12-01T00:00:00Z", "old", KEY_A),
        by("2026-01-05T00:00:00Z", "known", KEY_B),
        by("2026-01-11T00:00:00Z", "old", KEY_A),
        by("2026-01-12T00:00:00Z", "new", KEY_B),
    ];
    // The events of the old year were given up; the roll-ups still tell the caller and the key.
    let context = context_since(events, "2026-01-01", &[]).await;
    let window = request(Some("2026-01-10"), "2026-01-19", &[]);
    let columns = ["kind", "name", "before"];
    let (rows, told) = answer(&context, "first-seen", &window, &columns).await;
    assert_eq!(
        rows,
        [
            "caller | old | counted since 2025-12-01T00:00:00Z".to_owned(),
            "caller | new | -".to_owned(),
            format!("key | {KEY_A} | counted since 2025-12-01T00:00:00Z"),
        ]
    );
    assert_eq!(
        told,
        [
            "history: 2 of the 40 days before the window have events; what was seen only on the others counts as new",
            "deleted: events before 2026-01-01T00:00:00Z are deleted; a network seen only before then counts as new",
        ]
    );
}

/// A key that only the counts of months know is not new.
#[tokio::test]
async fn a_key_that_only_months_still_know_is_marked() {
    let events = vec![
        event("2025-11-01T00:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-05T00:00:00Z", json!({"key_arn": KEY_B})),
        event("2026-01-11T00:00:00Z", json!({"key_arn": KEY_A})),
    ];
    let context = context_of_months(events, "2026-01-01").await;
    let window = request(Some("2026-01-10"), "2026-01-19", &[]);
    let columns = ["kind", "name", "before"];
    let (rows, _told) = answer(&context, "first-seen", &window, &columns).await;
    let expected = format!("key | {KEY_A} | counted since 2025-11-01T00:00:00Z");
    assert!(rows.contains(&expected), "{rows:?}");
}

#[tokio::test]
async fn logs_that_begin_within_the_window_prove_nothing_new() {
    let events = vec![event("2026-01-11T00:00:00Z", json!({"key_arn": KEY_A}))];
    let (rows, told) = first_seen(events, &["kind", "name", "before"]).await;
    assert_eq!(
        rows,
        [
            format!("caller | {ALICE} | -"),
            format!("key | {KEY_A} | -")
        ]
    );
    assert_eq!(
        told,
        [
            "logs-begin: the logs begin at 2026-01-11T00:00:00Z, within the window; everything in it is seen for the first time",
            "no-address: 1 operation has no address, because a service called",
        ]
    );
}
