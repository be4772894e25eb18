//! `keytrail man`: the manual pages, made from what can be typed.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::ExitStatus;
use super::args::{Args, ManArgs};
use super::error::to_stdout;

pub(super) fn run(args: ManArgs) -> anyhow::Result<ExitStatus> {
    match args.out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Args::command()).render(&mut page)?;
            to_stdout(&String::from_utf8(page)?)?;
        }
        Some(directory) => write_pages(&directory)
            .with_context(|| format!("cannot write the pages to `{}`", directory.display()))?,
    }
    Ok(ExitStatus::Success)
}

/// One page for the program, and one for each command.
fn write_pages(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    clap_mangen::generate_to(Args::command(), directory)
}
