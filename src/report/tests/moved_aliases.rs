//! Uses that typed an alias on a day on which it moved: each is of the key that the alias pointed to at the time.

use serde_json::{Value, json};

use super::{
    KEY_A, KEY_B, OTHER, answer, context, context_of_rollups, context_of_runs, event, query,
    request,
};

const ALIAS_ARN: &str = "arn:aws:kms:eu-west-1:111111111111:alias/m";
const BOB: &str = "arn:aws:iam::222222222222:role/bob";
const UNTIL: &str = "2026-12-31";

fn pointed(time: &str, operation: &str, key: &str) -> Value {
    event(
        time,
        json!({"event_name": operation, "alias_name": "alias/m", "key_arn": key}),
    )
}

fn typed(time: &str, members: Value) -> Value {
    let mut typed = event(time, json!({"key_as_typed": "alias/m"}));
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        typed[name] = value;
    }
    typed
}

/// The alias points to A until 03:00 and to B from then on; A is used once, B twice.
fn day() -> Vec<Value> {
    vec![
        pointed("2026-01-10T01:00:00Z", "CreateAlias", KEY_A),
        typed("2026-01-10T02:00:00Z", json!({})),
        pointed("2026-01-10T03:00:00Z", "UpdateAlias", KEY_B),
        event(
            "2026-01-10T04:00:00Z",
            json!({"event_name": "ScheduleKeyDeletion", "key_arn": KEY_A, "deletion_date": "2026-01-17T04:00:00Z"}),
        ),
        typed("2026-01-10T10:00:00Z", json!({})),
        typed("2026-01-10T11:00:00Z", json!({})),
        // The logs go on.
        event("2026-01-15T00:00:00Z", json!({"event_name": "ListKeys"})),
    ]
}

const KEYS: &str =
    "SELECT key_arn, state, state_source, deletion_date, last_use FROM keys ORDER BY key_arn";
const STATES: &[&str] = &[
    "key_arn",
    "state",
    "state_source",
    "deletion_date",
    "last_use",
];

#[tokio::test]
async fn a_key_that_will_be_deleted_is_not_kept_alive_by_its_former_alias() {
    let rows = query(&context(day()).await, KEYS, STATES).await;
    let expected = [
        format!(
            "{KEY_A} | PendingDeletion | operation | 2026-01-17T04:00:00Z | 2026-01-10T02:00:00Z"
        ),
        format!("{KEY_B} | Enabled | use | - | 2026-01-10T11:00:00Z"),
    ];
    assert_eq!(rows, expected);
}

/// Then the last use of A may have been as late as the move, and what may be another key's use tells no state: that of A
/// is known from the counts of operations, and that of B is not.
#[tokio::test]
async fn without_the_events_a_use_of_a_moved_alias_tells_no_state() {
    let rows = query(&context_of_rollups(day()).await, KEYS, STATES).await;
    let expected = [
        format!("{KEY_A} | PendingDeletion | operation | - | 2026-01-10T02:59:59Z"),
        format!("{KEY_B} | - | - | - | 2026-01-10T11:00:00Z"),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn each_key_counts_its_own_uses() {
    let context = context(day()).await;
    for (key, uses) in [(KEY_A, "1"), (KEY_B, "2")] {
        let asked = request(None, UNTIL, &[("key", key)]);
        let (rows, caveats) = answer(&context, "top-callers", &asked, &["uses", "keys"]).await;
        assert_eq!(rows, [format!("{uses} | 1")], "{key}");
        assert_eq!(caveats, Vec::<String>::new());
        let (rows, _) = answer(&context, "operations", &asked, &["operation", "successes"]).await;
        assert_eq!(rows[0], format!("Decrypt | {uses}"));
    }
    let (rows, _) = answer(
        &context,
        "top-callers",
        &request(None, UNTIL, &[]),
        &["uses", "keys"],
    )
    .await;
    assert_eq!(rows, ["3 | 2"]);
}

#[tokio::test]
async fn without_the_events_each_key_may_have_had_all_uses_and_a_note_says_so() {
    let context = context_of_rollups(day()).await;
    let told = "moved-alias: 3 operations typed an alias that moved that day; counted for each key (events deleted)";
    for (arguments, expected) in [
        (vec![], "3 | 2"),
        (vec![("key", KEY_A)], "3 | 1"),
        (vec![("key", KEY_B)], "3 | 1"),
    ] {
        let asked = request(None, UNTIL, &arguments);
        let (rows, caveats) = answer(&context, "top-callers", &asked, &["uses", "keys"]).await;
        assert_eq!(rows, [expected]);
        assert_eq!(caveats, [told]);
    }
}

#[tokio::test]
async fn unused_keys_tell_the_last_use_of_each_and_no_doubt() {
    let asked = request(None, "2026-01-15T12:00:00Z", &[("days", "3")]);
    let columns = ["key_arn", "last_use", "uses_before"];
    let (rows, caveats) = answer(&context(day()).await, "unused-keys", &asked, &columns).await;
    let expected = [
        format!("{KEY_A} | 2026-01-10T02:00:00Z | 1"),
        format!("{KEY_B} | 2026-01-10T11:00:00Z | 2"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(caveats, Vec::<String>::new());
    let (rows, caveats) = answer(
        &context_of_rollups(day()).await,
        "unused-keys",
        &asked,
        &columns,
    )
    .await;
    let expected = [
        format!("{KEY_A} | 2026-01-10T02:59:59Z | 3"),
        format!("{KEY_B} | 2026-01-10T11:00:00Z | 3"),
    ];
    assert_eq!(rows, expected);
    let told = "moved-alias: 3 uses typed an alias that moved that day; counted for each key (events deleted)";
    assert_eq!(caveats, [told]);
}

#[tokio::test]
async fn a_foreign_caller_of_the_alias_uses_each_key_once() {
    let from_outside = || {
        json!({
            "key_as_typed": ALIAS_ARN, "caller": BOB, "caller_account_id": OTHER, "recipient_account_id": OTHER,
        })
    };
    let context = context(vec![
        pointed("2026-01-10T01:00:00Z", "CreateAlias", KEY_A),
        typed("2026-01-10T02:00:00Z", from_outside()),
        pointed("2026-01-10T03:00:00Z", "UpdateAlias", KEY_B),
        typed("2026-01-10T10:00:00Z", from_outside()),
    ])
    .await;
    let asked = request(None, UNTIL, &[]);
    let columns = ["caller", "key_arn", "uses"];
    let (rows, _) = answer(&context, "cross-account", &asked, &columns).await;
    assert_eq!(
        rows,
        [
            format!("{BOB} | {KEY_A} | 1"),
            format!("{BOB} | {KEY_B} | 1")
        ]
    );
}

/// What was put under a key by its alias is within the reach of whoever decrypts with its ARN.
#[tokio::test]
async fn resources_protected_through_an_alias_are_within_reach() {
    let bucket = "arn:aws:s3:::bk/o";
    let context = context(vec![
        pointed("2026-01-10T01:00:00Z", "CreateAlias", KEY_A),
        typed(
            "2026-01-10T02:00:00Z",
            json!({"event_name": "Encrypt", "resource": bucket, "resource_list": [bucket]}),
        ),
        event(
            "2026-01-12T06:00:00Z",
            json!({"key_arn": KEY_A, "caller": BOB}),
        ),
    ])
    .await;
    let columns = ["name", "key", "reach"];
    let expected = format!("arn:aws:s3:::bk | {KEY_A} | within reach");
    for argument in [("principal", BOB), ("key", KEY_A)] {
        let asked = request(Some("2026-01-12"), UNTIL, &[argument]);
        let (rows, _) = answer(&context, "blast-radius", &asked, &columns).await;
        assert!(rows.contains(&expected), "{argument:?}: {rows:?}");
    }
}

/// What several reports say of the day, and the caveats of each.
async fn answers(context: &datafusion::prelude::SessionContext) -> Vec<(Vec<String>, Vec<String>)> {
    let mut told = Vec::new();
    for (report, key, columns) in [
        ("operations", Some(KEY_A), &["operation", "successes"][..]),
        ("operations", Some(KEY_B), &["operation", "successes"]),
        (
            "top-callers",
            None,
            &["caller", "uses", "keys", "last_time"],
        ),
        (
            "cross-account",
            None,
            &["caller", "key_arn", "uses", "last_time"],
        ),
    ] {
        let arguments: Vec<_> = key.map(|key| ("key", key)).into_iter().collect();
        told.push(answer(context, report, &request(None, UNTIL, &arguments), columns).await);
    }
    let asked = request(None, "2026-01-15T12:00:00Z", &[("days", "3")]);
    let columns = ["key_arn", "last_use", "uses_before"];
    told.push(answer(context, "unused-keys", &asked, &columns).await);
    told.push((query(context, KEYS, STATES).await, Vec::new()));
    told
}

/// The events of a day come in one run or in two, however they are shared out: each run counts its own, and until its
/// rows are merged the day has several.
#[tokio::test]
async fn runs_that_share_a_day_on_which_an_alias_moves_tell_what_one_run_tells() {
    let from_outside = json!({
        "key_as_typed": ALIAS_ARN, "caller": BOB, "caller_account_id": OTHER, "recipient_account_id": OTHER,
    });
    let mut events = day();
    events.push(typed("2026-01-10T02:30:00Z", from_outside.clone()));
    events.push(typed("2026-01-10T12:00:00Z", from_outside));
    for (number, event) in events.iter_mut().enumerate() {
        event["event_id"] = json!(format!("event-{number:02}"));
        event["content_hash"] = json!(format!("{number:032x}"));
    }
    let expected = answers(&context(events.clone()).await).await;
    assert_eq!(expected[0].0[0], "Decrypt | 2");
    assert_eq!(expected[1].0[0], "Decrypt | 3");
    // The typed records and the alias operations, in all ways that matter: those of one kind after the other, and mixed.
    for first_run in [
        0b0_0000_0011_u32,
        0b0_0000_0101,
        0b0_0011_0010,
        0b0_1000_1010,
        0b1_0101_0101,
        0b0_1001_0111,
    ] {
        let (first, second): (Vec<_>, Vec<_>) = events
            .iter()
            .cloned()
            .enumerate()
            .partition(|(number, _)| first_run >> number & 1 == 1);
        let runs = [first, second].map(|run| run.into_iter().map(|(_, event)| event).collect());
        let told = answers(&context_of_runs(&runs).await).await;
        assert_eq!(told, expected, "{first_run:b}");
    }
}
