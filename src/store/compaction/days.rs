//! Rows of whole days, replaced in one commit.
//!
//! Enters: sorted rows of some days of one month, computed over a snapshot. Leaves: a version of the table in which these
//! are the rows of the days. A file that has rows of other days too is written again without these. The commit carries
//! the transaction (`settle`, last+1), so that of two who replace days only one succeeds, and that of compactions, which
//! it excludes.

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Date32Type;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use deltalake_core::kernel::{Action, Add, Remove};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::TryStreamExt as _;

use crate::schema::ColumnKind;
use crate::store::append::commit::Transaction;
use crate::store::compaction::rewrite::{NewFile, Rewritten, remove, rewrite};
use crate::store::error::StoreError;
use crate::store::table::data_file::DataFile;
use crate::store::table::files::read_file;
use crate::store::table::{Snapshot, Store};
use crate::store::{COMPACT, SETTLE};

/// The column by which days are told apart.
const DAY: &str = "event_date";
/// Rows of a file at most: what is written again when one of its days is.
const FILE_ROWS_MAX: u64 = 1 << 20;

/// Days whose rows are replaced: all of one month, in order, in days since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Days<'a> {
    /// The days.
    pub dates: &'a [i32],
    /// The month, which is the partition, as `2026-03`.
    pub month: &'a str,
    /// About how many rows they will have.
    pub rows: u64,
}

/// What became of days whose rows were to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The number of the settlement.
    pub settlement: i64,
    /// Rows that the days have now.
    pub rows: u64,
}

impl Store {
    /// Replaces the rows of some days, in the table of `snapshot`, by those of a stream in the table's order. `None` if
    /// another commit came first: nothing has changed then.
    ///
    /// # Errors
    /// If the rows cannot be computed, or files not read or written.
    #[tracing::instrument(level = "debug", skip_all, fields(table = snapshot.table().name, month = days.month))]
    pub async fn replace_days(
        &self,
        snapshot: &Snapshot,
        days: Days<'_>,
        rows: SendableRecordBatchStream,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<Option<Replaced>, StoreError> {
        let mut actions = Vec::new();
        for file in snapshot.files()? {
            if file.partition.as_deref() == Some(days.month) && may_have(&file, days.dates) {
                actions.extend(without(snapshot, &file, days.dates, now_millis).await?);
            }
        }
        let written = write(snapshot, days, rows, now_millis).await?;
        let total = written.iter().map(|file| file.rows).sum();
        actions.extend(written.into_iter().map(|file| changed(file.add)));
        let settlement = snapshot.transaction(SETTLE).await? + 1;
        let transactions = [
            Transaction {
                app_id: SETTLE,
                version: settlement,
            },
            Transaction {
                app_id: COMPACT,
                version: snapshot.transaction(COMPACT).await? + 1,
            },
        ];
        let operation = DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: snapshot
                .table()
                .partition
                .map(|column| vec![column.to_owned()]),
            predicate: None,
        };
        let committed = self
            .commit(snapshot, actions, &transactions, batch_id, operation)
            .await?;
        Ok(committed.version()?.map(|_version| Replaced {
            settlement,
            rows: total,
        }))
    }
}

fn changed(add: Add) -> Action {
    Action::Add(Add {
        data_change: true,
        ..add
    })
}

/// Whether a file may have rows of any of the days.
fn may_have(file: &DataFile, dates: &[i32]) -> bool {
    match file.bounds(DAY, ColumnKind::Date) {
        Some((ScalarValue::Date32(Some(first)), ScalarValue::Date32(Some(last)))) => {
            dates.iter().any(|date| (first..=last).contains(date))
        }
        // Without bounds it is looked into.
        _ => true,
    }
}

/// What is to be done with a file to leave out the rows of some days; nothing where it has none.
async fn without(
    snapshot: &Snapshot,
    file: &DataFile,
    dates: &[i32],
    now_millis: i64,
) -> Result<Vec<Action>, StoreError> {
    let keep = |rows: &RecordBatch| {
        let days = rows.column_by_name(DAY);
        let days = days.and_then(|days| days.as_primitive_opt::<Date32Type>());
        match days {
            Some(days) => days
                .iter()
                .map(|day| Some(day.is_none_or(|day| !dates.contains(&day))))
                .collect(),
            None => BooleanArray::from(vec![true; rows.num_rows()]),
        }
    };
    let mut kept = 0;
    read_file(snapshot, file, &[DAY], |rows| {
        kept += keep(&rows).true_count() as u64;
    })
    .await?;
    let mut actions = Vec::new();
    if kept == file.rows {
        return Ok(actions);
    }
    if kept > 0 {
        let files = std::slice::from_ref(file);
        let rewritten = rewrite(snapshot, files, Some(&keep), now_millis).await?;
        assert_eq!(rewritten.rows, kept, "{} keeps its other days", file.path);
        actions.push(changed(rewritten.add));
    }
    actions.push(Action::Remove(Remove {
        data_change: true,
        ..remove(snapshot.table(), file, now_millis)
    }));
    Ok(actions)
}

/// Writes sorted rows into as many files as they need.
async fn write(
    snapshot: &Snapshot,
    days: Days<'_>,
    mut rows: SendableRecordBatchStream,
    now_millis: i64,
) -> Result<Vec<Rewritten>, StoreError> {
    let mut written = Vec::new();
    let mut first = rows
        .try_next()
        .await
        .map_err(|source| failed(snapshot, source))?;
    while let Some(batch) = first.take() {
        let expected = days.rows.clamp(1, FILE_ROWS_MAX);
        let mut file = NewFile::create(snapshot, Some(days.month), expected)?;
        match fill(snapshot, &mut file, batch, &mut rows).await {
            Ok(next) => first = next,
            Err(error) => {
                file.abort().await;
                return Err(error);
            }
        }
        written.push(file.finish(now_millis).await?);
    }
    written.retain(|file| file.rows > 0);
    Ok(written)
}

/// Writes a batch, and more of them as long as the file is not full; answers the first of the next file.
async fn fill(
    snapshot: &Snapshot,
    file: &mut NewFile,
    first: RecordBatch,
    rows: &mut SendableRecordBatchStream,
) -> Result<Option<RecordBatch>, StoreError> {
    let mut next = Some(first);
    while let Some(batch) = next {
        if file.rows() >= FILE_ROWS_MAX {
            return Ok(Some(batch));
        }
        file.write(&batch).await?;
        next = rows
            .try_next()
            .await
            .map_err(|source| failed(snapshot, source))?;
    }
    Ok(None)
}

fn failed(snapshot: &Snapshot, source: DataFusionError) -> StoreError {
    StoreError::Query {
        table: snapshot.table().name,
        source: Box::new(source),
    }
}
