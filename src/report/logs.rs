//! From when to when the logs of a store are.
//!
//! Enters: a session, and the first and last event of its tables. Leaves: a [`LogPeriod`], the one home of where a
//! window ends by default, and the notes on it. KMS may be silent for months while deliveries go on, so
//! the events alone do not say where the logs end.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, DurationRound as _, SecondsFormat, SubsecRound as _, TimeDelta, Utc};

use super::{ReportError, Window};
use crate::catalog::Note;
use crate::sql::Session;

/// Logs that end longer ago than this are not of today: deliveries come within the hour, a sync once a day.
const STALE_DAYS: i64 = 2;

const PERIOD: &str = "SELECT first_time, last_time, dated_ahead, last_read FROM log_period";

/// From when to when the logs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPeriod {
    /// The first and the last event of the event tables.
    pub events: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The first and the last delivery, but for those dated later than they were read.
    pub deliveries: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many objects have a delivery time later than they were read.
    pub dated_ahead: i64,
    /// When the last log was read.
    pub last_read: Option<DateTime<Utc>>,
}

impl LogPeriod {
    /// Reads the ledger; `events` are the first and the last event, which the statistics of the tables know.
    ///
    /// # Errors
    /// [`ReportError::Engine`] where the ledger cannot be read.
    pub async fn load(
        session: &Session,
        events: Option<(DateTime<Utc>, DateTime<Utc>)>,
    ) -> Result<Self, ReportError> {
        let fault = |source| ReportError::engine("log_period", source);
        let frame = session.context().sql(PERIOD).await.map_err(fault)?;
        let batches = frame.collect().await.map_err(fault)?;
        let row = batches.iter().find(|batch| batch.num_rows() > 0);
        let time = |column: usize| row.and_then(|row| time_of(row, column));
        let dated_ahead = row
            .and_then(|row| row.column(2).as_primitive_opt::<Int64Type>())
            .map_or(0, |counts| counts.value(0));
        Ok(Self {
            events,
            deliveries: time(0).zip(time(1)),
            dated_ahead,
            last_read: time(3),
        })
    }

    /// The first and the last instant that the logs are of; none where the store has none. An event that was
    /// redelivered may be older than the first log.
    #[must_use]
    pub fn bounds(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let Some((first, last)) = self.deliveries else {
            return self.events;
        };
        Some((
            first,
            self.newest_event().map_or(last, |newest| newest.max(last)),
        ))
    }

    /// Where a window ends by default: the first instant after the last event, or the last delivery if that is later.
    #[must_use]
    pub fn end(&self) -> Option<DateTime<Utc>> {
        // Event times have seconds, so this is the first one behind the newest event.
        let after_newest = self
            .newest_event()
            .and_then(|newest| newest.duration_trunc(TimeDelta::seconds(1)).ok())
            .and_then(|newest| newest.checked_add_signed(TimeDelta::seconds(1)));
        after_newest.max(self.deliveries.map(|(_, last)| last))
    }

    /// The newest event. One that is dated later than it can be says nothing where deliveries do.
    fn newest_event(&self) -> Option<DateTime<Utc>> {
        let (_, newest) = self.events?;
        let is_untrue = self.event_ahead().is_some() && self.deliveries.is_some();
        (!is_untrue).then_some(newest)
    }

    /// The newest event with the time of the last reading, if the event is dated later than it can be.
    #[must_use]
    pub fn event_ahead(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let newest = self.events.map(|(_, newest)| newest);
        newest
            .zip(self.last_read)
            .filter(|(newest, last_read)| Window::is_ahead(*newest, *last_read))
    }

    /// The note on a window that extends to the end of logs which end long before `now`.
    #[must_use]
    pub(super) fn stale(&self, window: &Window, now: DateTime<Utc>) -> Option<Note> {
        let (_, last) = self.bounds()?;
        let days = (now - last).num_days();
        let is_reached = window.until.is_none_or(|until| until >= last);
        (days >= STALE_DAYS && is_reached).then(|| {
            let text = format!("the logs ended {days} days ago, at {}", text_of(last));
            Note::new("logs-end", Some(days), text)
        })
    }

    /// The answer about a principal that no event names, with the names that it may be a slip of.
    pub(super) fn nothing_of(
        &self,
        typed: &str,
        horizon: Option<DateTime<Utc>>,
        near: &[String],
    ) -> Note {
        let mut text = match self.bounds() {
            None => format!("no KMS event is from `{typed}`"),
            Some((first, last)) => format!(
                "no KMS event from {} to {} is from `{typed}`",
                text_of(first.max(horizon.unwrap_or(first))),
                text_of(last)
            ),
        };
        if !near.is_empty() {
            text.push_str("; similar names: ");
            text.push_str(&near.join(", "));
        }
        Note::new("no-activity", Some(0), text)
    }
}

/// An instant as notes write it.
pub(super) fn text_of(time: DateTime<Utc>) -> String {
    time.trunc_subsecs(0)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The time in a column of the first row.
pub(super) fn time_of(row: &RecordBatch, column: usize) -> Option<DateTime<Utc>> {
    let times = row
        .column(column)
        .as_primitive_opt::<TimestampMicrosecondType>()?;
    times
        .is_valid(0)
        .then(|| DateTime::from_timestamp_micros(times.value(0)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::LogPeriod;
    use crate::report::Window;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test writes times")
    }

    fn period(events: Option<(&str, &str)>, deliveries: Option<(&str, &str)>) -> LogPeriod {
        let times = |(first, last)| (time(first), time(last));
        LogPeriod {
            events: events.map(times),
            deliveries: deliveries.map(times),
            dated_ahead: 0,
            last_read: Some(time("2026-07-01T00:00:00Z")),
        }
    }

    #[test]
    fn the_logs_end_with_the_last_delivery_or_event() {
        const EVENTS: (&str, &str) = ("2026-01-01T09:58:00Z", "2026-01-01T10:00:00Z");
        for (events, deliveries, end) in [
            // KMS fell silent, the trail did not.
            (
                Some(EVENTS),
                Some(("2026-01-01T10:05:00Z", "2026-06-29T23:00:00Z")),
                Some("2026-06-29T23:00:00Z"),
            ),
            // The minute of a delivery may be that of its last event.
            (
                Some(("2026-01-01T09:58:00Z", "2026-01-01T10:05:29Z")),
                Some(("2026-01-01T10:05:00Z", "2026-01-01T10:05:00Z")),
                Some("2026-01-01T10:05:30Z"),
            ),
            (Some(EVENTS), None, Some("2026-01-01T10:00:01Z")),
            (
                None,
                Some(("2026-01-01T10:05:00Z", "2026-06-29T23:00:00Z")),
                Some("2026-06-29T23:00:00Z"),
            ),
            (None, None, None),
            // No event is of a time after it was read.
            (
                Some(("2026-01-01T09:58:00Z", "2036-01-01T10:00:00Z")),
                Some(("2026-01-01T10:05:00Z", "2026-06-29T23:00:00Z")),
                Some("2026-06-29T23:00:00Z"),
            ),
        ] {
            let period = period(events, deliveries);
            assert_eq!(period.end(), end.map(time), "{events:?} {deliveries:?}");
        }
    }

    #[test]
    fn logs_begin_with_the_first_event_or_delivery() {
        let period = period(
            Some(("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")),
            Some(("2026-01-01T10:05:00Z", "2026-02-01T10:05:00Z")),
        );
        let bounds = (time("2026-01-01T10:05:00Z"), time("2026-03-02T00:00:00Z"));
        assert_eq!(period.bounds(), Some(bounds));
    }

    #[test]
    fn an_end_long_before_now_is_told_where_the_window_reaches_it() {
        let period = period(None, Some(("2026-01-01T10:05:00Z", "2026-06-29T23:00:00Z")));
        let said = |until: Option<&str>, now: &str| {
            let window = Window::parse(None, until, period.end()).expect("a window");
            period.stale(&window, time(now))
        };
        let told = |days: i64| {
            let text = format!("the logs ended {days} days ago, at 2026-06-29T23:00:00Z");
            Some(super::Note::new("logs-end", Some(days), text))
        };
        assert_eq!(said(None, "2026-06-30T09:00:00Z"), None);
        assert_eq!(said(None, "2026-07-01T22:59:59Z"), None);
        assert_eq!(said(None, "2026-07-01T23:00:00Z"), told(2));
        assert_eq!(said(None, "2026-11-30T00:00:00Z"), told(153));
        assert_eq!(said(Some("2026-12-31"), "2026-11-30T00:00:00Z"), told(153));
        assert_eq!(said(Some("2026-06-28"), "2026-11-30T00:00:00Z"), None);
    }

    #[test]
    fn an_event_of_the_future_is_told() {
        let newest = "2036-03-01T12:00:00Z";
        let ahead = period(Some(("2026-03-01T12:00:00Z", newest)), None);
        let read = time("2026-07-01T00:00:00Z");
        assert_eq!(ahead.event_ahead(), Some((time(newest), read)));
        let newest = "2026-07-02T00:00:00Z";
        let due = period(Some(("2026-03-01T12:00:00Z", newest)), None);
        assert_eq!(due.event_ahead(), None);
    }
}
