//! What a loss in the logs of a trail's home region leaves unknown, on rows made by hand.

use datafusion::prelude::SessionContext;
use serde_json::{Value, json};

use super::coverage::{
    Made, READING, TRAIL, change, description, digest, hour, log, log_name, verified,
};
use super::{event, keep_since, micros, query};
use crate::store::Retention;

const READS_AGAIN: &str = r#"{"trailName":"main","eventSelectors":[{"readWriteType":"All"}]}"#;

/// The states of a region from hour 0 on, runs of equal ones as `state x hours`.
async fn states_of(made: Made, region: &str) -> Vec<String> {
    states_in(&made.context().await, region).await
}

async fn states_in(context: &SessionContext, region: &str) -> Vec<String> {
    let sql = format!(
        "SELECT state || ' x ' || count(*) AS told FROM (SELECT *, CAST(hour AS BIGINT) / 3600000000 - row_number() OVER \
         (PARTITION BY state ORDER BY hour) AS stretch FROM coverage WHERE region = '{region}') AS hours \
         GROUP BY state, stretch ORDER BY min(hour)"
    );
    query(context, &sql, &["told"]).await
}

/// Adds what the trail delivers of another region, whole and verified, to what it delivers at home.
fn with_another_region(mut made: Made, hours: u32) -> Made {
    let there = |row: &Value| -> Value {
        let text = row.to_string().replace("eu-west-1", "eu-north-1");
        // The trail is still the one of eu-west-1.
        let text = text.replace("main_eu-north-1", "main_eu-west-1");
        serde_json::from_str(&text).expect("the same with another region")
    };
    let other = Made::whole(hours);
    made.ledger.extend(other.ledger.iter().map(there));
    made.verifications
        .extend(other.verifications.iter().map(there));
    made
}

/// The log of 10:30 holds one event, of 10:25:00, and is lost in one way or another.
fn losing_one_event(way: &str) -> Made {
    let mut made = Made::whole(60);
    let lost = format!("s3://b/{}", log_name(10));
    for row in &mut made.ledger {
        if row["location"] == digest(10)["location"] {
            let content = row["digest_content"].as_str().unwrap_or_default();
            row["digest_content"] = content.replace("10:26:00Z", "10:25:00Z").into();
        }
        if row["location"] == lost.as_str() && way == "damaged" {
            row["state"] = "damaged".into();
        }
    }
    if way == "changed" {
        let mut again = verified(&log(10, Value::Null), "hash_mismatch");
        again["seq"] = 2.into();
        made.verifications.push(again);
    }
    made.without(|location| way == "missing" && location == lost)
}

#[tokio::test]
async fn a_lost_log_of_one_event_hides_what_it_may_have_told() {
    for way in ["missing", "damaged", "changed"] {
        let states = states_of(with_another_region(losing_one_event(way), 60), "eu-north-1").await;
        assert_eq!(
            states,
            [
                "complete_verified x 10",
                "selectors_unknown x 49",
                "gap x 2"
            ],
            "{way}"
        );
        // A later description tells back to the loss, and not beyond.
        let mut told = losing_one_event(way);
        told.trails = vec![description(&hour(40), READING)];
        let states = states_of(with_another_region(told, 60), "eu-north-1").await;
        assert_eq!(
            states,
            [
                "selectors_unknown x 11",
                "complete_verified x 25",
                "complete_unverified x 23",
                "gap x 2"
            ],
            "{way}"
        );
    }
}

/// The log that is changed says that reads were logged from 10:25:00 on. It may have said the opposite.
#[tokio::test]
async fn a_log_that_was_changed_tells_nothing_of_the_selectors() {
    let mut made = losing_one_event("changed");
    made.changes = vec![change(
        "2026-03-01T10:25:00Z",
        "PutEventSelectors",
        READS_AGAIN,
    )];
    assert_eq!(
        states_of(with_another_region(made, 60), "eu-north-1").await,
        [
            "complete_verified x 10",
            "selectors_unknown x 49",
            "gap x 2"
        ]
    );
}

/// The same change stands in it at a time of which its digest does not tell.
#[tokio::test]
async fn a_change_in_a_log_that_was_changed_tells_nothing_elsewhere() {
    let mut made = losing_one_event("changed");
    made.trails = Vec::new();
    made.changes = vec![change(
        "2026-03-01T10:29:00Z",
        "PutEventSelectors",
        READS_AGAIN,
    )];
    assert_eq!(
        states_of(with_another_region(made, 60), "eu-north-1").await,
        ["selectors_unknown x 59", "gap x 2"]
    );
}

/// Somebody put a log there that no digest names, or an event by itself.
#[tokio::test]
async fn a_change_that_no_digest_proves_verifies_nothing() {
    for kind in ["log", "other"] {
        let mut made = Made::whole(60);
        made.trails = Vec::new();
        made.changes = vec![change(
            "2026-03-01T05:20:00Z",
            "PutEventSelectors",
            READS_AGAIN,
        )];
        made.changes[0]["object_id"] = "s3://b/forged".into();
        let mut forged = log(5, json!({"kind": kind}));
        for column in ["location", "object_id"] {
            forged[column] = "s3://b/forged".into();
        }
        made.ledger.push(forged);
        assert_eq!(
            made.states().await,
            [
                "selectors_unknown x 6",
                "complete_unverified x 53",
                "gap x 2"
            ],
            "{kind}"
        );
    }
}

fn read(number: u32, region: &str) -> Value {
    let object = log(number, Value::Null)["object_id"].to_string();
    let object: Value = serde_json::from_str(&object.replace("eu-west-1", region)).expect("a text");
    event(
        &hour(number).replace(":00:00Z", ":20:00Z"),
        json!({"is_read_only": true, "region": region, "object_id": object}),
    )
}

#[tokio::test]
async fn a_read_tells_of_its_day_up_to_a_loss() {
    let region = "eu-north-1";
    let with_reads = |numbers: &[u32]| {
        let mut made = losing_one_event("missing");
        made.trails = Vec::new();
        made.events = numbers.iter().map(|number| read(*number, region)).collect();
        with_another_region(made, 60)
    };
    // In the hour of the loss itself, too, it tells nothing of what followed.
    for number in [3, 10] {
        assert_eq!(
            states_of(with_reads(&[number]), region).await,
            [
                "complete_verified x 10",
                "selectors_unknown x 49",
                "gap x 2"
            ],
            "{number}"
        );
    }
    assert_eq!(
        states_of(with_reads(&[12]), region).await,
        [
            "selectors_unknown x 11",
            "complete_verified x 13",
            "selectors_unknown x 35",
            "gap x 2"
        ]
    );
    assert_eq!(
        states_of(with_reads(&[3, 12]), region).await,
        [
            "complete_verified x 10",
            "selectors_unknown x 1",
            "complete_verified x 13",
            "selectors_unknown x 35",
            "gap x 2"
        ]
    );
}

/// Reads are logged again from 14:30 on, and nobody knows since when they were not.
#[tokio::test]
async fn a_read_tells_nothing_of_what_was_before_the_last_change() {
    let mut made = losing_one_event("missing");
    made.trails = Vec::new();
    made.changes = vec![change(
        "2026-03-01T14:30:00Z",
        "PutEventSelectors",
        READS_AGAIN,
    )];
    made.events = vec![read(16, "eu-north-1")];
    assert_eq!(
        states_of(with_another_region(made, 60), "eu-north-1").await,
        [
            "selectors_unknown x 15",
            "complete_verified x 21",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// The digest of hour 10 is lost, or not what was signed. What it named may have happened since 9:45.
#[tokio::test]
async fn a_lost_digest_hides_what_was_delivered_with_it() {
    let lost = digest(10)["location"].clone();
    let mut made = Made::whole(60);
    made.trails.push(description(&hour(30), READING));
    for row in &mut made.verifications {
        if row["location"] == lost {
            row["status"] = "bad_signature".into();
        }
    }
    assert_eq!(
        states_of(with_another_region(made, 60), "eu-north-1").await,
        [
            // Late deliveries may have been in it.
            "complete_unverified x 9",
            "selectors_unknown x 2",
            "complete_verified x 25",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
    // Before verification it is only the times of the digests that show it.
    for status in ["chain_broken", ""] {
        let mut made = Made::whole(60).without(|location| lost == location);
        made.trails.push(description(&hour(30), READING));
        let next = digest(11)["location"].clone();
        for row in &mut made.ledger {
            if row["location"] == next {
                let named = r#"{"previousDigestS3Object":"x","logFiles":["#;
                let content = row["digest_content"].as_str().unwrap_or_default();
                row["digest_content"] = content.replace(r#"{"logFiles":["#, named).into();
            }
        }
        made.verifications
            .retain(|row| !status.is_empty() || row["location"] != next);
        for row in &mut made.verifications {
            if row["location"] == next {
                row["status"] = status.into();
            }
        }
        assert_eq!(
            states_of(with_another_region(made, 60), "eu-north-1").await,
            [
                "complete_unverified x 9",
                "selectors_unknown x 2",
                "complete_unverified x 1",
                "complete_verified x 24",
                "complete_unverified x 23",
                "gap x 2"
            ],
            "{status}"
        );
    }
}

/// Stopped at 5:30, started at 7:10. What was put in between is in no log of the trail.
#[tokio::test]
async fn what_was_changed_while_the_trail_was_stopped_is_not_known() {
    let mut made = Made::whole(60);
    made.changes = vec![
        change("2026-03-01T05:30:00Z", "StopLogging", r#"{"name":"main"}"#),
        change("2026-03-01T07:10:00Z", "StartLogging", r#"{"name":"main"}"#),
    ];
    assert_eq!(
        made.states().await,
        [
            "complete_verified x 5",
            "logging_stopped x 3",
            "selectors_unknown x 51",
            "gap x 2"
        ]
    );
}

/// The StopLogging of 10:25 is lost; the trail is started at 11:10, and its selectors were put at 10:50.
#[tokio::test]
async fn a_trail_that_is_started_may_have_been_stopped_by_what_was_lost() {
    let mut made = losing_one_event("missing");
    made.changes = vec![
        change("2026-03-01T10:50:00Z", "PutEventSelectors", READS_AGAIN),
        change("2026-03-01T11:10:00Z", "StartLogging", r#"{"name":"main"}"#),
    ];
    made.trails.push(description(&hour(30), READING));
    assert_eq!(
        states_of(with_another_region(made, 60), "eu-north-1").await,
        [
            "complete_verified x 10",
            "selectors_unknown x 2",
            "complete_verified x 24",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
    // One that was not stopped can be started: days after, it says nothing of the days before.
    let mut idle = Made::whole(60);
    idle.changes = vec![change(&hour(50), "StartLogging", r#"{"name":"main"}"#)];
    idle.trails.push(description(&hour(55), READING));
    assert_eq!(
        states_of(with_another_region(idle, 60), "eu-north-1").await,
        [
            "complete_verified x 36",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// The region's digests prove its own logs; a change of the trail could be lost from the logs at home, which none proves.
#[tokio::test]
async fn nothing_is_verified_by_selectors_that_no_digest_proves() {
    let bare = || {
        let mut made = Made::whole(60);
        made.ledger.retain(|row| row["kind"] == "log");
        with_another_region(made, 60)
    };
    assert_eq!(
        states_of(bare(), "eu-north-1").await,
        [
            "selectors_unknown x 1",
            "complete_unverified x 58",
            "gap x 2"
        ]
    );
    let context = bare().context().await;
    let sql = "SELECT DISTINCT reasons FROM coverage WHERE region = 'eu-north-1' AND hour BETWEEN '2026-03-01T02:00:00Z' \
               AND '2026-03-02T11:00:00Z'";
    assert_eq!(
        query(&context, sql, &["reasons"]).await,
        ["not_verified (selectors)"]
    );
}

/// The digests of the home region begin anew at 10:00, because none was written for a while, or the trail was made anew.
#[tokio::test]
async fn a_chain_that_begins_anew_proves_nothing_of_what_was_before() {
    let mut made = Made::whole(60);
    let first = digest(10)["location"].clone();
    for row in &mut made.verifications {
        if row["location"] == first {
            row["status"] = "chain_start".into();
        }
    }
    made.trails = vec![description(&hour(30), READING)];
    let hidden = states_of(with_another_region(made, 60), "eu-north-1").await;
    assert_eq!(
        hidden,
        [
            "complete_unverified x 11",
            "complete_verified x 25",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// A log that the trail never wrote has a read, and the log of 10:30 has none.
#[tokio::test]
async fn a_read_in_a_log_that_no_digest_proves_verifies_nothing() {
    let mut made = Made::whole(60);
    made.trails = Vec::new();
    let mut forged = log(10, Value::Null);
    let name = log_name(10).replace("_0000000000000000", "_1111111111111111");
    for column in ["location", "object_id"] {
        forged[column] = format!("s3://b/{name}").into();
    }
    made.events = vec![read(10, "eu-west-1")];
    made.events[0]["object_id"] = forged["object_id"].clone();
    made.ledger.push(forged);
    assert_eq!(
        made.states().await,
        [
            "complete_unverified x 24",
            "selectors_unknown x 35",
            "gap x 2"
        ]
    );
}

/// The log of 10:30 was verified once, and then a read was put into it.
#[tokio::test]
async fn a_read_in_a_log_that_was_changed_tells_nothing() {
    let mut made = losing_one_event("changed");
    made.trails = Vec::new();
    made.events = vec![event(
        "2026-03-01T10:29:00Z",
        json!({"is_read_only": true, "object_id": log(10, Value::Null)["object_id"]}),
    )];
    assert_eq!(
        states_of(made, "eu-west-1").await,
        [
            "selectors_unknown x 10",
            "partial x 1",
            "selectors_unknown x 48",
            "gap x 2"
        ]
    );
}

/// Logs without digests, and nobody tells of the trail. Its home may be the region whose logs of 12:30 and after lack.
#[tokio::test]
async fn a_break_in_what_may_be_the_home_ends_what_a_read_tells() {
    for lost in [12..17, 12..60] {
        let mut made = with_another_region(Made::whole(60), 60);
        made.trails = Vec::new();
        made.events = vec![read(1, "eu-north-1")];
        made.ledger.retain(|row| row["kind"] == "log");
        let lost: Vec<String> = lost.map(log_name).collect();
        let made = made.without(|location| lost.iter().any(|name| location.ends_with(name)));
        assert_eq!(
            states_of(made, "eu-north-1").await,
            [
                "gap x 1",
                "complete_unverified x 10",
                "selectors_unknown x 48",
                "gap x 1"
            ]
        );
    }
}

const READS_ALONE: &str = r#"{"EventSelectors":[{"ReadWriteType":"ReadOnly"}]}"#;

/// What the trail logs is described, but it never logs a change of it.
#[tokio::test]
async fn a_trail_that_logs_reads_alone_does_not_tell_when_it_is_changed() {
    let mut made = Made::whole(60);
    made.trails = vec![description(&hour(1), READS_ALONE)];
    made.events = vec![read(3, "eu-west-1")];
    assert_eq!(made.states().await, ["selectors_unknown x 59", "gap x 2"]);
    // It is known up to the change, and nothing before a description of reads alone shows since when it is so.
    for (told, states) in [
        (
            change(
                "2026-03-01T05:20:00Z",
                "PutEventSelectors",
                &READS_AGAIN.replace("All", "ReadOnly"),
            ),
            ["complete_verified x 5", "selectors_unknown x 54", "gap x 2"],
        ),
        (
            description("2026-03-01T05:20:00Z", READS_ALONE),
            ["complete_verified x 1", "selectors_unknown x 58", "gap x 2"],
        ),
    ] {
        let mut made = Made::whole(60);
        if told.get("taken_at").is_some() {
            made.trails.push(told);
        } else {
            made.changes.push(told);
        }
        assert_eq!(made.states().await, states);
    }
}

/// The other trail delivers the same logs, and is known to log changes from 1:00 on.
#[tokio::test]
async fn another_trail_tells_of_the_changes_that_one_does_not_log() {
    let mut made = Made::whole(60);
    let of_other = |row: &Value| -> Option<Value> {
        let text = row.to_string().replace("main_eu-west-1", "other_eu-west-1");
        (row["kind"] == "digest").then(|| serde_json::from_str(&text).expect("a row"))
    };
    let digests: Vec<Value> = made.ledger.iter().filter_map(of_other).collect();
    let found: Vec<Value> = made.verifications.iter().filter_map(of_other).collect();
    made.ledger.extend(digests);
    made.verifications.extend(found);
    let mut other = description(&hour(1), READING);
    other["trail_arn"] = TRAIL.replace("main", "other").into();
    made.trails = vec![description(&hour(1), READS_ALONE), other];
    let sql = format!(
        "SELECT state || ' x ' || count(*) AS told FROM coverage_by_trail WHERE trail = '{TRAIL}' \
         GROUP BY state ORDER BY min(hour)"
    );
    assert_eq!(
        query(&made.context().await, &sql, &["told"]).await,
        [
            "selectors_unknown x 1",
            "complete_verified x 35",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}

/// An older keytrail deleted what is from before the second day, changes of the trail among it.
#[tokio::test]
async fn what_is_known_from_before_the_horizon_tells_nothing_behind_it() {
    let states = async |descriptions: &[u32]| {
        let mut made = Made::whole(60);
        let told = descriptions.iter();
        made.trails = told
            .map(|number| description(&hour(*number), READING))
            .collect();
        let context = made.context().await;
        let horizon = Some(micros("2026-03-02"));
        let retention = Retention {
            horizon,
            holds: Vec::new(),
        };
        keep_since(&context, &retention);
        states_in(&context, "eu-west-1").await
    };
    assert_eq!(
        states(&[1]).await,
        ["expired x 24", "selectors_unknown x 35", "gap x 2"]
    );
    assert_eq!(
        states(&[1, 30]).await,
        [
            "expired x 24",
            "complete_verified x 12",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
}
