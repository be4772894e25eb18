//! Where a store lies.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use url::Url;

use super::error::StoreError;
use super::sync::DurableFileSystem;
use crate::schema;

/// A place for a store: an object store and a folder in it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The object store, from its root.
    pub(super) root: Arc<dyn ObjectStore>,
    /// The folder in it.
    pub(super) prefix: Path,
    /// The folder as a URL, with a slash at its end.
    pub(super) url: Url,
    shown: String,
}

impl Place {
    /// A directory of the local file system, created if it does not exist.
    ///
    /// # Errors
    /// If it cannot be created, or is no directory.
    pub fn create_directory(directory: &FilePath) -> Result<Self, StoreError> {
        match std::fs::create_dir_all(directory) {
            Err(source) if !directory.exists() => Err(StoreError::Io {
                location: directory.display().to_string(),
                source,
            }),
            // What was there before, even if it is a file, is judged there.
            _ => Self::directory(directory),
        }
    }

    /// A directory of the local file system.
    ///
    /// # Errors
    /// If it does not exist, or is no directory.
    pub fn directory(directory: &FilePath) -> Result<Self, StoreError> {
        Self::directory_on(directory, Arc::new(DurableFileSystem::new()))
    }

    /// A directory, reached through `root`, an object store over the whole local file system.
    ///
    /// # Errors
    /// If it does not exist, or is no directory.
    pub fn directory_on(
        directory: &FilePath,
        root: Arc<dyn ObjectStore>,
    ) -> Result<Self, StoreError> {
        let location = directory.display().to_string();
        let absolute: PathBuf = match std::fs::canonicalize(directory) {
            Ok(absolute) if absolute.is_dir() => absolute,
            Ok(_) => {
                return Err(StoreError::Io {
                    location,
                    source: std::io::ErrorKind::NotADirectory.into(),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound { location });
            }
            Err(source) => return Err(StoreError::Io { location, source }),
        };
        let unusable = || StoreError::Io {
            location: location.clone(),
            source: std::io::Error::other("the path is no valid URL"),
        };
        let prefix = Path::from_absolute_path(&absolute).map_err(|_invalid| unusable())?;
        let url = Url::from_directory_path(&absolute).map_err(|()| unusable())?;
        Ok(Self {
            root,
            prefix,
            url,
            shown: location,
        })
    }

    /// The place as the user named it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The same place seen through another object store, such as one that counts or fails.
    #[must_use]
    pub fn through(&self, root: Arc<dyn ObjectStore>) -> Self {
        Self {
            root,
            ..self.clone()
        }
    }

    /// The object store beneath.
    #[must_use]
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.root.clone()
    }

    /// Makes a session read through this place's object store.
    pub fn register(&self, context: &datafusion::prelude::SessionContext) {
        if let Ok(url) = Url::parse(&self.store_url()) {
            context
                .runtime_env()
                .register_object_store(&url, self.root.clone());
        }
    }

    /// The URL of the object store itself, under which a session finds it.
    pub(super) fn store_url(&self) -> String {
        format!(
            "{}://{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        )
    }

    /// Whether anything at all lies here.
    ///
    /// # Errors
    /// If the place holds what is no table of keytrail's, or cannot be listed.
    pub(super) async fn is_empty(&self) -> Result<bool, StoreError> {
        let listed = self
            .root
            .list_with_delimiter(Some(&self.prefix))
            .await
            .map_err(|source| StoreError::File {
                table: "store",
                operation: "listing",
                path: self.shown.clone(),
                source,
            })?;
        let stranger = |entry: &str| StoreError::NotAStore {
            location: self.shown.clone(),
            entry: entry.to_owned(),
        };
        if let Some(object) = listed.objects.first() {
            return Err(stranger(object.location.filename().unwrap_or_default()));
        }
        for folder in &listed.common_prefixes {
            let name = folder.filename().unwrap_or_default();
            if schema::table(name).is_none() {
                return Err(stranger(name));
            }
        }
        Ok(listed.common_prefixes.is_empty())
    }

    /// Whether a table has a log.
    pub(super) async fn has_log(&self, table: &'static str) -> Result<bool, StoreError> {
        let log = self.file(table, "_delta_log");
        self.root
            .list(Some(&log))
            .try_next()
            .await
            .map(|entry| entry.is_some())
            .map_err(|source| StoreError::File {
                table,
                operation: "listing",
                path: log.to_string(),
                source,
            })
    }

    /// The folder of a table.
    pub(super) fn file_prefix(&self, table: &str) -> Path {
        self.prefix.clone().join(table)
    }

    /// The full path of a file of a table.
    pub(super) fn file(&self, table: &str, path: &str) -> Path {
        let mut full = self.file_prefix(table);
        for part in path.split('/') {
            full = full.join(part);
        }
        full
    }

    pub(super) async fn put(
        &self,
        table: &'static str,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.root
            .put(&self.file(table, path), bytes.into())
            .await
            .map(|_result| ())
            .map_err(|source| StoreError::File {
                table,
                operation: "writing",
                path: path.to_owned(),
                source,
            })
    }
}
