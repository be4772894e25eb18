//! Times as CloudTrail writes them.

/// Year, month, day, and the seconds of the day.
fn civil(seconds: i64) -> (i64, i64, i64, i64) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day, seconds.rem_euclid(86_400))
}

/// `2026-03-01T12:00:00Z`.
pub(crate) fn shown(seconds: i64) -> String {
    let (year, month, day, rest) = civil(seconds);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20260301T120000Z` of digests, and with its seconds left out that of logs.
pub(crate) fn key_time(seconds: i64, with_seconds: bool) -> String {
    let text = shown(seconds).replace(['-', ':'], "");
    if with_seconds {
        text
    } else {
        format!("{}Z", &text[..13])
    }
}

/// `2026/03/01`.
pub(super) fn folder(seconds: i64) -> String {
    let (year, month, day, _) = civil(seconds);
    format!("{year:04}/{month:02}/{day:02}")
}

/// The seconds since 1970 of `2026-03-01T12:00:00Z`.
pub(crate) fn seconds_of(text: &str) -> i64 {
    let part = |from: usize, until: usize| -> i64 { text[from..until].parse().expect("digits") };
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let mut days = 0;
    for before in 1970..year {
        days += 365 + i64::from(is_leap(before));
    }
    let months = [
        31,
        28 + i64::from(is_leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    days += months
        .iter()
        .take(usize::try_from(month - 1).expect("a month"))
        .sum::<i64>();
    (days + day - 1) * 86_400 + part(11, 13) * 3600 + part(14, 16) * 60 + part(17, 19)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[test]
fn times_are_written_as_they_are() {
    for text in [
        "1970-01-01T00:00:00Z",
        "2024-02-29T23:59:59Z",
        "2026-03-01T00:01:31Z",
    ] {
        assert_eq!(shown(seconds_of(text)), text);
    }
    assert_eq!(shown(1_772_323_200), "2026-03-01T00:00:00Z");
    assert_eq!(key_time(1_772_323_291, false), "20260301T0001Z");
    assert_eq!(key_time(1_772_323_291, true), "20260301T000131Z");
    assert_eq!(folder(1_772_323_291), "2026/03/01");
}
