//! `keytrail schema`: the documentation of the tables.

use super::ExitStatus;
use super::error::to_stdout;
use crate::schema::to_markdown;

pub(super) fn run() -> anyhow::Result<ExitStatus> {
    to_stdout(&to_markdown())?;
    Ok(ExitStatus::Success)
}
