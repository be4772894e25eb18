//! A bucket of S3, or of a server that speaks like it, as an object store.
//!
//! Enters: how AWS is reached, the bucket's name. Leaves: an object store whose refusals say what is wrong
//! and what helps, and whose listings of Delta's log are in order, also those of servers with another order.
//!
//! A commit is a conditional put (`If-None-Match: *`): S3 lets one of two writers through, so no lock is
//! needed. Nothing here knows what the objects are.

mod cache;
mod credentials;
mod http;
mod refusal;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    ClientOptions, CopyOptions, Error, GetOptions, GetResult, HeaderValue, ListResult,
    MultipartUpload, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use self::cache::LogCache;
use self::credentials::CredentialChain;
use self::http::Connector;
pub(in crate::store) use self::refusal::find as find_refusal;
use crate::aws::Access;

/// How keytrail names itself, so that its own calls are recognized in the logs that it reads.
const USER_AGENT: &str = concat!("keytrail/", env!("CARGO_PKG_VERSION"));
/// The longest that one request may take, its body included: a data file is written by one.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(3);

/// The clock: microseconds since 1970.
pub type Clock = fn() -> i64;

/// A bucket.
#[derive(Debug)]
pub(in crate::store) struct Bucket {
    inner: AmazonS3,
    name: Arc<str>,
    logs: Arc<LogCache>,
}

impl Bucket {
    /// A bucket, reached as the user chose; nothing is asked of it yet.
    pub(in crate::store) async fn new(name: &str, access: &Access, clock: Clock) -> Result<Self> {
        let config = access.load().await;
        let endpoint_url = access
            .endpoint_url
            .clone()
            .or_else(|| config.endpoint_url().map(str::to_owned));
        let region = config.region().map(ToString::to_string);
        let endpoint_url = endpoint_url.or_else(|| region.as_deref().and_then(other_partition));
        let mut options = ClientOptions::new()
            .with_timeout(REQUEST_TIMEOUT)
            .with_user_agent(HeaderValue::from_static(USER_AGENT));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_credentials(Arc::new(CredentialChain::new(&config, name, access, clock)));
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        // The certificates of AWS do not cover a bucket with a dot in its name.
        let is_in_host = endpoint_url.is_none() && !access.is_path_style && !name.contains('.');
        builder = builder.with_virtual_hosted_style_request(is_in_host);
        if let Some(endpoint_url) = endpoint_url {
            options = options.with_allow_http(endpoint_url.starts_with("http://"));
            builder = builder.with_endpoint(endpoint_url);
        }
        Ok(Self {
            inner: builder
                .with_client_options(options)
                .with_http_connector(Connector)
                .build()?,
            name: name.into(),
            logs: Arc::default(),
        })
    }

    /// Whether an object has just these bytes. A client that has no answer tries again, and if the first attempt
    /// took effect, meets its own object; commits of two writers are never equal, since each has ids of its own.
    /// Delta would treat it as another's, and commit the same files once more, which a compaction in between
    /// would make into double rows.
    async fn holds(&self, location: &Path, payload: &PutPayload) -> Result<bool> {
        let there = match self.plain(self.inner.get(location).await) {
            Ok(there) => there,
            // S3 also refuses while another write is under way, of which nothing may come.
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let there = self.plain(there.bytes().await)?;
        Ok(there == payload.iter().flatten().copied().collect::<Vec<u8>>())
    }

    /// Reads a file of a log whole, and keeps it.
    async fn get_of_log(&self, location: &Path, options: &GetOptions) -> Result<Option<GetResult>> {
        let whole = self.inner.get(location).await?;
        let meta = whole.meta.clone();
        let bytes = whole.bytes().await?;
        self.logs.keep(&meta, &bytes);
        Ok(cache::answered(&meta, &bytes, options))
    }

    fn plain<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| refusal::explained(error, &self.name))
    }
}

/// Where S3 is in partitions of AWS that have a domain of their own, which the client does not know.
fn other_partition(region: &str) -> Option<String> {
    region
        .starts_with("cn-")
        .then(|| format!("https://s3.{region}.amazonaws.com.cn"))
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}", self.name)
    }
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let is_create = matches!(options.mode, PutMode::Create);
        let put = self
            .inner
            .put_opts(location, payload.clone(), options)
            .await;
        match self.plain(put) {
            Err(Error::AlreadyExists { path, source }) if is_create => {
                if self.holds(location, &payload).await? {
                    return Ok(PutResult {
                        e_tag: None,
                        version: None,
                    });
                }
                Err(Error::AlreadyExists { path, source })
            }
            other => other,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.inner.put_multipart_opts(location, options).await;
        Ok(Box::new(BucketUpload {
            inner: self.plain(upload)?,
            bucket: self.name.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if cache::is_plain(&options) && self.logs.is_wanted(location) {
            if let Some(answer) = self.logs.answer(location, &options) {
                return Ok(answer);
            }
            if let Some(answer) = self.plain(self.get_of_log(location, &options).await)? {
                return Ok(answer);
            }
        }
        self.plain(self.inner.get_opts(location, options).await)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let get = |range| self.get_range(location, range);
        object_store::coalesce_ranges(ranges, get, OBJECT_STORE_COALESCE_DEFAULT).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let name = self.name.clone();
        self.inner
            .delete_stream(locations)
            .map_err(move |error| refusal::explained(error, &name))
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let name = self.name.clone();
        self.inner
            .list(prefix)
            .map_err(move |error| refusal::explained(error, &name))
            .boxed()
    }

    /// Only Delta asks for this, to find the commits after a version, and relies on the order of the answer.
    /// A log is listed from its last checkpoint on, so that it fits into memory.
    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let name = self.name.clone();
        let logs = self.logs.clone();
        let listed = self.inner.list_with_offset(prefix, offset);
        stream::once(async move {
            let mut listed: Vec<ObjectMeta> = listed
                .try_collect()
                .await
                .map_err(|error| refusal::explained(error, &name))?;
            listed.sort_by(|left, right| left.location.cmp(&right.location));
            logs.note(&listed);
            Ok::<_, object_store::Error>(stream::iter(listed.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.plain(self.inner.list_with_delimiter(prefix).await)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.plain(self.inner.copy_opts(from, to, options).await)
    }
}

/// An upload in parts whose refusals are explained too.
#[derive(Debug)]
struct BucketUpload {
    inner: Box<dyn MultipartUpload>,
    bucket: Arc<str>,
}

#[async_trait]
impl MultipartUpload for BucketUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let bucket = self.bucket.clone();
        let part = self.inner.put_part(data);
        async move {
            part.await
                .map_err(|error| refusal::explained(error, &bucket))
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await;
        result.map_err(|error| refusal::explained(error, &self.bucket))
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
