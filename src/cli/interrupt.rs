//! Ctrl-C and SIGTERM while something is written: the first asks for an end, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::ExitStatus;
use super::error::to_stderr;

/// Whether an end was asked for.
pub(super) struct StopRequest {
    /// Becomes true then, for threads that look at it.
    pub(super) flag: Arc<AtomicBool>,
    /// Becomes true then, for tasks that wait for it.
    pub(super) asked: watch::Receiver<bool>,
    status: Arc<OnceLock<ExitStatus>>,
    has_begun: Arc<AtomicBool>,
}

/// What is said where nothing was begun that would have to be ended.
const NOTHING_BEGUN: &str = "interrupted: nothing was ingested\n";

impl StopRequest {
    /// Takes both signals. Until [`StopRequest::begin`] the first ends the process; then it prints what comes of it.
    pub(super) fn listen(told: &'static str) -> std::io::Result<Self> {
        let mut signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        };
        let (sender, asked) = watch::channel(false);
        let stop = Self {
            flag: Arc::default(),
            asked,
            status: Arc::default(),
            has_begun: Arc::default(),
        };
        let (flag, status) = (stop.flag.clone(), stop.status.clone());
        let has_begun = stop.has_begun.clone();
        tokio::spawn(async move {
            let first = signals.next().await;
            if !has_begun.load(Ordering::Relaxed) {
                to_stderr(NOTHING_BEGUN);
                end_at_once(first);
            }
            status.get_or_init(|| first);
            flag.store(true, Ordering::Relaxed);
            sender.send_replace(true);
            to_stderr(told);
            // The sender lives as long as this waits, so that nobody takes the channel for closed.
            end_at_once(signals.next().await);
        });
        Ok(stop)
    }

    /// From now on there is something to commit.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// How a process ends that was asked to before its work was done; none if it was not asked.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.status.get().copied()
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) -> ExitStatus {
        tokio::select! {
            _ = self.interrupt.recv() => ExitStatus::Interrupted,
            _ = self.terminate.recv() => ExitStatus::Terminated,
        }
    }
}

/// What was not committed is read again by the next run.
#[expect(
    clippy::exit,
    reason = "threads that read or commit cannot be stopped in any other way"
)]
fn end_at_once(status: ExitStatus) {
    std::process::exit(status.code().into());
}
