//! What was found where a user pointed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::SourceObject;

/// What was found under some paths.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects, by location.
    pub objects: Vec<SourceObject>,
    /// Files that were skipped for their names, at most [`Listing::IGNORED_KEPT_MAX`].
    pub ignored: Vec<PathBuf>,
    /// How many there were.
    pub ignored_count: u64,
    /// What other services wrote, by its names. A folder of a bucket that was not listed counts as one.
    pub others: Skipped,
    /// What the options leave out, counted in the same way.
    pub left_out: Skipped,
    /// Folders that cannot be listed, with the reason.
    pub faults: Vec<(PathBuf, String)>,
    /// What was asked for and gave nothing.
    pub failed: Vec<Failed>,
    /// Objects that were named themselves.
    pub named: Vec<NamedInput>,
    /// Accounts in the layout of a bucket, also those that are left out.
    pub accounts: BTreeSet<String>,
    /// Regions in the layout of a bucket, also those that are left out.
    pub regions: BTreeSet<String>,
    /// Days of buckets that were listed in full.
    pub days: Vec<ListedDay>,
    /// Days of buckets that were listed in full before, and cannot have got anything new.
    pub days_settled: u64,
}

/// What was skipped for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// One of them, by location.
    pub example: Option<String>,
}

impl Skipped {
    /// Counts one more.
    pub fn add(&mut self, location: &str) {
        self.count += 1;
        self.example.get_or_insert_with(|| location.to_owned());
    }

    /// Adds what was counted elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.example = self.example.take().or(other.example);
    }
}

/// An object that was named itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedInput {
    /// As typed.
    pub asked: String,
    /// Its URL.
    pub location: String,
}

/// A path or a bucket that was asked for, and that gave nothing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What was asked for, as typed.
    pub asked: String,
    /// Why.
    pub why: Why,
}

/// Why something that was asked for gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is no such path.
    Missing,
    /// It cannot be opened.
    Refused(String),
    /// No log is in it, and what is instead.
    Nothing(String),
    /// It is no log of CloudTrail, and what it is.
    NoLog(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => formatter.write_str("no such file or directory"),
            Self::Refused(why) => formatter.write_str(why),
            Self::Nothing(what) => write!(formatter, "nothing found; {what}"),
            Self::NoLog(what) => write!(formatter, "not a CloudTrail log; {what}"),
        }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let asked = &self.asked;
        match &self.why {
            Why::Missing => write!(formatter, "no such file or directory: `{asked}`"),
            Why::Refused(why) => write!(formatter, "cannot read `{asked}`: {why}"),
            Why::Nothing(what) => write!(formatter, "nothing found: `{asked}`; {what}"),
            Why::NoLog(what) => write!(formatter, "`{asked}` is not a CloudTrail log; {what}"),
        }
    }
}

/// A day of delivery, in one folder of a bucket, that was listed in full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedDay {
    /// The folder's URL, with a slash at its end.
    pub prefix: String,
    /// The day.
    pub day: NaiveDate,
    /// Objects in it.
    pub objects: u64,
}

impl Listing {
    /// How many ignored files are named.
    pub const IGNORED_KEPT_MAX: usize = 5;

    /// Adds what another listing found.
    pub fn extend(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.faults.extend(other.faults);
        self.failed.extend(other.failed);
        self.named.extend(other.named);
        self.accounts.extend(other.accounts);
        self.regions.extend(other.regions);
        self.others.extend(other.others);
        self.left_out.extend(other.left_out);
        self.days.extend(other.days);
        self.days_settled += other.days_settled;
        self.ignored_count += other.ignored_count;
        let room = Self::IGNORED_KEPT_MAX.saturating_sub(self.ignored.len());
        self.ignored.extend(other.ignored.into_iter().take(room));
        self.sort();
    }

    /// Puts everything in order; the same object is listed once.
    pub(super) fn sort(&mut self) {
        let objects = &mut self.objects;
        objects.sort_by(|left, right| left.location.cmp(&right.location));
        objects.dedup_by(|left, right| left.location == right.location);
        self.days.sort();
        self.days.dedup();
    }

    /// Whether there is something to read, or was before.
    #[must_use]
    pub fn has_found(&self) -> bool {
        !self.objects.is_empty() || self.days_settled > 0
    }

    /// What there is where no log is.
    pub(super) fn told(&self) -> String {
        let such = |what: &str, count: u64, example: Option<String>| {
            let example = example.unwrap_or_default();
            (count > 0).then(|| format!("{count} {what}, such as `{example}`"))
        };
        let ignored = self.ignored.first().map(|path| path.display().to_string());
        let told: Vec<String> = [
            such(
                "objects or folders of other services",
                self.others.count,
                self.others.example.clone(),
            ),
            such(
                "files without a log's name or content",
                self.ignored_count,
                ignored,
            ),
            such(
                "objects or folders outside the options",
                self.left_out.count,
                self.left_out.example.clone(),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if told.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it has only {}", told.join(", and "))
        }
    }

    /// Notes what was skipped.
    pub(super) fn ignore(&mut self, path: PathBuf) {
        self.ignored_count += 1;
        if self.ignored.len() < Self::IGNORED_KEPT_MAX {
            self.ignored.push(path);
        }
    }
}
