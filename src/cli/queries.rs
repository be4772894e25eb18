//! The user's own directory of queries, if one was chosen.

use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

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

    /// Our queries, with what the directory adds and overrides.
    pub(super) fn load(&self) -> Result<Queries, ServiceError> {
        match &self.directory {
            Some(directory) => Queries::with_own(directory),
            None => Queries::embedded(),
        }
    }
}

/// A store without rows, in a folder that is deleted when it is dropped: what is planned over it needs no data.
pub(super) async fn scratch_store() -> anyhow::Result<(TempDir, Store)> {
    let folder = tempfile::tempdir().context("cannot make a temporary directory")?;
    let store = Store::create(Place::create_directory(folder.path())?).await?;
    Ok((folder, store))
}
