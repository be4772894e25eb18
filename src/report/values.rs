//! The values of parameters, and statements bound to them.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use super::ReportError;
use crate::catalog::Parameter;
use crate::sql::{frame, without_empty_views};

/// Reads a statement without planning it.
pub(super) fn parse(context: &SessionContext, sql: &str) -> Result<(), DataFusionError> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    state.sql_to_statement(sql, &dialect).map(|_statement| ())
}

/// A statement of a query file, with its parameters bound; it may only read.
pub(super) async fn plan(
    context: &SessionContext,
    sql: &str,
    values: &BTreeMap<String, ScalarValue>,
) -> Result<DataFrame, DataFusionError> {
    let frame = frame(context, sql).await?;
    let values = values
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    without_empty_views(frame.with_param_values(ParamValues::Map(values))?).await
}

pub(super) fn integer(parameter: &Parameter, text: &str) -> Result<i64, ReportError> {
    text.trim()
        .parse()
        .map_err(|_not_a_number| invalid(parameter, text, "a whole number"))
}

/// The most days a report counts back: a hundred years.
const DAYS_BACK_MAX: u32 = 36_525;

pub(super) fn days(parameter: &Parameter, text: &str) -> Result<u32, ReportError> {
    // `90d` is how the same thing is typed for --since.
    let number = text.trim();
    let number = number.strip_suffix('d').unwrap_or(number);
    number
        .parse()
        .ok()
        .filter(|days| (1..=DAYS_BACK_MAX).contains(days))
        .ok_or_else(|| invalid(parameter, text, "a number of days from 1 to 36525"))
}

fn invalid(parameter: &Parameter, value: &str, expected: &'static str) -> ReportError {
    ReportError::InvalidParameter {
        parameter: parameter.name.clone(),
        value: value.to_owned(),
        expected,
    }
}

pub(super) fn timestamp(time: Option<DateTime<Utc>>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(time.map(|time| time.timestamp_micros()), Some("UTC".into()))
}

/// A list of texts to look in; nothing is in an empty one.
pub(super) fn text_list(texts: &[String]) -> ScalarValue {
    let values: Vec<ScalarValue> = texts
        .iter()
        .map(|text| ScalarValue::Utf8(Some(text.clone())))
        .collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8))
}
