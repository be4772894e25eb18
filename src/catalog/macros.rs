//! Macros: rules that several statements share, put into their text before anything plans it.
//!
//! Enters: a text that calls macros as functions are called, `is_caller(e, $caller)`. Leaves: the text with the body of
//! each in place of its call, in parentheses and on one line, so that every line of the file stays where it is. What is
//! in an argument is put in place of the name that the macro has for it; a name with a dot behind it takes a name alone.
//! A macro is read when it is first called.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::file::File;
use super::tokens::{Places, tokens, word};
use super::{CatalogError, Query};

/// The macros by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Macros(BTreeMap<String, MacroFile>);

/// The file of a macro, read when it is first called.
#[derive(Debug, Clone)]
struct MacroFile {
    file: File,
    read: OnceLock<Result<Macro, CatalogError>>,
}

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

/// Why the calls in a text cannot be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallFault {
    /// A call is wrong.
    Call(String),
    /// A macro that is called is wrong.
    Macro(CatalogError),
}

impl CallFault {
    /// The fault of a text that begins there.
    pub(super) fn at(self, path: &str, line: usize) -> CatalogError {
        match self {
            Self::Call(problem) => CatalogError::Header {
                path: path.to_owned(),
                line,
                problem,
            },
            Self::Macro(fault) => fault,
        }
    }
}

impl Macros {
    /// Adds a file, or overrides the one of that name.
    pub(super) fn insert(&mut self, name: &str, file: File) {
        let read = OnceLock::new();
        self.0.insert(name.to_owned(), MacroFile { file, read });
    }

    /// Whether a macro has that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Their names.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }

    /// # Errors
    /// What is wrong with the macro of that name: also that it calls itself, through others or not.
    pub(super) fn check(&self, name: &str) -> Result<(), CatalogError> {
        let known = self.0.get_key_value(name);
        let read = known.map(|(name, file)| self.called(name, file, &mut Vec::new()));
        read.transpose().map(|_macro| ())
    }

    /// Replaces the calls of macros in all statements of a query.
    ///
    /// # Errors
    /// What is wrong with a call, or with a macro.
    pub(super) fn expand(&self, query: &mut Query) -> Result<(), CatalogError> {
        let (path, line) = (query.path.clone(), query.line);
        for sql in query.statements_mut() {
            *sql = self.expanded(sql).map_err(|fault| fault.at(&path, line))?;
        }
        Ok(())
    }

    /// The text with all calls of macros replaced.
    ///
    /// # Errors
    /// What is wrong with a call, or with a macro.
    pub(super) fn expanded(&self, sql: &str) -> Result<String, CallFault> {
        self.expanded_in(sql, &mut Vec::new())
    }

    /// The same in the body of a macro; `path` has the macros that call each other down to that one.
    fn expanded_in<'a>(&'a self, sql: &str, path: &mut Vec<&'a str>) -> Result<String, CallFault> {
        // Many texts call none, and to look for words in a text is quicker than to read it.
        if !called_words(sql).any(|name| self.named(name, true).is_some()) {
            return Ok(sql.to_owned());
        }
        let tokens = tokens(sql);
        let places = Places::of(sql);
        let mut text = String::with_capacity(2 * sql.len());
        let mut taken = 0;
        for at in 0..tokens.len() {
            let Some((name, file, open)) = self.call(&tokens, at) else {
                continue;
            };
            let start = places.start(&tokens[at]);
            // A call within the arguments of another one is replaced with these.
            if start < taken {
                continue;
            }
            let called = self.called(name, file, path).map_err(CallFault::Macro)?;
            let (arguments, end) =
                arguments(&tokens[open + 1..], sql, &places).ok_or_else(|| {
                    CallFault::Call(format!("the call of macro `{name}` is not closed"))
                })?;
            if arguments.len() != called.arguments.len() {
                return Err(CallFault::Call(format!(
                    "macro `{name}` takes ({}), got {} arguments",
                    called.arguments.join(", "),
                    arguments.len()
                )));
            }
            let arguments = arguments
                .into_iter()
                .map(|text| self.expanded_in(text, path));
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            text.push_str(&sql[taken..start]);
            called.write(&mut text, &arguments).map_err(|argument| {
                CallFault::Call(format!(
                    "argument `{argument}` of macro `{name}` must be a name"
                ))
            })?;
            taken = end;
        }
        text.push_str(&sql[taken..]);
        Ok(text)
    }

    /// The macro that is called there, and the place of the parenthesis behind its name.
    fn call(&self, tokens: &[TokenWithSpan], at: usize) -> Option<(&str, &MacroFile, usize)> {
        let Token::Word(name) = &tokens[at].token else {
            return None;
        };
        let is_visible = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
        let behind = tokens[at + 1..]
            .iter()
            .position(|token| is_visible(&token))?;
        let open = at + 1 + behind;
        if tokens[open].token != Token::LParen {
            return None;
        }
        let (name, file) = self.named(&name.value, name.quote_style.is_none())?;
        // A column of a relation, or the name of one with the names of its columns.
        let before = tokens[..at].iter().rev().find(is_visible);
        let is_other = before.is_some_and(|token| match word(token) {
            Some(word) => ["as", "with", "recursive"]
                .iter()
                .any(|other| word.eq_ignore_ascii_case(other)),
            None => token.token == Token::Period,
        });
        (!is_other).then_some((name, file, open))
    }

    /// The macro of that name, which SQL writes in small letters or in quotation marks.
    fn named(&self, name: &str, is_any_case: bool) -> Option<(&str, &MacroFile)> {
        let known = self.0.get_key_value(name).or_else(|| {
            let has_large = is_any_case && name.bytes().any(|byte| byte.is_ascii_uppercase());
            has_large.then(|| self.0.get_key_value(&name.to_ascii_lowercase()))?
        });
        known.map(|(name, file)| (name.as_str(), file))
    }

    /// A macro, read if it was not yet. Reading one may read others, so this takes no lock.
    fn called<'a>(
        &'a self,
        name: &'a str,
        file: &'a MacroFile,
        path: &mut Vec<&'a str>,
    ) -> Result<&'a Macro, CatalogError> {
        let known = if let Some(known) = file.read.get() {
            known
        } else {
            let read = self.read(name, &file.file, path);
            file.read.get_or_init(|| read)
        };
        known.as_ref().map_err(Clone::clone)
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        file: &'a File,
        path: &mut Vec<&'a str>,
    ) -> Result<Macro, CatalogError> {
        let query = file.query(Ok)?;
        if path.contains(&name) {
            let problem = format!("macro `{name}` calls itself");
            return Err(CatalogError::of_file(&query.path, problem));
        }
        path.push(name);
        let body = self.expanded_in(&query.sql, path);
        path.pop();
        let body = body.map_err(|fault| fault.at(&query.path, query.line))?;
        Ok(Macro::new(&one_line(&body), &query.arguments))
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

/// The words that have a parenthesis behind them, also in comments and literals.
fn called_words(sql: &str) -> impl Iterator<Item = &str> {
    sql.match_indices('(').map(|(end, _)| {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let before = sql[..end].trim_end();
        let before = before.strip_suffix('"').unwrap_or(before);
        let word = before.trim_end_matches(is_part).len();
        &before[word..]
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{CallFault, Macros, body_fault};
    use crate::catalog::file::File;

    fn macros(files: &[(&str, &str, &str)]) -> Macros {
        let mut macros = Macros::default();
        for (id, arguments, sql) in files {
            let arguments = arguments.split_whitespace();
            let arguments: Vec<String> = arguments
                .map(|name| format!("-- argument {name}: x\n"))
                .collect();
            let arguments = arguments.concat();
            let text = format!("-- id: {id}\n-- title: t\n-- description: d\n{arguments}\n{sql}");
            let file = File::new(format!("macros/{id}.sql"), Cow::Owned(text));
            macros.insert(id, file);
        }
        macros
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
        ]);
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
        for (sql, fault) in [
            (
                "is_own(a, b, c)",
                "macro `is_own` takes (row, account), got 3 arguments",
            ),
            (
                "is_used(1 + 2)",
                "argument `row` of macro `is_used` must be a name",
            ),
            ("is_used(a", "the call of macro `is_used` is not closed"),
        ] {
            let fault = CallFault::Call(fault.to_owned());
            assert_eq!(macros.expanded(sql), Err(fault), "{sql}");
        }
    }

    #[test]
    fn a_call_is_written_as_that_of_a_function_can_be() {
        let macros = macros(&[("is_own", "row", "row.own")]);
        for sql in [
            "is_own(k)",
            "IS_OWN(k)",
            "Is_Own (k)",
            "is_own\t(k)",
            "\"is_own\"(k)",
        ] {
            assert_eq!(macros.expanded(sql).as_deref(), Ok("(k.own)"), "{sql}");
        }
        // In quotation marks SQL means the letters as they are; and these are names, not calls.
        for sql in [
            "\"IS_OWN\"(k)",
            "t.is_own(k)",
            "SELECT * FROM t AS is_own (k)",
            "WITH is_own (k) AS (SELECT 1) SELECT k FROM is_own",
        ] {
            assert_eq!(macros.expanded(sql).as_deref(), Ok(sql), "{sql}");
        }
    }

    #[test]
    fn a_name_in_a_comment_or_a_literal_is_no_call() {
        let macros = macros(&[("a", "x", "x || 'a(x)' -- a(x)")]);
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
    fn a_macro_that_cannot_be_used_is_named_where_it_is_called() {
        let macros = macros(&[
            ("a", "x", "b(x)"),
            ("b", "x", "a(x)"),
            ("c", "x", "a(x)"),
            ("d", "x", "d (x)"),
            ("e", "x", "f(x, x)"),
            ("f", "x", "x"),
        ]);
        for (name, expected) in [
            ("c", "macros/a.sql:1: macro `a` calls itself"),
            ("b", "macros/a.sql:1: macro `a` calls itself"),
            ("d", "macros/d.sql:1: macro `d` calls itself"),
            ("e", "macros/e.sql:6: macro `f` takes (x), got 2 arguments"),
        ] {
            let Err(CallFault::Macro(fault)) = macros.expanded(&format!("SELECT {name}(1)")) else {
                panic!("{name} can be used");
            };
            assert_eq!(fault.to_string(), expected);
            assert_eq!(macros.check(name), Err(fault));
        }
        assert_eq!(macros.check("f"), Ok(()));
        // What calls none of them is not concerned.
        assert_eq!(macros.expanded("f(1)").as_deref(), Ok("(1)"));
    }
}
