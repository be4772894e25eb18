//! `keytrail.toml`: values for what is not typed and not in the environment.
//!
//! Enters: the arguments as typed, the environment, and at most one file. Leaves: the arguments with every value that
//! the file or a variable sets and no flag does. Nothing behind the arguments knows that there is a file.

mod accounts;
mod apply;
mod command;
mod effective;
mod file;
mod kind;
mod read;
mod secrets;
mod settings;
mod template;
#[cfg(test)]
mod tests;
mod typed;
mod values;

use std::env;

pub(super) use self::command::run;
pub(super) use self::typed::Typed;
use super::args::{Args, Command};

/// The arguments, with what the configuration sets of those that were not typed.
///
/// # Errors
/// If the configuration cannot be used, or lacks what was not typed and is needed.
pub(super) fn applied(mut args: Args, typed: &Typed) -> anyhow::Result<Args> {
    if matches!(
        args.command,
        Command::Config(_) | Command::Demo(_) | Command::Completions(_) | Command::Man(_)
    ) {
        // The demo is the same for everyone, and the others read nothing.
        return Ok(args);
    }
    let effective = effective::load(args.config.path(), &|name| env::var_os(name))?;
    apply::apply(&effective, typed, &mut args)?;
    Ok(args)
}
