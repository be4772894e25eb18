//! Running a report: parameters bound, the summary before the rows, rows streaming, caveats after them.
//!
//! Enters: a session, a report and what was asked for. Leaves: an [`Outcome`]; whoever renders it
//! prints the window and the summary, streams the rows, then prints the notes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use futures::future::try_join_all;
use tracing::{Instrument as _, debug_span};

use super::bind::{Request, bind};
use super::deleted;
use super::filter::account_names;
use super::names;
use super::notes::{columns_fault, notes_of};
use super::values::{parse, plan};
use super::{ReportError, Window};
use crate::catalog::{Library, Note, Query, Scoped};
use crate::sql::{Session, keep};

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
    /// The note that belongs to every answer of this report.
    pub footnote: Option<Note>,
    /// The other notes, which are computed after the rows.
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

/// The notes on an answer, computed when they are asked for.
#[derive(Debug)]
pub struct Caveats {
    query: String,
    path: String,
    notes: Vec<Note>,
    frames: Vec<DataFrame>,
}

impl Caveats {
    /// The notes, those of the filters first, then in the order of the header; none if there is nothing to note.
    ///
    /// # Errors
    /// [`ReportError::Engine`] if they cannot be computed, and [`ReportError::Caveat`] if one has an unknown code.
    pub async fn collect(self) -> Result<Vec<Note>, ReportError> {
        let mut notes = self.notes;
        let found = self.frames.into_iter().enumerate().map(|(place, frame)| {
            let span = debug_span!("note", place, report = self.query);
            notes_of(&self.query, &self.path, frame).instrument(span)
        });
        for found in try_join_all(found).await? {
            notes.extend(found);
        }
        Ok(notes)
    }
}

/// The texts in the first column of a statement's rows.
async fn texts_of(frame: DataFrame) -> Result<Vec<String>, DataFusionError> {
    let mut texts = Vec::new();
    for batch in frame.collect().await? {
        let column = crate::sql::texts(batch.column(0))?;
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
    outcome.names = names::of_neighbors(&outcome.stream.schema());
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
    let kept = kept_scopes(&told);
    let planned = planned((context, library), report, &told, &kept, &bound.values).await;
    // A plan has the rows of what it reads.
    for scope in kept {
        context.deregister_table(&scope.id).map_err(fault)?;
    }
    let mut frames = planned?;
    let rows = frames.remove(0);
    let summary = match report.summary {
        Some(_) => {
            let texts = texts_of(frames.remove(0));
            let span = debug_span!("summary", report = report.id);
            texts.instrument(span).await.map_err(fault)?
        }
        None => Vec::new(),
    };
    let mut columns = frames.iter().map(|frame| frame.schema().as_arrow());
    if let Some(problem) = columns.find_map(columns_fault) {
        let path = report.path.clone();
        return Err(ReportError::Caveat { path, problem });
    }
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
            path: report.path.clone(),
            notes: bound.notes,
            frames,
        },
    })
}

/// The scopes of some statements that are computed once for all of them, each after those that it reads.
fn kept_scopes<'a>(statements: &[(&str, Scoped<'a>)]) -> Vec<&'a Query> {
    let mut seen = BTreeSet::new();
    let scopes = statements.iter().flat_map(|(_, scoped)| scoped.scopes());
    scopes
        .filter(|scope| scope.kept.is_some() && seen.insert(&scope.id))
        .collect()
}

/// The statements of a report, planned over the scopes that are kept, which are relations of the context from here on.
async fn planned(
    (context, library): (&SessionContext, &Library),
    report: &Query,
    statements: &[(&str, Scoped<'_>)],
    kept: &[&Query],
    values: &BTreeMap<String, ScalarValue>,
) -> Result<Vec<DataFrame>, ReportError> {
    let fault = |source| ReportError::engine(&report.id, source);
    for scope in kept {
        let scoped = Scoped::over_kept(library, &scope.sql)?;
        let frame = plan(context, &scoped.sql, values).await.map_err(fault)?;
        keep(context, &scope.id, frame).map_err(fault)?;
    }
    let mut frames = Vec::with_capacity(statements.len());
    for (statement, _) in statements {
        // What is no SQL is told with the lines of the statement itself.
        parse(context, statement).map_err(fault)?;
        let scoped = Scoped::over_kept(library, statement)?;
        frames.push(plan(context, &scoped.sql, values).await.map_err(fault)?);
    }
    Ok(frames)
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
