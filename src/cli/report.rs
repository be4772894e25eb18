//! `keytrail report`: the named questions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use super::ExitStatus;
use super::args::ReportArgs;
use super::error::{to_stderr, to_stdout};
use super::output::write_stream;
use super::session::{Queries, StoreChoice, destination, is_for_people, period};
use crate::report::{self, Library, Placement, Request, Window};

pub(super) async fn run(place: &StoreChoice, args: ReportArgs) -> anyhow::Result<ExitStatus> {
    let queries = Queries::embedded()?;
    let Some(name) = args.name else {
        to_stdout(&list(&queries.library))?;
        return Ok(ExitStatus::Success);
    };
    let report = queries.library.report(&name)?;
    let destination = destination(args.output.output);
    destination.accepts(args.output.format)?;
    let store = place.open().await?;
    let (session, pins) = queries.session(&store).await?;
    let held = period(&pins)?;
    let window = Window::parse(
        args.since.as_deref(),
        args.until.as_deref(),
        held.map(|(_, newest)| newest),
    )?;
    let arguments = [("key", args.key), ("days", args.days)];
    let request = Request {
        window,
        account: args.account,
        region: args.region,
        arguments: arguments
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect::<BTreeMap<_, _>>(),
    };
    let outcome = report::run(&session, report, &request).await?;
    let is_for_people = is_for_people(args.output.format, &destination);
    let heading = format!("{} ({})\n", outcome.title, outcome.window);
    if is_for_people {
        to_stdout(&format!("{heading}\n"))?;
    } else {
        to_stderr(&heading);
    }
    if let Some(warning) = warning(outcome.window.placement(held)) {
        to_stderr(&format!("warning: {warning}\n"));
    }
    let is_end_given = args
        .until
        .as_deref()
        .is_some_and(|until| !until.trim().ends_with('d'));
    if let Some((_, newest)) = held.filter(|_| !is_end_given) {
        to_stderr(&ahead(newest, report::last_read(&session).await?));
    }
    write_stream(outcome.stream, args.output.format, &destination).await?;
    let mut notes = String::new();
    for note in outcome
        .footnote
        .into_iter()
        .chain(outcome.caveats.collect().await?)
    {
        let _infallible = writeln!(notes, "note: {note}");
    }
    to_stderr(&notes);
    Ok(ExitStatus::Success)
}

/// What a reader must know of a window that ends with an event which cannot be true.
fn ahead(newest: DateTime<Utc>, last_read: Option<DateTime<Utc>>) -> String {
    match last_read {
        Some(last_read) if Window::is_ahead(newest, last_read) => {
            let told = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!(
                "warning: the newest event is dated {}, after the last log was read ({}), and the window ends \
                 with it: give --until\n",
                told(newest),
                told(last_read)
            )
        }
        _ => String::new(),
    }
}

/// What a reader must know of a window that reaches beyond what is held.
fn warning(placement: Placement) -> Option<&'static str> {
    match placement {
        Placement::NothingHeld => Some("the store holds no event"),
        Placement::BeforeFirst => Some("the window ends before the first event held"),
        Placement::AfterLast => Some("the window begins after the last event held"),
        Placement::BeginsBeforeFirst => {
            Some("the window begins before the first event held: what was before it is not known")
        }
        Placement::Held => None,
    }
}

fn list(library: &Library) -> String {
    let width = library
        .reports()
        .map(|report| report.id.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for report in library.reports() {
        let _infallible = writeln!(text, "{:width$}  {}", report.id, report.title);
        for parameter in &report.parameters {
            let _infallible = writeln!(
                text,
                "{:width$}    --{} {}",
                "", parameter.name, parameter.description
            );
        }
    }
    text
}
