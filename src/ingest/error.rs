//! What can end a run.

use datafusion::error::DataFusionError;
use thiserror::Error;

use crate::sql::SqlError;
use crate::store::StoreError;

/// An error that ends a run. What an object or a record lacks is none: it is counted.
#[derive(Debug, Error)]
pub enum IngestError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A session could not be made, or a statement not run.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// Columns could not be built.
    #[error("building columns failed")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Daily usage would be given up before the events that it counts.
    #[error(
        "the usage would be kept from {usage} on, and the events from {events} on: it must reach back as far as they do"
    )]
    UsageBeforeEvents {
        /// The horizon of the usage.
        usage: String,
        /// The horizon of the events.
        events: String,
    },
    /// Rows that are to go have not been counted, so they stay.
    #[error("no rows were removed: the roll-up `{table}` could not count them: {message}")]
    NotCounted {
        /// The roll-up's table.
        table: String,
        /// Why.
        message: String,
    },
    /// The facts of days could not be computed.
    #[error("facts cannot be computed: {message}")]
    NotSettled {
        /// Why.
        message: String,
    },
    /// The rows just written have not the columns of their table.
    #[error("the rows written cannot be counted")]
    Rows {
        /// What DataFusion says.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A roll-up has no query.
    #[error("the roll-up `{table}` has no query")]
    NoQuery {
        /// The roll-up's table.
        table: &'static str,
    },
    /// A thread that decodes ended before its work was done.
    #[error("a decoder stopped unexpectedly")]
    DecoderStopped,
    /// A task that counts ended before its work was done.
    #[error("a roll-up stopped unexpectedly")]
    CounterStopped,
}
