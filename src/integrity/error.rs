//! What can end a verification.

use thiserror::Error;

use crate::store::StoreError;

/// An error that ends a verification. What is wrong with an object is none: it is a finding.
#[derive(Debug, Error)]
pub enum IntegrityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows could not be built.
    #[error("the rows of `verifications` cannot be made")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A file of public keys is not what the AWS CLI prints.
    #[error(
        "`{path}` has no public keys: {problem}\n\nhint: `aws cloudtrail list-public-keys --start-time … --end-time … --region REGION > FILE` prints them"
    )]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// CloudTrail did not answer.
    #[error(
        "the public keys of `{region}` cannot be listed: {message}\n\nhint: `cloudtrail:ListPublicKeys` must be allowed to the credentials, which come from the environment, SSO, a container or an instance, or from `--profile`; `--public-keys FILE` takes what `aws cloudtrail list-public-keys` printed, without a connection"
    )]
    ListKeys {
        /// The region.
        region: String,
        /// Why.
        message: String,
    },
    /// A place is no bucket with a prefix.
    #[error("`{typed}` is no place in a bucket: it is written as s3://bucket/prefix")]
    NotABucket {
        /// What was typed.
        typed: String,
    },
    /// The local copy cannot be read or written.
    #[error("`{path}` cannot be used")]
    File {
        /// The file or directory.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to fetch signatures for.
    #[error(
        "no digest is below `{path}`\n\nhint: digests are in the folders CloudTrail-Digest next to CloudTrail; `aws s3 sync s3://bucket/prefix DIR` copies both"
    )]
    NoDigests {
        /// The directory.
        path: String,
    },
}
