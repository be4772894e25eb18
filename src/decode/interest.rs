//! Whether a record is worth parsing, from a look at its text.
//!
//! Enters: the text of one complete record. Leaves: a verdict that is never wrong in the direction that
//! loses an event: where the look cannot tell, the record is parsed.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::event::KMS;
use super::facts::FACTS;
use super::time::parse_event_time;

static SOURCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""eventSource""#));
static TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""eventTime""#));
static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""eventName""#));
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""eventVersion""#));

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\u00"));

/// What a look at a record shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// An event of a service or a name that no table takes.
    None,
    /// It may be wanted.
    Parse,
}

/// Looks at every `"eventSource"` in the record, at any depth: one that reads as a wanted service
/// makes the record worth parsing, and only the parser decides which of them is the event's own.
/// `is_plain` says that the record contains no backslash.
pub(crate) fn look(record: &[u8], is_plain: bool) -> Interest {
    let mut is_event = false;
    let mut is_trail_source = false;
    for at in SOURCE.find_iter(record) {
        match string_member(record, at + SOURCE.needle().len()) {
            StringMember::Text(source) => {
                is_event = true;
                if source == KMS.as_bytes() {
                    return Interest::Parse;
                }
                is_trail_source |=
                    std::str::from_utf8(source).is_ok_and(|source| FACTS.has_trail_source(source));
            }
            StringMember::Unclear => return Interest::Parse,
            StringMember::Other => {}
        }
    }
    if !is_event
        || (is_trail_source && has_trail_name(record))
        || (!is_plain && has_escaped_letter(record))
    {
        Interest::Parse
    } else {
        Interest::None
    }
}

/// Whether some object in the text, at any depth, has a member `eventSource`, or begins like an
/// event.
pub(crate) fn names_source(text: &[u8]) -> bool {
    VERSION.find(text).is_some()
        || SOURCE.find_iter(text).any(|at| {
            let member = string_member(text, at + SOURCE.needle().len());
            !matches!(member, StringMember::Other)
        })
}

/// Whether a letter is written as an escape, so that a name may not look like itself. Writers of JSON
/// escape control characters and punctuation; nobody who has nothing to hide escapes letters.
fn has_escaped_letter(record: &[u8]) -> bool {
    ESCAPE
        .find_iter(record)
        .any(|at| matches!(record.get(at + ESCAPE.needle().len()), Some(b'4'..=b'7')))
}

fn has_trail_name(record: &[u8]) -> bool {
    NAME.find_iter(record)
        .any(|at| match string_member(record, at + NAME.needle().len()) {
            StringMember::Text(name) => {
                std::str::from_utf8(name).map_or(true, |name| FACTS.is_trail_name(name))
            }
            StringMember::Unclear => true,
            StringMember::Other => false,
        })
}

enum StringMember<'a> {
    Text(&'a [u8]),
    /// A string with escapes.
    Unclear,
    /// No string, or no member's name at all.
    Other,
}

/// When a record that is not parsed says that it was, in microseconds.
pub(crate) fn event_time(record: &[u8]) -> Option<i64> {
    let at = TIME.find(record)?;
    match string_member(record, at + TIME.needle().len()) {
        StringMember::Text(time) => parse_event_time(std::str::from_utf8(time).ok()?),
        StringMember::Unclear | StringMember::Other => None,
    }
}

/// The string behind the colon behind a member's name.
fn string_member(record: &[u8], at: usize) -> StringMember<'_> {
    let rest = record[at..].trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b":") else {
        return StringMember::Other;
    };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else {
        return StringMember::Other;
    };
    match memchr::memchr2(b'"', b'\\', rest) {
        Some(end) if rest[end] == b'"' => StringMember::Text(&rest[..end]),
        _ => StringMember::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::{Interest, look};

    fn check(record: &str, expected: Interest) {
        let is_plain = !record.contains('\\');
        for is_plain in [false, is_plain] {
            let seen = look(record.as_bytes(), is_plain);
            assert_eq!(seen, expected, "{record}");
        }
    }

    #[test]
    fn kms_events_are_parsed_however_they_are_written() {
        check(r#"{"eventSource":"kms.amazonaws.com"}"#, Interest::Parse);
        check(
            r#"{ "eventSource" : "kms.amazonaws.com" }"#,
            Interest::Parse,
        );
        check(
            r#"{"eventSource":"kms\u002eamazonaws.com"}"#,
            Interest::Parse,
        );
        check(
            r#"{"event\u0053ource":"kms.amazonaws.com"}"#,
            Interest::Parse,
        );
        check(
            r#"{"x":{"eventSource":"s3.amazonaws.com"},"eventSource":"kms.amazonaws.com"}"#,
            Interest::Parse,
        );
        check(
            r#"{"x":{"eventSource":"s3.amazonaws.com"},"event\u0053ource":"kms.amazonaws.com"}"#,
            Interest::Parse,
        );
        check(
            r#"{"eventSource":"s3.amazonaws.com","x":"a\u003db"}"#,
            Interest::None,
        );
    }

    #[test]
    fn the_same_text_elsewhere_is_not_of_interest() {
        check(
            r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","requestParameters":{"x":"kms.amazonaws.com"}}"#,
            Interest::None,
        );
        check(
            r#"{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances"}"#,
            Interest::None,
        );
    }

    #[test]
    fn trail_events_are_parsed_by_name() {
        check(
            r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}"#,
            Interest::Parse,
        );
        check(
            r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"LookupEvents"}"#,
            Interest::None,
        );
    }
}
