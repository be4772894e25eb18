//! What can be wrong with query files, named after the file and the line at fault.

use std::fmt::Write as _;

/// Why query files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A query file's header does not follow the format.
    #[error("{path}:{line}: {problem}")]
    Header {
        /// The query file.
        path: String,
        /// The line at fault, from 1.
        line: usize,
        /// What is wrong with it, and what is accepted.
        problem: String,
    },
    /// Views that depend on each other, or on one that is not there.
    #[error("{path}: `{view}` depends on `{dependency}`, which is {problem}")]
    Dependency {
        /// The file of the view.
        path: String,
        /// The view.
        view: String,
        /// What it depends on.
        dependency: String,
        /// `not a view` or `in turn depending on it`.
        problem: &'static str,
    },
    /// No report of that name.
    #[error(
        "no report is called `{}`{}",
        printable(name),
        hint("nearest", candidates)
    )]
    UnknownReport {
        /// What was asked for.
        name: String,
        /// The nearest names, or all of them.
        candidates: Vec<String>,
    },
}

impl CatalogError {
    /// A fault of a file that has no line of its own.
    pub(super) fn of_file(path: &str, problem: String) -> Self {
        Self::Header {
            path: path.to_owned(),
            line: 1,
            problem,
        }
    }
}

/// The most candidates that an error lists.
const CANDIDATES_SHOWN_MAX: usize = 20;

/// The text with control characters escaped: names come from logs and command lines.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A hint with the candidates, a line each; nothing where there are none.
pub(crate) fn hint(label: &str, candidates: &[String]) -> String {
    if candidates.is_empty() {
        return String::new();
    }
    let mut text = format!("\n\nhint: {label}");
    for candidate in candidates.iter().take(CANDIDATES_SHOWN_MAX) {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\n  {}", printable(candidate));
    }
    if candidates.len() > CANDIDATES_SHOWN_MAX {
        let _infallible = write!(
            text,
            "\n  and {} more",
            candidates.len() - CANDIDATES_SHOWN_MAX
        );
    }
    text
}
