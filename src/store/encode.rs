//! A batch of rows as a Parquet file with Delta's statistics.
//!
//! Enters: rows of one table and one partition, in any order. Leaves: the bytes of a file whose rows
//! are sorted as the schema declares, and the statistics of its first columns as JSON.

use arrow::array::{
    Array, ArrayRef, AsArray as _, PrimitiveArray, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{max, max_string, min, min_string, take_record_batch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::row::{Row, RowConverter, SortField};
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
/// zstd's level for what has just been ingested, and is soon merged.
const ZSTD_NEW: i32 = 1;
/// zstd's level for merged files, which stay.
const ZSTD_MERGED: i32 = 3;
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
    let mut file = FileEncoder::at_level(table, rows.num_rows(), ZSTD_NEW)?;
    file.write(&sorted)?;
    file.finish()
}

/// Encodes rows that come sorted, batch by batch.
pub(super) struct FileEncoder {
    table: &'static Table,
    writer: ArrowWriter<Vec<u8>>,
    statistics: FileStatistics,
}

impl FileEncoder {
    /// A file of about so many rows, merged from others.
    pub(super) fn merged(table: &'static Table, rows: usize) -> Result<Self, StoreError> {
        Self::at_level(table, rows, ZSTD_MERGED)
    }

    fn at_level(table: &'static Table, rows: usize, level: i32) -> Result<Self, StoreError> {
        let schema = table.file_arrow();
        let writer = properties(table, rows, level)
            .and_then(|properties| ArrowWriter::try_new(Vec::new(), schema, Some(properties)))
            .map_err(|source| failed(table, source))?;
        Ok(Self {
            table,
            writer,
            statistics: FileStatistics::default(),
        })
    }

    pub(super) fn write(&mut self, sorted: &RecordBatch) -> Result<(), StoreError> {
        self.statistics.add(sorted);
        self.writer
            .write(sorted)
            .map_err(|source| failed(self.table, source))
    }

    /// The bytes that are finished so far and were not taken before.
    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.inner_mut())
    }

    /// Ends the file; its bytes are those that were not taken before.
    pub(super) fn finish(self) -> Result<Encoded, StoreError> {
        let bytes = self
            .writer
            .into_inner()
            .map_err(|source| failed(self.table, source))?;
        Ok(Encoded {
            bytes,
            statistics: self.statistics.to_json().to_string(),
        })
    }
}

fn failed(table: &Table, source: ParquetError) -> StoreError {
    StoreError::Parquet {
        table: table.name,
        operation: "encoding",
        source,
    }
}

/// The order of the rows by the table's sort columns, nulls first.
fn order(table: &Table, rows: &RecordBatch) -> Result<UInt32Array, arrow::error::ArrowError> {
    let columns: Vec<ArrayRef> = table
        .sort
        .iter()
        .filter_map(|name| rows.column_by_name(name))
        .cloned()
        .collect();
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let keys = RowConverter::new(fields)?.convert_columns(&columns)?;
    let mut order: Vec<(Row<'_>, u32)> = keys.iter().zip(0..).collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_key, row)| row).collect())
}

fn properties(table: &Table, rows: usize, level: i32) -> Result<WriterProperties, ParquetError> {
    let schema = table.file_arrow();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS / 8)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("keytrail ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(Some(sorting(table)));
    let distinct = u64::try_from(rows.clamp(1, ROW_GROUP_ROWS)).unwrap_or(u64::MAX);
    for name in BLOOM_COLUMNS {
        if table.partition.is_some() && schema.column_with_name(name).is_some() {
            properties = properties
                .set_column_bloom_filter_enabled(ColumnPath::from(name), true)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(name), distinct);
        }
    }
    for name in UNIQUE_COLUMNS {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    Ok(properties.build())
}

fn sorting(table: &Table) -> Vec<SortingColumn> {
    let schema = table.file_arrow();
    table
        .sort
        .iter()
        .filter_map(|name| schema.index_of(name).ok())
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect()
}

/// Delta's statistics of the first columns ("Per-file Statistics", Delta protocol).
#[derive(Default)]
struct FileStatistics {
    rows: usize,
    columns: Vec<ColumnBounds>,
}

/// What is known of one column so far.
#[derive(Default)]
struct ColumnBounds {
    name: String,
    nulls: usize,
    bounds: Option<(Value, Value)>,
    /// Some values have no bounds, so the column has none.
    is_open: bool,
}

impl FileStatistics {
    fn add(&mut self, rows: &RecordBatch) {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns());
        let counted = columns.take(STATISTICS_COLUMNS).filter(|(field, _)| {
            !matches!(field.data_type(), DataType::List(_) | DataType::Binary)
        });
        for (index, (field, column)) in counted.enumerate() {
            if self.columns.len() == index {
                self.columns.push(ColumnBounds {
                    name: field.name().clone(),
                    ..ColumnBounds::default()
                });
            }
            self.columns[index].add(column);
        }
        self.rows += rows.num_rows();
    }

    fn to_json(&self) -> Value {
        let mut minimum = Map::new();
        let mut maximum = Map::new();
        let mut nulls = Map::new();
        for column in &self.columns {
            nulls.insert(column.name.clone(), json!(column.nulls));
            if let Some((low, high)) = column.bounds.as_ref().filter(|_| !column.is_open) {
                minimum.insert(column.name.clone(), low.clone());
                maximum.insert(column.name.clone(), high.clone());
            }
        }
        json!({
            "numRecords": self.rows,
            "minValues": minimum,
            "maxValues": maximum,
            "nullCount": nulls,
        })
    }
}

impl ColumnBounds {
    fn add(&mut self, column: &ArrayRef) {
        self.nulls += column.null_count();
        match bounds(column) {
            Some((low, high)) => {
                self.bounds = Some(match self.bounds.take() {
                    None => (low, high),
                    Some((known_low, known_high)) => (
                        if is_less(&low, &known_low) {
                            low
                        } else {
                            known_low
                        },
                        if is_less(&known_high, &high) {
                            high
                        } else {
                            known_high
                        },
                    ),
                });
            }
            None => self.is_open |= column.null_count() < column.len(),
        }
    }
}

/// Numbers by value, texts by their bytes; dates and times are written so that this is their order.
fn is_less(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left < right,
        _ => left.as_i64() < right.as_i64(),
    }
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
