//! What every service is handed besides its options: the clock, and a sink for what happens while it works.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::ServiceError;
use crate::ingest::{Progress, Summary};
use crate::source::queue::QueueError;
use crate::store::{Store, StoreError};

/// Something that happened while a service was at work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// What there is to do is known, and from here on there may be something to commit. The counters show how far a
    /// run has come; a queue has none.
    Begun {
        /// The counters.
        progress: Option<&'a Arc<Progress>>,
    },
    /// Files in a directory were skipped: neither their names nor their first bytes are like a log's.
    FilesSkipped {
        /// How many.
        count: u64,
        /// Some of them.
        examples: &'a [PathBuf],
    },
    /// The store did what it was asked for, and something else went wrong.
    StoreWarning(&'a StoreError),
    /// A message cannot be used, and stays in the queue.
    MessageLeft {
        /// Its id.
        id: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// What the messages of a batch name is in the store. They are deleted after this.
    BatchIngested {
        /// How many messages there were.
        messages: usize,
        /// What the run did.
        summary: &'a Summary,
    },
    /// Messages name objects whose keys are not like those of logs: these were skipped.
    ObjectsSkipped {
        /// How many.
        count: usize,
        /// One of them.
        example: &'a str,
    },
    /// The queue refused something. Its messages come back, and their objects are known then.
    QueueRefused(&'a QueueError),
    /// Messages could not be deleted. They come back, and their objects are known then.
    MessagesNotDeleted {
        /// How many.
        count: usize,
    },
    /// Small files of a table were merged.
    TableCompacted {
        /// The table.
        table: &'a str,
        /// Files before.
        files_removed: usize,
        /// Files now.
        files_added: usize,
    },
    /// Files of a table that no reader needs were deleted.
    TableVacuumed {
        /// The table.
        table: &'a str,
        /// How many.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
}

/// The clock and the sink.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// The time in microseconds since 1970.
    pub clock: &'a (dyn Fn() -> i64 + Sync),
    /// Takes each event when it happens. An error ends the work where all that was done is committed.
    pub events: &'a (dyn Fn(Event<'_>) -> io::Result<()> + Sync),
}

impl std::fmt::Debug for Host<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host<'_> {
    /// Now, in microseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Hands an event to the sink.
    pub(super) fn emit(&self, event: Event<'_>) -> Result<(), ServiceError> {
        (self.events)(event).map_err(ServiceError::Sink)
    }

    /// Hands over what went wrong in the store besides the work that was done.
    pub(super) fn emit_warnings(&self, store: &Store) -> Result<(), ServiceError> {
        for warning in store.take_warnings() {
            self.emit(Event::StoreWarning(&warning))?;
        }
        Ok(())
    }
}
