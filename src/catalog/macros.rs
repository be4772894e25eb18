//! Macros: rules that several statements share, put into their text before anything plans it.
//!
//! Enters: a text that calls macros as functions are called, `is_caller(e, $caller)`. Leaves: the text with the body of
//! each in place of its call, in parentheses and on one line, so that every line of the file stays where it is. What is
//! in an argument is put in place of the name that the macro has for it; a name with a dot behind it takes a name alone.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Query;
use super::tokens::{tokens, word};

/// The macros by name; each calls only what is expanded in it already.
#[derive(Debug, Clone, Default)]
pub(super) struct Macros(BTreeMap<String, Macro>);

#[derive(Debug, Clone)]
struct Macro {
    /// The names that it has for what it takes.
    arguments: Vec<String>,
    parts: Vec<Part>,
}

/// A part of the body of a macro.
#[derive(Debug, Clone)]
enum Part {
    Text(String),
    /// The place of the argument that stands here.
    Argument(usize),
}

impl Macros {
    /// The macros of these files.
    ///
    /// # Errors
    /// The file at fault, and what is wrong with it: it calls itself, also through others.
    pub(super) fn new(queries: &BTreeMap<String, Query>) -> Result<Self, (String, String)> {
        let mut macros = Self::default();
        for query in queries.values() {
            macros.add(query, queries, &mut Vec::new())?;
        }
        Ok(macros)
    }

    fn add<'a>(
        &mut self,
        query: &'a Query,
        queries: &'a BTreeMap<String, Query>,
        path: &mut Vec<&'a str>,
    ) -> Result<(), (String, String)> {
        if self.0.contains_key(&query.id) {
            return Ok(());
        }
        if path.contains(&query.id.as_str()) {
            let problem = format!("macro `{}` calls itself", query.id);
            return Err((query.path.clone(), problem));
        }
        path.push(&query.id);
        let called = called(&query.sql);
        for needed in queries.values().filter(|other| called.contains(&other.id)) {
            self.add(needed, queries, path)?;
        }
        path.pop();
        let expanded = self
            .expanded(&query.sql)
            .map_err(|problem| (query.path.clone(), problem))?;
        let called = Macro::new(&one_line(&expanded), &query.arguments);
        self.0.insert(query.id.clone(), called);
        Ok(())
    }

    /// Replaces the calls of macros in all statements of a query.
    ///
    /// # Errors
    /// What is wrong with a call.
    pub(super) fn expand(&self, query: &mut Query) -> Result<(), String> {
        for sql in query.statements_mut() {
            *sql = self.expanded(sql)?;
        }
        Ok(())
    }

    /// The text with all calls of macros replaced.
    ///
    /// # Errors
    /// What is wrong with a call.
    pub(super) fn expanded(&self, sql: &str) -> Result<String, String> {
        // Many texts call none, and to look for words in a text is quicker than to read it.
        if !called_words(sql).any(|name| self.0.contains_key(name)) {
            return Ok(sql.to_owned());
        }
        let tokens = tokens(sql);
        let places = Places::of(sql);
        let mut text = String::with_capacity(2 * sql.len());
        let mut taken = 0;
        for (at, pair) in tokens.windows(2).enumerate() {
            let start = places.start(&pair[0]);
            let Some((name, called)) = word(&pair[0]).and_then(|name| self.0.get_key_value(name))
            else {
                continue;
            };
            // A call within the arguments of another one is replaced with these.
            if pair[1].token != Token::LParen || start < taken {
                continue;
            }
            let (arguments, end) = arguments(&tokens[at + 2..], sql, &places)
                .ok_or_else(|| format!("the call of macro `{name}` is not closed"))?;
            if arguments.len() != called.arguments.len() {
                return Err(format!(
                    "macro `{name}` takes ({}), got {} arguments",
                    called.arguments.join(", "),
                    arguments.len()
                ));
            }
            let arguments = arguments.into_iter().map(|text| self.expanded(text));
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            text.push_str(&sql[taken..start]);
            called.write(&mut text, &arguments).map_err(|argument| {
                format!("argument `{argument}` of macro `{name}` must be a name")
            })?;
            taken = end;
        }
        text.push_str(&sql[taken..]);
        Ok(text)
    }
}

impl Macro {
    /// Reads a body, in which no macro is called any more.
    fn new(body: &str, arguments: &[(String, String)]) -> Self {
        let tokens = tokens(body);
        let places = Places::of(body);
        let mut parts = Vec::new();
        let mut taken = 0;
        for (at, token) in tokens.iter().enumerate() {
            let argument = word(token)
                .and_then(|word| arguments.iter().position(|(name, _)| name == word))
                .filter(|_| at == 0 || tokens[at - 1].token != Token::Period);
            if let Some(argument) = argument {
                parts.push(Part::Text(body[taken..places.start(token)].to_owned()));
                parts.push(Part::Argument(argument));
                taken = places.end(token);
            }
        }
        parts.push(Part::Text(body[taken..].to_owned()));
        Self {
            arguments: arguments.iter().map(|(name, _)| name.clone()).collect(),
            parts,
        }
    }

    /// Writes the body with these arguments, in parentheses.
    ///
    /// # Errors
    /// The argument with a dot behind it that is not a name.
    fn write(&self, text: &mut String, arguments: &[String]) -> Result<(), &str> {
        text.push('(');
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Argument(place) => {
                    let argument = &arguments[*place];
                    let is_qualifier = matches!(
                        self.parts.get(at + 1),
                        Some(Part::Text(next)) if next.starts_with('.')
                    );
                    if is_single(argument) || (is_qualifier && is_quoted_name(argument)) {
                        text.push_str(argument);
                    } else if is_qualifier {
                        return Err(&self.arguments[*place]);
                    } else {
                        text.push('(');
                        text.push_str(&one_line(argument));
                        text.push(')');
                    }
                }
            }
        }
        text.push(')');
        Ok(())
    }
}

/// Whether an argument is one name or literal, which needs no parentheses.
fn is_single(argument: &str) -> bool {
    argument
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '$' | '\''))
}

/// Whether an argument is one name in quotation marks.
fn is_quoted_name(argument: &str) -> bool {
    let inner = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('"'))
}

/// What is wrong with the body of a macro: it is neither an expression nor a query.
pub(super) fn body_fault(body: &str) -> Option<String> {
    let dialect = GenericDialect {};
    let parsed = Parser::new(&dialect)
        .try_with_sql(body)
        .and_then(|mut parser| {
            let first = parser.peek_token();
            let is_query = word(&first).is_some_and(|word| {
                word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with")
            });
            if is_query {
                parser.parse_query().map(|_query| ())?;
            } else {
                parser.parse_expr().map(|_expression| ())?;
            }
            parser.expect_token(&Token::EOF).map(|_end| ())
        });
    parsed.err().map(|error| match error {
        ParserError::ParserError(said) | ParserError::TokenizerError(said) => {
            format!("it is neither an expression nor a query: {said}")
        }
        ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
    })
}

/// The names that a text calls.
fn called(sql: &str) -> BTreeSet<String> {
    let tokens = tokens(sql);
    let pairs = tokens.windows(2);
    let called = pairs.filter(|pair| pair[1].token == Token::LParen);
    called
        .filter_map(|pair| word(&pair[0]).map(str::to_owned))
        .collect()
}

/// The words that have a parenthesis behind them, also in comments and literals.
fn called_words(sql: &str) -> impl Iterator<Item = &str> {
    sql.match_indices('(').map(|(end, _)| {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let word = sql[..end].trim_end_matches(is_part).len();
        &sql[word..end]
    })
}

/// The arguments of a call from behind its parenthesis on, and where the text goes on after it.
fn arguments<'a>(
    tokens: &[TokenWithSpan],
    sql: &'a str,
    places: &Places,
) -> Option<(Vec<&'a str>, usize)> {
    let mut arguments = Vec::new();
    let mut depth = 0;
    let mut start = places.start(tokens.first()?);
    for token in tokens {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen if depth == 0 => {
                let last = sql[start..places.start(token)].trim();
                if !last.is_empty() || !arguments.is_empty() {
                    arguments.push(last);
                }
                return Some((arguments, places.end(token)));
            }
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            Token::Comma if depth == 0 => {
                arguments.push(sql[start..places.start(token)].trim());
                start = places.end(token);
            }
            _ => {}
        }
    }
    None
}

/// The text without comments and line ends.
fn one_line(sql: &str) -> String {
    let places = Places::of(sql);
    let mut line = String::with_capacity(sql.len());
    for token in tokens(sql) {
        if matches!(token.token, Token::Whitespace(_)) {
            if !line.ends_with(' ') {
                line.push(' ');
            }
        } else {
            line.push_str(&sql[places.start(&token)..places.end(&token)]);
        }
    }
    line.trim().to_owned()
}

/// Where the tokens of a text are in it, in bytes.
struct Places {
    /// The first byte of each line.
    lines: Vec<usize>,
    /// The texts of lines that have letters of several bytes would need more; ours are counted in letters once.
    letters: Option<Vec<Vec<usize>>>,
    bytes: usize,
}

impl Places {
    fn of(sql: &str) -> Self {
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

    fn start(&self, token: &TokenWithSpan) -> usize {
        self.byte(token.span.start.line, token.span.start.column)
    }

    fn end(&self, token: &TokenWithSpan) -> usize {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Macros, body_fault};
    use crate::catalog::Query;

    fn macros(files: &[(&str, &str, &str)]) -> Result<Macros, (String, String)> {
        let files = files.iter().map(|(id, arguments, sql)| {
            let arguments = arguments.split_whitespace();
            let arguments: Vec<String> = arguments
                .map(|name| format!("-- argument {name}: x\n"))
                .collect();
            let arguments = arguments.concat();
            let text = format!("-- id: {id}\n-- title: t\n-- description: d\n{arguments}\n{sql}");
            let query = Query::parse(&format!("macros/{id}.sql"), &text).expect("a macro");
            (query.id.clone(), query)
        });
        Macros::new(&files.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn calls_are_replaced_where_they_are() {
        let macros = macros(&[
            (
                "is_own",
                "row account",
                "row.owner = account -- é\n  AND row.kind = 'row'",
            ),
            ("is_used", "row", "is_own(row, $account) OR row.uses > 0"),
        ])
        .expect("two macros");
        let check = |sql: &str, expected: &str| {
            assert_eq!(macros.expanded(sql).as_deref(), Ok(expected), "{sql}");
        };
        check(
            "SELECT 'is_own(' -- is_own(a, b)",
            "SELECT 'is_own(' -- is_own(a, b)",
        );
        check(
            "SELECT é\nWHERE is_own(k, upper(x))\nAND y",
            "SELECT é\nWHERE (k.owner = (upper(x)) AND k.kind = 'row')\nAND y",
        );
        check(
            "is_own(\"K\", [1, 2][1])",
            "(\"K\".owner = ([1, 2][1]) AND \"K\".kind = 'row')",
        );
        check(
            "is_used(a) AND is_used(b)",
            "((a.owner = $account AND a.kind = 'row') OR a.uses > 0) AND ((b.owner = $account AND b.kind = 'row') OR b.uses > 0)",
        );
        let fault = |sql: &str| macros.expanded(sql).expect_err("a wrong call");
        assert_eq!(
            fault("is_own(a, b, c)"),
            "macro `is_own` takes (row, account), got 3 arguments"
        );
        assert_eq!(
            fault("is_used(1 + 2)"),
            "argument `row` of macro `is_used` must be a name"
        );
        assert_eq!(
            fault("is_used(a"),
            "the call of macro `is_used` is not closed"
        );
    }

    #[test]
    fn a_name_in_a_comment_or_a_literal_is_no_call() {
        let macros = macros(&[("a", "x", "x || 'a(x)' -- a(x)")]).expect("no circle");
        assert_eq!(macros.expanded("a(1)").as_deref(), Ok("(1 || 'a(x)')"));
    }

    #[test]
    fn a_body_is_an_expression_or_a_query() {
        for body in [
            "x + f(y)",
            "SELECT x FROM t",
            "(SELECT 1)",
            "row.n IN (1, 2)",
        ] {
            assert_eq!(body_fault(body), None, "{body}");
        }
        for body in ["x +", "1) + (2", "x || 'a", "SELECT FROM", "DROP TABLE t"] {
            let fault = body_fault(body).expect(body);
            assert!(
                fault.starts_with("it is neither an expression nor a query: "),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_macro_that_calls_itself_is_named() {
        let circle = macros(&[("a", "x", "b(x)"), ("b", "x", "a(x)")]);
        let (path, problem) = circle.expect_err("a circle");
        assert_eq!(path, "macros/a.sql");
        assert_eq!(problem, "macro `a` calls itself");
    }
}
