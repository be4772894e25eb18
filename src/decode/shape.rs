//! What a JSON object is, where a record is looked for.
//!
//! Enters: a parsed object. Leaves: whether it is a digest, a page of records, or which kind of event.

use super::event::{EventMembers, text};
use super::json::{JsonKind, Value};
use super::report::{DigestFacts, ObjectKind};
use super::time::parse_event_time;

/// The records in an object that is no event and contains an array of them.
pub(super) fn packed(value: Value<'_>) -> Option<Value<'_>> {
    if value.get("eventSource").is_some() {
        return None;
    }
    ["Records", "Events", "logEvents", "events"]
        .iter()
        .find_map(|name| value.get(name))
        .filter(|records| records.kind() == JsonKind::Array)
}

/// What an event says it is; `None` for an object that is no event.
pub(super) fn kind_of(event: Value<'_>, members: &EventMembers<'_>) -> Option<ObjectKind> {
    let category = text(members.event_category).unwrap_or_default();
    let is_insight = category == "Insight" || event.get("insightDetails").is_some();
    let is_event = members.event_source.is_some()
        || members.event_version.is_some()
        || (members.event_time.is_some() && members.event_id.is_some());
    match category.as_ref() {
        _ if is_insight => Some(ObjectKind::Insight),
        "NetworkActivity" => Some(ObjectKind::NetworkActivity),
        "Aggregated" => Some(ObjectKind::Aggregated),
        _ if is_event => Some(ObjectKind::Log),
        _ => None,
    }
}

/// The facts of a digest, if the value is one.
pub(super) fn digest(value: Value<'_>) -> Option<DigestFacts> {
    value.get("logFiles")?;
    value.get("awsAccountId")?;
    if value.get("eventSource").is_some() {
        return None;
    }
    let member = |name| text(value.get(name)).map(std::borrow::Cow::into_owned);
    let time = |name| member(name).and_then(|time| parse_event_time(&time));
    Some(DigestFacts {
        start_time: time("digestStartTime"),
        end_time: time("digestEndTime"),
        previous: member("previousDigestS3Object"),
        previous_hash: member("previousDigestHashValue"),
        signature: None,
        signature_algorithm: member("digestSignatureAlgorithm"),
        public_key_fingerprint: member("digestPublicKeyFingerprint"),
        content: Some(super::canonical::text_of(value)),
    })
}
