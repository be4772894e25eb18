//! Answers of CloudTrail as its wire, and so the command line of AWS, has them.
//!
//! Enters: answers as the SDK gives them. Leaves: JSON in which is what was told and nothing else, so that a pull and
//! an import of the same answers are the same.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, DataResource, EventSelector, ReadWriteType,
};
use serde_json::{Map, Value};

/// An answer of GetEventSelectors.
pub(super) fn selectors(arn: &str, told: &GetEventSelectorsOutput) -> Value {
    object([
        ("TrailARN", Some(arn.into())),
        (
            "EventSelectors",
            list(told.event_selectors.as_deref(), basic),
        ),
        (
            "AdvancedEventSelectors",
            list(told.advanced_event_selectors.as_deref(), advanced),
        ),
    ])
}

/// An answer of GetTrailStatus, as far as it is of use.
pub(super) fn status(told: &GetTrailStatusOutput) -> Value {
    object([
        ("IsLogging", told.is_logging.map(Value::from)),
        ("StartLoggingTime", time(told.start_logging_time)),
        ("StopLoggingTime", time(told.stop_logging_time)),
        ("LatestDeliveryTime", time(told.latest_delivery_time)),
        (
            "LatestDeliveryError",
            text(told.latest_delivery_error.as_ref()),
        ),
        (
            "LatestDigestDeliveryTime",
            time(told.latest_digest_delivery_time),
        ),
        (
            "LatestDigestDeliveryError",
            text(told.latest_digest_delivery_error.as_ref()),
        ),
    ])
}

/// A time in microseconds.
pub(super) fn micros(time: &DateTime) -> Option<i64> {
    i64::try_from(time.as_nanos() / 1000).ok()
}

fn basic(selector: &EventSelector) -> Value {
    let kind = selector.read_write_type.as_ref();
    object([
        (
            "ReadWriteType",
            kind.map(ReadWriteType::as_str).map(Value::from),
        ),
        (
            "IncludeManagementEvents",
            selector.include_management_events.map(Value::from),
        ),
        (
            "DataResources",
            list(selector.data_resources.as_deref(), resource),
        ),
        (
            "ExcludeManagementEventSources",
            texts(selector.exclude_management_event_sources.as_ref()),
        ),
    ])
}

fn resource(resource: &DataResource) -> Value {
    object([
        ("Type", text(resource.r#type.as_ref())),
        ("Values", texts(resource.values.as_ref())),
    ])
}

fn advanced(selector: &AdvancedEventSelector) -> Value {
    let fields = selector.field_selectors.iter().map(|field| {
        object([
            ("Field", Some(field.field.clone().into())),
            ("Equals", texts(field.equals.as_ref())),
            ("StartsWith", texts(field.starts_with.as_ref())),
            ("EndsWith", texts(field.ends_with.as_ref())),
            ("NotEquals", texts(field.not_equals.as_ref())),
            ("NotStartsWith", texts(field.not_starts_with.as_ref())),
            ("NotEndsWith", texts(field.not_ends_with.as_ref())),
        ])
    });
    let fields = fields.collect::<Vec<_>>();
    object([
        ("Name", text(selector.name.as_ref())),
        ("FieldSelectors", Some(fields.into())),
    ])
}

fn object<const COUNT: usize>(members: [(&str, Option<Value>); COUNT]) -> Value {
    let told = members.into_iter();
    let told = told.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(told.collect::<Map<_, _>>())
}

fn list<T>(items: Option<&[T]>, value: fn(&T) -> Value) -> Option<Value> {
    items.map(|items| items.iter().map(value).collect())
}

fn text(text: Option<&String>) -> Option<Value> {
    text.map(|text| text.as_str().into())
}

fn texts(texts: Option<&Vec<String>>) -> Option<Value> {
    texts.map(|texts| texts.clone().into())
}

fn time(time: Option<DateTime>) -> Option<Value> {
    // A time out of the range of years has no text.
    let text = time?.fmt(DateTimeFormat::DateTime).ok()?;
    Some(text.into())
}
