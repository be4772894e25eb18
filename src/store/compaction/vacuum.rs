//! Files that no reader needs any more, deleted.
//!
//! A data file is deleted if it is not live, was not removed in the last hours that are kept, and is
//! older than they are: readers of older versions keep their files for that long, and so do writers
//! whose commit is still to come. The part of Delta's log that is needed only for older versions goes
//! with it.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::schema::Table;
use crate::store::error::StoreError;
use crate::store::table::log::expired_log;
use crate::store::table::{Store, delta_error};

/// What a vacuum deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files deleted.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Deletes the files of a table that only its versions before the last `keep_hours` are made of.
    /// Less than an hour is never kept.
    ///
    /// # Errors
    /// If the table cannot be listed or read, or a file cannot be deleted.
    #[tracing::instrument(level = "debug", skip_all, fields(table = table.name))]
    pub async fn vacuum(
        &self,
        table: &'static Table,
        keep_hours: u32,
        now_millis: i64,
    ) -> Result<Vacuumed, StoreError> {
        const MILLIS_PER_HOUR: i64 = 3_600_000;
        let cutoff_millis = now_millis - i64::from(keep_hours.max(1)) * MILLIS_PER_HOUR;
        let folder = self.place().file_prefix(table.name);
        let root = self.place().object_store();
        let failed = |source| StoreError::File {
            table: table.name,
            operation: "vacuuming",
            path: folder.to_string(),
            source,
        };
        // Listed before the snapshot is loaded: what is committed in between is live in it.
        let listed: Vec<ObjectMeta> = root
            .list(Some(&folder))
            .try_collect()
            .await
            .map_err(failed)?;
        let snapshot = self.snapshot(table).await?;
        let full = |path: &str| self.place().file(table.name, path);
        let mut needed: HashSet<Path> = snapshot
            .files()?
            .iter()
            .map(|file| full(&file.path))
            .collect();
        let log = self.log(table);
        let mut removed = snapshot.state.all_tombstones(log.as_ref());
        let unread = |source| delta_error(table, "reading what was removed", source);
        while let Some(file) = removed.try_next().await.map_err(unread)? {
            if file.deletion_timestamp().unwrap_or(0) >= cutoff_millis {
                needed.insert(full(&file.path()));
            }
        }
        let log_folder = full("_delta_log");
        let (log_files, data_files): (Vec<ObjectMeta>, Vec<ObjectMeta>) = listed
            .into_iter()
            .partition(|file| file.location.prefix_matches(&log_folder));
        let mut condemned = expired_log(&log_files, cutoff_millis);
        condemned.extend(data_files.into_iter().filter(|file| {
            file.location.extension() == Some("parquet")
                && !needed.contains(&file.location)
                && file.last_modified.timestamp_millis() < cutoff_millis
        }));
        let vacuumed = Vacuumed {
            files: condemned.len(),
            bytes: condemned.iter().map(|file| file.size).sum(),
        };
        let paths = condemned.into_iter().map(|file| Ok(file.location));
        root.delete_stream(stream::iter(paths.collect::<Vec<_>>()).boxed())
            .try_for_each(|_deleted| std::future::ready(Ok(())))
            .await
            .map_err(failed)?;
        Ok(vacuumed)
    }
}
