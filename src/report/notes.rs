//! Notes from statements: the rows of caveats.
//!
//! Enters: a planned caveat. Leaves: what is wrong with its columns and codes before it runs, and its notes.

use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema};
use datafusion::dataframe::DataFrame;

use super::ReportError;
use crate::catalog::{Note, code_fault, codes_in};
use crate::sql::texts;

/// The columns of a caveat.
const COLUMNS: [&str; 3] = ["code", "count", "text"];

/// What is wrong with a caveat, as its text and its columns show it.
pub(super) fn caveat_faults(sql: &str, schema: &Schema) -> Vec<String> {
    let codes = codes_in(sql).into_iter();
    let codes = codes.filter_map(|code| code_fault(&code));
    columns_fault(schema).into_iter().chain(codes).collect()
}

/// What is wrong with the columns of a caveat, and what to write.
pub(super) fn columns_fault(schema: &Schema) -> Option<String> {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    if names != COLUMNS {
        return Some(format!(
            "a caveat returns the columns code, count, text, not {}: write `SELECT 'own-NAME' AS code, \
             count(*) AS count, '…' AS text FROM …`, with a code from docs/notes.md or your own; \
             count can be null",
            crate::catalog::printable(&names.join(", "))
        ));
    }
    let is_text = |place: usize| {
        let kind = schema.field(place).data_type();
        kind.is_string() || *kind == DataType::Null
    };
    let count = schema.field(1).data_type();
    if !is_text(0) || !is_text(2) {
        return Some("the columns code and text of a caveat must be texts".to_owned());
    }
    (!count.is_integer() && *count != DataType::Null).then(|| {
        format!("the column count of a caveat must be a whole number or null, not {count}: CAST it AS BIGINT")
    })
}

/// The notes that a caveat of the query in this file returns; a row without a text is none.
pub(super) async fn notes_of(
    query: &str,
    path: &str,
    caveat: DataFrame,
) -> Result<Vec<Note>, ReportError> {
    let fault = |source| ReportError::engine(query, source);
    let batches = caveat.collect().await.map_err(fault)?;
    let mut notes = Vec::new();
    for batch in batches {
        let text = |place: usize| texts(batch.column(place)).map_err(|error| fault(error.into()));
        let (codes, words) = (text(0)?, text(2)?);
        let counts =
            cast(batch.column(1), &DataType::Int64).map_err(|error| fault(error.into()))?;
        let counts = counts.as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|row| words.is_valid(*row)) {
            let code = if codes.is_valid(row) {
                codes.value(row)
            } else {
                ""
            };
            if let Some(problem) = code_fault(code) {
                return Err(ReportError::Caveat {
                    path: path.to_owned(),
                    problem,
                });
            }
            let count = counts.is_valid(row).then(|| counts.value(row));
            notes.push(Note::new(code, count, words.value(row).to_owned()));
        }
    }
    Ok(notes)
}
