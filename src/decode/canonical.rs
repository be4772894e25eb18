//! The canonical text of an event, which is its identity and the form in which it is kept.
//!
//! Enters: a parsed value. Leaves: UTF-8 without white space; members sorted by the bytes of their
//! decoded names, repeated names in their order; strings decoded and escaped again minimally;
//! unpaired surrogates as `\uXXXX`; numbers as written. Two events are the same JSON value if and
//! only if their canonical texts are equal (numbers compare by their text).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::json::{Kind, Value, unescape};

/// Bytes of a content hash.
pub(crate) const HASH_BYTES: usize = 16;

/// The canonical text of an object, with the places of its members.
#[derive(Debug, Default)]
pub(crate) struct Canonical {
    text: Vec<u8>,
    members: Vec<Member>,
    scratch: Vec<usize>,
}

/// One member of the object, by its places in the canonical text.
#[derive(Debug)]
struct Member {
    /// Name, colon and value.
    whole: Range<usize>,
    /// What stands between the quotes of the name; equal exactly where names are.
    name: Range<usize>,
    value: Range<usize>,
}

impl Canonical {
    /// Writes `event`, an object, in place of what was held before.
    pub(crate) fn write(&mut self, event: Value<'_>) {
        self.text.clear();
        self.members.clear();
        let members = &mut self.members;
        write_object(&mut self.text, &mut self.scratch, event, &mut |member| {
            members.push(member);
        });
    }

    /// The first half of SHA-256 over the canonical text.
    pub(crate) fn hash(&self) -> [u8; HASH_BYTES] {
        let digest = Sha256::digest(&self.text);
        let mut half = [0; HASH_BYTES];
        half.copy_from_slice(&digest[..HASH_BYTES]);
        half
    }

    /// The value of the last member of that name, as canonical text.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let is_named = |member: &&Member| self.slice(&member.name) == name;
        let member = self.members.iter().rfind(is_named)?;
        Some(self.slice(&member.value))
    }

    /// An object of the members that `is_held` does not find elsewhere; `None` if there are none.
    ///
    /// All members of a repeated name are kept, whatever `is_held` says of them.
    pub(crate) fn rest(&self, mut is_held: impl FnMut(&str) -> bool) -> Option<String> {
        let mut rest = String::new();
        for (index, member) in self.members.iter().enumerate() {
            let name = self.slice(&member.name);
            let is_repeated =
                self.is_named(index.wrapping_sub(1), name) || self.is_named(index + 1, name);
            if is_repeated || !is_held(name) {
                rest.push(if rest.is_empty() { '{' } else { ',' });
                rest.push_str(self.slice(&member.whole));
            }
        }
        if rest.is_empty() {
            return None;
        }
        rest.push('}');
        Some(rest)
    }

    fn is_named(&self, index: usize, name: &str) -> bool {
        self.members
            .get(index)
            .is_some_and(|member| self.slice(&member.name) == name)
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        // The text is made of whole strings and ASCII; an empty answer cannot occur.
        std::str::from_utf8(&self.text[range.clone()]).unwrap_or_default()
    }
}

/// The canonical text of any value.
pub(crate) fn text_of(value: Value<'_>) -> String {
    let mut text = Vec::new();
    write_value(&mut text, &mut Vec::new(), value);
    String::from_utf8(text).unwrap_or_default()
}

/// The order of two names: by the bytes of their decoded text. A key that is an escape comes behind the
/// name that is written like it.
fn by_name(left: Value<'_>, right: Value<'_>) -> Ordering {
    if left.is_escaped() || right.is_escaped() {
        sort_key(left).cmp(&sort_key(right))
    } else {
        left.raw().cmp(right.raw())
    }
}

/// What a name sorts by: its decoded text, or where it has unpaired surrogates, its canonical text.
fn sort_key(name: Value<'_>) -> (Cow<'_, str>, bool) {
    if !name.is_escaped() {
        return (Cow::Borrowed(name.raw()), false);
    }
    let unescaped = unescape(name.raw());
    if unescaped.surrogates.is_empty() {
        return (Cow::Owned(unescaped.text), false);
    }
    let mut canonical = Vec::new();
    write_string(&mut canonical, name);
    let canonical = String::from_utf8(canonical).unwrap_or_default();
    (Cow::Owned(canonical), true)
}

/// Writes an object and reports its members. `scratch` is left as it was found.
fn write_object(
    text: &mut Vec<u8>,
    scratch: &mut Vec<usize>,
    object: Value<'_>,
    sink: &mut dyn FnMut(Member),
) {
    let first = scratch.len();
    scratch.extend(object.members().map(|(name, _value)| name.index()));
    let by_name = |left: &usize, right: &usize| by_name(object.at(*left), object.at(*right));
    if !scratch[first..].is_sorted_by(|left, right| by_name(left, right).is_le()) {
        scratch[first..].sort_by(by_name);
    }
    text.push(b'{');
    for place in first..scratch.len() {
        if place > first {
            text.push(b',');
        }
        let name = scratch[place];
        let start = text.len();
        write_string(text, object.at(name));
        let name_end = text.len() - 1;
        text.push(b':');
        let value_start = text.len();
        // A member's value follows its name on the tape.
        write_value(text, scratch, object.at(name + 1));
        sink(Member {
            whole: start..text.len(),
            name: start + 1..name_end,
            value: value_start..text.len(),
        });
    }
    text.push(b'}');
    scratch.truncate(first);
}

fn write_value(text: &mut Vec<u8>, scratch: &mut Vec<usize>, value: Value<'_>) {
    match value.kind() {
        Kind::Text => write_string(text, value),
        Kind::Array => {
            text.push(b'[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write_value(text, scratch, element);
            }
            text.push(b']');
        }
        Kind::Object => write_object(text, scratch, value, &mut |_member| ()),
        Kind::Null | Kind::True | Kind::False | Kind::Number => {
            text.extend_from_slice(value.raw().as_bytes());
        }
    }
}

fn write_string(text: &mut Vec<u8>, value: Value<'_>) {
    text.push(b'"');
    if value.is_escaped() {
        let unescaped = unescape(value.raw());
        let mut from = 0;
        for (at, unit) in unescaped.surrogates {
            escape_into(text, &unescaped.text[from..at]);
            text.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            from = at + char::REPLACEMENT_CHARACTER.len_utf8();
        }
        escape_into(text, &unescaped.text[from..]);
    } else {
        // Without escapes, the parser has seen that nothing in it needs one.
        text.extend_from_slice(value.raw().as_bytes());
    }
    text.push(b'"');
}

/// Writes a JSON string with its quotes, escaped minimally.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

fn escape_into(out: &mut Vec<u8>, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Canonical, text_of};
    use crate::decode::json::Tape;

    fn check(input: &str, expected: &str) {
        let mut tape = Tape::default();
        let value = tape.parse(input, 256).expect("valid JSON");
        assert_eq!(text_of(value), expected);
        // The canonical text is its own canonical text.
        let mut again = Tape::default();
        let value = again.parse(expected, 256).expect("valid JSON");
        assert_eq!(text_of(value), expected);
    }

    #[test]
    fn members_are_sorted_and_space_is_dropped() {
        check(
            " { \"b\" : 1 , \"a\" : [ true , null ] } ",
            r#"{"a":[true,null],"b":1}"#,
        );
    }

    #[test]
    fn numbers_stay_as_written() {
        check(
            "[1.0,1.00,1e5,1E+5,-0,123456789012345678901234567890]",
            "[1.0,1.00,1e5,1E+5,-0,123456789012345678901234567890]",
        );
    }

    #[test]
    fn strings_are_escaped_minimally() {
        check(
            r#"["\u0041\/\u00e9","\u0001\n\"\\"]"#,
            "[\"A/é\",\"\\u0001\\n\\\"\\\\\"]",
        );
        check(r#"["\ud83d\ude00"]"#, "[\"😀\"]");
    }

    #[test]
    fn unpaired_surrogates_stay() {
        check(
            r#"["x\uD800y","\udc00\ud800"]"#,
            r#"["x\ud800y","\udc00\ud800"]"#,
        );
    }

    #[test]
    fn repeated_names_keep_their_order() {
        check(
            r#"{"b":1,"a":2,"a":1,"\u0061":3}"#,
            r#"{"a":2,"a":1,"a":3,"b":1}"#,
        );
    }

    #[test]
    fn rest_keeps_what_is_not_held_and_all_that_is_repeated() {
        let mut tape = Tape::default();
        let value = tape
            .parse(r#"{"c":3,"a":1,"b":2,"a":4}"#, 256)
            .expect("valid JSON");
        let mut canonical = Canonical::default();
        canonical.write(value);
        assert_eq!(
            canonical.rest(|name| name != "c").as_deref(),
            Some(r#"{"a":1,"a":4,"c":3}"#)
        );
        assert_eq!(canonical.value("a"), Some("4"));
    }
}
