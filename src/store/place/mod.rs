//! Where a store is.

pub(in crate::store) mod bucket;
pub(in crate::store) mod sync;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode};
use url::Url;

use crate::aws::{Access, Refusal};
use crate::schema;
use crate::store::error::StoreError;
use crate::store::place::bucket::{Bucket, Clock, find_refusal};
use crate::store::place::sync::DurableFileSystem;

/// A place for a store: an object store and a folder in it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The object store, from its root.
    pub(in crate::store) root: Arc<dyn ObjectStore>,
    /// The folder in it.
    pub(in crate::store) prefix: Path,
    /// The folder as a URL, with a slash at its end.
    pub(in crate::store) url: Url,
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

    /// A folder of a bucket, `s3://bucket/prefix`; nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// If the text names no bucket, or a folder that has no URL.
    pub async fn bucket(text: &str, access: &Access, clock: Clock) -> Result<Self, StoreError> {
        let unusable = |detail: String| StoreError::BadLocation {
            location: text.to_owned(),
            detail,
        };
        let (name, folder) = split_bucket(text)
            .ok_or_else(|| unusable("it is not s3://BUCKET or s3://BUCKET/PREFIX".to_owned()))?;
        let prefix = Path::parse(folder).map_err(|invalid| unusable(invalid.to_string()))?;
        // Delta writes paths into URLs as they are, and reads them as if they were escaped.
        if prefix.as_ref().contains('%') {
            return Err(unusable("a prefix with `%` cannot be used".to_owned()));
        }
        let mut url = Url::parse(&format!("s3://{name}/"))
            .map_err(|invalid| unusable(invalid.to_string()))?;
        if !prefix.as_ref().is_empty() {
            url.set_path(&format!("/{prefix}/"));
        }
        let bucket = Bucket::new(name, access, clock).await;
        Ok(Self {
            root: Arc::new(bucket.map_err(|invalid| unusable(invalid.to_string()))?),
            prefix,
            url,
            shown: text.trim_end_matches('/').to_owned(),
        })
    }

    /// Where a file of the store is, for other programs: its path on a disk, its URL in a bucket.
    pub(in crate::store) fn location(&self, path: &str) -> Option<String> {
        let url = self.url.join(path).ok()?;
        Some(match url.to_file_path() {
            Ok(path) => path.to_str()?.to_owned(),
            Err(()) => url.to_string(),
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
    pub(in crate::store) fn store_url(&self) -> String {
        format!(
            "{}://{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        )
    }

    /// Whether anything at all lies here.
    ///
    /// # Errors
    /// If something there is no table of keytrail's, or cannot be listed.
    pub(in crate::store) async fn is_empty(&self) -> Result<bool, StoreError> {
        let listed = self
            .root
            .list_with_delimiter(Some(&self.prefix))
            .await
            .map_err(|source| self.listing_failed("store", self.shown.clone(), source))?;
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
    pub(in crate::store) async fn has_log(&self, table: &'static str) -> Result<bool, StoreError> {
        let log = self.file(table, "_delta_log");
        self.root
            .list(Some(&log))
            .try_next()
            .await
            .map(|entry| entry.is_some())
            .map_err(|source| self.listing_failed(table, log.to_string(), source))
    }

    /// What refuses to be listed is no place for a store, which says more than which table it was.
    fn listing_failed(
        &self,
        table: &'static str,
        path: String,
        source: object_store::Error,
    ) -> StoreError {
        match find_refusal(&source) {
            Some(refusal) => StoreError::Refused(Refusal {
                what: format!("cannot use `{}` as a store", self.shown),
                ..refusal.clone()
            }),
            None => StoreError::File {
                table,
                operation: "listing",
                path,
                source,
            },
        }
    }

    /// Whether the object store keeps an object when it is asked to write only what is not there yet,
    /// which every commit relies on. `path` is an object of a table that is there.
    pub(in crate::store) async fn is_conditional(
        &self,
        table: &'static str,
        path: &str,
    ) -> Result<bool, StoreError> {
        let full = self.file(table, path);
        let failed = |operation| {
            move |source| StoreError::File {
                table,
                operation,
                path: path.to_owned(),
                source,
            }
        };
        let there = self.root.get(&full).await.map_err(failed("reading"))?;
        // The same content, so that nothing is lost where the condition is not heeded; and not the same bytes,
        // which would be mistaken for a write whose answer was lost.
        let mut same = there.bytes().await.map_err(failed("reading"))?.to_vec();
        same.push(b'\n');
        let options = PutMode::Create.into();
        match self.root.put_opts(&full, same.into(), options).await {
            Err(object_store::Error::AlreadyExists { .. }) => Ok(true),
            Ok(_overwritten) => Ok(false),
            Err(source) => Err(failed("writing")(source)),
        }
    }

    /// Whether this is a bucket.
    pub(in crate::store) fn is_bucket(&self) -> bool {
        self.url.scheme() == "s3"
    }

    /// The folder of a table.
    pub(in crate::store) fn file_prefix(&self, table: &str) -> Path {
        self.prefix.clone().join(table)
    }

    /// The full path of a file of a table.
    pub(in crate::store) fn file(&self, table: &str, path: &str) -> Path {
        let mut full = self.file_prefix(table);
        for part in path.split('/') {
            full = full.join(part);
        }
        full
    }

    pub(in crate::store) async fn put(
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

/// The bucket and the folder of `s3://bucket/folder`.
fn split_bucket(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("s3://")?;
    let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (!bucket.is_empty() && bucket.bytes().all(is_name)).then_some((bucket, folder))
}

#[cfg(test)]
mod tests {
    use super::split_bucket;

    #[test]
    fn a_bucket_is_named_before_its_folder() {
        assert_eq!(split_bucket("s3://lake"), Some(("lake", "")));
        assert_eq!(split_bucket("s3://lake/"), Some(("lake", "")));
        assert_eq!(split_bucket("s3://lake/a/b/"), Some(("lake", "a/b/")));
        for wrong in ["s3://", "s3:///a", "s3://la ke/a", "lake/a", "s3://la?ke"] {
            assert_eq!(split_bucket(wrong), None, "{wrong}");
        }
    }
}
