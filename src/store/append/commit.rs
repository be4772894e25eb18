//! Commits that happen exactly once.
//!
//! Every commit carries its `batch_id`. Whenever the outcome is not certain, the commits after the
//! snapshot are searched for it, so that a commit whose answer was lost is not made again.

use std::collections::BTreeMap;

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Transaction as DeltaTransaction};
use deltalake_core::logstore::get_actions;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use tracing::{debug, info};

use crate::schema::Table;
use crate::store::append::encode::{Encoded, RowPlace, encode};
use crate::store::error::StoreError;
use crate::store::table::{Snapshot, Store, delta_error};

/// The member of `commitInfo` that names the batch.
const BATCH_MEMBER: &str = "keytrailBatchId";
/// Attempts of one commit against commits that do not conflict.
const REBASES_MAX: usize = 50;

/// An application transaction of Delta.
#[derive(Debug, Clone, Copy)]
pub struct Transaction {
    /// Whose.
    pub app_id: &'static str,
    /// Its number.
    pub version: i64,
}

/// Rows with all columns of their table, in order.
#[derive(Debug, Clone, Copy)]
pub struct CommitRows<'a> {
    /// Batches of them.
    pub batches: &'a [RecordBatch],
    /// For each batch, which of its rows are meant; without it, all of them.
    pub picked: Option<&'a [BooleanArray]>,
}

impl<'a> CommitRows<'a> {
    /// All rows of some batches.
    #[must_use]
    pub fn all(batches: &'a [RecordBatch]) -> Self {
        Self {
            batches,
            picked: None,
        }
    }

    fn is_picked(&self, batch: usize, row: usize) -> bool {
        self.picked.is_none_or(|picked| picked[batch].value(row))
    }
}

/// What became of an append.
#[derive(Debug)]
pub enum Appended {
    /// The rows are in the table since this version of it.
    Done {
        /// The version.
        version: u64,
    },
    /// They are not: another commit of the same application came first, or the store failed.
    /// Nothing of the batch is in the table; look at a new snapshot and try again.
    NotDone(StoreError),
}

impl Appended {
    /// The version that has the rows; none if another commit came first, so that the work is to be done again over a
    /// new snapshot.
    ///
    /// # Errors
    /// If the store failed.
    pub fn version(self) -> Result<Option<u64>, StoreError> {
        match self {
            Self::Done { version } => Ok(Some(version)),
            Self::NotDone(error) if error.is_conflict() => Ok(None),
            Self::NotDone(error) => Err(error),
        }
    }
}

/// Attempts to commit next to other writers.
const ATTEMPTS_MAX: usize = 200;

/// The attempts of a commit to a table, each over a new snapshot, until it comes before those of all other writers.
#[derive(Debug)]
pub struct Attempts {
    table: &'static Table,
    made: usize,
}

impl Attempts {
    /// None has been made.
    #[must_use]
    pub fn at(table: &'static Table) -> Self {
        Self { table, made: 0 }
    }

    /// Begins the next attempt.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if other writers are always faster.
    pub fn begin(&mut self) -> Result<(), StoreError> {
        if self.made == ATTEMPTS_MAX {
            return Err(StoreError::Contention {
                table: self.table.name,
                attempts: ATTEMPTS_MAX,
            });
        }
        self.made += 1;
        tracing::debug!(table = self.table.name, attempt = self.made, "committing");
        Ok(())
    }
}

impl Store {
    /// Appends rows to the table of `snapshot`.
    ///
    /// # Errors
    /// If files cannot be written, or if after a failed commit it is not known what became of it.
    pub async fn append(
        &self,
        snapshot: &Snapshot,
        rows: CommitRows<'_>,
        transaction: Option<Transaction>,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<Appended, StoreError> {
        let table = snapshot.table;
        let mut actions = Vec::new();
        for (partition, places) in partitions(table, rows) {
            let rows_of_file = places.len();
            let encoded = encode(table, rows.batches, places)?;
            let add = put_file(snapshot, partition, encoded, now_millis).await?;
            debug!(
                table = table.name,
                path = add.path,
                rows = rows_of_file,
                bytes = add.size,
                "file written"
            );
            actions.push(Action::Add(add));
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: table.partition.map(|column| vec![column.to_owned()]),
            predicate: None,
        };
        self.commit(
            snapshot,
            actions,
            transaction.as_slice(),
            batch_id,
            operation,
        )
        .await
    }

    #[tracing::instrument(level = "debug", skip_all, fields(table = snapshot.table.name))]
    pub(in crate::store) async fn commit(
        &self,
        snapshot: &Snapshot,
        actions: Vec<Action>,
        transactions: &[Transaction],
        batch_id: &str,
        operation: DeltaOperation,
    ) -> Result<Appended, StoreError> {
        let table = snapshot.table;
        let files = actions.len();
        let mut properties = CommitProperties::default()
            .with_metadata([(BATCH_MEMBER.to_owned(), batch_id.into())])
            .with_max_retries(REBASES_MAX)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false));
        for transaction in transactions {
            properties = properties.with_application_transaction(DeltaTransaction::new(
                transaction.app_id,
                transaction.version,
            ));
        }
        let prepared = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&snapshot.state), self.log(table), operation)
            .into_prepared_commit_future()
            .await
            .map_err(|source| delta_error(table, "preparing a commit", source))?;
        let version = match prepared.await {
            // What delta-rs would do now, read the log again and perhaps write a checkpoint, is left
            // out: its failure would look like one of the commit, which is done.
            Ok(committed) => committed.version,
            Err(source) => {
                let Some(version) = self.find_batch(snapshot, batch_id).await? else {
                    debug!(error = %source, "not committed");
                    return Ok(Appended::NotDone(delta_error(table, "committing", source)));
                };
                version
            }
        };
        info!(table = table.name, version, batch_id, files, "committed");
        self.checkpoint_if_due(snapshot, version).await;
        Ok(Appended::Done { version })
    }

    /// The version after `snapshot` that is the commit of `batch_id`.
    async fn find_batch(
        &self,
        snapshot: &Snapshot,
        batch_id: &str,
    ) -> Result<Option<u64>, StoreError> {
        let table = snapshot.table;
        let failed = |source| delta_error(table, "looking for an own commit", source);
        let log = self.log(table);
        let mut version = snapshot.version() + 1;
        while let Some(bytes) = log.read_commit_entry(version).await.map_err(failed)? {
            let actions = get_actions(version, &bytes).map_err(failed)?;
            let is_own = actions.iter().any(|action| match action {
                Action::CommitInfo(info) => {
                    info.info.get(BATCH_MEMBER).and_then(|id| id.as_str()) == Some(batch_id)
                }
                _ => false,
            });
            if is_own {
                return Ok(Some(version));
            }
            version += 1;
        }
        Ok(None)
    }
}

/// Puts a file, and answers the action that adds it.
async fn put_file(
    snapshot: &Snapshot,
    partition: Option<String>,
    encoded: Encoded,
    now_millis: i64,
) -> Result<Add, StoreError> {
    let table = snapshot.table;
    let path = new_path(table, partition.as_deref());
    let size = encoded.bytes.len() as u64;
    snapshot.place.put(table.name, &path, encoded.bytes).await?;
    Ok(Add {
        data_change: true,
        ..add(table, path, partition, size, encoded.statistics, now_millis)
    })
}

/// A path for a new file of a partition.
pub(in crate::store) fn new_path(table: &Table, partition: Option<&str>) -> String {
    let name = format!("part-{}.zstd.parquet", uuid::Uuid::new_v4());
    match (table.partition, partition) {
        (Some(column), Some(value)) => format!("{column}={value}/{name}"),
        _ => name,
    }
}

/// The action that adds a file whose rows were in the table before.
pub(in crate::store) fn add(
    table: &Table,
    path: String,
    partition: Option<String>,
    size: u64,
    statistics: String,
    now_millis: i64,
) -> Add {
    Add {
        path,
        partition_values: table
            .partition
            .map(|column| (column.to_owned(), partition))
            .into_iter()
            .collect(),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        modification_time: now_millis,
        data_change: false,
        stats: Some(statistics),
        ..Add::default()
    }
}

/// The rows of each partition.
fn partitions(table: &Table, rows: CommitRows<'_>) -> BTreeMap<Option<String>, Vec<RowPlace>> {
    let mut partitions: BTreeMap<Option<String>, Vec<RowPlace>> = BTreeMap::new();
    for (number, batch) in rows.batches.iter().enumerate() {
        let values = table
            .partition
            .and_then(|column| batch.column_by_name(column))
            .and_then(|column| column.as_string_opt::<i32>());
        let value = |row| values.and_then(|values| values.is_valid(row).then(|| values.value(row)));
        let mut row = 0;
        // Rows of one partition are mostly next to each other.
        while row < batch.num_rows() {
            let partition = value(row);
            let end = (row + 1..batch.num_rows())
                .find(|next| value(*next) != partition)
                .unwrap_or(batch.num_rows());
            let places = (row..end).filter(|row| rows.is_picked(number, *row));
            partitions
                .entry(partition.map(str::to_owned))
                .or_default()
                .extend(places.map(|row| (number, row)));
            row = end;
        }
    }
    partitions.retain(|_partition, places| !places.is_empty());
    partitions
}
