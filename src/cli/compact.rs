//! `keytrail compact`: small files made into large ones.

use super::ExitStatus;
use super::clock::now_micros;
use super::error::{print_warnings, to_stdout};
use super::session::StoreChoice;
use crate::schema::TABLES;
use crate::store::Compaction;

pub(super) async fn run(place: &StoreChoice) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let now_millis = now_micros() / 1000;
    let mut is_done = false;
    for table in TABLES {
        let done = store.compact(table, Compaction::Whole, now_millis).await?;
        if done.files_removed > 0 {
            is_done = true;
            to_stdout(&format!(
                "{:<18}{:>6} files merged into {}\n",
                table.name, done.files_removed, done.files_added
            ))?;
        }
    }
    if !is_done {
        to_stdout("nothing to merge\n")?;
    }
    print_warnings(&store);
    Ok(ExitStatus::Success)
}
