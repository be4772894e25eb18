//! `keytrail vacuum`: data files that no reader needs any more, deleted.

use anyhow::bail;

use super::ExitStatus;
use super::args::VacuumArgs;
use super::clock::now_micros;
use super::error::to_stdout;
use super::ingest::grouped;
use super::session::StoreChoice;
use crate::schema::TABLES;

/// What is kept unless `--force` is given: a week.
const KEEP_HOURS_SAFE: u32 = 168;

pub(super) async fn run(place: &StoreChoice, args: VacuumArgs) -> anyhow::Result<ExitStatus> {
    if args.keep_hours < KEEP_HOURS_SAFE && !args.force {
        bail!(
            "keeping less than {KEEP_HOURS_SAFE} hours can take files from under a reader or writer that is still at work\n\nhint: `--force` does it all the same"
        );
    }
    let store = place.open().await?;
    let now_millis = now_micros() / 1000;
    let mut is_done = false;
    for table in TABLES {
        let done = store.vacuum(table, args.keep_hours, now_millis).await?;
        if done.files > 0 {
            is_done = true;
            to_stdout(&format!(
                "{:<18}{:>6} files deleted, {} bytes\n",
                table.name,
                done.files,
                grouped(done.bytes)
            ))?;
        }
    }
    if !is_done {
        to_stdout("nothing to delete\n")?;
    }
    Ok(ExitStatus::Success)
}
