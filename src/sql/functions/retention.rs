//! From when on rows are kept; for SQL.
//!
//! - `retention_horizon(table)`: from when on the rows of a table are kept; null where that is for ever.
//! - `key_retention_horizon(names)`: from when on the events of all of these keys are kept, each named by a value
//!   that names it in a row; that of the table where there are none. A hold keeps those of its key longer.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use crate::schema::KMS_EVENTS;
use crate::sql::cells::texts;
use crate::store::Retention;

/// Tells a context how far back each table keeps its rows.
pub(in crate::sql) fn register(
    context: &SessionContext,
    retentions: &BTreeMap<&'static str, Retention>,
) {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let horizons: BTreeMap<&str, i64> = retentions
        .iter()
        .filter_map(|(table, retention)| Some((*table, retention.horizon?)))
        .collect();
    context.register_udf(create_udf(
        "retention_horizon",
        vec![DataType::Utf8],
        time(),
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| of_tables(arguments, &horizons)),
    ));
    let events = retentions.get(KMS_EVENTS.name).cloned().unwrap_or_default();
    context.register_udf(create_udf(
        "key_retention_horizon",
        vec![DataType::new_list(DataType::Utf8, true)],
        time(),
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| of_keys(arguments, &events)),
    ));
}

fn of_tables(arguments: &[ColumnarValue], horizons: &BTreeMap<&str, i64>) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [tables] = arrays.as_slice() else {
        return Err(wrong("`retention_horizon` takes the name of a table"));
    };
    let times: TimestampMicrosecondArray = texts(tables)?
        .iter()
        .map(|table| horizons.get(table?).copied())
        .collect();
    Ok(ColumnarValue::Array(Arc::new(times.with_timezone("UTC"))))
}

fn of_keys(arguments: &[ColumnarValue], events: &Retention) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [lists] = arrays.as_slice() else {
        return Err(wrong("`key_retention_horizon` takes the names of keys"));
    };
    let lists = lists.as_list::<i32>();
    let mut times = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let keys = texts(&lists.value(row))?;
        let keys: Vec<&str> = keys.iter().flatten().collect();
        times.push(events.horizon_of(&keys));
    }
    let times = TimestampMicrosecondArray::from(times);
    Ok(ColumnarValue::Array(Arc::new(times.with_timezone("UTC"))))
}

fn wrong(problem: &str) -> DataFusionError {
    DataFusionError::Execution(problem.to_owned())
}
