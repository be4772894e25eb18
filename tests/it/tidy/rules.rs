//! The rules of the domain have one home each: no statement of `queries/` repeats another one's lines, and none compares
//! a column with a value that nothing writes.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use keytrail::schema::{TABLES, VIEW_VOCABULARIES};

use super::{fault, files};

/// So many equal lines in two files are a rule without a home.
const EQUAL_LINES_MAX: usize = 5;

#[test]
fn no_two_queries_have_the_same_lines() {
    let faults = repeated_lines(&files("queries", "sql"));
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn columns_are_compared_with_values_that_they_have() {
    let mut faults = String::new();
    for (path, text) in files("queries", "sql") {
        for (line, column, value) in strange_values(&text) {
            fault(
                &mut faults,
                &path,
                line,
                &format!("`{column}` is never `{value}`"),
                "compare it with a value of src/schema/vocabulary.rs, or add the value there",
            );
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// The lines of a file that are SQL, each with its number: those of the statement, and those of summaries and caveats.
fn statements(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let (mut is_header, mut is_statement) = (true, false);
    for (index, line) in text.lines().enumerate() {
        is_header &= line.starts_with("--");
        let sql = match line.strip_prefix("--").filter(|_| is_header) {
            None => Some(line),
            Some(continued) if continued.starts_with("   ") => {
                Some(continued).filter(|_| is_statement)
            }
            Some(item) => {
                let item = item.trim_start();
                let rest = item
                    .strip_prefix("caveat:")
                    .or(item.strip_prefix("summary:"));
                is_statement = rest.is_some();
                rest
            }
        };
        lines.extend(sql.map(|sql| (index + 1, sql)));
    }
    lines
}

/// The faults of lines that two of these files have in common.
fn repeated_lines(files: &[(String, String)]) -> String {
    let mut faults = String::new();
    let mut known: BTreeMap<Vec<&str>, (&str, usize)> = BTreeMap::new();
    for (path, text) in files {
        let lines = statements(text).into_iter().filter_map(|(number, line)| {
            let line = line.trim();
            let is_told = line.chars().any(char::is_alphanumeric) && !line.starts_with("--");
            is_told.then_some((number, line))
        });
        let lines: Vec<(usize, &str)> = lines.collect();
        let mut is_told = false;
        for window in lines.windows(EQUAL_LINES_MAX + 1) {
            let equal = window.iter().map(|(_, line)| *line).collect();
            let (other, number) = *known.entry(equal).or_insert((path, window[0].0));
            if other != path && !is_told {
                fault(
                    &mut faults,
                    path,
                    window[0].0,
                    &format!("the same lines as in {other}:{number}"),
                    "give them one home: a macro, a function or a view",
                );
            }
            is_told = other != path;
        }
    }
    faults
}

/// The comparisons of a file with values that a column never has: line, column and value.
fn strange_values(text: &str) -> Vec<(usize, String, String)> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let columns = TABLES.iter().flat_map(|table| table.columns);
    let closed = columns.filter(|column| !column.values.is_empty());
    for column in closed {
        values.entry(column.name).or_default().extend(column.values);
    }
    for vocabulary in VIEW_VOCABULARIES {
        let values = values.entry(vocabulary.column).or_default();
        values.extend(vocabulary.values);
    }
    let mut strange = Vec::new();
    for (line, statement) in parts(text) {
        let tokens = Tokenizer::new(&GenericDialect {}, &statement).tokenize_with_location();
        let tokens = tokens.expect("SQL in a query file");
        let tokens: Vec<&TokenWithSpan> = tokens
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)))
            .collect();
        for (at, token) in tokens.iter().enumerate() {
            let Some((column, known)) = name(token).and_then(|name| values.get_key_value(name))
            else {
                continue;
            };
            for (token, value) in compared(&tokens, at) {
                if !known.contains(value) {
                    let place = usize::try_from(token.span.start.line).expect("a line");
                    strange.push((line + place - 1, (*column).to_owned(), value.to_owned()));
                }
            }
        }
    }
    strange
}

/// The statements of a file, each with the number of its first line.
fn parts(text: &str) -> Vec<(usize, String)> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    let mut last = None;
    for (number, line) in statements(text) {
        match parts.last_mut() {
            Some((_, part)) if last == Some(number - 1) => {
                part.push('\n');
                part.push_str(line);
            }
            _ => parts.push((number, line.to_owned())),
        }
        last = Some(number);
    }
    parts
}

/// The literals that the column at a place is compared with.
fn compared<'a>(tokens: &[&'a TokenWithSpan], at: usize) -> Vec<(&'a TokenWithSpan, &'a str)> {
    let word = |place: usize| {
        tokens
            .get(place)
            .and_then(|token| name(token))
            .unwrap_or_default()
    };
    let is = |place: usize, wanted: &str| word(place).eq_ignore_ascii_case(wanted);
    let symbol = |place: usize| tokens.get(place).map(|token| &token.token);
    let text = |place: usize| literal(tokens.get(place)?);
    let start = at.saturating_sub(if symbol(at.saturating_sub(1)) == Some(&Token::Period) {
        2
    } else {
        0
    });
    // `CASE column WHEN 'a' THEN …`
    if start > 0 && is(start - 1, "case") {
        return cases(tokens, at + 1);
    }
    // `coalesce(column, '')`
    let is_defaulted = start > 1
        && is(start - 2, "coalesce")
        && text(at + 2).is_some_and(|(_, value)| value.is_empty());
    let mut next = if is_defaulted { at + 4 } else { at + 1 };
    let is_equality = matches!(symbol(next), Some(Token::Eq | Token::Neq));
    if is_equality {
        return text(next + 1).into_iter().collect();
    }
    next += usize::from(is(next, "is")) + usize::from(is(next, "not") || is(next + 1, "not"));
    if is(next, "distinct") {
        return text(next + 2).into_iter().collect();
    }
    if is(next, "in") && symbol(next + 1) == Some(&Token::LParen) {
        let rest = tokens.iter().skip(next + 2).copied();
        let list = rest.take_while(|token| token.token != Token::RParen);
        return list.filter_map(literal).collect();
    }
    Vec::new()
}

/// The literals behind each `WHEN` of a `CASE` whose operand ends before a place.
fn cases<'a>(tokens: &[&'a TokenWithSpan], from: usize) -> Vec<(&'a TokenWithSpan, &'a str)> {
    let mut found = Vec::new();
    let mut depth = 0;
    for pair in tokens[from..].windows(2) {
        match name(pair[0]).map(str::to_ascii_lowercase).as_deref() {
            Some("case") => depth += 1,
            Some("end") if depth == 0 => break,
            Some("end") => depth -= 1,
            Some("when") if depth == 0 => found.extend(literal(pair[1])),
            _ => {}
        }
    }
    found
}

fn name(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::Word(word) => Some(&word.value),
        _ => None,
    }
}

fn literal(token: &TokenWithSpan) -> Option<(&TokenWithSpan, &str)> {
    match &token.token {
        Token::SingleQuotedString(value) => Some((token, value)),
        _ => None,
    }
}

#[test]
fn repeated_lines_are_found() {
    let rule = "SELECT *\nFROM kms_events\nWHERE a = 1\n  AND (\n    b = 2\n  )\n  -- Why.\n  AND c = 3\n\n  AND d = 4\n";
    let file = |path: &str, text: String| (path.to_owned(), text);
    let of_caveat: String = rule.lines().map(|line| format!("--   {line}\n")).collect();
    let files = [
        file("a.sql", format!("-- id: a\n\n{rule}")),
        file(
            "b.sql",
            format!("-- id: b\n-- description: x\n{of_caveat}\n\nSELECT 1"),
        ),
        file(
            "c.sql",
            format!("-- id: c\n-- caveat:\n{of_caveat}\nSELECT 1"),
        ),
        file("d.sql", rule.replace("c = 3", "c = 4")),
    ];
    let faults = repeated_lines(&files);
    assert!(
        faults.starts_with("c.sql:3: the same lines as in a.sql:3, "),
        "{faults}"
    );
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

#[test]
fn strange_values_are_found() {
    let check = |text: &str, expected: &[(usize, &str, &str)]| {
        let found = strange_values(text);
        let found: Vec<(usize, &str, &str)> = found
            .iter()
            .map(|(line, column, value)| (*line, column.as_str(), value.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check("SELECT 1\nWHERE kind = 'other'", &[(2, "kind", "other")]);
    check("SELECT 1 WHERE f.kind <> 'log' AND other = 'x'", &[]);
    check(
        "SELECT 1 WHERE outcome NOT IN ('success',\n 'succeeded') OR coalesce(status, '') IN ('valid', 'right')",
        &[(2, "outcome", "succeeded"), (2, "status", "right")],
    );
    check(
        "SELECT CASE key_role WHEN 'only' THEN CASE x WHEN 'y' THEN 1 END WHEN 'sole' THEN 2 END",
        &[(1, "key_role", "sole")],
    );
    check(
        "SELECT 1 WHERE resolution IS DISTINCT FROM 'guessed' AND state IS NOT DISTINCT FROM 'ko'",
        &[(1, "resolution", "guessed"), (1, "state", "ko")],
    );
    check(
        "-- id: a\n-- description: it's kind = 'x'\n-- caveat:\n--   SELECT 'b'\n--   WHERE use_label = 'own'\n\nSELECT 1",
        &[(5, "use_label", "own")],
    );
}
