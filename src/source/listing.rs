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
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || is_of_firehose(&name)
}

/// Whether Firehose gave the name, which has no ending: `<stream>-<version>-YYYY-MM-DD-HH-MM-SS-<id>`
/// ("Understand data delivery in Amazon Data Firehose", its developer guide).
fn is_of_firehose(name: &str) -> bool {
    const TIME: &[u8] = b"-0000-00-00-00-00-00-";
    let name = name.rsplit('/').next().unwrap_or_default().as_bytes();
    let is_time = |part: &[u8]| {
        part.iter().zip(TIME).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
    };
    !name.contains(&b'.') && name.windows(TIME.len()).any(is_time)
}

#[cfg(test)]
mod tests {
    use super::is_log_ending;

    #[test]
    fn logs_are_known_by_their_names() {
        for name in [
            "a.JSON.gz",
            "x.ndjson",
            "logs/2026/03/01/10/trail-to-s3-1-2026-03-01-10-00-00-0d3ad5c1-9a0f-4f1e-8a01-1f2e3d4c5b6a",
            "s-1-2026-03-01-10-00-00-0001",
        ] {
            assert!(is_log_ending(name), "{name}");
        }
        for name in [
            "aws-logs-write-test",
            "2026-03-01-10-00-00-0001",
            "s-1-2026-03-01-10-00-00-0001.parquet",
            "s-1-2026-03-01-10-00-00-0001/picture",
        ] {
            assert!(!is_log_ending(name), "{name}");
        }
    }
}
