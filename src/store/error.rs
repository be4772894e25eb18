//! What can go wrong with a store.

use deltalake_core::DeltaTableError;
use thiserror::Error;

use crate::aws::Refusal;

/// An error of the store; each names the table or the place at fault.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no store at this place.
    #[error("there is no keytrail store at `{location}`")]
    NotFound {
        /// The store's place.
        location: String,
    },
    /// A table of the store is missing.
    #[error("the store at `{location}` has no table `{table}`{remedy}")]
    NoTable {
        /// The store's place.
        location: String,
        /// The table.
        table: &'static str,
        /// What to do, where something can be done.
        remedy: &'static str,
    },
    /// There is something else at the place.
    #[error("`{location}` is not a keytrail store: it contains `{entry}`")]
    NotAStore {
        /// The store's place.
        location: String,
        /// What was found there.
        entry: String,
    },
    /// The store was written by a newer keytrail.
    #[error(
        "the store has format {found}, and this keytrail knows formats up to {known}: it was written by a newer keytrail"
    )]
    Newer {
        /// The format of the store.
        found: String,
        /// The newest format known.
        known: u32,
    },
    /// A table of the store has another schema.
    #[error("table `{table}` of the store is not keytrail's: {detail}")]
    Schema {
        /// The table.
        table: &'static str,
        /// What differs.
        detail: String,
    },
    /// A place could not be used as a store.
    #[error("`{location}` cannot be used as a store")]
    Io {
        /// The store's place.
        location: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A text names no place for a store.
    #[error("`{location}` names no place for a store: {detail}")]
    BadLocation {
        /// The text.
        location: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A bucket refused.
    #[error(transparent)]
    Refused(Refusal),
    /// A server writes over what it should have kept.
    #[error(
        "`{location}` cannot be used as a store: its server overwrites an object though it is asked to write only what is not there (If-None-Match), so that two writers could destroy each other's commits\n\nhint: Amazon S3 and current S3-compatible servers heed the condition; update the server, or keep the store on a disk"
    )]
    NotConditional {
        /// The store's place.
        location: String,
    },
    /// A table could not be read or written.
    #[error("table `{table}`: {operation} failed")]
    Delta {
        /// The table.
        table: &'static str,
        /// What was tried.
        operation: &'static str,
        /// What Delta says.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A data file could not be read or written.
    #[error("table `{table}`: {operation} `{path}` failed")]
    File {
        /// The table.
        table: &'static str,
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the object store says.
        #[source]
        source: object_store::Error,
    },
    /// Parquet could not be read or written.
    #[error("table `{table}`: {operation} failed")]
    Parquet {
        /// The table.
        table: &'static str,
        /// What was tried.
        operation: &'static str,
        /// What Parquet says.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// Rows could not be read.
    #[error("table `{table}`: reading rows failed")]
    Query {
        /// The table.
        table: &'static str,
        /// What DataFusion says.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },
    /// Columns could not be built.
    #[error("table `{table}`: building columns failed")]
    Arrow {
        /// The table.
        table: &'static str,
        /// What Arrow says.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A file's statistics are not what this code wrote.
    #[error("table `{table}`: the statistics of `{path}` are not JSON")]
    Statistics {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
        /// What is wrong with them.
        #[source]
        source: serde_json::Error,
    },
    /// The retention in a table's properties is not what this code wrote.
    #[error("table `{table}`: its retention cannot be read")]
    Retention {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A checkpoint could not be written. The commit that called for it is done.
    #[error(
        "table `{table}`: commit {version} is done, but its checkpoint could not be written, so opening the table takes longer until the next one"
    )]
    Checkpoint {
        /// The table.
        table: &'static str,
        /// The commit.
        version: u64,
        /// Why not.
        #[source]
        source: Box<StoreError>,
    },
    /// Other writers were always faster.
    #[error(
        "table `{table}`: no success in {attempts} attempts to commit: other writers were always faster"
    )]
    Contention {
        /// The table.
        table: &'static str,
        /// Attempts made.
        attempts: usize,
    },
}

impl StoreError {
    /// Whether another writer came first, so that a new snapshot may do.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        use deltalake_core::kernel::transaction::TransactionError;
        let Self::Delta { source, .. } = self else {
            return false;
        };
        matches!(
            source.as_ref(),
            DeltaTableError::VersionAlreadyExists(_)
                | DeltaTableError::InvalidVersion(_)
                | DeltaTableError::Transaction {
                    source: TransactionError::CommitConflict(_)
                        | TransactionError::MaxCommitAttempts(_)
                        | TransactionError::VersionAlreadyExists(_)
                }
        )
    }
}
