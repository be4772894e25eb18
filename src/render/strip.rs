//! A letter a day, folded into months on a terminal.
//!
//! Enters: the first day, and a text with a letter for it and for each day after it. Leaves: lines, one a month, each letter
//! in the place of its day; months that are alike in all their days stand in one line together.

use chrono::{Datelike as _, Days, NaiveDate};

/// A strip up to so many days is read as it stands.
const DAYS_IN_ONE_LINE_MAX: usize = 31;

/// The lines, or the strip itself where it is short.
pub(super) fn folded(first_day: NaiveDate, strip: &str) -> String {
    let letters: Vec<char> = strip.chars().collect();
    if letters.len() <= DAYS_IN_ONE_LINE_MAX {
        return strip.to_owned();
    }
    let mut lines: Vec<Month> = Vec::new();
    let mut day = Some(first_day);
    for letter in letters {
        let Some(date) = day else { break };
        match lines.last_mut() {
            Some(month) if (month.year, month.number) == (date.year(), date.month()) => {
                month.letters.push(letter);
            }
            _ => lines.push(Month {
                year: date.year(),
                number: date.month(),
                // Days of the month before the first one.
                letters: " ".repeat(date.day0() as usize) + &letter.to_string(),
            }),
        }
        day = date.checked_add_days(Days::new(1));
    }
    let mut folded = String::new();
    for alike in lines.chunk_by(|month, next| month.only().is_some() && month.only() == next.only())
    {
        if !folded.is_empty() {
            folded.push('\n');
        }
        folded.push_str(&told(alike));
    }
    folded
}

/// Some months that are told in one line.
fn told(months: &[Month]) -> String {
    match months {
        [] => String::new(),
        [month] => format!("{} {}", month.name(), month.letters),
        [first, .., last] => {
            let letter = first.only().unwrap_or(' ');
            format!("{} to {}: all {letter}", first.name(), last.name())
        }
    }
}

struct Month {
    year: i32,
    number: u32,
    letters: String,
}

impl Month {
    fn name(&self) -> String {
        format!("{:04}-{:02}", self.year, self.number)
    }

    /// The letter of all its days, if they have the same.
    fn only(&self) -> Option<char> {
        let mut letters = self.letters.trim_start().chars();
        let first = letters.next()?;
        letters.all(|letter| letter == first).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn each_letter_is_in_the_place_of_its_day() {
        let check = |first_day: &str, strip: &str, expected: &str| {
            let first_day = first_day.parse().expect("a day");
            assert_eq!(folded(first_day, strip), expected);
        };
        check("2026-03-01", "VVV-c", "VVV-c");
        let month = "V".repeat(31);
        check("2026-03-01", &month, &month);
        check(
            "2026-01-30",
            &format!("-V{}P{}", "c".repeat(27), "V".repeat(3)),
            &format!(
                "2026-01 {}-V\n2026-02 {}P\n2026-03 VVV",
                " ".repeat(29),
                "c".repeat(27)
            ),
        );
        check(
            "2025-01-01",
            &format!("{}K{}", "-".repeat(365), "-".repeat(40)),
            &format!(
                "2025-01 to 2025-12: all -\n2026-01 K{}\n2026-02 {}",
                "-".repeat(30),
                "-".repeat(10)
            ),
        );
    }
}
