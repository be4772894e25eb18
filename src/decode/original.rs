//! The original event, put together again from the columns of its row.
//!
//! Enters: a row of `kms_events` or `trail_events` with all columns. Leaves: JSON that is the same
//! value as what came in; `columns` decides which member is kept where, and a test keeps the two
//! together.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use thiserror::Error;

use super::canonical::write_text;
use super::json::Tape;
use super::time::format_event_time;

/// Members that a column stores as text.
const TEXTS: &[(&str, &str)] = &[
    ("awsRegion", "region"),
    ("errorCode", "error_code"),
    ("errorMessage", "error_message"),
    ("eventCategory", "event_category"),
    ("eventID", "event_id"),
    ("eventName", "event_name"),
    ("eventSource", "event_source"),
    ("eventType", "event_type"),
    ("eventVersion", "event_version"),
    ("recipientAccountId", "recipient_account_id"),
    ("requestID", "request_id"),
    ("sharedEventID", "shared_event_id"),
    ("sourceIPAddress", "source_ip"),
    ("userAgent", "user_agent"),
    ("vpcEndpointId", "vpc_endpoint_id"),
];

/// Members that a column stores as JSON.
const DOCUMENTS: &[(&str, &str)] = &[
    ("additionalEventData", "additional_event_data"),
    ("requestParameters", "request"),
    ("resources", "resources"),
    ("responseElements", "response"),
    ("userIdentity", "user_identity"),
];

/// Members that a column stores as true or false.
const FLAGS: &[(&str, &str)] = &[
    ("managementEvent", "is_management_event"),
    ("readOnly", "is_read_only"),
];

/// Why a row gives no event.
#[derive(Debug, Error)]
pub enum OriginalError {
    /// The row was selected without a column that is needed.
    #[error("column `{column}` is missing")]
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// A column has another type than the schema says.
    #[error("column `{column}` has an unexpected type")]
    Type {
        /// The column.
        column: &'static str,
        /// What Arrow says.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// `extra` is no JSON object.
    #[error("column `extra` is not a JSON object")]
    Extra,
}

/// The event of row `row`, as JSON on one line.
///
/// # Errors
/// If the row does not come from an event table with all its columns.
pub fn original_event(batch: &RecordBatch, row: usize) -> Result<String, OriginalError> {
    let extra = text(batch, "extra", row)?;
    let kept = match &extra {
        Some(extra) => names(extra).ok_or(OriginalError::Extra)?,
        None => HashSet::new(),
    };
    let mut members: Vec<(&str, String)> = Vec::new();
    for (member, column) in TEXTS {
        let is_derived =
            *member == "eventID" && flag(batch, "is_event_id_derived", row)? == Some(true);
        if let Some(value) = text(batch, column, row)?
            && !is_derived
        {
            let mut json = String::new();
            write_text(&mut json, &value);
            members.push((member, json));
        }
    }
    for (member, column) in DOCUMENTS {
        if let Some(json) = text(batch, column, row)? {
            members.push((member, json));
        }
    }
    for (member, column) in FLAGS {
        if let Some(value) = flag(batch, column, row)? {
            members.push((member, value.to_string()));
        }
    }
    if let Some(time) = time(batch, "event_time", row)?.and_then(format_event_time) {
        members.push(("eventTime", format!("\"{time}\"")));
    }
    members.retain(|(member, _)| !kept.contains(*member));
    members.sort();
    let mut json = String::from("{");
    for (member, value) in members {
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        json.push_str(member);
        json.push_str("\":");
        json.push_str(&value);
    }
    if let Some(inner) = extra.as_deref().and_then(|extra| extra.strip_prefix('{')) {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(inner);
    } else {
        json.push('}');
    }
    Ok(json)
}

fn names(object: &str) -> Option<HashSet<String>> {
    let mut tape = Tape::default();
    let value = tape.parse(object, usize::MAX).ok()?;
    Some(
        value
            .members()
            .filter_map(|(name, _)| name.text().map(std::borrow::Cow::into_owned))
            .collect(),
    )
}

fn column(
    batch: &RecordBatch,
    name: &'static str,
    kind: &DataType,
) -> Result<arrow::array::ArrayRef, OriginalError> {
    let array = batch
        .column_by_name(name)
        .ok_or(OriginalError::MissingColumn { column: name })?;
    cast(array, kind).map_err(|source| OriginalError::Type {
        column: name,
        source,
    })
}

fn text(
    batch: &RecordBatch,
    name: &'static str,
    row: usize,
) -> Result<Option<String>, OriginalError> {
    let array = column(batch, name, &DataType::Utf8)?;
    let array = array.as_string::<i32>();
    Ok((!array.is_null(row)).then(|| array.value(row).to_owned()))
}

fn flag(
    batch: &RecordBatch,
    name: &'static str,
    row: usize,
) -> Result<Option<bool>, OriginalError> {
    let array = column(batch, name, &DataType::Boolean)?;
    let array = array.as_boolean();
    Ok((!array.is_null(row)).then(|| array.value(row)))
}

fn time(batch: &RecordBatch, name: &'static str, row: usize) -> Result<Option<i64>, OriginalError> {
    let kind = crate::schema::ColumnKind::Time.data_type();
    let array = column(batch, name, &kind)?;
    let array = array.as_primitive::<TimestampMicrosecondType>();
    Ok((!array.is_null(row)).then(|| array.value(row)))
}
