//! The window of a question: `[since, until)`, in UTC.
//!
//! Enters: what was typed for `--since` and `--until`, and where the logs end. Leaves: two instants, either of
//! which may be open. The clock plays no part: days count back from the end of the window, by default
//! from where the logs end.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

use super::ReportError;

/// How far clocks may differ before an event counts as dated in the future.
const AHEAD_DAYS_MAX: i64 = 1;

/// The half-open window `[since, until)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant inside; none = from the oldest event.
    pub since: Option<DateTime<Utc>>,
    /// The first instant after it; none only where the store has no logs.
    pub until: Option<DateTime<Utc>>,
}

/// Where a window lies next to the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The store has no logs at all.
    NothingHeld,
    /// It ends before the logs begin.
    BeforeFirst,
    /// It begins after the logs end.
    AfterLast,
    /// It begins before the logs, and reaches into them.
    BeginsBeforeFirst,
    /// It lies within the logs, or begins with them.
    Held,
}

impl Window {
    /// Reads the two options; `end` is where the logs end.
    ///
    /// Each may be RFC 3339 (without an offset: UTC), a date, or `30d`. A date means 00:00 as a
    /// start and the end of that day as an end. `30d` counts back from the end of the window, as an end
    /// from the end of the logs; in a store without logs it leaves that side open.
    ///
    /// # Errors
    /// [`ReportError::InvalidTime`] for other texts, [`ReportError::EmptyWindow`] where `since` is
    /// not before `until`.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        end: Option<DateTime<Utc>>,
    ) -> Result<Self, ReportError> {
        let until = match until {
            None => end,
            Some(text) => match Point::parse("--until", text)? {
                Point::Instant(time) => Some(time),
                Point::Day(day) => Some(midnight(
                    day.checked_add_days(Days::new(1)),
                    "--until",
                    text,
                )?),
                Point::DaysBack(days) => back("--until", text, end, days)?,
            },
        };
        let since = match since {
            None => None,
            Some(text) => match Point::parse("--since", text)? {
                Point::Instant(time) => Some(time),
                Point::Day(day) => Some(midnight(Some(day), "--since", text)?),
                Point::DaysBack(days) => back("--since", text, until, days)?,
            },
        };
        Self { since, until }.checked()
    }

    /// The window that begins that many days before its end, whatever its start was.
    ///
    /// # Errors
    /// [`ReportError::InvalidTime`] where that is before all calendars.
    pub fn counting_back(self, days: u32) -> Result<Self, ReportError> {
        let text = format!("{days}d");
        let since = back("--since", &text, self.until, u64::from(days))?;
        Self { since, ..self }.checked()
    }

    /// Where the window lies next to the first and the last instant that the logs are of.
    #[must_use]
    pub fn placement(&self, held: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Placement {
        let Some((oldest, newest)) = held else {
            return Placement::NothingHeld;
        };
        if self.until.is_some_and(|until| until <= oldest) {
            Placement::BeforeFirst
        } else if self.since.is_some_and(|since| since > newest) {
            Placement::AfterLast
        } else if self.since.is_some_and(|since| since < oldest) {
            Placement::BeginsBeforeFirst
        } else {
            Placement::Held
        }
    }

    /// Whether the newest event is dated later than it can be: more than a day after the last log was
    /// read. Then the days of a window that ends with it count back from a time that has not come.
    #[must_use]
    pub fn is_ahead(newest: DateTime<Utc>, last_read: DateTime<Utc>) -> bool {
        newest - last_read > TimeDelta::days(AHEAD_DAYS_MAX)
    }

    /// The window in words, its instants as `shown` writes them.
    pub fn told(&self, shown: impl Fn(DateTime<Utc>) -> String) -> String {
        let since = match self.since {
            Some(since) => format!("from {}", shown(since)),
            None => "from the oldest event".to_owned(),
        };
        match self.until {
            Some(until) => format!("{since} to before {}", shown(until)),
            None => format!("{since} on"),
        }
    }

    fn checked(self) -> Result<Self, ReportError> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if since >= until => Err(ReportError::EmptyWindow {
                since: text_of(since),
                until: text_of(until),
            }),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.told(text_of))
    }
}

/// What one option says.
enum Point {
    Instant(DateTime<Utc>),
    Day(NaiveDate),
    DaysBack(u64),
}

impl Point {
    fn parse(option: &'static str, text: &str) -> Result<Self, ReportError> {
        let trimmed = text.trim();
        if let Some(days) = trimmed.strip_suffix('d').and_then(|days| days.parse().ok()) {
            return Ok(Self::DaysBack(days));
        }
        if let Ok(day) = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d") {
            return Ok(Self::Day(day));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(trimmed) {
            return Ok(Self::Instant(time.with_timezone(&Utc)));
        }
        // A time without an offset is UTC, as everything is here.
        NaiveDateTime::parse_from_str(trimmed, "%Y-%m-%dT%H:%M:%S%.f")
            .map(|time| Self::Instant(time.and_utc()))
            .map_err(|_not_a_time| invalid(option, text))
    }
}

/// That many days before the end; open where there is no end to count from.
fn back(
    option: &'static str,
    text: &str,
    end: Option<DateTime<Utc>>,
    days: u64,
) -> Result<Option<DateTime<Utc>>, ReportError> {
    end.map(|end| {
        end.checked_sub_days(Days::new(days))
            .ok_or_else(|| invalid(option, text))
    })
    .transpose()
}

fn midnight(
    day: Option<NaiveDate>,
    option: &'static str,
    text: &str,
) -> Result<DateTime<Utc>, ReportError> {
    day.and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc())
        .ok_or_else(|| invalid(option, text))
}

fn invalid(option: &'static str, text: &str) -> ReportError {
    ReportError::InvalidTime {
        option,
        text: text.to_owned(),
    }
}

fn text_of(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{Placement, Window};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test writes times")
    }

    fn check(since: Option<&str>, until: Option<&str>, expected: &str) {
        let end = Some(time("2026-03-31T12:00:01Z"));
        let said = match Window::parse(since, until, end) {
            Ok(window) => window.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected, "{since:?} {until:?}");
    }

    #[test]
    fn every_form_is_read() {
        let end = "to before 2026-03-31T12:00:01Z";
        check(None, None, &format!("from the oldest event {end}"));
        check(
            Some("30d"),
            None,
            &format!("from 2026-03-01T12:00:01Z {end}"),
        );
        check(
            Some("2026-03-01"),
            None,
            &format!("from 2026-03-01T00:00:00Z {end}"),
        );
        check(
            Some("2026-03-01T10:00:00"),
            None,
            &format!("from 2026-03-01T10:00:00Z {end}"),
        );
        check(
            Some("2026-03-01T10:00:00+02:00"),
            None,
            &format!("from 2026-03-01T08:00:00Z {end}"),
        );
        check(
            None,
            Some("2026-03-05"),
            "from the oldest event to before 2026-03-06T00:00:00Z",
        );
        check(
            Some("2026-03-05"),
            Some("2026-03-05"),
            "from 2026-03-05T00:00:00Z to before 2026-03-06T00:00:00Z",
        );
        check(
            Some("7d"),
            Some("2026-03-05"),
            "from 2026-02-27T00:00:00Z to before 2026-03-06T00:00:00Z",
        );
        check(
            None,
            Some("30d"),
            "from the oldest event to before 2026-03-01T12:00:01Z",
        );
        check(
            Some("2024-02-29"),
            Some("2024-02-29T06:30:00Z"),
            "from 2024-02-29T00:00:00Z to before 2024-02-29T06:30:00Z",
        );
    }

    #[test]
    fn windows_without_an_instant_and_texts_without_a_time_are_errors() {
        check(
            Some("2026-03-06"),
            Some("2026-03-05"),
            "the window is empty: it begins at 2026-03-06T00:00:00Z and ends before 2026-03-06T00:00:00Z",
        );
        check(
            Some("0d"),
            Some("2026-03-05T00:00:00Z"),
            "the window is empty: it begins at 2026-03-05T00:00:00Z and ends before 2026-03-05T00:00:00Z",
        );
        for text in [
            "yesterday",
            "",
            "2026-13-01",
            "2026-02-30",
            "-3d",
            "d",
            "9999999999999d",
            "99999999999999999999999d",
        ] {
            assert!(
                Window::parse(Some(text), None, Some(time("2026-03-31T12:00:00Z"))).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_store_without_events_leaves_the_window_open() {
        let window = Window::parse(Some("30d"), None, None).expect("nothing to count from");
        assert_eq!(window, Window::default());
        assert_eq!(window.placement(None), Placement::NothingHeld);
    }

    #[test]
    fn a_window_beside_the_logs_is_told() {
        let held = Some((time("2026-02-01T00:00:00Z"), time("2026-03-01T00:00:00Z")));
        for (since, until, placement) in [
            ("2025-01-01", "2026-01-31", Placement::BeforeFirst),
            ("2026-03-02", "2026-03-03", Placement::AfterLast),
            ("2026-01-01", "2026-02-01", Placement::BeginsBeforeFirst),
            ("2026-02-01", "2026-02-02", Placement::Held),
        ] {
            let window = Window::parse(Some(since), Some(until), None).expect("a window");
            assert_eq!(window.placement(held), placement, "{since} {until}");
        }
    }

    #[test]
    fn an_event_of_the_future_is_told() {
        let last_read = time("2026-03-01T12:00:00Z");
        for (newest, is_ahead) in [
            ("2026-03-01T11:55:00Z", false),
            ("2026-03-02T12:00:00Z", false),
            ("2026-03-02T12:00:01Z", true),
            ("2036-03-01T12:00:00Z", true),
        ] {
            assert_eq!(
                Window::is_ahead(time(newest), last_read),
                is_ahead,
                "{newest}"
            );
        }
    }

    #[test]
    fn days_count_back_from_the_end() {
        let window = Window::parse(None, Some("2026-03-31"), None).expect("a window");
        assert_eq!(
            window.counting_back(31).expect("a window").to_string(),
            "from 2026-03-01T00:00:00Z to before 2026-04-01T00:00:00Z"
        );
    }
}
