//! `keytrail report`: the named questions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::ensure;
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use chrono::{DateTime, SubsecRound as _};
use futures::TryStreamExt as _;

use super::args::{ReportAction, ReportArgs, Required};
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::notes;
use super::queries::{Queries, QueriesChoice};
use super::session::{StoreChoice, destination, is_for_people, period, terminal_width};
use super::{ExitStatus, check};
use crate::catalog::{Library, Query};
use crate::render::wrapped;
use crate::render::{Rendering, Zone, visible, write_stream};
use crate::report::{self, LogPeriod, Outcome, Placement, Request, Window};
use crate::sql::Session;
use crate::store::Pins;

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    args: ReportArgs,
) -> anyhow::Result<ExitStatus> {
    if let Some(ReportAction::Check(args)) = args.action {
        return check::run(&args).await;
    }
    let queries = Queries::chosen(queries)?;
    let Some(name) = &args.name else {
        to_stdout(&wrapped(&list(&queries.library), terminal_width()))?;
        return Ok(ExitStatus::Success);
    };
    let report = queries.library.report(name)?;
    let destination = destination(place, &args.output)?;
    let store = place.open().await?;
    let (session, pins) = queries.session(&store).await?;
    if args.explain {
        let text = explain(&queries, &session, &pins, report, &args).await?;
        to_stdout(&text)?;
        return Ok(ExitStatus::Success);
    }
    let args = with_end(args)?;
    let of_store = notes::of_store(&pins).await?;
    let asked = ask(&queries, &session, &pins, report, &args).await;
    // A key or a name that is not found may be in what the store does not have yet.
    let answer = asked.inspect_err(|_refused| to_stderr(&of_store))?;
    if is_for_people(args.output.format(), &destination) {
        let heading = format!("{}\n", answer.heading);
        to_stdout(&wrapped(&heading, terminal_width()))?;
    } else {
        to_stderr(&answer.heading);
    }
    to_stderr(&answer.warnings);
    let outcome = answer.outcome;
    let rows = write_stream(outcome.stream, answer.rendering, &destination).await?;
    let caveats = outcome.caveats.collect().await?;
    to_stderr(&(of_store + &notes(outcome.footnote, caveats)));
    match args.require {
        // Of nothing, everything could be said.
        Some(_) if rows == 0 => {
            to_stderr("no hour can be judged: the store holds no log of the window asked for\n");
            Ok(ExitStatus::Findings)
        }
        Some(required) => judge(&queries, &session, &pins, &args, required).await,
        None => Ok(ExitStatus::Success),
    }
}

/// The report that can be required of something.
const JUDGED: &str = "coverage";

/// How long after an hour all its logs are due, so that it can be judged.
const DUE_HOURS: i64 = 25;

/// The arguments with an end of the window, where what is not due yet must not count.
fn with_end(mut args: ReportArgs) -> anyhow::Result<ReportArgs> {
    if args.require.is_some() {
        ensure!(
            args.name.as_deref() == Some(JUDGED),
            "--require judges the report `{JUDGED}` alone"
        );
        if args.filters.until.is_none() {
            let until = now_micros() - DUE_HOURS * 3_600_000_000;
            let until = DateTime::from_timestamp_micros(until - until.rem_euclid(3_600_000_000));
            args.filters.until = until.map(|until| until.to_rfc3339());
        }
    }
    Ok(args)
}

/// Tells the hours that are less than required.
async fn judge(
    queries: &Queries,
    session: &Session,
    pins: &Pins,
    args: &ReportArgs,
    required: Required,
) -> anyhow::Result<ExitStatus> {
    /// The most stretches that are told.
    const STRETCHES_MAX: usize = 20;
    let word = match required {
        Required::CompleteVerified => "complete-verified",
        Required::Complete => "complete",
    };
    let mut request = request(session, pins, args).await?;
    request
        .arguments
        .insert("require".to_owned(), word.to_owned());
    let holes = queries.library.report("coverage-holes")?;
    let outcome = report::run(session, &queries.library, holes, &request).await?;
    let batches: Vec<RecordBatch> = outcome.stream.try_collect().await?;
    let mut stretches = Vec::new();
    for batch in &batches {
        let text = |column: &str, row: usize| {
            let column = batch.column(batch.schema().index_of(column)?);
            array_value_to_string(column, row)
        };
        for row in 0..batch.num_rows() {
            let name = text("account_name", row)?;
            let name = Some(name).filter(|name| !name.is_empty());
            stretches.push(format!(
                "{}{} {} from {} to {}: {}",
                text("account", row)?,
                name.map_or_else(String::new, |name| format!(" ({name})")),
                text("region", row)?,
                text("from_hour", row)?,
                text("to_hour", row)?,
                text("state", row)?
            ));
        }
    }
    if stretches.is_empty() {
        to_stderr(&format!("every hour is {word}\n"));
        return Ok(ExitStatus::Success);
    }
    let mut said = format!("not every hour is {word}:\n");
    for stretch in stretches.iter().take(STRETCHES_MAX) {
        let _infallible = writeln!(said, "  {stretch}");
    }
    if stretches.len() > STRETCHES_MAX {
        let more = stretches.len() - STRETCHES_MAX;
        let _infallible = writeln!(
            said,
            "  and {more} more, which `report coverage-holes` lists"
        );
    }
    to_stderr(&said);
    Ok(ExitStatus::Findings)
}

/// What a report answers, and what must be said before its rows.
pub(super) struct Answer {
    /// Title and window, a line, and below it what was found, if the report says so.
    pub(super) heading: String,
    /// Lines, or nothing.
    pub(super) warnings: String,
    pub(super) rendering: Rendering,
    pub(super) outcome: Outcome,
}

/// Asks a report in a session.
pub(super) async fn ask(
    queries: &Queries,
    session: &Session,
    pins: &Pins,
    report: &Query,
    args: &ReportArgs,
) -> anyhow::Result<Answer> {
    let request = request(session, pins, args).await?;
    let outcome = report::run(session, &queries.library, report, &request).await?;
    let mut warnings = match warning(outcome.window, &request.logs, args.output.tz) {
        Some(warning) => format!("warning: {warning}\n"),
        None => String::new(),
    };
    if !is_end_given(args) {
        warnings.push_str(&ahead(&request.logs, args.output.tz));
    }
    let mut heading = heading(&outcome.title, outcome.window, args.output.tz);
    for line in &outcome.summary {
        heading.push_str(&visible(line));
        heading.push('\n');
    }
    Ok(Answer {
        heading,
        warnings,
        rendering: Rendering {
            series: report.series.clone(),
            strips: report.strips.clone(),
            names: outcome.names.clone(),
            ..args.output.rendering()
        },
        outcome,
    })
}

/// What must be said after the rows.
pub(super) fn notes(footnote: Option<String>, caveats: Vec<String>) -> String {
    let notes: Vec<String> = footnote.into_iter().chain(caveats).collect();
    notes::lines(&notes)
}

/// The SQL that answers, which can be run as it stands, below comments on what is behind its figures.
pub(super) async fn explain(
    queries: &Queries,
    session: &Session,
    pins: &Pins,
    report: &Query,
    args: &ReportArgs,
) -> anyhow::Result<String> {
    let behind = queries.library.explain("behind-figures")?;
    let request = request(session, pins, args).await?;
    let explained = report::explain(session, &queries.library, report, behind, &request).await?;
    let mut text = format!(
        "-- {}--\n-- behind the figures:\n",
        heading(&report.title, explained.window, args.output.tz)
    );
    let width = explained.figures.iter().map(|(what, _)| what.len()).max();
    let width = width.unwrap_or(0);
    for (what, count) in &explained.figures {
        let count = super::ingest::grouped(*count);
        let _infallible = writeln!(text, "--   {what:width$}  {count:>12}");
    }
    if !explained.names.is_empty() {
        let names = explained.names.join(", ");
        let _infallible = writeln!(
            text,
            "--\n-- beside these columns the report tells names of accounts, from current_accounts: {names}"
        );
    }
    text.push('\n');
    for line in explained.sql.lines() {
        text.push_str(&visible(line));
        text.push('\n');
    }
    Ok(text)
}

async fn request(session: &Session, pins: &Pins, args: &ReportArgs) -> anyhow::Result<Request> {
    let logs = LogPeriod::load(session, period(pins)?).await?;
    let window = Window::parse(
        args.filters.since.as_deref(),
        args.filters.until.as_deref(),
        logs.end(),
    )?;
    let mut arguments = BTreeMap::new();
    let own = [("key", &args.filters.key), ("days", &args.days)];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    for (name, value) in own.chain(args.params.iter().cloned()) {
        let shown = visible(&name).into_owned();
        let before = arguments.insert(name, value);
        ensure!(before.is_none(), "parameter `{shown}` is given twice");
    }
    Ok(Request {
        window,
        filters: args.filters.to_filters(),
        arguments,
        logs,
        now: DateTime::from_timestamp_micros(now_micros()),
    })
}

/// Title and window, as a line.
fn heading(title: &str, window: Window, zone: Zone) -> String {
    format!("{title} ({})\n", window.told(|time| zone.shown(time)))
}

/// Whether the window ends where the user says, not where the logs do.
fn is_end_given(args: &ReportArgs) -> bool {
    let until = args.filters.until.as_deref();
    until.is_some_and(|until| !until.trim().ends_with('d'))
}

/// What a reader must know of dates that cannot be true, which may move the end of the logs.
fn ahead(logs: &LogPeriod, zone: Zone) -> String {
    let mut warnings = String::new();
    if let Some((newest, last_read)) = logs.event_ahead() {
        let _infallible = writeln!(
            warnings,
            "warning: the newest event is dated {}, after the last log was read ({}), and the window ends \
             with it: give --until",
            zone.shown(newest.trunc_subsecs(0)),
            zone.shown(last_read.trunc_subsecs(0))
        );
    }
    if logs.dated_ahead > 0 {
        let _infallible = writeln!(
            warnings,
            "warning: log objects dated later than they were read, which do not count for where the logs end: {}",
            logs.dated_ahead
        );
    }
    warnings
}

/// What a reader must know of a window that reaches beyond the logs.
fn warning(window: Window, logs: &LogPeriod, zone: Zone) -> Option<String> {
    let bounds = logs.bounds();
    let (first, last) = match bounds {
        Some(bounds) => <[_; 2]>::from(bounds)
            .map(|time| zone.shown(time.trunc_subsecs(0)))
            .into(),
        None => (String::new(), String::new()),
    };
    Some(match window.placement(bounds) {
        Placement::NothingHeld => "the store has no logs".to_owned(),
        Placement::BeforeFirst => format!("the window ends before the logs begin, at {first}"),
        Placement::AfterLast => format!("the window begins after the logs end, at {last}"),
        Placement::BeginsBeforeFirst => format!(
            "the window begins before the logs do, at {first}: what happened before that is not known"
        ),
        Placement::Held => return None,
    })
}

/// The reports, with their parameters.
pub(super) fn list(library: &Library) -> String {
    let width = library
        .reports()
        .map(|report| report.id.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for report in library.reports() {
        let _infallible = writeln!(text, "{:width$}  {}", report.id, visible(&report.title));
        for parameter in &report.parameters {
            let option = report::option(&parameter.name);
            let value = if option.ends_with('=') { "VALUE " } else { "" };
            let meaning = visible(&parameter.description);
            let _infallible = writeln!(text, "{:width$}    {option}{value}{meaning}", "");
        }
    }
    text
}
