//! Running a report: parameters bound, the summary before the rows, rows streaming, caveats after them.
//!
//! Enters: a session, a report and what was asked for. Leaves: an [`Outcome`]; whoever renders it
//! prints the window and the summary, streams the rows, then prints footnote and caveats.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;

use super::deleted;
use super::error::option;
use super::filter::{CUT_DAYS, Known, Resolved, account_names, cut_days};
use super::names;
use super::placeholder::placeholders;
use super::{Filters, KeyDirectory, KeyScope, LogPeriod, ReportError, ResolvedKey, Window};
use crate::catalog::Scoped;
use crate::catalog::{Kind, Library, Parameter, Query};
use crate::sql::{Session, frame, settled};

/// What is asked of a report.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The window, as [`Window::parse`] gives it: its start is none where it was not given.
    pub window: Window,
    /// Which rows it is about.
    pub filters: Filters,
    /// The report's own parameters, by name, as they were typed; and `key`, which every report takes.
    pub arguments: BTreeMap<String, String>,
    /// From when to when the logs are.
    pub logs: LogPeriod,
    /// The time of asking; none where it does not matter how old the logs are.
    pub now: Option<DateTime<Utc>>,
}

/// The answer to a report.
pub struct Outcome {
    /// The report's title.
    pub title: String,
    /// The window that was answered for, which every rendering shows.
    pub window: Window,
    /// What was found, in a few lines to stand above the rows; none in a report that has no summary.
    pub summary: Vec<String>,
    /// The rows, computed as they are taken.
    pub stream: SendableRecordBatchStream,
    /// The columns that name the account which the column before them tells.
    pub names: Vec<String>,
    /// A text that must stand beside the rows.
    pub footnote: Option<String>,
    /// What else must be said, to be asked for after the rows.
    pub caveats: Caveats,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Outcome")
            .field("title", &self.title)
            .field("window", &self.window)
            .field("footnote", &self.footnote)
            .finish_non_exhaustive()
    }
}

/// Statements that tell what a reader of the rows must know.
#[derive(Debug)]
pub struct Caveats {
    query: String,
    notes: Vec<String>,
    frames: Vec<DataFrame>,
}

impl Caveats {
    /// The texts, those of the filters first, then in the order of the header; none where there is nothing to
    /// say.
    ///
    /// # Errors
    /// [`ReportError::Engine`] where they cannot be computed.
    pub async fn collect(self) -> Result<Vec<String>, ReportError> {
        let fault = |source| ReportError::engine(&self.query, source);
        let mut texts = self.notes;
        for frame in self.frames {
            texts.extend(texts_of(frame).await.map_err(fault)?);
        }
        Ok(texts)
    }
}

/// The texts in the first column of a statement's rows.
async fn texts_of(frame: DataFrame) -> Result<Vec<String>, DataFusionError> {
    let mut texts = Vec::new();
    for batch in frame.collect().await? {
        let column = cast(batch.column(0), &DataType::Utf8)?;
        let column = column.as_string::<i32>();
        texts.extend(column.iter().flatten().map(str::to_owned));
    }
    Ok(texts)
}

/// Answers a report.
///
/// The rows are computed while [`Outcome::stream`] is read, over the tables as the session holds them, and
/// over the scopes of the library. Names of accounts stand beside their ids.
///
/// # Errors
/// Parameters that the report does not accept, a key that is unknown or ambiguous, an empty window,
/// and [`ReportError::Engine`] where the statement cannot be planned.
pub async fn run(
    session: &Session,
    library: &Library,
    report: &Query,
    request: &Request,
) -> Result<Outcome, ReportError> {
    let context = session.context();
    let mut outcome = run_in(context, library, report, request).await?;
    if !names::added(&outcome.stream.schema()).is_empty() {
        let accounts = account_names(session).await?;
        outcome.stream = names::with_names(outcome.stream, accounts);
    }
    outcome.names = names::of_neighbours(&outcome.stream.schema());
    Ok(outcome)
}

/// The rows of the statement itself, in the context of a session.
pub(crate) async fn run_in(
    context: &SessionContext,
    library: &Library,
    report: &Query,
    request: &Request,
) -> Result<Outcome, ReportError> {
    let told = statements(library, report)?;
    let bound = bind(context, library, &told, report, request).await?;
    let fault = |source| ReportError::engine(&report.id, source);
    let mut frames = Vec::with_capacity(told.len());
    for (statement, scoped) in &told {
        // What is no SQL is told with the lines of the statement itself.
        parse(context, statement).map_err(fault)?;
        frames.push(
            plan(context, &scoped.sql, &bound.values)
                .await
                .map_err(fault)?,
        );
    }
    let rows = frames.remove(0);
    let summary = match report.summary {
        Some(_) => texts_of(frames.remove(0)).await.map_err(fault)?,
        None => Vec::new(),
    };
    frames.extend(deleted::note(context, library, report, &bound).await?);
    Ok(Outcome {
        title: report.title.clone(),
        window: bound.window,
        summary,
        stream: rows.execute_stream().await.map_err(fault)?,
        names: Vec::new(),
        footnote: report.footnote.clone(),
        caveats: Caveats {
            query: report.id.clone(),
            notes: bound.notes,
            frames,
        },
    })
}

/// The statement of a report, its summary, its caveats, and those of the scopes that it names, each with its scopes.
pub(super) fn statements<'a>(
    library: &'a Library,
    report: &'a Query,
) -> Result<Vec<(&'a str, Scoped<'a>)>, ReportError> {
    let beside = report.beside().map(|(_, _, sql)| sql);
    let own = std::iter::once(&report.sql).chain(beside);
    let mut waiting: VecDeque<&str> = own.map(String::as_str).collect();
    let mut statements = Vec::with_capacity(waiting.len());
    let mut told = BTreeSet::new();
    while let Some(statement) = waiting.pop_front() {
        let scoped = Scoped::new(library, statement)?;
        for scope in scoped.scopes() {
            if told.insert(&scope.id) {
                waiting.extend(scope.caveats.iter().map(String::as_str));
            }
        }
        statements.push((statement, scoped));
    }
    Ok(statements)
}

/// Reads a statement without planning it.
pub(super) fn parse(context: &SessionContext, sql: &str) -> Result<(), DataFusionError> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    state.sql_to_statement(sql, &dialect).map(|_statement| ())
}

/// A statement of a query file, with its parameters bound; it may only read.
pub(super) async fn plan(
    context: &SessionContext,
    sql: &str,
    values: &BTreeMap<String, ScalarValue>,
) -> Result<DataFrame, DataFusionError> {
    let frame = frame(context, sql).await?;
    let values = values
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    settled(frame.with_param_values(ParamValues::Map(values))?).await
}

/// The parameter by which every report can be asked about one key.
const KEY: &str = "key";

/// The values of all placeholders, and the window that they stand for.
pub(super) struct Bound {
    pub(super) values: BTreeMap<String, ScalarValue>,
    pub(super) window: Window,
    /// The principal that is asked about.
    pub(super) principal: Option<String>,
    /// What must be said of the filters and of the logs.
    notes: Vec<String>,
}

pub(super) async fn bind(
    context: &SessionContext,
    library: &Library,
    statements: &[(&str, Scoped<'_>)],
    report: &Query,
    request: &Request,
) -> Result<Bound, ReportError> {
    for name in request.arguments.keys() {
        let mut known = report.parameters.iter().map(|known| &known.name);
        if name != KEY && !known.any(|known| known == name) {
            return Err(ReportError::UnknownParameter {
                report: report.id.clone(),
                parameter: name.clone(),
                accepted: report
                    .parameters
                    .iter()
                    .map(|known| known.name.clone())
                    .collect(),
            });
        }
    }
    for parameter in &report.parameters {
        let is_given = request.arguments.contains_key(&parameter.name);
        if parameter.is_required && !is_given {
            return Err(ReportError::MissingParameter {
                report: report.id.clone(),
                parameter: parameter.name.clone(),
                meaning: parameter.description.clone(),
            });
        }
    }
    let window = window(report, request)?;
    let filters = request
        .filters
        .resolve(context, &window, &request.logs)
        .await?;
    let mut values = filters.values();
    values.insert("since".to_owned(), timestamp(window.since));
    values.insert("until".to_owned(), timestamp(window.until));
    let mut used = statements
        .iter()
        .flat_map(|(_, scoped)| placeholders(&scoped.sql));
    if used.any(|used| CUT_DAYS.contains(&used.name.as_str())) {
        values.extend(cut_days(context, &window).await?);
    }
    let stale = request.now.and_then(|now| request.logs.stale(&window, now));
    let mut bound = Bound {
        values,
        window,
        principal: None,
        notes: stale.into_iter().chain(filters.notes.clone()).collect(),
    };
    let filter = Parameter::key_filter();
    let is_declared = report.parameters.iter().any(|known| known.name == KEY);
    let filter = (!is_declared).then_some(&filter);
    for parameter in filter.into_iter().chain(&report.parameters) {
        let given = request.arguments.get(&parameter.name);
        let value = given.or(parameter.default.as_ref());
        bound
            .take((context, library), parameter, value, &filters, request)
            .await?;
    }
    Ok(bound)
}

impl Bound {
    /// Binds one parameter of the report.
    async fn take(
        &mut self,
        (context, library): (&SessionContext, &Library),
        parameter: &Parameter,
        value: Option<&String>,
        filters: &Resolved,
        request: &Request,
    ) -> Result<(), ReportError> {
        let name = parameter.name.clone();
        let bound = match parameter.kind {
            Kind::Key => {
                let scope = KeyScope {
                    account: filters.account.as_deref(),
                    region: filters.region.as_deref(),
                    window: self.window,
                };
                let key = match value {
                    Some(typed) => KeyDirectory::load(context).await?.resolve(typed, &scope)?,
                    None => ResolvedKey::default(),
                };
                self.values
                    .insert(format!("{name}_arns"), text_list(&key.arns));
                self.values
                    .insert(format!("{name}_names"), text_list(&key.names));
                return Ok(());
            }
            Kind::Int => {
                let number = value.map(|text| integer(parameter, text)).transpose()?;
                ScalarValue::Int64(number)
            }
            Kind::Text => ScalarValue::Utf8(value.cloned()),
            Kind::Principal | Kind::Resource => {
                if let Some(typed) = value {
                    let option = &option(&name);
                    let store = Known::new(context);
                    if parameter.kind == Kind::Principal {
                        let nothing = store.held_principal(library, option, typed, &request.logs);
                        let nothing = nothing.await?;
                        self.notes.extend(nothing);
                        self.principal = Some(typed.clone());
                    } else {
                        store.held_resource(library, option, typed).await?;
                    }
                }
                ScalarValue::Utf8(value.cloned())
            }
            Kind::Days => {
                let counted = value.filter(|_| request.window.since.is_none());
                let days = counted.map(|text| days(parameter, text)).transpose()?;
                ScalarValue::Int64(days.map(i64::from))
            }
        };
        self.values.insert(name, bound);
        Ok(())
    }
}

/// The window of the request; a report that counts days back begins there.
fn window(report: &Query, request: &Request) -> Result<Window, ReportError> {
    let mut window = request.window;
    for parameter in report
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == Kind::Days)
    {
        let given = request.arguments.get(&parameter.name);
        if request.window.since.is_some() {
            if given.is_some() {
                return Err(ReportError::TwoStarts {
                    parameter: parameter.name.clone(),
                });
            }
        } else if let Some(text) = given.or(parameter.default.as_ref()) {
            window = window.counting_back(days(parameter, text)?)?;
        }
    }
    Ok(window)
}

pub(super) fn integer(parameter: &Parameter, text: &str) -> Result<i64, ReportError> {
    text.trim()
        .parse()
        .map_err(|_not_a_number| invalid(parameter, text, "a whole number"))
}

/// The most days a report counts back: a hundred years.
const DAYS_BACK_MAX: u32 = 36_525;

pub(super) fn days(parameter: &Parameter, text: &str) -> Result<u32, ReportError> {
    // `90d` is how the same thing is typed for --since.
    let number = text.trim();
    let number = number.strip_suffix('d').unwrap_or(number);
    number
        .parse()
        .ok()
        .filter(|days| (1..=DAYS_BACK_MAX).contains(days))
        .ok_or_else(|| invalid(parameter, text, "a number of days from 1 to 36525"))
}

fn invalid(parameter: &Parameter, value: &str, expected: &'static str) -> ReportError {
    ReportError::InvalidParameter {
        parameter: parameter.name.clone(),
        value: value.to_owned(),
        expected,
    }
}

pub(super) fn timestamp(time: Option<DateTime<Utc>>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(time.map(|time| time.timestamp_micros()), Some("UTC".into()))
}

/// A list of texts to look in; nothing is in an empty one.
pub(super) fn text_list(texts: &[String]) -> ScalarValue {
    let values: Vec<ScalarValue> = texts
        .iter()
        .map(|text| ScalarValue::Utf8(Some(text.clone())))
        .collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8))
}
