//! Hashes of objects that were never hashed, read on several threads.
//!
//! Enters: objects of the ledger, and the source. Leaves: for each its hash, or why there is none.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::ledger::Object;
use crate::decode::{Limits, Unhashed, text_sha256};
use crate::source::{ReadFault, Source};

/// What was read of an object.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) sha256: Result<String, Unhashed>,
    /// The signature that is stored with a digest.
    pub(super) signature: Option<String>,
}

/// Does something with each item on a number of threads; answers in the order of the items.
pub(super) fn parallel<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = threads.clamp(1, items.len().max(1));
    let scoped = || {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut done = Vec::new();
                        loop {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            let Some(item) = items.get(number) else {
                                return done;
                            };
                            done.push((number, work(item)));
                        }
                    })
                })
                .collect();
            let joined = workers.into_iter().map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.flatten().collect()
        })
    };
    // The runtime goes on meanwhile: a source may need it.
    let mut done: Vec<(usize, R)> = tokio::task::block_in_place(scoped);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Reads an object to its end. One that is not the object of the ledger any more is not judged by it.
pub(super) fn hash(source: &dyn Source, object: &Object, limits: Limits) -> Hashed {
    let unread = |message: String| Hashed {
        sha256: Err(Unhashed::Unread(message)),
        signature: None,
    };
    let opened = match source.open(&object.to_source()) {
        Ok(opened) => opened,
        Err(ReadFault::Unreadable(message) | ReadFault::Archived(message)) => {
            return unread(message);
        }
        Err(ReadFault::Vanished) => return unread("it is not there any more".to_owned()),
    };
    let mut counted = Counted {
        inner: opened.reader,
        bytes: 0,
    };
    let sha256 = text_sha256(&mut counted, limits);
    // What the text left over is counted too.
    let rest = std::io::copy(&mut counted, &mut std::io::sink());
    if matches!(sha256, Err(Unhashed::Unread(_))) {
        return Hashed {
            sha256,
            signature: None,
        };
    }
    match (rest, object.binding.size_bytes) {
        (Err(error), _) => unread(error.to_string()),
        (Ok(_), Some(size)) if i64::try_from(counted.bytes) != Ok(size) => unread(
            "it has changed since it was ingested: `keytrail ingest` reads it again".to_owned(),
        ),
        (Ok(_), _) => Hashed {
            sha256,
            signature: opened.signature.map(|signature| signature.value),
        },
    }
}

struct Counted {
    inner: Box<dyn Read>,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}
