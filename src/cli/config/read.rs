//! The text of a configuration file, read: every value with its line, or every problem with its line.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::File;
use super::kind::{Kind, is_a};
use super::settings::{SETTINGS, Setting, TABLES, setting};
use super::{accounts, secrets};
use crate::catalog::nearest;
use crate::render::visible;

/// The values of a file, each with its line.
pub(super) type Values = BTreeMap<&'static str, (Value, usize)>;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) text: String,
}

/// Reads a file.
///
/// # Errors
/// All that is wrong with it, by line. Where it is not TOML, that alone: what follows could be a consequence.
pub(super) fn read(file: &File) -> Result<Values, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    let mut reader = Reader {
        file,
        values: Values::new(),
        problems: Vec::new(),
    };
    if errors.is_empty() {
        reader.table("", table.get_ref());
    }
    for error in errors {
        let span = error.span().unwrap_or_default();
        // The whole text of the error would show the line, and with it the value.
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        reader.problem(&span, format!("it is not TOML: {message}"));
    }
    reader.problems.sort();
    reader.problems.dedup();
    if reader.problems.is_empty() {
        Ok(reader.values)
    } else {
        Err(reader.problems)
    }
}

/// What was found so far.
struct Reader<'a> {
    file: &'a File,
    values: Values,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// The line, counted from 1, of what begins there.
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.file.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// Notes a problem.
    fn problem(&mut self, span: &Range<usize>, text: String) {
        let line = self.line(span);
        self.problems.push(Problem { line, text });
    }

    /// Reads the keys of a table.
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let span = key.span();
            let name = joined(path, key.get_ref());
            if key.get_ref().contains('.') {
                // Quoted, it would pass for the key of a table.
                self.unknown(path, key, value);
            } else if let Some(setting) = setting(&name) {
                self.setting(setting, &span, value);
            } else if TABLES.iter().any(|(table, _)| *table == name) {
                match value.get_ref() {
                    DeValue::Table(table) => self.table(&name, table),
                    other => {
                        let told = is_a(other);
                        self.problem(
                            &span,
                            format!("`{name}` {told}; accepted: a table [{name}]"),
                        );
                    }
                }
            } else {
                self.unknown(path, key, value);
            }
        }
    }

    fn setting(
        &mut self,
        setting: &'static Setting,
        key: &Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let read = match (setting.kind, value.get_ref()) {
            // What is wrong with an entry has a line of its own.
            (Kind::Accounts, DeValue::Array(entries)) if !entries.is_empty() => {
                let mut problem = |span: &Range<usize>, text| self.problem(span, text);
                match accounts::read(&mut problem, entries) {
                    Some(entries) => Ok(entries),
                    None => return,
                }
            }
            (kind, value) => kind.read(value, self.file.folder()),
        };
        match read {
            Ok(value) => {
                let line = self.line(key);
                self.values.insert(setting.key, (value, line));
            }
            Err(told) => self.problem(&value.span(), refused(setting, &told)),
        }
    }

    /// Notes a key that is none, and the secrets in it.
    fn unknown(
        &mut self,
        path: &str,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let name = joined(path, key.get_ref().as_ref());
        if secrets::is_value(key.get_ref().as_ref()) {
            self.problem(
                &key.span(),
                format!("the name of a key {}", secrets::REFUSED),
            );
            return;
        }
        let shown = visible(&name);
        let is_secret = match value.get_ref() {
            DeValue::String(text) => secrets::is_value(text),
            _ => false,
        };
        if is_secret || secrets::is_name(key.get_ref().as_ref()) {
            self.problem(&key.span(), format!("`{shown}` {}", secrets::REFUSED));
            return;
        }
        let what = match value.get_ref() {
            DeValue::Table(_) => format!("unknown table [{shown}]"),
            _ => format!("unknown key `{shown}`"),
        };
        let meant = meant(path, key.get_ref().as_ref());
        self.problem(&key.span(), format!("{what}; {meant}"));
        self.secrets_in(&name, value);
    }

    /// Notes the secrets in a value that is not read.
    fn secrets_in(&mut self, path: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    let name = joined(path, key.get_ref());
                    if secrets::is_name(key.get_ref()) {
                        let shown = visible(&name);
                        self.problem(&key.span(), format!("`{shown}` {}", secrets::REFUSED));
                    } else {
                        self.secrets_in(&name, value);
                    }
                }
            }
            DeValue::Array(items) => {
                for item in items {
                    self.secrets_in(path, item);
                }
            }
            DeValue::String(text) if secrets::is_value(text) => {
                let shown = visible(path);
                self.problem(&value.span(), format!("`{shown}` {}", secrets::REFUSED));
            }
            _ => {}
        }
    }
}

/// What is wrong with the value of a key, and which are accepted.
pub(super) fn refused(setting: &Setting, told: &str) -> String {
    let key = setting.key;
    // A guess at what is meant says what is accepted.
    if told == secrets::REFUSED || told.ends_with('?') {
        format!("`{key}` {told}")
    } else {
        format!("`{key}` {told}; accepted: {}", setting.kind.accepted())
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Which key an unknown one may be meant for, else those that its table has.
fn meant(path: &str, typed: &str) -> String {
    let here: Vec<&str> = children(path).collect();
    let mut near = nearest(typed, here.iter().copied());
    let is_table = |name: &str| TABLES.iter().any(|(table, _)| *table == joined(path, name));
    if near.is_empty() {
        // One of another table.
        let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.split().1).collect();
        let names = if names.contains(&typed) {
            vec![typed.to_owned()]
        } else {
            nearest(typed, names)
        };
        let is_near = |setting: &&Setting| names.iter().any(|name| name == setting.split().1);
        let found = SETTINGS.iter().filter(is_near);
        near = found.map(|setting| setting.key.to_owned()).collect();
    } else {
        near = (near.iter())
            .map(|name| joined(path, name))
            .map(|name| {
                if setting(&name).is_none() {
                    format!("[{name}]")
                } else {
                    name
                }
            })
            .collect();
    }
    if !near.is_empty() && near.len() <= NEAR_MAX {
        let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        return format!("did you mean {}?", near.join(" or "));
    }
    let all: Vec<String> = (here.iter())
        .map(|name| {
            if is_table(name) {
                format!("[{}]", joined(path, name))
            } else {
                (*name).to_owned()
            }
        })
        .collect();
    format!("accepted: {}", all.join(", "))
}

/// The most keys that are named as what may be meant.
const NEAR_MAX: usize = 3;

/// The names of the keys and tables of a table.
fn children(path: &str) -> impl Iterator<Item = &'static str> {
    let of = move |(table, name): (&str, &'static str)| (table == path).then_some(name);
    let keys = SETTINGS.iter().map(Setting::split);
    let tables = TABLES
        .iter()
        .map(|(table, _)| table.rsplit_once('.').unwrap_or(("", *table)));
    keys.chain(tables).filter_map(of)
}
