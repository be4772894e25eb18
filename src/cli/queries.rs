//! The user's own directory of queries, if one was chosen.

use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use super::error::to_stderr;
use crate::service::{Queries, ServiceError};
use crate::store::{Place, Store};

/// The user's own directory of queries, if one was chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct QueriesChoice {
    directory: Option<PathBuf>,
}

impl QueriesChoice {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        // An empty variable is one that is not set.
        let directory = directory.filter(|path| !path.as_os_str().is_empty());
        Self { directory }
    }

    /// Our queries, with what the directory adds and overrides; warns of its files that cannot be used.
    pub(super) fn load(&self) -> Result<Queries, ServiceError> {
        let queries = self.read()?;
        self.warn(&queries);
        Ok(queries)
    }

    /// The same for a report, whose own fault is no warning.
    pub(super) fn load_for(&self, report: &str) -> Result<Queries, ServiceError> {
        let queries = self.read()?;
        queries.library.report(report)?;
        self.warn(&queries);
        Ok(queries)
    }

    fn read(&self) -> Result<Queries, ServiceError> {
        match &self.directory {
            Some(directory) => Queries::with_own(directory),
            None => Queries::embedded(),
        }
    }

    fn warn(&self, queries: &Queries) {
        let (Some(directory), Some(first)) = (&self.directory, queries.faults.first()) else {
            return;
        };
        let files = match queries.faults.len() {
            1 => "1 query file cannot be used: ".to_owned(),
            files => format!("{files} query files cannot be used, such as "),
        };
        to_stderr(&format!(
            "warning: {files}{first}; see keytrail report check {}\n",
            directory.display()
        ));
    }
}

/// A store without rows, in a folder that is deleted when it is dropped: what is planned over it needs no data.
pub(super) async fn scratch_store() -> anyhow::Result<(TempDir, Store)> {
    let folder = tempfile::tempdir().context("cannot make a temporary directory")?;
    let store = Store::create(Place::create_directory(folder.path())?).await?;
    Ok((folder, store))
}
