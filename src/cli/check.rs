//! `keytrail report check`: what is wrong with a directory of query files. Faults are findings: they go to standard
//! output, one a line, and the exit code is 1.

use super::ExitStatus;
use super::args::CheckArgs;
use super::error::{to_stderr, to_stdout};
use super::queries::scratch_store;
use crate::render::visible;
use crate::service::check_queries;

pub(super) async fn run(args: &CheckArgs) -> anyhow::Result<ExitStatus> {
    let (_folder, scratch) = scratch_store().await?;
    let check = check_queries(&args.directory, &scratch).await?;
    let mut text = String::new();
    for fault in &check.faults {
        text.push_str(&visible(fault));
        text.push('\n');
    }
    to_stdout(&text)?;
    let files = match check.files {
        1 => "1 query file".to_owned(),
        files => format!("{files} query files"),
    };
    to_stderr(&match check.faults.len() {
        0 => format!("{files}, nothing wrong\n"),
        1 => format!("{files}, 1 fault\n"),
        faults => format!("{files}, {faults} faults\n"),
    });
    Ok(if check.faults.is_empty() {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}
