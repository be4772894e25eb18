//! What can go wrong between a question and its answer, named after the object at fault.

use datafusion::error::DataFusionError;

use crate::catalog::{CatalogError, hint, printable};

/// Why a report could not be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A query file is wrong, or there is none of that name.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A caveat that returns something other than notes.
    #[error("{path}: {problem}")]
    Caveat {
        /// The query file.
        path: String,
        /// What is wrong with it, and what is accepted.
        problem: String,
    },
    /// A parameter that the report does not have.
    #[error(
        "report `{report}` has no parameter `{}`{}",
        printable(parameter),
        hint("its parameters", accepted)
    )]
    UnknownParameter {
        /// The report.
        report: String,
        /// The parameter given.
        parameter: String,
        /// The parameters it has.
        accepted: Vec<String>,
    },
    /// A required parameter that was not given.
    #[error("report `{report}` needs `{}`: {}", option(parameter).trim_end(), phrase(meaning))]
    MissingParameter {
        /// The report.
        report: String,
        /// The parameter.
        parameter: String,
        /// What it means.
        meaning: String,
    },
    /// A value that its parameter does not accept.
    #[error(
        "`{}{}` is not accepted: give {expected}",
        option(parameter),
        printable(value)
    )]
    InvalidParameter {
        /// The parameter.
        parameter: String,
        /// The value given.
        value: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// Two options that say the same thing differently.
    #[error("`--since` and `{}` both say where the window begins: give one of them", option(parameter).trim_end())]
    TwoStarts {
        /// The parameter that counts days back.
        parameter: String,
    },
    /// A text that is no time.
    #[error(
        "`{option} {}` is not a time: give RFC 3339 (2026-01-31T09:00:00Z), a date (2026-01-31) or days back (30d)",
        printable(text)
    )]
    InvalidTime {
        /// The option that was given.
        option: &'static str,
        /// What was typed.
        text: String,
    },
    /// A window that can hold no event.
    #[error("the window is empty: it begins at {since} and ends before {until}")]
    EmptyWindow {
        /// Its start.
        since: String,
        /// Its end, not included; where it was not given, where the logs end.
        until: String,
    },
    /// A text that cannot name a key.
    #[error("`{}` cannot name a key: {problem}", printable(typed))]
    InvalidKey {
        /// What was typed.
        typed: String,
        /// Why.
        problem: String,
    },
    /// A key that the logs held do not show.
    #[error(
        "no key `{}` is in the stored logs{scope}{}",
        printable(typed),
        hint("nearest", candidates)
    )]
    UnknownKey {
        /// What was typed.
        typed: String,
        /// How the search was narrowed, as ` (account 111122223333)`, or nothing.
        scope: String,
        /// The nearest keys and aliases.
        candidates: Vec<String>,
    },
    /// A name that means more than one key.
    #[error(
        "`{}` means {} keys{}\nname one by its ARN, or narrow with --account, --region, --since and --until",
        printable(typed), candidates.len(), hint("one of", candidates)
    )]
    AmbiguousKey {
        /// What was typed.
        typed: String,
        /// The keys, each with what sets it apart.
        candidates: Vec<String>,
    },
    /// The value of a filter that nothing known has.
    #[error(
        "nothing in the store has `{option}{}`{}",
        printable(value),
        hint("nearest", candidates)
    )]
    UnknownValue {
        /// The option, up to its value.
        option: String,
        /// What was typed.
        value: String,
        /// The nearest values that there are.
        candidates: Vec<String>,
    },
    /// The value of a filter that means more than one.
    #[error(
        "`{option} {}` can mean any of {}{}",
        printable(value), candidates.len(), hint("give one in full", candidates)
    )]
    AmbiguousValue {
        /// The option.
        option: &'static str,
        /// What was typed.
        value: String,
        /// What it can mean.
        candidates: Vec<String>,
    },
    /// A filter that needs a list of accounts, which was never imported.
    #[error(
        "`{option}` needs to know the accounts\n\nhint: `keytrail accounts import FILE.csv` takes a list of them"
    )]
    NoAccounts {
        /// The option.
        option: &'static str,
    },
    /// Filters that are each known, but leave nothing together.
    #[error("{problem}")]
    NothingLeft {
        /// What there is none of.
        problem: &'static str,
    },
    /// The engine refused or failed a query.
    #[error("cannot answer `{query}`")]
    Engine {
        /// The query file, or what was looked up.
        query: String,
        /// What the engine says.
        #[source]
        source: Box<DataFusionError>,
    },
}

impl ReportError {
    /// The engine's error while answering that query.
    pub(crate) fn engine(query: &str, source: DataFusionError) -> Self {
        Self::Engine {
            query: query.to_owned(),
            source: Box::new(source),
        }
    }
}

/// A sentence as part of another one.
fn phrase(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The parameters that have an option of their own; every other is given by `--param`.
const OWN_OPTIONS: [&str; 2] = ["key", "days"];

/// How a parameter is typed, up to its value.
pub(crate) fn option(parameter: &str) -> String {
    if OWN_OPTIONS.contains(&parameter) {
        format!("--{parameter} ")
    } else {
        format!("--param {parameter}=")
    }
}
