//! A local object store that does not answer before the data is on the disk.
//!
//! `object_store` 0.13 writes local files without syncing them. Here a file is written under a name of
//! its own, synced, and only then given its name (by link where it must not exist yet, else by rename);
//! then the directory is synced. A reader never sees a name whose content a power cut could take away.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

/// The local file system, rooted at `/`, with durable writes.
#[derive(Debug, Default)]
pub struct DurableFileSystem {
    inner: LocalFileSystem,
}

impl DurableFileSystem {
    /// The whole local file system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Display for DurableFileSystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DurableFileSystem")
    }
}

#[async_trait]
impl ObjectStore for DurableFileSystem {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let path = self.inner.path_to_filesystem(location)?;
        let is_new = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "put with PutMode::Update".to_owned(),
                    implementer: "DurableFileSystem".to_owned(),
                });
            }
        };
        let written = tokio::task::spawn_blocking(move || write_durably(&path, &payload, is_new))
            .await
            .map_err(|source| Error::JoinError { source })?;
        written.map_err(|source| store_error(source, location))?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.inner.path_to_filesystem(location)?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { inner, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.sync(to).await
    }
}

impl DurableFileSystem {
    async fn sync(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        tokio::task::spawn_blocking(move || sync_file(&path))
            .await
            .map_err(|source| Error::JoinError { source })?
            .map_err(|source| store_error(source, location))
    }
}

/// An upload in parts that is synced when it is complete.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || sync_file(&path))
            .await
            .map_err(|source| Error::JoinError { source })?
            .map_err(|source| Error::Generic {
                store: "DurableFileSystem",
                source: Box::new(source),
            })?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

fn write_durably(path: &FilePath, payload: &PutPayload, is_new: bool) -> io::Result<()> {
    let directory = path.parent().unwrap_or(FilePath::new("/"));
    create_directory(directory)?;
    // Names that end in `#` and digits are left out of listings, so a write that is cut off is not
    // mistaken for an object.
    let number = uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000;
    let mut staging = path.as_os_str().to_owned();
    staging.push(format!("#{number}"));
    let staging = PathBuf::from(staging);
    let result = write_staging(&staging, payload).and_then(|()| {
        if is_new {
            fs::hard_link(&staging, path)
        } else {
            fs::rename(&staging, path)
        }
    });
    if is_new || result.is_err() {
        // The name, if it was given, is a link of its own; a failure to write is what is reported.
        match fs::remove_file(&staging) {
            Err(error) if result.is_ok() && error.kind() != io::ErrorKind::NotFound => {
                return Err(error);
            }
            Ok(()) | Err(_) => {}
        }
    }
    result?;
    File::open(directory)?.sync_all()
}

fn write_staging(staging: &FilePath, payload: &PutPayload) -> io::Result<()> {
    let mut file = File::create_new(staging)?;
    for part in payload {
        file.write_all(part)?;
    }
    file.sync_all()
}

/// Creates a directory and syncs the first one above it that was there before.
fn create_directory(directory: &FilePath) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let existing = directory
        .ancestors()
        .find(|ancestor| ancestor.is_dir())
        .map(FilePath::to_path_buf);
    fs::create_dir_all(directory)?;
    for ancestor in directory.ancestors().skip(1) {
        File::open(ancestor)?.sync_all()?;
        if Some(ancestor) == existing.as_deref() {
            break;
        }
    }
    Ok(())
}

fn sync_file(path: &FilePath) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn store_error(source: io::Error, location: &Path) -> Error {
    let path = location.to_string();
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists {
            path,
            source: Box::new(source),
        },
        io::ErrorKind::NotFound => Error::NotFound {
            path,
            source: Box::new(source),
        },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied {
            path,
            source: Box::new(source),
        },
        _ => Error::Generic {
            store: "DurableFileSystem",
            source: Box::new(source),
        },
    }
}
