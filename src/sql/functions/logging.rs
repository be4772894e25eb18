//! What a trail's event selectors, and a digest, say; for SQL.
//!
//! - `kms_read_logging(selectors)`: what a trail logs of KMS by the answer of GetEventSelectors or the request of
//!   PutEventSelectors: `read_write`, `write_only` or `excluded`; null where the text does not tell.
//! - `logs_writes(selectors, source)`: whether a trail logs the management events of a service that change something, by
//!   the same texts; null where the text does not tell.
//! - `digest_logs(digest)`: the logs that a digest names, as a list of structures: `key`, as `log_key` gives it,
//!   `oldest` and `newest` event, and when it was `delivered`, by its name.
//! - `is_digest_location(location)`: whether the path is that of a digest; a trail's own prefix tells nothing.
//! - `log_key(location)`: the key of a log object from `AWSLogs/` on, the same for every copy of a bucket.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanArray, ListBuilder, StringArray, StringBuilder, StructBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use serde_json::Value;

use super::texts;
use crate::decode::{DigestContent, ObjectKind, parse_event_time};
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
        "logs_writes",
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let [selectors, sources] = arrays.as_slice() else {
                return Err(DataFusionError::Execution(
                    "`logs_writes` takes selectors and a service".to_owned(),
                ));
            };
            let told: BooleanArray = texts(selectors)?
                .iter()
                .zip(&texts(sources)?)
                .map(|(selectors, source)| logs_writes(selectors?, source?))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(told)))
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
        "is_digest_location",
        vec![DataType::Utf8],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let told: BooleanArray = texts(&only(arguments)?)?
                .iter()
                .map(|location| location.map(is_digest_location))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(told)))
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

fn is_digest_location(location: &str) -> bool {
    // Few locations hold the word, and reading a path takes longer than looking for it.
    location.contains("CloudTrail-Digest")
        && PathFacts::read(location).kind == Some(ObjectKind::Digest)
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
        let logs = digest.map(DigestContent::logs_of).unwrap_or_default();
        for log in logs {
            let row = lists.values();
            if let Some(keys) = row.field_builder::<StringBuilder>(0) {
                keys.append_value(log_key(&log.s3_object));
            }
            let event_time = |time: &Option<String>| parse_event_time(time.as_deref()?);
            let times = [
                event_time(&log.oldest_event_time),
                event_time(&log.newest_event_time),
                PathFacts::read(&log.s3_object).delivery_time,
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

/// What one selector lets through of a service's management events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LoggedEvents {
    Nothing,
    Writes,
    ReadsAlone,
    Everything,
}

/// What a trail logs of KMS. One selector is enough to log something, so that another that cannot be read takes
/// nothing from it.
fn kms_read_logging(selectors: &str) -> Option<String> {
    let logged = logged(selectors, KMS)?;
    // A trail without any selector does not tell what it does.
    let most = logged.iter().flatten().max().copied();
    let is_all_read = !logged.is_empty() && logged.iter().all(Option::is_some);
    let told = match most {
        Some(LoggedEvents::Everything | LoggedEvents::ReadsAlone) => "read_write",
        _ if !is_all_read => return None,
        Some(LoggedEvents::Writes) => "write_only",
        _ => "excluded",
    };
    Some(told.to_owned())
}

/// Whether a trail logs what changes something by a service.
fn logs_writes(selectors: &str, source: &str) -> Option<bool> {
    let logged = logged(selectors, source)?;
    let is_logged =
        |one: &LoggedEvents| matches!(one, LoggedEvents::Everything | LoggedEvents::Writes);
    if logged.iter().flatten().any(is_logged) {
        return Some(true);
    }
    let is_all_read = !logged.is_empty() && logged.iter().all(Option::is_some);
    is_all_read.then_some(false)
}

/// What each selector lets through of a service; none where it does not tell.
fn logged(selectors: &str, source: &str) -> Option<Vec<Option<LoggedEvents>>> {
    let document: Value = serde_json::from_str(selectors).ok()?;
    let list = |name: &str| member(&document, name).and_then(Value::as_array);
    let basic = list("EventSelectors").into_iter().flatten();
    let advanced = list("AdvancedEventSelectors").into_iter().flatten();
    let basic = basic.map(|selector| of_basic(selector, source));
    let advanced = advanced.map(|selector| of_advanced(selector, source));
    Some(basic.chain(advanced).collect())
}

/// A member by its name in answers, or as requests are logged, with a small first letter.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let small = name[..1].to_lowercase() + &name[1..];
    value.get(name).or_else(|| value.get(small))
}

/// None where the selector says something that is not known.
fn of_basic(selector: &Value, source: &str) -> Option<LoggedEvents> {
    // AWS takes what is not given for true, and for All.
    let is_management = member(selector, "IncludeManagementEvents")
        .is_none_or(|value| value.as_bool().unwrap_or(value.as_str() != Some("false")));
    let is_excluded = member(selector, "ExcludeManagementEventSources")
        .and_then(Value::as_array)
        .is_some_and(|excluded| excluded.iter().any(|one| one == source));
    if !is_management || is_excluded {
        return Some(LoggedEvents::Nothing);
    }
    match member(selector, "ReadWriteType").and_then(Value::as_str) {
        None | Some("All") => Some(LoggedEvents::Everything),
        Some("ReadOnly") => Some(LoggedEvents::ReadsAlone),
        Some("WriteOnly") => Some(LoggedEvents::Writes),
        Some(_) => None,
    }
}

/// Fields by which a selector lets some management events through and others not.
const NARROWING_FIELDS: [&str; 5] = [
    "eventName",
    "eventType",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
    "vpcEndpointId",
];

/// None where the selector has a field or an operator that is not known, and may be about management events.
fn of_advanced(selector: &Value, source: &str) -> Option<LoggedEvents> {
    let fields = member(selector, "FieldSelectors").and_then(Value::as_array)?;
    let named = |wanted: &str| {
        let name = |field: &&Value| member(field, "Field").and_then(Value::as_str) == Some(wanted);
        let found: Vec<&Value> = fields.iter().filter(name).collect();
        found
    };
    let categories = named("eventCategory");
    if categories.is_empty() {
        return None;
    }
    for category in categories {
        if !lets_through(category, "Management")? {
            return Some(LoggedEvents::Nothing);
        }
    }
    let (mut reads, mut writes) = (true, true);
    for field in fields {
        match member(field, "Field").and_then(Value::as_str)? {
            "eventCategory" => {}
            "eventSource" => {
                if !lets_through(field, source)? {
                    return Some(LoggedEvents::Nothing);
                }
            }
            "readOnly" => {
                reads &= lets_through(field, "true")?;
                writes &= lets_through(field, "false")?;
            }
            known if NARROWING_FIELDS.contains(&known) => return Some(LoggedEvents::Nothing),
            _ => return None,
        }
    }
    Some(match (reads, writes) {
        (true, true) => LoggedEvents::Everything,
        (true, false) => LoggedEvents::ReadsAlone,
        (false, true) => LoggedEvents::Writes,
        (false, false) => LoggedEvents::Nothing,
    })
}

/// Whether the conditions on one field hold for a value; none where one of them is not known, or there is none.
fn lets_through(field: &Value, value: &str) -> Option<bool> {
    let (mut holds, mut conditions) = (true, 0);
    for (name, texts) in field.as_object()? {
        if name.eq_ignore_ascii_case("field") {
            continue;
        }
        let texts = match texts {
            // Answers may list operators that are not used.
            Value::Null => continue,
            texts => texts.as_array()?,
        };
        if texts.is_empty() {
            continue;
        }
        let texts: Vec<&str> = texts.iter().map(Value::as_str).collect::<Option<_>>()?;
        let mut texts = texts.into_iter();
        let (is_found, is_wanted) = match name.to_ascii_lowercase().as_str() {
            "equals" => (texts.any(|text| value == text), true),
            "startswith" => (texts.any(|text| value.starts_with(text)), true),
            "endswith" => (texts.any(|text| value.ends_with(text)), true),
            "notequals" => (texts.any(|text| value == text), false),
            "notstartswith" => (texts.any(|text| value.starts_with(text)), false),
            "notendswith" => (texts.any(|text| value.ends_with(text)), false),
            _ => return None,
        };
        holds &= is_found == is_wanted;
        conditions += 1;
    }
    (conditions > 0).then_some(holds)
}

#[cfg(test)]
mod tests {
    use super::{kms_read_logging, log_key, logs_writes};

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
        check(r#"{"EventSelectors":[{"ReadWriteType":"Some"}]}"#, None);
    }

    #[test]
    fn an_advanced_selector_that_is_not_understood_tells_nothing() {
        let of = |fields: &str| {
            format!(r#"{{"AdvancedEventSelectors":[{{"FieldSelectors":[{fields}]}}]}}"#)
        };
        let management = r#"{"Field":"eventCategory","Equals":["Management"]}"#;
        for field in [
            r#"{"Field":"eventSource","NotContains":["kms"]}"#,
            r#"{"Field":"eventSource","NotEquals":"kms.amazonaws.com"}"#,
            r#"{"Field":"eventSource"}"#,
            r#"{"Field":"readOnly","Equals":[true]}"#,
            r#"{"Field":"keySpec","NotEquals":["SYMMETRIC_DEFAULT"]}"#,
            r#"{"NotEquals":["kms.amazonaws.com"]}"#,
        ] {
            check(&of(&format!("{management},{field}")), None);
        }
        check(&of(r#"{"Field":"eventCategory","Matches":["M*"]}"#), None);
        check(&of(r#"{"Field":"readOnly","Equals":["true"]}"#), None);
        // What is surely about data events needs not be understood.
        let data = r#"{"Field":"new","Matches":["x"]},{"Field":"eventCategory","Equals":["Data"]}"#;
        check(&of(data), Some("excluded"));
        // Another selector logs all.
        check(
            &format!(
                r#"{{"AdvancedEventSelectors":[{{"FieldSelectors":[{management},{{"Field":"new"}}]}},{{"FieldSelectors":[{management}]}}]}}"#
            ),
            Some("read_write"),
        );
        check(
            &of(&format!(
                r#"{management},{{"Field":"eventSource","NotEquals":["x"],"Equals":[],"EndsWith":null}}"#
            )),
            Some("read_write"),
        );
    }

    /// Calls that change a trail or a region are such events.
    #[test]
    fn a_trail_that_logs_reads_alone_logs_no_change() {
        let source = "cloudtrail.amazonaws.com";
        let basic = |members: &str| format!(r#"{{"eventSelectors":[{{{members}}}]}}"#);
        let advanced = |field: &str| {
            format!(
                r#"{{"AdvancedEventSelectors":[{{"FieldSelectors":[{{"Field":"eventCategory","Equals":["Management"]}}{field}]}}]}}"#
            )
        };
        for (selectors, expected) in [
            (basic(r#""readWriteType":"All""#), Some(true)),
            (basic(r#""readWriteType":"WriteOnly""#), Some(true)),
            (basic(r#""readWriteType":"ReadOnly""#), Some(false)),
            (basic(r#""includeManagementEvents":false"#), Some(false)),
            (
                basic(r#""excludeManagementEventSources":["kms.amazonaws.com"]"#),
                Some(true),
            ),
            (basic(r#""readWriteType":"Some""#), None),
            (advanced(""), Some(true)),
            (
                advanced(r#",{"Field":"readOnly","Equals":["true"]}"#),
                Some(false),
            ),
            (
                advanced(r#",{"Field":"readOnly","Equals":["false"]}"#),
                Some(true),
            ),
            (
                advanced(r#",{"Field":"eventSource","Equals":["kms.amazonaws.com"]}"#),
                Some(false),
            ),
            (
                advanced(r#",{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}"#),
                Some(true),
            ),
            (advanced(r#",{"Field":"new","Equals":["x"]}"#), None),
            ("{}".to_owned(), None),
        ] {
            assert_eq!(logs_writes(&selectors, source), expected, "{selectors}");
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
