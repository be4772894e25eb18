//! Why a bucket or an object of it cannot be read.
//!
//! Enters: the error of a call, and what was asked for. Leaves: a refusal of AWS in words, or that nothing was found.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

use crate::aws::{Attempt, Meaning, OPTIONS, Refusal};
use crate::source::ReadFault;

/// What must be allowed.
const ALLOW: &str = "the principal's policies must allow it, and the bucket's must not deny it; `aws sts \
                     get-caller-identity` shows who you are";

/// Why a bucket cannot be listed.
#[derive(Debug, Error)]
pub enum BucketError {
    /// AWS refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is nothing at an address.
    #[error(
        "nothing found: `{target}`; no object or folder has this name\n\nhint: `aws s3 ls` lists what is there; CloudTrail writes below `AWSLogs/`"
    )]
    Nothing {
        /// The address.
        target: String,
    },
}

/// A folder, as a URL, could not be listed.
pub(super) fn listing<E>(error: &SdkError<E, HttpResponse>, folder: &str) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let attempt = Attempt {
        what: &format!("cannot list `{folder}`"),
        action: Some("s3:ListBucket"),
        allow: ALLOW,
        // A folder that is not there is an empty list.
        absent: Meaning::NoBucket,
        options: &OPTIONS,
    };
    Refusal::of(error, &attempt)
}

/// An object, as a URL, could not be read.
pub(super) fn reading<E>(error: &SdkError<E, HttpResponse>, object: &str) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let attempt = Attempt {
        what: &format!("cannot read `{object}`"),
        action: Some("s3:GetObject"),
        allow: ALLOW,
        absent: Meaning::Absent,
        options: &OPTIONS,
    };
    Refusal::of(error, &attempt)
}

/// What it says about an object that is named next to it.
impl From<Refusal> for ReadFault {
    fn from(refusal: Refusal) -> Self {
        match refusal.meaning {
            Meaning::Archived => Self::Archived(refusal.cause),
            Meaning::Absent => Self::Vanished,
            _ => Self::Unreadable(refusal.cause),
        }
    }
}
