//! What of the hours is proven, on rows made by hand: one account and region, digests on the hour.

use datafusion::prelude::SessionContext;
use serde_json::{Value, json};

use super::{OWNER, context_of, event, query};
use crate::schema::{LOG_FILE_EVENTS, TRAIL_EVENTS, TRAILS, VERIFICATIONS};

pub(super) const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

/// Hours of 2026-03-01 and the day after, as times.
pub(super) fn hour(hour: u32) -> String {
    format!("2026-03-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24)
}

pub(super) fn object(location: &str, kind: &str, members: Value) -> Value {
    let mut row = json!({
        "object_id": location, "location": location, "attempt": 1, "state": "ok", "kind": kind,
        "account_id": OWNER, "region": "eu-west-1", "size_bytes": 10, "json_bytes": 10, "records": 1,
        "kms_records": 1, "trail_records": 0, "not_wanted": 0, "rejected": 0, "expired": 0, "duplicates": 0,
        "written": 1, "decoder_version": 1, "trail_list_version": 1, "recorded_at": "2026-12-01T00:00:00Z",
        "run_id": "r", "batch_id": "b",
    });
    if let Value::Object(members) = members {
        for (name, value) in members {
            row[name] = value;
        }
    }
    row
}

fn key(kind: &str, name: &str) -> String {
    format!("AWSLogs/{OWNER}/{kind}/eu-west-1/2026/03/01/{OWNER}_{kind}_eu-west-1_{name}.json.gz")
}

pub(super) fn log_name(hour: u32) -> String {
    let day = 1 + hour / 24;
    key(
        "CloudTrail",
        &format!("202603{day:02}T{:02}30Z_0000000000000000", hour % 24),
    )
}

pub(super) fn log(hour: u32, members: Value) -> Value {
    let mut row = object(&format!("s3://b/{}", log_name(hour)), "log", members);
    row["delivery_time"] = self::hour(hour).replace(":00:00Z", ":30:00Z").into();
    row
}

/// The digest of what was delivered in an hour: the log of minute 30.
pub(super) fn digest(number: u32) -> Value {
    let end = hour(number + 1);
    let name = end.replace(['-', ':'], "");
    let name = key("CloudTrail-Digest", &format!("main_eu-west-1_{name}"));
    let start = hour(number);
    let content = json!({"logFiles": [{
        "s3Object": log_name(number),
        "oldestEventTime": start.replace(":00:00Z", ":25:00Z"),
        "newestEventTime": start.replace(":00:00Z", ":26:00Z"),
    }]});
    object(
        &format!("s3://b/{name}"),
        "digest",
        json!({
            "delivery_time": end, "digest_start_time": start, "digest_end_time": end,
            "digest_content": content.to_string(),
        }),
    )
}

pub(super) fn verified(object: &Value, status: &str) -> Value {
    json!({
        "location": object["location"], "seq": 1, "kind": object["kind"], "status": status, "size_bytes": 10,
        "recorded_at": "2026-12-01T00:00:00Z", "run_id": "v",
    })
}

pub(super) fn description(time: &str, selectors: &str) -> Value {
    json!({
        "trail_arn": TRAIL, "taken_at": time, "home_region": "eu-west-1", "is_multi_region": true,
        "is_organization": false, "is_logging": true, "selectors": selectors, "run_id": "t",
    })
}

/// A call in the log that is delivered next.
pub(super) fn change(time: &str, name: &str, request: &str) -> Value {
    let number = |range: std::ops::Range<usize>| -> u32 { time[range].parse().expect("a number") };
    let delivered = (number(8..10) - 1) * 24 + number(11..13) + number(14..16) / 30;
    json!({
        "event_time": time, "event_date": &time[..10], "event_month": &time[..7], "event_source": "cloudtrail.amazonaws.com",
        "event_name": name, "caller": "c", "outcome": "success", "recipient_account_id": OWNER, "region": "eu-west-1",
        "event_id": format!("{name}{time}"), "ingest_seq": 1, "content_hash": "00000000000000000000000000000001",
        "is_correction": false, "is_event_id_derived": false, "request": request,
        "object_id": format!("s3://b/{}", log_name(delivered)),
        "record_number": 0, "batch_id": "b", "ingest_time": "2026-12-01T00:00:00Z",
    })
}

pub(super) const READING: &str =
    r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}"#;

/// What was made by hand.
#[derive(Default)]
pub(super) struct Made {
    pub(super) events: Vec<Value>,
    pub(super) ledger: Vec<Value>,
    pub(super) verifications: Vec<Value>,
    pub(super) trails: Vec<Value>,
    pub(super) changes: Vec<Value>,
}

impl Made {
    /// Hours `0..hours` with a log and a digest each, all verified, and a description from hour 1.
    pub(super) fn whole(hours: u32) -> Self {
        let mut made = Self {
            trails: vec![description(&hour(1), READING)],
            ..Self::default()
        };
        for number in 0..hours {
            let (log, digest) = (log(number, Value::Null), digest(number));
            made.verifications.push(verified(&log, "verified"));
            let status = if number == 0 { "chain_start" } else { "valid" };
            made.verifications.push(verified(&digest, status));
            made.ledger.extend([log, digest]);
        }
        made
    }

    pub(super) async fn context(self) -> SessionContext {
        context_of(
            self.events,
            &[
                (&LOG_FILE_EVENTS, &self.ledger),
                (&VERIFICATIONS, &self.verifications),
                (&TRAILS, &self.trails),
                (&TRAIL_EVENTS, &self.changes),
            ],
        )
        .await
    }

    /// The states of hours from 0 on, runs of equal ones as `state x hours`.
    pub(super) async fn states(self) -> Vec<String> {
        let context = self.context().await;
        let states = query(
            &context,
            "SELECT state FROM coverage ORDER BY hour",
            &["state"],
        )
        .await;
        let mut runs: Vec<(String, usize)> = Vec::new();
        for state in states {
            match runs.last_mut() {
                Some((last, count)) if *last == state => *count += 1,
                _ => runs.push((state, 1)),
            }
        }
        runs.into_iter()
            .map(|(state, count)| format!("{state} x {count}"))
            .collect()
    }

    pub(super) fn without(mut self, is_it: impl Fn(&str) -> bool) -> Self {
        self.ledger
            .retain(|row| !row["location"].as_str().is_some_and(&is_it));
        self
    }
}

/// Hour 15 is the last whose 24 following digests are there; hour 38's last events came with hour 39.
#[tokio::test]
async fn an_hour_is_verified_when_the_following_digests_are() {
    assert_eq!(
        Made::whole(40).states().await,
        [
            "complete_verified x 16",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

#[tokio::test]
async fn nothing_is_verified_by_digests_that_nobody_checked() {
    let made = Made {
        verifications: Vec::new(),
        ..Made::whole(40)
    };
    assert_eq!(made.states().await, ["complete_unverified x 39", "gap x 2"]);
}

/// Without the digest the logs tell that deliveries went on.
#[tokio::test]
async fn a_digest_that_is_missing_leaves_its_hours_unverified() {
    let gone = digest(35)["location"].clone();
    let made = Made::whole(60).without(|location| gone == location);
    assert_eq!(
        made.states().await,
        [
            "complete_verified x 11",
            "complete_unverified x 48",
            "gap x 2"
        ]
    );
}

#[tokio::test]
async fn a_log_that_a_digest_names_and_nobody_has_makes_its_hour_partial() {
    let gone = log(35, Value::Null)["location"].clone();
    let made = Made::whole(60).without(|location| gone == location);
    assert_eq!(
        made.states().await,
        [
            "complete_verified x 11",
            "complete_unverified x 24",
            "partial x 1",
            // A change of the selectors may be lost with it.
            "selectors_unknown x 23",
            "gap x 2"
        ]
    );
}

/// Neither log nor digest: the last events of hour 19 would have come in hour 20 too. What hides in the gap may be
/// a change of the trail itself, so that its description tells nothing of the hours behind.
#[tokio::test]
async fn an_hour_without_deliveries_is_a_gap() {
    let gone = [
        digest(20)["location"].clone(),
        log(20, Value::Null)["location"].clone(),
    ];
    let made = Made::whole(30).without(|location| gone.iter().any(|gone| gone == location));
    assert_eq!(
        made.states().await,
        [
            "complete_unverified x 19",
            "gap x 2",
            "selectors_unknown x 8",
            "gap x 2"
        ]
    );
}

#[tokio::test]
async fn damage_makes_the_delivery_hour_and_the_one_before_partial() {
    let mut made = Made::whole(40);
    made.ledger.retain(|row| row["kind"] == "log");
    for row in &mut made.ledger {
        if row["location"] == log(20, Value::Null)["location"] {
            row["state"] = "damaged".into();
        }
    }
    assert_eq!(
        made.states().await,
        [
            "gap x 1",
            "complete_unverified x 18",
            "partial x 2",
            "selectors_unknown x 18",
            "gap x 1"
        ]
    );
}

/// `StopLogging` at 5:30, `StartLogging` at 7:10.
#[tokio::test]
async fn stopped_hours_are_told() {
    let mut made = Made::whole(40);
    made.changes = vec![
        change("2026-03-01T05:30:00Z", "StopLogging", r#"{"name":"main"}"#),
        change(
            "2026-03-01T07:10:00Z",
            "StartLogging",
            &format!(r#"{{"name":"{TRAIL}"}}"#),
        ),
    ];
    made.trails.push(description(&hour(9), READING));
    assert_eq!(
        made.states().await,
        [
            "complete_verified x 5",
            "logging_stopped x 3",
            "complete_verified x 8",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

async fn selected(request: &str, back: &str) -> Vec<String> {
    let mut made = Made::whole(40);
    made.changes = vec![
        change("2026-03-01T03:20:00Z", "PutEventSelectors", request),
        change("2026-03-01T06:00:00Z", "PutEventSelectors", back),
    ];
    made.states().await
}

#[tokio::test]
async fn hours_with_kms_left_out_are_told() {
    let back = r#"{"trailName":"main","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}"#;
    for (request, state) in [
        (
            r#"{"trailName":"main","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"excludeManagementEventSources":["kms.amazonaws.com"]}]}"#,
            "kms_excluded x 3",
        ),
        (
            r#"{"trailName":"main","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"eventSource","notEquals":["kms.amazonaws.com"]}]}]}"#,
            "kms_excluded x 3",
        ),
        (
            r#"{"trailName":"main","eventSelectors":[{"readWriteType":"WriteOnly","includeManagementEvents":true}]}"#,
            "write_only x 3",
        ),
    ] {
        assert_eq!(
            selected(request, back).await,
            [
                "complete_verified x 3",
                state,
                "complete_verified x 10",
                "complete_unverified x 23",
                "gap x 2"
            ],
            "{request}"
        );
    }
}

/// A KMS read event of the first day.
fn read_from(object_id: &Value) -> Value {
    event(
        "2026-03-01T10:00:00Z",
        json!({"is_read_only": true, "object_id": object_id}),
    )
}

/// Nobody knows what the trail logged before; a KMS read event of the day tells.
#[tokio::test]
async fn an_exclusion_older_than_the_logs_is_not_taken_for_silence() {
    let silent = Made {
        trails: Vec::new(),
        ..Made::whole(40)
    };
    assert_eq!(silent.states().await, ["selectors_unknown x 39", "gap x 2"]);
    let mut spoken = Made {
        trails: Vec::new(),
        ..Made::whole(60)
    };
    spoken.events = vec![read_from(&log(10, Value::Null)["object_id"])];
    assert_eq!(
        spoken.states().await,
        [
            "complete_verified x 24",
            "selectors_unknown x 35",
            "gap x 2"
        ]
    );
    // A write tells nothing of reads.
    let mut written = Made {
        trails: Vec::new(),
        ..Made::whole(40)
    };
    written.events = vec![read_from(&log(10, Value::Null)["object_id"])];
    written.events[0]["is_read_only"] = false.into();
    assert_eq!(
        written.states().await,
        ["selectors_unknown x 39", "gap x 2"]
    );
}

/// The description is newer than the logs: the selectors may have been changed in between.
#[tokio::test]
async fn a_description_counts_as_far_as_no_change_can_be_missed() {
    let made = Made {
        trails: vec![description("2026-03-20T00:00:00Z", READING)],
        ..Made::whole(40)
    };
    assert_eq!(made.states().await, ["selectors_unknown x 39", "gap x 2"]);
    let made = Made {
        trails: vec![description(&hour(38), READING)],
        ..Made::whole(40)
    };
    assert_eq!(
        made.states().await,
        [
            "complete_verified x 16",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// It is of LookupEvents.
#[tokio::test]
async fn a_read_that_may_be_of_no_trail_proves_nothing() {
    let mut elsewhere = Made {
        trails: Vec::new(),
        events: vec![read_from(&"o".into())],
        ..Made::whole(40)
    };
    let mut answer = object("o", "log", Value::Null);
    answer["account_id"] = Value::Null;
    answer["region"] = Value::Null;
    elsewhere.ledger.push(answer);
    let unknown = ["selectors_unknown x 39", "gap x 2"];
    assert_eq!(elsewhere.states().await, unknown);
}

/// Of two trails that deliver, the one whose digest names the log is shown to log reads, and the other is not.
#[tokio::test]
async fn a_read_in_a_log_that_a_digest_names_proves_its_trail_among_several() {
    let made = |object_id: &Value| {
        let mut other = description("2026-03-20T00:00:00Z", READING);
        other["trail_arn"] = TRAIL.replace("main", "other").into();
        Made {
            trails: vec![other],
            events: vec![read_from(object_id)],
            ..Made::whole(60)
        }
    };
    assert_eq!(
        made(&log(10, Value::Null)["object_id"]).states().await,
        [
            "complete_verified x 24",
            "selectors_unknown x 35",
            "gap x 2"
        ]
    );
    // A log that no digest names may be of either.
    let mut unnamed = made(&"s3://b/unnamed".into());
    let mut row = log(10, Value::Null);
    row["location"] = log_name(10)
        .replace("_0000000000000000", "_1111111111111111")
        .into();
    row["object_id"] = "s3://b/unnamed".into();
    unnamed.ledger.push(row);
    assert_eq!(
        unnamed.states().await,
        ["selectors_unknown x 59", "gap x 2"]
    );
}

/// The log of 10:30 is gone, and a change of the selectors could be in it.
#[tokio::test]
async fn a_log_that_is_lost_hides_changes_of_the_selectors() {
    let lost = log_name(10);
    let made = Made {
        trails: vec![description(&hour(30), READING)],
        ..Made::whole(40)
    };
    assert_eq!(
        made.without(|location| location.ends_with(&lost))
            .states()
            .await,
        [
            "selectors_unknown x 10",
            "partial x 1",
            "complete_verified x 5",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

#[tokio::test]
async fn a_forged_backfill_digest_leaves_its_hour_unverified() {
    let mut made = Made::whole(40);
    let mut forged = digest(5);
    let location = forged["location"]
        .as_str()
        .map(|location| location.replace(".json.gz", "_backfill.json.gz"));
    forged["object_id"] = location.clone().into();
    forged["location"] = location.into();
    made.verifications.push(verified(&forged, "bad_signature"));
    made.ledger.push(forged);
    // A change could be in what it names, which happened up to a quarter of an hour before, so that the selectors are known
    // after it. What happened in the hours before may have been delivered with it: its hour is one of the 24 that follow them.
    made.trails = vec![
        description(&hour(1), READING),
        description(&hour(30), READING),
    ];
    assert_eq!(
        made.states().await,
        [
            "complete_unverified x 4",
            "selectors_unknown x 2",
            "complete_verified x 10",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// A backfill digest of an hour, without any log.
fn backfill(number: u32) -> Value {
    let mut row = digest(number);
    let location = row["location"]
        .as_str()
        .map(|location| location.replace(".json.gz", "_backfill.json.gz"));
    row["object_id"] = location.clone().into();
    row["location"] = location.into();
    row["digest_content"] = r#"{"logFiles":[]}"#.into();
    row
}

/// Backfill digests of hours 30 and 36 are held; one between them is gone, with all that it named. By the digest of
/// hour 36 something may be lost of each hour whose deliveries go on until then: those from 7 on, for hour 31 is the
/// 24th after it.
#[tokio::test]
async fn a_lost_backfill_digest_leaves_the_hours_that_it_could_cover_unverified() {
    let made = |status: &str| {
        let mut made = Made::whole(80);
        for (number, status) in [(30, "chain_start"), (36, status)] {
            made.verifications.push(verified(&backfill(number), status));
            made.ledger.push(backfill(number));
        }
        // The settings could have changed in what was lost.
        made.trails.push(description(&hour(60), READING));
        made
    };
    assert_eq!(
        made("valid").states().await,
        [
            "complete_verified x 56",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
    assert_eq!(
        made("chain_broken").states().await,
        [
            "complete_verified x 7",
            "complete_unverified x 23",
            // Something of the last quarter of hour 30 may be named by what is lost before hour 36.
            "selectors_unknown x 6",
            "complete_unverified x 1",
            "complete_verified x 19",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
    let context = made("chain_broken").context().await;
    let reasons = query(
        &context,
        "SELECT DISTINCT reasons FROM coverage WHERE state = 'complete_unverified' AND hour < '2026-03-02T10:00:00Z'",
        &["reasons"],
    )
    .await;
    assert_eq!(reasons, ["not_verified (backfill chain broken)"]);
}

/// Stopped at 5:10, started again at 5:40, and no log tells it.
#[tokio::test]
async fn a_stop_that_the_status_of_the_trail_tells_is_told() {
    for stopped in [r#""2026-03-01T05:10:00.5+00:00""#, "1772341800.5"] {
        let mut made = Made::whole(40);
        let mut later = description(&hour(6), READING);
        later["logging_changed_at"] = "2026-03-01T05:40:00Z".into();
        later["status"] = format!(r#"{{"IsLogging":true,"StopLoggingTime":{stopped}}}"#).into();
        made.trails.push(later);
        assert_eq!(
            made.states().await,
            [
                "complete_verified x 5",
                "logging_stopped x 1",
                "complete_verified x 10",
                "complete_unverified x 23",
                "gap x 2"
            ],
            "{stopped}"
        );
    }
}

/// Nobody knows which of them came last.
#[tokio::test]
async fn of_two_changes_in_one_second_the_worse_counts() {
    let change = |selectors: &str| {
        let request = format!(
            r#"{{"trailName":"main","eventSelectors":[{{"readWriteType":"All","includeManagementEvents":true{selectors}}}]}}"#
        );
        change("2026-03-01T05:00:00Z", "PutEventSelectors", &request)
    };
    let changes = [
        change(r#","excludeManagementEventSources":["kms.amazonaws.com"]"#),
        change(""),
    ];
    for order in [[0, 1], [1, 0]] {
        let made = Made {
            trails: Vec::new(),
            changes: order.map(|index| changes[index].clone()).into(),
            ..Made::whole(40)
        };
        assert_eq!(
            made.states().await,
            ["selectors_unknown x 5", "kms_excluded x 35", "gap x 1"]
        );
    }
}
