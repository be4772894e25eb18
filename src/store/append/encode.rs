//! A batch of rows as a Parquet file with Delta's statistics.
//!
//! Enters: rows of one table and one partition, in any order. Leaves: the bytes of a file whose rows
//! are sorted as the schema declares, and the statistics of its first columns as JSON.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray as _, PrimitiveArray, RecordBatch, StringArray};
use arrow::compute::{interleave, max, max_string, min, min_string};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Field, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::row::{Row, RowConverter, Rows, SortField};
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use crate::schema::Table;
use crate::store::error::StoreError;

/// Rows of a row group.
const ROW_GROUP_ROWS: usize = 64 << 10;
/// Rows of a page.
const PAGE_ROWS: usize = 8 << 10;
/// Bytes of a page: what a reader of one row has to unpack, and each file of a merge to hold.
const PAGE_BYTES: usize = 512 << 10;
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
/// Columns that go with the time, by which the rows of a key are sorted.
const DATE_COLUMNS: [&str; 2] = ["event_time", "event_date"];
/// Columns of JSON, in which nobody looks for a smallest value.
const DOCUMENT_COLUMNS: [&str; 8] = [
    "encryption_context",
    "destination_encryption_context",
    "user_identity",
    "request",
    "response",
    "resources",
    "additional_event_data",
    "extra",
];
/// Columns whose values do not repeat.
const UNIQUE_COLUMNS: [&str; 3] = ["event_id", "content_hash", "request_id"];

/// A file ready to be put.
pub(in crate::store) struct Encoded {
    pub(in crate::store) bytes: Vec<u8>,
    pub(in crate::store) statistics: String,
}

/// A row of several batches: which batch, and which of its rows.
pub(in crate::store) type RowPlace = (usize, usize);

/// Sorts and encodes the rows at `places`. `batches` have at least the columns of the table's files.
///
/// The columns of a row group are encoded at the same time, and each value is copied once: from where it
/// was decoded into its place in the order.
pub(in crate::store) fn encode(
    table: &'static Table,
    batches: &[RecordBatch],
    places: Vec<RowPlace>,
) -> Result<Encoded, StoreError> {
    let schema = table.file_arrow();
    let arrow = |source| StoreError::Arrow {
        table: table.name,
        source,
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let parts = batches.iter().map(|batch| {
                let index = batch.schema().index_of(field.name())?;
                Ok(batch.column(index).clone())
            });
            parts.collect::<Result<Vec<_>, _>>()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(arrow)?;
    let order = order(table, batches, places).map_err(arrow)?;
    let (mut file, groups) = properties(table, order.len(), ZSTD_NEW)
        .and_then(|properties| {
            ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?
                .into_serialized_writer()
        })
        .map_err(|source| failed(table, source))?;
    let mut statistics = FileStatistics::default();
    for (group, rows) in order.chunks(ROW_GROUP_ROWS).enumerate() {
        let writers = groups
            .create_column_writers(group)
            .map_err(|source| failed(table, source))?;
        let tasks: Vec<_> = schema
            .fields()
            .iter()
            .zip(&columns)
            .zip(writers)
            .map(|((field, parts), writer)| ColumnTask {
                field,
                parts,
                writer,
            })
            .collect();
        let encoded = beside_each_other(tasks, |task| task.encode(rows));
        let mut group = file
            .next_row_group()
            .map_err(|source| failed(table, source))?;
        statistics.rows += rows.len();
        for (index, column) in encoded.into_iter().enumerate() {
            let column = column.map_err(|source| failed(table, source))?;
            statistics.merge(index, schema.field(index), column.bounds);
            column
                .chunk
                .append_to_row_group(&mut group)
                .map_err(|source| failed(table, source))?;
        }
        group.close().map_err(|source| failed(table, source))?;
    }
    let bytes = file.into_inner().map_err(|source| failed(table, source))?;
    Ok(Encoded {
        bytes,
        statistics: statistics.to_json().to_string(),
    })
}

/// One column of one row group. Each column of the tables is one leaf in Parquet.
struct ColumnTask<'a> {
    field: &'a Field,
    parts: &'a [ArrayRef],
    writer: ArrowColumnWriter,
}

struct EncodedColumn {
    chunk: ArrowColumnChunk,
    bounds: ColumnBounds,
}

impl ColumnTask<'_> {
    fn encode(mut self, rows: &[RowPlace]) -> Result<EncodedColumn, ParquetError> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        let mut bounds = ColumnBounds::default();
        // A page at a time, so that what was copied is still near when it is encoded.
        for rows in rows.chunks(PAGE_ROWS) {
            let sorted = interleave(&parts, rows)?;
            if has_statistics(self.field) {
                bounds.add(&sorted);
            }
            for leaf in compute_leaves(self.field, &sorted)? {
                self.writer.write(&leaf)?;
            }
        }
        Ok(EncodedColumn {
            chunk: self.writer.close()?,
            bounds,
        })
    }
}

/// Does all tasks, as many at once as there are processors; answers in their order.
fn beside_each_other<T: Send, R: Send>(tasks: Vec<T>, run: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let count = tasks.len();
    let waiting = Mutex::new(tasks.into_iter().enumerate());
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
    };
    let work = || {
        let mut done = Vec::new();
        while let Some((place, task)) = next() {
            done.push((place, run(task)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads.min(count))
            .map(|_number| scope.spawn(work))
            .collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_place, result)| result).collect()
}

/// Encodes rows that come sorted, batch by batch.
pub(in crate::store) struct FileEncoder {
    table: &'static Table,
    writer: ArrowWriter<Vec<u8>>,
    statistics: FileStatistics,
}

impl FileEncoder {
    /// A file of about `rows` rows, merged from others.
    pub(in crate::store) fn merged(table: &'static Table, rows: usize) -> Result<Self, StoreError> {
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

    pub(in crate::store) fn write(&mut self, sorted: &RecordBatch) -> Result<(), StoreError> {
        self.statistics.add(sorted);
        self.writer
            .write(sorted)
            .map_err(|source| failed(self.table, source))
    }

    /// The bytes that are finished so far and were not taken before.
    pub(in crate::store) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.inner_mut())
    }

    /// Ends the file; its bytes are those that were not taken before.
    pub(in crate::store) fn finish(self) -> Result<Encoded, StoreError> {
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

/// The places in the order of the table's sort columns, nulls first.
fn order(
    table: &Table,
    batches: &[RecordBatch],
    places: Vec<RowPlace>,
) -> Result<Vec<RowPlace>, ArrowError> {
    let sort = |batch: &RecordBatch| -> Vec<ArrayRef> {
        let columns = table
            .sort
            .iter()
            .filter_map(|name| batch.column_by_name(name));
        columns.cloned().collect()
    };
    let Some(first) = batches.first() else {
        return Ok(places);
    };
    let fields = sort(first)
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let converter = RowConverter::new(fields)?;
    let keys = batches
        .iter()
        .map(|batch| converter.convert_columns(&sort(batch)))
        .collect::<Result<Vec<Rows>, _>>()?;
    let mut order: Vec<(Row<'_>, RowPlace)> = places
        .into_iter()
        .map(|place| (keys[place.0].row(place.1), place))
        .collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_key, place)| place).collect())
}

fn properties(table: &Table, rows: usize, level: i32) -> Result<WriterProperties, ParquetError> {
    let schema = table.file_arrow();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_write_batch_size(PAGE_ROWS / 8)
        .set_statistics_enabled(EnabledStatistics::Chunk)
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
    // Only the order of the rows makes the pages of a column differ.
    for name in table.sort.iter().chain(&DATE_COLUMNS) {
        let column = ColumnPath::from(*name);
        properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Page);
    }
    for name in DOCUMENT_COLUMNS {
        let column = ColumnPath::from(name);
        properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
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
    /// By the place of the column in the table.
    columns: BTreeMap<usize, (String, ColumnBounds)>,
}

/// What is known of one column so far.
#[derive(Default)]
struct ColumnBounds {
    nulls: usize,
    bounds: Option<(Value, Value)>,
    /// Some values have no bounds, so the column has none.
    is_open: bool,
}

impl FileStatistics {
    fn add(&mut self, rows: &RecordBatch) {
        let schema = rows.schema();
        for (index, (field, column)) in schema.fields().iter().zip(rows.columns()).enumerate() {
            if index < STATISTICS_COLUMNS && has_statistics(field) {
                let mut bounds = ColumnBounds::default();
                bounds.add(column);
                self.merge(index, field, bounds);
            }
        }
        self.rows += rows.num_rows();
    }

    /// Adds what is known of more rows of the column at `index`.
    fn merge(&mut self, index: usize, field: &Field, bounds: ColumnBounds) {
        if index < STATISTICS_COLUMNS && has_statistics(field) {
            self.columns
                .entry(index)
                .or_insert_with(|| (field.name().clone(), ColumnBounds::default()))
                .1
                .merge(bounds);
        }
    }

    fn to_json(&self) -> Value {
        let mut minimum = Map::new();
        let mut maximum = Map::new();
        let mut nulls = Map::new();
        for (name, column) in self.columns.values() {
            nulls.insert(name.clone(), json!(column.nulls));
            if let Some((low, high)) = column.bounds.as_ref().filter(|_| !column.is_open) {
                minimum.insert(name.clone(), low.clone());
                maximum.insert(name.clone(), high.clone());
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
        let bounds = bounds(column);
        self.merge(Self {
            nulls: column.null_count(),
            is_open: bounds.is_none() && column.null_count() < column.len(),
            bounds,
        });
    }

    fn merge(&mut self, more: Self) {
        self.nulls += more.nulls;
        self.is_open |= more.is_open;
        self.bounds = match (self.bounds.take(), more.bounds) {
            (Some((low, high)), Some((more_low, more_high))) => Some((
                if is_less(&more_low, &low) {
                    more_low
                } else {
                    low
                },
                if is_less(&high, &more_high) {
                    more_high
                } else {
                    high
                },
            )),
            (known, more) => known.or(more),
        };
    }
}

/// Whether a column of this type has statistics in Delta's log.
fn has_statistics(field: &Field) -> bool {
    !matches!(field.data_type(), DataType::List(_) | DataType::Binary)
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
