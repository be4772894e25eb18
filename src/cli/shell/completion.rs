//! What Tab completes, and when Enter ends an input.

use std::collections::BTreeMap;

use clap::CommandFactory as _;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::COMMANDS;
use super::statement::{ShellInput, is_complete, split};
use crate::report::account_names;
use crate::service::Reader;

/// The words of SQL that are worth a Tab.
const KEYWORDS: &[&str] = &[
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FILTER",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ORDER",
    "OVER",
    "PARTITION",
    "QUALIFY",
    "RIGHT",
    "SELECT",
    "THEN",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

/// A name as one word of a command.
fn quoted(name: String) -> String {
    if name.contains(char::is_whitespace) {
        format!("'{name}'")
    } else {
        name
    }
}

/// The words after which only a table or view can come.
const BEFORE_RELATIONS: [&str; 3] = ["FROM", "JOIN", "DESCRIBE"];

/// All names that can be completed.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Tables and views, with their columns.
    relations: BTreeMap<String, Vec<String>>,
    functions: Vec<String>,
    reports: Vec<String>,
    /// The options of `report`, with their dashes.
    options: Vec<String>,
    /// Accounts, by id and by name.
    accounts: Vec<String>,
}

impl Names {
    pub(super) async fn of(reader: &Reader) -> anyhow::Result<Self> {
        let session = reader.session();
        let mut relations = BTreeMap::new();
        for name in reader.relations() {
            let schema = session.columns(&name).await?;
            let columns = schema.fields().iter().map(|field| field.name().clone());
            relations.insert(name, columns.collect());
        }
        let command = super::super::args::Args::command();
        let report = command.find_subcommand("report");
        let options = report.into_iter().flat_map(clap::Command::get_arguments);
        let options = options.filter_map(|option| Some(format!("--{}", option.get_long()?)));
        let accounts = account_names(session).await?.into_iter();
        let accounts = accounts.flat_map(|(id, name)| [id, quoted(name)]);
        let reports = reader.library().reports();
        Ok(Self {
            accounts: accounts.collect(),
            relations,
            functions: session.functions(),
            reports: reports.map(|report| report.id.clone()).collect(),
            options: options.collect(),
        })
    }

    /// Where the word begins that stands before `at`, and what it can become.
    fn complete(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let before = &line[..at];
        let (inputs, statement) = split(before);
        if let (Some(ShellInput::Command(command)), "") = (inputs.last(), statement)
            && !before.ends_with('\n')
        {
            return self.complete_command(before, command);
        }
        if is_in_text(statement) {
            return (at, Vec::new());
        }
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
        let start = before.trim_end_matches(is_word).len();
        let word = &before[start..];
        let previous = before[..start]
            .split_whitespace()
            .next_back()
            .unwrap_or_default();
        // The whole line, so that the columns after SELECT are those of what FROM names behind them.
        let mentioned = words(line);
        if let Some((qualifier, _)) = word.rsplit_once('.') {
            let relation = self.meant(qualifier, &mentioned);
            let columns = relation
                .and_then(|name| self.relations.get(name))
                .into_iter()
                .flatten();
            let columns = columns.map(|column| format!("{qualifier}.{column}"));
            return (start, beginning_with(word, columns));
        }
        let relations = self.relations.keys().cloned();
        if BEFORE_RELATIONS
            .iter()
            .any(|keyword| keyword.eq_ignore_ascii_case(previous))
        {
            return (start, beginning_with(word, relations));
        }
        if word.is_empty() {
            return (start, Vec::new());
        }
        let columns = mentioned
            .iter()
            .filter_map(|name| self.relations.get(*name));
        let columns = columns.flatten().cloned();
        let functions = self.functions.iter().map(|name| format!("{name}("));
        let is_lower = word.chars().all(|letter| !letter.is_uppercase());
        let keywords = KEYWORDS.iter().map(|keyword| {
            if is_lower {
                keyword.to_lowercase()
            } else {
                (*keyword).to_owned()
            }
        });
        let all = columns.chain(relations).chain(functions).chain(keywords);
        (start, beginning_with(word, all))
    }

    /// Completes the command that `before` ends with.
    fn complete_command(&self, before: &str, command: &str) -> (usize, Vec<String>) {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = &before[start..];
        let first = command.split_whitespace().next().unwrap_or_default();
        let candidates = match first {
            _ if command.trim_start() == first && !word.is_empty() => COMMANDS
                .iter()
                .map(|(name, ..)| format!("\\{name}"))
                .collect(),
            "d" => self.relations.keys().cloned().collect(),
            "report" if before[..start].trim_end().ends_with(" --account") => self.accounts.clone(),
            "report" if word.starts_with('-') => self.options.clone(),
            "report" => self.reports.clone(),
            "format" => ["csv", "json", "markdown", "ndjson", "parquet", "table"]
                .map(str::to_owned)
                .to_vec(),
            _ => Vec::new(),
        };
        (start, beginning_with(word, candidates))
    }

    /// The relation that a qualifier means: its own name, or the one that it is an alias of.
    fn meant<'a>(&'a self, qualifier: &'a str, mentioned: &[&'a str]) -> Option<&'a str> {
        if self.relations.contains_key(qualifier) {
            return Some(qualifier);
        }
        let places = (0..mentioned.len()).filter(|at| mentioned[*at] == qualifier);
        let mut named = places.filter_map(|at| {
            let mut before = mentioned[..at].iter().rev();
            before.find(|word| !word.eq_ignore_ascii_case("as"))
        });
        named
            .find(|name| self.relations.contains_key(**name))
            .copied()
    }
}

/// The names and keywords of a statement.
fn words(text: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words = text.split(|letter: char| !is_word(letter));
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether an end of a statement is within a text that is still open.
fn is_in_text(statement: &str) -> bool {
    statement.matches('\'').count() % 2 == 1
}

/// The candidates that begin with the word in any case, sorted.
fn beginning_with(word: &str, candidates: impl IntoIterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    let fits = candidates
        .into_iter()
        .filter(|candidate| candidate.to_lowercase().starts_with(&word));
    let mut fits: Vec<String> = fits.collect();
    fits.sort_unstable();
    fits.dedup();
    fits
}

/// What the editor asks.
pub(super) struct Helpful {
    pub(super) names: Names,
    files: FilenameCompleter,
}

impl Helpful {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            files: FilenameCompleter::new(),
        }
    }
}

impl Completer for Helpful {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        if line.trim_start().starts_with("\\o ") {
            return self.files.complete(line, at, context);
        }
        let (start, candidates) = self.names.complete(line, at);
        let pair = |candidate: String| Pair {
            display: candidate.clone(),
            replacement: candidate,
        };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }
}

impl Validator for Helpful {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Hinter for Helpful {
    type Hint = String;
}

impl Highlighter for Helpful {}

impl Helper for Helpful {}

#[cfg(test)]
mod tests {
    use super::Names;

    fn names() -> Names {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            relations: [
                (
                    "kms_events".to_owned(),
                    columns(&["event_time", "event_name", "caller"]),
                ),
                ("key_uses".to_owned(), columns(&["key_arn", "caller"])),
            ]
            .into(),
            functions: columns(&["count", "key_id"]),
            reports: columns(&["unused-keys", "who-used"]),
            options: columns(&["--key", "--days"]),
            accounts: columns(&["111122223333", "prod", "'two words'"]),
        }
    }

    /// Completes at the bar.
    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let at = line.find('|').expect("a bar");
        let (start, found) = names().complete(&line.replace('|', ""), at);
        assert_eq!(found, expected, "{line}");
        assert!(start <= at);
    }

    #[test]
    fn names_are_completed_where_they_can_stand() {
        check("sel|", &["select"]);
        check("SEL|", &["SELECT"]);
        check("select * from k|", &["key_uses", "kms_events"]);
        check("select * from |", &["key_uses", "kms_events"]);
        check("select |", &[]);
        check("select eve| from kms_events", &["event_name", "event_time"]);
        check("select eve| from key_uses", &[]);
        check(
            "select ke| from key_uses",
            &["key_arn", "key_id(", "key_uses"],
        );
        check("select u.| from key_uses u", &["u.caller", "u.key_arn"]);
        check("select u.k| from key_uses as u where true", &["u.key_arn"]);
        check("select key_uses.c| from key_uses", &["key_uses.caller"]);
        check("select x.c| from key_uses", &[]);
        check("select 'it is c|", &[]);
        check("select 1; select co|", &["count("]);
    }

    #[test]
    fn commands_are_completed_with_what_they_take() {
        check("\\re|", &["\\refresh", "\\report", "\\reports"]);
        check("\\d key|", &["key_uses"]);
        check("\\report |", &["unused-keys", "who-used"]);
        check("\\report who-used --k|", &["--key"]);
        check("\\report who-used --account p|", &["prod"]);
        check("\\report who-used --account 't|", &["'two words'"]);
        check("\\format m|", &["markdown"]);
        check("\\timing |", &[]);
    }
}
