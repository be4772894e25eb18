//! The user's own directory of queries, if one was chosen.

use std::path::PathBuf;

use crate::service::{Queries, ServiceError};

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
