//! How a run goes about it, and how far it has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::decode::Limits;
use crate::source::RunInput;

/// Whether SHA-256 of each object's text is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    /// It is.
    Always,
    /// It is if a digest is among the objects, which names the hashes of its logs.
    WithDigests,
    /// It is not.
    Never,
}

/// How a run goes about it.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Limits on objects and records.
    pub limits: Limits,
    /// Whether SHA-256 of each object's text is computed.
    pub hashing: Hashing,
    /// Threads that decode.
    pub threads: usize,
    /// The run's id.
    pub run_id: String,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// What was asked for, for `runs`.
    pub sources: Vec<String>,
    /// The same as it can be compared with another run's; none where no run can ask for the same again.
    pub input: Option<RunInput>,
    /// Becomes true when the run is to end: no further object is begun, and what was read is committed.
    pub stop: Arc<AtomicBool>,
}

impl RunOptions {
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// How far a run has come; read while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects to read, once known.
    pub objects_total: AtomicU64,
    /// Bytes of these, as stored.
    pub bytes_total: AtomicU64,
    /// Objects read.
    pub objects: AtomicU64,
    /// Bytes of these.
    pub bytes: AtomicU64,
    /// Records found.
    pub records: AtomicU64,
}

impl Progress {
    pub(super) fn add(&self, bytes: u64, records: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.records.fetch_add(records, Ordering::Relaxed);
    }
}
