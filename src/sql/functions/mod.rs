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
//! - `json_text(document, pointer)`: the member of a JSON text that the pointer leads to
//!   (`/keyMetadata/origin`), as text; null where there is none.
//! - `json_names(document)`: the names of the members of a JSON object, as a list; empty where it is none.
//! - `network(address)`: the network around an IP address, `/24` of IPv4 and `/48` of IPv6; null for
//!   anything else, as the name of a service.
//! - `hash_bits(text)`: a number in place of a text, in `bits`.
//! - `operation_kind`, `operation_class`, `crypto_direction`, `operation_has`, `kms_operation_names`: what an operation
//!   is to the key, in `operations`.
//! - `caller_account`, `is_network`: whose call a record is, and whether it is one of its own, in `records`.
//! - `kms_read_logging`, `logs_writes`, `digest_logs`, `log_key`, `is_digest_location`: what trails and digests say, in
//!   `logging`.
//! - `linked_ranges`, `levels`: ranges of time that belong together, and what their weights add up to, in `ranges`.
//! - `counts`, `few_counts`, `top_counts`, `top_values`: aggregates, the most frequent values as a text, in `ranked`.
//! - `distinct_texts`: an aggregate, how many different texts there are, in `distinct`.
//! - `day_series`, `count_series`: aggregates, counts over time with their zeros, in `series`.
//! - `retention_horizon`, `key_retention_horizon`: from when on rows are kept, in `retention`.

mod bits;
mod distinct;
mod logging;
mod operations;
mod ranges;
mod ranked;
mod records;
pub(super) mod retention;
mod series;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, ListBuilder, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use serde_json::Value;

use super::cells::texts;
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
    context.register_udf(create_udf(
        "json_text",
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(json_text),
    ));
    context.register_udf(create_udf(
        "json_names",
        vec![DataType::Utf8],
        DataType::new_list(DataType::Utf8, true),
        Volatility::Immutable,
        Arc::new(json_names),
    ));
    context.register_udf(create_udf(
        "network",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(network),
    ));
    bits::register(context);
    logging::register(context);
    operations::register(context);
    ranges::register(context);
    distinct::register(context);
    ranked::register(context);
    records::register(context);
    retention::register(context, &BTreeMap::new());
    series::register(context);
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
    lists(contexts, decode::context_resources)
}

fn json_text(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [documents, pointers] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "json_text takes a JSON text and a pointer".to_owned(),
        ));
    };
    let (documents, pointers) = (texts(documents)?, texts(pointers)?);
    let found: StringArray = documents
        .iter()
        .zip(pointers.iter())
        .map(|(document, pointer)| decode::json_text(document?, pointer?))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(found)))
}

fn json_names(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [documents] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "json_names takes a JSON text".to_owned(),
        ));
    };
    lists(documents, decode::json_names)
}

/// What a function finds in each text, as a list; an empty one for null.
fn lists<T: Into<Option<String>>>(
    array: &ArrayRef,
    find: impl Fn(&str) -> Vec<T>,
) -> Result<ColumnarValue> {
    let mut found = ListBuilder::new(StringBuilder::new());
    for text in &texts(array)? {
        for name in text.map(&find).unwrap_or_default() {
            found.values().append_option(name.into());
        }
        found.append(true);
    }
    Ok(ColumnarValue::Array(Arc::new(found.finish())))
}

fn network(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [addresses] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(
            "network takes an IP address".to_owned(),
        ));
    };
    let networks: StringArray = texts(addresses)?
        .iter()
        .map(|address| network_of(address?))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(networks)))
}

/// The network that a site has for itself: `/24` of IPv4, `/48` of IPv6. One address has one network,
/// however it is written.
fn network_of(address: &str) -> Option<String> {
    Some(
        match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{}/24", Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        },
    )
}

/// A tag in a request.
struct Tag {
    name: String,
    value: Option<String>,
}

/// What is known of a tag.
type OfTag = fn(Tag) -> Option<String>;

fn tags(function: &str, arguments: &[ColumnarValue], told: OfTag) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [requests] = arrays.as_slice() else {
        return Err(DataFusionError::Execution(format!(
            "{function} takes the parameters of a request"
        )));
    };
    lists(requests, |request| {
        request_tags(request).into_iter().map(told).collect()
    })
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

    #[tokio::test]
    async fn members_of_json_are_found_by_their_place() {
        const DOCUMENT: &str = r#"{"a":{"b/c":"x\u00e9","n":1.50,"list":["p",{"q":true}],"none":null},"a~":"t","a2":"","d":1,"d":2}"#;
        for (pointer, expected) in [
            ("/a/b~1c", "x\u{e9}"),
            ("/a/n", "1.50"),
            ("/a/list/0", "p"),
            ("/a/list/1", r#"{"q":true}"#),
            ("/a/list/1/q", "true"),
            ("/a~0", "t"),
            ("/d", "2"),
            ("/a2", ""),
            ("/a/none", ""),
            ("/a/list/2", ""),
            ("/a/list/x", ""),
            ("/a/n/z", ""),
            ("/z", ""),
            ("a", ""),
        ] {
            check(&format!("json_text('{DOCUMENT}', '{pointer}')"), expected).await;
        }
        // An empty text is one; null and what is not there are none.
        for (pointer, is_null) in [("/a2", false), ("/a/none", true), ("/z", true)] {
            let expression = format!("json_text('{DOCUMENT}', '{pointer}') IS NULL");
            check(&expression, &is_null.to_string()).await;
        }
        check("json_text('[7]', '')", "[7]").await;
        check("json_text('no JSON', '') IS NULL", "true").await;
        check("json_text(NULL, '/a') IS NULL", "true").await;
    }

    #[tokio::test]
    async fn the_names_of_a_json_object_are_listed() {
        for (document, expected) in [
            (
                r#"{"Purpose":"x","aws:s3:arn":{"no":1},"Purpose":"y"}"#,
                "[Purpose, aws:s3:arn]",
            ),
            ("{}", "[]"),
            ("[1]", "[]"),
            ("no JSON", "[]"),
        ] {
            check(&format!("json_names('{document}')"), expected).await;
        }
        check("json_names(NULL)", "[]").await;
    }

    #[tokio::test]
    async fn an_address_lies_in_the_network_of_its_site() {
        for (address, expected) in [
            ("198.51.100.7", "198.51.100.0/24"),
            ("2001:db8:1:2::7", "2001:db8:1::/48"),
            ("2001:0DB8:0001:ffff:0:0:0:7", "2001:db8:1::/48"),
            // One address in another spelling.
            ("::ffff:198.51.100.7", "198.51.100.0/24"),
            ("::1", "::/48"),
        ] {
            check(&format!("network('{address}')"), expected).await;
        }
        for nothing in [
            "'s3.amazonaws.com'",
            "'AWS Internal'",
            "'198.51.100'",
            "''",
            "NULL",
        ] {
            check(&format!("network({nothing}) IS NULL"), "true").await;
        }
    }
}
