//! Makes text of strangers harmless: for terminals, for spreadsheets, inside JSON.
//!
//! Enters: text. Leaves: the same text with hidden characters spelled out. Nothing is dropped. In
//! `table` and `csv` a spelled-out `\n` cannot be told from those two characters in the log
//! itself; the JSON formats are exact. It knows nothing of columns and formats.

use std::borrow::Cow;

/// Spells out every character that a terminal would act on or hide: control characters (with
/// newline and tab), direction marks and overrides, invisible and zero-width characters.
///
/// `\n`, `\r`, `\t`, `\x1b` for ASCII, `\u{202e}` for the rest.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    spell_out(text, is_hidden, push_visible)
}

/// As [`visible`] but with newlines and tabs kept, for text that stands in quotes in CSV.
pub(super) fn visible_lines(text: &str) -> Cow<'_, str> {
    spell_out(
        text,
        |c| is_hidden(c) && !matches!(c, '\n' | '\t'),
        push_visible,
    )
}

/// Makes a whole JSON document safe for a terminal, leaving its value as it is: hidden characters
/// in its strings become `\uXXXX`.
///
/// The white space that JSON allows between values is kept; in valid JSON all other hidden
/// characters can only stand in strings.
#[must_use]
pub fn json_visible(document: &str) -> Cow<'_, str> {
    spell_out(
        document,
        |c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t'),
        push_json_escape,
    )
}

/// Appends `text` as a JSON string.
pub(super) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => push_json_escape(out, c),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a spreadsheet may take this text for a formula: see the OWASP page on CSV injection.
///
/// White space in front does not help, as spreadsheets trim it; full-width and small forms count because
/// some of them are folded to ASCII on import.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n']) || (text.trim_start()).starts_with(FORMULA_LETTERS)
}

/// What a formula begins with, in ASCII, in full width and in the small forms, and as a true minus sign.
const FORMULA_LETTERS: [char; 13] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−',
];

/// Controls, bidirectional marks, and what Unicode calls default-ignorable: all that would change
/// the look of a line, or be on it unseen. Words stay readable without any of them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn spell_out(
    text: &str,
    is_hidden: impl Fn(char) -> bool,
    push: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    // Nearly all text in the logs is printable ASCII.
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if printable || !text.chars().any(&is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            push(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() => {
            out.push_str("\\x");
            push_hex(out, u32::from(c), 2);
        }
        c => {
            out.push_str("\\u{");
            push_hex(out, u32::from(c), 1);
            out.push('}');
        }
    }
}

fn push_json_escape(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        push_hex(out, u32::from(*unit), 4);
    }
}

/// Appends `number` in lower-case hexadecimal, with at least this many digits.
pub(super) fn push_hex(out: &mut String, number: u32, digits_min: u32) {
    let digits = (8 - number.leading_zeros() / 4).max(digits_min);
    for place in (0..digits).rev() {
        out.extend(char::from_digit((number >> (4 * place)) & 0xf, 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(visible(text), expected);
        }
        check("plain {\"a\":1} é 日本", "plain {\"a\":1} é 日本");
        check("\x1b[2J\0", "\\x1b[2J\\x00");
        check("a\nb\tc\rd\x7f", "a\\nb\\tc\\rd\\x7f");
        check("\u{9b}31m", "\\u{9b}31m");
        check("\u{202e}gpj.exe\u{2069}", "\\u{202e}gpj.exe\\u{2069}");
        check(
            "a\u{200b}b\u{feff}\u{2028}",
            "a\\u{200b}b\\u{feff}\\u{2028}",
        );
        check("\u{e0041}", "\\u{e0041}");
    }

    #[test]
    fn json_keeps_its_value() {
        #[track_caller]
        fn check(document: &str, expected: &str) {
            let safe = json_visible(document);
            assert_eq!(safe, expected);
            let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
            assert_eq!(value(&safe), value(document));
            assert!(value(document).is_some());
        }
        check("{\n\t\"a\": 1\r\n}", "{\n\t\"a\": 1\r\n}");
        check("[\"\u{7f}\u{85}\u{202e}\"]", r#"["\u007f\u0085\u202e"]"#);
        check("[\"\u{e0041}é\"]", r#"["\udb40\udc41é"]"#);
    }

    #[test]
    fn formulas_are_recognized() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_formula(text), expected, "{text:?}");
        }
        for text in [
            "=1",
            "+1",
            "-1",
            "@a",
            "\ta",
            "\ra",
            "\na",
            "  =1",
            "\u{3000}＝1",
            "＋",
            "－",
            "＠",
            "﹦1",
            "﹢1",
            "﹣1",
            "﹫a",
            "−1",
        ] {
            check(text, true);
        }
        for text in ["", " ", "a=1", "1-2", "arn:aws:kms", "'=1", "(=1)"] {
            check(text, false);
        }
    }
}
