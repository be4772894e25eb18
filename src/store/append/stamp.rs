//! The columns that only the store knows: which commit, which batch, when.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;

use crate::schema::Table;
use crate::store::append::retold::Retold;

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

/// Rows of an event table, with the store's columns in their places. A row of an id that is known (`retold`) names
/// itself as the event that it tells anew; where it tells the same call, it is a correction of it.
///
/// # Errors
/// If a column of the table is missing.
pub fn stamp(
    table: &'static Table,
    rows: &RecordBatch,
    stamp: Stamp<'_>,
    retold: &[Retold],
) -> Result<RecordBatch, ArrowError> {
    let count = rows.num_rows();
    let schema = table.arrow();
    let column = |name: &str| -> Result<&ArrayRef, ArrowError> {
        Ok(rows.column(rows.schema().index_of(name)?))
    };
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
                name @ "is_correction" if !retold.is_empty() => {
                    let known = column(name)?.as_boolean();
                    let rows = known.iter().zip(retold);
                    let told = rows.map(|(is_correction, retold)| {
                        Some(is_correction == Some(true) || *retold == Retold::SameCall)
                    });
                    Arc::new(told.collect::<BooleanArray>())
                }
                name @ "original_event_id" if !retold.is_empty() => {
                    let originals = column(name)?.as_string::<i32>();
                    let ids = column("event_id")?.as_string::<i32>();
                    let told = retold.iter().enumerate().map(|(row, retold)| match retold {
                        Retold::No => originals.is_valid(row).then(|| originals.value(row)),
                        Retold::SameCall | Retold::OtherCall => Some(ids.value(row)),
                    });
                    Arc::new(told.collect::<StringArray>())
                }
                name => column(name)?.clone(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, columns)
}
