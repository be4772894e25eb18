//! The codes of notes: each that is used has a heading in docs/notes.md, and the reverse.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use keytrail::catalog::NOTE_CODES;

use super::{fault, files};
use crate::context::REPOSITORY;

const PAGE: &str = "docs/notes.md";

#[test]
fn every_note_has_a_code_that_is_explained() {
    let page = fs::read_to_string(format!("{REPOSITORY}/{PAGE}")).expect("the page is there");
    let sources: Vec<_> = files("queries", "sql")
        .into_iter()
        .chain(files("src", "rs"))
        .filter(|(path, _)| !path.contains("/tests"))
        .collect();
    let faults = code_faults(&page, &sources);
    assert!(faults.is_empty(), "\n{faults}");
    let explained: Vec<&str> = headings(&page).into_keys().collect();
    assert_eq!(explained, NOTE_CODES);
}

/// What is wrong with the codes of these files, given as paths and texts, and with those of the page.
fn code_faults(page: &str, sources: &[(String, String)]) -> String {
    let mut faults = String::new();
    let explained = headings(page);
    let mut known = BTreeSet::new();
    for (path, text) in sources {
        for (code, line) in used(text) {
            known.insert(code);
            if !explained.contains_key(code) {
                let instead = format!("add a heading to {PAGE}, and the code to `NOTE_CODES`");
                let what = format!("the note `{code}` is not explained");
                fault(&mut faults, path, line, &what, &instead);
            }
        }
    }
    for (code, line) in explained {
        if !known.contains(code) {
            let what = format!("no note has the code `{code}`");
            fault(&mut faults, PAGE, line, &what, "remove the heading");
        }
    }
    faults
}

/// The codes of the page, each with its line.
fn headings(page: &str) -> BTreeMap<&str, usize> {
    let lines = page.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let code = line.strip_prefix("### `")?.strip_suffix('`')?;
            Some((code, index + 1))
        })
        .collect()
}

/// The codes that a file gives to notes, each with its line: in footnotes, in columns `code`, in calls of the macro `note`
/// and of `Note::new`. Codes of a user's own are examples.
fn used(text: &str) -> Vec<(&str, usize)> {
    let text = text
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    let mut found = Vec::new();
    for (start, _) in text.match_indices("\n-- footnote ") {
        let item = &text[start + "\n-- footnote ".len()..];
        found.extend(item.split(':').next().map(|code| (code, start + 1)));
    }
    for (end, _) in text.match_indices("' AS code") {
        let start = text[..end].rfind('\'').map(|quote| quote + 1);
        found.extend(start.map(|start| (&text[start..end], start)));
    }
    for (call, quote) in [(" note(", '\''), ("Note::new(", '"')] {
        for (start, _) in text.match_indices(call) {
            // The lines of a caveat begin with dashes.
            let argument = text[start + call.len()..].trim_start_matches([' ', '\n', '-']);
            let code = argument.strip_prefix(quote);
            found.extend(code.and_then(|code| Some((code.split(quote).next()?, start))));
        }
    }
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    found.retain(|(code, _)| !code.starts_with("own-"));
    let found = found.into_iter().map(|(code, at)| (code, line(at)));
    found.collect()
}

#[test]
fn codes_without_a_heading_and_headings_without_a_note_are_found() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let page = "# Notes\n\n### `one`\nText.\n\n### `two`\n### `three`\n### `gone`\n";
    let query = "-- id: q\n-- footnote one: a text\n-- caveat:\n--   SELECT 'two' AS code, 1 AS count, 'x' AS text\n\
        -- caveat:\n--   SELECT unnest(make_array(\n--     note(\n--       'four', 1, 'x'\n--     )))\n\nSELECT 1\n";
    let code = "fn note() {\n    Note::new(\n        \"three\",\n        None,\n    );\n    \
        Note::new(\"five\", None, text)\n}\n// SELECT 'own-x' AS code\n#[cfg(test)]\nmod tests {\n    Note::new(\"six\")\n}\n";
    assert_eq!(
        code_faults(
            page,
            &[file("queries/q.sql", query), file("src/n.rs", code)]
        ),
        "queries/q.sql:7: the note `four` is not explained, add a heading to docs/notes.md, and the code to `NOTE_CODES`\n\
         src/n.rs:6: the note `five` is not explained, add a heading to docs/notes.md, and the code to `NOTE_CODES`\n\
         docs/notes.md:8: no note has the code `gone`, remove the heading\n"
    );
}
