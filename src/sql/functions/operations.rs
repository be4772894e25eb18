//! Functions that tell what an operation of KMS is, by the one list of them.
//!
//! - `operation_kind(event_name)`: `use` for a cryptographic operation, `management` for any other that is known,
//!   `unknown` for one that is in no list and may be a use.
//! - `operation_class(event_name)`: the same, but `read` for an operation that changes nothing and is no use.
//! - `crypto_direction(event_name)`: `encrypt` or `decrypt` for a cryptographic operation, null for any other.
//! - `operation_has(event_name, trait)`: whether it has a trait of the list (`opens`, `context`, `attestation`); null for
//!   an unknown one.
//! - `kms_operation_names()`: the names of all known operations, as a list.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use super::texts;
use crate::decode::{Operation, OperationClass, known_operation, operations};

/// A fact about an operation, or about one that is not known.
type OperationFact = fn(Option<&'static Operation>) -> Option<&'static str>;

/// What an unknown operation is.
const UNKNOWN: &str = "unknown";

pub(super) fn register(context: &SessionContext) {
    let by_name: [(&'static str, OperationFact); 3] = [
        ("operation_kind", |known| {
            Some(match known.map(|known| known.class) {
                Some(OperationClass::Use) => OperationClass::Use.word(),
                Some(_) => OperationClass::Management.word(),
                None => UNKNOWN,
            })
        }),
        ("operation_class", |known| {
            Some(known.map_or(UNKNOWN, |known| known.class.word()))
        }),
        ("crypto_direction", |known| known?.direction),
    ];
    for (name, told) in by_name {
        context.register_udf(create_udf(
            name,
            vec![DataType::Utf8],
            DataType::Utf8,
            Volatility::Immutable,
            Arc::new(move |arguments: &[ColumnarValue]| of_names(name, arguments, told)),
        ));
    }
    context.register_udf(create_udf(
        "operation_has",
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(operation_has),
    ));
    context.register_udf(create_udf(
        "kms_operation_names",
        Vec::new(),
        DataType::new_list(DataType::Utf8, true),
        Volatility::Immutable,
        Arc::new(|_no_arguments: &[ColumnarValue]| {
            let names = operations().iter();
            let names: Vec<ScalarValue> =
                names.map(|known| ScalarValue::from(known.name)).collect();
            let names = ScalarValue::new_list_nullable(&names, &DataType::Utf8);
            Ok(ColumnarValue::Scalar(ScalarValue::List(names)))
        }),
    ));
}

fn of_names(
    function: &'static str,
    arguments: &[ColumnarValue],
    told: OperationFact,
) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [names] = arrays.as_slice() else {
        return Err(wrong(function));
    };
    let names = texts(names)?;
    let mut last: Option<(Option<&str>, Option<&str>)> = None;
    let column: StringArray = names
        .iter()
        .map(|name| match last {
            // The same operation is in many rows that follow each other.
            Some((known, value)) if known == name => value,
            _ => {
                let value = told(name.and_then(known_operation));
                last = Some((name, value));
                value
            }
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(column) as ArrayRef))
}

fn operation_has(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [names, traits] = arrays.as_slice() else {
        return Err(wrong("operation_has"));
    };
    let (names, traits) = (texts(names)?, texts(traits)?);
    let column: BooleanArray = names
        .iter()
        .zip(traits.iter())
        .map(|(name, asked)| Some(known_operation(name?)?.has(asked?)))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(column) as ArrayRef))
}

fn wrong(function: &str) -> DataFusionError {
    DataFusionError::Execution(format!("{function} takes the name of an operation"))
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    #[track_caller]
    fn check(told: &str, expected: &str) {
        assert_eq!(told, expected);
    }

    async fn value(expression: &str) -> String {
        let context = crate::sql::context();
        let statement = format!("SELECT {expression} AS value");
        let frame = context.sql(&statement).await.expect("a statement");
        let batches = frame.collect().await.expect("a value");
        array_value_to_string(batches[0].column(0), 0).expect("a text")
    }

    #[tokio::test]
    async fn an_operation_is_known_or_unknown() {
        for (name, kind, class, direction) in [
            ("'Decrypt'", "use", "use", "decrypt"),
            ("'Encapsulate'", "use", "use", "encrypt"),
            ("'Decapsulate'", "use", "use", "decrypt"),
            ("'DescribeKey'", "management", "read", ""),
            ("'GetKeyLastUsage'", "management", "read", ""),
            ("'CreateGrant'", "management", "management", ""),
            ("'DeleteExpiredKeyMaterial'", "management", "management", ""),
            ("'EncryptFuture'", "unknown", "unknown", ""),
            ("''", "unknown", "unknown", ""),
            ("NULL", "unknown", "unknown", ""),
        ] {
            check(&value(&format!("operation_kind({name})")).await, kind);
            check(&value(&format!("operation_class({name})")).await, class);
            check(
                &value(&format!("crypto_direction({name})")).await,
                direction,
            );
        }
    }

    #[tokio::test]
    async fn traits_are_those_of_the_list() {
        for (name, with, without) in [
            ("Decrypt", "opens", "nonsense"),
            ("CreateGrant", "opens", "context"),
            ("GenerateDataKey", "context", "opens"),
            ("GenerateRandom", "attestation", "opens"),
        ] {
            check(
                &value(&format!("operation_has('{name}', '{with}')")).await,
                "true",
            );
            check(
                &value(&format!("operation_has('{name}', '{without}')")).await,
                "false",
            );
        }
        check(&value("operation_has('EncryptFuture', 'opens')").await, "");
    }

    #[tokio::test]
    async fn rows_that_follow_each_other_are_told_apart() {
        let kinds = value(
            "(SELECT string_agg(operation_kind(name), ' ' ORDER BY place) FROM (VALUES \
             (1, 'Decrypt'), (2, 'Decrypt'), (3, NULL), (4, NULL), (5, 'TagResource'), (6, 'Nope'), (7, 'Sign')) \
             AS rows (place, name))",
        )
        .await;
        check(&kinds, "use use unknown unknown management unknown use");
    }
}
