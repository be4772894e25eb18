//! `keytrail ingest`: logs into the store.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;

use super::args::IngestArgs;
use super::clock::now_micros;
use super::error::{print_warnings, to_stderr, to_stdout};
use super::interrupt::Stop;
use super::progress::Bar;
use super::queries::Queries;
use super::session::StoreChoice;
use super::{ExitStatus, bucket, queue};
use crate::ingest::{self, Hashing, Options, Progress, Summary};
use crate::source::{Address, Input, Listing, Source};
use crate::store::Store;

/// What Ctrl-C prints once the listing is done.
const STOPPING: &str =
    "stopping: objects being read are finished and committed first; Ctrl-C again ends at once\n";
/// Where logs are.
pub(super) const LAYOUT_HINT: &str =
    "CloudTrail writes below `AWSLogs/`; name that folder, or one above it";
/// Rejects that the summary names; all are in the ledger.
const REJECTS_SHOWN_MAX: usize = 20;

pub(super) async fn run(place: &StoreChoice, args: IngestArgs) -> anyhow::Result<ExitStatus> {
    if let Some(url) = &args.queue.url {
        return Box::pin(queue::run(place, &args, url)).await;
    }
    // Before the listing: what arrives meanwhile may not be in it.
    let started_at = now_micros();
    let stop = Stop::listen(STOPPING)?;
    let store = place.existing().await?;
    // Nothing is made for what was mistyped: a store comes after what is to be in it was found.
    let found = Box::pin(bucket::find(store.as_ref(), &args, started_at)).await?;
    let store = match store {
        Some(store) => store,
        None => place.create().await?,
    };
    stop.begin();
    let summary = ingest_listed(&store, &args, found, started_at, stop.flag.clone()).await?;
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
            let asked = args
                .paths
                .iter()
                .map(|path| format!("`{}`", path.display()));
            let asked = asked.collect::<Vec<_>>().join(", ");
            bail!("nothing found: {asked}; no object is a CloudTrail log\n\nhint: {LAYOUT_HINT}");
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

/// Tells which roll-ups lack events.
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
pub(super) async fn ingest_into(store: &Store, args: &IngestArgs) -> anyhow::Result<Summary> {
    let started_at = now_micros();
    let found = Box::pin(bucket::find(Some(store), args, started_at)).await?;
    ingest_listed(store, args, found, started_at, Arc::default()).await
}

async fn ingest_listed(
    store: &Store,
    args: &IngestArgs,
    found: bucket::Found,
    started_at: i64,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Summary> {
    let (source, listing) = (found.source, found.listing);
    if listing.ignored_count > 0 {
        let names: Vec<String> = listing
            .ignored
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        to_stderr(&format!(
            "warning: {} passed over: neither names nor first bytes like a log's: {}{}\n",
            files(listing.ignored_count),
            names.join(", "),
            if listing.ignored_count > names.len() as u64 {
                ", …"
            } else {
                ""
            }
        ));
    }
    let sources = args.paths.iter().map(|path| path.display().to_string());
    let found = Found {
        source: &*source,
        listing,
        hashing: found.hashing,
        sources: sources.collect(),
        input: Some(input(args)),
        started_at,
        stop,
    };
    let progress = Arc::new(Progress::default());
    let bar = Bar::start(progress.clone());
    let summary = ingest_found(store, args, found, &progress).await;
    bar.finish();
    summary
}

/// What was pointed at, whatever directory it was typed in.
fn input(args: &IngestArgs) -> Input {
    let sources = args.paths.iter().map(|path| {
        let typed = path.to_string_lossy().into_owned();
        if Address::is_meant(&typed) {
            return typed;
        }
        let found = std::fs::canonicalize(path).or_else(|_missing| std::path::absolute(path));
        found.map_or(typed, |path| path.to_string_lossy().into_owned())
    });
    let bucket = &args.bucket;
    Input::new(sources, &bucket.narrowed(), bucket.lookback, bucket.all)
}

/// Where the objects of a run are, and which they are.
pub(super) struct Found<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) listing: Listing,
    pub(super) hashing: Hashing,
    /// What was pointed at, as typed.
    pub(super) sources: Vec<String>,
    /// The same, if another run can be pointed at it.
    pub(super) input: Option<Input>,
    /// When the run began, in microseconds: before what was found was looked for.
    pub(super) started_at: i64,
    /// Becomes true when the run is to end early.
    pub(super) stop: Arc<AtomicBool>,
}

/// Ingests what was found, and prints warnings.
pub(super) async fn ingest_found(
    store: &Store,
    args: &IngestArgs,
    found: Found<'_>,
    progress: &Progress,
) -> anyhow::Result<Summary> {
    let queries = Queries::embedded()?;
    let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    let options = Options {
        limits: args.limits.to_limits(),
        hashing: found.hashing,
        threads: args.threads.map_or(cpus, usize::from),
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: found.started_at,
        sources: found.sources,
        input: found.input,
        stop: found.stop,
    };
    let summary = ingest::run(
        store,
        &queries.rollups(),
        found.source,
        found.listing,
        &options,
        progress,
        &now_micros,
    )
    .await;
    print_warnings(store);
    Ok(summary?)
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

fn files(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{} files", grouped(count)),
    }
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
