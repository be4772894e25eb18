//! The options of an ingest.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::aws::Access;
use crate::decode::Limits;
use crate::ingest::Hashing;
use crate::source::Narrowed;

/// How objects are read.
#[derive(Debug, Clone, Copy)]
pub struct Decoding {
    /// Limits on objects and records.
    pub limits: Limits,
    /// Whether SHA-256 of each object's text is computed. By default it is for a bucket and a queue, and for files where
    /// a digest is among them.
    pub hashing: Option<Hashing>,
    /// Threads that decode.
    pub threads: usize,
}

/// What to ingest, and how.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Files, directories, and addresses of buckets.
    pub paths: Vec<PathBuf>,
    /// Which part of the buckets.
    pub narrowed: Narrowed,
    /// Days after a day of delivery in which it is listed again.
    pub lookback_days: u32,
    /// Whether every day is listed again.
    pub is_all: bool,
    /// How the buckets are reached.
    pub access: Access,
    /// How objects are read.
    pub decoding: Decoding,
    /// Becomes true when the run is to end: no further object is started, and everything read so far is committed.
    pub stop: Arc<AtomicBool>,
}
