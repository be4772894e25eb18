//! `keytrail ingest --queue`: what the messages of a queue name, into the store, a line for each batch.

use std::io;

use super::ExitStatus;
use super::args::{IngestArgs, QueueArgs};
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::events::show;
use super::ingest::{decoding, warn_of_rollups};
use super::interrupt::StopRequest;
use super::logging;
use super::numbers::grouped;
use super::session::StoreChoice;
use crate::ingest::Summary;
use crate::render::visible;
use crate::service::{Host, QueueOptions, ServiceEvent, ingest_queue};
use crate::source::queue::{BatchBounds, Waiting};

/// Rejects that are named for each batch; all are in the ledger.
const REJECTS_SHOWN_MAX: usize = 20;

pub(super) async fn run(
    place: &StoreChoice,
    args: &IngestArgs,
    url: &str,
) -> anyhow::Result<ExitStatus> {
    let (bounds, waiting) = bounds(&args.queue);
    let stop = StopRequest::listen("stopping: what has come is committed first\n")?;
    let options = QueueOptions {
        url: url.to_owned(),
        access: args.aws.clone().into(),
        bounds,
        visibility_secs: args.queue.visibility_seconds,
        waiting,
        decoding: decoding(args),
        stop: stop.asked.clone(),
    };
    let events = |event: ServiceEvent<'_>| match event {
        ServiceEvent::Begun { .. } => {
            stop.begin();
            Ok(())
        }
        ServiceEvent::BatchIngested { messages, summary } => {
            show_batch(summary, messages, args.json)
        }
        event => show(event),
    };
    let host = Host {
        clock: &now_micros,
        events: &events,
    };
    let outcome = Box::pin(ingest_queue(&place.at(), &options, host)).await?;
    Ok(match (waiting, stop.status()) {
        (Waiting::UntilEmpty, Some(status)) => {
            to_stderr("interrupted: messages may be left; run the same command again to go on\n");
            status
        }
        (Waiting::UntilEmpty, None) if outcome.is_incomplete => ExitStatus::Incomplete,
        // A service that is asked to stop has done its work.
        (Waiting::ForMore, _) | (Waiting::UntilEmpty, None) => ExitStatus::Success,
    })
}

fn bounds(args: &QueueArgs) -> (BatchBounds, Waiting) {
    let bounds = BatchBounds {
        objects_max: args.batch_objects as usize,
        seconds_max: args.batch_seconds,
        buckets: args.buckets.clone(),
    };
    let waiting = if args.until_empty {
        Waiting::UntilEmpty
    } else {
        Waiting::ForMore
    };
    (bounds, waiting)
}

/// One line for each batch, for a log; an event where that is the format.
fn show_batch(summary: &Summary, messages: usize, is_json: bool) -> io::Result<()> {
    if logging::is_json() {
        tracing::info!(
            target: logging::MESSAGE,
            run_id = summary.run_id,
            messages,
            objects_new = summary.objects_new,
            objects_known = summary.objects_known,
            objects_rejected = summary.objects_rejected,
            objects_foreign = summary.objects_foreign,
            records = summary.records,
            rows_written = summary.rows_written,
            "batch ingested"
        );
    }
    let line = if is_json {
        format!("{}\n", serde_json::to_string(summary)?)
    } else if logging::is_json() {
        String::new()
    } else {
        format!(
            "{} messages: {} objects new, {} known, {} rejected{}; {} records, {} rows written\n",
            grouped(messages as u64),
            grouped(summary.objects_new),
            grouped(summary.objects_known),
            grouped(summary.objects_rejected),
            match summary.objects_foreign {
                0 => String::new(),
                foreign => format!(", {} foreign", grouped(foreign)),
            },
            grouped(summary.records),
            grouped(summary.rows_written)
        )
    };
    to_stdout(&line)?;
    for reject in summary.rejects.iter().take(REJECTS_SHOWN_MAX) {
        to_stderr(&format!(
            "warning: {} {}: {}\n",
            visible(&reject.location),
            reject.state,
            visible(&reject.message)
        ));
    }
    warn_of_rollups(summary);
    Ok(())
}
