//! What is wrong with a query file, without an answer: planned against the tables, never run.
//!
//! Enters: a session in which the tables and views stand, and a file. Leaves: faults with the line of the
//! file. The engine tells of one fault of a statement at a time.

use std::collections::BTreeMap;

use chrono::DateTime;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;

use super::Filters;
use super::notes::caveat_faults;
use super::placeholder::placeholders;
use super::values::{days, integer, parse, plan, text_list, timestamp};
use crate::catalog::{CatalogError, Library, Origin, Parameter, ParameterKind, Query, Scoped};
use crate::sql::{Session, plainly};

/// The faults of a report; `text` is that of its file.
pub async fn check(
    session: &Session,
    library: &Library,
    report: &Query,
    text: &str,
) -> Vec<CatalogError> {
    let mut faults = parameter_faults(report, text);
    let at = |line: usize, problem: String| header_fault(report, line, problem);
    let values = typical_values(report);
    // The own lines of a summary or a caveat are not told apart.
    let beside = report.beside();
    let beside = beside.map(|(word, place, sql)| (word, line_of_item(text, word, place), sql));
    let statements = std::iter::once(("", report.line, &report.sql)).chain(beside);
    for (place, (word, first, sql)) in statements.enumerate() {
        let line_in = |line: usize| if place == 0 { first + line - 1 } else { first };
        let unknown = placeholders(sql).into_iter();
        let unknown: Vec<_> = unknown
            .filter(|found| !values.contains_key(&found.name))
            .collect();
        for found in &unknown {
            let problem = format!("`${0}` is no parameter: add `-- param {0}: …`", found.name);
            faults.push(at(line_in(found.line), problem));
        }
        if !unknown.is_empty() {
            continue;
        }
        match planned(session, library, sql, &values).await {
            Err(StatementFault::Statement(line, problem)) => {
                faults.push(at(line_in(line), problem));
            }
            Err(StatementFault::Elsewhere(error)) => faults.push(error),
            Ok(frame) if place == 0 => {
                let series = report.series.iter().map(|name| (name, "series", 0));
                let strips = report.strips.iter().enumerate();
                let strips = strips.flat_map(|(place, (strip, first_day))| {
                    [strip, first_day].map(|name| (name, "strip", place))
                });
                for (name, word, place) in series.chain(strips) {
                    if frame.schema().field_with_unqualified_name(name).is_err() {
                        let line = line_of_item(text, word, place);
                        faults.push(at(line, format!("`{name}` is no column of the rows")));
                    }
                }
                let columns = frame.schema().fields().iter();
                let columns: Vec<&str> = columns.map(|field| &**field.name()).collect();
                faults.extend(column_faults(library, report, &columns, text));
            }
            Ok(frame) if word == "caveat" => {
                let problems = caveat_faults(sql, frame.schema().as_arrow());
                faults.extend(problems.into_iter().map(|problem| at(first, problem)));
            }
            Ok(_) => {}
        }
    }
    faults
}

/// What is wrong with the parameters of a report.
fn parameter_faults(report: &Query, text: &str) -> Vec<CatalogError> {
    let mut faults = Vec::new();
    let at = |line: usize, problem: String| header_fault(report, line, problem);
    for parameter in &report.parameters {
        let line = line_of_item(text, &format!("param {}", parameter.name), 0);
        if let Some(problem) = default_fault(parameter) {
            faults.push(at(line, problem));
        }
        let is_text = matches!(
            parameter.kind,
            ParameterKind::Text | ParameterKind::Principal | ParameterKind::Resource
        );
        if (is_text || parameter.kind == ParameterKind::Int) && !is_used(report, &parameter.name) {
            let problem = format!(
                "parameter `{0}` is nowhere used: write ${0}",
                parameter.name
            );
            faults.push(at(line, problem));
        }
    }
    faults
}

fn header_fault(query: &Query, line: usize, problem: String) -> CatalogError {
    CatalogError::Header {
        path: query.path.clone(),
        line,
        problem,
    }
}

/// What is wrong with the column documentation of a view or report with these columns; `text` is that of its file.
#[must_use]
pub fn column_faults(
    library: &Library,
    query: &Query,
    columns: &[&str],
    text: &str,
) -> Vec<CatalogError> {
    let faults = library.column_faults(query, columns).into_iter();
    let faults =
        faults.map(|fault| header_fault(query, line_of_item(text, &fault.word, 0), fault.problem));
    faults.collect()
}

/// The fault of a view whose statement the engine refused.
#[must_use]
pub fn statement_fault(query: &Query, source: &DataFusionError) -> CatalogError {
    header_fault(query, query.line + line_of(source) - 1, told(source))
}

/// What is wrong with a statement.
enum StatementFault {
    /// A line of it, and what is wrong there.
    Statement(usize, String),
    /// What it reads cannot be read.
    Elsewhere(CatalogError),
}

impl StatementFault {
    fn told(scoped: &Scoped<'_>, source: &DataFusionError) -> Self {
        match scoped.origin(line_of(source)) {
            Origin::Statement(line) => Self::Statement(line, told(source)),
            Origin::Scope(scope, line) => Self::Elsewhere(CatalogError::Header {
                path: scope.path.clone(),
                line,
                problem: told(source),
            }),
        }
    }
}

/// Plans a statement, with the scopes that it names, down to the operators that would run.
async fn planned(
    session: &Session,
    library: &Library,
    sql: &str,
    values: &BTreeMap<String, ScalarValue>,
) -> Result<DataFrame, StatementFault> {
    let context = session.context();
    // What is no SQL is told before anything stands in front of it.
    parse(context, sql)
        .map_err(|source| StatementFault::Statement(line_of(&source), told(&source)))?;
    let scoped = Scoped::new(library, sql).map_err(StatementFault::Elsewhere)?;
    let fault = |source| StatementFault::told(&scoped, &source);
    let frame = plan(context, &scoped.sql, values).await.map_err(fault)?;
    let operators = frame.clone().create_physical_plan().await;
    operators.map_err(fault)?;
    Ok(frame)
}

/// A value of the right type for each placeholder.
pub(super) fn typical_values(report: &Query) -> BTreeMap<String, ScalarValue> {
    let text = || ScalarValue::Utf8(Some(String::new()));
    let mut values = Filters::typical_values();
    for name in ["since", "until"] {
        values.insert(name.to_owned(), timestamp(Some(DateTime::UNIX_EPOCH)));
    }
    for ending in ["arns", "names"] {
        values.insert(format!("key_{ending}"), text_list(&[]));
    }
    for parameter in &report.parameters {
        let name = parameter.name.clone();
        match parameter.kind {
            ParameterKind::Key => {
                values.insert(format!("{name}_arns"), text_list(&[]));
                values.insert(format!("{name}_names"), text_list(&[]));
            }
            ParameterKind::Int | ParameterKind::Days => {
                values.insert(name, ScalarValue::Int64(Some(1)));
            }
            ParameterKind::Text | ParameterKind::Principal | ParameterKind::Resource => {
                values.insert(name, text());
            }
        }
    }
    values
}

/// Whether a default is none that its own parameter accepts.
fn default_fault(parameter: &Parameter) -> Option<String> {
    let default = parameter.default.as_deref()?;
    let fault = match parameter.kind {
        ParameterKind::Int => integer(parameter, default).err(),
        ParameterKind::Days => days(parameter, default).err(),
        ParameterKind::Key
        | ParameterKind::Text
        | ParameterKind::Principal
        | ParameterKind::Resource => None,
    };
    fault.map(|fault| format!("the default of `{}`: {fault}", parameter.name))
}

fn is_used(report: &Query, name: &str) -> bool {
    std::iter::once(&report.sql)
        .chain(report.beside().map(|(_, _, sql)| sql))
        .any(|sql| placeholders(sql).iter().any(|found| found.name == name))
}

/// The line of the n-th item of that word in the header.
fn line_of_item(text: &str, word: &str, number: usize) -> usize {
    let start = format!("-- {word}:");
    let mut lines = text.lines().enumerate();
    let found = lines.by_ref().filter(|(_, line)| line.starts_with(&start));
    found.map(|(index, _)| index + 1).nth(number).unwrap_or(1)
}

/// What the engine says in plain words and on one line, without the place, which stands before it, and
/// without the list of all columns: the shell's `\d` and `docs/schema.md` have it.
fn told(source: &DataFusionError) -> String {
    let text = plainly(source);
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = [" Valid fields are ", " at Line: "].map(|end| said.find(end));
    let end = ends.into_iter().flatten().min().unwrap_or(said.len());
    crate::catalog::printable(said[..end].trim_end_matches('.'))
}

/// The line of the statement that the engine names, else its first.
fn line_of(source: &DataFusionError) -> usize {
    let span = source.diagnostic().and_then(|diagnostic| diagnostic.span);
    let line = span.and_then(|span| usize::try_from(span.start.line).ok());
    line.filter(|line| *line > 0)
        .or_else(|| line_in_text(&source.to_string()))
        .unwrap_or(1)
}

/// The line in `… at Line: 3, Column: 7`, as the parser writes it.
fn line_in_text(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("Line: ")?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}
