//! JSON as a tree whose members keep their order, and its two spellings: one line, and indented.
//!
//! Enough for events and answers; written here because the order of members is part of how a real event looks.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    /// A number as it is to be written, for fractions.
    Number(&'static str),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

/// `map!["name" => value, …]`: a JSON object.
macro_rules! map {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::corpus::json::Json::Map(vec![$((String::from($name), $crate::corpus::json::Json::from($value))),*])
    };
}
pub(crate) use map;

/// Lines of the indented spelling are kept whole up to this length.
const LINE_CHARS_MAX: usize = 180;

impl Json {
    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(items: &[T]) -> Self {
        Self::List(items.iter().map(|item| Self::from(item.as_ref())).collect())
    }

    /// Adds a member to an object; absent (`Null` becomes an object) parameters start empty.
    pub(crate) fn set(&mut self, name: &str, value: Json) {
        if let Self::Map(members) = self {
            members.push((name.to_owned(), value));
        } else {
            *self = Self::Map(vec![(name.to_owned(), value)]);
        }
    }

    /// The value on one line without spaces, as in real objects.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.push_line(&mut out, false);
        out
    }

    /// The value indented, short parts on one line each, with a final line break.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.push_pretty(&mut out, 0);
        out.push('\n');
        out
    }

    fn push_pretty(&self, out: &mut String, depth: usize) {
        let mut line = String::new();
        self.push_line(&mut line, true);
        let (open, close) = if matches!(self, Self::List(_)) {
            ('[', ']')
        } else {
            ('{', '}')
        };
        let children: Vec<(Option<&str>, &Json)> = match self {
            Self::List(items) => items.iter().map(|item| (None, item)).collect(),
            Self::Map(members) => members
                .iter()
                .map(|(name, value)| (Some(name.as_str()), value))
                .collect(),
            _ => Vec::new(),
        };
        if children.is_empty() || (depth > 0 && line.len() + 2 * depth <= LINE_CHARS_MAX) {
            out.push_str(&line);
            return;
        }
        out.push(open);
        for (index, (name, child)) in children.into_iter().enumerate() {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.push_str(&"  ".repeat(depth + 1));
            if let Some(name) = name {
                push_text(name, out);
                out.push_str(": ");
            }
            child.push_pretty(out, depth + 1);
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
        out.push(close);
    }

    fn push_line(&self, out: &mut String, spaced: bool) {
        let (comma, colon) = if spaced { (", ", ": ") } else { (",", ":") };
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => push_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { comma });
                    item.push_line(out, spaced);
                }
                out.push(']');
            }
            Self::Map(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { comma });
                    push_text(name, out);
                    out.push_str(colon);
                    value.push_line(out, spaced);
                }
                out.push('}');
            }
        }
    }
}

fn push_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("writing to a string");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).expect("a count fits in 63 bits"))
    }
}

impl From<Vec<Json>> for Json {
    fn from(value: Vec<Json>) -> Self {
        Self::List(value)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<K: Into<String> + Ord, V: Into<Json>> From<BTreeMap<K, V>> for Json {
    fn from(value: BTreeMap<K, V>) -> Self {
        Self::Map(
            value
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
