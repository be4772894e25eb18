//! Objects fetched ahead of the threads that decode them, in the order in which they will be asked for.
//!
//! Memory is bounded: what is fetched and not yet decoded takes a share of a budget of bytes; large objects
//! are streamed and take a fixed share. The order makes that safe: when an object is waited for, all objects
//! that use the budget come before it, and are being decoded.

use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{Instrument as _, debug_span};

use super::Calls;
use super::get::Reading;
use crate::source::{At, Opened, ReadFault, Signature, SourceObject};

/// Objects that are fetched at the same time.
const FETCHES_MAX: usize = 64;
/// What is fetched and not yet decoded, in KiB.
const BUDGET_KIB: u32 = 128 << 10;
/// The least that an object counts for, in KiB, so that their number is bounded too.
const SHARE_KIB_MIN: u32 = 16;
/// Objects up to this size are fetched whole, larger ones streamed.
const WHOLE_BYTES_MAX: u64 = 8 << 20;
/// Chunks of a streamed object that wait to be decoded; the client's buffers bound the size of each.
const CHUNKS_WAITING_MAX: usize = 16;

/// What is fetched, and who waits for it.
#[derive(Debug)]
pub(super) struct Ahead {
    state: Mutex<AheadState>,
    changed: Condvar,
}

#[derive(Debug)]
struct AheadState {
    /// Fetches begun and not taken, by location.
    slots: HashMap<String, Slot>,
    /// Whether more will be begun.
    is_fetching: bool,
    tasks: JoinSet<()>,
    budget: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

type Slot = oneshot::Receiver<Result<FetchedObject, ReadFault>>;

/// An object that has arrived, or is arriving.
#[derive(Debug)]
struct FetchedObject {
    signature: Option<Signature>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Whole(Whole),
    Streamed(Streamed),
}

/// The share of the budget that a fetch uses until it is decoded.
type Share = Option<OwnedSemaphorePermit>;

impl Default for Ahead {
    fn default() -> Self {
        Self {
            state: Mutex::new(AheadState {
                slots: HashMap::new(),
                is_fetching: false,
                tasks: JoinSet::new(),
                budget: budget(),
                places: Arc::new(Semaphore::new(FETCHES_MAX)),
            }),
            changed: Condvar::new(),
        }
    }
}

fn budget() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(BUDGET_KIB as usize))
}

impl Ahead {
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.is_fetching = true;
        state.slots.clear();
        state.budget = budget();
    }

    /// Begins to fetch one object after another, as the budget allows.
    pub(super) fn fetch(
        &self,
        objects: &mut dyn Iterator<Item = &SourceObject>,
        runtime: &Handle,
        calls: &Arc<Calls>,
    ) {
        let (budget, places) = {
            let state = self.lock();
            (state.budget.clone(), state.places.clone())
        };
        let fetched =
            objects.filter(|object| object.fault.is_none() && matches!(object.at, At::S3 { .. }));
        for object in fetched {
            let share = budget.clone().acquire_many_owned(share_kib(object));
            // It fails when the run has ended.
            let Ok(share) = runtime.block_on(share) else {
                break;
            };
            let Ok(place) = runtime.block_on(places.clone().acquire_owned()) else {
                break;
            };
            let (sender, slot) = oneshot::channel();
            let fetch = fetch(
                calls.clone(),
                object.clone(),
                Some(share),
                Some(place),
                sender,
            );
            let span = debug_span!("fetch", location = object.location);
            let mut state = self.lock();
            while state.tasks.try_join_next().is_some() {}
            state.tasks.spawn_on(fetch.instrument(span), runtime);
            state.slots.insert(object.location.clone(), slot);
            drop(state);
            self.changed.notify_all();
        }
        self.lock().is_fetching = false;
        self.changed.notify_all();
    }

    /// Nothing that was fetched is wanted any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.budget.close();
        state.is_fetching = false;
        state.slots.clear();
        state.tasks.abort_all();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for an object; one that nobody began to fetch is fetched now.
    pub(super) fn take(
        &self,
        object: &SourceObject,
        runtime: &Handle,
        calls: &Arc<Calls>,
    ) -> Result<Opened, ReadFault> {
        let mut state = self.lock();
        let slot = loop {
            if let Some(slot) = state.slots.remove(&object.location) {
                break slot;
            }
            if !state.is_fetching {
                let (sender, slot) = oneshot::channel();
                let fetch = fetch(calls.clone(), object.clone(), None, None, sender);
                state.tasks.spawn_on(fetch.in_current_span(), runtime);
                break slot;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let fetched = slot.blocking_recv();
        let fetched = fetched
            .map_err(|_ended| ReadFault::Unreadable("its download was abandoned".to_owned()))??;
        Ok(Opened {
            signature: fetched.signature,
            reader: match fetched.body {
                Body::Whole(whole) => Box::new(whole),
                Body::Streamed(streamed) => Box::new(streamed),
            },
        })
    }

    fn lock(&self) -> MutexGuard<'_, AheadState> {
        // Each change of the state is one step, so it is whole even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn share_kib(object: &SourceObject) -> u32 {
    let held_bytes = object.size_bytes.min(WHOLE_BYTES_MAX);
    let kib = u32::try_from(held_bytes.div_ceil(1024)).unwrap_or(BUDGET_KIB);
    kib.clamp(SHARE_KIB_MIN, BUDGET_KIB)
}

/// Fetches an object; `place` is given back when its last byte is here.
async fn fetch(
    calls: Arc<Calls>,
    object: SourceObject,
    share: Share,
    place: Option<OwnedSemaphorePermit>,
    sender: oneshot::Sender<Result<FetchedObject, ReadFault>>,
) {
    let mut reading = match Reading::begin(&calls, &object).await {
        Ok(reading) => reading,
        Err(fault) => {
            // Where nobody waits any more, nobody needs to know.
            drop(sender.send(Err(fault)));
            return;
        }
    };
    let signature = reading.signature();
    if object.size_bytes <= WHOLE_BYTES_MAX {
        let body = whole(&mut reading, share).await.map(Body::Whole);
        drop(sender.send(body.map(|body| FetchedObject { signature, body })));
        return;
    }
    let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let body = Body::Streamed(Streamed {
        chunks: receiver,
        chunk: Bytes::new(),
        is_ended: false,
        _share: share,
    });
    drop(sender.send(Ok(FetchedObject { signature, body })));
    loop {
        let next = reading.next().await;
        let is_last = !matches!(next, Ok(Some(_)));
        if chunks.send(next).await.is_err() || is_last {
            break;
        }
    }
    drop(place);
}

async fn whole(reading: &mut Reading<'_>, share: Share) -> Result<Whole, ReadFault> {
    let mut chunks = VecDeque::new();
    while let Some(bytes) = reading.next().await? {
        chunks.push_back(bytes);
    }
    Ok(Whole {
        chunks,
        _share: share,
    })
}

/// An object that is here.
#[derive(Debug)]
struct Whole {
    chunks: VecDeque<Bytes>,
    _share: Share,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(chunk) = self.chunks.front_mut() else {
            return Ok(0);
        };
        let count = take(chunk, buffer);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        Ok(count)
    }
}

/// An object that is arriving.
#[derive(Debug)]
struct Streamed {
    /// Chunks, then none at the end of the object; a channel that closes before that is no end.
    chunks: mpsc::Receiver<Result<Option<Bytes>, ReadFault>>,
    chunk: Bytes,
    is_ended: bool,
    _share: Share,
}

impl Read for Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.chunk.is_empty() && !self.is_ended {
            match self.chunks.blocking_recv() {
                Some(Ok(Some(chunk))) => self.chunk = chunk,
                Some(Ok(None)) => self.is_ended = true,
                Some(Err(ReadFault::Unreadable(message) | ReadFault::Archived(message))) => {
                    return Err(std::io::Error::other(message));
                }
                Some(Err(ReadFault::Vanished)) => {
                    return Err(std::io::Error::other("it vanished while it was read"));
                }
                None => return Err(std::io::Error::other("its download was abandoned")),
            }
        }
        Ok(take(&mut self.chunk, buffer))
    }
}

/// Moves what fits.
fn take(chunk: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = chunk.len().min(buffer.len());
    chunk.copy_to_slice(&mut buffer[..count]);
    count
}
