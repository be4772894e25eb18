//! Where serde_json takes the text for an object with `Records`, it and the decoder find the same records, and the same
//! KMS events among them, with the same content.

#![no_main]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/decoded.rs"]
mod decoded;

use std::collections::{BTreeMap, HashSet};

use keytrail::decode::Reason;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What serde_json finds in a document.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

/// Of a repeated name, the last.
type Members<'a> = BTreeMap<String, &'a RawValue>;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Some(expected) = expected(text) else {
        return;
    };
    let found = decoded::decode(text);
    assert_eq!(found.report.records, expected.len() as u64);
    let rejected: HashSet<u64> = found
        .report
        .rejects
        .iter()
        .filter(|reject| matches!(reject.reason, Reason::EventTime | Reason::NotAnObject))
        .map(|reject| reject.record)
        .collect();
    let rows: BTreeMap<u64, String> = found
        .kms_rows()
        .iter()
        .map(|row| (u64::try_from(row.number()).expect("from 0"), row.original()))
        .collect();
    for (number, record) in (0..).zip(&expected) {
        if record.is_kms {
            let is_known = rows.contains_key(&number) || rejected.contains(&number);
            assert!(is_known, "record {number} is a KMS event");
        } else {
            assert!(!rows.contains_key(&number), "record {number} is none");
        }
        // Only where no name repeats are two readers of one mind; numbers are compared as written.
        if let (Some(value), Some(original)) = (&record.value, rows.get(&number)) {
            let back: Value = serde_json::from_str(original).expect("a row gives JSON");
            assert_eq!(&back, value, "record {number}");
        }
    }
});

/// A record as serde_json reads it.
struct Expected {
    is_kms: bool,
    /// Its content, where no two readers can differ about it.
    value: Option<Value>,
}

/// None where the text is no document, or packs something else than records.
fn expected(text: &[u8]) -> Option<Vec<Expected>> {
    // The decoder passes a mark over that JSON does not allow.
    let text = std::str::from_utf8(text).ok()?;
    let around: Members<'_> = serde_json::from_str(text).ok()?;
    let document: Document<'_> = serde_json::from_str(text).ok()?;
    let packs = ["Events", "events", "logEvents"];
    if packs.iter().any(|name| around.contains_key(*name)) || around.keys().any(|name| is_of_another_kind(name)) {
        return None;
    }
    document.records.iter().map(|record| read(record)).collect()
}

fn read(record: &RawValue) -> Option<Expected> {
    let Ok(members) = serde_json::from_str::<Members<'_>>(record.get()) else {
        // A string may hold an event, or several.
        if record.get().starts_with('"') && record.get().contains('{') {
            return None;
        }
        // No object, or one with a name that is no text.
        return (!record.get().starts_with('{')).then_some(Expected {
            is_kms: false,
            value: None,
        });
    };
    if members.keys().any(|name| is_of_another_kind(name)) {
        return None;
    }
    let source = members.get("eventSource");
    let source = source.and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    let value = serde_json::from_str::<Value>(record.get()).ok();
    let is_plain = |value: &Value| names(value) == record.get().matches("\":").count();
    Some(Expected {
        is_kms: source.as_deref() == Some("kms.amazonaws.com"),
        value: value.filter(is_plain),
    })
}

/// Members by which a digest or a wrapped event is known.
fn is_of_another_kind(name: &str) -> bool {
    let wrappers = ["CloudTrailEvent", "detail", "detail-type", "message", "@message", "messageType"];
    name.starts_with("digest") || wrappers.contains(&name)
}

/// How many members a value has, at all depths.
fn names(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.len() + members.values().map(names).sum::<usize>(),
        Value::Array(values) => values.iter().map(names).sum(),
        _ => 0,
    }
}
