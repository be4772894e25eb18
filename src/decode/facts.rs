//! The dated facts of `data/`, read once: error codes, encryption contexts, events of other services.
//!
//! Enters: the CSV files, compiled in. Leaves: look-ups. Nothing here knows JSON.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The facts, parsed at first use.
pub(crate) static FACTS: LazyLock<Facts> = LazyLock::new(Facts::embedded);

/// Version of the list of `trail_events` (`data/trail-events.csv`).
///
/// The ledger keeps it for each object, so that a longer list can find what to read again.
#[must_use]
pub fn trail_list_version() -> i32 {
    FACTS.trail_list_version
}

pub(crate) struct Facts {
    outcomes: Vec<(Pattern, &'static str)>,
    contexts: HashMap<&'static str, &'static str>,
    context_parents: HashMap<&'static str, &'static str>,
    trail_events: HashMap<&'static str, Vec<Pattern>>,
    trail_names: Vec<Pattern>,
    trail_list_version: i32,
}

impl Facts {
    fn embedded() -> Self {
        let (_, outcomes) = rows(include_str!("../../data/outcomes.csv"));
        let (_, contexts) = rows(include_str!("../../data/context-resources.csv"));
        let (trail_list_version, events) = rows(include_str!("../../data/trail-events.csv"));
        let mut trail_events: HashMap<&'static str, Vec<Pattern>> = HashMap::new();
        let mut trail_names = Vec::new();
        let mut context_parents = HashMap::new();
        let contexts = contexts.map(|(keys, service)| match keys.rsplit_once('/') {
            Some((parent, key)) => {
                context_parents.insert(key, parent);
                (key, service)
            }
            None => (keys, service),
        });
        let contexts = contexts.collect();
        for (source, name) in events {
            trail_names.push(Pattern::new(name));
            trail_events
                .entry(source)
                .or_default()
                .push(Pattern::new(name));
        }
        Self {
            outcomes: outcomes
                .map(|(code, outcome)| (Pattern::new(code), outcome))
                .collect(),
            contexts,
            context_parents,
            trail_events,
            trail_names,
            trail_list_version,
        }
    }

    /// The outcome that an error code means.
    pub(crate) fn outcome(&self, error_code: &str) -> &'static str {
        self.outcomes
            .iter()
            .find(|(pattern, _)| pattern.matches(error_code))
            .map_or("error", |(_, outcome)| outcome)
    }

    /// The service whose resource a member of an encryption context names.
    pub(crate) fn context_service(&self, context_key: &str) -> Option<&'static str> {
        self.contexts.get(context_key).copied()
    }

    /// The member of a context that says within what the resource of another member is.
    pub(crate) fn context_parent(&self, context_key: &str) -> Option<&'static str> {
        self.context_parents.get(context_key).copied()
    }

    /// The members that name resources.
    #[cfg(test)]
    pub(crate) fn context_keys(&self) -> impl Iterator<Item = &'static str> {
        self.contexts.keys().copied()
    }

    /// Whether any event of this service is wanted.
    pub(crate) fn has_trail_source(&self, source: &str) -> bool {
        self.trail_events.contains_key(source)
    }

    /// Whether this event of another service is wanted.
    pub(crate) fn is_trail_event(&self, source: &str, name: &str) -> bool {
        self.trail_events
            .get(source)
            .is_some_and(|names| names.iter().any(|pattern| pattern.matches(name)))
    }
}

impl Facts {
    /// Whether any service has a wanted event of this name.
    pub(crate) fn is_trail_name(&self, name: &str) -> bool {
        self.trail_names.iter().any(|pattern| pattern.matches(name))
    }
}

/// A text with at most one `*`, at its beginning or its end.
enum Pattern {
    Exact(&'static str),
    Prefix(&'static str),
    Suffix(&'static str),
}

impl Pattern {
    fn new(text: &'static str) -> Self {
        if let Some(prefix) = text.strip_suffix('*') {
            Self::Prefix(prefix)
        } else if let Some(suffix) = text.strip_prefix('*') {
            Self::Suffix(suffix)
        } else {
            Self::Exact(text)
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == *exact,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
        }
    }
}

/// The version and the two-column rows of a data file.
fn rows(
    text: &'static str,
) -> (
    i32,
    impl Iterator<Item = (&'static str, &'static str)> + use<>,
) {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("# version: "))
        .and_then(|version| version.trim().parse().ok())
        .unwrap_or(0);
    let rows = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(','))
        .map(|(left, right)| (left.trim(), right.trim()));
    (version, rows)
}

#[cfg(test)]
mod tests {
    use super::FACTS;

    #[test]
    fn error_codes_become_outcomes() {
        for (code, outcome) in [
            ("ThrottlingException", "throttled"),
            ("AccessDenied", "denied"),
            ("AccessDeniedException", "denied"),
            ("VpceAccessDenied", "denied"),
            ("DisabledException", "unusable_key"),
            ("KMSInvalidStateException", "unusable_key"),
            ("NotFoundException", "not_found"),
            ("CustomKeyStoreNotFoundException", "not_found"),
            ("InvalidCiphertextException", "invalid_request"),
            ("DryRunOperationException", "dry_run"),
            ("InternalFailure", "error"),
        ] {
            assert_eq!(FACTS.outcome(code), outcome, "{code}");
        }
    }

    #[test]
    fn lists_are_not_empty_and_have_versions() {
        assert!(FACTS.trail_list_version >= 1);
        assert!(FACTS.is_trail_event("cloudtrail.amazonaws.com", "StopLogging"));
        assert!(FACTS.is_trail_event("lambda.amazonaws.com", "CreateFunction20150331"));
        assert!(!FACTS.is_trail_event("s3.amazonaws.com", "GetObject"));
        assert_eq!(
            FACTS.context_service("aws:s3:arn"),
            Some("s3.amazonaws.com")
        );
    }
}
