//! Data files that no reader needs any more, deleted.
//!
//! A file is deleted if it is not live, was not removed within the retention, and is older than it:
//! readers of older versions keep their files for that long, and so do writers whose commit is still
//! to come.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectMeta;
use object_store::path::Path;

use super::error::StoreError;
use super::table::{Store, delta_error};
use crate::schema::Table;

/// What a vacuum deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files deleted.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Deletes the data files of a table that are neither live nor younger than `cutoff_millis`.
    ///
    /// # Errors
    /// If the table cannot be listed or read, or a file cannot be deleted.
    pub async fn vacuum(
        &self,
        table: &'static Table,
        cutoff_millis: i64,
    ) -> Result<Vacuumed, StoreError> {
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
        let condemned: Vec<ObjectMeta> = listed
            .into_iter()
            .filter(|file| {
                file.location.extension() == Some("parquet")
                    && !file.location.as_ref().contains("/_delta_log/")
                    && !needed.contains(&file.location)
                    && file.last_modified.timestamp_millis() < cutoff_millis
            })
            .collect();
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
