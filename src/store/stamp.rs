//! The columns that only the store knows: which commit, which batch, when.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;

use crate::schema::Table;

/// What every row of one commit has in common.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The number of the commit.
    pub ingest_seq: i64,
    /// The batch.
    pub batch_id: &'a str,
    /// When the run began, in microseconds.
    pub ingest_time: i64,
}

/// Rows of an event table, with the store's columns in their places.
///
/// # Errors
/// If a column of the table is missing.
pub fn stamp(
    table: &'static Table,
    rows: &RecordBatch,
    stamp: Stamp<'_>,
) -> Result<RecordBatch, ArrowError> {
    let count = rows.num_rows();
    let schema = table.arrow();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> Result<ArrayRef, ArrowError> {
            Ok(match field.name().as_str() {
                "ingest_seq" => Arc::new(Int64Array::from_value(stamp.ingest_seq, count)),
                "batch_id" => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    stamp.batch_id,
                    count,
                ))),
                "ingest_time" => Arc::new(
                    TimestampMicrosecondArray::from_value(stamp.ingest_time, count)
                        .with_timezone("UTC"),
                ),
                name => rows.column(rows.schema().index_of(name)?).clone(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, columns)
}
