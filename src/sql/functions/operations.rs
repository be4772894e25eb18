//! Functions that tell cryptographic operations from others.
//!
//! - `crypto_direction(event_name)`: `encrypt` or `decrypt` for a cryptographic operation, null for any other.
//! - `crypto_operation_names()`: the names of the cryptographic operations, as a list.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use super::texts;
use crate::decode;

pub(super) fn register(context: &SessionContext) {
    let directions: HashMap<&str, &str> = decode::crypto_operations().iter().copied().collect();
    context.register_udf(create_udf(
        "crypto_direction",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| crypto_direction(arguments, &directions)),
    ));
    context.register_udf(create_udf(
        "crypto_operation_names",
        Vec::new(),
        DataType::new_list(DataType::Utf8, true),
        Volatility::Immutable,
        Arc::new(|_no_arguments: &[ColumnarValue]| {
            let names = decode::crypto_operations().iter();
            let names: Vec<ScalarValue> = names.map(|(name, _)| ScalarValue::from(*name)).collect();
            let names = ScalarValue::new_list_nullable(&names, &DataType::Utf8);
            Ok(ColumnarValue::Scalar(ScalarValue::List(names)))
        }),
    ));
}

fn crypto_direction(
    arguments: &[ColumnarValue],
    directions: &HashMap<&str, &str>,
) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [names] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "crypto_direction takes the name of an operation".to_owned(),
        ));
    };
    let names = texts(names)?;
    let mut last: Option<(&str, Option<&str>)> = None;
    let told: StringArray = names
        .iter()
        .map(|name| {
            let name = name?;
            // The same operation stands in many rows that follow each other.
            match last {
                Some((known, direction)) if known == name => direction,
                _ => {
                    let direction = directions.get(name).copied();
                    last = Some((name, direction));
                    direction
                }
            }
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(told) as ArrayRef))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray as _, StringArray};
    use datafusion::logical_expr::ColumnarValue;

    use super::crypto_direction;
    use crate::decode;

    #[test]
    fn cryptographic_operations_have_a_direction_and_others_none() {
        let names = [
            Some("Decrypt"),
            Some("Decrypt"),
            None,
            Some("DescribeKey"),
            Some("Encrypt"),
        ];
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        let directions: HashMap<_, _> = decode::crypto_operations().iter().copied().collect();
        let told = crypto_direction(&[ColumnarValue::Array(names)], &directions).expect("texts");
        let ColumnarValue::Array(told) = told else {
            panic!("no array");
        };
        let told: Vec<_> = told.as_string::<i32>().iter().collect();
        assert_eq!(
            told,
            [
                Some("decrypt"),
                Some("decrypt"),
                None,
                None,
                Some("encrypt")
            ]
        );
    }
}
