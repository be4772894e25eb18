//! A batch of rows as a Parquet file with Delta's statistics.
//!
//! Enters: rows of one table and one partition, in any order. Leaves: the bytes of a file whose rows
//! are sorted as the schema declares, and the statistics of its first columns as JSON.

use arrow::array::{
    Array, ArrayRef, AsArray as _, PrimitiveArray, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{
    SortColumn, SortOptions, lexsort_to_indices, max, max_string, min, min_string, take_record_batch,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use super::error::StoreError;
use crate::schema::Table;

/// Rows of a row group.
const ROW_GROUP_ROWS: usize = 64 << 10;
/// Rows of a page.
const PAGE_ROWS: usize = 8 << 10;
/// zstd's level: 3 is its default, the best of size for speed.
const ZSTD: i32 = 3;
/// Columns that Delta readers expect statistics of.
const STATISTICS_COLUMNS: usize = 32;
/// Longer texts have no minimum and maximum in the statistics: a cut one could prune wrongly.
const STATISTICS_TEXT_BYTES_MAX: usize = 256;
/// Columns looked up by single values.
const BLOOM_COLUMNS: [&str; 3] = ["event_id", "caller", "access_key_id"];
/// Columns whose values do not repeat.
const UNIQUE_COLUMNS: [&str; 3] = ["event_id", "content_hash", "request_id"];

/// A file ready to be put.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) statistics: String,
}

/// Sorts and encodes rows. `rows` has the columns of the table's files, in order.
pub(super) fn encode(table: &'static Table, rows: &RecordBatch) -> Result<Encoded, StoreError> {
    let arrow = |source| StoreError::Arrow {
        table: table.name,
        source,
    };
    let sorted = take_record_batch(rows, &order(table, rows).map_err(arrow)?).map_err(arrow)?;
    let bytes = write(table, &sorted).map_err(|source| StoreError::Parquet {
        table: table.name,
        operation: "encoding",
        source,
    })?;
    Ok(Encoded {
        bytes,
        statistics: statistics(&sorted).to_string(),
    })
}

/// The order of the rows by the table's sort columns, nulls first.
fn order(table: &Table, rows: &RecordBatch) -> Result<UInt32Array, arrow::error::ArrowError> {
    let columns: Vec<SortColumn> = table
        .sort
        .iter()
        .filter_map(|name| rows.column_by_name(name))
        .map(|values| SortColumn {
            values: values.clone(),
            options: Some(SortOptions {
                descending: false,
                nulls_first: true,
            }),
        })
        .collect();
    lexsort_to_indices(&columns, None)
}

fn write(table: &Table, rows: &RecordBatch) -> Result<Vec<u8>, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS / 8)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("keytrail ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(Some(sorting(table, rows)));
    let distinct = u64::try_from(rows.num_rows().min(ROW_GROUP_ROWS)).unwrap_or(u64::MAX);
    for name in BLOOM_COLUMNS {
        if table.partition.is_some() && rows.column_by_name(name).is_some() {
            properties = properties
                .set_column_bloom_filter_enabled(ColumnPath::from(name), true)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(name), distinct);
        }
    }
    for name in UNIQUE_COLUMNS {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build()))?;
    writer.write(rows)?;
    writer.into_inner()
}

fn sorting(table: &Table, rows: &RecordBatch) -> Vec<SortingColumn> {
    table
        .sort
        .iter()
        .filter_map(|name| rows.schema().index_of(name).ok())
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect()
}

/// Delta's statistics of the first columns ("Per-file Statistics", Delta protocol).
fn statistics(rows: &RecordBatch) -> Value {
    let mut minimum = Map::new();
    let mut maximum = Map::new();
    let mut nulls = Map::new();
    let schema = rows.schema();
    for (field, column) in schema.fields().iter().zip(rows.columns()).take(STATISTICS_COLUMNS) {
        if matches!(field.data_type(), DataType::List(_) | DataType::Binary) {
            continue;
        }
        nulls.insert(field.name().clone(), json!(column.null_count()));
        if let Some((low, high)) = bounds(column) {
            minimum.insert(field.name().clone(), low);
            maximum.insert(field.name().clone(), high);
        }
    }
    json!({
        "numRecords": rows.num_rows(),
        "minValues": minimum,
        "maxValues": maximum,
        "nullCount": nulls,
    })
}

fn bounds(column: &ArrayRef) -> Option<(Value, Value)> {
    match column.data_type() {
        DataType::Utf8 => text_bounds(column.as_string()),
        DataType::Int32 => number_bounds(column.as_primitive::<Int32Type>()),
        DataType::Int64 => number_bounds(column.as_primitive::<Int64Type>()),
        DataType::Date32 => {
            let (low, high) = primitive_bounds(column.as_primitive::<Date32Type>())?;
            Some((date(low)?, date(high)?))
        }
        DataType::Timestamp(..) => {
            let (low, high) = primitive_bounds(column.as_primitive::<TimestampMicrosecondType>())?;
            // Delta keeps milliseconds; the bounds are rounded outwards.
            Some((
                instant(low.div_euclid(1000))?,
                instant(high.checked_add(999)?.div_euclid(1000))?,
            ))
        }
        _ => None,
    }
}

fn text_bounds(column: &StringArray) -> Option<(Value, Value)> {
    let (low, high) = (min_string(column)?, max_string(column)?);
    (low.len() <= STATISTICS_TEXT_BYTES_MAX && high.len() <= STATISTICS_TEXT_BYTES_MAX)
        .then(|| (json!(low), json!(high)))
}

fn number_bounds<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>) -> Option<(Value, Value)>
where
    T::Native: Into<Value>,
{
    let (low, high) = primitive_bounds(column)?;
    Some((low.into(), high.into()))
}

fn primitive_bounds<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
) -> Option<(T::Native, T::Native)> {
    Some((min(column)?, max(column)?))
}

fn date(days: i32) -> Option<Value> {
    const DAYS_TO_1970: i32 = 719_163;
    let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(DAYS_TO_1970)?)?;
    Some(json!(date.format("%Y-%m-%d").to_string()))
}

fn instant(millis: i64) -> Option<Value> {
    let time = DateTime::from_timestamp_millis(millis)?;
    Some(json!(time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}
