//! The `keytrail` command.

use std::process::ExitCode;

/// Decoding and encoding make many short texts on several threads; a tenth of the time of an ingest is
/// saved by an allocator made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keytrail::cli::run(std::env::args_os())
}
