//! Notes: what an answer leaves out, counts in a special way, or cannot show.
//!
//! Enters: nothing. Leaves: the one type of a note, and the codes that notes have. docs/notes.md explains each code; a test
//! compares the two lists. How a note is printed is up to `cli`.

use datafusion::sql::sqlparser::tokenizer::Token;
use serde::Serialize;

use super::tokens::{tokens, word};

/// The codes of keytrail's own notes.
pub const NOTE_CODES: [&str; 50] = [
    "bucket-key",
    "caller-keys",
    "corrected",
    "coverage",
    "deleted",
    "deleted-corrections",
    "dry-runs",
    "first-seen",
    "hide-own",
    "history",
    "id-conflicts",
    "inside",
    "key-creation",
    "letters",
    "logs-begin",
    "logs-end",
    "lower-bound",
    "matched",
    "moved-alias",
    "never-found",
    "no-activity",
    "no-address",
    "no-grant",
    "no-logs",
    "no-policy",
    "no-resource",
    "no-service",
    "no-start",
    "no-tls",
    "no-version",
    "not-a-verdict",
    "not-found",
    "nothing-asked",
    "open-grants",
    "outside-window",
    "pager",
    "partial-day",
    "regions",
    "shell-history",
    "skipped",
    "tags",
    "trail",
    "trail-settings",
    "unfinished",
    "unknown-operations",
    "unplaced",
    "unproven-alias",
    "unread",
    "unresolved",
    "verification",
];

/// What the codes in a user's own queries begin with, so that none is ever one of keytrail's.
const OWN: &str = "own-";

/// A note on an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What kind of note it is: one of [`NOTE_CODES`], or `own-…` from a user's own query.
    pub code: String,
    /// The number that it is about, if it is about one.
    pub count: Option<i64>,
    /// The note in words.
    pub text: String,
}

impl Note {
    /// A note.
    #[must_use]
    pub fn new(code: &str, count: Option<i64>, text: String) -> Self {
        Self {
            code: code.to_owned(),
            count,
            text,
        }
    }
}

/// Reads `-- footnote CODE: TEXT`, given what is before the colon and what is after it.
pub(super) fn footnote(item: &str, text: String) -> Result<Note, String> {
    let code = item.strip_prefix("footnote").unwrap_or(item).trim();
    if code.is_empty() {
        return Err(format!(
            "`footnote` has no code: write `-- footnote CODE: TEXT`, with a code from docs/notes.md or your own: `{OWN}NAME`"
        ));
    }
    if let Some(fault) = code_fault(code) {
        return Err(fault);
    }
    if text.is_empty() {
        return Err(format!("`{item}` has no value"));
    }
    Ok(Note::new(code, None, text))
}

/// What is wrong with the code of a note in a query, and what is accepted.
pub(crate) fn code_fault(code: &str) -> Option<String> {
    let own = code.strip_prefix(OWN);
    let is_own = own.is_some_and(|name| !name.is_empty() && name.chars().all(is_letter));
    (!is_own && !NOTE_CODES.contains(&code)).then(|| {
        format!(
            "`{}` is not the code of a note: use one from docs/notes.md, or your own: `{OWN}` with a-z, 0-9 and - after it",
            super::printable(code)
        )
    })
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
}

/// The codes that a statement writes as literals: as the column `code`, or in the struct that the macro `note` makes.
pub(crate) fn codes_in(sql: &str) -> Vec<String> {
    let mut tokens = tokens(sql);
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let literal = |at: usize| match tokens.get(at).map(|token| &token.token) {
        Some(Token::SingleQuotedString(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_word = |at: usize, expected: &str| {
        let word = tokens.get(at).and_then(word);
        word.is_some_and(|word| word.eq_ignore_ascii_case(expected))
    };
    let mut codes = Vec::new();
    for at in 0..tokens.len() {
        let Some(text) = literal(at) else { continue };
        // Not the end of an expression, whose value only its rows show.
        let is_alone =
            at > 0 && (tokens[at - 1].token == Token::Comma || is_word(at - 1, "select"));
        let is_column = is_alone && is_word(at + 1, "as") && is_word(at + 2, "code");
        // The argument of a macro may be in parentheses.
        let is_nested = at > 0 && tokens[at - 1].token == Token::LParen;
        let comma = at.saturating_sub(1 + usize::from(is_nested));
        let is_member = comma >= 3
            && tokens[comma].token == Token::Comma
            && literal(comma - 1) == Some("code")
            && is_word(comma - 3, "named_struct");
        if is_column || is_member {
            codes.push(text.to_owned());
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::{NOTE_CODES, code_fault, codes_in};

    #[test]
    fn codes_are_known_or_a_users_own() {
        for code in ["coverage", "unresolved", "own-weekend", "own-2"] {
            assert_eq!(code_fault(code), None);
        }
        for code in [
            "",
            "coverages",
            "own-",
            "own-Weekend",
            "own_weekend",
            "Coverage",
        ] {
            let fault = code_fault(code).expect(code);
            assert!(
                fault.starts_with(&format!("`{code}` is not the code of a note: use one")),
                "{fault}"
            );
        }
        assert!(NOTE_CODES.is_sorted());
    }

    #[test]
    fn literal_codes_are_found() {
        let sql = "SELECT 'unread' AS code, 'code', 'other' AS text\n\
            UNION ALL\nSELECT 'own-' || kind || 'x' AS code, NULL, 'other'\n\
            UNION ALL\nSELECT note['code'] AS code, named_struct('code', 'trail', 'count', 1),\n\
            named_struct('code', ('no-tls'), 'count', 1) FROM notes";
        assert_eq!(codes_in(sql), ["unread", "trail", "no-tls"]);
    }
}
