//! Threads that read and decode objects.
//!
//! Enters: the objects to read, shared by number. Leaves: [`Chunk`]s through a bounded channel. An
//! object is reported in the chunk that holds the last of its rows, or in a later one.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc::Sender;

use super::foreign::judged;
use super::run::Progress;
use crate::decode::{Decoder, Input, ObjectId, ObjectReport, Rows};
use crate::source::{Fault, PathFacts, Source, SourceObject};

/// Objects up to this size are read into memory at once.
const WHOLE_OBJECT_BYTES_MAX: u64 = 64 << 20;
/// Objects reported in one chunk at most, so that the ledger grows as the run goes on.
const CHUNK_OBJECTS_MAX: usize = 512;

/// One object to read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) object: SourceObject,
    /// The ledger's id of the object.
    pub(super) object_id: String,
    pub(super) facts: PathFacts,
    pub(super) attempt: i64,
    /// Whether the last attempt could not read it, and it has not changed since.
    pub(super) is_retry: bool,
}

/// Rows, and the objects that are done with them.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) rows: Rows,
    /// Numbers of jobs, with their reports.
    pub(super) finished: Vec<(usize, ObjectReport)>,
}

/// Why a worker stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// Columns could not be built.
    Arrow(arrow::error::ArrowError),
    /// Nobody listens any more: the run has ended with an error of its own.
    Closed,
}

impl From<arrow::error::ArrowError> for Stop {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Arrow(error)
    }
}

/// What is still to be read, shared by all threads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) next: &'a AtomicUsize,
    /// Becomes true when no further object is to be begun.
    pub(super) stop: &'a AtomicBool,
}

impl<'a> Queue<'a> {
    /// The next job, with its number.
    fn take(&self) -> Option<(usize, &'a Job)> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some((number, self.jobs.get(number)?))
    }
}

/// Decodes jobs until none is left.
pub(super) fn work(
    source: &dyn Source,
    queue: Queue<'_>,
    mut decoder: Decoder,
    progress: &Progress,
    chunks: &Sender<Chunk>,
) -> Result<(), Stop> {
    let mut buffer = Vec::new();
    let mut finished = Vec::new();
    let send = |rows, finished: &mut Vec<(usize, ObjectReport)>| {
        let finished = std::mem::take(finished);
        chunks
            .blocking_send(Chunk { rows, finished })
            .map_err(|_closed| Stop::Closed)
    };
    while let Some((number, job)) = queue.take() {
        let report = read(source, job, &mut decoder, &mut buffer, &mut |rows| {
            send(rows, &mut finished)
        })?;
        progress.add(job.object.size_bytes, report.records);
        finished.push((number, report));
        if finished.len() >= CHUNK_OBJECTS_MAX {
            send(decoder.take()?, &mut finished)?;
        }
    }
    send(decoder.take()?, &mut finished)
}

fn read(
    source: &dyn Source,
    job: &Job,
    decoder: &mut Decoder,
    buffer: &mut Vec<u8>,
    hand_over: &mut dyn FnMut(Rows) -> Result<(), Stop>,
) -> Result<ObjectReport, Stop> {
    let object = &job.object;
    let id = ObjectId {
        object_id: &job.object_id,
        path_kind: job.facts.kind,
        is_dated: job.facts.delivery_time.is_some(),
    };
    let opened = match source.open(object) {
        Ok(opened) => opened,
        Err(Fault::Unreadable(message)) => {
            return Ok(ObjectReport::unreadable(job.facts.kind, &message));
        }
        Err(Fault::Vanished) => {
            let message = "it has vanished since it was listed";
            return Ok(ObjectReport::unreadable(job.facts.kind, message));
        }
        Err(Fault::Archived(message)) => {
            return Ok(ObjectReport::archived(job.facts.kind, message));
        }
    };
    let report = decode(opened.reader, object, id, decoder, buffer, hand_over)?;
    let mut report = judged(object, report);
    if let (Some(digest), Some(signature)) = (&mut report.digest, opened.signature) {
        digest.signature = Some(signature.value);
        // What stands beside the signature is what it was made with.
        digest.signature_algorithm = signature.algorithm.or(digest.signature_algorithm.take());
    }
    Ok(report)
}

pub(super) fn decode(
    mut file: Box<dyn std::io::Read>,
    object: &SourceObject,
    id: ObjectId<'_>,
    decoder: &mut Decoder,
    buffer: &mut Vec<u8>,
    hand_over: &mut dyn FnMut(Rows) -> Result<(), Stop>,
) -> Result<ObjectReport, Stop> {
    if object.size_bytes > WHOLE_OBJECT_BYTES_MAX {
        return decoder.decode(id, Input::Stream(&mut file), hand_over);
    }
    buffer.clear();
    buffer.reserve(usize::try_from(object.size_bytes).unwrap_or_default() + 1);
    match file
        .by_ref()
        .take(WHOLE_OBJECT_BYTES_MAX + 1)
        .read_to_end(buffer)
    {
        Ok(_len) if buffer.len() as u64 <= WHOLE_OBJECT_BYTES_MAX => {
            decoder.decode(id, Input::Whole(buffer), hand_over)
        }
        // It has grown since it was listed.
        Ok(_len) => {
            let mut whole = buffer.as_slice().chain(file);
            decoder.decode(id, Input::Stream(&mut whole), hand_over)
        }
        // What was read before the error may hold whole records.
        Err(error) => {
            let mut broken = buffer.as_slice().chain(Failing(Some(error)));
            decoder.decode(id, Input::Stream(&mut broken), hand_over)
        }
    }
}

/// A reader that fails with the error that a file failed with.
struct Failing(Option<std::io::Error>);

impl std::io::Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
        Err(self
            .0
            .take()
            .unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()))
    }
}
