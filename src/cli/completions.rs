//! `keytrail completions`: the words of the command line, for a shell to complete.

use clap::CommandFactory as _;

use super::ExitStatus;
use super::args::{Args, CompletionsArgs};
use super::error::to_stdout;

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "keytrail", &mut script);
    to_stdout(&String::from_utf8(script)?)?;
    Ok(ExitStatus::Success)
}
