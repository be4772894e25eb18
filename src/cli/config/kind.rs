//! The values that keys take.
//!
//! Enters: a value of the file, or the text of a variable. Leaves: the value as JSON, or the reason why it cannot be
//! used. Relative paths start from the folder that is given.

use std::path::Path;

use serde_json::Value;
use toml::de::DeValue;

use super::secrets;
use crate::ingest::Span;
use crate::render::{Zone, visible};

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A path.
    Path,
    /// A path, or an address in a bucket.
    Location,
    /// A URL of a server.
    Url,
    /// The ARN of a role.
    Role,
    /// A whole number.
    Number {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// Yes or no.
    Flag,
    /// How long something is kept.
    Span,
    /// A time zone.
    Zone,
    /// Several texts.
    Texts,
    /// The path of a CSV file; entries are read by [`accounts`](super::accounts).
    Accounts,
}

impl Kind {
    /// The values that are accepted, for messages.
    pub(super) fn accepted(self) -> String {
        match self {
            Self::Text => "a string",
            Self::Path => "a path",
            Self::Location => "a directory, or s3://BUCKET/PREFIX",
            Self::Url => "a URL such as `https://host.example.com`",
            Self::Role => "the ARN of a role, `arn:aws:iam::ACCOUNT:role/NAME`",
            Self::Number { min, max } if max >= i64::MAX.unsigned_abs() => {
                return format!("a whole number of at least {min}");
            }
            Self::Number { min, max } => return format!("a whole number from {min} to {max}"),
            Self::Flag => "true or false",
            Self::Span => "days or years, such as `400d` or `7y`",
            Self::Zone => "a time zone such as `Europe/Berlin`",
            Self::Texts => "a list of strings",
            Self::Accounts => "the path of a CSV file, or a table [[accounts]] for each account",
        }
        .to_owned()
    }

    /// Reads a value of the file.
    ///
    /// # Errors
    /// Why it cannot be used, as words that follow the key.
    pub(super) fn read(self, value: &DeValue<'_>, folder: &Path) -> Result<Value, String> {
        match (self, value) {
            (Self::Number { min, max }, DeValue::Integer(number)) => {
                let parsed = i128::from_str_radix(number.as_str(), number.radix()).ok();
                in_range(parsed, min, max).ok_or_else(|| {
                    let shown = parsed.map_or_else(|| number.to_string(), |n| n.to_string());
                    format!("is {shown}, which is out of range")
                })
            }
            (Self::Flag, DeValue::Boolean(flag)) => Ok(Value::from(*flag)),
            (Self::Texts, DeValue::Array(items)) => {
                list(items.iter().map(|item| match item.get_ref() {
                    DeValue::String(text) => plain(text),
                    other => Err(is_a(other)),
                }))
            }
            (Self::Accounts, DeValue::Array(_)) => Err("is an empty list".to_owned()),
            (Self::Number { .. } | Self::Flag | Self::Texts, other) => Err(is_a(other)),
            (_, DeValue::String(text)) => self.text(text, folder),
            (_, other) => Err(is_a(other)),
        }
    }

    /// Reads the text of a variable.
    ///
    /// # Errors
    /// As [`Kind::read`].
    pub(super) fn parse(self, text: &str) -> Result<Value, String> {
        let not_one = || format!("is `{}`", visible(text));
        match self {
            Self::Number { min, max } => {
                let number = text.trim().parse::<i128>();
                in_range(number.ok(), min, max).ok_or_else(not_one)
            }
            Self::Flag => match text.trim() {
                "true" => Ok(Value::from(true)),
                "false" => Ok(Value::from(false)),
                _ => Err(not_one()),
            },
            Self::Texts => list(text.split(',').map(|part| plain(part.trim()))),
            _ => self.text(text, Path::new("")),
        }
    }

    /// A kind that is written as a string.
    fn text(self, text: &str, folder: &Path) -> Result<Value, String> {
        let value = plain(text)?;
        let is_fine = match self {
            Self::Path | Self::Accounts => return path(text, folder),
            Self::Location if !text.starts_with("s3:") && !text.contains("://") => {
                return path(text, folder);
            }
            Self::Location => text
                .strip_prefix("s3://")
                .is_some_and(|rest| !rest.is_empty()),
            Self::Url => url::Url::parse(text)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
            Self::Role => text.starts_with("arn:") && text.contains(":role/"),
            Self::Span => text.parse::<Span>().is_ok(),
            Self::Zone => {
                return match text.parse::<Zone>() {
                    Ok(_zone) => Ok(value),
                    Err(unknown) => Err(match unknown.nearest() {
                        Some(near) => {
                            format!("is `{}`; did you mean `{near}`?", visible(text))
                        }
                        None => format!("is `{}`", visible(text)),
                    }),
                };
            }
            Self::Text | Self::Number { .. } | Self::Flag | Self::Texts => true,
        };
        if is_fine {
            Ok(value)
        } else {
            Err(format!("is `{}`", visible(text)))
        }
    }
}

/// A path, from the folder if it is relative.
fn path(text: &str, folder: &Path) -> Result<Value, String> {
    if text == "~" || text.starts_with("~/") {
        return Err("begins with `~`, which only a shell expands".to_owned());
    }
    let path = folder.join(text);
    let path = path
        .to_str()
        .ok_or("is in a folder whose name is not UTF-8")?;
    Ok(Value::from(path))
}

/// A text that can be used at all.
fn plain(text: &str) -> Result<Value, String> {
    if secrets::is_value(text) {
        return Err(secrets::REFUSED.to_owned());
    }
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character".to_owned());
    }
    Ok(Value::from(text))
}

/// A list that has entries, or what is wrong with one of them.
fn list(entries: impl Iterator<Item = Result<Value, String>>) -> Result<Value, String> {
    let mut texts = Vec::new();
    for (index, entry) in entries.enumerate() {
        texts.push(entry.map_err(|told| {
            if told == secrets::REFUSED {
                told
            } else {
                format!("has an entry that {told} (entry {})", index + 1)
            }
        })?);
    }
    if texts.is_empty() {
        return Err("is an empty list".to_owned());
    }
    Ok(Value::from(texts))
}

fn in_range(number: Option<i128>, min: u64, max: u64) -> Option<Value> {
    let number = u64::try_from(number?).ok()?;
    (min..=max).contains(&number).then(|| Value::from(number))
}

/// What the value is instead.
pub(super) fn is_a(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("is {article} {name}")
}
