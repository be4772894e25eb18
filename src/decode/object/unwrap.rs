//! Events in what they are wrapped in: pages of records, messages of other services, text within text.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Records;
use crate::decode::interest::{Interest, look, names_source};
use crate::decode::json::{self, JsonKind, Unescaped, Value, unescape};
use crate::decode::report::{ObjectKind, Reason};
use crate::decode::shape::{digest, packed};
use crate::decode::split::{Verdict, line_time};

/// An event is wrapped at most so often.
const WRAPPERS_MAX: usize = 8;
/// How a message of CloudWatch Logs is called where it is no JSON. It is cut at 256 KB.
const MESSAGE: &str = "the message";

impl Records {
    /// Takes the event out of what it is wrapped in.
    pub(super) fn value(&mut self, offset: u64, value: Value<'_>, wrappers: usize) {
        if let Some(digest) = digest(value) {
            self.seen = Some(ObjectKind::Digest);
            self.report.digest = Some(digest);
            return;
        }
        let inner = value.get("CloudTrailEvent");
        let is_inner =
            inner.is_some_and(|inner| matches!(inner.kind(), JsonKind::Text | JsonKind::Object));
        if !is_inner && value.get("eventSource").is_some() {
            self.event(offset, value);
        } else if wrappers == WRAPPERS_MAX {
            let message = format!("wrapped more than {WRAPPERS_MAX} times");
            self.reject(offset, Reason::WrongShape, message);
        } else if let (true, Some(inner)) = (is_inner, inner) {
            self.wrapper.get_or_insert("lookup_events");
            self.inner(offset, inner, "CloudTrailEvent", wrappers + 1);
        } else if let Some(event) = value
            .get("detail")
            .filter(|event| event.kind() == JsonKind::Object)
        {
            self.wrapper.get_or_insert("event_bridge");
            self.value(offset, event, wrappers + 1);
        } else if is_control(value) {
            self.wrapper.get_or_insert("cloudwatch_logs");
            self.is_envelope = true;
        } else if let Some(records) = packed(value) {
            self.is_envelope |= value.get("messageType").is_some();
            // A page of records among pages of records.
            for record in records.elements() {
                self.element(offset, record, wrappers + 1);
            }
        } else if let Some(message) = message_of(value) {
            self.wrapper.get_or_insert("cloudwatch_logs");
            let was_logged = std::mem::replace(&mut self.is_logged, true);
            self.inner(offset, message, MESSAGE, wrappers + 1);
            self.is_logged = was_logged;
        } else {
            self.event(offset, value);
        }
    }

    /// A string where a record should be: the text of an event, or of several.
    pub(super) fn string(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.reject(offset, Reason::RecordUtf8, "no valid UTF-8".to_owned());
            return Verdict::Broken;
        };
        let mut tape = std::mem::take(&mut self.tape);
        let verdict = if let Ok(value) = tape.parse(text, 1) {
            self.wrapper.get_or_insert("strings");
            self.inner(offset, value, "the string", 1);
            Verdict::Sound
        } else {
            let message = "a string that is no JSON".to_owned();
            self.reject(offset, Reason::RecordSyntax, message);
            Verdict::Broken
        };
        self.tape = tape;
        verdict
    }

    /// A line of an export: a time, and a message.
    pub(super) fn line(&mut self, offset: u64, line: &[u8]) {
        self.wrapper.get_or_insert("cloudwatch_export");
        self.is_logged = true;
        let message = line_time(line).unwrap_or(line).trim_ascii();
        match std::str::from_utf8(message) {
            Ok(message) => self.text(offset, message, MESSAGE, 1),
            Err(_) if !is_event_begun(message) || look(message, false) == Interest::None => {
                self.not_wanted();
            }
            Err(_) => self.reject(offset, Reason::RecordUtf8, "no valid UTF-8".to_owned()),
        }
        self.is_logged = false;
    }

    fn element(&mut self, offset: u64, element: Value<'_>, wrappers: usize) {
        match element.kind() {
            JsonKind::Object => self.value(offset, element, wrappers),
            JsonKind::Text => self.inner(offset, element, "the string", wrappers),
            _ => self.reject(offset, Reason::NotAnObject, "no JSON object".to_owned()),
        }
    }

    /// An event that is wrapped as an object, or as the text of one.
    fn inner(&mut self, offset: u64, value: Value<'_>, name: &str, wrappers: usize) {
        match json_of(value) {
            Some(text) => self.text(offset, &text, name, wrappers),
            None => self.value(offset, value, wrappers),
        }
    }

    /// The text of an event, or of what packs events.
    fn text(&mut self, offset: u64, text: &str, name: &str, wrappers: usize) {
        let text = text.trim_ascii();
        if self.is_logged && !is_event_begun(text.as_bytes()) {
            // Another log group's.
            self.not_wanted();
            return;
        }
        if !text.starts_with(['{', '[']) {
            self.reject(offset, Reason::NotAnObject, "no JSON object".to_owned());
            return;
        }
        let is_plain = !text.contains('\\');
        let interest = look(text.as_bytes(), is_plain);
        if interest == Interest::None && self.seen.is_some() {
            self.events += 1;
            self.not_wanted();
            return;
        }
        let mut tape = std::mem::take(&mut self.inner_tape);
        match tape.parse(text, self.limits.depth_max) {
            Ok(value) if value.kind() == JsonKind::Array => {
                for element in value.elements() {
                    self.element(offset, element, wrappers);
                }
            }
            Ok(value) => self.value(offset, value, wrappers),
            Err(_) if interest == Interest::None => {
                self.events += 1;
                self.not_wanted();
            }
            Err(json::JsonFault::Syntax(at)) if at == text.len() => {
                let message = format!("{name} is cut off after {at} bytes");
                self.reject(offset, Reason::RecordSyntax, message);
            }
            Err(json::JsonFault::Syntax(at)) => {
                let message = format!("{name} is no JSON at its byte {at}");
                self.reject(offset, Reason::RecordSyntax, message);
            }
            Err(json::JsonFault::TooDeep) => self.reject_deep(offset),
        }
        self.inner_tape = tape;
    }
}

/// Whether a message may be an event of CloudTrail, cut or whole, or wrap one.
fn is_event_begun(message: &[u8]) -> bool {
    message.first() == Some(&b'{') && names_source(message)
}

/// What CloudWatch Logs sends to try a destination out.
fn is_control(value: Value<'_>) -> bool {
    value
        .get("messageType")
        .is_some_and(|kind| kind.is_text("CONTROL_MESSAGE"))
}

/// The message in an event of CloudWatch Logs, or in a row of its Insights.
fn message_of(value: Value<'_>) -> Option<Value<'_>> {
    ["message", "@message"]
        .iter()
        .find_map(|name| value.get(name))
        .filter(|message| matches!(message.kind(), JsonKind::Text | JsonKind::Object))
}

/// A string as the JSON that it contains. Half a surrogate pair, which UTF-8 cannot express, is an escape there
/// too; behind a backslash it could not be one, and stays what no JSON has there.
fn json_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.kind() != JsonKind::Text {
        return None;
    }
    if !value.is_escaped() {
        return Some(Cow::Borrowed(value.raw()));
    }
    let Unescaped { text, surrogates } = unescape(value.raw());
    let mut json = String::new();
    let mut from = 0;
    for (at, unit) in surrogates {
        json.push_str(&text[from..at]);
        let backslashes = json.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes.is_multiple_of(2) {
            let _infallible = write!(json, "\\u{unit:04x}");
            from = at + char::REPLACEMENT_CHARACTER.len_utf8();
        } else {
            from = at;
        }
    }
    if from == 0 {
        return Some(Cow::Owned(text));
    }
    json.push_str(&text[from..]);
    Some(Cow::Owned(json))
}
