//! `keytrail compact`: small files made into large ones.

use super::ExitStatus;
use super::clock::now_micros;
use super::error::to_stdout;
use super::session::StoreChoice;
use crate::schema::TABLES;

/// Fewer files of a partition are not worth a commit when asked for by hand.
const FILES_MIN: usize = 2;

pub(super) async fn run(place: &StoreChoice) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let now_millis = now_micros() / 1000;
    for table in TABLES {
        let done = store.compact(table, FILES_MIN, now_millis).await?;
        if done.files_removed > 0 {
            to_stdout(&format!(
                "{:<18}{:>6} files merged into {}\n",
                table.name, done.files_removed, done.files_added
            ))?;
        }
    }
    Ok(ExitStatus::Success)
}
