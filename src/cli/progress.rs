//! The progress of an ingest, on a terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::logging;
use crate::ingest::Progress;

/// Time between two looks at the counters.
const INTERVAL: Duration = Duration::from_millis(100);

/// A progress bar that follows the counters on a thread of its own; nothing where standard error is no
/// terminal, or log lines come.
pub(super) struct Bar {
    thread: Option<JoinHandle<()>>,
    is_done: Arc<AtomicBool>,
}

impl Bar {
    /// Shows a bar, if there is a terminal to show it on.
    pub(super) fn start(progress: Arc<Progress>) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let is_shown = std::io::stderr().is_terminal() && !logging::is_on();
        let thread = is_shown.then(|| {
            let is_done = is_done.clone();
            std::thread::spawn(move || follow(&progress, &is_done))
        });
        Self { thread, is_done }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.is_done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            // The thread only draws; if it failed, there is nothing to undo.
            drop(thread.join());
        }
    }
}

fn follow(progress: &Progress, is_done: &AtomicBool) {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} · {msg} · {eta} left")
    {
        bar.set_style(style);
    }
    let started = Instant::now();
    while !is_done.load(Ordering::Relaxed) {
        let records = progress.records.load(Ordering::Relaxed);
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rate = records.saturating_mul(1000) / millis.max(1);
        bar.set_length(progress.bytes_total.load(Ordering::Relaxed));
        bar.set_position(progress.bytes.load(Ordering::Relaxed));
        bar.set_message(format!(
            "{}/{} files · {} events/s",
            HumanCount(progress.objects.load(Ordering::Relaxed)),
            HumanCount(progress.objects_total.load(Ordering::Relaxed)),
            HumanCount(rate)
        ));
        std::thread::park_timeout(INTERVAL);
    }
    bar.finish_and_clear();
}
