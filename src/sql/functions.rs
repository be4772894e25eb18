//! Functions for SQL, registered by name in one place.
//!
//! - `arn_part(arn, n)`: the n-th part of an ARN from 1 (`arn`), 2 partition, 3 service, 4 region,
//!   5 account, 6 resource; null where there is none.
//! - `key_id(arn)`: the id in the ARN of a KMS key; null for anything else.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use crate::decode::KmsArn;

/// Adds all functions to a context.
pub(super) fn register(context: &SessionContext) {
    context.register_udf(create_udf(
        "arn_part",
        vec![DataType::Utf8, DataType::Int64],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(arn_part),
    ));
    context.register_udf(create_udf(
        "key_id",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(key_id),
    ));
}

fn arn_part(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [arns, numbers] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "arn_part takes an ARN and a number".to_owned(),
        ));
    };
    let arns = texts(arns)?;
    let numbers = cast(numbers, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let parts: StringArray = arns
        .iter()
        .zip(numbers.iter())
        .map(|(arn, number)| {
            let index = usize::try_from(number?.checked_sub(1)?).ok()?;
            arn?.starts_with("arn:")
                .then(|| arn?.splitn(6, ':').nth(index))
                .flatten()
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(parts)))
}

fn key_id(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [arns] = arrays.as_slice() else {
        return Err(DataFusionError::Execution("key_id takes an ARN".to_owned()));
    };
    let ids: StringArray = texts(arns)?
        .iter()
        .map(|arn| KmsArn::parse(arn?)?.key_id())
        .collect();
    Ok(ColumnarValue::Array(Arc::new(ids)))
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}
