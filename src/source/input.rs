//! What a run was pointed at, so that another run can be seen to have covered it.

use serde::{Deserialize, Serialize};

use super::Narrowed;

/// Everything that decides which objects a run can find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInput {
    /// Absolute paths, and addresses of buckets, without a slash at their end.
    pub sources: Vec<String>,
    /// The first day of delivery, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day of delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Accounts; none for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// Regions in the layout; none for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Days after a day of delivery in which it was listed again.
    #[serde(default)]
    pub lookback_days: u32,
    /// Whether every day was listed again.
    #[serde(default)]
    pub is_all: bool,
    /// Sources, and folders in them, that could not be listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<String>,
}

impl RunInput {
    /// The input of these sources, narrowed.
    #[must_use]
    pub fn new(
        sources: impl IntoIterator<Item = String>,
        narrowed: &Narrowed,
        lookback_days: u32,
        is_all: bool,
    ) -> Self {
        let sources = sources.into_iter();
        Self {
            sources: sources
                .map(|source| source.trim_end_matches('/').to_owned())
                .collect(),
            from: narrowed.from.map(|day| day.to_string()),
            to: narrowed.to.map(|day| day.to_string()),
            accounts: narrowed.accounts.clone(),
            regions: narrowed.regions.clone(),
            lookback_days,
            is_all,
            unlisted: Vec::new(),
        }
    }

    /// Whether a later run over this input has found everything that a run over `earlier` found in one of its sources.
    #[must_use]
    pub fn covers(&self, earlier: &Self, source: &str) -> bool {
        let is_wide = |own: &[String], other: &[String]| {
            own.is_empty() || (!other.is_empty() && is_in(other, own))
        };
        let is_listed = self.sources.iter().any(|own| is_at_or_below(source, own));
        let is_missing = self.unlisted.iter().any(|path| {
            let touches = is_at_or_below(path, source) || is_at_or_below(source, path);
            touches && !earlier.unlisted.contains(path)
        });
        is_listed
            && !is_missing
            // Days as text are in the order of time.
            && (self.from.is_none() || (earlier.from.is_some() && self.from <= earlier.from))
            && (self.to.is_none() || (earlier.to.is_some() && self.to >= earlier.to))
            && is_wide(&self.accounts, &earlier.accounts)
            && is_wide(&self.regions, &earlier.regions)
            && (self.is_all || (!earlier.is_all && self.lookback_days >= earlier.lookback_days))
    }
}

fn is_in(some: &[String], all: &[String]) -> bool {
    some.iter().all(|one| all.contains(one))
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::RunInput;

    fn input(sources: &[&str]) -> RunInput {
        RunInput {
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            ..RunInput::default()
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_run_covers_the_same_sources_and_those_below() {
        let earlier = input(&["/logs/a", "s3://b/x"]);
        let is_covered = |later: &[&str]| {
            let later = input(later);
            let mut sources = earlier.sources.iter();
            sources.all(|source| later.covers(&earlier, source))
        };
        assert!(is_covered(&["/logs/a", "s3://b/x"]));
        assert!(is_covered(&["s3://b", "/logs", "/other"]));
        assert!(!is_covered(&["/logs/a"]));
        assert!(!is_covered(&["/logs/a/b", "s3://b/x"]));
        assert!(!is_covered(&["/log", "s3://b/x"]));
        assert!(!is_covered(&["/logs/a", "s3://bx"]));
    }

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        let new = |source: &str| {
            RunInput::new(
                [source.to_owned()],
                &crate::source::Narrowed::default(),
                35,
                false,
            )
        };
        assert!(new("s3://b").covers(&new("s3://b/"), "s3://b"));
        assert!(new("s3://b/").covers(&new("s3://b/a"), "s3://b/a"));
    }

    #[test]
    fn a_narrower_run_covers_no_wider_one() {
        type Narrowing = fn(&mut RunInput);
        let narrowings: [Narrowing; 6] = [
            |input| input.from = Some("2026-03-02".to_owned()),
            |input| input.to = Some("2026-03-08".to_owned()),
            |input| input.accounts = texts(&["111122223333"]),
            |input| input.regions = texts(&["eu-west-1"]),
            |input| input.lookback_days = 3,
            |input| input.unlisted = texts(&["s3://b/AWSLogs/"]),
        ];
        let whole = RunInput {
            lookback_days: 35,
            ..input(&["s3://b"])
        };
        for narrow in narrowings {
            let mut narrowed = whole.clone();
            narrow(&mut narrowed);
            assert!(!narrowed.covers(&whole, "s3://b"), "{narrowed:?}");
            assert!(narrowed.covers(&narrowed, "s3://b"), "{narrowed:?}");
        }
        let mut narrowed = whole.clone();
        for narrow in &narrowings[..5] {
            narrow(&mut narrowed);
        }
        assert!(whole.covers(&narrowed, "s3://b"));
        let again = RunInput {
            is_all: true,
            ..whole.clone()
        };
        assert!(again.covers(&whole, "s3://b"));
        assert!(!whole.covers(&again, "s3://b"));
    }

    #[test]
    fn days_accounts_and_regions_are_compared() {
        let narrowed = |from: &str, to: &str, accounts: &[&str]| RunInput {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            accounts: texts(accounts),
            ..input(&["s3://b"])
        };
        let earlier = narrowed("2026-03-02", "2026-03-08", &["1", "2"]);
        let covers = |later: RunInput| later.covers(&earlier, "s3://b");
        assert!(covers(narrowed(
            "2026-03-01",
            "2026-03-08",
            &["3", "2", "1"]
        )));
        assert!(!covers(narrowed("2026-03-03", "2026-03-08", &["1", "2"])));
        assert!(!covers(narrowed("2026-03-02", "2026-03-07", &["1", "2"])));
        assert!(!covers(narrowed("2026-03-02", "2026-03-08", &["1"])));
    }

    #[test]
    fn a_folder_elsewhere_that_cannot_be_listed_does_not_matter() {
        let earlier = input(&["/logs/a"]);
        let mut later = input(&["/logs/a", "/logs/b"]);
        later.unlisted = texts(&["/logs/b"]);
        assert!(later.covers(&earlier, "/logs/a"));
        later.unlisted = texts(&["/logs/a/c"]);
        assert!(!later.covers(&earlier, "/logs/a"));
    }
}
