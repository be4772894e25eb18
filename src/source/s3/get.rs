//! One object's bytes: a read that is cut off goes on where it was, on the very same object, or fails.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use tracing::{Instrument as _, debug, debug_span};

use super::error::reading;
use super::{Calls, address};
use crate::source::{At, ReadFault, Signature, SourceObject};

/// Times that one object's read may be cut off.
const CUTS_MAX: u32 = 5;
/// The wait after the first cut; after each further one it is twice as long.
const CUT_WAIT: Duration = Duration::from_millis(100);

/// The rest of an object that is being read.
pub(super) struct Reading<'a> {
    calls: &'a Calls,
    object: &'a SourceObject,
    output: GetObjectOutput,
    /// Bytes handed over.
    position: u64,
    /// Bytes in all, as the first answer said.
    length: Option<u64>,
    /// Bytes at the front of this answer that were handed over before.
    skipped: u64,
    cuts: u32,
}

impl<'a> Reading<'a> {
    pub(super) async fn begin(
        calls: &'a Calls,
        object: &'a SourceObject,
    ) -> Result<Self, ReadFault> {
        let output = get(calls, object, 0).await?;
        let length = output
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        Ok(Self {
            calls,
            object,
            output,
            position: 0,
            length,
            skipped: 0,
            cuts: 0,
        })
    }

    /// The signature that is stored with a digest.
    pub(super) fn signature(&self) -> Option<Signature> {
        let metadata = self.output.metadata()?;
        Some(Signature {
            value: metadata.get("signature")?.clone(),
            algorithm: metadata.get("signature-algorithm").cloned(),
        })
    }

    /// The next bytes; none at the end of the whole object.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ReadFault> {
        loop {
            let cause = match self.output.body.next().await {
                Some(Ok(mut bytes)) => {
                    let known = self.skipped.min(bytes.len() as u64);
                    self.skipped -= known;
                    let bytes = bytes.split_off(usize::try_from(known).unwrap_or(bytes.len()));
                    self.position += bytes.len() as u64;
                    if bytes.is_empty() {
                        continue;
                    }
                    return Ok(Some(bytes));
                }
                None if self.length.is_none_or(|length| length == self.position) => {
                    return Ok(None);
                }
                None => "it ended early".to_owned(),
                Some(Err(error)) => error.to_string(),
            };
            self.resume(&cause).await?;
        }
    }

    async fn resume(&mut self, cause: &str) -> Result<(), ReadFault> {
        if self.cuts == CUTS_MAX || self.object.etag.is_none() {
            let position = self.position;
            return Err(ReadFault::Unreadable(format!(
                "the connection was cut after {position} bytes, {} times: {cause}",
                self.cuts + 1
            )));
        }
        debug!(position = self.position, cause, "connection cut; resuming");
        tokio::time::sleep(CUT_WAIT * 2_u32.pow(self.cuts)).await;
        self.cuts += 1;
        self.output = get(self.calls, self.object, self.position).await?;
        // A server that knows no ranges begins anew.
        self.skipped = match self.output.content_range() {
            Some(_) => 0,
            None => self.position,
        };
        Ok(())
    }
}

async fn get(
    calls: &Calls,
    object: &SourceObject,
    from: u64,
) -> Result<GetObjectOutput, ReadFault> {
    let At::S3 { bucket, key } = &object.at else {
        return Err(ReadFault::Unreadable("it is in no bucket".to_owned()));
    };
    loop {
        let mut get = calls
            .client(bucket)
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_request_payer(calls.payer.clone());
        if let Some(etag) = &object.etag {
            get = get.if_match(format!("\"{etag}\""));
        }
        if from > 0 {
            get = get.range(format!("bytes={from}-"));
        }
        let span = debug_span!("s3", operation = "GetObject", bucket, key, from);
        let error = match get.send().instrument(span).await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        let refusal = reading(&error, &address::location(bucket, key));
        if !calls.follow(bucket, &refusal) {
            return Err(refusal.into());
        }
    }
}
