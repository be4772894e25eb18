//! Ingest of the objects that the messages of a queue name, batch by batch.
//!
//! A message is deleted when the ledger has all its objects, and not before. What is not deleted comes back:
//! a message that cannot be used until the queue's redrive policy takes it, and one whose objects could not be
//! read until they can be.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use super::error::ServiceError;
use super::host::{Host, ServiceEvent};
use super::ingest::{RunInputs, ingest_found};
use super::open::StoreAt;
use super::options::Decoding;
use crate::aws::Access;
use crate::ingest::{Hashing, Progress, Summary};
use crate::source::queue::{Batch, BatchBounds, Message, NamedObject, Queue, Waiting};
use crate::source::{Listing, S3, is_log_key};
use crate::store::Store;

/// Ids of messages that are named once each; when they are more, they are named again.
const IDS_MAX: usize = 10_000;

/// Which queue is read, and how.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    /// The queue's URL.
    pub url: String,
    /// How the queue and the buckets are reached.
    pub access: Access,
    /// When a batch is closed, and which buckets are read.
    pub bounds: BatchBounds,
    /// How long a received message stays hidden from other consumers; extended while it is worked on.
    pub visibility_secs: u16,
    /// What to do where there is no message.
    pub waiting: Waiting,
    /// How objects are read.
    pub decoding: Decoding,
    /// Becomes true when the work is to end: what has come is committed first.
    pub stop: watch::Receiver<bool>,
}

/// The messages that were received.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueueOutcome {
    /// Messages whose objects were ingested or known.
    pub messages: u64,
    /// Of these, messages that are not deleted.
    pub messages_left: u64,
    /// Whether something was left in the queue, or could not be ingested.
    pub is_incomplete: bool,
}

/// Ingests the objects that the messages of a queue name, until it is empty or the end is asked for. A store is created
/// if there is none, but only after the queue has answered: a typo creates nothing.
///
/// # Errors
/// If the queue refuses, or the store fails. Everything committed before stays; messages that were not deleted come
/// back.
pub async fn ingest_queue(
    place: &StoreAt,
    options: &QueueOptions,
    host: Host<'_>,
) -> Result<QueueOutcome, ServiceError> {
    // One that cannot be written to is found out before a message is taken.
    let mut store = place.existing().await?;
    let access = &options.access;
    let queue = Queue::new(&options.url, access, options.visibility_secs).await?;
    let mut consumer = Consumer {
        decoding: options.decoding,
        queue,
        s3: S3::new(&access.load().await, access),
        host,
        named: BTreeSet::new(),
        outcome: QueueOutcome::default(),
    };
    let mut stop = options.stop.clone();
    host.emit(ServiceEvent::Begun { progress: None })?;
    loop {
        let queue = &consumer.queue;
        let gathered = queue.gather(&options.bounds, options.waiting, &mut stop, host.clock);
        let batch = Box::pin(gathered).await?;
        if store.is_none() {
            store = Some(place.create().await?);
        }
        consumer.name_unusable(&batch)?;
        if let Some(store) = store.as_ref().filter(|_store| !batch.messages.is_empty()) {
            Box::pin(consumer.take(store, &batch)).await?;
        }
        if batch.is_last {
            return Ok(consumer.outcome);
        }
    }
}

/// What the batches of one call have in common.
struct Consumer<'a> {
    decoding: Decoding,
    queue: Queue,
    s3: S3,
    host: Host<'a>,
    /// Ids of messages that were named as unusable.
    named: BTreeSet<String>,
    outcome: QueueOutcome,
}

impl Consumer<'_> {
    /// A message that cannot be used comes again and again; to name it once is enough.
    fn name_unusable(&mut self, batch: &Batch) -> Result<(), ServiceError> {
        for (id, reason) in &batch.unusable {
            self.outcome.is_incomplete = true;
            if self.named.len() >= IDS_MAX {
                self.named.clear();
            }
            if self.named.insert(id.clone()) {
                self.host.emit(ServiceEvent::MessageLeft { id, reason })?;
            }
        }
        Ok(())
    }

    /// Ingests the objects that the messages name, and deletes the messages whose objects are all in the ledger.
    async fn take(&mut self, store: &Store, batch: &Batch) -> Result<(), ServiceError> {
        let (logs, others): (Vec<&NamedObject>, Vec<&NamedObject>) = batch
            .objects()
            .into_iter()
            .partition(|named| is_log_key(&named.key));
        let mut unread = BTreeSet::new();
        if !logs.is_empty() {
            let summary = Box::pin(self.ingest(store, &logs)).await?;
            unread = unread_of(&summary);
            self.outcome.is_incomplete |= summary.is_incomplete();
            self.host.emit(ServiceEvent::BatchIngested {
                messages: batch.messages.len(),
                summary: &summary,
            })?;
        }
        if let Some(first) = others.first() {
            self.host.emit(ServiceEvent::ObjectsSkipped {
                count: others.len(),
                example: &location(first),
            })?;
        }
        let is_done = |message: &&Message| {
            let named = message.content.iter().flatten();
            named
                .into_iter()
                .all(|named| !unread.contains(&location(named)))
        };
        let done = batch.messages.iter().filter(is_done);
        let receipts: Vec<&str> = done.map(|message| message.receipt.as_str()).collect();
        let not_deleted = self.delete(&receipts).await?;
        if let Some(failure) = batch.held.take_failure() {
            self.host.emit(ServiceEvent::QueueRefused(&failure))?;
        }
        let left = batch.messages.len() - receipts.len() + not_deleted;
        self.outcome.messages += batch.messages.len() as u64;
        self.outcome.messages_left += left as u64;
        self.outcome.is_incomplete |= left > 0;
        Ok(())
    }

    /// Deletes messages; answers how many could not be.
    async fn delete(&self, receipts: &[&str]) -> Result<usize, ServiceError> {
        let count = match self.queue.delete(receipts).await {
            Ok(left) => left,
            Err(refused) => {
                self.host.emit(ServiceEvent::QueueRefused(&refused))?;
                receipts.len()
            }
        };
        if count > 0 {
            self.host.emit(ServiceEvent::MessagesNotDeleted { count })?;
        }
        Ok(count)
    }

    async fn ingest(&self, store: &Store, logs: &[&NamedObject]) -> Result<Summary, ServiceError> {
        let names: Vec<(String, String)> = logs
            .iter()
            .map(|named| (named.bucket.clone(), named.key.clone()))
            .collect();
        let listing = Listing {
            objects: self.s3.named(&names).await,
            ..Listing::default()
        };
        let found = RunInputs {
            source: &self.s3,
            listing,
            hashing: self.decoding.hashing.unwrap_or(Hashing::Always),
            sources: vec![self.queue.url().to_owned()],
            // The messages of a batch come once; that it is whole is seen by its objects alone.
            input: None,
            started_at: self.host.now(),
            // What has been received is ingested to its end.
            stop: Arc::default(),
        };
        let progress = Progress::default();
        Box::pin(ingest_found(
            store,
            self.decoding,
            found,
            &progress,
            self.host,
        ))
        .await
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
fn location(named: &NamedObject) -> String {
    format!("s3://{}/{}", named.bucket, named.key)
}
