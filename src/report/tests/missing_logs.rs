//! What reports say of the logs that their window lacks, on a ledger made by hand.

use serde_json::{Value, json};

use super::coverage::{Made, READING, TRAIL, change, description, digest, hour, log, verified};
use super::{KEY_A, ON_MISSING_LOGS, OTHER, answer_in_full, event, request};

const REPORTS: [(&str, &[(&str, &str)]); 5] = [
    ("who-used", &[("key", KEY_A)]),
    ("key-timeline", &[("key", KEY_A)]),
    ("blast-radius", &[("key", KEY_A)]),
    ("principal-activity", &[("principal", "alice")]),
    ("unused-keys", &[]),
];

/// What a report says of the logs, from hour to hour.
async fn told_by(
    made: Made,
    (report, arguments): (&str, &[(&str, &str)]),
    (from, until): (u32, u32),
) -> Vec<String> {
    let context = made.context().await;
    let (from, until) = (hour(from), hour(until));
    let request = request(Some(from.as_str()), &until, arguments);
    let (_, mut texts) = answer_in_full(&context, report, &request, &[]).await;
    texts.retain(|text| {
        let mut starts = ON_MISSING_LOGS.iter();
        starts.any(|start| text.starts_with(start))
    });
    texts
}

async fn told(made: Made, window: (u32, u32)) -> Vec<String> {
    told_by(made, REPORTS[0], window).await
}

/// Hours `0..hours` with a log and a digest each, and a use of the key.
fn whole(hours: u32) -> Made {
    let members = json!({
        "key_arn": KEY_A, "is_read_only": true, "object_id": log(10, Value::Null)["object_id"],
    });
    Made {
        events: vec![event("2026-03-01T10:00:00Z", members)],
        ..Made::whole(hours)
    }
}

/// The note on hours that are missing in this account-region alone.
fn hours_lacking(worst: &str, lacking: u32, of: u32) -> String {
    let are = if of == 1 { "hour is" } else { "hours are" };
    format!(
        "coverage: {lacking} of {of} {are} not fully covered by logs (worst: {worst} with {lacking}); see keytrail report coverage"
    )
}

#[tokio::test]
async fn nothing_is_said_of_whole_logs() {
    for report in REPORTS {
        let said = told_by(whole(40), report, (0, 30)).await;
        assert!(said.is_empty(), "{}: {said:?}", report.0);
    }
}

/// Neither log nor digest of hour 20, in which the last events of hour 19 would have come too.
#[tokio::test]
async fn every_report_tells_the_hours_that_no_delivery_shows() {
    for report in REPORTS {
        let gone = [digest(20), log(20, Value::Null)].map(|row| row["location"].clone());
        let made = whole(40).without(|location| gone.iter().any(|gone| gone == location));
        assert_eq!(
            told_by(made, report, (0, 30)).await,
            [hours_lacking("111111111111 eu-west-1", 2, 30)],
            "{}",
            report.0
        );
    }
}

/// A window of less than an hour, in the middle of what is missing.
#[tokio::test]
async fn a_short_window_without_logs_is_told() {
    let gone = |location: &str| location.contains("20260301T2");
    let context = whole(40).without(gone).context().await;
    let request = request(
        Some("2026-03-01T21:10:00Z"),
        "2026-03-01T21:50:00Z",
        REPORTS[0].1,
    );
    let (_, texts) = answer_in_full(&context, "who-used", &request, &[]).await;
    assert_eq!(texts, [hours_lacking("111111111111 eu-west-1", 1, 1)]);
}

/// The last digest ends with hour 39, whose last events are not due before 40:15.
#[tokio::test]
async fn hours_behind_the_last_log_are_told_if_they_are_asked_for() {
    assert_eq!(
        told(whole(40), (0, 50)).await,
        [hours_lacking("111111111111 eu-west-1", 11, 50)]
    );
    // What could not be there yet is no hole: the window ends with the last delivery.
    assert!(told(whole(40), (0, 40)).await.is_empty());
}

/// Another account's logs end with hour 5: that is nothing to the key of the first.
#[tokio::test]
async fn a_key_is_judged_by_its_own_account_and_region() {
    let made = || {
        let mut made = whole(40);
        for number in 0..5 {
            let mut row = log(number, Value::Null);
            for name in ["location", "object_id"] {
                row[name] = format!("s3://other/{number}").into();
            }
            row["account_id"] = OTHER.into();
            made.ledger.push(row);
        }
        made
    };
    assert!(told(made(), (0, 30)).await.is_empty());
    let said = told_by(made(), REPORTS[4], (0, 30)).await;
    // Logs of 0:30 to 4:30 show the hours from 1:00 to 4:00.
    assert_eq!(said, [hours_lacking("222222222222 eu-west-1", 27, 60)]);
}

#[tokio::test]
async fn objects_that_are_broken_or_wrong_are_told_until_they_are_not() {
    let broken =
        "unread: 1 log object was not read in full; events may be missing; see keytrail status";
    let mut made = whole(40);
    let place = log(20, Value::Null)["location"].clone();
    for row in &mut made.ledger {
        if row["location"] == place {
            row["state"] = "damaged".into();
        }
    }
    let mut again = log(20, json!({"attempt": 2}));
    again["recorded_at"] = "2026-12-02T00:00:00Z".into();
    let repaired = Made {
        ledger: made.ledger.iter().cloned().chain([again]).collect(),
        ..whole(40)
    };
    assert_eq!(told(made, (0, 30)).await, [broken]);
    assert!(told(repaired, (0, 30)).await.is_empty());

    let wrong =
        "verification: 1 log or digest failed verification; see select * from verified_files";
    let mut found = verified(&log(20, Value::Null), "hash_mismatch");
    found["seq"] = 2.into();
    let mut made = whole(40);
    made.verifications.push(found.clone());
    assert_eq!(told(made, (0, 30)).await, [wrong]);
    let mut made = whole(40);
    let mut good = verified(&log(20, Value::Null), "verified");
    good["seq"] = 3.into();
    made.verifications.extend([found, good]);
    assert!(told(made, (0, 30)).await.is_empty());
}

#[tokio::test]
async fn settings_that_leave_uses_out_or_are_not_known_are_told() {
    let made = Made {
        trails: Vec::new(),
        ..whole(40)
    };
    assert_eq!(
        told(made, (0, 30)).await,
        [
            "trail-settings: no trail has known settings; only KMS reads in the logs show that reads were logged; see \
             keytrail trails pull"
        ]
    );
    let mut made = whole(40);
    made.trails.push(description(&hour(20), EXCLUDING));
    made.changes = vec![stop(&hour(12))];
    assert_eq!(
        told(made, (0, 30)).await,
        [left_out("excluded KMS or was stopped for 18 h 0 min")]
    );
}

const EXCLUDING: &str = r#"{"EventSelectors":[{"IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}"#;

const WRITING: &str =
    r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}]}"#;

fn left_out(what: &str) -> String {
    format!("trail: 1 trail {what} ({TRAIL})")
}

fn stop(time: &str) -> Value {
    change(time, "StopLogging", &format!(r#"{{"name":"{TRAIL}"}}"#))
}

fn start(time: &str) -> Value {
    change(time, "StartLogging", &format!(r#"{{"name":"{TRAIL}"}}"#))
}

fn select(time: &str, selectors: &str) -> Value {
    let mut request: Value = serde_json::from_str(selectors).expect("an object");
    for selector in request["EventSelectors"].as_array_mut().expect("selectors") {
        // In a call members begin with a small letter.
        let members = std::mem::take(selector.as_object_mut().expect("an object"));
        let small = members
            .into_iter()
            .map(|(name, value)| (format!("{}{}", name[..1].to_lowercase(), &name[1..]), value));
        *selector = Value::Object(small.collect());
    }
    let selectors = request["EventSelectors"].take();
    let request = json!({"trailName": TRAIL, "eventSelectors": selectors});
    change(time, "PutEventSelectors", &request.to_string())
}

/// How long in all.
#[tokio::test]
async fn times_that_trails_left_out_have_an_end() {
    for (changes, window, expected) in [
        // 65 minutes.
        (
            vec![
                select("2026-03-01T10:00:00Z", EXCLUDING),
                select("2026-03-01T11:05:00Z", READING),
            ],
            (0, 30),
            "excluded KMS for 1 h 5 min",
        ),
        // Twice 10 minutes, then 40 s.
        (
            vec![
                stop("2026-03-01T05:00:00Z"),
                start("2026-03-01T05:10:00Z"),
                stop("2026-03-01T08:00:00Z"),
                start("2026-03-01T08:10:00Z"),
                stop("2026-03-01T22:00:00Z"),
                start("2026-03-01T22:00:40Z"),
            ],
            (0, 30),
            "was stopped for 20 min",
        ),
        // The same, in a window that begins at 6 and ends at 22 o'clock.
        (
            vec![
                stop("2026-03-01T05:00:00Z"),
                start("2026-03-01T05:10:00Z"),
                stop("2026-03-01T08:00:00Z"),
                start("2026-03-01T08:10:00Z"),
                stop("2026-03-01T22:00:00Z"),
                start("2026-03-01T22:00:40Z"),
            ],
            (6, 22),
            "was stopped for 10 min",
        ),
        // Told twice, and both ends outside of the window.
        (
            vec![
                select("2026-03-01T02:00:00Z", WRITING),
                select("2026-03-01T09:00:00Z", WRITING),
                select("2026-03-02T09:00:00Z", READING),
            ],
            (6, 22),
            "left out KMS read events for 16 h 0 min",
        ),
        // Excluded and stopped at the same time, 04:00 to 06:00.
        (
            vec![
                select("2026-03-01T04:00:00Z", EXCLUDING),
                stop("2026-03-01T04:30:00Z"),
                select("2026-03-01T05:00:00Z", READING),
                start("2026-03-01T06:00:00Z"),
            ],
            (0, 30),
            "excluded KMS or was stopped for 2 h 0 min",
        ),
    ] {
        let made = Made {
            changes,
            ..whole(40)
        };
        assert_eq!(told(made, window).await, [left_out(expected)], "{window:?}");
    }
    // All of it before the window.
    let made = Made {
        changes: vec![
            select("2026-03-01T02:00:00Z", EXCLUDING),
            select("2026-03-01T03:00:00Z", READING),
        ],
        ..whole(40)
    };
    assert!(told(made, (6, 30)).await.is_empty());
}

/// Hours before the first log are no hours of the logs.
#[tokio::test]
async fn hours_before_the_first_log_are_not_counted() {
    // The log of minute 30 is gone with its digest, and the first is that of hour 8.
    let later = |hours: u32| {
        let gone: Vec<Value> = (0..8)
            .flat_map(|number| [digest(number), log(number, Value::Null)])
            .map(|row| row["location"].clone())
            .collect();
        whole(hours).without(move |location| gone.iter().any(|gone| gone == location))
    };
    assert!(told(later(40), (0, 30)).await.is_empty());
    let since = |since: &'static str| async move {
        let gone = [digest(20), log(20, Value::Null)].map(|row| row["location"].clone());
        let made = later(40).without(|location| gone.iter().any(|gone| gone == location));
        let request = request(Some(since), &hour(30), REPORTS[0].1);
        let (_, texts) = answer_in_full(&made.context().await, "who-used", &request, &[]).await;
        texts
    };
    // From hour 8, whose deliveries begin with it, to hour 30.
    let lacking = [hours_lacking("111111111111 eu-west-1", 2, 22)];
    assert_eq!(since("2026-03-01").await, lacking);
    assert_eq!(since("2020-01-01").await, lacking);
    // A window within the logs that begins with a hole counts all of it.
    assert_eq!(
        since("2026-03-01T20:00:00Z").await,
        [hours_lacking("111111111111 eu-west-1", 1, 10)]
    );
}

/// The logs of another account begin before those of the key's.
#[tokio::test]
async fn logs_that_begin_later_than_the_stores_are_told() {
    let mut made = whole(40);
    let mut first = log(0, Value::Null);
    for name in ["location", "object_id"] {
        first[name] = "s3://other/1".into();
    }
    first["account_id"] = OTHER.into();
    first["delivery_time"] = "2026-01-01T00:10:00Z".into();
    made.ledger.push(first);
    let request = request(Some("2026-02-01"), &hour(30), REPORTS[0].1);
    let (_, texts) = answer_in_full(&made.context().await, "who-used", &request, &[]).await;
    assert_eq!(
        texts,
        [
            "logs-begin: logs begin at 2026-03-01T00:00:00Z, within the window; earlier events are unknown"
        ]
    );
}
