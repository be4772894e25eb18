//! `keytrail report`: the named questions, their answers and warnings in words.

use std::fmt::Write as _;

use chrono::SubsecRound as _;

use super::args::{ReportAction, ReportArgs};
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::notes;
use super::queries::QueriesChoice;
use super::session::{StoreChoice, destination, is_for_people, terminal_width};
use super::{ExitStatus, check};
use crate::catalog::{Library, Note, Query};
use crate::render::{Rendering, Zone, visible, wrapped, write_stream};
use crate::report::{self, Outcome, Window};
use crate::service::{Judgment, Question, Reader, ReportWarning};

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    args: ReportArgs,
) -> anyhow::Result<ExitStatus> {
    if let Some(ReportAction::Check(args)) = args.action {
        return Box::pin(check::run(&args)).await;
    }
    let Some(name) = &args.name else {
        to_stdout(&wrapped(&list(&queries.load()?.library), terminal_width()))?;
        return Ok(ExitStatus::Success);
    };
    let queries = queries.load_for(name)?;
    let destination = destination(place, &args.output)?;
    let store = place.open().await?;
    let reader = Reader::open(&store, queries).await?;
    if args.explain {
        to_stdout(&explain(&reader, &args).await?)?;
        return Ok(ExitStatus::Success);
    }
    let mut question = args.question();
    if let Some(required) = args.require {
        question = question.requiring(required.into(), now_micros())?;
    }
    let of_store = notes::of_store(&reader).await?;
    let asked = ask(&reader, &question, &args).await;
    // A key or a name that is not found may be in what the store does not have yet.
    let answer = asked.inspect_err(|_refused| notes::print(&of_store))?;
    if is_for_people(args.output.format(), &destination) {
        let heading = format!("{}\n", answer.heading);
        to_stdout(&wrapped(&heading, terminal_width()))?;
    } else {
        to_stderr(&answer.heading);
    }
    to_stderr(&answer.warnings);
    let outcome = answer.outcome;
    let rows = write_stream(outcome.stream, answer.rendering, &destination).await?;
    notes::print(&of_store);
    let caveats = outcome.caveats.collect().await;
    let footnote = outcome.footnote;
    // The rows are printed by now: what belongs to every answer stays with them.
    let caveats =
        caveats.inspect_err(|_fault| notes::print(&notes(footnote.clone(), Vec::new())))?;
    notes::print(&notes(footnote, caveats));
    let judgment = reader.judge(&question, rows, now_micros()).await?;
    Ok(match judgment {
        Some(judgment) => {
            to_stderr(&judged(&judgment));
            if judgment.is_met() {
                ExitStatus::Success
            } else {
                ExitStatus::Findings
            }
        }
        None => ExitStatus::Success,
    })
}

/// What a judgment comes to, in words.
fn judged(judgment: &Judgment) -> String {
    /// The most stretches that are listed.
    const STRETCHES_MAX: usize = 20;
    let word = judgment.required.word();
    if !judgment.has_hours {
        return "no hours to check: the store has no logs in this window\n".to_owned();
    }
    if judgment.is_met() {
        return format!("every hour is {word}\n");
    }
    let mut said = format!("not every hour is {word}:\n");
    for hole in judgment.holes.iter().take(STRETCHES_MAX) {
        let name = hole.account_name.as_ref();
        let _infallible = writeln!(
            said,
            "  {}{} {} from {} to {}: {}",
            hole.account,
            name.map_or_else(String::new, |name| format!(" ({name})")),
            hole.region,
            hole.from_hour,
            hole.to_hour,
            hole.state
        );
    }
    if judgment.holes.len() > STRETCHES_MAX {
        let more = judgment.holes.len() - STRETCHES_MAX;
        let _infallible = writeln!(
            said,
            "  and {more} more, which `report coverage-holes` lists"
        );
    }
    said
}

/// What a report answers, and what must be said before its rows.
pub(super) struct AskedReport {
    /// Title and window, a line, and below it what was found, if the report says so.
    pub(super) heading: String,
    /// Lines, or nothing.
    pub(super) warnings: String,
    pub(super) rendering: Rendering,
    pub(super) outcome: Outcome,
}

/// Asks a report.
pub(super) async fn ask(
    reader: &Reader,
    question: &Question,
    args: &ReportArgs,
) -> anyhow::Result<AskedReport> {
    let report: &Query = reader.library().report(&question.report)?;
    let answer = reader.ask(question, now_micros()).await?;
    let zone = args.output.tz;
    let outcome = answer.outcome;
    let warnings = answer.warnings.iter();
    let mut heading = heading(&outcome.title, outcome.window, zone);
    for line in &outcome.summary {
        heading.push_str(&visible(line));
        heading.push('\n');
    }
    Ok(AskedReport {
        heading,
        warnings: warnings.map(|warning| worded(warning, zone)).collect(),
        rendering: Rendering {
            series: report.series.clone(),
            strips: report.strips.clone(),
            names: outcome.names.clone(),
            ..args.output.rendering()
        },
        outcome,
    })
}

/// The notes on an answer.
pub(super) fn notes(footnote: Option<Note>, caveats: Vec<Note>) -> Vec<Note> {
    footnote.into_iter().chain(caveats).collect()
}

/// The SQL that answers, which can be run as it stands, below comments on what is behind its figures.
pub(super) async fn explain(reader: &Reader, args: &ReportArgs) -> anyhow::Result<String> {
    let question = args.question();
    let title = &reader.library().report(&question.report)?.title;
    let explained = reader.explain(&question, now_micros()).await?;
    let mut text = format!(
        "-- {}--\n-- behind the figures:\n",
        heading(title, explained.window, args.output.tz)
    );
    let width = explained.figures.iter().map(|(what, _)| what.len()).max();
    let width = width.unwrap_or(0);
    for (what, count) in &explained.figures {
        let count = super::numbers::grouped(*count);
        let _infallible = writeln!(text, "--   {what:width$}  {count:>12}");
    }
    if !explained.names.is_empty() {
        let names = explained.names.join(", ");
        let _infallible = writeln!(
            text,
            "--\n-- next to these columns the report shows account names, from current_accounts: {names}"
        );
    }
    text.push('\n');
    for line in explained.sql.lines() {
        text.push_str(&visible(line));
        text.push('\n');
    }
    Ok(text)
}

/// Title and window, as a line.
fn heading(title: &str, window: Window, zone: Zone) -> String {
    format!("{title} ({})\n", window.told(|time| zone.shown(time)))
}

/// A warning, as a line.
fn worded(warning: &ReportWarning, zone: Zone) -> String {
    let shown = |time: &chrono::DateTime<chrono::Utc>| zone.shown(time.trunc_subsecs(0));
    let said = match warning {
        ReportWarning::NothingStored => "the store has no logs".to_owned(),
        ReportWarning::BeforeLogs { first } => {
            format!("the window ends before the logs begin, at {}", shown(first))
        }
        ReportWarning::AfterLogs { last } => {
            format!("the window begins after the logs end, at {}", shown(last))
        }
        ReportWarning::BeginsBeforeLogs { first } => format!(
            "the window begins before the logs, at {}; earlier events are unknown",
            shown(first)
        ),
        ReportWarning::EventAhead { newest, last_read } => format!(
            "the newest event ({}) is dated after the last log was read ({}), and ends the window; \
             give --until",
            shown(newest),
            shown(last_read)
        ),
        ReportWarning::ObjectsAhead { count: 1 } => {
            "1 log object is dated later than it was read; the end of the logs ignores it"
                .to_owned()
        }
        ReportWarning::ObjectsAhead { count } => format!(
            "{count} log objects are dated later than they were read; the end of the logs ignores them"
        ),
    };
    format!("warning: {said}\n")
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
