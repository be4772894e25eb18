//! The parts of a statement: its common table expressions, for another statement to read.
//!
//! Enters: the statement of a report, and a second one. Leaves: the second one with the parts of the first in front of it,
//! so that a rule that both apply is written once.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::tokens::{Places, tokens, word};

/// The statement, with the common table expressions of `main` in front of it.
pub(crate) fn reading_parts(main: &str, statement: &str) -> String {
    let Some(parts) = parts(main) else {
        return statement.to_owned();
    };
    match after_with(statement) {
        // The parts may end in a comment.
        Some(own) => format!("{parts}\n,\n{own}"),
        None => format!("{parts}\n\n{statement}"),
    }
}

/// `WITH a AS (…), b AS (…)` of a statement, up to its own `SELECT`.
fn parts(sql: &str) -> Option<&str> {
    after_with(sql)?;
    let mut depth = 0;
    for token in tokens(sql) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ if depth == 0 && is_word(word(&token), "select") => {
                return Some(sql[..Places::of(sql).start(&token)].trim_end());
            }
            _ => {}
        }
    }
    None
}

/// What follows the `WITH` that a statement begins with.
fn after_with(sql: &str) -> Option<&str> {
    let tokens = tokens(sql);
    let first = tokens
        .iter()
        .find(|token| !matches!(token.token, Token::Whitespace(_)))?;
    is_word(word(first), "with").then_some(())?;
    let start = Places::of(sql).start(first);
    sql[start..].get("with".len()..).map(str::trim_start)
}

fn is_word(found: Option<&str>, wanted: &str) -> bool {
    found.is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::reading_parts;

    #[track_caller]
    fn check(main: &str, statement: &str, expected: &str) {
        assert_eq!(reading_parts(main, statement), expected);
    }

    #[test]
    fn parts_stand_before_what_reads_them() {
        check("SELECT 1", "SELECT 2", "SELECT 2");
        check(
            "WITH a AS (SELECT 1)\n\n-- é (\nSELECT * FROM a",
            "SELECT 'x' FROM a",
            "WITH a AS (SELECT 1)\n\n-- é (\n\nSELECT 'x' FROM a",
        );
        check(
            "-- é\nwith a AS (SELECT (1)), b AS (SELECT ')' FROM a) select * FROM b",
            "WITH c AS (SELECT * FROM b) SELECT * FROM c",
            "-- é\nwith a AS (SELECT (1)), b AS (SELECT ')' FROM a)\n,\nc AS (SELECT * FROM b) SELECT * FROM c",
        );
        // What is no SQL is reported by the code that plans it.
        check("WITH a AS (SELECT 'x", "SELECT 1", "SELECT 1");
    }
}
