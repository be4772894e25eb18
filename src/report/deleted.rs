//! What a report says of events that `keytrail retain` deleted.
//!
//! Enters: a report with its parameters bound. Leaves: a statement with one note, if the report reads events of a time
//! before the horizon. What is still known of them is counted by the day, and so it can be said who
//! was there. The horizon is the table's property: the oldest event says nothing, for those of aliases stay.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::prelude::SessionContext;

use super::ReportError;
use super::bind::Bound;
use super::filter::{CUT_DAYS, KnownValues};
use super::logs::time_of;
use super::reads::relations;
use super::values::{plan, text_list, timestamp};
use crate::catalog::Scoped;
use crate::catalog::{Library, Query};
use crate::sql::KEPT_OPERATIONS;

/// What holds events of the window.
const OF_THE_WINDOW: [&str; 3] = ["kms_events", "key_uses", "scope_uses"];

/// What holds events of all times, of which a report may tell whatever its window is.
const OF_ALL_TIMES: [&str; 3] = ["scope_uses_ever", "grants", "throttles"];

/// What a report reads that says itself what is known of the time before its events.
const COUNTS: [&str; 3] = ["usage_daily", "usage_monthly", "uses_daily"];

/// What holds counts by the day, month or resource.
const COUNTED: [&str; 8] = [
    "key_resources",
    "resources_by_key",
    "scope_counts",
    "scope_counts_ever",
    "scope_resources",
    "usage_daily",
    "usage_monthly",
    "uses_daily",
];

/// What is said where counts of the window were deleted too.
const COUNTS_TEXT: &str = "
SELECT
  'deleted' AS code,
  NULL AS count,
  'counts before ' || iso_time(counts_from) || ' are deleted; earlier uses are unknown' AS text
FROM (SELECT retention_horizon('usage_daily') AS counts_from) AS retention
CROSS JOIN log_period
WHERE counts_from > coalesce($since, counts_from - INTERVAL '1 day') AND coalesce(first_time < counts_from, true)";

/// From when on the events are kept; those of a key that is held, longer.
const HORIZON: &str = "SELECT key_retention_horizon(CASE WHEN cardinality($key_arns) > 0 THEN $key_arns ELSE $key_names END)";

/// The counts of the deleted events within the filters; `$since` and `$until` bound the part of the window that was deleted.
const TEXT: &str = "
WITH totals AS (
  SELECT
    coalesce(sum(count) FILTER (WHERE kind = 'use' AND outcome = 'success'), 0) AS uses,
    coalesce(sum(count) FILTER (WHERE NOT (kind = 'use' AND outcome = 'success')), 0) AS others,
    coalesce(sum(count) FILTER (WHERE kind = 'unknown'), 0) AS unknown,
    count(DISTINCT caller) AS callers,
    iso_time(max(last_time)) AS last_counted
  FROM scope_counts
  WHERE is_repeated IS NOT TRUE AND (cardinality($key_arns) > 0 OR key_role <> 'destination')
    AND NOT array_has($kept_operations, coalesce(event_name, ''))
    AND (NOT $has_principal OR array_has($principal_callers, caller))
    AND first_time < key_retention_horizon(make_array(coalesce(key_arn, key_as_typed, '')))
)

SELECT
  'deleted' AS code,
  CASE
    WHEN ($service IS NULL OR NOT is_by_records) AND (NOT $has_principal OR cardinality($principal_callers) > 0) THEN uses
  END AS count,
  'events before ' || iso_time($horizon) || ' are deleted; '
    || CASE
      WHEN $service IS NOT NULL AND is_by_records THEN 'daily counts do not name the service'
      WHEN $has_principal AND cardinality($principal_callers) = 0 THEN 'daily counts name callers only, not this principal'
      WHEN uses + others = 0 THEN 'daily counts show none within these filters'
      ELSE 'daily counts still show ' || counted(uses, 'use', 'uses')
        || CASE WHEN others = 0 THEN '' ELSE ' and ' || counted(others, 'other call', 'other calls') END
        || CASE WHEN unknown = 0 THEN '' ELSE ' (' || unknown || ' of unknown operations)' END
        || ' by ' || counted(callers, 'caller', 'callers') || ', last at ' || last_counted
        || '; see keytrail report operations'
    END
    || CASE
      WHEN counts_from > coalesce($since, counts_from - INTERVAL '1 day') AND coalesce(first_time < counts_from, true)
        THEN '; counts before ' || iso_time(counts_from) || ' are deleted too'
      ELSE ''
    END AS text
FROM totals
CROSS JOIN (
  SELECT
    min(event_date) AS first_date,
    coalesce(
      min(event_date) FILTER (WHERE is_day_in_window(event_date)) < CAST(retention_horizon('uses_daily') AS DATE), false
    ) AS is_by_records,
    retention_horizon('usage_daily') AS counts_from
  FROM usage_daily
) AS days
CROSS JOIN log_period
WHERE (coalesce(first_date < CAST($horizon AS DATE), false) OR coalesce(first_time < $horizon, false))
  AND ($is_in_window OR uses + others > 0)";

/// The note, if the report needs one.
pub(super) async fn note(
    context: &SessionContext,
    library: &Library,
    report: &Query,
    bound: &Bound,
) -> Result<Option<DataFrame>, ReportError> {
    let fault = |source| ReportError::engine(&report.id, source);
    let read = relations(context, &report.sql).map_err(fault)?;
    let is_read = |names: &[&str]| names.iter().any(|name| read.contains(*name));
    let is_of_events = is_read(&OF_ALL_TIMES) || is_read(&OF_THE_WINDOW);
    if report.counted.is_some() || (!is_of_events && is_read(&COUNTED)) {
        let sql = library.with_macros(COUNTS_TEXT)?;
        let counts = plan(context, &sql, &bound.values);
        return Ok(Some(counts.await.map_err(fault)?));
    }
    let is_of_all_times = is_read(&OF_ALL_TIMES) && !is_read(&COUNTS);
    if !is_of_events {
        return Ok(None);
    }
    let Some(horizon) = horizon(context, bound).await? else {
        return Ok(None);
    };
    let is_in_window = bound.window.since.is_none_or(|since| since < horizon);
    if !is_in_window && !is_of_all_times {
        return Ok(None);
    }
    let mut values = bound.values.clone();
    if !is_in_window {
        values.insert("since".to_owned(), timestamp(None));
    }
    let until = bound.window.until.unwrap_or(horizon).min(horizon);
    values.insert("until".to_owned(), timestamp(Some(until)));
    values.insert("horizon".to_owned(), timestamp(Some(horizon)));
    // No event of these days is left to be counted anew.
    values.extend(CUT_DAYS.map(|day| (day.to_owned(), ScalarValue::Date32(None))));
    values.extend(principal(context, bound).await?);
    let truth = |is: bool| ScalarValue::Boolean(Some(is));
    values.insert("is_in_window".to_owned(), truth(is_in_window));
    let kept = KEPT_OPERATIONS.map(str::to_owned);
    values.insert("kept_operations".to_owned(), text_list(&kept));
    let sql = library.with_macros(TEXT)?;
    let scoped = Scoped::new(library, &sql)?;
    let frame = plan(context, &scoped.sql, &values).await.map_err(fault)?;
    Ok(Some(frame))
}

/// Which callers of the counts a principal is, where one is asked about.
async fn principal(
    context: &SessionContext,
    bound: &Bound,
) -> Result<BTreeMap<String, ScalarValue>, ReportError> {
    let callers = match &bound.principal {
        None => Vec::new(),
        Some(typed) => KnownValues::new(context).counted_callers(typed).await?,
    };
    let has_principal = ScalarValue::Boolean(Some(bound.principal.is_some()));
    Ok(BTreeMap::from([
        ("has_principal".to_owned(), has_principal),
        ("principal_callers".to_owned(), text_list(&callers)),
    ]))
}

/// From when on the events that are asked for are kept; none where that is for ever.
async fn horizon(
    context: &SessionContext,
    bound: &Bound,
) -> Result<Option<DateTime<Utc>>, ReportError> {
    let fault = |source| ReportError::engine("the retention", source);
    let frame = plan(context, HORIZON, &bound.values).await.map_err(fault)?;
    let batches = frame.collect().await.map_err(fault)?;
    let row = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(row.and_then(|row| time_of(row, 0)))
}
