//! The cells of rows as text: how every stage above looks into rows that a statement answered.

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

/// The cells of a batch of rows, whatever the types of its columns.
#[derive(Debug)]
pub struct Cells {
    schema: SchemaRef,
    columns: Vec<StringArray>,
}

impl Cells {
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

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};

    use super::Cells;

    #[test]
    fn cells_of_any_type_are_texts() {
        let names: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("name", names), ("count", counts)]);
        let cells = Cells::of(&batch.expect("columns of one length")).expect("texts");
        assert_eq!(cells.named("name", 0), Some("a"));
        assert_eq!(cells.get(0, 1), None);
        assert_eq!(cells.named("count", 1), Some("2"));
        assert_eq!(cells.named("no such column", 0), None);
        assert_eq!(cells.row(1), [None, Some("2".to_owned())]);
    }
}
