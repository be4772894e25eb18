//! Messages kept from other consumers while their batch is open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use tokio::task::JoinHandle;
use tracing::{Instrument as _, debug_span};

use super::error::{EXTEND, refused};
use super::{Message, Queue, QueueError, REQUEST_MESSAGES_MAX};

/// More time is asked for when this part of it is over: two requests in a row may fail before a message comes
/// back.
const EXTENDED_AFTER: u32 = 3;

/// Messages that are kept from others until this is dropped. One that comes back anyway does no harm: its objects
/// are known then.
#[derive(Debug)]
pub struct HeldMessages {
    state: Arc<Mutex<HoldState>>,
    extending: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct HoldState {
    receipts: Vec<String>,
    failure: Option<QueueError>,
}

impl HeldMessages {
    /// Keeps none yet.
    pub(super) fn new(queue: &Queue) -> Self {
        let state = Arc::<Mutex<HoldState>>::default();
        let every = Duration::from_secs(queue.visibility_secs.into()) / EXTENDED_AFTER;
        let (queue, shared) = (queue.clone(), state.clone());
        let extending = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let receipts = lock(&shared).receipts.clone();
                if let Err(failure) = queue.extend(&receipts).await {
                    lock(&shared).failure = Some(failure);
                }
            }
        });
        Self { state, extending }
    }

    pub(super) fn add(&self, message: &Message) {
        lock(&self.state).receipts.push(message.receipt.clone());
    }

    /// The last failure to keep messages, to be reported once.
    #[must_use]
    pub fn take_failure(&self) -> Option<QueueError> {
        lock(&self.state).failure.take()
    }
}

impl Drop for HeldMessages {
    fn drop(&mut self) {
        self.extending.abort();
    }
}

impl Queue {
    /// Asks for more time with messages. A single one that is refused was deleted, or has come back already.
    async fn extend(&self, receipts: &[String]) -> Result<(), QueueError> {
        for some in receipts.chunks(REQUEST_MESSAGES_MAX) {
            let entries = some.iter().enumerate().map(|(number, receipt)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(number.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(self.visibility_secs.into())
                    .build()
            });
            self.client
                .change_message_visibility_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.collect::<Result<_, BuildError>>()?))
                .send()
                .instrument(debug_span!(
                    "sqs",
                    operation = "ChangeMessageVisibilityBatch",
                    messages = some.len()
                ))
                .await
                .map_err(|error| refused(EXTEND, &self.url, &error))?;
        }
        Ok(())
    }
}

fn lock(state: &Mutex<HoldState>) -> MutexGuard<'_, HoldState> {
    // A list and a failure, each replaced at once.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
