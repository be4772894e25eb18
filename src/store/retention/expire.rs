//! Rows beyond the horizon, removed.
//!
//! A file that holds none but such rows is removed; of one that holds others too, these are written
//! again. The commits carry the transaction of compactions, which they exclude, and on `kms_events` also
//! (`retain`, n): the roll-ups have counted every ingest commit up to n, so what goes was counted; and
//! (`last_settled`, d): the days before d are settled for good, so that nobody needs what goes to count them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};

use deltalake_core::kernel::{Action, Add, Remove};
use deltalake_core::protocol::DeltaOperation;

use crate::schema::{ColumnKind, KMS_EVENTS, Table};
use crate::store::append::commit::{Attempts, Transaction};
use crate::store::compaction::rewrite::{remove, rewrite};
use crate::store::error::StoreError;
use crate::store::retention::{Retention, columns, time_column};
use crate::store::table::data_file::DataFile;
use crate::store::table::files::read_file;
use crate::store::table::{Snapshot, Store};
use crate::store::{COMPACT, LAST_SETTLED, RETAIN};

/// The columns by which a record is told to be late.
const DAY: &str = "event_date";
const COMMIT: &str = "ingest_seq";

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Rows.
    pub rows: u64,
    /// Files that they were in.
    pub files: usize,
}

/// What was done with events before they are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedUpTo {
    /// The number of the ingest commit up to which the roll-ups have counted.
    pub commit: i64,
    /// The first day, since 1970, that is not settled for good.
    pub day: i64,
    /// Days that are, each with the ingest commit up to which its facts count records: later ones stay.
    pub late_after: BTreeMap<i32, i64>,
}

impl CountedUpTo {
    fn transactions(&self) -> [(&'static str, i64); 2] {
        [(RETAIN, self.commit), (LAST_SETTLED, self.day)]
    }

    /// For each row of events, whether no fact counts it.
    fn late(&self, rows: &RecordBatch) -> BooleanArray {
        let columns = (rows.column_by_name(DAY), rows.column_by_name(COMMIT));
        let (Some(days), Some(commits)) = columns else {
            return BooleanArray::from(vec![false; rows.num_rows()]);
        };
        let commits = commits.as_primitive::<Int64Type>();
        let is_late = |(day, commit): (Option<i32>, Option<i64>)| {
            let last = day.and_then(|day| self.late_after.get(&day));
            Some(last.is_some_and(|last| commit > Some(*last)))
        };
        let days = days.as_primitive::<Date32Type>().iter();
        days.zip(commits).map(is_late).collect()
    }
}

/// What is to be done with the files of a partition.
#[derive(Default)]
struct Plan {
    actions: Vec<Action>,
    expired: Expired,
}

impl Store {
    /// Removes the rows of a table that `retention` does not keep, one partition after the other.
    ///
    /// `retention` must have been committed before the roll-ups were brought up to `counted`; tables that no roll-up
    /// counts have none.
    ///
    /// # Errors
    /// If files cannot be read or written, or compactions are always faster. What was removed stays so;
    /// the same call again does the rest.
    #[tracing::instrument(level = "debug", skip_all, fields(table = table.name))]
    pub async fn expire(
        &self,
        table: &'static Table,
        retention: &Retention,
        counted: Option<&CountedUpTo>,
        now_millis: i64,
    ) -> Result<Expired, StoreError> {
        let mut expired = Expired::default();
        let old = beyond(&self.snapshot(table).await?, retention)?;
        let partitions: BTreeSet<Option<String>> =
            old.into_iter().map(|file| file.partition).collect();
        for partition in &partitions {
            let done = self
                .expire_partition(table, partition.as_deref(), retention, counted, now_millis)
                .await?;
            expired.rows += done.rows;
            expired.files += done.files;
        }
        Ok(expired)
    }

    async fn expire_partition(
        &self,
        table: &'static Table,
        partition: Option<&str>,
        retention: &Retention,
        counted: Option<&CountedUpTo>,
        now_millis: i64,
    ) -> Result<Expired, StoreError> {
        let mut attempts = Attempts::at(table);
        loop {
            attempts.begin()?;
            let snapshot = self.snapshot(table).await?;
            // A hold that came since counts as well.
            let mut retention = retention.clone();
            retention.holds.extend(snapshot.retention()?.holds);
            let mut plan = Plan::default();
            for file in beyond(&snapshot, &retention)? {
                if file.partition.as_deref() == partition {
                    let keep = |rows: &_| kept(table, &retention, counted, rows);
                    plan.add(&snapshot, &file, &keep, now_millis).await?;
                }
            }
            if plan.actions.is_empty() {
                return Ok(Expired::default());
            }
            let mut transactions = vec![Transaction {
                app_id: COMPACT,
                version: snapshot.transaction(COMPACT).await? + 1,
            }];
            for (app_id, version) in counted.into_iter().flat_map(CountedUpTo::transactions) {
                let version = version.max(snapshot.transaction(app_id).await?);
                transactions.push(Transaction { app_id, version });
            }
            let operation = DeltaOperation::Delete { predicate: None };
            let batch_id = uuid::Uuid::new_v4().to_string();
            let committed = self
                .commit(&snapshot, plan.actions, &transactions, &batch_id, operation)
                .await?;
            if committed.version()?.is_some() {
                return Ok(plan.expired);
            }
        }
    }
}

impl Plan {
    async fn add(
        &mut self,
        snapshot: &Snapshot,
        file: &DataFile,
        keep: &(dyn Fn(&RecordBatch) -> BooleanArray + Sync),
        now_millis: i64,
    ) -> Result<(), StoreError> {
        let table = snapshot.table();
        let mut read = columns(table);
        if table.name == KMS_EVENTS.name {
            read.extend([DAY, COMMIT]);
        }
        let mut kept = 0;
        read_file(snapshot, file, &read, |rows| {
            kept += keep(&rows).true_count() as u64;
        })
        .await?;
        if kept == file.rows {
            return Ok(());
        }
        if kept > 0 {
            let files = std::slice::from_ref(file);
            let rewritten = rewrite(snapshot, files, Some(keep), now_millis).await?;
            assert_eq!(
                rewritten.rows, kept,
                "{} keeps what the retention keeps",
                file.path
            );
            self.actions.push(Action::Add(Add {
                data_change: true,
                ..rewritten.add
            }));
        }
        self.actions.push(Action::Remove(Remove {
            data_change: true,
            ..remove(table, file, now_millis)
        }));
        self.expired.rows += file.rows - kept;
        self.expired.files += 1;
        Ok(())
    }
}

/// For each row of a table, whether it stays.
fn kept(
    table: &Table,
    retention: &Retention,
    counted: Option<&CountedUpTo>,
    rows: &RecordBatch,
) -> BooleanArray {
    let kept = retention.kept(table, rows);
    let late = counted.filter(|counted| !counted.late_after.is_empty());
    let Some(counted) = late else {
        return kept;
    };
    let late = counted.late(rows);
    let both = kept.iter().zip(&late);
    both.map(|(kept, late)| Some(kept? || late?)).collect()
}

/// The files that may hold rows from before the horizon.
fn beyond(snapshot: &Snapshot, retention: &Retention) -> Result<Vec<DataFile>, StoreError> {
    let Some(horizon) = retention.horizon else {
        return Ok(Vec::new());
    };
    let table = snapshot.table();
    let mut files = snapshot.files()?;
    files.retain(|file| is_before(table, file, horizon));
    Ok(files)
}

fn is_before(table: &Table, file: &DataFile, horizon: i64) -> bool {
    use datafusion::common::ScalarValue;
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let column = time_column(table);
    let kind = table
        .columns
        .iter()
        .find(|known| known.name == column)
        .map_or(ColumnKind::Time, |known| known.kind);
    match file.bounds(column, kind) {
        Some((ScalarValue::TimestampMicrosecond(Some(first), _), _)) => first < horizon,
        Some((ScalarValue::Date32(Some(first)), _)) => i64::from(first) * MICROS_PER_DAY < horizon,
        // Without bounds it is looked into.
        _ => true,
    }
}
