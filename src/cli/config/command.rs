//! `keytrail config`: a configuration file written, checked, and shown with what else is in effect.

use std::env;
use std::fmt::Write as _;

use anyhow::bail;
use serde::Serialize;
use serde_json::Value;

use super::effective::{self, Effective, Origin, lines, refuse};
use super::settings::{SETTINGS, Setting};
use super::{Typed, file, read, secrets, template};
use crate::cli::ExitStatus;
use crate::cli::args::{ConfigAction, ConfigArgs, ConfigFileArgs};
use crate::cli::error::to_stdout;
use crate::cli::session::StoreChoice;
use crate::render::visible;

pub(in crate::cli) fn run(
    place: &StoreChoice,
    chosen: &ConfigFileArgs,
    typed: &Typed,
    args: ConfigArgs,
) -> anyhow::Result<ExitStatus> {
    match args.action {
        ConfigAction::Init { output } if output.as_os_str() == "-" => {
            to_stdout(&template::template())?;
        }
        ConfigAction::Init { output } => {
            place.spares(&output)?;
            file::write_new(&output, &template::template())?;
            to_stdout(&format!("{} written\n", visible(&output.to_string_lossy())))?;
        }
        ConfigAction::Check { file } => {
            let named = file.as_deref().or(chosen.path());
            let Some(file) = file::find(named, &|name| env::var_os(name))? else {
                bail!(
                    "{}\n\nhint: `keytrail config init` writes one",
                    none_found()
                );
            };
            refuse(&read::read(&file).map_or_else(|found| lines(&file, &found), |_| Vec::new()))?;
            to_stdout(&format!("{}: ok\n", visible(&file.shown())))?;
        }
        ConfigAction::Show { json } => {
            let effective = effective::load(chosen.path(), &|name| env::var_os(name))?;
            to_stdout(&show(&effective, typed, json)?)?;
        }
    }
    Ok(ExitStatus::Success)
}

fn none_found() -> String {
    let places = file::places(&|name| env::var_os(name));
    let places: Vec<String> = places
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    format!("no configuration file: looked for {}", places.join(" and "))
}

/// A value in effect, for programs.
#[derive(Debug, Serialize)]
struct Row {
    key: &'static str,
    /// None where nothing sets it.
    value: Option<Value>,
    /// `flag`, `environment`, `file` or `default`.
    source: &'static str,
    /// The flag or the variable.
    name: Option<String>,
    /// The line of the file.
    line: Option<usize>,
}

/// Everything in effect, for programs.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    file: Option<&'a str>,
    settings: Vec<Row>,
}

/// In place of a secret.
const NOT_SHOWN: &str = "(not shown)";

fn show(effective: &Effective, typed: &Typed, is_json: bool) -> anyhow::Result<String> {
    let rows = SETTINGS
        .iter()
        .map(|setting| row(setting, effective, typed));
    let shown = Shown {
        file: effective.file.as_deref(),
        settings: rows.collect(),
    };
    if is_json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&shown)?));
    }
    let file = shown.file.unwrap_or_default();
    let cells: Vec<[String; 3]> = (shown.settings.iter().zip(SETTINGS))
        .map(|(row, setting)| {
            let value = row
                .value
                .as_ref()
                .map_or(setting.default.to_owned(), written);
            let source = match (&row.name, row.line) {
                (Some(name), _) => name.clone(),
                (None, Some(line)) => format!("{file}:{line}"),
                (None, None) => row.source.to_owned(),
            };
            [row.key.to_owned(), value, source].map(|text| visible(&text).into_owned())
        })
        .collect();
    let width = |index: usize| cells.iter().map(|row| row[index].chars().count()).max();
    let (keys, values) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let mut text = match shown.file {
        Some(file) => format!("configuration file: {}\n\n", visible(file)),
        None => format!("{}\n\n", none_found()),
    };
    for [key, value, source] in &cells {
        let _infallible = writeln!(text, "{key:<keys$}  {value:<values$}  {source}");
    }
    Ok(text)
}

fn row(setting: &Setting, effective: &Effective, typed: &Typed) -> Row {
    let set = effective.set.get(setting.key);
    let (value, origin) = match (typed.flag(setting.flag), set) {
        (Some(text), _) => (Some(Value::from(text)), Some(Origin::Flag(setting.flag))),
        (None, Some(set)) => (set.value.clone(), Some(set.origin.clone())),
        (None, None) => (None, None),
    };
    let value = match &origin {
        Some(Origin::Environment(name)) if secrets::is_name(name) => Some(Value::from(NOT_SHOWN)),
        // The AWS SDK reads it.
        Some(Origin::Environment(name)) if value.is_none() => {
            let value = env::var_os(name).unwrap_or_default();
            Some(Value::from(value.to_string_lossy()))
        }
        _ => value,
    };
    let (source, name, line) = match origin {
        None => ("default", None, None),
        Some(Origin::Flag(flag)) => ("flag", Some(flag.to_owned()), None),
        Some(Origin::Environment(name)) => ("environment", Some(name), None),
        Some(Origin::File(line)) => ("file", None, Some(line)),
    };
    Row {
        key: setting.key,
        value: value.map(|value| match value.as_str() {
            Some(text) if secrets::is_value(text) => Value::from(NOT_SHOWN),
            _ => value,
        }),
        source,
        name,
        line,
    }
}

/// A value for people.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<String> = items.iter().map(written).collect();
            items.join(", ")
        }
        Value::Array(items) if items.len() == 1 => "1 account".to_owned(),
        Value::Array(items) => format!("{} accounts", items.len()),
        other => other.to_string(),
    }
}
