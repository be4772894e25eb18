//! What a trail's event selectors, and a digest, say; for SQL.
//!
//! - `kms_read_logging(selectors)`: what a trail logs of KMS by the answer of GetEventSelectors or the request of
//!   PutEventSelectors: `read_write`, `write_only` or `excluded`; null where the text does not tell.
//! - `digest_logs(digest)`: the logs that a digest names, as a list of structures: `key`, as `log_key` gives it,
//!   `oldest` and `newest` event, and when it was `delivered`, by its name.
//! - `log_key(location)`: the key of a log object from `AWSLogs/` on, the same for every copy of a bucket.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ListBuilder, StringArray, StringBuilder, StructBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use serde_json::Value;

use super::texts;
use crate::decode::parse_event_time;
use crate::source::PathFacts;

/// Where the layout of CloudTrail begins in a key.
const LAYOUT: &str = "AWSLogs/";

const KMS: &str = "kms.amazonaws.com";

/// Adds the functions to a context.
pub(super) fn register(context: &SessionContext) {
    context.register_udf(create_udf(
        "kms_read_logging",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let found: StringArray = texts(&only(arguments)?)?
                .iter()
                .map(|text| kms_read_logging(text?))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(found)))
        }),
    ));
    context.register_udf(create_udf(
        "log_key",
        vec![DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let keys: StringArray = texts(&only(arguments)?)?
                .iter()
                .map(|location| location.map(log_key))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(keys)))
        }),
    ));
    context.register_udf(create_udf(
        "digest_logs",
        vec![DataType::Utf8],
        DataType::new_list(DataType::Struct(log_fields()), true),
        Volatility::Immutable,
        Arc::new(digest_logs),
    ));
}

fn only(arguments: &[ColumnarValue]) -> Result<ArrayRef> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    arrays
        .into_iter()
        .next()
        .ok_or_else(|| DataFusionError::Execution("the function takes one text".to_owned()))
}

fn log_key(location: &str) -> &str {
    location
        .rfind(LAYOUT)
        .map_or(location, |start| &location[start..])
}

fn log_fields() -> Fields {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Fields::from(vec![
        Field::new("key", DataType::Utf8, true),
        Field::new("oldest", time(), true),
        Field::new("newest", time(), true),
        Field::new("delivered", time(), true),
    ])
}

fn digest_logs(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let time = || -> Box<dyn ArrayBuilder> {
        Box::new(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
    };
    let columns: Vec<Box<dyn ArrayBuilder>> =
        vec![Box::new(StringBuilder::new()), time(), time(), time()];
    let mut lists = ListBuilder::new(StructBuilder::new(log_fields(), columns));
    for digest in &texts(&only(arguments)?)? {
        let digest = digest.and_then(|digest| serde_json::from_str::<Value>(digest).ok());
        let logs = digest
            .as_ref()
            .and_then(|digest| digest["logFiles"].as_array());
        for log in logs.into_iter().flatten() {
            let Some(key) = log["s3Object"].as_str() else {
                continue;
            };
            let row = lists.values();
            if let Some(keys) = row.field_builder::<StringBuilder>(0) {
                keys.append_value(log_key(key));
            }
            let event_time = |name: &str| log[name].as_str().and_then(parse_event_time);
            let times = [
                event_time("oldestEventTime"),
                event_time("newestEventTime"),
                PathFacts::read(key).delivery_time,
            ];
            for (index, time) in times.into_iter().enumerate() {
                if let Some(times) = row.field_builder::<TimestampMicrosecondBuilder>(index + 1) {
                    times.append_option(time);
                }
            }
            row.append(true);
        }
        lists.append(true);
    }
    Ok(ColumnarValue::Array(Arc::new(lists.finish())))
}

/// What one selector lets through of KMS' management events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Logged {
    Nothing,
    Writes,
    ReadsAlone,
    Everything,
}

/// What a trail logs of KMS.
fn kms_read_logging(selectors: &str) -> Option<String> {
    let document: Value = serde_json::from_str(selectors).ok()?;
    let list = |name: &str| member(&document, name).and_then(Value::as_array);
    let basic = list("EventSelectors").into_iter().flatten().map(of_basic);
    let advanced = list("AdvancedEventSelectors")
        .into_iter()
        .flatten()
        .map(of_advanced);
    let logged: Vec<Logged> = basic.chain(advanced).collect();
    // A trail without any selector does not tell what it does.
    let most = *logged.iter().max()?;
    Some(
        match most {
            Logged::Everything | Logged::ReadsAlone => "read_write",
            Logged::Writes => "write_only",
            Logged::Nothing => "excluded",
        }
        .to_owned(),
    )
}

/// A member by its name in answers, or as requests are logged, with a small first letter.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let small = name[..1].to_lowercase() + &name[1..];
    value.get(name).or_else(|| value.get(small))
}

fn of_basic(selector: &Value) -> Logged {
    // AWS takes what is not given for true, and for All.
    let is_management = member(selector, "IncludeManagementEvents")
        .is_none_or(|value| value.as_bool().unwrap_or(value.as_str() != Some("false")));
    let is_kms_excluded = member(selector, "ExcludeManagementEventSources")
        .and_then(Value::as_array)
        .is_some_and(|sources| sources.iter().any(|source| source == KMS));
    if !is_management || is_kms_excluded {
        return Logged::Nothing;
    }
    match member(selector, "ReadWriteType").and_then(Value::as_str) {
        None | Some("All") => Logged::Everything,
        Some("ReadOnly") => Logged::ReadsAlone,
        Some("WriteOnly") => Logged::Writes,
        Some(_) => Logged::Nothing,
    }
}

fn of_advanced(selector: &Value) -> Logged {
    let fields = member(selector, "FieldSelectors").and_then(Value::as_array);
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        return Logged::Nothing;
    };
    let (mut reads, mut writes, mut is_management) = (true, true, false);
    for field in fields {
        let lets = |value: &str| lets_through(field, value);
        match member(field, "Field").and_then(Value::as_str) {
            Some("eventCategory") if lets("Management") => is_management = true,
            Some("eventSource") if lets(KMS) => {}
            Some("readOnly") => {
                reads &= lets("true");
                writes &= lets("false");
            }
            // Any other condition lets some events through and others not.
            _ => return Logged::Nothing,
        }
    }
    match (is_management, reads, writes) {
        (true, true, true) => Logged::Everything,
        (true, true, false) => Logged::ReadsAlone,
        (true, false, true) => Logged::Writes,
        _ => Logged::Nothing,
    }
}

/// Whether the conditions on one field hold for a value.
fn lets_through(field: &Value, value: &str) -> bool {
    type Compare = fn(&str, &str) -> bool;
    let conditions: [(&str, Compare, bool); 6] = [
        ("Equals", |value, text| value == text, true),
        ("StartsWith", |value, text| value.starts_with(text), true),
        ("EndsWith", |value, text| value.ends_with(text), true),
        ("NotEquals", |value, text| value == text, false),
        (
            "NotStartsWith",
            |value, text| value.starts_with(text),
            false,
        ),
        ("NotEndsWith", |value, text| value.ends_with(text), false),
    ];
    conditions.iter().all(|(name, compare, is_wanted)| {
        let texts = member(field, name).and_then(Value::as_array);
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
            return true;
        };
        let mut texts = texts.iter().filter_map(Value::as_str);
        texts.any(|text| compare(value, text)) == *is_wanted
    })
}

#[cfg(test)]
mod tests {
    use super::{kms_read_logging, log_key};

    #[track_caller]
    fn check(selectors: &str, expected: Option<&str>) {
        assert_eq!(
            kms_read_logging(selectors).as_deref(),
            expected,
            "{selectors}"
        );
    }

    #[test]
    fn basic_selectors() {
        check(
            r#"{"TrailARN":"a","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]}"#,
            Some("read_write"),
        );
        check(
            r#"{"trailName":"t","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"excludeManagementEventSources":["kms.amazonaws.com"]}]}"#,
            Some("excluded"),
        );
        check(
            r#"{"eventSelectors":[{"readWriteType":"WriteOnly","includeManagementEvents":true}]}"#,
            Some("write_only"),
        );
        check(
            r#"{"eventSelectors":[{"readWriteType":"ReadOnly"}]}"#,
            Some("read_write"),
        );
        check(
            r#"{"eventSelectors":[{"readWriteType":"All","includeManagementEvents":false}]}"#,
            Some("excluded"),
        );
        check(
            r#"{"eventSelectors":[{"readWriteType":"WriteOnly"},{"readWriteType":"ReadOnly"}]}"#,
            Some("read_write"),
        );
    }

    #[test]
    fn advanced_selectors() {
        let selector = |fields: &str| {
            format!(
                r#"{{"AdvancedEventSelectors":[{{"Name":"d","FieldSelectors":[{{"Field":"eventCategory","Equals":["Data"]}}]}},{{"FieldSelectors":[{{"Field":"eventCategory","Equals":["Management"]}}{fields}]}}]}}"#
            )
        };
        check(&selector(""), Some("read_write"));
        check(
            &selector(r#",{"Field":"readOnly","Equals":["false"]}"#),
            Some("write_only"),
        );
        check(
            &selector(r#",{"Field":"readOnly","Equals":["true"]}"#),
            Some("read_write"),
        );
        check(
            &selector(
                r#",{"Field":"eventSource","NotEquals":["kms.amazonaws.com","rdsdata.amazonaws.com"]}"#,
            ),
            Some("excluded"),
        );
        check(
            &selector(r#",{"Field":"eventSource","NotEquals":["rdsdata.amazonaws.com"]}"#),
            Some("read_write"),
        );
        check(
            &selector(r#",{"Field":"eventName","NotEquals":["Decrypt"]}"#),
            Some("excluded"),
        );
    }

    #[test]
    fn what_does_not_tell_is_not_guessed() {
        for text in ["{}", "", r#"{"EventSelectors":[]}"#, "[1]"] {
            check(text, None);
        }
    }

    #[test]
    fn copies_of_a_bucket_have_the_same_keys() {
        let key = "AWSLogs/o-a/1/CloudTrail/x.json.gz";
        assert_eq!(log_key(&format!("file:///home/AWSLogs/copy/{key}")), key);
        assert_eq!(log_key(&format!("s3://bucket/prefix/{key}")), key);
        assert_eq!(log_key("file:///x.json"), "file:///x.json");
    }
}
