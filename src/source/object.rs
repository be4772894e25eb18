//! One log object, and what is learned of it when it is opened.

use std::io::Read;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::path::PathFacts;

/// One log object.
#[derive(Debug, Clone)]
pub struct SourceObject {
    /// Its URL: `file:///…`, or `s3://bucket/key` with the key as it is.
    pub location: String,
    /// Where to read it.
    pub at: At,
    /// Bytes as stored.
    pub size_bytes: u64,
    /// When it was last modified, in microseconds.
    pub modified_at: Option<i64>,
    /// Its entity tag, without quotes.
    pub etag: Option<String>,
    /// Its storage class, where it is not the standard one.
    pub storage_class: Option<String>,
    /// Why it cannot be read, where the listing already knows.
    pub fault: Option<ReadFault>,
}

/// Where the bytes of an object are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// A file of the local machine.
    File(PathBuf),
    /// An object of a bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
}

/// Why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFault {
    /// There is no access: a link to nothing, a pipe, a refusal.
    Unreadable(String),
    /// Its storage class needs a restore first.
    Archived(String),
    /// It is not there, or no longer.
    Vanished,
}

/// An object that is open.
pub struct Opened {
    /// Its bytes.
    pub reader: Box<dyn Read>,
    /// The signature that was stored with a digest.
    pub signature: Option<Signature>,
}

/// A digest's signature, which S3 keeps in the metadata of the object ("Custom validations of CloudTrail log
/// files", CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The signature in hex, `x-amz-meta-signature`.
    pub value: String,
    /// Its algorithm, `x-amz-meta-signature-algorithm`.
    pub algorithm: Option<String>,
}

impl SourceObject {
    /// The ledger's id of it: the first 16 hex digits of SHA-256 over its URL.
    #[must_use]
    pub fn id(&self) -> String {
        const ID_BYTES: usize = 8;
        let digest = Sha256::digest(self.location.as_bytes());
        hex::encode(&digest[..ID_BYTES])
    }

    /// What its path says.
    #[must_use]
    pub fn facts(&self) -> PathFacts {
        PathFacts::read(&self.location)
    }
}

impl From<Box<dyn Read>> for Opened {
    fn from(reader: Box<dyn Read>) -> Self {
        Self {
            reader,
            signature: None,
        }
    }
}

impl From<std::io::Error> for ReadFault {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
