//! One JSON value as a tape of spans over its own text.
//!
//! Enters: the bytes of one record. Leaves: a [`Tape`], from which members are read without copying
//! and without losing how they were written: numbers keep their text, repeated names stay, unpaired
//! surrogates stay. It accepts exactly RFC 8259 (checked against `serde_json` in the tests) and
//! knows nothing of CloudTrail.

use std::borrow::Cow;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Null,
    True,
    False,
    Number,
    /// A string; `start..end` is what is between its quotes.
    Text,
    Array,
    /// Members follow as pairs of a `Text` node and a value.
    Object,
}

/// One value: its kind, its span in the text, and the index of the node behind its last descendant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: JsonKind,
    /// For `Text`: whether it contains a backslash.
    pub(crate) is_escaped: bool,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) next: u32,
}

/// Why a text is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// The text breaks the grammar at this offset.
    Syntax(usize),
    /// The value is nested deeper than the limit.
    TooDeep,
}

/// The nodes of one value, in the order of the text. Reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    /// Indices of the open containers, innermost last.
    open: Vec<u32>,
}

impl Tape {
    /// Reads one value that fills `text` but for white space.
    pub(crate) fn parse<'a>(
        &'a mut self,
        text: &'a str,
        depth_max: usize,
    ) -> Result<Value<'a>, JsonFault> {
        self.nodes.clear();
        self.open.clear();
        Parser {
            text: text.as_bytes(),
            at: 0,
            tape: self,
            depth_max,
        }
        .run()?;
        Ok(Value {
            text,
            nodes: &self.nodes,
            index: 0,
        })
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    tape: &'a mut Tape,
    depth_max: usize,
}

impl Parser<'_> {
    fn run(mut self) -> Result<(), JsonFault> {
        self.skip_space();
        self.value()?;
        while let Some(&container) = self.tape.open.last() {
            self.skip_space();
            let is_object = self.tape.nodes[container as usize].kind == JsonKind::Object;
            let is_first = self.tape.nodes.len() == container as usize + 1;
            let close = if is_object { b'}' } else { b']' };
            match self.peek() {
                Some(byte) if byte == close => {
                    self.at += 1;
                    self.close(container);
                    continue;
                }
                Some(b',') if !is_first => {
                    self.at += 1;
                    self.skip_space();
                }
                Some(_) if is_first => {}
                _ => return Err(JsonFault::Syntax(self.at)),
            }
            if is_object {
                if self.peek() != Some(b'"') {
                    return Err(JsonFault::Syntax(self.at));
                }
                self.string()?;
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(JsonFault::Syntax(self.at));
                }
                self.at += 1;
                self.skip_space();
            }
            self.value()?;
        }
        self.skip_space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(JsonFault::Syntax(self.at))
        }
    }

    /// Reads a scalar, or opens a container.
    fn value(&mut self) -> Result<(), JsonFault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.open(JsonKind::Object),
            Some(b'[') => self.open(JsonKind::Array),
            Some(b't') => self.word(b"true", JsonKind::True),
            Some(b'f') => self.word(b"false", JsonKind::False),
            Some(b'n') => self.word(b"null", JsonKind::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(JsonFault::Syntax(self.at)),
        }
    }

    fn open(&mut self, kind: JsonKind) -> Result<(), JsonFault> {
        if self.tape.open.len() >= self.depth_max {
            return Err(JsonFault::TooDeep);
        }
        let index = self.push(kind, self.at, self.at, false);
        self.tape.open.push(index);
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, container: u32) {
        self.tape.open.pop();
        let next = index32(self.tape.nodes.len());
        let node = &mut self.tape.nodes[container as usize];
        node.end = index32(self.at);
        node.next = next;
    }

    fn word(&mut self, word: &[u8], kind: JsonKind) -> Result<(), JsonFault> {
        if self.text[self.at..].starts_with(word) {
            self.push(kind, self.at, self.at + word.len(), false);
            self.at += word.len();
            Ok(())
        } else {
            Err(JsonFault::Syntax(self.at))
        }
    }

    fn number(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(JsonFault::Syntax(self.at)),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(JsonKind::Number, start, self.at, false);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(JsonFault::Syntax(self.at));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonFault> {
        let start = self.at + 1;
        let mut at = start;
        let mut is_escaped = false;
        loop {
            at += plain_len(&self.text[at..]);
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    at = self.escape(at)?;
                }
                // A control character, or the end of the text.
                _ => return Err(JsonFault::Syntax(at)),
            }
        }
        self.push(JsonKind::Text, start, at, is_escaped);
        self.at = at + 1;
        Ok(())
    }

    /// The offset behind the escape at `at`.
    fn escape(&self, at: usize) -> Result<usize, JsonFault> {
        match self.text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let digits = self.text.get(at + 2..at + 6).unwrap_or_default();
                if digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit) {
                    Ok(at + 6)
                } else {
                    Err(JsonFault::Syntax(at))
                }
            }
            _ => Err(JsonFault::Syntax(at)),
        }
    }

    fn push(&mut self, kind: JsonKind, start: usize, end: usize, is_escaped: bool) -> u32 {
        let index = index32(self.tape.nodes.len());
        self.tape.nodes.push(Node {
            kind,
            is_escaped,
            start: index32(start),
            end: index32(end),
            next: index + 1,
        });
        index
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

/// How many bytes come before the next quote, backslash or control character.
fn plain_len(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTE: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASH: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACE: u64 = u64::from_ne_bytes([0x20; 8]);
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut len = 0;
    let (words, _) = text.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        // Exact for the lowest byte that matches, which is the only one asked for.
        let control = word.wrapping_sub(SPACE) & !word & HIGH;
        let found = has_zero(word ^ QUOTE) | has_zero(word ^ BACKSLASH) | control;
        if found != 0 {
            return len + (found.trailing_zeros() / 8) as usize;
        }
        len += 8;
    }
    text[len..]
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .map_or(text.len(), |rest| len + rest)
}

/// Records are limited far below 4 GiB, so every offset and index fits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a record is at most RECORD_BYTES_MAX long"
)]
fn index32(index: usize) -> u32 {
    debug_assert!(u32::try_from(index).is_ok());
    index as u32
}

/// A value on a tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    text: &'a str,
    nodes: &'a [Node],
    index: usize,
}

impl<'a> Value<'a> {
    pub(crate) fn kind(self) -> JsonKind {
        self.node().kind
    }

    /// The text of the value; for a string, what is between its quotes.
    pub(crate) fn raw(self) -> &'a str {
        let node = self.node();
        &self.text[node.start as usize..node.end as usize]
    }

    /// A string with its quotes, as it is written; the text of any other value.
    pub(crate) fn quoted(self) -> &'a str {
        let node = self.node();
        let quote = usize::from(node.kind == JsonKind::Text);
        &self.text[node.start as usize - quote..node.end as usize + quote]
    }

    pub(crate) fn is_escaped(self) -> bool {
        self.node().is_escaped
    }

    /// Its place on the tape.
    pub(crate) fn index(self) -> usize {
        self.index
    }

    /// Another value of the same tape.
    pub(crate) fn at(self, index: usize) -> Value<'a> {
        Value { index, ..self }
    }

    /// The members of an object, in the order of the text; none for other kinds.
    pub(crate) fn members(self) -> Members<'a> {
        Members(self.children(JsonKind::Object))
    }

    /// The elements of an array; none for other kinds.
    pub(crate) fn elements(self) -> Children<'a> {
        self.children(JsonKind::Array)
    }

    /// The last member of that name; RFC 8259 leaves repeated names open, and readers take the last.
    pub(crate) fn get(self, name: &str) -> Option<Value<'a>> {
        self.members()
            .filter(|(key, _)| key.is_text(name))
            .last()
            .map(|(_, value)| value)
    }

    /// The member at the end of a path of names.
    pub(crate) fn path(self, names: &[&str]) -> Option<Value<'a>> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The string's text, unescaped; an unpaired surrogate becomes U+FFFD.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        if self.kind() != JsonKind::Text {
            return None;
        }
        if self.is_escaped() {
            Some(Cow::Owned(unescape(self.raw()).text))
        } else {
            Some(Cow::Borrowed(self.raw()))
        }
    }

    /// The string's text unless it is empty.
    pub(crate) fn nonempty(self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// True or false; CloudTrail also writes them as strings.
    pub(crate) fn truth(self) -> Option<bool> {
        match self.kind() {
            JsonKind::True => Some(true),
            JsonKind::False => Some(false),
            JsonKind::Text if self.raw() == "true" => Some(true),
            JsonKind::Text if self.raw() == "false" => Some(false),
            _ => None,
        }
    }

    /// Whether this string reads `expected`, however it is escaped.
    pub(crate) fn is_text(self, expected: &str) -> bool {
        self.kind() == JsonKind::Text
            && if self.is_escaped() {
                unescape(self.raw()).text == expected
            } else {
                self.raw() == expected
            }
    }

    fn node(self) -> Node {
        self.nodes[self.index]
    }

    fn children(self, kind: JsonKind) -> Children<'a> {
        let node = self.node();
        let end = if node.kind == kind {
            node.next as usize
        } else {
            self.index + 1
        };
        Children {
            value: Value {
                index: self.index + 1,
                ..self
            },
            end,
        }
    }
}

/// Iterates over the direct children of a container.
#[derive(Debug, Clone)]
pub(crate) struct Children<'a> {
    value: Value<'a>,
    end: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        (self.value.index < self.end).then(|| {
            let value = self.value;
            self.value.index = value.node().next as usize;
            value
        })
    }
}

/// Iterates over the members of an object.
#[derive(Debug, Clone)]
pub(crate) struct Members<'a>(Children<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        let value = self.0.next()?;
        Some((name, value))
    }
}

/// A string without its escapes.
pub(crate) struct Unescaped {
    /// The text, with U+FFFD for each unpaired surrogate.
    pub(crate) text: String,
    /// Byte offsets in `text` of those U+FFFD, with the surrogate that stood there.
    pub(crate) surrogates: Vec<(usize, u16)>,
}

/// Resolves the escapes of a string that the parser has accepted.
pub(crate) fn unescape(raw: &str) -> Unescaped {
    let mut text = String::with_capacity(raw.len());
    let mut surrogates = Vec::new();
    let mut rest = raw;
    while let Some(position) = rest.find('\\') {
        text.push_str(&rest[..position]);
        let escape = rest.as_bytes()[position + 1];
        rest = &rest[position + 2..];
        match escape {
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'n' => text.push('\n'),
            b'r' => text.push('\r'),
            b't' => text.push('\t'),
            b'u' => {
                let unit = hex4(rest);
                rest = &rest[4..];
                let low = (0xd800..0xdc00)
                    .contains(&unit)
                    .then(|| rest.strip_prefix("\\u").map(hex4))
                    .flatten()
                    .filter(|low| (0xdc00..0xe000).contains(low));
                if let Some(low) = low {
                    rest = &rest[6..];
                    let code =
                        0x1_0000 + ((u32::from(unit) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
                    text.extend(char::from_u32(code));
                } else if let Some(character) = char::from_u32(u32::from(unit)) {
                    text.push(character);
                } else {
                    surrogates.push((text.len(), unit));
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
            // A quote, a backslash or a slash.
            other => text.push(char::from(other)),
        }
    }
    text.push_str(rest);
    Unescaped { text, surrogates }
}

/// The value of the four hex digits that `text` begins with.
fn hex4(text: &str) -> u16 {
    text.get(..4)
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .unwrap_or(0)
}
