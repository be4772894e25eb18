//! The command line: the only place that prints, exits, reads the environment or the clock.
//!
//! Enters: arguments. Leaves: data on standard output, everything else on standard error, and an exit
//! code: 0 fine, 1 findings, 2 an error, or something new that could not be ingested; 130 and 143 where Ctrl-C or
//! SIGTERM ended work before it was done.

mod accounts;
mod archived;
mod args;
mod check;
mod clock;
mod compact;
mod completions;
mod config;
mod demo;
mod error;
mod event;
mod events;
mod export;
mod fetch_signatures;
mod forget;
mod ingest;
mod interrupt;
mod logging;
mod man;
mod notes;
mod numbers;
mod progress;
mod queries;
mod queue;
mod report;
mod report_help;
mod retain;
mod schema;
mod session;
mod settle;
mod shell;
mod sql;
mod status;
mod trails;
mod vacuum;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use args::{Args, Command};
use config::Typed;

/// How a subcommand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All is well.
    Success,
    /// There are findings.
    Findings,
    /// Something new or changed could not be ingested.
    Incomplete,
    /// Ctrl-C came before the work was done.
    Interrupted,
    /// SIGTERM did.
    Terminated,
}

impl ExitStatus {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
            // 128 and the number of the signal, as shells report those that it ended.
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// Runs the command line given, the name of the program first.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = args.into_iter().collect();
    let (args, typed) = match parse(&line) {
        Ok(parsed) => parsed,
        Err(error) => {
            if error.kind() == ErrorKind::DisplayHelp
                && let Some((name, args, typed)) = report_help::asked(&line)
            {
                return ended(report_help::run(&name, args, &typed));
            }
            let is_asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // Where help cannot be printed, there is nowhere to say so.
            drop(error.print());
            return if is_asked {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    let installed = logging::install(args.logging);
    ended(installed.and_then(|()| on_deep_stack(config::applied(args, &typed)?, typed)))
}

/// Says why a command failed, if it did; answers the exit code.
fn ended(result: anyhow::Result<ExitStatus>) -> ExitCode {
    match result {
        Ok(status) => status.into(),
        Err(error) if error::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            error::print(&error);
            ExitCode::from(2)
        }
    }
}

/// The arguments, and which of them were typed.
fn parse(line: &[OsString]) -> Result<(Args, Typed), clap::Error> {
    let matches = Args::command().try_get_matches_from(line)?;
    let parsed = Args::from_arg_matches(&matches);
    let args = parsed.map_err(|error| error.format(&mut Args::command()))?;
    Ok((args, Typed::new(&matches)))
}

/// The stack of every thread: a statement is planned by functions that call themselves for each operator in it, of
/// which [`OPERATORS_MAX`](crate::sql::OPERATORS_MAX) are accepted. Only what is used of it is ever taken.
const STACK_BYTES: usize = 64 << 20;

fn on_deep_stack(args: Args, typed: Typed) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()?;
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let ran = thread
        .spawn(move || runtime.block_on(dispatch(args, &typed)))?
        .join();
    // A panic has said what it had to say.
    ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn dispatch(args: Args, typed: &Typed) -> anyhow::Result<ExitStatus> {
    let place = args.store.into();
    let queries = args.queries.into();
    // Each of these futures is large; boxed, none weighs on the others.
    match args.command {
        Command::Ingest(options) => match &options.queue.url {
            Some(url) => Box::pin(queue::run(&place, &options, url)).await,
            None => Box::pin(ingest::run(&place, *options)).await,
        },
        Command::Status(options) => Box::pin(status::run(&place, options)).await,
        Command::Verify(options) => Box::pin(verify::run(&place, *options)).await,
        Command::FetchSignatures(options) => Box::pin(fetch_signatures::run(*options)).await,
        Command::Sql(options) => Box::pin(sql::run(&place, &queries, options)).await,
        Command::Report(options) => Box::pin(report::run(&place, &queries, *options)).await,
        Command::Accounts(options) => Box::pin(accounts::run(&place, options)).await,
        Command::Trails(options) => Box::pin(trails::run(&place, options)).await,
        Command::Export(options) => Box::pin(export::run(&place, &queries, options)).await,
        Command::Compact => Box::pin(compact::run(&place)).await,
        Command::Settle(options) => Box::pin(settle::run(&place, options)).await,
        Command::Vacuum(options) => Box::pin(vacuum::run(&place, options)).await,
        Command::Retain(options) => Box::pin(retain::run(&place, options)).await,
        Command::Forget(options) => Box::pin(forget::run(&place, options)).await,
        Command::Event(options) => Box::pin(event::run(&place, options)).await,
        Command::Config(options) => config::run(&place, &args.config, typed, options),
        Command::Demo(options) => Box::pin(demo::run(&place, options)).await,
        Command::Schema(options) => Box::pin(schema::run(&queries, options)).await,
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(options),
    }
}
