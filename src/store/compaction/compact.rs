//! Small files made into large ones.
//!
//! Files of one partition are merged, in the table's order, and replaced by commits (Remove and Add,
//! `dataChange=false`) that carry the transaction (`compact`, last+1): two compactions exclude each
//! other, and appends do not wait.

use std::collections::HashSet;

use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use tracing::debug;

use crate::schema::{ColumnKind, Table};
use crate::store::COMPACT;
use crate::store::append::commit::Transaction;
use crate::store::compaction::rewrite::{remove, rewrite};
use crate::store::compaction::tiers::{Small, due};
use crate::store::error::StoreError;
use crate::store::table::data_file::DataFile;
use crate::store::table::{Snapshot, Store};

/// A file is made no larger than about this.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// A file from this size on is left alone.
const FILE_BYTES_LARGE: u64 = 128 << 20;
/// A file from this size on is left alone by a run that ingests: there are as many of them as there is data
/// for, and merging them would cost a large run as much as reading its logs.
const FILE_BYTES_LARGE_DUE: u64 = 4 << 20;
/// Files that are merged at once; each has a reader and its buffers.
const FILES_MERGED_MAX: usize = 16;
/// Bytes of the files that one commit replaces; what is merged is lost if another compaction comes first.
const COMMIT_BYTES_MAX: u64 = 1 << 30;

/// How much is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction {
    /// What pays, after a run that may have been a small one.
    Due,
    /// Everything that is small.
    Whole,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that were replaced.
    pub files_removed: usize,
    /// Files that replace them.
    pub files_added: usize,
}

impl Store {
    /// Merges small files of a table. Files that others add meanwhile are left to the next time.
    ///
    /// Another compaction that comes first is no error: what it left is merged the next time.
    ///
    /// # Errors
    /// If files cannot be read or written.
    #[tracing::instrument(level = "debug", skip_all, fields(table = table.name))]
    pub async fn compact(
        &self,
        table: &'static Table,
        compaction: Compaction,
        now_millis: i64,
    ) -> Result<Compacted, StoreError> {
        let mut total = Compacted::default();
        let mut own: Option<HashSet<String>> = None;
        loop {
            let snapshot = self.snapshot(table).await?;
            let mut files = snapshot.files()?;
            let own = own.get_or_insert_with(|| paths(&files));
            files.retain(|file| own.contains(&file.path));
            let groups = groups(files, compaction);
            if groups.is_empty() {
                return Ok(total);
            }
            let Some(added) = self.replace(&snapshot, &groups, now_millis).await? else {
                return Ok(total);
            };
            total.files_removed += groups.iter().map(Vec::len).sum::<usize>();
            total.files_added += added.len();
            debug!(
                removed = total.files_removed,
                added = total.files_added,
                "files merged"
            );
            own.extend(added);
        }
    }

    /// Replaces each group by one file, in one commit, and answers the paths of the new files; `None` if
    /// another compaction came first.
    async fn replace(
        &self,
        snapshot: &Snapshot,
        groups: &[Vec<DataFile>],
        now_millis: i64,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let mut actions = Vec::new();
        let mut added = Vec::new();
        for group in groups {
            let rewritten = rewrite(snapshot, group, None, now_millis).await?;
            added.push(rewritten.add.path.clone());
            actions.push(Action::Add(rewritten.add));
            for file in group {
                actions.push(Action::Remove(remove(snapshot.table(), file, now_millis)));
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
            .commit(snapshot, actions, &[transaction], &batch_id, operation)
            .await?;
        Ok(committed.version()?.map(|_version| added))
    }
}

fn paths(files: &[DataFile]) -> HashSet<String> {
    files.iter().map(|file| file.path.clone()).collect()
}

/// Groups of files of one partition, each to be merged into one, as many as one commit should replace.
fn groups(mut files: Vec<DataFile>, compaction: Compaction) -> Vec<Vec<DataFile>> {
    let large = match compaction {
        Compaction::Due => FILE_BYTES_LARGE_DUE,
        Compaction::Whole => FILE_BYTES_LARGE,
    };
    files.retain(|file| file.size < large);
    if compaction == Compaction::Due {
        let small: Vec<Small<'_>> = files
            .iter()
            .map(|file| Small {
                partition: file.partition.as_deref(),
                bytes: file.size,
            })
            .collect();
        let mut is_due = due(&small).into_iter();
        files.retain(|_file| is_due.next().unwrap_or(false));
    }
    // Next to each other in time, so that the statistics of a file rule it out by time.
    files.sort_by_cached_key(|file| {
        let start = file
            .bounds("event_time", ColumnKind::Time)
            .map(|(low, _)| low.to_string());
        (file.partition.clone(), start, file.path.clone())
    });
    let mut groups = Vec::new();
    for partition in files.chunk_by(|left, right| left.partition == right.partition) {
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
    let mut bytes = 0;
    groups
        .into_iter()
        .take_while(|group| {
            let is_taken = bytes < COMMIT_BYTES_MAX;
            bytes += group.iter().map(|file| file.size).sum::<u64>();
            is_taken
        })
        .collect()
}
