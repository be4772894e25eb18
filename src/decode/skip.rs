//! Steps over JSON values and white space, one at a time.
//!
//! Enters: text and a place in it. Leaves: the place behind what is there. For the few values
//! around records; what is inside a record is the scan's matter.

use super::classify::Classifier;
use super::json::Tape;
use super::scan::{Scan, Scanned};

/// How far behind a record the next one is looked for, where what is between them is damaged.
pub(crate) const SEPARATOR_BYTES_MAX: usize = 256;

/// The end of the value at `at`.
pub(crate) fn skip_value(classifier: Classifier, text: &[u8], at: usize, is_end: bool) -> Scanned {
    match text.get(at) {
        Some(b'{' | b'[') => Scan::new().run(classifier, text, at, is_end),
        Some(b'"') => skip_string(text, at, is_end),
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => skip_word(text, at, is_end),
        Some(_) => Scanned::Damage(at),
        None if is_end => Scanned::Damage(at),
        None => Scanned::More(at),
    }
}

/// The first byte from `at` on that is no white space.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// The last byte before `at` that is no white space.
pub(crate) fn before_space(text: &[u8], at: usize) -> Option<usize> {
    text[..at]
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

fn skip_string(text: &[u8], at: usize, is_end: bool) -> Scanned {
    let mut at = at + 1;
    loop {
        match memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
            Some(found) if text[at + found] == b'"' => return Scanned::End(at + found + 1),
            Some(found) => at += found + 2,
            None if is_end => return Scanned::Damage(text.len()),
            None => return Scanned::More(at),
        }
    }
}

/// A number, `true`, `false` or `null`.
fn skip_word(text: &[u8], at: usize, is_end: bool) -> Scanned {
    let rest = &text[at..];
    let len = rest
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
        .unwrap_or(rest.len());
    if len == rest.len() && !is_end {
        return Scanned::More(at);
    }
    let is_value =
        std::str::from_utf8(&rest[..len]).is_ok_and(|word| Tape::default().parse(word, 1).is_ok());
    if is_value {
        Scanned::End(at + len)
    } else {
        Scanned::Damage(at)
    }
}

/// Where the next record begins, if what is between two records is only damaged: no string has
/// begun since the one before ended, so the first member shows it.
pub(crate) fn after_separator(window: &[u8], at: usize, first_member: &[u8]) -> Option<usize> {
    let near = &window[at..window.len().min(at + SEPARATOR_BYTES_MAX)];
    let start = at + memchr::memchr2(b'{', b'"', near)?;
    let first = skip_space(window, start + 1);
    let is_record = window[start] == b'{' && window.get(first..)?.starts_with(first_member);
    is_record.then_some(start)
}
