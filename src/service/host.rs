//! The clock and the sink for events that every service gets besides its options.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::ServiceError;
use crate::ingest::{Progress, Summary};
use crate::source::queue::QueueError;
use crate::store::{Store, StoreError};

/// Something that happened while a service was at work.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ServiceEvent<'a> {
    /// The listing is done, and commits may follow.
    Begun {
        /// Counters that show how far the run is; none for a queue.
        progress: Option<&'a Arc<Progress>>,
    },
    /// Files in a directory were skipped: neither their names nor their first bytes are like a log's.
    FilesSkipped {
        /// How many.
        count: u64,
        /// Some of them.
        examples: &'a [PathBuf],
    },
    /// A commit succeeded, but something after it failed.
    StoreWarning(&'a StoreError),
    /// A message cannot be used, and stays in the queue.
    MessageLeft {
        /// Its id.
        id: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// The objects that the messages of a batch name are in the store. The messages are deleted after this.
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
    /// Takes each event when it happens. An error ends the work; everything committed before stays.
    pub events: &'a (dyn Fn(ServiceEvent<'_>) -> io::Result<()> + Sync),
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
    pub(super) fn emit(&self, event: ServiceEvent<'_>) -> Result<(), ServiceError> {
        (self.events)(event).map_err(ServiceError::Sink)
    }

    /// Emits the warnings of the store.
    pub(super) fn emit_warnings(&self, store: &Store) -> Result<(), ServiceError> {
        for warning in store.take_warnings() {
            self.emit(ServiceEvent::StoreWarning(&warning))?;
        }
        Ok(())
    }
}
