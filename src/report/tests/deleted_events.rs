//! What reports say of events that were deleted, and whose counts are still known.

use serde_json::{Value, json};

use super::{KEY_A, KEY_B, answer, context, context_since, event, request};

const BOB: &str = "arn:aws:iam::111111111111:role/bob";

/// Events are kept from here on.
const HORIZON: &str = "2026-05-09";

/// Three calls on one key and a use of another before the horizon, the first with an alias; a use of either after it.
fn events() -> Vec<Value> {
    let key = |time: &str, members: &[(&str, &str)]| {
        let mut row = event(
            time,
            json!({"key_arn": KEY_A, "access_key_id": "ASIAQWERTYUIOPASDFGH"}),
        );
        for (name, value) in members {
            row[*name] = (*value).into();
        }
        row
    };
    let alias = [
        ("event_name", "CreateAlias"),
        ("key_as_typed", "alias/orders"),
    ];
    vec![
        key("2026-05-01T00:00:00Z", &alias),
        key("2026-05-02T12:00:00Z", &[]),
        key("2026-05-04T12:00:00Z", &[("event_name", "DescribeKey")]),
        key("2026-05-05T10:00:00Z", &[("caller", BOB)]),
        key("2026-05-06T10:00:00Z", &[("key_arn", KEY_B)]),
        key("2026-05-10T10:00:00Z", &[("caller", BOB)]),
        key("2026-05-11T10:00:00Z", &[("key_arn", KEY_B)]),
    ]
}

fn note(horizon: &str, counts: &str) -> Vec<String> {
    vec![format!(
        "deleted: events before {horizon}T00:00:00Z are deleted; {counts}"
    )]
}

fn counted(counts: &str) -> Vec<String> {
    note(
        HORIZON,
        &format!("daily counts still show {counts}; see keytrail report operations"),
    )
}

/// What a report says of deleted events.
async fn told(
    holds: &[(&str, Option<&str>)],
    report: &str,
    window: (Option<&str>, &str),
    arguments: &[(&str, &str)],
) -> Vec<String> {
    let context = context_since(events(), HORIZON, holds).await;
    let request = request(window.0, window.1, arguments);
    let (_, mut told) = answer(&context, report, &request, &[]).await;
    // Not the note of first-seen on networks.
    told.retain(|text| text.starts_with("deleted: ") && text.contains("; daily counts "));
    told
}

const ALL: (Option<&str>, &str) = (None, "2026-12-31");

#[tokio::test]
async fn every_report_of_events_tells_what_their_counts_still_show() {
    for report in [
        "denied",
        "tls",
        "encryption-context",
        "grants",
        "key-material",
        "enclaves",
        "throttled-callers",
        "rhythm",
        "blast-radius",
    ] {
        assert_eq!(
            told(&[], report, ALL, &[]).await,
            counted("3 uses and 1 other call by 2 callers, last at 2026-05-06T10:00:00Z"),
            "{report}"
        );
    }
    let week = told(&[], "first-seen", (None, "2026-05-10"), &[]).await;
    // The week before its end begins on 4 May.
    assert_eq!(
        week,
        counted("2 uses and 1 other call by 2 callers, last at 2026-05-06T10:00:00Z")
    );
    for report in ["who-used", "key-timeline", "blast-radius"] {
        assert_eq!(
            told(&[], report, ALL, &[("key", KEY_A)]).await,
            counted("2 uses and 1 other call by 2 callers, last at 2026-05-05T10:00:00Z"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn reports_of_counts_lack_nothing() {
    for report in [
        "operations",
        "top-callers",
        "cross-account",
        "resources",
        "unused-keys",
        "coverage",
    ] {
        assert!(told(&[], report, ALL, &[]).await.is_empty(), "{report}");
    }
}

#[tokio::test]
async fn only_the_part_of_the_window_that_was_deleted_is_counted() {
    let key = [("key", KEY_A)];
    for (since, until, expected) in [
        (
            Some("2026-05-05"),
            "2026-12-31",
            counted("1 use by 1 caller, last at 2026-05-05T10:00:00Z"),
        ),
        (
            None,
            "2026-05-03",
            counted("1 use by 1 caller, last at 2026-05-02T12:00:00Z"),
        ),
        (
            Some("2026-05-06"),
            "2026-05-20",
            note(HORIZON, "daily counts show none within these filters"),
        ),
        (Some("2026-05-09"), "2026-05-20", Vec::new()),
        (Some("2026-05-10"), "2026-05-20", Vec::new()),
    ] {
        assert_eq!(
            told(&[], "who-used", (since, until), &key).await,
            expected,
            "{since:?} {until}"
        );
    }
    // A grant of before the window may still be open in it.
    assert_eq!(
        told(&[], "grants", (Some("2026-05-10"), "2026-05-20"), &[]).await,
        counted("3 uses and 1 other call by 2 callers, last at 2026-05-06T10:00:00Z")
    );
}

#[tokio::test]
async fn a_key_on_hold_lacks_nothing_from_its_hold_on() {
    let key = [("key", KEY_A)];
    let held = [(KEY_A, None)];
    assert!(told(&held, "who-used", ALL, &key).await.is_empty());
    assert!(told(&held, "key-timeline", ALL, &key).await.is_empty());
    // What is on hold is in the rows, so its counts are not told.
    assert_eq!(
        told(&held, "tls", ALL, &[]).await,
        counted("1 use by 1 caller, last at 2026-05-06T10:00:00Z")
    );
    let later = [(KEY_A, Some("2026-05-05"))];
    assert_eq!(
        told(&later, "who-used", ALL, &key).await,
        note(
            "2026-05-05",
            "daily counts still show 1 use and 1 other call by 1 caller, last at \
             2026-05-04T12:00:00Z; see keytrail report operations"
        )
    );
    let window = (Some("2026-05-05"), "2026-12-31");
    assert!(told(&later, "who-used", window, &key).await.is_empty());
}

/// Of a principal the counts know the caller alone.
#[tokio::test]
async fn a_principal_is_counted_by_the_callers_that_go_by_its_name() {
    let bob = counted("1 use by 1 caller, last at 2026-05-05T10:00:00Z");
    let session = "arn:aws:sts::111111111111:assumed-role/bob/s1";
    for principal in ["bob", BOB, session] {
        assert_eq!(
            told(&[], "principal-activity", ALL, &[("principal", principal)]).await,
            bob,
            "{principal}"
        );
    }
    let key = "ASIAQWERTYUIOPASDFGH";
    assert_eq!(
        told(&[], "principal-activity", ALL, &[("principal", key)]).await,
        note(
            HORIZON,
            "daily counts name callers only, not this principal"
        )
    );
}

#[tokio::test]
async fn nothing_is_said_where_nothing_was_deleted() {
    let window = request(None, "2026-12-31", &[]);
    let (_, told) = answer(&context(events()).await, "rhythm", &window, &[]).await;
    assert!(told.is_empty(), "{told:?}");
    let young: Vec<Value> = events().into_iter().skip(5).collect();
    let context = context_since(young, HORIZON, &[]).await;
    let (_, told) = answer(&context, "rhythm", &window, &[]).await;
    assert!(told.is_empty(), "{told:?}");
}
