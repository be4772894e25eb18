//! Files and directories of the local machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};
use url::Url;
use walkdir::WalkDir;

use super::path::PathFacts;
use crate::schema::hex;

/// Endings of files that are taken from a directory. A file that is named itself is always taken.
const ENDINGS: [&str; 5] = [".gz", ".json", ".jsonl", ".ndjson", ".log"];

/// One log object.
#[derive(Debug, Clone)]
pub struct SourceObject {
    /// The ledger's id of it: the first 16 hex digits of SHA-256 over `location`.
    pub object_id: String,
    /// Its URL.
    pub location: String,
    /// Where to read it.
    pub path: PathBuf,
    /// Bytes as stored.
    pub size_bytes: u64,
    /// When it was last modified, in microseconds.
    pub modified_at: Option<i64>,
    /// What its path says.
    pub facts: PathFacts,
}

/// What was found under some paths.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects, by delivery time, then by location.
    pub objects: Vec<SourceObject>,
    /// Files that were passed over for their names, at most [`Listing::IGNORED_KEPT_MAX`].
    pub ignored: Vec<PathBuf>,
    /// How many there were.
    pub ignored_count: u64,
    /// Paths that do not exist or cannot be listed, with the reason.
    pub faults: Vec<(PathBuf, String)>,
}

impl Listing {
    /// How many ignored files are named.
    pub const IGNORED_KEPT_MAX: usize = 5;
}

/// Lists files, and directories to any depth. The same file is listed once.
#[must_use]
pub fn list(paths: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    let mut objects = BTreeMap::new();
    for path in paths {
        match std::fs::canonicalize(path) {
            Ok(absolute) => listing.walk(&absolute, &mut objects),
            Err(error) => listing.faults.push((path.clone(), error.to_string())),
        }
    }
    listing.objects = objects.into_values().collect();
    listing
        .objects
        .sort_by(|left, right| order(left).cmp(&order(right)));
    listing
}

fn order(object: &SourceObject) -> (Option<i64>, &str) {
    (object.facts.delivery_time, &object.location)
}

impl Listing {
    fn walk(&mut self, root: &Path, objects: &mut BTreeMap<PathBuf, SourceObject>) {
        for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_path_buf();
                    self.faults.push((path, error.to_string()));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            if !entry.file_type().is_file() {
                // A pipe or a device may never end.
                let reason = "neither a file nor a directory".to_owned();
                self.faults.push((entry.path().to_path_buf(), reason));
                continue;
            }
            let is_named = entry.depth() == 0;
            if !is_named && !is_log_name(entry.path()) {
                self.ignored_count += 1;
                if self.ignored.len() < Self::IGNORED_KEPT_MAX {
                    self.ignored.push(entry.path().to_path_buf());
                }
                continue;
            }
            match entry.metadata() {
                Ok(metadata) => {
                    objects
                        .entry(entry.path().to_path_buf())
                        .or_insert_with(|| object(entry.path(), &metadata));
                }
                Err(error) => self
                    .faults
                    .push((entry.path().to_path_buf(), error.to_string())),
            }
        }
    }
}

fn is_log_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn object(path: &Path, metadata: &std::fs::Metadata) -> SourceObject {
    // The path is absolute, so that it has a URL.
    let location = Url::from_file_path(path)
        .map_or_else(|()| path.to_string_lossy().into_owned(), String::from);
    let modified_at = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|age| i64::try_from(age.as_micros()).ok());
    SourceObject {
        object_id: object_id(&location),
        facts: PathFacts::read(&location),
        location,
        path: path.to_path_buf(),
        size_bytes: metadata.len(),
        modified_at,
    }
}

fn object_id(location: &str) -> String {
    const ID_BYTES: usize = 8;
    let digest = Sha256::digest(location.as_bytes());
    hex(&digest[..ID_BYTES])
}
