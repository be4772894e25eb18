//! Files and directories of the local machine.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};
use url::Url;
use walkdir::{DirEntry, WalkDir};

use super::Source;
use super::path::PathFacts;
use crate::schema::hex;

/// Endings of files that are taken from a directory, in any case of letters; a file without one is taken
/// if it begins like a log. A file that is named itself is always taken.
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
    /// Why it cannot be read, where the listing already knows: a link to nothing, a pipe, a directory
    /// that may not be entered.
    pub fault: Option<String>,
}

/// Reads the files of the local machine.
#[derive(Debug, Clone, Copy)]
pub struct Files;

impl Source for Files {
    fn open(&self, object: &SourceObject) -> std::io::Result<Box<dyn std::io::Read>> {
        match &object.fault {
            Some(fault) => Err(std::io::Error::other(fault.clone())),
            None => Ok(Box::new(std::fs::File::open(&object.path)?)),
        }
    }
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
    /// Paths that were asked for and do not exist, with the reason.
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
        let walk = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !is_store(entry));
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let reason = error
                        .io_error()
                        .map_or_else(|| error.to_string(), ToString::to_string);
                    objects.insert(path.to_path_buf(), faulty(path, reason));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            if !entry.file_type().is_file() {
                // A pipe or a device may never end.
                let reason = "neither a file nor a directory".to_owned();
                objects.insert(entry.path().to_path_buf(), faulty(entry.path(), reason));
                continue;
            }
            let is_named = entry.depth() == 0;
            if !is_named && !is_log_name(entry.path()) && !is_log_begun(entry.path()) {
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
                Err(error) => {
                    let fault = faulty(entry.path(), error.to_string());
                    objects.insert(entry.path().to_path_buf(), fault);
                }
            }
        }
    }
}

/// A store of keytrail inside the tree is no log: its commits are JSON too.
fn is_store(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && entry.path().join("kms_events/_delta_log").is_dir()
}

/// Whether a file begins like gzip, or like a JSON object or array. One that cannot be opened is taken,
/// so that the reason is told.
fn is_log_begun(path: &Path) -> bool {
    const START_BYTES: u64 = 64;
    let mut start = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&start);
    read.is_err()
        || start.starts_with(&[0x1F, 0x8B])
        || matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn is_log_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What is there and cannot be read.
fn faulty(path: &Path, reason: String) -> SourceObject {
    let location = location(path);
    SourceObject {
        object_id: object_id(&location),
        facts: PathFacts::read(&location),
        location,
        path: path.to_path_buf(),
        size_bytes: 0,
        modified_at: None,
        fault: Some(reason),
    }
}

/// The path is absolute, so that it has a URL.
fn location(path: &Path) -> String {
    Url::from_file_path(path).map_or_else(|()| path.to_string_lossy().into_owned(), String::from)
}

fn object(path: &Path, metadata: &std::fs::Metadata) -> SourceObject {
    let location = location(path);
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
        fault: None,
    }
}

fn object_id(location: &str) -> String {
    const ID_BYTES: usize = 8;
    let digest = Sha256::digest(location.as_bytes());
    hex(&digest[..ID_BYTES])
}
