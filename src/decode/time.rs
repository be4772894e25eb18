//! Times as logs write them.
//!
//! Enters: text. Leaves: microseconds since 1970 in UTC, or nothing.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Reads an event time: RFC 3339, or `YYYY-MM-DD HH:MM:SS[.f]` taken as UTC.
#[must_use]
pub fn parse_event_time(text: &str) -> Option<i64> {
    if let Some(micros) = parse_plain(text.as_bytes()) {
        return Some(micros);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return in_range(time.timestamp_micros());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .ok()
        .and_then(|time| in_range(time.and_utc().timestamp_micros()))
}

/// `YYYY-MM-DDTHH:MM:SSZ`, the form of nearly every event.
#[must_use]
pub(crate) fn format_event_time(micros: i64) -> Option<String> {
    if micros.rem_euclid(1_000_000) != 0 {
        return None;
    }
    DateTime::from_timestamp_micros(micros)
        .map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Whether a time is written just as [`format_event_time`] writes it.
pub(crate) fn is_plain_time(text: &str, micros: i64) -> bool {
    parse_plain(text.as_bytes()) == Some(micros)
}

/// Reads the dates that KMS writes into parameters and answers, in several locale shapes:
/// `Jul 29, 2021, 11:53:36 PM`, `Nov 4, 2014 12:52:59 AM`, `Apr 12, 2021 18:58:30 PM`.
#[must_use]
pub fn parse_locale_date(text: &str) -> Option<i64> {
    if let Some(micros) = parse_event_time(text) {
        return Some(micros);
    }
    let text = text.replace(['\u{202f}', '\u{a0}'], " ").replace(',', " ");
    let mut words = text.split_whitespace();
    let (month, day, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let half = words.next();
    if words.next().is_some() {
        return None;
    }
    let month = 1 + [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    .iter()
    .position(|name| *name == month)?;
    let mut parts = clock.split(':').map(str::parse::<u32>);
    let mut hour = parts.next()?.ok()?;
    let minute = parts.next()?.ok()?;
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    // An hour past 12 is on the 24-hour clock, with anything after it.
    match half {
        Some("AM") if hour == 12 => hour = 0,
        Some("PM") if hour < 12 => hour += 12,
        Some("AM" | "PM") | None => {}
        Some(_) => return None,
    }
    let date = NaiveDate::from_ymd_opt(
        year.parse().ok()?,
        u32::try_from(month).ok()?,
        day.parse().ok()?,
    )?;
    let time = NaiveTime::from_hms_opt(hour, minute, second)?;
    Some(date.and_time(time).and_utc().timestamp_micros())
}

/// `YYYY-MM-DDTHH:MM:SSZ` without a detour; `None` for every other form.
fn parse_plain(text: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let two = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, two(m0, m1)?, two(d0, d1)?)?;
    let time = NaiveTime::from_hms_opt(two(h0, h1)?, two(n0, n1)?, two(s0, s1)?)?;
    in_range(date.and_time(time).and_utc().timestamp_micros())
}

/// The years 1678 to 2261, which nanoseconds in 64 bits hold too: some engines count in them.
fn in_range(micros: i64) -> Option<i64> {
    (-9_214_560_000_000_000..9_214_646_400_000_000)
        .contains(&micros)
        .then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::{format_event_time, parse_event_time, parse_locale_date};

    #[test]
    fn event_times() {
        for (text, expected) in [
            ("2023-07-10T11:57:49Z", Some(1_688_990_269_000_000)),
            ("2023-07-10T13:57:49+02:00", Some(1_688_990_269_000_000)),
            ("2023-07-10T11:57:49.25Z", Some(1_688_990_269_250_000)),
            ("2023-07-10 11:57:49", Some(1_688_990_269_000_000)),
            ("2023-07-10 11:57:49.000", Some(1_688_990_269_000_000)),
            ("2023-02-30T00:00:00Z", None),
            ("1688990269", None),
            ("", None),
        ] {
            assert_eq!(parse_event_time(text), expected, "{text}");
        }
        assert_eq!(
            format_event_time(1_688_990_269_000_000).as_deref(),
            Some("2023-07-10T11:57:49Z")
        );
    }

    #[test]
    fn locale_dates() {
        for (text, expected) in [
            ("Jul 29, 2021, 11:53:36 PM", "2021-07-29T23:53:36Z"),
            ("Nov 4, 2014 12:52:59 AM", "2014-11-04T00:52:59Z"),
            ("Apr 12, 2021 18:58:30 PM", "2021-04-12T18:58:30Z"),
            ("Oct 14, 2021, 12:00:00\u{202f}PM", "2021-10-14T12:00:00Z"),
        ] {
            assert_eq!(
                parse_locale_date(text),
                parse_event_time(expected),
                "{text}"
            );
        }
        assert_eq!(parse_locale_date("soon"), None);
    }
}
