//! The cells of a batch, by the names of their columns.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

/// The cells of a batch, by the names of their columns.
pub(super) struct Cells<'a>(pub(super) &'a RecordBatch);

impl Cells<'_> {
    pub(super) fn text(&self, column: &str, row: usize) -> Option<String> {
        let column = self.0.column_by_name(column)?.as_string_opt::<i32>()?;
        (!column.is_null(row)).then(|| column.value(row).to_owned())
    }

    /// A number, or a time in microseconds.
    pub(super) fn long(&self, column: &str, row: usize) -> Option<i64> {
        let column = self.0.column_by_name(column)?;
        if column.is_null(row) {
            return None;
        }
        match column.data_type() {
            DataType::Timestamp(..) => Some(
                column
                    .as_primitive_opt::<TimestampMicrosecondType>()?
                    .value(row),
            ),
            _ => Some(column.as_primitive_opt::<Int64Type>()?.value(row)),
        }
    }

    pub(super) fn flag(&self, column: &str, row: usize) -> Option<bool> {
        let column = self.0.column_by_name(column)?.as_boolean_opt()?;
        (!column.is_null(row)).then(|| column.value(row))
    }
}
