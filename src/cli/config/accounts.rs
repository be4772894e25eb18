//! The accounts of a configuration file: `[[accounts]]`, one table for each.
//!
//! Enters: the entries. Leaves: the same as JSON, or problems; and, later, the list that `accounts import` takes.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::Context as _;
use serde_json::{Map, Value};
use toml::de::{DeArray, DeTable, DeValue};

use super::kind::is_a;
use super::secrets;
use super::values::Entry;
use crate::catalog::nearest;
use crate::inventory::AccountList;
use crate::render::visible;

/// The keys of an entry.
pub(super) const KEYS: [&str; 5] = ["id", "name", "ou", "owner", "environment"];

/// Notes what is wrong at a place of the text.
type Problem<'a> = &'a mut dyn FnMut(&Range<usize>, String);

/// Reads the entries; none if something is wrong with one.
pub(super) fn read(problem: Problem<'_>, entries: &DeArray<'_>) -> Option<Value> {
    let mut read = Vec::new();
    let mut ids = BTreeSet::new();
    let mut is_fine = true;
    for entry in entries {
        let DeValue::Table(table) = entry.get_ref() else {
            let told = is_a(entry.get_ref());
            let text = format!(
                "an entry of `accounts` {told}; accepted: a table with id, name, ou, owner, environment"
            );
            problem(&entry.span(), text);
            is_fine = false;
            continue;
        };
        let Some(account) = account(problem, table) else {
            is_fine = false;
            continue;
        };
        let id = account.get("id").and_then(Value::as_str);
        match id {
            None => {
                problem(
                    &entry.span(),
                    "an entry of `accounts` has no `id`".to_owned(),
                );
                is_fine = false;
            }
            Some(id) if !ids.insert(id.to_owned()) => {
                problem(
                    &entry.span(),
                    format!("account {id} is in `accounts` twice"),
                );
                is_fine = false;
            }
            Some(_) => read.push(Value::from(account)),
        }
    }
    is_fine.then(|| Value::from(read))
}

/// One entry.
fn account(problem: Problem<'_>, table: &DeTable<'_>) -> Option<Map<String, Value>> {
    let mut account = Map::new();
    let mut is_fine = true;
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let told = match value.get_ref() {
            _ if secrets::is_name(name) => Some(secrets::REFUSED.to_owned()),
            DeValue::String(text) if secrets::is_value(text) => Some(secrets::REFUSED.to_owned()),
            _ if !KEYS.contains(&name) => Some(match nearest(name, KEYS).first() {
                Some(near) => format!("is unknown; did you mean `{near}`?"),
                None => format!("is unknown; accepted: {}", KEYS.join(", ")),
            }),
            DeValue::Integer(_) if name == "id" => {
                Some("is an integer; put it in quotes, since an id can begin with 0".to_owned())
            }
            DeValue::String(text) if name == "id" && !is_id(text) => Some(format!(
                "is `{}`; accepted: an account id of 12 digits",
                visible(text)
            )),
            DeValue::String(text) => {
                account.insert(name.to_owned(), Value::from(text.as_ref()));
                None
            }
            other => Some(format!("{}; accepted: a string", is_a(other))),
        };
        if let Some(told) = told {
            is_fine = false;
            problem(
                &key.span(),
                format!("`{}` in `accounts` {told}", visible(name)),
            );
        }
    }
    is_fine.then_some(account)
}

fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The list that the entries are. It is read as a CSV file is, so that both mean the same.
pub(super) fn list(shown: &str, entries: &[Entry]) -> anyhow::Result<AccountList> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(KEYS)?;
    for entry in entries {
        let optional = [&entry.name, &entry.ou, &entry.owner, &entry.environment];
        let optional = optional.map(|value| value.as_deref().unwrap_or_default());
        writer.write_record(std::iter::once(entry.id.as_str()).chain(optional))?;
    }
    let bytes = writer.into_inner().context("cannot list the accounts")?;
    Ok(AccountList::parse(shown, &bytes)?)
}
