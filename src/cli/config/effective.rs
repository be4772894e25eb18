//! What the file and the environment set together: for each key the value and where it is from.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::file::{self, File, Variable};
use super::read::{self, Problem, refused};
use super::secrets;
use super::settings::{SETTINGS, Setting};
use super::values::Config;

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A flag.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(String),
    /// A line of the file.
    File(usize),
}

/// A value that something sets.
#[derive(Debug)]
pub(super) struct Set {
    /// The value; none where AWS's own tools read it from the variable.
    pub(super) value: Option<Value>,
    pub(super) origin: Origin,
}

/// What is set.
#[derive(Debug, Default)]
pub(super) struct Effective {
    /// The file.
    pub(super) file: Option<String>,
    /// By key.
    pub(super) set: BTreeMap<&'static str, Set>,
}

/// Reads the file and the environment.
///
/// # Errors
/// If the file cannot be read, or anything in it or in a variable cannot be used: all of it.
pub(super) fn load(named: Option<&Path>, variable: Variable<'_>) -> anyhow::Result<Effective> {
    let file = file::find(named, variable)?;
    let mut problems = Vec::new();
    let mut set = BTreeMap::new();
    if let Some(file) = &file {
        match read::read(file) {
            Ok(values) => set.extend(values.into_iter().map(|(key, (value, line))| {
                let value = Some(value);
                let origin = Origin::File(line);
                (key, Set { value, origin })
            })),
            Err(found) => problems.extend(lines(file, &found)),
        }
    }
    for setting in SETTINGS {
        match of_environment(setting, variable) {
            Ok(Some(found)) => {
                set.insert(setting.key, found);
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    refuse(&problems)?;
    Ok(Effective {
        file: file.map(|file| file.shown()),
        set,
    })
}

/// The problems, as editors and people read them.
pub(super) fn lines(file: &File, problems: &[Problem]) -> Vec<String> {
    let line = |problem: &Problem| format!("{}:{}: {}", file.shown(), problem.line, problem.text);
    problems.iter().map(line).collect()
}

/// # Errors
/// If there is a problem.
pub(super) fn refuse(problems: &[String]) -> anyhow::Result<()> {
    match problems {
        [] => Ok(()),
        [problem] => Err(anyhow::anyhow!("{problem}")),
        problems => Err(anyhow::anyhow!(
            "the configuration has {} problems\n  {}",
            problems.len(),
            problems.join("\n  ")
        )),
    }
}

/// What a variable sets. An empty one is one that is not set.
fn of_environment(
    setting: &'static Setting,
    variable: Variable<'_>,
) -> Result<Option<Set>, String> {
    let is_set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let own = setting.variable();
    if is_set(&own.as_str()) {
        let value = variable(&own).unwrap_or_default();
        let parsed = match value.to_str() {
            // The arguments read these themselves.
            _ if matches!(setting.key, "store" | "queries") => {
                Ok(Value::from(value.to_string_lossy()))
            }
            Some(text) => setting.kind.parse(text),
            None => Err("is not UTF-8".to_owned()),
        };
        let value = parsed.map_err(|told| {
            if told == secrets::REFUSED {
                format!("{own}: `{}` {}", setting.key, secrets::REFUSED_IN_VARIABLE)
            } else {
                format!("{own}: {}", refused(setting, &told))
            }
        })?;
        return Ok(Some(Set {
            value: Some(value),
            origin: Origin::Environment(own),
        }));
    }
    let of_aws = setting.of_aws.iter().copied().find(is_set);
    Ok(of_aws.map(|name| Set {
        value: None,
        origin: Origin::Environment(name.to_owned()),
    }))
}

impl Effective {
    /// Where the value of a key is from: a line of the file or a variable.
    pub(super) fn place(&self, key: &str) -> Option<String> {
        Some(match &self.set.get(key)?.origin {
            Origin::File(line) => format!("{}:{line}", self.file.as_deref().unwrap_or_default()),
            Origin::Environment(name) => name.clone(),
            Origin::Flag(flag) => (*flag).to_owned(),
        })
    }

    /// The values, typed.
    ///
    /// # Errors
    /// None that a value can cause: all were read by their kinds.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        let mut root = Map::new();
        for (key, set) in &self.set {
            let Some(value) = &set.value else { continue };
            let mut names: Vec<&str> = key.split('.').collect();
            let last = names.pop().unwrap_or(key);
            let mut table = &mut root;
            for name in names {
                let entry = table
                    .entry(name)
                    .or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(inner) = entry else {
                    anyhow::bail!("`{name}` is a key and a table");
                };
                table = inner;
            }
            table.insert(last.to_owned(), value.clone());
        }
        Ok(serde_json::from_value(Value::Object(root))?)
    }
}
