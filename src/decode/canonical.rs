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

use super::json::{JsonKind, Value, unescape};

/// Bytes of a content hash.
pub(crate) const HASH_BYTES: usize = 16;

/// The canonical text of an object, with the places of its members.
#[derive(Debug, Default)]
pub(crate) struct Canonical {
    text: String,
    members: Vec<MemberSpan>,
    scratch: Vec<Name>,
}

/// One member of the object, by its places in the canonical text.
#[derive(Debug)]
struct MemberSpan {
    /// Name, colon and value.
    whole: Range<usize>,
    /// What is between the quotes of the name; equal exactly where names are.
    name: Range<usize>,
    value: Range<usize>,
}

/// One member of the object, as it is handed out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CanonicalMember<'a> {
    /// What is between the quotes of the name.
    pub(crate) name: &'a str,
    /// The value.
    pub(crate) value: &'a str,
    /// Name, colon and value.
    pub(crate) whole: &'a str,
    /// Whether another member has the same name.
    pub(crate) is_repeated: bool,
    /// Whether none of the same name comes behind it.
    pub(crate) is_last: bool,
}

/// A member's name, by its place on the tape.
#[derive(Debug, Clone, Copy)]
struct Name {
    /// Its first bytes as a number: where two differ, so do the names, in the same order.
    first: u64,
    index: usize,
}

impl Name {
    fn new(name: Value<'_>) -> Self {
        let mut first = [0; 8];
        // What an escape means is looked at only where names are compared in full.
        if !name.is_escaped() {
            let raw = name.raw().as_bytes();
            let len = raw.len().min(first.len());
            first[..len].copy_from_slice(&raw[..len]);
        }
        Self {
            first: u64::from_be_bytes(first),
            index: name.index(),
        }
    }
}

impl Canonical {
    /// Writes `event`, an object, in place of what was there before.
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

    /// The members in the order of their names.
    pub(crate) fn members(&self) -> impl Iterator<Item = CanonicalMember<'_>> {
        let is_named = |index: usize, name: &str| {
            self.members
                .get(index)
                .is_some_and(|member| &self.text[member.name.clone()] == name)
        };
        self.members.iter().enumerate().map(move |(index, member)| {
            let name = &self.text[member.name.clone()];
            let is_last = !is_named(index + 1, name);
            CanonicalMember {
                name,
                value: &self.text[member.value.clone()],
                whole: &self.text[member.whole.clone()],
                is_repeated: !is_last || is_named(index.wrapping_sub(1), name),
                is_last,
            }
        })
    }
}

/// The canonical text of any value.
pub(crate) fn text_of(value: Value<'_>) -> String {
    let mut text = String::new();
    write_value(&mut text, &mut Vec::new(), value);
    text
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
    let mut canonical = String::new();
    write_string(&mut canonical, name);
    (Cow::Owned(canonical), true)
}

/// Writes an object and reports its members. `scratch` is left as it was found.
fn write_object(
    text: &mut String,
    scratch: &mut Vec<Name>,
    object: Value<'_>,
    sink: &mut dyn FnMut(MemberSpan),
) {
    let start = scratch.len();
    let mut has_escapes = false;
    scratch.extend(object.members().map(|(name, _value)| {
        has_escapes |= name.is_escaped();
        Name::new(name)
    }));
    let by_name = |left: &Name, right: &Name| {
        let in_full = || by_name(object.at(left.index), object.at(right.index));
        if has_escapes {
            in_full()
        } else {
            left.first.cmp(&right.first).then_with(in_full)
        }
    };
    let names = &mut scratch[start..];
    if !names.is_sorted_by(|left, right| by_name(left, right).is_le()) {
        names.sort_by(by_name);
    }
    text.push('{');
    for place in start..scratch.len() {
        if place > start {
            text.push(',');
        }
        let name = scratch[place].index;
        let begin = text.len();
        write_string(text, object.at(name));
        let name_end = text.len() - 1;
        text.push(':');
        let value_start = text.len();
        // A member's value follows its name on the tape.
        write_value(text, scratch, object.at(name + 1));
        sink(MemberSpan {
            whole: begin..text.len(),
            name: begin + 1..name_end,
            value: value_start..text.len(),
        });
    }
    text.push('}');
    scratch.truncate(start);
}

fn write_value(text: &mut String, scratch: &mut Vec<Name>, value: Value<'_>) {
    match value.kind() {
        JsonKind::Text => write_string(text, value),
        JsonKind::Array => {
            text.push('[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(text, scratch, element);
            }
            text.push(']');
        }
        JsonKind::Object => write_object(text, scratch, value, &mut |_member| ()),
        JsonKind::Null | JsonKind::True | JsonKind::False | JsonKind::Number => {
            text.push_str(value.raw());
        }
    }
}

fn write_string(text: &mut String, value: Value<'_>) {
    if !value.is_escaped() {
        // Without escapes, the parser has seen that nothing in it needs one.
        text.push_str(value.quoted());
        return;
    }
    text.push('"');
    let unescaped = unescape(value.raw());
    let mut from = 0;
    for (at, unit) in unescaped.surrogates {
        escape_into(text, &unescaped.text[from..at]);
        write_unit(text, unit);
        from = at + char::REPLACEMENT_CHARACTER.len_utf8();
    }
    escape_into(text, &unescaped.text[from..]);
    text.push('"');
}

/// Writes a JSON string with its quotes, escaped minimally.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    escape_into(out, text);
    out.push('"');
}

/// Writes a UTF-16 unit as an escape.
fn write_unit(out: &mut String, unit: u16) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(DIGITS[usize::from(unit >> shift & 0xf)]);
    }
}

fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control @ '\0'..='\u{1f}' => write_unit(out, control as u16),
            _ => out.push(character),
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
    fn members_come_sorted_and_tell_which_are_repeated() {
        let mut tape = Tape::default();
        let value = tape
            .parse(
                r#"{"c":3,"a":1,"b":2,"a":4,"eventName":5,"eventNames":6}"#,
                256,
            )
            .expect("valid JSON");
        let mut canonical = Canonical::default();
        canonical.write(value);
        let members: Vec<_> = canonical
            .members()
            .map(|member| {
                (
                    member.whole,
                    member.value,
                    member.is_repeated,
                    member.is_last,
                )
            })
            .collect();
        let expected = [
            (r#""a":1"#, "1", true, false),
            (r#""a":4"#, "4", true, true),
            (r#""b":2"#, "2", false, true),
            (r#""c":3"#, "3", false, true),
            (r#""eventName":5"#, "5", false, true),
            (r#""eventNames":6"#, "6", false, true),
        ];
        assert_eq!(members, expected);
    }
}
