//! A JSON reader of the tests' own, which loses nothing and shares no code with the decoder.
//!
//! Members keep their order and their repeats, strings are UTF-16 units (so that lone surrogates
//! stay), numbers are their text. It reads by recursion: for events, not for hostile nesting.

use std::fmt::Write as _;

/// A string as its UTF-16 units.
pub(crate) type Units = Vec<u16>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    True,
    False,
    Number(String),
    Text(Units),
    Array(Vec<Json>),
    Object(Vec<(Units, Json)>),
}

impl Json {
    /// A string.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(units(text))
    }

    /// The last member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        let Self::Object(members) = self else {
            return None;
        };
        let name = units(name);
        members
            .iter()
            .rfind(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The value on one line, plainly written.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::True => out.push_str("true"),
            Self::False => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
            Self::Text(units) => write_units(units, out),
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    element.write_to(out);
                }
                out.push_str(if elements.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    write_units(name, out);
                    out.push(':');
                    value.write_to(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// The UTF-16 units of a text.
pub(crate) fn units(text: &str) -> Units {
    text.encode_utf16().collect()
}

/// Everything but plain ASCII becomes an escape.
fn write_units(units: &[u16], out: &mut String) {
    out.push('"');
    for &unit in units {
        match u8::try_from(unit) {
            Ok(byte @ (b' '..=b'~')) if byte != b'"' && byte != b'\\' => out.push(char::from(byte)),
            _ => write!(out, "\\u{unit:04x}").expect("a string takes all"),
        }
    }
    out.push('"');
}

/// Whether two values are the same: the order of members is free, but not that of equal names.
pub(crate) fn same_value(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same_value(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let (left, right) = (by_name(left), by_name(right));
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && same_value(&left.1, &right.1))
        }
        (left, right) => left == right,
    }
}

fn by_name(members: &[(Units, Json)]) -> Vec<&(Units, Json)> {
    let mut sorted: Vec<_> = members.iter().collect();
    // A stable sort: repeats of a name keep their order.
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted
}

/// Reads one value that fills the text; `None` if it is no JSON.
pub(crate) fn read(text: &str) -> Option<Json> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    let value = reader.value()?;
    reader.space();
    (reader.at == reader.bytes.len()).then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.bytes.get(self.at)? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::True),
            b'f' => self.word("false", Json::False),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Option<Json> {
        let mut members = Vec::new();
        self.at += 1;
        if self.take(b'}') {
            return Some(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            if !self.take(b':') {
                return None;
            }
            members.push((name, self.value()?));
            if self.take(b'}') {
                return Some(Json::Object(members));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn array(&mut self) -> Option<Json> {
        let mut elements = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Some(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.take(b']') {
                return Some(Json::Array(elements));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<Units> {
        let rest = std::str::from_utf8(&self.bytes[self.at..]).ok()?;
        let mut characters = rest.strip_prefix('"')?.char_indices();
        let mut text = Units::new();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 2;
                    return Some(text);
                }
                '\\' => text.push(match characters.next()?.1 {
                    'u' => {
                        let digits = rest.get(at + 3..at + 7)?;
                        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                            return None;
                        }
                        characters.nth(3)?;
                        u16::from_str_radix(digits, 16).ok()?
                    }
                    'b' => 8,
                    'f' => 12,
                    'n' => 10,
                    'r' => 13,
                    't' => 9,
                    same @ ('"' | '\\' | '/') => u16::try_from(u32::from(same)).ok()?,
                    _ => return None,
                }),
                '\0'..='\u{1f}' => return None,
                plain => text.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
        None
    }

    fn number(&mut self) -> Option<Json> {
        let rest = &self.bytes[self.at..];
        let len = rest
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let number = std::str::from_utf8(&rest[..len]).ok()?;
        // As a raw value, so that no number is too long or too large.
        serde_json::from_str::<&serde_json::value::RawValue>(number).ok()?;
        self.at += len;
        Some(Json::Number(number.to_owned()))
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(value)
    }

    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

#[test]
fn what_is_the_same_value() {
    fn check(left: &str, right: &str, expected: bool) {
        let (left, right) = (read(left).expect("JSON"), read(right).expect("JSON"));
        assert_eq!(same_value(&left, &right), expected);
        assert_eq!(read(&left.write()), Some(left));
    }
    check(
        r#"{"a":1,"b":[2]}"#,
        r#" { "b" : [ 2 ] , "\u0061" : 1 } "#,
        true,
    );
    check(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, false);
    check(r#"{"a":1,"b":0,"a":2}"#, r#"{"a":1,"a":2,"b":0}"#, true);
    check("1.0", "1", false);
    check("1e400", "1e400", true);
    check(r#""\ud83d\ude00""#, "\"😀\"", true);
    check(r#""\ud83d""#, r#""\ufffd""#, false);
    check("[[],{},null]", "[[],{},false]", false);
    for bad in [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "01",
        "\"\u{1}\"",
        "\"\\x\"",
        "1 2",
        "nul",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}
