//! The sample's figures, against what its generator knows of each event it wrote (`answers.json`).
//!
//! The answers were never read back from the logs, and never come from the program. Keys and questions
//! are in `answers_keys.rs`; here are events, objects and what was planted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::context::{Context, REPOSITORY};

/// What the generator knows.
pub(crate) fn answers() -> Value {
    let path = format!("{REPOSITORY}/sample-logs/answers.json");
    let text = std::fs::read_to_string(path).expect("the samples have answers");
    serde_json::from_str(&text).expect("JSON")
}

/// The rows `name`, `n` of a statement as one object.
pub(crate) fn tally(context: &Context, statement: &str) -> Value {
    let rows = context.rows(statement);
    let members = rows.into_iter().map(|mut row| {
        let name = row["name"].as_str().unwrap_or("null").to_owned();
        (name, row["n"].take())
    });
    Value::Object(members.collect::<Map<_, _>>())
}

/// The elements of a list of the answers.
pub(crate) fn list<'a>(answers: &'a Value, name: &str) -> &'a [Value] {
    answers[name].as_array().expect("a list")
}

/// The text of a member.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a text")
}

#[test]
fn events_by_everything() {
    let context = Context::with_samples();
    let answers = answers();
    let dimensions = [
        ("by_event_name", "event_name"),
        ("by_outcome", "outcome"),
        ("by_caller", "caller"),
        ("by_recipient_account", "recipient_account_id"),
        ("by_region", "region"),
        ("by_date", "cast(event_date as varchar)"),
        ("by_use_label", "coalesce(use_label, 'none')"),
    ];
    for (answer, column) in dimensions {
        let statement =
            format!("select {column} as name, count(*) as n from kms_events group by 1");
        assert_eq!(
            tally(&context, &statement),
            answers["kms_events"][answer],
            "{answer}"
        );
    }
    let rows = context.rows(
        "select count(distinct caller) as distinct_callers,
           count(*) filter (where key_arn is null) as without_key,
           count(*) filter (where is_event_id_derived) as without_event_id,
           to_char(min(event_time), '%Y-%m-%dT%H:%M:%SZ') as first_event_time,
           to_char(max(event_time), '%Y-%m-%dT%H:%M:%SZ') as last_event_time
         from kms_events",
    );
    for name in ["distinct_callers", "without_key", "without_event_id"] {
        assert_eq!(rows[0][name], answers["kms_events"][name], "{name}");
    }
    for name in ["first_event_time", "last_event_time"] {
        assert_eq!(rows[0][name], answers[name], "{name}");
    }
    let by_event = "select event_source || ' ' || event_name as name, count(*) as n from trail_events group by 1";
    assert_eq!(
        tally(&context, by_event),
        answers["trail_events"]["by_event"]
    );
}

#[test]
fn counts() {
    let context = Context::with_samples();
    let answers = answers();
    let counts = &answers["counts"];
    let rows = context.rows(
        "select
           count(*) as objects,
           sum(json_bytes) as text_bytes,
           sum(records) filter (where kind in ('log', 'network_activity')) as events_read,
           sum(not_wanted) filter (where kind in ('log', 'network_activity')) as not_wanted,
           sum(duplicates) as duplicates,
           sum(rejected) as rejected_records,
           count(damage_offset) as damaged_objects,
           (select count(*) from kms_events) as kms_events,
           (select count(*) from trail_events) as trail_events,
           sum(written) as written
         from log_files",
    );
    let found = &rows[0];
    for name in [
        "objects",
        "text_bytes",
        "events_read",
        "kms_events",
        "trail_events",
        "not_wanted",
        "duplicates",
        "rejected_records",
        "damaged_objects",
    ] {
        assert_eq!(found[name], counts[name], "{name}");
    }
    let number = |name: &str| found[name].as_u64().expect("a number");
    assert_eq!(
        number("written"),
        number("kms_events") + number("trail_events")
    );
    assert_eq!(
        number("events_read"),
        number("not_wanted")
            + number("rejected_records")
            + number("duplicates")
            + number("written")
    );
}

#[test]
fn objects_by_kind() {
    let context = Context::with_samples();
    let kinds = tally(
        &context,
        "select kind as name, count(*) as n from log_files group by 1",
    );
    let expected = &answers()["counts"]["objects_by_kind"];
    assert_eq!(
        kinds,
        json!({
            "log": expected["CloudTrail"],
            "aggregated": expected["CloudTrail-Aggregated"],
            "digest": expected["CloudTrail-Digest"],
            "insight": expected["CloudTrail-Insight"],
            "network_activity": expected["CloudTrail-NetworkActivity"],
        })
    );
}

#[test]
fn every_object() {
    let context = Context::with_samples();
    let answers = answers();
    let rows = context.rows(
        "select location, json_bytes, records, kms_records, trail_records, not_wanted, rejected, duplicates
         from log_files where kind in ('log', 'network_activity', 'digest') order by location",
    );
    let mut ledger: BTreeMap<String, Value> = BTreeMap::new();
    for row in rows {
        ledger.insert(object(&row), row);
    }
    for expected in list(&answers, "objects") {
        let name = text(expected, "object");
        if name.contains("CloudTrail-Insight") || name.contains("CloudTrail-Aggregated") {
            continue;
        }
        let found = ledger
            .remove(name)
            .unwrap_or_else(|| panic!("the ledger has no {name}"));
        let number = |column: &str| found[column].as_u64().expect("a number");
        let read = [
            number("json_bytes"),
            number("records"),
            number("not_wanted"),
        ];
        let wanted = ["text_bytes", "records", "not_wanted"]
            .map(|name| expected[name].as_u64().expect("a number"));
        assert_eq!(read, wanted, "{name}");
        // The generator counts what is kept, the ledger what was read; which of two copies is the duplicate
        // depends on the order of reading.
        let kept = expected["kms_events"].as_u64().expect("a number")
            + expected["trail_events"].as_u64().expect("a number");
        let duplicates = list(&answers, "duplicates")
            .iter()
            .filter(|copy| copy["object"] == name)
            .count();
        assert_eq!(
            number("kms_records") + number("trail_records"),
            kept + duplicates as u64,
            "{name}"
        );
    }
    assert!(ledger.is_empty(), "{ledger:?}");
}

#[test]
fn damage_and_rejects() {
    let context = Context::with_samples();
    let answers = answers();
    let damaged = context.rows(
        "select location, state, reason, message, records, damage_offset, json_bytes from log_files where damage_offset is not null",
    );
    let expected = &answers["damaged"][0];
    assert_eq!(damaged.len(), list(&answers, "damaged").len());
    assert_eq!(object(&damaged[0]), text(expected, "object"));
    assert_eq!(damaged[0]["state"], "damaged");
    assert_eq!(damaged[0]["records"], expected["complete_records"]);
    assert_eq!(damaged[0]["json_bytes"], expected["text_bytes"]);
    // The text ends there; the record that it cuts off begins earlier, and the message tells both.
    assert_eq!(damaged[0]["damage_offset"], expected["text_bytes"]);
    let begins = expected["incomplete_record_offset"].to_string();
    assert!(
        text(&damaged[0], "message").contains(&begins),
        "{} does not name {begins}",
        damaged[0]
    );

    let rejected = context
        .rows("select location, rejected, reason, rejects from log_files where rejected > 0");
    assert_eq!(rejected.len(), list(&answers, "rejected").len());
    let expected = &answers["rejected"][0];
    assert_eq!(object(&rejected[0]), text(expected, "object"));
    let rejects: Vec<Value> = serde_json::from_str(text(&rejected[0], "rejects")).expect("JSON");
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0]["record"], expected["record"]);
    assert_eq!(rejects[0]["reason"], "event_time");
}

#[test]
fn conflicts_and_corrections() {
    let context = Context::with_samples();
    let answers = answers();
    let conflicts = context.rows("select event_id, recipient_account_id as recipient_account, contents from id_conflicts order by 1, 2");
    assert_eq!(Value::from(conflicts), answers["id_conflicts"]);
    let corrections = context
        .rows("select original_event_id, event_id from kms_events where is_correction order by 1");
    assert_eq!(Value::from(corrections), answers["corrections"]);
    let replaced = context.rows(
        "select distinct event_id from replaced_events where event_id is not null order by 1",
    );
    assert_eq!(replaced.len(), list(&answers, "corrections").len());
    assert_eq!(
        replaced[0]["event_id"],
        answers["corrections"][0]["original_event_id"]
    );
}

#[test]
fn cross_account_calls() {
    let context = Context::with_samples();
    let records = context.rows(
        "select owner.shared_event_id, to_char(owner.event_time, '%Y-%m-%dT%H:%M:%SZ') as time, owner.event_name, owner.key_arn,
           owner.event_id as owner_event_id, owner.recipient_account_id as owner_account, owner.caller as owner_sees_caller,
           other.event_id as caller_event_id, other.recipient_account_id as caller_account, other.caller
         from kms_events as owner
         join kms_events as other
           on other.shared_event_id = owner.shared_event_id and other.recipient_account_id <> owner.recipient_account_id
         where arn_part(owner.key_arn, 5) = owner.recipient_account_id
         order by time",
    );
    assert_eq!(Value::from(records), answers()["cross_account"]);
}

#[test]
fn denied_calls() {
    let context = Context::with_samples();
    let denied = context.rows(
        "select to_char(event_time, '%Y-%m-%dT%H:%M:%SZ') as time, event_id, event_name, caller,
           recipient_account_id as recipient_account, key_arn, key_as_typed, error_code, error_message
         from kms_events where outcome = 'denied' order by event_time, event_id",
    );
    assert_eq!(Value::from(denied), answers()["denied"]);
}

#[test]
fn aliases() {
    let context = Context::with_samples();
    let answers = answers();
    let moves = context.rows(
        "select to_char(event_time, '%Y-%m-%dT%H:%M:%SZ') as time, event_name,
           'arn:aws:kms:' || region || ':' || recipient_account_id || ':' || alias_name as alias_arn, key_arn
         from kms_events
         where event_name in ('CreateAlias', 'UpdateAlias', 'DeleteAlias') and outcome = 'success' order by event_time",
    );
    assert_eq!(Value::from(moves), answers["aliases"]);
    // The generator counts what was typed for the one key of a call, not for the second of a ReEncrypt.
    let uses = context.rows(
        "select key_as_typed, key_arn, count(*) as uses from key_uses
         where kind = 'use' and outcome = 'success' and key_role = 'only' and key_as_typed like '%alias/%' group by 1, 2 order by 1, 2",
    );
    assert_eq!(Value::from(uses), answers["used_through_alias"]);
}

#[test]
fn everything_planted_is_there() {
    let context = Context::with_samples();
    let answers = answers();
    let kept = context.rows(
        "select event_id, event_name from kms_events union all select event_id, event_name from trail_events",
    );
    let names: BTreeMap<&str, &str> = kept
        .iter()
        .map(|row| (text(row, "event_id"), text(row, "event_name")))
        .collect();
    for planted in list(&answers, "planted") {
        let what = text(planted, "what");
        // These are there to be left out, or have no id to be found by.
        let is_left_out = what.contains("to be rejected")
            || what.contains("no KMS event")
            || what.contains("without eventID");
        for event in list(planted, "first").iter().filter(|_| !is_left_out) {
            let id = text(event, "event_id");
            if what.contains("network activity") && !names.contains_key(id) {
                // One of the three is of another service.
                continue;
            }
            assert_eq!(
                names.get(id),
                Some(&text(event, "event_name")),
                "{what}: {id}"
            );
        }
    }
}

/// The object of a row as the answers name it.
fn object(row: &Value) -> String {
    let location = text(row, "location");
    let (_, object) = location.split_once("/sample-logs/").expect("it lies there");
    object.to_owned()
}
