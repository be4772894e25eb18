//! The files of Delta's logs, kept from one look at them to the next.
//!
//! Whoever opens a table lists its log, and then reads each commit after the last checkpoint two or three
//! times, and a checkpoint in several parts. Each such request costs a round trip; a commit never changes.
//! Even so a file is kept only together with the entity tag under which it was listed, so that a store that
//! was deleted and made again is not mistaken for the one before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, GetResultPayload, ObjectMeta};

/// A larger file is read where it is needed.
const FILE_BYTES_MAX: u64 = 2 << 20;
/// All files together; when they are more, they are all forgotten.
const BYTES_MAX: u64 = 64 << 20;
/// Files that are known by their listing; when there are more, they are all forgotten.
const FILES_MAX: usize = 20_000;

/// Files of logs, by where they are.
#[derive(Debug, Default)]
pub(super) struct LogCache(Mutex<KeptLogs>);

#[derive(Debug, Default)]
struct KeptLogs {
    by_path: HashMap<Path, KeptLog>,
    bytes: u64,
}

#[derive(Debug)]
struct KeptLog {
    /// As it was listed last.
    meta: ObjectMeta,
    bytes: Option<Bytes>,
}

impl LogCache {
    /// Takes note of a listing.
    pub(super) fn note(&self, listed: &[ObjectMeta]) {
        let mut files = self.lock();
        if files.by_path.len() + listed.len() > FILES_MAX {
            *files = KeptLogs::default();
        }
        for meta in listed {
            if meta.e_tag.is_none() || meta.size > FILE_BYTES_MAX || !is_of_log(&meta.location) {
                continue;
            }
            let is_known = files
                .by_path
                .get(&meta.location)
                .is_some_and(|file| file.meta.e_tag == meta.e_tag);
            if !is_known {
                let file = KeptLog {
                    meta: meta.clone(),
                    bytes: None,
                };
                let before = files.by_path.insert(meta.location.clone(), file);
                files.bytes -= before.map_or(0, |file| kept(&file));
            }
        }
    }

    /// Whether a file may be kept when it has been read.
    pub(super) fn is_wanted(&self, location: &Path) -> bool {
        self.lock().by_path.contains_key(location)
    }

    /// What was kept, as the answer to a request.
    pub(super) fn answer(&self, location: &Path, options: &GetOptions) -> Option<GetResult> {
        let files = self.lock();
        let file = files.by_path.get(location)?;
        answered(&file.meta, file.bytes.as_ref()?, options)
    }

    /// Keeps a file that was read whole, if it is the one that was listed.
    pub(super) fn keep(&self, meta: &ObjectMeta, bytes: &Bytes) {
        let mut files = self.lock();
        if files.bytes + bytes.len() as u64 > BYTES_MAX {
            *files = KeptLogs::default();
        }
        let Some(file) = files.by_path.get_mut(&meta.location) else {
            return;
        };
        if file.meta.e_tag == meta.e_tag && file.bytes.is_none() {
            file.bytes = Some(bytes.clone());
            files.bytes += bytes.len() as u64;
        }
    }

    fn lock(&self) -> MutexGuard<'_, KeptLogs> {
        // It is whole between two changes, even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a request for some or all of the bytes of a file; none where the range is not in it.
pub(super) fn answered(
    meta: &ObjectMeta,
    bytes: &Bytes,
    options: &GetOptions,
) -> Option<GetResult> {
    let size = bytes.len() as u64;
    let range = match &options.range {
        Some(range) => range.as_range(size).ok()?,
        None => 0..size,
    };
    let (start, end) = (
        usize::try_from(range.start).ok()?,
        usize::try_from(range.end).ok()?,
    );
    let part = bytes.slice(start..end);
    Some(GetResult {
        payload: GetResultPayload::Stream(stream::once(async { Ok(part) }).boxed()),
        meta: meta.clone(),
        range,
        attributes: object_store::Attributes::new(),
    })
}

/// Whether a request asks for bytes without any condition.
pub(super) fn is_plain(options: &GetOptions) -> bool {
    !options.head
        && options.version.is_none()
        && options.if_match.is_none()
        && options.if_none_match.is_none()
        && options.if_modified_since.is_none()
        && options.if_unmodified_since.is_none()
}

fn kept(file: &KeptLog) -> u64 {
    file.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)
}

/// Whether this is a commit or a checkpoint.
fn is_of_log(path: &Path) -> bool {
    /// Digits of a version in the name of a file.
    const DIGITS: usize = 20;
    let mut parts = path.parts().rev();
    let (Some(name), Some(folder)) = (parts.next(), parts.next()) else {
        return false;
    };
    let name = name.as_ref();
    folder.as_ref() == "_delta_log"
        && name
            .get(..DIGITS)
            .is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use object_store::GetRange;

    use super::*;

    fn listed(name: &str, tag: &str) -> ObjectMeta {
        ObjectMeta {
            location: Path::from(format!("store/kms_events/_delta_log/{name}")),
            last_modified: DateTime::UNIX_EPOCH,
            size: 5,
            e_tag: Some(tag.to_owned()),
            version: None,
        }
    }

    const COMMIT: &str = "00000000000000000003.json";

    fn range(cache: &LogCache, range: Option<GetRange>) -> Option<std::ops::Range<u64>> {
        let options = GetOptions {
            range,
            ..GetOptions::default()
        };
        let path = listed(COMMIT, "a").location;
        cache.answer(&path, &options).map(|answer| answer.range)
    }

    #[test]
    fn a_commit_is_kept_once_it_was_read() {
        let cache = LogCache::default();
        let meta = listed(COMMIT, "a");
        let bytes = Bytes::from_static(b"12345");
        cache.keep(&meta, &bytes);
        assert_eq!(range(&cache, None), None, "it was not listed");
        cache.note(std::slice::from_ref(&meta));
        assert_eq!(range(&cache, None), None, "it was not read");
        cache.keep(&meta, &bytes);
        assert_eq!(range(&cache, None), Some(0..5));
        assert_eq!(range(&cache, Some(GetRange::Suffix(2))), Some(3..5));
        assert_eq!(range(&cache, Some(GetRange::Bounded(1..3))), Some(1..3));
    }

    #[test]
    fn a_commit_of_another_store_is_another() {
        let cache = LogCache::default();
        let meta = listed(COMMIT, "a");
        cache.note(std::slice::from_ref(&meta));
        cache.keep(&meta, &Bytes::from_static(b"12345"));
        cache.note(&[listed(COMMIT, "b")]);
        assert_eq!(range(&cache, None), None);
        // What was read under the old tag is not it.
        cache.keep(&meta, &Bytes::from_static(b"12345"));
        assert_eq!(range(&cache, None), None);
    }

    #[test]
    fn only_what_never_changes_is_kept() {
        let cache = LogCache::default();
        let last = listed("_last_checkpoint", "a");
        cache.note(std::slice::from_ref(&last));
        assert!(!cache.is_wanted(&last.location));
        let checkpoint = listed("00000000000000000009.checkpoint.parquet", "a");
        cache.note(std::slice::from_ref(&checkpoint));
        assert!(cache.is_wanted(&checkpoint.location));
    }
}
