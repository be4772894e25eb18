//! `keytrail ingest --queue`: what the messages of a queue name, into the store, batch by batch.
//!
//! A message is deleted when the ledger holds all its objects, and not before. What is not deleted comes back:
//! a message that cannot be used until the queue's redrive policy takes it, and one whose objects could not be
//! read until they can be.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ExitStatus;
use super::args::{IngestArgs, QueueArgs};
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::ingest::{Found, grouped, ingest_found, warn_of_rollups};
use super::interrupt::Stop;
use super::logging;
use super::session::StoreChoice;
use crate::aws::Access;
use crate::ingest::{Hashing, Progress, Summary};
use crate::render::visible;
use crate::source::queue::{Batch, Bounds, Message, Named, Queue, Waiting};
use crate::source::{Listing, S3, is_log_key};
use crate::store::Store;

/// Rejects that are told for each batch; all are in the ledger.
const REJECTS_TOLD_MAX: usize = 20;
/// Ids of messages that are told once each; when they are more, they are told again.
const TOLD_MAX: usize = 10_000;

pub(super) async fn run(
    place: &StoreChoice,
    args: &IngestArgs,
    url: &str,
) -> anyhow::Result<ExitStatus> {
    // One that cannot be written to is told before a message is taken.
    let mut store = place.existing().await?;
    let access = Access::from(args.aws.clone());
    let queue = Queue::new(url, &access, args.queue.visibility_seconds).await?;
    let mut service = Service {
        args,
        queue,
        s3: S3::new(&access.load().await, &access),
        told: BTreeSet::new(),
        is_incomplete: false,
    };
    let (bounds, waiting) = bounds(&args.queue);
    let mut stop = Stop::listen("stopping: what has come is committed first\n")?;
    stop.begin();
    loop {
        let batch = Box::pin(
            service
                .queue
                .gather(&bounds, waiting, &mut stop.asked, &now_micros),
        )
        .await?;
        if store.is_none() {
            // A queue that answers is there; for a mistyped one nothing is made.
            store = Some(place.create().await?);
        }
        service.tell_unusable(&batch);
        if let Some(store) = store.as_ref().filter(|_store| !batch.messages.is_empty()) {
            Box::pin(service.take(store, &batch)).await?;
        }
        if batch.is_last {
            break;
        }
    }
    Ok(match (waiting, stop.status()) {
        (Waiting::UntilEmpty, Some(status)) => {
            to_stderr("interrupted: messages may be left; run the same command again to go on\n");
            status
        }
        (Waiting::UntilEmpty, None) if service.is_incomplete => ExitStatus::Incomplete,
        // Who is told to stop has done all that it was asked for.
        (Waiting::ForMore, _) | (Waiting::UntilEmpty, None) => ExitStatus::Success,
    })
}

fn bounds(args: &QueueArgs) -> (Bounds, Waiting) {
    let bounds = Bounds {
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

/// What the batches of one call have in common.
struct Service<'a> {
    args: &'a IngestArgs,
    queue: Queue,
    s3: S3,
    /// Ids of messages that were told of.
    told: BTreeSet<String>,
    /// Whether something was left in the queue, or could not be ingested.
    is_incomplete: bool,
}

impl Service<'_> {
    /// A message that cannot be used comes again and again; once is enough to tell of it.
    fn tell_unusable(&mut self, batch: &Batch) {
        for (id, reason) in &batch.unusable {
            self.is_incomplete = true;
            if self.told.len() >= TOLD_MAX {
                self.told.clear();
            }
            if self.told.insert(id.clone()) {
                let (id, reason) = (visible(id), visible(reason));
                to_stderr(&format!(
                    "warning: message {id} is left in the queue: {reason}\n"
                ));
            }
        }
    }

    /// Ingests what the messages name, and deletes those whose objects are in the ledger.
    async fn take(&mut self, store: &Store, batch: &Batch) -> anyhow::Result<()> {
        let (logs, others): (Vec<&Named>, Vec<&Named>) = batch
            .objects()
            .into_iter()
            .partition(|named| is_log_key(&named.key));
        let mut unread = BTreeSet::new();
        if !logs.is_empty() {
            let summary = Box::pin(self.ingest(store, &logs)).await?;
            unread = unread_of(&summary);
            self.tell(&summary, batch.messages.len())?;
        }
        if !others.is_empty() {
            to_stderr(&format!(
                "note: {} passed over, whose keys are not like those of logs: {}{}\n",
                others.len(),
                visible(&location(others[0])),
                if others.len() > 1 { ", …" } else { "" }
            ));
        }
        let is_done = |message: &&Message| {
            let named = message.content.iter().flatten();
            named
                .into_iter()
                .all(|named| !unread.contains(&location(named)))
        };
        let done = batch.messages.iter().filter(is_done);
        let receipts: Vec<&str> = done.map(|message| message.receipt.as_str()).collect();
        let deleted = self.queue.delete(&receipts).await;
        let left = match deleted {
            Ok(left) => left,
            Err(error) => {
                // They come back, and are known then.
                to_stderr(&format!("warning: {error}\n"));
                receipts.len()
            }
        };
        if left > 0 {
            to_stderr(&format!("warning: {left} messages could not be deleted\n"));
        }
        if let Some(failure) = batch.held.take_failure() {
            to_stderr(&format!("warning: {failure}\n"));
        }
        self.is_incomplete |= left > 0 || receipts.len() < batch.messages.len();
        Ok(())
    }

    async fn ingest(&self, store: &Store, logs: &[&Named]) -> anyhow::Result<Summary> {
        let names: Vec<(String, String)> = logs
            .iter()
            .map(|named| (named.bucket.clone(), named.key.clone()))
            .collect();
        let listing = Listing {
            objects: self.s3.named(&names).await,
            ..Listing::default()
        };
        let found = Found {
            source: &self.s3,
            listing,
            hashing: if self.args.no_hash {
                Hashing::Never
            } else {
                Hashing::Always
            },
            sources: vec![self.queue.url().to_owned()],
            // The messages of a batch come once; that it is whole is seen by its objects alone.
            input: None,
            started_at: now_micros(),
            // What has been received is ingested to its end.
            stop: Arc::default(),
        };
        let progress = Progress::default();
        Box::pin(ingest_found(store, self.args, found, &progress)).await
    }

    /// One line for each batch, for a log; an event where that is the format.
    fn tell(&mut self, summary: &Summary, messages: usize) -> anyhow::Result<()> {
        self.is_incomplete |= summary.is_incomplete();
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
        let line = if self.args.json {
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
        for reject in summary.rejects.iter().take(REJECTS_TOLD_MAX) {
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
}

/// The objects that could not be read at all, so that another attempt may help.
fn unread_of(summary: &Summary) -> BTreeSet<String> {
    let rejects = summary.rejects.iter();
    rejects
        .filter(|reject| reject.state == "unreadable")
        .map(|reject| reject.location.clone())
        .collect()
}

/// The object as the ledger names it.
fn location(named: &Named) -> String {
    format!("s3://{}/{}", named.bucket, named.key)
}
