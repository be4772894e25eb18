//! A question while it is answered: over the newest data, on other threads, until it is stopped.

use std::time::Instant;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use futures::{FutureExt as _, StreamExt as _};

use super::super::args::ReportArgs;
use super::super::error::{to_stderr, to_stdout};
use super::super::{notes, report};
use super::{Desk, Next, Shell};

/// Batches computed ahead of what was written.
const BATCHES_WAITING_MAX: usize = 2;

/// What is asked between two prompts.
#[derive(Clone, Copy)]
pub(super) enum ShellQuestion<'a> {
    /// A statement without its semicolon.
    Statement(&'a str),
    Report(&'a ReportArgs),
}

/// The Ctrl-C of a terminal, from now on no end of the program.
pub(super) struct Interrupts {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
    #[cfg(not(unix))]
    signal: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    pub(super) fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        #[cfg(not(unix))]
        let signal = tokio::signal::windows::ctrl_c()?;
        Ok(Self { signal })
    }

    /// Forgets those that came too late: what they were for has ended.
    pub(super) fn forget(&mut self) {
        while self.signal.recv().now_or_never().is_some() {}
    }

    /// Waits for one.
    async fn next(&mut self) {
        // Without a listener left there is none to wait for.
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

impl Shell {
    /// Answers a question; Ctrl-C ends it.
    pub(super) async fn answer(&mut self, question: ShellQuestion<'_>) -> anyhow::Result<Next> {
        let started = Instant::now();
        let done = tokio::select! {
            biased;
            () = self.interrupts.next() => {
                to_stderr("stopped\n");
                Ok(Next::Stopped)
            }
            done = Box::pin(self.desk.answer(question)) => done.map(|()| Next::Stay),
        };
        if self.is_timed {
            to_stderr(&format!("time: {:.3} s\n", started.elapsed().as_secs_f64()));
        }
        done
    }
}

impl Desk {
    async fn answer(&mut self, question: ShellQuestion<'_>) -> anyhow::Result<()> {
        match question {
            ShellQuestion::Statement(statement) => {
                self.refresh().await?;
                let stream = self.reader.session().query(statement).await?;
                self.outlet.write("", ahead(stream), None).await?;
                self.say_notes();
                Ok(())
            }
            ShellQuestion::Report(args) => self.answer_report(args).await,
        }
    }

    async fn answer_report(&mut self, args: &ReportArgs) -> anyhow::Result<()> {
        self.refresh().await?;
        if args.explain {
            let text = report::explain(&self.reader, args).await?;
            return Ok(to_stdout(&text)?);
        }
        let answer = report::ask(&self.reader, &args.question(), args).await;
        let answer = answer.inspect_err(|_refused| self.say_notes())?;
        to_stderr(&answer.warnings);
        let outcome = answer.outcome;
        let stream = ahead(outcome.stream);
        let rendering = Some(answer.rendering);
        self.outlet
            .write(&answer.heading, stream, rendering)
            .await?;
        let caveats = outcome.caveats.collect().await?;
        self.say_notes();
        notes::print(&report::notes(outcome.footnote, caveats));
        Ok(())
    }
}

/// The rows, computed by a task of their own that ends when they are not wanted any more: the shell
/// stays awake for Ctrl-C whatever the engine does.
fn ahead(mut stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let mut builder = RecordBatchReceiverStreamBuilder::new(schema.clone(), BATCHES_WAITING_MAX);
    let sender = builder.tx();
    builder.spawn(async move {
        while let Some(batch) = stream.next().await {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    });
    // A look at Ctrl-C between any two batches, also when the next one is there already.
    let rows = builder.build().then(async |batch| {
        tokio::task::yield_now().await;
        batch
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}
