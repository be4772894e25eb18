//! Files and directories of the local machine.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tracing::{field, info_span};
use url::Url;
use walkdir::{DirEntry, WalkDir};

use super::ending::is_log_ending;
use super::listing::{Failed, NamedInput, Why};
use super::path::Writer;
use super::signature::{beside, is_signature};
use super::{At, Listing, Opened, ReadFault, Source, SourceObject};

/// Reads the files of the local machine.
#[derive(Debug, Clone, Copy)]
pub struct Files;

impl Source for Files {
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault> {
        if let Some(fault) = &object.fault {
            return Err(fault.clone());
        }
        match &object.at {
            At::File(path) => Ok(Opened {
                reader: Box::new(std::fs::File::open(path)?),
                signature: beside(path)?,
            }),
            At::S3 { .. } => Err(ReadFault::Unreadable("it is not a file".to_owned())),
        }
    }
}

/// Lists files, and directories to any depth. The same file is listed once.
#[must_use]
pub fn list(paths: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    for path in paths {
        let shown = path.to_string_lossy();
        let span = info_span!("listing", path = &*shown, objects = field::Empty).entered();
        let before = listing.objects.len();
        let added = listing.add(path);
        span.record("objects", listing.objects.len() - before);
        if let Err(why) = added {
            listing.failed.push(Failed {
                asked: path.display().to_string(),
                why,
            });
        }
    }
    listing.sort();
    listing
}

impl Listing {
    fn add(&mut self, path: &Path) -> Result<(), Why> {
        let absolute = std::fs::canonicalize(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Why::Missing,
            _ => Why::Refused(error.to_string()),
        })?;
        // By itself, so that what one path has does not hide that another has nothing.
        let mut found = Self::default();
        found.walk(&absolute);
        let told = (!found.has_found()).then(|| found.told());
        self.objects.append(&mut found.objects);
        self.named
            .extend(found.named.drain(..).map(|named| NamedInput {
                asked: path.display().to_string(),
                ..named
            }));
        self.others.extend(found.others);
        self.ignored_count += found.ignored_count;
        let room = Self::IGNORED_KEPT_MAX.saturating_sub(self.ignored.len());
        self.ignored.extend(found.ignored.into_iter().take(room));
        told.map_or(Ok(()), |told| Err(Why::Nothing(told)))
    }

    fn walk(&mut self, root: &Path) {
        let walk = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !is_store(entry));
        let mut locations = Locations::default();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let reason = error
                        .io_error()
                        .map_or_else(|| error.to_string(), ToString::to_string);
                    self.objects.push(faulty(path, reason));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            if !entry.file_type().is_file() {
                // A pipe or a device may never end.
                let reason = "neither a file nor a directory".to_owned();
                self.objects.push(faulty(entry.path(), reason));
                continue;
            }
            if is_signature(entry.path()) {
                // It is read with its digest.
                continue;
            }
            let location = locations.of(entry.path());
            if entry.depth() == 0 {
                self.named.push(NamedInput {
                    asked: root.display().to_string(),
                    location: location.clone(),
                });
            } else if Writer::of(&location) == Writer::Other {
                self.others.add(&location);
                continue;
            } else if !is_log_name(entry.path()) && !is_log_begun(entry.path()) {
                self.ignore(entry.path().to_path_buf());
                continue;
            }
            self.objects.push(match entry.metadata() {
                Ok(metadata) => SourceObject {
                    location,
                    modified_at: modified_at(&metadata),
                    size_bytes: metadata.len(),
                    at: At::File(entry.into_path()),
                    etag: None,
                    storage_class: None,
                    fault: None,
                },
                Err(error) => faulty(entry.path(), error.to_string()),
            });
        }
    }
}

/// A store of keytrail inside the tree is no log: its commits are JSON too.
fn is_store(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && entry.path().join("kms_events/_delta_log").is_dir()
}

/// Whether a file begins like gzip, or like a JSON object or array. One that cannot be opened is taken,
/// so that the reason is reported.
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
    is_log_ending(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// What is there and cannot be read.
fn faulty(path: &Path, reason: String) -> SourceObject {
    SourceObject {
        location: location(path),
        at: At::File(path.to_path_buf()),
        size_bytes: 0,
        modified_at: None,
        etag: None,
        storage_class: None,
        fault: Some(ReadFault::Unreadable(reason)),
    }
}

/// The path is absolute, so that it has a URL.
fn location(path: &Path) -> String {
    Url::from_file_path(path).map_or_else(|()| path.to_string_lossy().into_owned(), String::from)
}

/// URLs of one file after another, mostly of the same directory.
#[derive(Debug, Default)]
struct Locations {
    directory: PathBuf,
    /// The URL of the directory, with a slash at its end.
    url: String,
}

impl Locations {
    fn of(&mut self, path: &Path) -> String {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return location(path);
        };
        // What a URL writes as it is, in any part of it.
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let name = name.to_str().filter(|name| name.bytes().all(is_plain));
        let Some(name) = name else {
            return location(path);
        };
        // As bytes: paths compare part by part, which takes longer than all the rest.
        if self.directory.as_os_str() != directory.as_os_str() {
            self.url = location(directory);
            if !self.url.ends_with('/') {
                self.url.push('/');
            }
            self.directory = directory.to_path_buf();
        }
        let mut url = String::with_capacity(self.url.len() + name.len());
        url.push_str(&self.url);
        url.push_str(name);
        url
    }
}

/// In microseconds.
fn modified_at(metadata: &std::fs::Metadata) -> Option<i64> {
    let time = metadata.modified().ok()?;
    let age = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(age.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Locations, location};

    #[test]
    fn a_url_is_the_same_however_it_is_made() {
        let mut locations = Locations::default();
        for path in [
            "/logs/AWSLogs/1/a_b-c.json.gz",
            "/logs/AWSLogs/1/d.json.gz",
            "/logs/a b/ü/x.json",
            "/logs/a b/ü/with space?.json",
            "/logs/a b/ü/100%.json",
            "/top.json",
        ] {
            assert_eq!(locations.of(Path::new(path)), location(Path::new(path)));
        }
    }
}
