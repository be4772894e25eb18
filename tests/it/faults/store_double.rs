//! An object store over the real one that fails, loses answers, dies or is killed at a chosen call.
//!
//! Enters: the calls of the code under test. Leaves: the same calls to the durable file system, but for
//! the one that the [`Fault`] names. Calls are counted, so that a clean run tells how many there are.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use keytrail::store::DurableFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result, UploadPart,
};
use tokio::sync::Barrier;

/// What goes wrong. Writes and calls are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// This write has no effect, and fails.
    Fails(u64),
    /// This write takes effect, and its answer is an error.
    LosesAnswer(u64),
    /// This write takes effect, and its answer is that the object exists: what a client sees that tries
    /// again when an answer was lost, and meets its own write. Overwriting writes succeed.
    MeetsItself(u64),
    /// This write takes effect, and every later call fails: the process died right after it.
    DiesAfter(u64),
    /// No write has an effect; each fails.
    ReadOnly,
    /// What should be written only where nothing is yet is written over what is there, as by a server that does
    /// not know the condition.
    Overwrites,
    /// Only commits and data can be written: every checkpoint fails.
    FailsCheckpoints,
    /// The process gets a SIGKILL before this call, be it a read or a write.
    KillBefore(u64),
    /// The process gets a SIGKILL when this call has taken effect.
    KillAfter(u64),
}

/// The store double.
#[derive(Debug, Clone)]
pub(crate) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    fault: Fault,
    gates: Vec<Gate>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: AtomicU64,
    writes: AtomicU64,
    is_dead: AtomicBool,
}

/// Where two writers wait for each other, so that both write this object from the same snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// How the path of the object ends.
    pub(crate) suffix: &'static str,
    pub(crate) barrier: Arc<Barrier>,
}

impl FaultStore {
    pub(crate) fn new(fault: Fault) -> Self {
        Self::gated(fault, Vec::new())
    }

    pub(crate) fn gated(fault: Fault, gates: Vec<Gate>) -> Self {
        Self::over(Arc::new(DurableFileSystem::new()), fault, gates)
    }

    /// A double of another object store than the disk.
    pub(crate) fn over(inner: Arc<dyn ObjectStore>, fault: Fault, gates: Vec<Gate>) -> Self {
        Self {
            inner,
            fault,
            gates,
            state: Arc::default(),
        }
    }

    /// Writes so far.
    pub(crate) fn writes(&self) -> u64 {
        self.state.writes.load(Ordering::SeqCst)
    }

    /// Calls so far, reads and writes.
    pub(crate) fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Counts a call; answers its number.
    fn begin(&self) -> Result<u64> {
        let number = self.state.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.fault == Fault::KillBefore(number) {
            kill_this_process();
        }
        if self.state.is_dead.load(Ordering::SeqCst) {
            return Err(injected("the process has died"));
        }
        Ok(number)
    }

    fn end(&self, call: u64) {
        if self.fault == Fault::KillAfter(call) {
            kill_this_process();
        }
    }

    async fn read<T>(&self, act: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let call = self.begin()?;
        let result = act.await;
        self.end(call);
        result
    }

    fn listing<'a>(
        &self,
        list: impl FnOnce() -> BoxStream<'a, Result<ObjectMeta>>,
    ) -> BoxStream<'a, Result<ObjectMeta>> {
        match self.begin() {
            Ok(call) => {
                // A listing has no effect that a kill could come before.
                self.end(call);
                list()
            }
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn write<T>(
        &self,
        location: &Path,
        is_create: bool,
        act: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        for gate in &self.gates {
            if location.as_ref().ends_with(gate.suffix) {
                gate.barrier.wait().await;
            }
        }
        let call = self.begin()?;
        let number = self.state.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let is_failing = match self.fault {
            Fault::Fails(k) => k == number,
            Fault::ReadOnly => true,
            Fault::FailsCheckpoints => location.as_ref().contains("checkpoint"),
            _ => false,
        };
        if is_failing {
            return Err(injected("the write failed"));
        }
        let result = act.await?;
        self.end(call);
        if self.fault == Fault::DiesAfter(number) {
            self.state.is_dead.store(true, Ordering::SeqCst);
        }
        match self.fault {
            Fault::LosesAnswer(k) if k == number => Err(injected("the answer was lost")),
            Fault::MeetsItself(k) if k == number && is_create => Err(Error::AlreadyExists {
                path: location.to_string(),
                source: "it is there since the first attempt".into(),
            }),
            _ => Ok(result),
        }
    }
}

fn injected(message: &'static str) -> Error {
    Error::Generic {
        store: "FaultStore",
        source: message.into(),
    }
}

/// Ends this process as the kernel's out-of-memory killer would.
pub(crate) fn kill_this_process() -> ! {
    let killed = std::process::Command::new("sh")
        .args(["-c", "kill -9 $0", &std::process::id().to_string()])
        .status();
    // The signal ends this process while it waits for the shell, or here.
    drop(killed);
    loop {
        std::thread::park();
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FaultStore({:?})", self.fault)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        let is_create = options.mode == object_store::PutMode::Create;
        if is_create && self.fault == Fault::Overwrites {
            options.mode = object_store::PutMode::Overwrite;
        }
        let act = self.inner.put_opts(location, payload, options);
        self.write(location, is_create, act).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let act = self.inner.put_multipart_opts(location, options);
        let inner = self.write(location, false, act).await?;
        Ok(Box::new(FaultUpload {
            inner,
            location: location.clone(),
            store: self.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read(self.inner.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.read(self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .and_then(move |location| {
                let store = store.clone();
                async move {
                    let act = store.inner.delete(&location);
                    store.write(&location, false, act).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(|| self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(|| self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.read(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let act = self.inner.copy_opts(from, to, options);
        self.write(to, false, act).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let act = self.inner.rename_opts(from, to, options);
        self.write(to, false, act).await
    }
}

/// An upload in parts; only its completion is a write that can be seen.
#[derive(Debug)]
struct FaultUpload {
    inner: Box<dyn MultipartUpload>,
    location: Path,
    store: FaultStore,
}

#[async_trait]
impl MultipartUpload for FaultUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let store = self.store.clone();
        let act = self.inner.complete();
        store.write(&self.location, false, act).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
