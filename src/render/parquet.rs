//! `parquet`: for other engines.
//!
//! Enters: batches. Leaves: a Parquet file with zstd pages. Two columns of one name are told apart
//! (`id`, `id_2`); columns of a type that Parquet lacks (intervals, unions, …) become text, as in
//! the other formats. Text is exact here: nothing is spelled out, as nothing of it meets a terminal. Times are
//! instants; the zone in which they are shown is that of their type.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, LargeStringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::values::Values;
use super::{Encoder, Zone, unique_names};

/// A row group is in memory until it is complete; these two bound it.
const ROW_GROUP_ROWS_MAX: usize = 1024 * 1024;
const ROW_GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(super) struct Parquet<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    /// Whether the column is written as text.
    is_text: Vec<bool>,
    zone: Zone,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(sink: W, schema: &Schema, zone: Zone) -> io::Result<Self> {
        let is_text = (schema.fields().iter())
            .map(|field| !is_supported(field.data_type()))
            .collect::<Vec<_>>();
        let names = unique_names(schema.fields().iter().map(|field| field.name()));
        let fields = schema.fields().iter().zip(names).zip(&is_text);
        let fields = fields.map(|((field, name), is_text)| {
            // Nullable throughout: a wrong promise of the planner must not fail the export.
            let field = field.as_ref().clone().with_name(name).with_nullable(true);
            if *is_text {
                field.with_data_type(DataType::LargeUtf8)
            } else {
                let shown = zoned(field.data_type(), zone);
                field.with_data_type(shown)
            }
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
            .build();
        let writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties));
        Ok(Self {
            writer: writer.map_err(io_error)?,
            schema,
            is_text,
            zone,
        })
    }
}

impl<W: Write + Send> Encoder for Parquet<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = batch.columns().iter().zip(&self.is_text);
        let columns = columns.map(|(column, is_text)| {
            if *is_text {
                Ok(to_text(column, self.zone))
            } else {
                cast(column, &zoned(column.data_type(), self.zone)).map_err(io::Error::other)
            }
        });
        let columns = columns.collect::<io::Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, columns, &rows);
        let batch = batch.map_err(io::Error::other)?;
        self.writer.write(&batch).map_err(io_error)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.finish().map_err(io_error)?;
        self.writer.inner_mut().flush()
    }
}

/// Whether Parquet holds the type, and the writer writes it; it panics on some others.
fn is_supported(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(_)
        | DataType::Union(_, _)
        | DataType::RunEndEncoded(_, _)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => false,
        DataType::Struct(fields) => {
            !fields.is_empty() && fields.iter().all(|field| is_supported(field.data_type()))
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => is_supported(field.data_type()),
        DataType::Dictionary(_, values) => {
            matches!(**values, DataType::Utf8 | DataType::LargeUtf8)
                || (values.is_numeric() && !matches!(**values, DataType::Float16))
        }
        _ => true,
    }
}

/// The type with the zone in it that was asked for; the value of an instant is the same in each.
fn zoned(data_type: &DataType, zone: Zone) -> DataType {
    match data_type {
        DataType::Timestamp(unit, Some(_)) if !zone.is_utc() => {
            DataType::Timestamp(*unit, Some(zone.name().into()))
        }
        other => other.clone(),
    }
}

/// Text as in a table; JSON for what has parts.
fn to_text(column: &ArrayRef, zone: Zone) -> ArrayRef {
    let values = Values::new(column, zone);
    let mut builder = LargeStringBuilder::new();
    let mut text = String::new();
    for row in 0..column.len() {
        if values.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        if column.data_type().is_nested() {
            values.push_json(row, &mut text);
        } else {
            values.push_text(row, &mut text);
        }
        builder.append_value(&text);
    }
    Arc::new(builder.finish())
}

/// Gives back the error of the sink itself, so that a broken pipe is seen as one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}
