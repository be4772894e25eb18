//! Functions for SQL, registered by name in one place.
//!
//! - `arn_part(arn, n)`: the n-th part of an ARN from 1 (`arn`), 2 partition, 3 service, 4 region,
//!   5 account, 6 resource; null where there is none.
//! - `key_id(arn)`: the id in the ARN of a KMS key; null for anything else.
//! - `context_resources(context)`: the resources that an encryption context names, as a list of the
//!   names that `resource_list` gives them; empty where it names none or is null.
//! - `tag_names(request)`, `tag_values(request)`: the tags that the parameters of CreateKey, ReplicateKey,
//!   TagResource or UntagResource name, and their values in the same order; empty where
//!   they name none or are null.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, ListBuilder, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use serde_json::Value;

use crate::decode::{self, KmsArn};

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
    context.register_udf(create_udf(
        "context_resources",
        vec![DataType::Utf8],
        DataType::new_list(DataType::Utf8, true),
        Volatility::Immutable,
        Arc::new(context_resources),
    ));
    for (name, told) in [
        ("tag_names", (|tag| Some(tag.name)) as OfTag),
        ("tag_values", |tag| tag.value),
    ] {
        context.register_udf(create_udf(
            name,
            vec![DataType::Utf8],
            DataType::new_list(DataType::Utf8, true),
            Volatility::Immutable,
            Arc::new(move |arguments| tags(name, arguments, told)),
        ));
    }
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

fn context_resources(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [contexts] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "context_resources takes an encryption context".to_owned(),
        ));
    };
    let mut resources = ListBuilder::new(StringBuilder::new());
    for context in &texts(contexts)? {
        for name in context.map(decode::context_resources).unwrap_or_default() {
            resources.values().append_value(name);
        }
        resources.append(true);
    }
    Ok(ColumnarValue::Array(Arc::new(resources.finish())))
}

/// A tag in a request.
struct Tag {
    name: String,
    value: Option<String>,
}

/// What is told of a tag.
type OfTag = fn(Tag) -> Option<String>;

fn tags(function: &str, arguments: &[ColumnarValue], told: OfTag) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [requests] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(format!(
            "{function} takes the parameters of a request"
        )));
    };
    let mut list = ListBuilder::new(StringBuilder::new());
    for request in &texts(requests)? {
        for tag in request.map(request_tags).unwrap_or_default() {
            list.values().append_option(told(tag));
        }
        list.append(true);
    }
    Ok(ColumnarValue::Array(Arc::new(list.finish())))
}

/// The tags of `{"tags":[{"tagKey":…,"tagValue":…}]}`, or those of `{"tagKeys":[…]}`, which have no value.
fn request_tags(request: &str) -> Vec<Tag> {
    let request = serde_json::from_str::<Value>(request).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let set = request["tags"].as_array().into_iter().flatten();
    let set = set.filter_map(|tag| {
        Some(Tag {
            name: text(&tag["tagKey"])?,
            value: text(&tag["tagValue"]),
        })
    });
    let removed = request["tagKeys"].as_array().into_iter().flatten();
    let removed = removed.filter_map(|name| {
        Some(Tag {
            name: text(name)?,
            value: None,
        })
    });
    set.chain(removed).collect()
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
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
    async fn resources_are_named_as_in_resource_list() {
        for (context, expected) in [
            (r#"{"aws:ebs:id":"vol-1"}"#, "[ec2.amazonaws.com:vol-1]"),
            (
                r#"{"aws:s3:arn":"arn:aws:s3:::b/o","aws:new:arn":"arn:aws:new:::x","aws:s3:arn":"arn:aws:s3:::b/o"}"#,
                "[arn:aws:s3:::b/o, arn:aws:new:::x]",
            ),
            // Escapes are read; what no list knows names nothing, nor does a value that is no text.
            (
                r#"{"aws:ebs:id":"a\u00e9\"b"}"#,
                "[ec2.amazonaws.com:a\u{e9}\"b]",
            ),
            (r#"{"purpose":"vol-1","aws:ebs:id":{"a":"b"}}"#, "[]"),
            ("{}", "[]"),
            ("[1]", "[]"),
            ("no JSON", "[]"),
        ] {
            check(&format!("context_resources('{context}')"), expected).await;
        }
        check("context_resources(NULL)", "[]").await;
    }

    #[tokio::test]
    async fn tags_are_read_from_requests() {
        for (request, names, values) in [
            (
                r#"{"keyId":"k","tags":[{"tagKey":"Team","tagValue":"a\u00e9"},{"tagKey":"x","tagValue":""}]}"#,
                "[Team, x]",
                "[a\u{e9}, ]",
            ),
            (r#"{"keyId":"k","tagKeys":["Team"]}"#, "[Team]", "[]"),
            // What is no tag names none.
            (
                r#"{"tags":[{"tagValue":"a"},7],"tagKeys":{"a":"b"}}"#,
                "[]",
                "[]",
            ),
            (r#"{"tags":null}"#, "[]", "[]"),
            ("no JSON", "[]", "[]"),
        ] {
            check(&format!("tag_names('{request}')"), names).await;
            check(&format!("tag_values('{request}')"), values).await;
        }
        check("tag_names(NULL)", "[]").await;
    }
}
