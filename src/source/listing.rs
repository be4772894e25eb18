//! What was found where a user pointed.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::SourceObject;

/// Endings of names that are taken from a folder, in any case of letters; a file without one is taken if it
/// begins like a log. What is named itself is always taken.
const ENDINGS: [&str; 5] = [".gz", ".json", ".jsonl", ".ndjson", ".log"];

/// What was found under some paths.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects, by location.
    pub objects: Vec<SourceObject>,
    /// Files that were passed over for their names, at most [`Listing::IGNORED_KEPT_MAX`].
    pub ignored: Vec<PathBuf>,
    /// How many there were.
    pub ignored_count: u64,
    /// Paths that were asked for and cannot be listed, with the reason.
    pub faults: Vec<(PathBuf, String)>,
    /// Days of buckets that were listed in full.
    pub days: Vec<ListedDay>,
    /// Days of buckets that were listed in full before, and cannot have got anything new.
    pub days_settled: u64,
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

    /// Notes what was passed over.
    pub(super) fn ignore(&mut self, path: PathBuf) {
        self.ignored_count += 1;
        if self.ignored.len() < Self::IGNORED_KEPT_MAX {
            self.ignored.push(path);
        }
    }
}

/// Whether a name ends as those of logs do.
pub(super) fn is_log_ending(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
