//! Rows that are old enough, given up: the horizon first, so that none comes in any more; then the
//! roll-ups and the facts, so that all are counted; then the rows.
//!
//! Each step is safe to stop behind, and the same call again does the rest.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Days, Months, NaiveTime, SecondsFormat};
use serde::Serialize;
use serde_json::json;

use super::error::IngestError;
use super::rollups::Rollups;
use super::settle::settle_for_good;
use crate::catalog::Library;
use crate::schema::{
    KEY_RESOURCES, KEY_USES, KMS_EVENTS, TRAIL_EVENTS, Table, USAGE_DAILY, USAGE_MONTHLY,
    USES_DAILY,
};
use crate::sql::Session;
use crate::store::{CountedUpTo, Retention, RunRecord, Store};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// How long something is kept: whole days or years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many days.
    Days(u32),
    /// So many years.
    Years(u32),
}

/// A text that is no [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSpan;

impl fmt::Display for NoSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number of days or years is accepted, as `400d` or `7y`")
    }
}

impl std::error::Error for NoSpan {}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let number = |digits: &str| match digits.parse() {
            Ok(number) if number > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(number)
            }
            _ => Err(NoSpan),
        };
        if let Some(days) = text.strip_suffix('d') {
            Ok(Self::Days(number(days)?))
        } else if let Some(years) = text.strip_suffix('y') {
            Ok(Self::Years(number(years)?))
        } else {
            Err(NoSpan)
        }
    }
}

impl Span {
    /// The start of the UTC day that lies so long before `now`, both in microseconds; none where the
    /// calendar ends before.
    #[must_use]
    pub fn before(self, now: i64) -> Option<i64> {
        let today = DateTime::from_timestamp_micros(now)?.date_naive();
        let day = match self {
            Self::Days(days) => today.checked_sub_days(Days::new(days.into()))?,
            Self::Years(years) => today.checked_sub_months(Months::new(years.checked_mul(12)?))?,
        };
        Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
    }
}

/// What is to be kept.
#[derive(Debug, Clone)]
pub struct Retain {
    /// How long events are kept; as before, if not given.
    pub events: Option<Span>,
    /// How long the usage is kept, per day and month, with the resources of keys; as before, if not given.
    pub usage: Option<Span>,
    /// Keys whose rows are kept longer, each with a value that names it in a row.
    pub holds: Vec<(String, String)>,
    /// Keys whose hold was released.
    pub releases: Vec<String>,
    /// The run's id.
    pub run_id: String,
    /// When it began, in microseconds.
    pub started_at: i64,
}

/// What is kept now, and what was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Events from this time on are kept.
    pub events_horizon: Option<String>,
    /// Usage from this time on is kept.
    pub usage_horizon: Option<String>,
    /// Keys whose rows are kept longer.
    pub held: Vec<String>,
    /// Rows removed, by table.
    pub removed: Vec<Removed>,
}

/// Rows removed from a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The table.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// In how many files.
    pub files: usize,
}

/// Moves the horizons, and removes the rows beyond them. `now` answers the time in microseconds.
///
/// # Errors
/// If the daily usage would be given up before the events, or the store fails. What was done before
/// stays; the same call again does the rest.
#[tracing::instrument(
    level = "info",
    name = "run",
    skip_all,
    fields(command = "retain", run_id = options.run_id)
)]
pub async fn retain(
    store: &Store,
    library: &Arc<Library>,
    options: &Retain,
    now: &(dyn Fn() -> i64 + Sync),
) -> Result<Retained, IngestError> {
    let rollups = Rollups::new(library);
    let horizon = |span: Option<Span>| span.and_then(|span| span.before(options.started_at));
    let (events_horizon, usage_horizon) = (horizon(options.events), horizon(options.usage));
    check_order(store, events_horizon, usage_horizon).await?;
    store.begin_counts_of_facts().await?;

    let change = |horizon| {
        move |old: Retention| {
            old.released(&options.releases)
                .moved(horizon, &options.holds)
        }
    };
    let events = store
        .change_retention(&KMS_EVENTS, change(events_horizon))
        .await?;
    let facts = store
        .change_retention(&KEY_USES, |old| {
            old.released(&options.releases)
                .moved(events.horizon, &held_names(&events))
        })
        .await?;
    // Its rows name no key, so no hold keeps any of them.
    let trail = store
        .change_retention(&TRAIL_EVENTS, |old| old.moved(events.horizon, &[]))
        .await?;
    let usage = store
        .change_retention(&USAGE_DAILY, change(usage_horizon))
        .await?;
    // What else is counted of the same uses goes and stays with them.
    let held = held_names(&usage);
    let alike = |old: Retention| old.released(&options.releases).moved(usage.horizon, &held);
    let months = store.change_retention(&USAGE_MONTHLY, alike).await?;
    let resources = store.change_retention(&KEY_RESOURCES, alike).await?;

    let batch_id = uuid::Uuid::new_v4().to_string();
    let now_millis = options.started_at / 1000;
    rollups.catch_up(store, &batch_id, now_millis).await?;
    if let Some(behind) = rollups.behind().into_iter().next() {
        return Err(IngestError::NotCounted {
            table: behind.table,
            message: behind.message,
        });
    }
    let counted = match events.horizon {
        None => None,
        Some(until) => {
            Box::pin(settle_for_good(store, library, options.started_at, until)).await?;
            Some(CountedUpTo {
                commit: rollups.counted(store).await?,
                day: until.div_euclid(MICROS_PER_DAY),
                late_after: Box::pin(late(store, library)).await?,
            })
        }
    };
    let mut removed = Vec::new();
    // The facts before the events, so that none is read whose event is gone.
    let tables: [(&'static Table, &Retention, Option<&CountedUpTo>); 7] = [
        (&USES_DAILY, &usage, None),
        (&KEY_USES, &facts, None),
        (&KMS_EVENTS, &events, counted.as_ref()),
        (&TRAIL_EVENTS, &trail, None),
        (&USAGE_DAILY, &usage, None),
        (&USAGE_MONTHLY, &months, None),
        (&KEY_RESOURCES, &resources, None),
    ];
    for (table, retention, counted) in tables {
        let expired = store.expire(table, retention, counted, now_millis).await?;
        removed.push(Removed {
            table: table.name.to_owned(),
            rows: expired.rows,
            files: expired.files,
        });
    }
    let retained = Retained {
        events_horizon: events.horizon.and_then(told),
        usage_horizon: usage.horizon.and_then(told),
        held: events.held_keys(),
        removed,
    };
    record_run(store, options, &retained, &batch_id, now()).await?;
    Ok(retained)
}

/// The days that are settled for good and have records that no fact counts, each with the last commit that is counted.
async fn late(store: &Store, library: &Arc<Library>) -> Result<BTreeMap<i32, i64>, IngestError> {
    let session = Session::open(&store.pin().await?, library).await?;
    let days = session.days().await?.iter();
    Ok(days
        .filter_map(|day| Some((day.date, day.late_after?)))
        .collect())
}

/// The names that have a hold, each with its key.
fn held_names(retention: &Retention) -> Vec<(String, String)> {
    let holds = retention.holds.iter();
    holds
        .map(|hold| (hold.key.clone(), hold.name.clone()))
        .collect()
}

/// Whether the daily usage reaches back as far as the events that it counts; else an event could come
/// again whose count is gone.
async fn check_order(
    store: &Store,
    events: Option<i64>,
    usage: Option<i64>,
) -> Result<(), IngestError> {
    let pins = store.pin().await?;
    let (kept_events, kept_usage) = pins.retention()?;
    let events = kept_events.horizon.max(events);
    let usage = kept_usage.horizon.max(usage);
    if usage > events {
        return Err(IngestError::UsageBeforeEvents {
            usage: usage.and_then(told).unwrap_or_default(),
            events: events
                .and_then(told)
                .unwrap_or_else(|| "their first".to_owned()),
        });
    }
    Ok(())
}

fn told(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

async fn record_run(
    store: &Store,
    options: &Retain,
    retained: &Retained,
    batch_id: &str,
    ended_at: i64,
) -> Result<(), IngestError> {
    let record = RunRecord {
        run_id: options.run_id.clone(),
        command: "retain",
        started_at: options.started_at,
        ended_at,
        outcome: "ok",
        detail: Some(json!(retained).to_string()),
        ..RunRecord::default()
    };
    Ok(store.record_run(&record, batch_id).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-15T13:14:15Z.
    const NOW: i64 = 1_773_580_455_000_000;

    fn before(span: &str) -> String {
        let span: Span = span.parse().expect("a span");
        span.before(NOW).and_then(told).expect("a time")
    }

    #[test]
    fn a_span_ends_at_the_start_of_a_day() {
        assert_eq!(before("1d"), "2026-03-14T00:00:00Z");
        assert_eq!(before("400d"), "2025-02-08T00:00:00Z");
        assert_eq!(before("7y"), "2019-03-15T00:00:00Z");
        assert_eq!(Span::Years(u32::MAX).before(NOW), None);
        assert_eq!(Span::Days(u32::MAX).before(NOW), None);
    }

    #[test]
    fn other_texts_are_no_spans() {
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "+1d",
            "1",
            "1m",
            "1.5y",
            "1 d",
            "99999999999d",
        ] {
            assert_eq!(text.parse::<Span>(), Err(NoSpan), "{text}");
        }
    }
}
