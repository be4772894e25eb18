//! `hash_bits(text)`: 64 bits that are equal for equal texts, and nearly always differ for others.
//!
//! A session that looks for texts which stand twice among very many keeps a number for each, not the text; whoever
//! needs certainty compares the few texts that are left. The bits are those of this process, not to be stored.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use super::texts;

pub(super) fn register(context: &SessionContext) {
    context.register_udf(create_udf(
        "hash_bits",
        vec![DataType::Utf8],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(hash_bits),
    ));
}

fn hash_bits(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [told] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "hash_bits takes a text".to_owned(),
        ));
    };
    let bits: Int64Array = texts(told)?
        .iter()
        .map(|text| {
            let mut hasher = DefaultHasher::new();
            hasher.write(text?.as_bytes());
            Some(hasher.finish().cast_signed())
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(bits)))
}

#[cfg(test)]
mod tests {
    use crate::sql::context;

    #[tokio::test]
    async fn equal_texts_have_equal_bits() {
        let context = context();
        let sql = "SELECT count(*), count(DISTINCT hash_bits(x)), count(hash_bits(x)) \
                   FROM (VALUES ('a'), ('b'), ('a'), ('ab'), ('ba'), (NULL)) AS texts (x)";
        let frame = context.sql(sql).await.expect("a statement");
        let rows = frame.to_string().await.expect("rows");
        let last = rows.lines().rev().nth(1).expect("a row");
        let counts: Vec<_> = last.split('|').map(str::trim).collect();
        assert_eq!(counts, ["", "6", "4", "5", ""]);
    }
}
