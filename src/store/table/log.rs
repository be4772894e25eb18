//! Delta's log itself: its checkpoints, and the part of it that nobody needs any more.
//!
//! A checkpoint is a short cut for opening a table: without it the log is whole, only longer to
//! read. So a commit never fails for its checkpoint; the failure is a warning.

use deltalake_core::DeltaTable;
use deltalake_core::checkpoints::create_checkpoint;
use deltalake_core::table::config::TablePropertiesExt as _;
use object_store::ObjectMeta;

use crate::schema::Table;
use crate::store::error::StoreError;
use crate::store::table::{Snapshot, Store, delta_error};

impl Store {
    /// Writes a checkpoint where the commit `version` to the table of `snapshot` makes one due.
    pub(in crate::store) async fn checkpoint_if_due(&self, snapshot: &Snapshot, version: u64) {
        let interval = snapshot.state.table_config().checkpoint_interval();
        if !(version + 1).is_multiple_of(interval.get()) {
            return;
        }
        if let Err(error) = self.checkpoint(snapshot.table).await {
            self.warn(StoreError::Checkpoint {
                table: snapshot.table.name,
                version,
                source: Box::new(error),
            });
        }
    }

    #[tracing::instrument(level = "debug", skip_all, fields(table = table.name))]
    async fn checkpoint(&self, table: &'static Table) -> Result<(), StoreError> {
        let mut delta = DeltaTable::new(self.log(table));
        delta.state = Some(self.snapshot(table).await?.state);
        create_checkpoint(&delta, None)
            .await
            .map_err(|source| delta_error(table, "writing a checkpoint", source))
    }
}

/// The files of a table's log that no version within the retention is made of: those before the newest
/// checkpoint on which every version that is younger than `cutoff_millis` can be based.
pub(in crate::store) fn expired_log(listed: &[ObjectMeta], cutoff_millis: i64) -> Vec<ObjectMeta> {
    let is_young = |file: &ObjectMeta| file.last_modified.timestamp_millis() >= cutoff_millis;
    let numbered: Vec<(u64, &ObjectMeta)> = listed
        .iter()
        .filter_map(|file| Some((version(file)?, file)))
        .collect();
    let needed = numbered
        .iter()
        .filter(|(_, file)| is_young(file))
        .map(|(version, _)| *version)
        .min()
        .unwrap_or(u64::MAX);
    let base = numbered
        .iter()
        .filter(|(version, file)| *version <= needed && is_checkpoint(file))
        .map(|(version, _)| *version)
        .max()
        .unwrap_or(0);
    numbered
        .into_iter()
        .filter(|(version, file)| *version < base && !is_young(file))
        .map(|(_, file)| file.clone())
        .collect()
}

/// The version in the name of a commit or of a checkpoint.
fn version(file: &ObjectMeta) -> Option<u64> {
    let (number, ending) = file.location.filename()?.split_once('.')?;
    let is_log = ending == "json" || ending == CHECKPOINT;
    (number.len() == 20 && is_log).then(|| number.parse().ok())?
}

fn is_checkpoint(file: &ObjectMeta) -> bool {
    let name = file.location.filename().unwrap_or_default();
    name.ends_with(CHECKPOINT)
}

/// How the name of a checkpoint of one file ends, the only sort that is written here.
const CHECKPOINT: &str = "checkpoint.parquet";

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use object_store::path::Path;

    use super::*;

    /// A log with a commit a minute from 0 on, and a checkpoint with every tenth.
    fn log(commits: u64) -> Vec<ObjectMeta> {
        let file = |version: u64, ending: &str| ObjectMeta {
            location: Path::from(format!("t/_delta_log/{version:020}.{ending}")),
            last_modified: DateTime::from_timestamp_millis(minute(version)).expect("a time"),
            size: 1,
            e_tag: None,
            version: None,
        };
        (0..commits)
            .flat_map(|version| {
                let checkpoint = (version % 10 == 9).then(|| file(version, CHECKPOINT));
                [Some(file(version, "json")), checkpoint]
            })
            .flatten()
            .collect()
    }

    fn minute(number: u64) -> i64 {
        i64::try_from(number * 60_000).expect("a small number")
    }

    fn expired(commits: u64, cutoff_millis: i64) -> Vec<u64> {
        let files = expired_log(&log(commits), cutoff_millis);
        files.iter().filter_map(version).collect()
    }

    #[test]
    fn what_young_versions_stand_on_is_kept() {
        // Version 25 is the first young one; it is made of checkpoint 19 and the commits behind it.
        let gone = expired(40, minute(25));
        assert_eq!(gone.iter().max(), Some(&18));
        // Nineteen commits, and the checkpoint of commit 9.
        assert_eq!(gone.len(), 20);
    }

    #[test]
    fn without_a_checkpoint_nothing_goes() {
        assert_eq!(expired(9, minute(100)), Vec::<u64>::new());
        assert_eq!(expired(40, minute(5)), Vec::<u64>::new());
    }

    #[test]
    fn an_old_log_keeps_what_its_latest_version_is_made_of() {
        assert_eq!(expired(43, minute(1000)).iter().max(), Some(&38));
    }
}
