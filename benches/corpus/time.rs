//! Dates: seconds since 1970 to and from the calendar, in the spellings that trails use.
//!
//! In: seconds (UTC). Out: text. Reads no clock: every time in the corpus is computed from a fixed start.

/// Seconds in a day.
pub(crate) const DAY_SECS: i64 = 86_400;

/// A moment taken apart.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Seconds since 1970 of a date and time (UTC).
pub(crate) fn at(date: [i64; 3], clock: [i64; 3]) -> i64 {
    let [year, month, day] = date;
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY_SECS + clock[0] * 3600 + clock[1] * 60 + clock[2]
}

/// `2026-03-01T09:05:00Z`, as in `eventTime`.
pub(crate) fn iso(time: i64) -> String {
    let p = parts(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        p.year, p.month, p.day, p.hour, p.minute, p.second
    )
}

/// Seconds since 1970 of `2026-03-01T09:05:00Z`.
pub(crate) fn seconds_of(text: &str) -> i64 {
    let part = |from: usize, until: usize| text[from..until].parse().expect("digits");
    at(
        [part(0, 4), part(5, 7), part(8, 10)],
        [part(11, 13), part(14, 16), part(17, 19)],
    )
}

/// `2026-03-01`.
pub(crate) fn date(time: i64) -> String {
    iso(time)[..10].to_owned()
}

/// `20260301T0905Z`, as in the name of a log object.
pub(crate) fn minute_stamp(time: i64) -> String {
    let p = parts(time);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}Z",
        p.year, p.month, p.day, p.hour, p.minute
    )
}

/// `20260301T090500Z`, as in the name of a digest.
pub(crate) fn second_stamp(time: i64) -> String {
    iso(time).replace(['-', ':'], "")
}

/// `2026/03/01`, as in the folders of a trail.
pub(crate) fn day_folder(time: i64) -> String {
    date(time).replace('-', "/")
}

/// `Mar 1, 2026, 9:05:00 AM`, as inside parameters.
pub(crate) fn locale(time: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let p = parts(time);
    let month = MONTHS[usize::try_from(p.month - 1).expect("a month is 1 to 12")];
    let half = if p.hour < 12 { "AM" } else { "PM" };
    let hour = (p.hour + 11) % 12 + 1;
    format!(
        "{month} {}, {}, {hour}:{:02}:{:02} {half}",
        p.day, p.year, p.minute, p.second
    )
}

fn parts(time: i64) -> Parts {
    let seconds = time.rem_euclid(DAY_SECS);
    let shifted = time.div_euclid(DAY_SECS) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    Parts {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
    }
}
