//! Rows of a table from cells that are JSON values, for tables that are written a few rows at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::error::ArrowError;
use serde_json::Value;

use crate::schema::{ColumnKind, Table};
use crate::store::append::commit::{Attempts, CommitRows};
use crate::store::error::StoreError;
use crate::store::table::Store;

/// Builds the columns of a table from cells, one column after the other. Times are microseconds, dates days
/// since 1970.
///
/// # Errors
/// If a column that must have a value has none.
pub fn rows<T>(
    table: &'static Table,
    items: &[T],
    cell: impl Fn(&T, &str) -> Value,
) -> Result<RecordBatch, ArrowError> {
    let columns = table
        .columns
        .iter()
        .map(|column| -> ArrayRef {
            let values = items.iter().map(|item| cell(item, column.name));
            match column.kind {
                ColumnKind::Text => Arc::new(
                    values
                        .map(|value| value.as_str().map(str::to_owned))
                        .collect::<StringArray>(),
                ),
                ColumnKind::Long => {
                    Arc::new(values.map(|value| value.as_i64()).collect::<Int64Array>())
                }
                ColumnKind::Int => Arc::new(
                    values
                        .map(|value| i32::try_from(value.as_i64()?).ok())
                        .collect::<Int32Array>(),
                ),
                ColumnKind::Time => Arc::new(
                    values
                        .map(|value| value.as_i64())
                        .collect::<TimestampMicrosecondArray>()
                        .with_timezone("UTC"),
                ),
                ColumnKind::Date => Arc::new(
                    values
                        .map(|value| i32::try_from(value.as_i64()?).ok())
                        .collect::<Date32Array>(),
                ),
                ColumnKind::Bool => Arc::new(
                    values
                        .map(|value| value.as_bool())
                        .collect::<BooleanArray>(),
                ),
                ColumnKind::TextList | ColumnKind::Bytes => {
                    new_null_array(&column.kind.data_type(), items.len())
                }
            }
        })
        .collect();
    RecordBatch::try_new(table.arrow(), columns)
}

impl Store {
    /// Appends rows to a table that carries no transaction.
    ///
    /// # Errors
    /// If the store fails, or other writers leave no room.
    pub async fn append_rows(
        &self,
        table: &'static Table,
        rows: &RecordBatch,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<(), StoreError> {
        let mut attempts = Attempts::at(table);
        loop {
            attempts.begin()?;
            let snapshot = self.snapshot(table).await?;
            let rows = CommitRows::all(std::slice::from_ref(rows));
            let appended = self.append(&snapshot, rows, None, batch_id, now_millis);
            if appended.await?.version()?.is_some() {
                return Ok(());
            }
        }
    }
}
