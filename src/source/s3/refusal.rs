//! What the SDK's errors mean, in words that say what to do.
//!
//! Enters: an error of a call, and what was asked for. Leaves: a [`Refusal`].

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

use crate::aws::{innermost, lacks_credentials, of_credentials, one_line};

/// Why a bucket, or an object of it, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such bucket.
    #[error(
        "there is no bucket `{bucket}`\n\nhint: check its name, and with another server than AWS `--endpoint-url`"
    )]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// There is nothing at an address.
    #[error(
        "nothing found: `{target}`; no object or folder has this name\n\nhint: `aws s3 ls` lists what is there; CloudTrail writes below `AWSLogs/`"
    )]
    Nothing {
        /// The address.
        target: String,
    },
    /// The object is gone.
    #[error("it has vanished since it was listed")]
    Vanished,
    /// The object is another one by now.
    #[error("it has changed since it was listed")]
    Changed,
    /// The object needs a restore first.
    #[error("it is in an archive tier, and needs a restore first")]
    Archived,
    /// KMS refuses to decrypt the object.
    #[error(
        "the object is encrypted with KMS, and this principal may not use the key: `kms:Decrypt` is missing: {message}"
    )]
    Encrypted {
        /// What KMS says; it names the key.
        message: String,
    },
    /// KMS cannot decrypt the object.
    #[error("the object is encrypted with KMS, and its key cannot be used ({code}): {message}")]
    KeyUnusable {
        /// KMS's code.
        code: String,
        /// What KMS says; it names the key.
        message: String,
    },
    /// A permission is missing.
    #[error(
        "access to `{target}` is denied, which takes `{action}`: {message}\n\nhint: the principal's policies must allow it, and the bucket's may not deny it; `aws sts get-caller-identity` shows who you are"
    )]
    Denied {
        /// The bucket or object.
        target: String,
        /// The permission.
        action: &'static str,
        /// What the server says.
        message: String,
    },
    /// The bucket is in another region.
    #[error("the bucket `{bucket}` is in another region{}\n\nhint: name it with `--region`", .region.as_ref().map(|region| format!(", {region}")).unwrap_or_default())]
    OtherRegion {
        /// The bucket.
        bucket: String,
        /// Where it is, if that was told.
        region: Option<String>,
    },
    /// There are no credentials.
    #[error(
        "there are no AWS credentials: {message}\n\nhint: name a profile with `--profile`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
    )]
    NoCredentials {
        /// What the chain says.
        message: String,
    },
    /// The credentials are no longer valid, or never were.
    #[error(
        "the AWS credentials are not accepted ({code}): {message}\n\nhint: get new ones, as with `aws sso login`; a session's token expires"
    )]
    BadCredentials {
        /// S3's code.
        code: String,
        /// What the server says.
        message: String,
    },
    /// The clocks differ.
    #[error(
        "this machine's clock is too far from the server's: {message}\n\nhint: set the clock; signatures hold for 15 minutes"
    )]
    ClockSkew {
        /// What the server says.
        message: String,
    },
    /// The server asks for fewer requests.
    #[error(
        "the server asks to slow down ({code}), and did so until the last attempt\n\nhint: run it again later; what was taken is kept"
    )]
    SlowDown {
        /// S3's code.
        code: String,
    },
    /// No answer came.
    #[error(
        "`{target}` cannot be reached: {message}\n\nhint: check the network, `--endpoint-url` and `--region`"
    )]
    Unreachable {
        /// The bucket or object.
        target: String,
        /// What failed.
        message: String,
    },
    /// Something else.
    #[error("`{target}` cannot be read ({code}): {message}")]
    Other {
        /// The bucket or object.
        target: String,
        /// S3's code, or the status.
        code: String,
        /// What the server says.
        message: String,
    },
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) bucket: &'a str,
    /// The bucket or object, as a URL.
    pub(super) target: &'a str,
    /// The permission that it takes.
    pub(super) action: &'static str,
}

impl Refusal {
    /// What it says of one object, without its hint.
    pub(super) fn short(&self) -> String {
        let text = self.to_string();
        text.split("\n\nhint: ")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, asked: Asked<'_>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(response) = error.raw_response() else {
            return Self::without_answer(error, asked);
        };
        let status = response.status().as_u16();
        let said = error.message().unwrap_or_default();
        let message = one_line(said);
        let target = asked.target.to_owned();
        let code = error
            .code()
            .map_or_else(|| status.to_string(), str::to_owned);
        match (code.as_str(), status) {
            ("NoSuchBucket", _) => Self::NoBucket {
                bucket: asked.bucket.to_owned(),
            },
            ("PermanentRedirect" | "AuthorizationHeaderMalformed", _) | (_, 301 | 307) => {
                Self::OtherRegion {
                    bucket: asked.bucket.to_owned(),
                    region: region(response, said),
                }
            }
            ("InvalidObjectState", _) => Self::Archived,
            ("PreconditionFailed", _) | (_, 412) => Self::Changed,
            ("NoSuchKey" | "NotFound", _) | (_, 404) => Self::Vanished,
            ("RequestTimeTooSkewed" | "RequestExpired", _) => Self::ClockSkew { message },
            (
                "ExpiredToken"
                | "ExpiredTokenException"
                | "InvalidToken"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "TokenRefreshRequired",
                _,
            ) => Self::BadCredentials { code, message },
            ("SlowDown" | "Throttling" | "RequestLimitExceeded" | "ServiceUnavailable", _)
            | (_, 429 | 503) => Self::SlowDown { code },
            (code, 403) if said.contains("kms:") || code == "KMS.AccessDeniedException" => {
                Self::Encrypted { message }
            }
            (code, _) if code.starts_with("KMS.") => Self::KeyUnusable {
                code: code.to_owned(),
                message,
            },
            (code, 403) => Self::Denied {
                target,
                action: asked.action,
                message: if message.is_empty() {
                    code.to_owned()
                } else {
                    message
                },
            },
            _ => Self::Other {
                target,
                code,
                message,
            },
        }
    }

    fn without_answer<E: Error + 'static>(
        error: &SdkError<E, HttpResponse>,
        asked: Asked<'_>,
    ) -> Self {
        let cause = innermost(error);
        if lacks_credentials(error) {
            return Self::NoCredentials {
                message: of_credentials(cause),
            };
        }
        Self::Unreachable {
            target: asked.target.to_owned(),
            message: one_line(&cause.to_string()),
        }
    }

    /// The region that the bucket is in, where it is another and was told.
    pub(super) fn told_region(&self) -> Option<&str> {
        match self {
            Self::OtherRegion { region, .. } => region.as_deref(),
            _ => None,
        }
    }
}

/// Where the bucket is: S3 says so in a header, and in the message of a signature for the wrong region.
fn region(response: &HttpResponse, message: &str) -> Option<String> {
    let told = response.headers().get("x-amz-bucket-region");
    let expected = || message.split("expecting '").nth(1)?.split('\'').next();
    told.or_else(expected).map(str::to_owned)
}
