//! The words that keytrail avoids in every text that a person reads.
//!
//! Enters: the pages of the checkout. Leaves: `path:line: what, do this instead` for each phrase that a native engineer
//! would not say aloud. Phrases are found as whole words, in any case, across line breaks; code is not prose. To check
//! another kind of file, add a [`Place`] with a function that returns its lines of prose.

use std::fs;
use std::path::Path;

use super::{fault, files};
use crate::context::REPOSITORY;

/// A phrase in lower case, and what to write in its place.
type Avoided = (&'static str, &'static str);

/// Each phrase in the forms in which it appears.
const AVOIDED: &[Avoided] = &[
    (
        "told",
        "write `says`, `reports`, `shows`, `names` or `known`",
    ),
    (
        "tells",
        "write `says`, `reports`, `shows`, `lists` or `names`",
    ),
    ("telling", "write `saying`, `reporting` or `showing`"),
    ("held", "write `stored`, `in the store` or `has`"),
    ("holds", "write `stores`, `contains` or `has`"),
    ("stands", "write `is`, `appears` or `is based on`"),
    ("stand behind", "write `is based on`"),
    ("stand beside", "write `next to`"),
    (
        "beside",
        "write `next to`, `besides`, `at the same time as` or `concurrently`",
    ),
    ("whoever", "write `anyone who`"),
    ("whomever", "write `anyone whom`"),
    ("whatever", "write `any`"),
    ("whosever", "write `anyone whose`"),
    ("so many", "write the number, `N`"),
    ("for so long", "write the duration"),
    ("from now on", "write `starting now`, or what it replaces"),
    ("from then on", "write `starting then`, or `after that`"),
    ("from that on", "write `starting with`"),
    ("give up", "write `delete permanently`, or `abandon`"),
    ("gives up", "write `deletes permanently`, or `abandons`"),
    ("gave up", "write `deleted permanently`, or `abandoned`"),
    ("given up", "write `deleted permanently`, or `abandoned`"),
    ("let go", "write `release`"),
    ("lets go", "write `releases`"),
    ("passed over", "write `skipped`"),
    ("passes over", "write `skips`"),
    ("is of", "write `belongs to` or `is from`"),
    ("are of", "write `belong to` or `are from`"),
    ("nothing is said of", "write `missing` or `not given`"),
    ("in every packing", "name the formats"),
    ("take it for", "write `treat it as`"),
    ("takes it for", "write `treats it as`"),
    ("taken for", "write `treated as` or `counted as`"),
    ("is due", "write `when needed`, or name the time"),
    ("are due", "write `when needed`, or name the time"),
    ("it pays", "write `when worthwhile`"),
    ("may be gone", "write `may be deleted`"),
    ("is gone", "write `is deleted` or `is no longer stored`"),
    ("are gone", "write `are deleted` or `are no longer stored`"),
];

/// Texts that people read: files of the checkout, and which lines of one are prose.
struct Place {
    /// A folder of the checkout with all folders below it, or "" for the files in the root alone.
    folder: &'static str,
    ending: &'static str,
    /// How the paths of files to skip begin: generated ones, whose source is a place of its own, and tests.
    except: &'static [&'static str],
    prose: fn(&str) -> Vec<Line<'_>>,
}

impl Place {
    /// The paths and texts of its files. The folders below the root are not searched: some are build output.
    fn texts(&self) -> Vec<(String, String)> {
        if !self.folder.is_empty() {
            return files(self.folder, self.ending);
        }
        let entries = fs::read_dir(REPOSITORY).expect("the checkout can be listed");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("the checkout can be listed").path())
            .filter(|path| path.extension().is_some_and(|found| found == self.ending))
            .collect();
        paths.sort();
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let text = |path: &Path| fs::read_to_string(path).expect("the checkout can be read");
        paths
            .iter()
            .filter_map(|path| Some((name(path)?, text(path))))
            .collect()
    }
}

/// A line of prose and its number.
type Line<'a> = (usize, &'a str);

const PLACES: &[Place] = &[
    Place {
        folder: "",
        ending: "md",
        except: &[],
        prose: markdown,
    },
    Place {
        folder: "docs",
        ending: "md",
        except: &["docs/reports.md", "docs/schema.md", "docs/views.md"],
        prose: markdown,
    },
    Place {
        folder: "benches",
        ending: "md",
        except: &[],
        prose: markdown,
    },
    Place {
        folder: "sample-logs",
        ending: "md",
        except: &[],
        prose: markdown,
    },
    Place {
        folder: "src/cli/args",
        ending: "rs",
        except: &[],
        prose: help,
    },
    Place {
        folder: "src",
        ending: "rs",
        except: &[
            "src/aws/call/tests",
            "src/cli/config/tests",
            // What earlier versions stored.
            "src/integrity/prior.rs",
            "src/render/tests",
            "src/report/key/tests",
            "src/report/tests",
        ],
        prose: literals,
    },
    Place {
        folder: "queries",
        ending: "sql",
        except: &[],
        prose: headers,
    },
    Place {
        folder: "queries",
        ending: "sql",
        except: &[],
        prose: texts,
    },
];

#[test]
fn prose_uses_plain_words() {
    let mut faults = String::new();
    for place in PLACES {
        let mut read = 0;
        for (path, text) in place.texts() {
            if place.except.iter().any(|start| path.starts_with(start)) {
                continue;
            }
            read += 1;
            for (line, (phrase, instead)) in avoided(&(place.prose)(&text)) {
                fault(&mut faults, &path, line, &format!("`{phrase}`"), instead);
            }
        }
        assert!(read > 0, "no *.{} in `{}`", place.ending, place.folder);
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// The lines of a page without its fenced blocks, which are commands and their output.
fn markdown(text: &str) -> Vec<Line<'_>> {
    let mut is_fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            lines.push((index + 1, ""));
        } else if !is_fenced {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The documentation of arguments, which is their help.
fn help(text: &str) -> Vec<Line<'_>> {
    let lines = text.lines().enumerate();
    let docs = lines.map(|(index, line)| (index + 1, line.trim_start().strip_prefix("///")));
    // A line of code ends a text.
    docs.map(|(number, doc)| (number, doc.unwrap_or_default().trim()))
        .collect()
}

/// The lines of a query's header that document it, without its statements and names of others.
fn headers(text: &str) -> Vec<Line<'_>> {
    const PROSE: [&str; 8] = [
        "footnote",
        "title",
        "description",
        "column",
        "param",
        "internal",
        "kept",
        "counted",
    ];
    let mut is_prose = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(content) = line.strip_prefix("-- ") else {
            break;
        };
        // What is set in deeper continues the item above.
        if !content.starts_with(' ') {
            let word = content.split([' ', ':']).next();
            is_prose = word.is_some_and(|word| PROSE.contains(&word));
            lines.push((index + 1, ""));
        }
        if is_prose {
            lines.push((index + 1, content));
        }
    }
    lines
}

/// The texts in the statements of a query: literals of several words.
fn texts(query: &str) -> Vec<Line<'_>> {
    let mut is_statement = false;
    let mut lines = Vec::new();
    for (index, line) in query.lines().enumerate() {
        let comment = line.trim_start().strip_prefix("-- ");
        if let Some(item) = comment.filter(|item| line.starts_with("--") && !item.starts_with(' '))
        {
            let word = item.split(':').next().unwrap_or_default();
            is_statement = matches!(word, "caveat" | "summary");
        }
        let is_read = match comment {
            Some(_) => is_statement && line.starts_with("--"),
            None => true,
        };
        is_statement &= comment.is_some();
        for text in line.split('\'').skip(1).step_by(2).filter(|_| is_read) {
            // What is in parentheses is a value of the rows, such as `(none told)`.
            if text.trim().contains(' ') && !text.starts_with('(') {
                lines.extend([(index + 1, ""), (index + 1, text)]);
            }
        }
    }
    lines
}

/// The texts in Rust code: string literals of several words, without what is inserted into them and without tests.
fn literals(code: &str) -> Vec<Line<'_>> {
    let code = code
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(code);
    let mut lines = Vec::new();
    let (mut rest, mut number) = (code, 1);
    while let Some(at) = rest.find(['"', '\'', '/', 'r']) {
        number += rest[..at].matches('\n').count();
        let is_word =
            rest[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        rest = &rest[at..];
        let (text, taken) = literal(rest, is_word);
        if text.contains(' ') {
            for (index, line) in text.lines().enumerate() {
                let line = line.trim_end_matches('\\');
                let parts = line
                    .split('{')
                    .map(|part| part.rsplit('}').next().unwrap_or(part));
                let parts = parts.filter(|part| !part.is_empty());
                lines.extend(parts.map(|part| (number + index, part)));
            }
            lines.push((number, ""));
        }
        number += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
    }
    lines
}

/// The string literal with which a piece of code begins, and the length of what begins it: that, a comment or a letter.
fn literal(code: &str, is_word: bool) -> (&str, usize) {
    if code.starts_with("//") {
        return ("", code.find('\n').unwrap_or(code.len()));
    }
    let hashes = code[1..].len() - code[1..].trim_start_matches('#').len();
    if code.starts_with('r') && !is_word && code[1 + hashes..].starts_with('"') {
        let start = 2 + hashes;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = code[start..].find(&end).unwrap_or(code.len() - start);
        return (
            &code[start..start + length],
            (start + length + end.len()).min(code.len()),
        );
    }
    // A letter in quotes, which may be one of those that begin something.
    if let Some(quoted) = code.strip_prefix('\'') {
        let letter = quoted.chars().next().map_or(0, char::len_utf8);
        let is_letter = quoted[letter..].starts_with('\'') && !quoted.starts_with('\\');
        let escaped = ["'\\\\'", "'\\''", "'\\\"'"]
            .into_iter()
            .find(|quoted| code.starts_with(quoted));
        let length = escaped.map_or(if is_letter { letter + 2 } else { 1 }, str::len);
        return ("", length);
    }
    if !code.starts_with('"') {
        return ("", 1);
    }
    let mut is_escaped = false;
    for (at, letter) in code.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return (&code[1..at], at + 1),
            _ => {}
        }
    }
    (&code[1..], code.len())
}

/// The phrases to avoid, each with the line on which it begins.
fn avoided(lines: &[Line<'_>]) -> Vec<(usize, Avoided)> {
    let words = words(lines);
    let mut found = Vec::new();
    for phrase in AVOIDED {
        let parts: Vec<&str> = phrase.0.split(' ').collect();
        let windows = words.windows(parts.len());
        let hits = windows.filter(|window| window.iter().map(|(_, word)| word).eq(&parts));
        found.extend(hits.map(|window| (window[0].0, *phrase)));
    }
    found.sort_unstable();
    found
}

/// The words in lower case, each with its line. An empty word separates phrases: it marks a blank line, punctuation, and a
/// span of code, which is a name.
fn words(lines: &[Line<'_>]) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let mut is_code = false;
    for (number, line) in lines {
        if line.trim().is_empty() {
            // A span ends with its paragraph, so a stray backtick cannot hide the rest of the page.
            is_code = false;
            words.push((*number, String::new()));
        }
        let mut word = String::new();
        for letter in line.chars().chain([' ']) {
            if !is_code && (letter.is_alphanumeric() || matches!(letter, '_' | '\'' | '’')) {
                word.extend(letter.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                words.push((*number, std::mem::take(&mut word)));
            }
            is_code ^= letter == '`';
            if !letter.is_whitespace() && !matches!(letter, '*' | '>') {
                words.push((*number, String::new()));
            }
        }
    }
    words
}

#[test]
fn avoided_words_are_found() {
    let page = "# What it tells\n\nEvents are passed\nover, **Whoever** asks.\n\n```sh\ntold\n```\nStored at once.\n";
    let found = avoided(&markdown(page));
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, (phrase, _))| (*line, *phrase))
        .collect();
    assert_eq!(found, [(1, "tells"), (3, "passed over"), (4, "whoever")]);
}

#[test]
fn avoided_words_are_found_in_headers_of_queries() {
    let query = "-- id: q\n-- title: Held keys\n-- column told: what is\n--   of it, `told`\n\
        -- caveat:\n--   SELECT 'held'\n\n-- held\nSELECT 1";
    let found = avoided(&headers(query));
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, (phrase, _))| (*line, *phrase))
        .collect();
    assert_eq!(found, [(2, "held"), (3, "is of"), (3, "told")]);
}

#[test]
fn avoided_words_are_found_in_texts_of_code() {
    let code = "// \"it is held\"\nlet told = 'r';\nlet a = \"told\";\nlet b = \"the store holds \\\"it\\\"\";\n\
        let c = format!(\"it is passed \\\n    over: {told} or {held} it\");\nlet d = r#\"what \"tells\" it\"#;\nlet e = '\"';\n\
        let f = \"it is gone\";\n#[cfg(test)]\nmod tests {\n    \"it is held\"\n}\n";
    let found = avoided(&literals(code));
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, (phrase, _))| (*line, *phrase))
        .collect();
    assert_eq!(
        found,
        [
            (4, "holds"),
            (5, "passed over"),
            (7, "tells"),
            (9, "is gone")
        ]
    );
}

#[test]
fn avoided_words_are_found_in_texts_of_queries() {
    let query = "-- id: q\n-- description: A key's events held; it's told.\n-- caveat:\n--   SELECT 'own-q' AS code, \
        'they tells it' AS text\n-- column told: the caller's name held, 'so many words'\n\n-- it isn't held\n\
        SELECT 'told', 'it is told' AS a, '(none told)' AS b\n";
    let found = avoided(&texts(query));
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, (phrase, _))| (*line, *phrase))
        .collect();
    assert_eq!(found, [(4, "tells"), (8, "told")]);
}

#[test]
fn code_and_parts_of_words_are_no_prose() {
    for page in [
        "The view `told_sides` and the module `told`.",
        "It says `no digest of this trail\nis held`.",
        "A withheld event, besides others; household, retold, is_due.",
        "It passed. Over there.",
        "This is, of course, plain.",
        "A table that is\n\nof another paragraph",
        "```text\nnote[trail]: what it tells\n```",
    ] {
        assert_eq!(avoided(&markdown(page)), [], "{page:?}");
    }
}
