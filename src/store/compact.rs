//! Small files made into large ones.
//!
//! Files of one partition that are next to each other in time are merged, in the table's order, and
//! replaced by one commit (Remove and Add, `dataChange=false`) that carries the transaction
//! (`compact`, last+1): two compactions exclude each other, and appends do not wait.

use datafusion::prelude::SessionContext;
use deltalake_core::kernel::{Action, Remove};
use deltalake_core::protocol::DeltaOperation;
use futures::TryStreamExt as _;

use super::COMPACT;
use super::commit::{Appended, Transaction, put_file};
use super::encode::FileEncoder;
use super::error::StoreError;
use super::files::DataFile;
use super::provider::merged_rows;
use super::table::{Snapshot, Store};
use crate::schema::{Kind, Table};

/// A file is made no larger than about this.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// A file from this size on is left alone.
const FILE_BYTES_LARGE: u64 = 128 << 20;
/// Files that are merged at once; each has a reader and its buffers.
const FILES_MERGED_MAX: usize = 64;

/// Passes over a table, each merging what the one before made; more would run after writers for ever.
const PASSES_MAX: usize = 3;

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that were replaced.
    pub files_removed: usize,
    /// Files that replace them.
    pub files_added: usize,
}

impl Store {
    /// Merges the small files of a table, if a partition has at least `files_min` of them.
    ///
    /// Another compaction that comes first is no error: what it left is compacted the next time.
    ///
    /// # Errors
    /// If files cannot be read or written.
    pub async fn compact(
        &self,
        table: &'static Table,
        files_min: usize,
        now_millis: i64,
    ) -> Result<Compacted, StoreError> {
        let mut total = Compacted::default();
        for _pass in 0..PASSES_MAX {
            let snapshot = self.snapshot(table).await?;
            let groups = groups(snapshot.files()?, files_min);
            if groups.is_empty() {
                return Ok(total);
            }
            match self.replace(&snapshot, &groups, now_millis).await? {
                Some(done) => {
                    total.files_removed += done.files_removed;
                    total.files_added += done.files_added;
                }
                None => return Ok(total),
            }
        }
        Ok(total)
    }

    /// Replaces each group by one file, in one commit; `None` if another compaction came first.
    async fn replace(
        &self,
        snapshot: &Snapshot,
        groups: &[Vec<DataFile>],
        now_millis: i64,
    ) -> Result<Option<Compacted>, StoreError> {
        let mut actions = Vec::new();
        let mut done = Compacted::default();
        for group in groups {
            let partition = group.first().and_then(|file| file.partition.clone());
            let encoded = merge(snapshot, group).await?;
            let add = put_file(snapshot, partition, encoded, now_millis, false).await?;
            actions.push(Action::Add(add));
            done.files_added += 1;
            for file in group {
                actions.push(Action::Remove(remove(snapshot, file, now_millis)));
                done.files_removed += 1;
            }
        }
        let transaction = Transaction {
            app_id: COMPACT,
            version: snapshot.transaction(COMPACT).await? + 1,
        };
        let operation = DeltaOperation::Optimize {
            predicate: None,
            target_size: i64::try_from(FILE_BYTES_MAX).unwrap_or(i64::MAX),
        };
        let batch_id = uuid::Uuid::new_v4().to_string();
        let committed = self
            .commit(snapshot, actions, Some(transaction), &batch_id, operation)
            .await?;
        match committed {
            Appended::Done { .. } => Ok(Some(done)),
            Appended::NotDone(error) if error.is_conflict() => Ok(None),
            Appended::NotDone(error) => Err(error),
        }
    }
}

/// Small files of each partition that are next to each other in time, as many as make a large one.
fn groups(mut files: Vec<DataFile>, files_min: usize) -> Vec<Vec<DataFile>> {
    files.retain(|file| file.size < FILE_BYTES_LARGE);
    files.sort_by_cached_key(|file| {
        let start = file
            .bounds("event_time", Kind::Time)
            .map(|(low, _)| low.to_string());
        (file.partition.clone(), start, file.path.clone())
    });
    let mut groups = Vec::new();
    for partition in files.chunk_by(|left, right| left.partition == right.partition) {
        if partition.len() < files_min.max(2) {
            continue;
        }
        let mut group: Vec<DataFile> = Vec::new();
        let mut bytes = 0;
        for file in partition {
            if bytes + file.size > FILE_BYTES_MAX || group.len() == FILES_MERGED_MAX {
                groups.push(std::mem::take(&mut group));
                bytes = 0;
            }
            bytes += file.size;
            group.push(file.clone());
        }
        groups.push(group);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

async fn merge(
    snapshot: &Snapshot,
    files: &[DataFile],
) -> Result<super::encode::Encoded, StoreError> {
    let table = snapshot.table();
    let failed = |source| StoreError::Query {
        table: table.name,
        source: Box::new(source),
    };
    let context = SessionContext::new();
    snapshot.place().register(&context);
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let mut encoder = FileEncoder::merged(table, usize::try_from(rows).unwrap_or(usize::MAX))?;
    let mut stream = merged_rows(snapshot, files, &context).map_err(failed)?;
    let mut merged: u64 = 0;
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        merged += batch.num_rows() as u64;
        encoder.write(&batch)?;
    }
    assert_eq!(merged, rows, "a merge of {} keeps every row", table.name);
    encoder.finish()
}

fn remove(snapshot: &Snapshot, file: &DataFile, now_millis: i64) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change: false,
        deletion_timestamp: Some(now_millis),
        extended_file_metadata: Some(true),
        partition_values: Some(
            snapshot
                .table
                .partition
                .map(|column| (column.to_owned(), file.partition.clone()))
                .into_iter()
                .collect(),
        ),
        size: i64::try_from(file.size).ok(),
        ..Remove::default()
    }
}
