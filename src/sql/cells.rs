//! The cells of rows: how every stage above looks into rows, those of tables and those that a statement answered.

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;

/// The cells of rows of a table, by the names of their columns.
#[derive(Debug)]
pub struct Cells<'a>(pub &'a RecordBatch);

impl<'a> Cells<'a> {
    /// A text.
    #[must_use]
    pub fn str(&self, column: &str, row: usize) -> Option<&'a str> {
        let column = self.0.column_by_name(column)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    /// A text of its own.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<String> {
        self.str(column, row).map(str::to_owned)
    }

    /// A number, or a time in microseconds.
    #[must_use]
    pub fn long(&self, column: &str, row: usize) -> Option<i64> {
        let column = self.0.column_by_name(column)?;
        if column.is_null(row) {
            return None;
        }
        match column.data_type() {
            DataType::Timestamp(..) => {
                let times = column.as_primitive_opt::<TimestampMicrosecondType>()?;
                Some(times.value(row))
            }
            DataType::Int32 => {
                let numbers = column.as_primitive_opt::<Int32Type>()?;
                Some(numbers.value(row).into())
            }
            _ => Some(column.as_primitive_opt::<Int64Type>()?.value(row)),
        }
    }

    /// True or false.
    #[must_use]
    pub fn flag(&self, column: &str, row: usize) -> Option<bool> {
        let column = self.0.column_by_name(column)?.as_boolean_opt()?;
        column.is_valid(row).then(|| column.value(row))
    }
}

/// The cells of an answer as text, for any types of its columns.
#[derive(Debug)]
pub struct TextCells {
    schema: SchemaRef,
    columns: Vec<StringArray>,
}

impl TextCells {
    /// Reads a batch.
    ///
    /// # Errors
    /// If a column has values that are no text.
    pub fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let columns = batch.columns().iter().map(texts);
        Ok(Self {
            schema: batch.schema(),
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// The text in a column, counted from 0; none where there is none.
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> Option<&str> {
        let column = self.columns.get(column)?;
        column.is_valid(row).then(|| column.value(row))
    }

    /// The text in a column of that name; none where there is none.
    #[must_use]
    pub fn named(&self, column: &str, row: usize) -> Option<&str> {
        self.get(self.schema.index_of(column).ok()?, row)
    }

    /// A row; where a cell has no text, it has none here.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<Option<String>> {
        let cells = (0..self.columns.len()).map(|column| self.get(column, row));
        cells.map(|cell| cell.map(str::to_owned)).collect()
    }
}

/// The values of a column as text: the engine may answer `Utf8View` or a dictionary for `Utf8`.
///
/// # Errors
/// If they are none.
pub fn texts(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray,
        TimestampMicrosecondArray,
    };

    use super::{Cells, TextCells};

    #[test]
    fn cells_of_a_table_have_types() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let years: ArrayRef = Arc::new(Int32Array::from(vec![2026, 2027]));
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![5, 6]));
        let columns = [
            ("name", names),
            ("count", counts),
            ("year", years),
            ("time", times),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let cells = Cells(&batch);
        assert_eq!(
            (cells.str("name", 0), cells.str("name", 1)),
            (Some("a"), None)
        );
        assert_eq!(
            (cells.long("count", 0), cells.long("count", 1)),
            (Some(1), None)
        );
        assert_eq!(cells.long("year", 1), Some(2027));
        assert_eq!(cells.long("time", 0), Some(5));
        assert_eq!((cells.str("count", 0), cells.flag("name", 0)), (None, None));
    }

    #[test]
    fn cells_of_any_type_are_texts() {
        let names: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("name", names), ("count", counts)]);
        let batch = batch.expect("columns of one length");
        let cells = TextCells::of(&batch).expect("texts");
        assert_eq!(cells.named("name", 0), Some("a"));
        assert_eq!(cells.get(0, 1), None);
        assert_eq!(cells.named("count", 1), Some("2"));
        assert_eq!(cells.named("no such column", 0), None);
        assert_eq!(cells.row(1), [None, Some("2".to_owned())]);
    }
}
