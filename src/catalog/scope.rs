//! The scopes: relations with placeholders, put in front of the statements that name them.
//!
//! Enters: a statement of a report, and the scopes of the library. Leaves: the statement with the scopes
//! that it names as its first common table expressions, so that it can be run as it stands and is bound as one;
//! and what a line of it is in the file that it came from. A scope that is kept may be a relation instead, which all
//! statements of a report share.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokens::{tokens, word};
use super::{CatalogError, Library, Query};

/// A statement with the scopes that it names.
#[derive(Debug)]
pub(crate) struct Scoped<'a> {
    /// The text to run.
    pub(crate) sql: String,
    /// The scopes in it, each with the line of the text on which its own first line stands.
    scopes: Vec<(&'a Query, usize)>,
    /// The lines before the statement's own first.
    lines_before: usize,
}

/// Where a line of the text is from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// A line of the statement, from 1.
    Statement(usize),
    /// A line of the file of a scope.
    Scope(&'a Query, usize),
}

impl<'a> Scoped<'a> {
    /// Puts the scopes that the statement names in front of it.
    ///
    /// # Errors
    /// [`CatalogError::Dependency`] where the scopes depend on what is not there, or on each other in turn.
    pub(crate) fn new(library: &'a Library, sql: &str) -> Result<Self, CatalogError> {
        Self::with(sql, |named| library.scopes(named))
    }

    /// The same where the scopes that are kept are relations.
    ///
    /// # Errors
    /// As those of [`Scoped::new`].
    pub(crate) fn over_kept(library: &'a Library, sql: &str) -> Result<Self, CatalogError> {
        Self::with(sql, |named| library.scopes_not_kept(named))
    }

    fn with(
        sql: &str,
        placed: impl FnOnce(&BTreeSet<&str>) -> Result<Vec<&'a Query>, CatalogError>,
    ) -> Result<Self, CatalogError> {
        let tokens = tokens(sql);
        let named: BTreeSet<&str> = tokens.iter().filter_map(word).collect();
        let needed = placed(&named)?;
        let mut scoped = Self {
            sql: String::new(),
            scopes: Vec::with_capacity(needed.len()),
            lines_before: 0,
        };
        if needed.is_empty() {
            sql.clone_into(&mut scoped.sql);
            return Ok(scoped);
        }
        let head = Head::of(&tokens);
        scoped.sql.push_str(if head.is_recursive {
            "WITH RECURSIVE "
        } else {
            "WITH "
        });
        for (place, scope) in needed.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { ",\n\n" };
            // Writing to a String cannot fail.
            let _infallible = writeln!(scoped.sql, "{comma}{} AS (", scope.id);
            scoped.scopes.push((scope, lines(&scoped.sql) + 1));
            let _infallible = write!(scoped.sql, "{}\n)", scope.sql);
        }
        let comma = if head.words.is_empty() { "" } else { "," };
        scoped.sql.push_str(comma);
        scoped.sql.push_str("\n\n");
        scoped.lines_before = lines(&scoped.sql);
        scoped.sql.push_str(&head.without(sql));
        Ok(scoped)
    }

    /// The scopes in the text, each after those that it reads.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &'a Query> {
        self.scopes.iter().map(|(scope, _)| *scope)
    }

    /// Where a line of the text, from 1, is from.
    pub(crate) fn origin(&self, line: usize) -> Origin<'a> {
        if line > self.lines_before {
            return Origin::Statement(line - self.lines_before);
        }
        let scope = self.scopes.iter().rev().find(|(_, first)| *first <= line);
        match scope {
            Some((scope, first)) => Origin::Scope(scope, scope.line + line - first),
            None => Origin::Statement(1),
        }
    }
}

/// The `WITH` or `WITH RECURSIVE` that a statement begins with, if it does.
struct Head {
    /// Line and column of each word, from 1, and its letters.
    words: Vec<(usize, usize, usize)>,
    is_recursive: bool,
}

impl Head {
    fn of(tokens: &[TokenWithSpan]) -> Self {
        let mut head = Self {
            words: Vec::new(),
            is_recursive: false,
        };
        let told = tokens
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)));
        for (token, wanted) in told.zip(["with", "recursive"]) {
            let is_wanted = word(token).is_some_and(|word| word.eq_ignore_ascii_case(wanted));
            let start = token.span.start;
            let place = usize::try_from(start.line)
                .ok()
                .zip(usize::try_from(start.column).ok());
            let Some((line, column)) = place.filter(|_| is_wanted) else {
                break;
            };
            head.is_recursive = wanted == "recursive";
            head.words.push((line, column, wanted.len()));
        }
        head
    }

    /// The statement with blanks in the place of these words.
    fn without(&self, sql: &str) -> String {
        let mut lines: Vec<String> = sql.split('\n').map(str::to_owned).collect();
        for (line, column, letters) in &self.words {
            let line = &mut lines[line - 1];
            let start = line.char_indices().map(|(at, _)| at).nth(column - 1);
            if let Some(start) = start {
                line.replace_range(start..start + letters, &" ".repeat(*letters));
            }
        }
        lines.join("\n")
    }
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::{Origin, Scoped};
    use crate::catalog::Library;

    fn library() -> Library {
        let mut library = Library::default();
        for (id, depends, sql) in [
            ("scope_a", "", "SELECT 1 AS one\nWHERE $x IS NULL"),
            ("scope_b", "-- depends: scope_a\n", "SELECT *\nFROM scope_a"),
        ] {
            let text = format!("-- id: {id}\n-- title: t\n-- description: d\n{depends}\n{sql}");
            let taken = library.add(&format!("scopes/{id}.sql"), &text);
            assert!(taken.expect("a scope"), "{id}");
        }
        library
    }

    #[track_caller]
    fn check(sql: &str, expected: &str) {
        let library = library();
        let scoped = Scoped::new(&library, sql).expect("scopes that fit");
        assert_eq!(scoped.sql, expected);
    }

    #[test]
    fn scopes_stand_before_what_names_them() {
        const A: &str = "scope_a AS (\nSELECT 1 AS one\nWHERE $x IS NULL\n)";
        const B: &str = "scope_b AS (\nSELECT *\nFROM scope_a\n)";
        check("SELECT 'scope_a' -- scope_b", "SELECT 'scope_a' -- scope_b");
        check(
            "SELECT * FROM scope_a",
            &format!("WITH {A}\n\nSELECT * FROM scope_a"),
        );
        check(
            "-- é\nwith x AS (\nSELECT * FROM scope_b)\nSELECT * FROM x",
            &format!(
                "WITH {A},\n\n{B},\n\n-- é\n     x AS (\nSELECT * FROM scope_b)\nSELECT * FROM x"
            ),
        );
        check(
            "WITH RECURSIVE x AS (SELECT * FROM scope_a) SELECT * FROM x",
            &format!(
                "WITH RECURSIVE {A},\n\n               x AS (SELECT * FROM scope_a) SELECT * FROM x"
            ),
        );
    }

    #[test]
    fn a_scope_that_is_kept_is_a_relation_with_all_that_only_it_reads() {
        let mut library = library();
        let text = "-- id: scope_kept\n-- title: t\n-- description: d\n-- depends: scope_b\n-- kept: k\n\nSELECT *\nFROM scope_b";
        let taken = library.add("scopes/scope_kept.sql", text);
        assert!(taken.expect("a scope"));
        let sql = |statement: &str| {
            let scoped = Scoped::over_kept(&library, statement);
            scoped.expect("scopes that fit").sql
        };
        assert_eq!(sql("SELECT * FROM scope_kept"), "SELECT * FROM scope_kept");
        assert_eq!(
            sql("SELECT * FROM scope_kept, scope_a"),
            "WITH scope_a AS (\nSELECT 1 AS one\nWHERE $x IS NULL\n)\n\nSELECT * FROM scope_kept, scope_a"
        );
        let inlined = Scoped::new(&library, "SELECT * FROM scope_kept").expect("scopes that fit");
        let scopes: Vec<&str> = inlined.scopes().map(|scope| scope.id.as_str()).collect();
        assert_eq!(scopes, ["scope_a", "scope_b", "scope_kept"]);
    }

    #[test]
    fn lines_are_those_of_the_files() {
        let library = library();
        let scoped =
            Scoped::new(&library, "SELECT *\nFROM scope_b\nWHERE no").expect("scopes that fit");
        let line = |text: &str| {
            let mut lines = scoped.sql.lines();
            lines.position(|line| line == text).expect("a line") + 1
        };
        assert_eq!(
            scoped.origin(line("SELECT 1 AS one")),
            Origin::Scope(library.scope("scope_a").expect("a scope"), 5)
        );
        assert_eq!(
            scoped.origin(line("FROM scope_a")),
            Origin::Scope(library.scope("scope_b").expect("a scope"), 7)
        );
        assert_eq!(scoped.origin(line("WHERE no")), Origin::Statement(3));
    }
}
