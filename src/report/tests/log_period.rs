//! From when to when the logs are, on a ledger made by hand.

use serde_json::{Value, json};

use super::coverage::object;
use super::{context_of, query};
use crate::schema::LOG_FILE_EVENTS;

/// The first and the last time, and how many are dated ahead.
async fn period(ledger: &[Value]) -> String {
    let context = context_of(Vec::new(), &[(&LOG_FILE_EVENTS, ledger)]).await;
    let columns = ["first_time", "last_time", "dated_ahead"];
    query(&context, "SELECT * FROM log_period", &columns)
        .await
        .concat()
}

/// An object; all are read on the first of December.
fn delivered(kind: &str, time: &str) -> Value {
    object(
        &format!("{kind}{time}"),
        kind,
        json!({"delivery_time": time}),
    )
}

#[tokio::test]
async fn deliveries_say_where_the_logs_are_and_not_what_lies_next_to_them() {
    assert_eq!(period(&[]).await, "- | - | 0");
    let mut unread = delivered("unknown", "2026-06-29T23:10:00Z");
    unread["state"] = "damaged".into();
    let mut foreign = delivered("unknown", "2026-09-01T00:00:00Z");
    foreign["account_id"] = Value::Null;
    let ledger = [
        delivered("log", "2026-01-01T10:10:00Z"),
        delivered("digest", "2026-06-29T23:00:00Z"),
        delivered("other", "2026-09-01T00:00:00Z"),
        delivered("insight", "2026-09-01T00:00:00Z"),
        foreign,
    ];
    let digest_last = "2026-01-01T10:10:00Z | 2026-06-29T23:00:00Z | 0";
    assert_eq!(period(&ledger).await, digest_last);
    // A log that could not be read was delivered all the same.
    let with_unread = [&ledger[..], &[unread]].concat();
    let unread_last = "2026-01-01T10:10:00Z | 2026-06-29T23:10:00Z | 0";
    assert_eq!(period(&with_unread).await, unread_last);
}

#[tokio::test]
async fn a_delivery_that_cannot_be_true_moves_nothing() {
    let ledger = [
        delivered("log", "2026-01-01T10:10:00Z"),
        delivered("log", "2026-11-30T10:10:00Z"),
        // Within a day after it was read: clocks differ.
        delivered("log", "2026-12-01T20:00:00Z"),
        delivered("log", "2026-12-02T00:00:01Z"),
        delivered("digest", "2126-01-01T00:00:00Z"),
        delivered("log", "1970-01-01T00:00:00Z"),
    ];
    let told = "2026-01-01T10:10:00Z | 2026-12-01T20:00:00Z | 2";
    assert_eq!(period(&ledger).await, told);
}

/// A flat copy's names tell no time; its events do.
#[tokio::test]
async fn a_copy_without_times_in_its_names_is_of_its_events() {
    let copied = |from: &str, to: &str| {
        let times = json!({"min_event_time": from, "max_event_time": to, "account_id": null, "region": null});
        object(from, "log", times)
    };
    let ledger = [
        copied("2026-02-01T00:00:00Z", "2026-02-01T00:04:00Z"),
        copied("2026-02-03T00:00:00Z", "2026-02-03T00:04:00Z"),
        copied("2126-02-03T00:00:00Z", "2126-02-03T00:04:00Z"),
        object("no records", "log", json!({"account_id": null})),
    ];
    let told = "2026-02-01T00:00:00Z | 2026-02-03T00:04:00Z | 0";
    assert_eq!(period(&ledger).await, told);
}
