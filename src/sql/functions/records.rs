//! Functions that tell what a record is of a call, and whose call it is.
//!
//! - `caller_account(caller)`: the account of a caller, from its name; null for a service and whatever else tells none,
//!   which then belongs to the account of the log.
//! - `is_network(event_type, outcome)`: whether a record is what a VPC endpoint tells of a call that it let through to
//!   KMS. That call has a record of its own; what the endpoint refused has none.

use std::sync::Arc;

use arrow::array::{BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use super::texts;
use crate::decode;

pub(super) fn register(context: &SessionContext) {
    context.register_udf(create_udf(
        "caller_account",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(caller_account),
    ));
    context.register_udf(create_udf(
        "is_network",
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(is_network),
    ));
}

fn caller_account(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [callers] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "caller_account takes a caller".to_owned(),
        ));
    };
    let accounts: StringArray = texts(callers)?
        .iter()
        .map(|caller| {
            let caller = caller?;
            let named = caller.strip_prefix("account:");
            named.or_else(|| decode::account_of(caller))
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(accounts)))
}

fn is_network(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [types, outcomes] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "is_network takes the type and the outcome of an event".to_owned(),
        ));
    };
    let (types, outcomes) = (texts(types)?, texts(outcomes)?);
    let told: BooleanArray = types
        .iter()
        .zip(outcomes.iter())
        .map(|(event_type, outcome)| {
            let is_of_endpoint = event_type.is_some_and(|name| name.starts_with("AwsVpceEvent"));
            Some(is_of_endpoint && outcome != Some("denied"))
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(told)))
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    async fn check(expression: &str, expected: &str) {
        let frame = crate::sql::context()
            .sql(&format!("SELECT {expression} AS value"))
            .await
            .expect("a plan");
        let rows = frame.collect().await.expect("a row");
        let value = array_value_to_string(rows[0].column(0), 0).expect("a printable value");
        assert_eq!(value, expected, "{expression}");
    }

    #[tokio::test]
    async fn callers_tell_their_account_or_none() {
        for (caller, expected) in [
            ("'arn:aws:iam::111122223333:role/app'", "111122223333"),
            (
                "'arn:aws-cn:sts::444455556666:federated-user/x'",
                "444455556666",
            ),
            ("'account:444455556666'", "444455556666"),
            ("'service:s3.amazonaws.com'", ""),
            ("'identitycenter:906712'", ""),
            ("'unknown'", ""),
            ("'arn:aws:iam:::role/x'", ""),
            ("NULL", ""),
        ] {
            check(&format!("caller_account({caller})"), expected).await;
        }
        check("caller_account('unknown') IS NULL", "true").await;
    }

    #[tokio::test]
    async fn a_record_of_an_endpoint_is_another_one_unless_it_refused() {
        for (arguments, expected) in [
            ("'AwsVpceEvent', 'success'", "true"),
            ("'AwsVpceEvents', 'throttled'", "true"),
            ("'AwsVpceEvent', 'denied'", "false"),
            ("'AwsApiCall', 'success'", "false"),
            ("NULL, 'success'", "false"),
        ] {
            check(&format!("is_network({arguments})"), expected).await;
        }
    }
}
