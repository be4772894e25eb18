//! `keytrail ingest`: logs into the store.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use super::ExitStatus;
use super::args::IngestArgs;
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::events::show;
use super::interrupt::StopRequest;
use super::numbers::grouped;
use super::progress::Bar;
use super::session::StoreChoice;
use crate::ingest::{Hashing, Summary};
use crate::service::{Decoding, Host, IngestOptions, ServiceError, ServiceEvent, ingest};

/// What Ctrl-C prints once the listing is done.
const STOPPING: &str =
    "stopping: objects being read are finished and committed first; Ctrl-C again ends at once\n";
/// Rejects that the summary names; all are in the ledger.
const REJECTS_SHOWN_MAX: usize = 20;

pub(super) async fn run(place: &StoreChoice, args: IngestArgs) -> anyhow::Result<ExitStatus> {
    let stop = StopRequest::listen(STOPPING)?;
    let summary = ingest_into(place, &args, Some(&stop)).await?;
    let told = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&summary)?)
    } else {
        describe(&summary)
    };
    match to_stdout(&told) {
        // A reader that has gone does not make the run complete.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    warn_of_rollups(&summary);
    Ok(match stop.status() {
        Some(status) if summary.is_interrupted() => {
            to_stderr(&interrupted(&summary));
            status
        }
        _ if summary.has_found_nothing() => {
            let asked = args.paths.iter().map(|path| path.display());
            return Err(ServiceError::no_logs(asked).into());
        }
        _ if summary.is_incomplete() => ExitStatus::Incomplete,
        _ => ExitStatus::Success,
    })
}

/// How far a run came that was asked to end.
fn interrupted(summary: &Summary) -> String {
    format!(
        "interrupted: {} of {} objects; run the same command again to go on\n",
        grouped(summary.objects_planned - summary.objects_left),
        grouped(summary.objects_planned)
    )
}

/// Names the roll-ups that lack events.
pub(super) fn warn_of_rollups(summary: &Summary) {
    for rollup in &summary.rollups_behind {
        to_stderr(&format!(
            "warning: the roll-up `{}` could not be brought up to date: {}\n\nhint: every event is stored; what \
             the roll-up lacks is counted from the events when it is asked for, and the next `keytrail ingest` \
             tries again\n",
            rollup.table, rollup.message
        ));
    }
}

/// Ingests and answers the summary; shows progress, prints nothing else but warnings.
pub(super) async fn ingest_into(
    place: &StoreChoice,
    args: &IngestArgs,
    stop: Option<&StopRequest>,
) -> anyhow::Result<Summary> {
    let options = IngestOptions {
        paths: args.paths.clone(),
        narrowed: args.bucket.narrowed(),
        lookback_days: args.bucket.lookback,
        is_all: args.bucket.all,
        access: args.aws.clone().into(),
        decoding: decoding(args),
        stop: stop.map_or_else(Arc::default, |stop| stop.flag.clone()),
    };
    let bar = Mutex::new(None);
    let events = |event: ServiceEvent<'_>| match event {
        ServiceEvent::Begun { progress } => {
            if let Some(stop) = stop {
                stop.begin();
            }
            let shown = progress.map(|progress| Bar::start(progress.clone()));
            *bar.lock().unwrap_or_else(PoisonError::into_inner) = shown;
            Ok(())
        }
        event => show(event),
    };
    let host = Host {
        clock: &now_micros,
        events: &events,
    };
    let summary = Box::pin(ingest(&place.at(), &options, host)).await;
    let bar = bar.into_inner().unwrap_or_else(PoisonError::into_inner);
    bar.into_iter().for_each(Bar::finish);
    Ok(summary?)
}

/// How objects are to be read.
pub(super) fn decoding(args: &IngestArgs) -> Decoding {
    let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    Decoding {
        limits: args.limits.to_limits(),
        hashing: match (args.hash, args.no_hash) {
            (true, _) => Some(Hashing::Always),
            (false, true) => Some(Hashing::Never),
            (false, false) => None,
        },
        threads: args.threads.map_or(cpus, usize::from),
    }
}

/// The summary for people.
pub(super) fn describe(summary: &Summary) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: u64, detail: String| {
        let _infallible = writeln!(text, "{label:<22}{:>12}{detail}", grouped(value));
    };
    line("objects new", summary.objects_new, String::new());
    line("objects known", summary.objects_known, String::new());
    let known = match summary.objects_rejected_known {
        0 => String::new(),
        known => format!("  and {} known from before", grouped(known)),
    };
    line("objects rejected", summary.objects_rejected, known);
    if summary.objects_archived > 0 {
        let told = "  keytrail status --archived".to_owned();
        line("objects archived", summary.objects_archived, told);
    }
    let such = |what: &str, example: Option<&str>| {
        let example = example.map(crate::render::visible).unwrap_or_default();
        format!("  {what}, such as {example}")
    };
    if summary.objects_foreign > 0 {
        let told = such("not CloudTrail's", summary.foreign_example.as_deref());
        line("objects foreign", summary.objects_foreign, told);
    }
    if summary.left_out > 0 {
        let told = such("outside the options", summary.left_out_example.as_deref());
        line("objects left out", summary.left_out, told);
    }
    if summary.days_settled > 0 {
        let told = "  listed in full before; --all lists them again".to_owned();
        line("days not listed", summary.days_settled, told);
    }
    line("records read", summary.records, String::new());
    line("  KMS events", summary.kms_records, String::new());
    line("  trail events", summary.trail_records, String::new());
    line("  others, not kept", summary.not_wanted, String::new());
    line("  rejected", summary.rejected, String::new());
    if summary.expired > 0 {
        line("  beyond the horizon", summary.expired, String::new());
    }
    line("duplicates dropped", summary.duplicates, String::new());
    line("rows written", summary.rows_written, String::new());
    if !summary.rejects.is_empty() {
        text.push_str("\ncould not be read in full:\n");
        for reject in summary.rejects.iter().take(REJECTS_SHOWN_MAX) {
            let known = if reject.is_known { " (known)" } else { "" };
            let _infallible = writeln!(
                text,
                "  {}\n    {}{known}: {}",
                crate::render::visible(&reject.location),
                reject.state,
                crate::render::visible(&reject.message)
            );
        }
        if summary.rejects.len() > REJECTS_SHOWN_MAX {
            let _infallible = writeln!(
                text,
                "  … and {} more: keytrail sql \"select location, reason, message from log_files where state <> 'ok'\"",
                summary.rejects.len() - REJECTS_SHOWN_MAX
            );
        }
    }
    text
}
