//! The `keytrail` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    keytrail::cli::run(std::env::args_os())
}
