//! Threads that read and decode objects.
//!
//! Enters: the objects to read, shared by number. Leaves: [`Chunk`]s through a bounded channel. An
//! object is reported in the chunk with the last of its rows, or in a later one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc::Sender;
use tracing::{debug, debug_span, field};

use super::foreign::judged;
use super::object::{DecodeStop, decode};
use super::options::Progress;
use crate::decode::{Decoder, ObjectId, ObjectReport, Rows};
use crate::source::{PathFacts, ReadFault, Source, SourceObject};

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

/// What is still to be read, shared by all threads.
#[derive(Debug, Clone, Copy)]
pub(super) struct JobQueue<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) next: &'a AtomicUsize,
    /// Becomes true when no further object is to be begun.
    pub(super) stop: &'a AtomicBool,
}

impl<'a> JobQueue<'a> {
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
    queue: JobQueue<'_>,
    mut decoder: Decoder,
    progress: &Progress,
    chunks: &Sender<Chunk>,
) -> Result<(), DecodeStop> {
    let mut buffer = Vec::new();
    let mut finished = Vec::new();
    let send = |rows, finished: &mut Vec<(usize, ObjectReport)>| {
        let finished = std::mem::take(finished);
        chunks
            .blocking_send(Chunk { rows, finished })
            .map_err(|_closed| DecodeStop::Closed)
    };
    while let Some((number, job)) = queue.take() {
        let span = debug_span!(
            "object",
            location = job.object.location,
            bytes = job.object.size_bytes,
            attempt = job.attempt,
            state = field::Empty,
            records = field::Empty,
            rows = field::Empty,
        );
        let within = span.enter();
        let report = read(source, job, &mut decoder, &mut buffer, &mut |rows| {
            send(rows, &mut finished)
        })?;
        span.record("state", report.state());
        span.record("records", report.records);
        span.record("rows", report.kms_records + report.trail_records);
        if let Some((reason, cause)) = report.first_reason() {
            debug!(reason = reason.code(), cause, "not read in full");
        }
        drop(within);
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
    hand_over: &mut dyn FnMut(Rows) -> Result<(), DecodeStop>,
) -> Result<ObjectReport, DecodeStop> {
    let object = &job.object;
    let id = ObjectId {
        object_id: &job.object_id,
        path_kind: job.facts.kind,
        is_dated: job.facts.delivery_time.is_some(),
    };
    let opened = match source.open(object) {
        Ok(opened) => opened,
        Err(ReadFault::Unreadable(message)) => {
            return Ok(ObjectReport::unreadable(job.facts.kind, &message));
        }
        Err(ReadFault::Vanished) => {
            let message = "it has vanished since it was listed";
            return Ok(ObjectReport::unreadable(job.facts.kind, message));
        }
        Err(ReadFault::Archived(message)) => {
            return Ok(ObjectReport::archived(job.facts.kind, message));
        }
    };
    let report = decode(opened.reader, object, id, decoder, buffer, hand_over)?;
    let mut report = judged(object, report);
    if let (Some(digest), Some(signature)) = (&mut report.digest, opened.signature) {
        digest.signature = Some(signature.value);
        // The member next to the signature is its algorithm.
        digest.signature_algorithm = signature.algorithm.or(digest.signature_algorithm.take());
    }
    Ok(report)
}
