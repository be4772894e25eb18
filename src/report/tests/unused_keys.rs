//! The report `unused-keys`: everything here must be right from the roll-up alone.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_US, OTHER, OWNER, answer, context, context_of_months,
    context_of_rollups, event, request, summary,
};

const COLUMNS: &[&str] = &[
    "key_arn",
    "last_use",
    "uses_before",
    "last_callers",
    "failed_attempts",
];

/// Asks on 2026-04-01 for 30 days without use: the window begins on 2026-03-02.
async fn check(events: Vec<Value>, columns: &[&str], expected: &[&str], caveats: &[&str]) {
    let request = request(None, "2026-03-31", &[("days", "30")]);
    for is_held in [true, false] {
        let context = if is_held {
            context(events.clone()).await
        } else {
            context_of_rollups(events.clone()).await
        };
        let (rows, told) = answer(&context, "unused-keys", &request, columns).await;
        assert_eq!(rows, expected, "events held: {is_held}");
        assert_eq!(told, caveats, "events held: {is_held}");
    }
}

/// A use long before the window, so that the logs cover it.
fn old(key: &str) -> Value {
    event("2026-01-01T10:00:00Z", json!({"key_arn": key}))
}

#[tokio::test]
async fn a_key_is_unused_when_its_last_success_is_before_the_window() {
    let events = vec![
        old(KEY_A),
        event(
            "2026-01-01T11:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "Encrypt", "caller": "bob"}),
        ),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "DescribeKey"}),
        ),
        event(
            "2026-03-06T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "unusable_key"}),
        ),
        event(
            "2026-03-07T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "dry_run", "is_dry_run": true}),
        ),
        old(KEY_B),
        event("2026-03-02T00:00:00Z", json!({"key_arn": KEY_B})),
        // Known, never used.
        event(
            "2026-02-01T00:00:00Z",
            json!({"key_arn": MRK_EU, "event_name": "CreateKey"}),
        ),
        event(
            "2026-02-02T00:00:00Z",
            json!({"key_arn": MRK_EU, "event_name": "ScheduleKeyDeletion"}),
        ),
        event(
            "2026-02-03T00:00:00Z",
            json!({"key_arn": MRK_EU, "event_name": "CancelKeyDeletion", "outcome": "denied"}),
        ),
        // First heard of after the window.
        event(
            "2026-04-01T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1"}),
        ),
    ];
    let columns = [
        COLUMNS,
        &[
            "last_change",
            "uses_of_other_keys",
            "first_seen",
            "last_seen",
        ],
    ]
    .concat();
    let never = format!(
        "{MRK_EU} | - | 0 | - | 0 | ScheduleKeyDeletion 2026-02-02T00:00:00Z | 1 | 2026-02-01T00:00:00Z | 2026-02-03T00:00:00Z"
    );
    let unused = format!(
        "{KEY_A} | 2026-01-01T11:00:00Z | 2 | bob, {ALICE} | 1 | - | 1 | 2026-01-01T10:00:00Z | 2026-03-07T00:00:00Z"
    );
    check(events, &columns, &[&never, &unused], &[]).await;
}

#[tokio::test]
async fn the_edge_of_the_window_is_exact() {
    let last_second = format!("{KEY_A} | 2026-03-01T23:59:59Z | 1 | {ALICE} | 0");
    let events = vec![
        event("2026-03-01T23:59:59Z", json!({"key_arn": KEY_A})),
        event("2026-03-31T23:59:59Z", json!({"key_arn": KEY_B})),
    ];
    check(events, COLUMNS, &[&last_second], &[]).await;
}

#[tokio::test]
async fn a_reencrypt_from_a_key_to_itself_is_one_use_in_the_log() {
    let events = vec![
        old(KEY_A),
        event(
            "2026-03-05T00:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": KEY_B, "destination_key_arn": KEY_B}),
        ),
    ];
    let expected = format!("{KEY_A} | 1 | 1");
    let columns = ["key_arn", "uses_before", "uses_of_other_keys"];
    check(events, &columns, &[&expected], &[]).await;
}

/// A log whose uses only the counts of months know is not one that shows no use.
#[tokio::test]
async fn uses_of_other_keys_are_known_after_the_daily_counts_are_deleted() {
    let events = vec![
        old(KEY_A),
        event("2026-03-05T00:00:00Z", json!({"key_arn": KEY_B})),
        event(
            "2026-03-30T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "DescribeKey"}),
        ),
    ];
    let context = context_of_months(events, "2026-03-20").await;
    let request = request(None, "2026-03-31", &[("days", "30")]);
    let columns = ["key_arn", "uses_of_other_keys"];
    let (rows, _told) = answer(&context, "unused-keys", &request, &columns).await;
    assert_eq!(rows, [format!("{KEY_A} | 1")]);
}

#[tokio::test]
async fn one_member_of_a_set_keeps_the_others() {
    let events = vec![
        old(MRK_EU),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1"}),
        ),
    ];
    check(events, COLUMNS, &[], &[]).await;
    let events = vec![
        old(MRK_EU),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": MRK_US, "event_name": "CreateKey"}),
        ),
    ];
    let told = "2 known: eu-west-1, us-east-1";
    let expected = [
        format!("{MRK_EU} | 2026-01-01T10:00:00Z | 1 | {ALICE} | 0 | {told}"),
        format!("{MRK_US} | 2026-01-01T10:00:00Z | 1 | {ALICE} | 0 | {told}"),
    ];
    check(
        events,
        &[COLUMNS, &["multi_region"]].concat(),
        &[&expected[0], &expected[1]],
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_use_from_another_account_is_a_use_and_counts_once() {
    let from_outside = |time: &str| {
        [(OWNER, "account:222222222222"), (OTHER, "arn:aws:iam::222222222222:role/bob")].map(|(recipient, caller)| {
            event(time, json!({"key_arn": KEY_A, "recipient_account_id": recipient, "caller": caller, "caller_account_id": OTHER, "shared_event_id": "s"}))
        })
    };
    let unused =
        format!("{KEY_A} | 2026-01-01T00:00:00Z | 1 | arn:aws:iam::222222222222:role/bob | 0");
    check(
        from_outside("2026-01-01T00:00:00Z").to_vec(),
        COLUMNS,
        &[&unused],
        &[],
    )
    .await;
    // The caller's record alone proves the use.
    let [_, copy] = from_outside("2026-03-05T00:00:00Z");
    check(vec![old(KEY_A), copy], COLUMNS, &[], &[]).await;
}

#[tokio::test]
async fn a_key_encrypted_anew_under_itself_is_used_once() {
    let to_itself =
        json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_A});
    let to_other =
        json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B});
    let refused = json!({
        "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_A, "outcome": "denied",
    });
    let events = vec![
        event("2026-01-01T10:00:00Z", to_itself),
        event("2026-01-01T11:00:00Z", to_other),
        event("2026-03-05T00:00:00Z", refused.clone()),
        // The window ends within a day, which is told by its events.
        event("2026-03-31T09:00:00Z", refused),
        event(
            "2026-03-31T23:00:00Z",
            json!({"key_arn": KEY_B, "event_name": "DescribeKey"}),
        ),
    ];
    let expected = [
        format!("{KEY_A} | 2026-01-01T11:00:00Z | 2 | {ALICE} | 2"),
        format!("{KEY_B} | 2026-01-01T11:00:00Z | 1 | {ALICE} | 0"),
    ];
    check(events.clone(), COLUMNS, &[&expected[0], &expected[1]], &[]).await;
    let request = request(Some("2026-03-01"), "2026-03-31T12:00:00Z", &[]);
    let (rows, _) = answer(&context(events).await, "unused-keys", &request, COLUMNS).await;
    assert_eq!(rows, expected);
}

/// A use of KEY_B that a later record tells anew, as one that was refused.
fn corrected(time: &str, members: &Value) -> Vec<Value> {
    let mut correction = event(
        time,
        json!({"event_id": "correction", "key_arn": KEY_B, "is_correction": true, "original_event_id": "first"}),
    );
    for (name, value) in members.as_object().expect("members") {
        correction[name] = value.clone();
    }
    let first = event(time, json!({"event_id": "first", "key_arn": KEY_B}));
    vec![first, correction]
}

#[tokio::test]
async fn a_corrected_record_gives_way_to_its_correction() {
    let unused = |last: &str, uses: u32, attempts: u32| {
        format!("{KEY_B} | {last} | {uses} | {ALICE} | {attempts}")
    };
    let gone = "deleted-corrections: 1 correction has deleted events; calls may be counted as first recorded";
    let refused = json!({"outcome": "denied"});
    for (events, held, counted) in [
        // Told again as a success: one use.
        (
            corrected("2026-01-05T10:00:00Z", &json!({})),
            Some(unused("2026-01-05T10:00:00Z", 2, 0)),
            Some(unused("2026-01-05T10:00:00Z", 2, 0)),
        ),
        // Told again as a refusal: none, which only the events can say.
        (
            corrected("2026-01-05T10:00:00Z", &refused),
            Some(unused("2026-01-01T10:00:00Z", 1, 0)),
            Some(unused("2026-01-05T10:00:00Z", 2, 0)),
        ),
        // The only use within the window was none.
        (
            corrected("2026-03-05T10:00:00Z", &refused),
            Some(unused("2026-01-01T10:00:00Z", 1, 1)),
            None,
        ),
    ] {
        let events = [vec![old(KEY_B)], events].concat();
        let request = request(None, "2026-03-31", &[("days", "30")]);
        let context = context(events.clone()).await;
        let (rows, caveats) = answer(&context, "unused-keys", &request, COLUMNS).await;
        assert_eq!((rows, caveats), (held.into_iter().collect(), vec![]));
        let context = context_of_rollups(events).await;
        let (rows, caveats) = answer(&context, "unused-keys", &request, COLUMNS).await;
        let expected: Vec<String> = counted.into_iter().collect();
        assert_eq!((rows, caveats), (expected, vec![gone.to_owned()]));
    }
}

#[tokio::test]
async fn uses_that_name_no_arn_are_resolved_or_told() {
    let id = &KEY_B[KEY_B.len() - 36..];
    let events = vec![
        old(KEY_A),
        old(KEY_B),
        event("2026-03-05T00:00:00Z", json!({"key_as_typed": id})),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_as_typed": "alias/somewhere"}),
        ),
        event("2026-03-06T00:00:00Z", json!({})),
        event("2026-03-06T00:00:00Z", json!({"outcome": "denied"})),
        event(
            "2026-03-06T00:00:00Z",
            json!({"event_name": "GenerateRandom"}),
        ),
    ];
    let unused = format!("{KEY_A} | 2026-01-01T10:00:00Z | 1 | {ALICE} | 0");
    let caveat = "unresolved: 2 uses name no known key; each could be of one of these keys";
    check(events, COLUMNS, &[&unused], &[caveat]).await;
}

#[tokio::test]
async fn an_alias_counts_for_its_key() {
    let events = vec![
        old(KEY_A),
        event(
            "2026-01-02T00:00:00Z",
            json!({"event_name": "CreateAlias", "alias_name": "alias/app", "key_arn": KEY_A}),
        ),
        event("2026-03-05T00:00:00Z", json!({"key_as_typed": "alias/app"})),
    ];
    let request = request(None, "2026-03-31", &[]);
    let context = context(events).await;
    let (rows, caveats) = answer(&context, "unused-keys", &request, COLUMNS).await;
    assert_eq!((rows, caveats), (Vec::new(), Vec::new()));
    // No row is no proof: the logs begin within the 90 days.
    let expected = [
        "1 key of your 1 account seen in logs: 1 used, 0 unused",
        "the logs begin at 2026-01-01T10:00:00Z, after the window does: nothing is known of the time before, and a key used \
         at any time since then counts as used; the longest window within the logs is --days 89",
    ];
    assert_eq!(summary(&context, "unused-keys", &request).await, expected);
}

#[tokio::test]
async fn account_and_region_are_the_keys() {
    let events = vec![
        old(MRK_EU),
        event(
            "2026-01-01T10:00:00Z",
            json!({"key_arn": MRK_US, "event_name": "CreateKey"}),
        ),
        old(KEY_A),
    ];
    let mut request = request(Some("2026-03-01"), "2026-03-31", &[]);
    request.filters.region = Some("us-east-1".to_owned());
    request.filters.account = Some(OWNER.to_owned());
    let (rows, _) = answer(
        &context(events).await,
        "unused-keys",
        &request,
        &["key_arn", "account", "region"],
    )
    .await;
    assert_eq!(rows, [format!("{MRK_US} | {OWNER} | us-east-1")]);
}

#[tokio::test]
async fn a_refused_dry_run_is_no_attempt() {
    let events = vec![
        old(KEY_A),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied", "is_dry_run": true}),
        ),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied"}),
        ),
    ];
    let unused = format!("{KEY_A} | 2026-01-01T10:00:00Z | 1 | {ALICE} | 1");
    check(events, COLUMNS, &[&unused], &[]).await;
}

#[tokio::test]
async fn keys_that_may_not_exist_and_those_not_found_are_left_out() {
    let failed = |key: &str, outcome: &str| {
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": key, "outcome": outcome}),
        )
    };
    let events = vec![
        old(MRK_US),
        failed(KEY_A, "denied"),
        failed(KEY_B, "not_found"),
        failed(MRK_EU, "unusable_key"),
    ];
    let expected = [
        format!("{MRK_EU} | 2026-01-01T10:00:00Z | 1"),
        format!("{MRK_US} | 2026-01-01T10:00:00Z | 0"),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let caveat = "never-found: 1 key ARN left out: KMS only ever answered \"not found\"";
    let columns = ["key_arn", "last_use", "failed_attempts"];
    check(events.clone(), &columns, &expected, &[caveat]).await;
    let request = request(None, "2026-03-31", &[("days", "30")]);
    let said = summary(&context(events).await, "unused-keys", &request).await;
    let unproven = format!(
        "left out, named only in refused calls or dry runs, so that they may not exist: 1 ({KEY_A})"
    );
    assert!(said.contains(&unproven), "{said:?}");
}

/// What a window within one day is answered; KEY_A was used and refused at 06:00 and at 18:00.
async fn within_a_day(since: &str, until: &str, is_held: bool) -> (Vec<String>, Vec<String>) {
    let mut events = vec![old(KEY_B)];
    for time in ["2026-03-05T06:00:00Z", "2026-03-05T18:00:00Z"] {
        events.push(event(time, json!({"key_arn": KEY_A})));
        events.push(event(time, json!({"key_arn": KEY_A, "outcome": "denied"})));
        events.push(event(
            time,
            json!({"key_arn": KEY_A, "event_name": "EnableKey"}),
        ));
    }
    let context = if is_held {
        context(events).await
    } else {
        context_of_rollups(events).await
    };
    let request = request(Some(since), until, &[]);
    let columns = [COLUMNS, &["last_change", "last_seen"]].concat();
    let (mut rows, caveats) = answer(&context, "unused-keys", &request, &columns).await;
    rows.retain(|row| row.starts_with(KEY_A));
    (rows, caveats)
}

#[tokio::test]
async fn a_window_within_a_day_is_answered_from_its_events() {
    let row = |at: &str, uses: u32, attempts: u32| {
        format!(
            "{KEY_A} | 2026-03-05T{at}:00:00Z | {uses} | {ALICE} | {attempts} \
             | EnableKey 2026-03-05T{at}:00:00Z | 2026-03-05T{at}:00:00Z"
        )
    };
    let day = |hour: &str| format!("2026-03-05T{hour}:00:00Z");
    for (since, until, expected) in [
        ("07", "17", vec![row("06", 1, 0)]),
        ("07", "19", vec![]),
        ("06", "17", vec![]),
        ("05", "06", vec![]),
        ("19", "20", vec![row("18", 2, 0)]),
    ] {
        let (rows, caveats) = within_a_day(&day(since), &day(until), true).await;
        assert_eq!(rows, expected, "{since} {until}");
        assert!(caveats.is_empty(), "{caveats:?}");
    }
}

#[tokio::test]
async fn a_window_within_a_day_whose_events_are_gone_calls_no_key_unused_wrongly() {
    let day = |hour: &str| format!("2026-03-05T{hour}:00:00Z");
    let caveat = "partial-day: 1 key left out: uses of one day extend beyond both ends of the window (events deleted)";
    let after = format!(
        "{KEY_A} | 2026-03-05T18:00:00Z | 2 | {ALICE} | 0 | EnableKey 2026-03-05T18:00:00Z | 2026-03-05T18:00:00Z"
    );
    for (since, until, rows, caveats) in [
        ("07", "17", vec![], vec![caveat]),
        ("07", "19", vec![], vec![]),
        ("06", "17", vec![], vec![]),
        ("19", "20", vec![after], vec![]),
    ] {
        let answered = within_a_day(&day(since), &day(until), false).await;
        let caveats: Vec<String> = caveats.into_iter().map(str::to_owned).collect();
        assert_eq!(answered, (rows, caveats), "{since} {until}");
    }
}
