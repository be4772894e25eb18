//! A source of logs over the real one that is killed at a chosen call. Opening an object is a call, and
//! so is each read of it.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keytrail::source::{Files, Opened, ReadFault, Source, SourceObject};

use super::store_double::kill_this_process;

/// What goes wrong. Calls are counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SourceFault {
    /// Nothing.
    None,
    /// The process gets a SIGKILL before this call.
    KillBefore(u64),
    /// The run is asked to end before this call.
    StopBefore(u64),
}

/// The source double.
#[derive(Debug, Clone)]
pub(crate) struct FaultSource {
    fault: SourceFault,
    calls: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl FaultSource {
    pub(crate) fn new(fault: SourceFault) -> Self {
        Self {
            fault,
            calls: Arc::default(),
            stop: Arc::default(),
        }
    }

    /// A source that asks a run to end before this call, by the flag that the run looks at.
    pub(crate) fn stopping(call: u64, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            ..Self::new(SourceFault::StopBefore(call))
        }
    }

    /// How many calls there have been.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn call(&self) {
        let number = 1 + self.calls.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            SourceFault::KillBefore(call) if call == number => kill_this_process(),
            SourceFault::StopBefore(call) if call == number => {
                self.stop.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}

impl Source for FaultSource {
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault> {
        self.call();
        let inner = Files.open(object)?.reader;
        let double = self.clone();
        let reader: Box<dyn Read> = Box::new(CountedReader { inner, double });
        Ok(reader.into())
    }
}

struct CountedReader {
    inner: Box<dyn Read>,
    double: FaultSource,
}

impl Read for CountedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.double.call();
        self.inner.read(buffer)
    }
}
