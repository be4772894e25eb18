//! The tokens of a statement, and where they are in its text.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// The words of a text; none if it is not SQL, which the planner reports.
pub(super) fn tokens(sql: &str) -> Vec<TokenWithSpan> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    tokens.unwrap_or_default()
}

pub(super) fn word(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::Word(word) => Some(&word.value),
        _ => None,
    }
}

/// Where the tokens of a text are in it, in bytes.
pub(super) struct Places {
    /// The first byte of each line.
    lines: Vec<usize>,
    /// The texts of lines that have letters of several bytes would need more; ours are counted in letters once.
    letters: Option<Vec<Vec<usize>>>,
    bytes: usize,
}

impl Places {
    pub(super) fn of(sql: &str) -> Self {
        let ends = sql.match_indices('\n').map(|(at, _)| at + 1);
        let letters = (!sql.is_ascii()).then(|| {
            let lines = sql.split_inclusive('\n');
            let letters = lines.map(|line| line.char_indices().map(|(at, _)| at).collect());
            letters.collect()
        });
        Self {
            lines: std::iter::once(0).chain(ends).collect(),
            letters,
            bytes: sql.len(),
        }
    }

    /// The first byte of a token.
    pub(super) fn start(&self, token: &TokenWithSpan) -> usize {
        self.byte(token.span.start.line, token.span.start.column)
    }

    /// The byte after a token.
    pub(super) fn end(&self, token: &TokenWithSpan) -> usize {
        self.byte(token.span.end.line, token.span.end.column)
    }

    /// Where a line and a column, both from 1, are; the end where they are behind the text.
    fn byte(&self, line: u64, column: u64) -> usize {
        let place = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
        let found = place(line).zip(place(column)).and_then(|(line, column)| {
            let start = self.lines.get(line)?;
            match &self.letters {
                None => Some(start + column),
                Some(letters) => {
                    let letters = letters.get(line)?;
                    let end = self.lines.get(line + 1).copied().unwrap_or(self.bytes);
                    Some(letters.get(column).map_or(end, |at| start + at))
                }
            }
        });
        found.unwrap_or(self.bytes).min(self.bytes)
    }
}
