//! The calls of a listing: pages of a folder, and objects by name.

use std::sync::atomic::Ordering;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{EncodingType, Object, OptionalObjectAttributes};
use futures::StreamExt as _;
use tracing::{Instrument as _, debug_span};

use super::address::location;
use super::error::{listing, reading};
use super::{Calls, S3};
use crate::aws::Refusal;
use crate::source::encoded::query_decoded;
use crate::source::{At, ReadFault, SourceObject};

/// Calls at the same time.
pub(super) const CALLS_MAX: usize = 32;

/// Classes whose objects need a restore before they can be read.
const ARCHIVE_CLASSES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct PageListing {
    /// Folders, as prefixes that end in a slash; none of a flat listing.
    pub(super) folders: Vec<String>,
    pub(super) objects: Vec<SourceObject>,
}

/// Lists a folder to its end.
pub(super) async fn found(
    calls: &Calls,
    bucket: &str,
    prefix: &str,
    is_flat: bool,
) -> Result<PageListing, Refusal> {
    let mut found = PageListing::default();
    let mut token = None;
    loop {
        let page = page(calls, bucket, prefix, is_flat, token).await?;
        let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
        let folders = page.common_prefixes().iter();
        let folders = folders.filter_map(|folder| Some(plain(folder.prefix()?, is_encoded)));
        // A server's folder that is not below ours would lead in circles.
        found.folders.extend(
            folders.filter(|folder| folder.len() > prefix.len() && folder.starts_with(prefix)),
        );
        if page
            .contents()
            .iter()
            .any(|object| object.restore_status().is_some())
        {
            calls.is_restore_listed.store(true, Ordering::Relaxed);
        }
        let objects = page.contents().iter();
        found.objects.extend(objects.filter_map(|object| {
            let key = plain(object.key()?, is_encoded);
            Some(listed(bucket, key, object))
        }));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() || page.is_truncated() == Some(false) {
            return Ok(found);
        }
    }
}

async fn page(
    calls: &Calls,
    bucket: &str,
    prefix: &str,
    is_flat: bool,
    token: Option<String>,
) -> Result<ListObjectsV2Output, Refusal> {
    loop {
        let list = calls
            .client(bucket)
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_delimiter((!is_flat).then(|| "/".to_owned()))
            // XML has no place for some characters that keys may have.
            .encoding_type(EncodingType::Url)
            .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
            .set_request_payer(calls.payer.clone())
            .set_continuation_token(token.clone());
        let span = debug_span!("s3", operation = "ListObjectsV2", bucket, prefix);
        let error = match list.send().instrument(span).await {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        let refusal = listing(&error, &location(bucket, prefix));
        if !calls.follow(bucket, &refusal) {
            return Err(refusal);
        }
    }
}

impl S3 {
    /// Objects by bucket and key, in that order. One that is not there, or refused, has a fault.
    pub async fn named(&self, names: &[(String, String)]) -> Vec<SourceObject> {
        let calls = &*self.calls;
        let looks = names.iter().map(|(bucket, key)| look(calls, bucket, key));
        futures::stream::iter(looks)
            .buffered(CALLS_MAX)
            .collect()
            .await
    }

    /// Servers whose listings do not tell what is restored are asked for each archived object.
    pub(super) async fn look_for_restored(&self, objects: &mut [SourceObject]) {
        let is_archived =
            |object: &SourceObject| matches!(object.fault, Some(ReadFault::Archived(_)));
        let names: Vec<(usize, String, String)> = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| is_archived(object))
            .filter_map(|(index, object)| match &object.at {
                At::S3 { bucket, key } => Some((index, bucket.clone(), key.clone())),
                At::File(_) => None,
            })
            .collect();
        let calls = &*self.calls;
        let looks = names
            .iter()
            .map(|(index, bucket, key)| async move { (*index, look(calls, bucket, key).await) });
        let mut looked = futures::stream::iter(looks).buffer_unordered(CALLS_MAX);
        while let Some((index, object)) = looked.next().await {
            if object.fault.is_none() {
                objects[index].fault = None;
            }
        }
    }
}

/// Asks for one object's size and tag.
async fn look(calls: &Calls, bucket: &str, key: &str) -> SourceObject {
    let mut object = SourceObject {
        location: location(bucket, key),
        at: At::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        },
        size_bytes: 0,
        modified_at: None,
        etag: None,
        storage_class: None,
        fault: None,
    };
    loop {
        let head = calls
            .client(bucket)
            .head_object()
            .bucket(bucket)
            .key(key)
            .set_request_payer(calls.payer.clone());
        let span = debug_span!("s3", operation = "HeadObject", bucket, key);
        let error = match head.send().instrument(span).await {
            Ok(head) => {
                object.tell(&head);
                return object;
            }
            Err(error) => error,
        };
        let refusal = reading(&error, &object.location);
        if !calls.follow(bucket, &refusal) {
            object.fault = Some(refusal.into());
            return object;
        }
    }
}

impl SourceObject {
    fn tell(&mut self, head: &HeadObjectOutput) {
        let length = head.content_length();
        self.size_bytes = length
            .and_then(|length| u64::try_from(length).ok())
            .unwrap_or(0);
        self.modified_at = head.last_modified().and_then(micros);
        self.etag = head.e_tag().map(unquoted);
        let class = head.storage_class().map(|class| class.as_str().to_owned());
        let is_restored = head
            .restore()
            .is_some_and(|restore| restore.contains("ongoing-request=\"false\""));
        let tier = head.archive_status().map(|tier| tier.as_str().to_owned());
        self.fault = archived(
            tier.as_deref().or(class.as_deref()),
            tier.is_some(),
            is_restored,
        );
        self.storage_class = class.filter(|class| class != "STANDARD");
    }
}

fn listed(bucket: &str, key: String, object: &Object) -> SourceObject {
    let class = object
        .storage_class()
        .map(|class| class.as_str().to_owned());
    let is_restored = object.restore_status().is_some_and(|status| {
        status.is_restore_in_progress() == Some(false) && status.restore_expiry_date().is_some()
    });
    SourceObject {
        location: location(bucket, &key),
        at: At::S3 {
            bucket: bucket.to_owned(),
            key,
        },
        size_bytes: object
            .size()
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        modified_at: object.last_modified().and_then(micros),
        etag: object.e_tag().map(unquoted),
        fault: archived(class.as_deref(), false, is_restored),
        storage_class: class.filter(|class| class != "STANDARD"),
    }
}

fn archived(class: Option<&str>, is_tier: bool, is_restored: bool) -> Option<ReadFault> {
    let class = class.filter(|class| is_tier || ARCHIVE_CLASSES.contains(class))?;
    (!is_restored)
        .then(|| ReadFault::Archived(format!("it is in {class}, and needs a restore first")))
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn micros(time: &DateTime) -> Option<i64> {
    let micros = i64::from(time.subsec_nanos() / 1000);
    time.secs().checked_mul(1_000_000)?.checked_add(micros)
}

/// A key as it is, where the server has encoded it as in a URL's query.
///
/// One that is not encoded as it should be stays as it came, so that reading it fails with a reason.
fn plain(text: &str, is_encoded: bool) -> String {
    let decoded = is_encoded.then(|| query_decoded(text)).flatten();
    decoded.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn keys_are_decoded_where_they_were_encoded() {
        assert_eq!(plain("a+b%2B%C3%BC/%25", true), "a b+ü/%");
        assert_eq!(plain("a+b%2B", false), "a+b%2B");
        assert_eq!(plain("100%/%zz", true), "100%/%zz");
    }
}
