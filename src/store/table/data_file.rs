//! A live data file, with what Delta's log says of its content.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};
use datafusion::common::ScalarValue;
use serde_json::{Map, Value};

use crate::schema::ColumnKind;
use crate::store::error::StoreError;

/// One live file with what the log says of its content.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Path within the table's folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
    /// The value of the table's partition column.
    pub partition: Option<String>,
    pub(in crate::store) minimum: Map<String, Value>,
    pub(in crate::store) maximum: Map<String, Value>,
    pub(in crate::store) nulls: Map<String, Value>,
}

impl DataFile {
    /// Reads what Delta's log says of a file.
    pub(in crate::store) fn new(
        table: &'static str,
        path: String,
        size: i64,
        partitions: &HashMap<String, Option<String>>,
        statistics: Option<&str>,
    ) -> Result<Self, StoreError> {
        let mut statistics: Value =
            serde_json::from_str(statistics.unwrap_or("{}")).map_err(|source| {
                StoreError::Statistics {
                    table,
                    path: path.clone(),
                    source,
                }
            })?;
        let mut object = |name: &str| match statistics.get_mut(name).map(Value::take) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        let (minimum, maximum, nulls) = (
            object("minValues"),
            object("maxValues"),
            object("nullCount"),
        );
        Ok(Self {
            path,
            size: u64::try_from(size).unwrap_or(0),
            rows: statistics
                .get("numRecords")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            partition: partitions.values().next().cloned().flatten(),
            minimum,
            maximum,
            nulls,
        })
    }

    /// The bounds of a column's values; they hold, but need not occur.
    #[must_use]
    pub fn bounds(&self, column: &str, kind: ColumnKind) -> Option<(ScalarValue, ScalarValue)> {
        Some((
            scalar(self.minimum.get(column)?, kind)?,
            scalar(self.maximum.get(column)?, kind)?,
        ))
    }

    /// The text in the only row of a file, where the log has it.
    pub(in crate::store) fn only_text(&self, column: &str) -> Option<&str> {
        let (low, high) = (self.minimum.get(column)?, self.maximum.get(column)?);
        (self.rows == 1 && low == high).then(|| low.as_str())?
    }

    /// How many rows have no value in a column.
    #[must_use]
    pub fn null_count(&self, column: &str) -> Option<u64> {
        self.nulls.get(column)?.as_u64()
    }
}

fn scalar(value: &Value, kind: ColumnKind) -> Option<ScalarValue> {
    match kind {
        ColumnKind::Text => Some(ScalarValue::Utf8(Some(value.as_str()?.to_owned()))),
        ColumnKind::Int => Some(ScalarValue::Int32(i32::try_from(value.as_i64()?).ok())),
        ColumnKind::Long => Some(ScalarValue::Int64(Some(value.as_i64()?))),
        ColumnKind::Date => {
            let date: NaiveDate = value.as_str()?.parse().ok()?;
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            Some(ScalarValue::Date32(Some(i32::try_from(days).ok()?)))
        }
        ColumnKind::Time => {
            let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            Some(ScalarValue::TimestampMicrosecond(
                Some(time.timestamp_micros()),
                Some("UTC".into()),
            ))
        }
        ColumnKind::TextList | ColumnKind::Bytes | ColumnKind::Bool => None,
    }
}
