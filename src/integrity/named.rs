//! The logs that digests name, and whether they are in the store.
//!
//! Enters: digests of the window, objects of the ledger. Leaves: for a log the digests that name it, for a name
//! whether it is in the store and where it should be.

use std::collections::HashMap;

use super::address::{Address, location};
use super::ledger::{LedgerKind, Object};
use super::proof::Digest;
use crate::decode::{DigestContent, DigestLog};

/// Logs by name: which digest of the window names each, and as what.
pub(super) struct NamedLogs<'a>(HashMap<String, Vec<(usize, &'a DigestLog)>>);

impl<'a> NamedLogs<'a> {
    pub(super) fn new(digests: &'a [Digest<'_>]) -> Self {
        let mut named: HashMap<String, Vec<_>> = HashMap::new();
        for (number, digest) in digests.iter().enumerate() {
            let logs = digest
                .content
                .as_ref()
                .map_or(&[][..], |content| &content.log_files);
            for log in logs {
                let name = Address::of_key(&log.s3_object).name().to_owned();
                named.entry(name).or_default().push((number, log));
            }
        }
        Self(named)
    }

    /// The digests that name an object, by number.
    pub(super) fn of(&self, object: &Object) -> impl Iterator<Item = (usize, &'a DigestLog)> {
        let named = self
            .0
            .get(object.address.name())
            .map_or(&[][..], Vec::as_slice);
        let is_it = |(_, log): &&(usize, &DigestLog)| {
            Address::of_key(&log.s3_object).is_copy_of(&object.address)
        };
        named.iter().filter(is_it).copied()
    }
}

/// The objects of the ledger by name, to look up what is named.
pub(super) struct StoredLogs<'a>(HashMap<&'a str, Vec<&'a Object>>);

impl<'a> StoredLogs<'a> {
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let mut held: HashMap<&str, Vec<_>> = HashMap::new();
        for object in objects
            .iter()
            .filter(|object| object.kind != LedgerKind::Digest)
        {
            held.entry(object.address.name()).or_default().push(object);
        }
        Self(held)
    }

    /// Whether a log that is named is in the store, wherever its copy is.
    pub(super) fn holds(&self, key: &str) -> bool {
        let address = Address::of_key(key);
        let named = self.0.get(address.name()).map_or(&[][..], Vec::as_slice);
        named
            .iter()
            .any(|object| object.address.is_copy_of(&address))
    }
}

/// Where a log that a digest names should be: next to the digest, wherever that was copied; or in another bucket,
/// if the digest says so.
pub(super) fn place(digest: &Object, content: &DigestContent, log: &DigestLog) -> String {
    if log.s3_bucket != content.digest_s3_bucket {
        return format!("s3://{}/{}", log.s3_bucket, log.s3_object);
    }
    let address = Address::of_key(&log.s3_object);
    let is_flat = digest.address.tail == digest.address.name();
    let tail = if is_flat {
        address.name()
    } else {
        &address.tail
    };
    location(&digest.address.root, tail)
}
