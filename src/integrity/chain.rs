//! Chains: whether each digest follows the one that it names.
//!
//! Enters: all digests of the ledger, and those of the window with their proofs. Leaves: a status for each. The
//! chains of a trail are one for each account and region, and one more for backfill digests.

use std::collections::HashMap;

use super::address::{Address, name_of};
use super::digest::TrailName;
use super::ledger::{LedgerKind, Object, ReadState};
use super::prior::Priors;
use super::proof::{Digest, Proof};
use super::status::DigestStatus;

/// A digest's status, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JudgedDigest {
    pub(super) status: DigestStatus,
    pub(super) reason: Option<String>,
}

type DigestChain<'a> = (TrailName, Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// All digests that are stored.
#[derive(Debug)]
pub(super) struct Chains<'a> {
    by_name: HashMap<&'a str, Vec<&'a Object>>,
    /// When the first hour of each chain begins.
    begun: HashMap<DigestChain<'a>, i64>,
}

impl<'a> Chains<'a> {
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let mut chains = Self {
            by_name: HashMap::new(),
            begun: HashMap::new(),
        };
        for object in objects
            .iter()
            .filter(|object| object.kind == LedgerKind::Digest)
        {
            chains
                .by_name
                .entry(object.address.name())
                .or_default()
                .push(object);
            if let (Some(chain), Some((start, _))) = (chain(object), object.hour) {
                let begun = chains.begun.entry(chain).or_insert(start);
                *begun = start.min(*begun);
            }
        }
        chains
    }

    /// The digest of that key: the one next to it, else a copy.
    fn find(&self, key: &str, root: &str) -> Option<&'a Object> {
        let address = Address::of_key(key);
        let mut copies = self.by_name.get(address.name())?.iter();
        let mut copies = copies
            .by_ref()
            .filter(|object| object.address.is_copy_of(&address));
        let first = copies.next()?;
        let is_beside = |object: &&&Object| object.address.root == root;
        if is_beside(&first) {
            return Some(first);
        }
        Some(copies.find(is_beside).unwrap_or(first))
    }

    /// Judges a digest; `window` are all of the window by location, `priors` what was found before.
    pub(super) fn judge(
        &self,
        digest: &Digest<'_>,
        window: &HashMap<&str, &Digest<'_>>,
        priors: &Priors,
    ) -> Option<JudgedDigest> {
        let judged = |status, reason: String| {
            Some(JudgedDigest {
                status,
                reason: (!reason.is_empty()).then_some(reason),
            })
        };
        match digest.proof.as_ref()? {
            Proof::Good => {}
            Proof::Bad(problem) => return judged(DigestStatus::BadSignature, problem.clone()),
            Proof::UnknownKey => {
                let fingerprint = digest
                    .content
                    .as_ref()
                    .map_or("", |content| content.digest_public_key_fingerprint.as_str());
                let reason = format!("no public key has its fingerprint, {fingerprint}");
                return judged(DigestStatus::UnknownKey, reason);
            }
            Proof::Unread(_) => return None,
        }
        let content = digest.content.as_ref()?;
        let Some(key) = &content.previous_digest_s3_object else {
            return judged(
                DigestStatus::ChainStart,
                "it names no digest before it".to_owned(),
            );
        };
        let name = name_of(key);
        let Some(previous) = self.find(key, &digest.object.address.root) else {
            let is_older_held = chain(digest.object)
                .and_then(|chain| self.begun.get(&chain).copied())
                .zip(digest.object.hour)
                .is_some_and(|(begun, (start, _))| begun < start);
            return if is_older_held {
                judged(
                    DigestStatus::ChainBroken,
                    format!("the store lacks the digest before it: {name}"),
                )
            } else {
                let reason = format!("the store has nothing before it: {name} would be next");
                judged(DigestStatus::ChainStart, reason)
            };
        };
        if previous.state != ReadState::Read {
            let reason = format!("the digest before it could not be read: {name}");
            return judged(DigestStatus::ChainStart, reason);
        }
        let before = window.get(previous.location.as_str());
        let sha256 = before
            .and_then(|before| before.sha256.as_deref())
            .or_else(|| previous.known_sha256(priors));
        if sha256.is_some() && sha256 == content.previous_digest_hash_value.as_deref() {
            return judged(DigestStatus::Valid, String::new());
        }
        // Where the one before it is bad by itself, the fault is reported there, once.
        match before.and_then(|before| before.proof.as_ref()) {
            None if sha256.is_none() => judged(
                DigestStatus::ChainStart,
                format!("the digest before it was never hashed: {name}"),
            ),
            Some(Proof::Unread(_)) => judged(
                DigestStatus::ChainStart,
                format!("the digest before it could not be read: {name}"),
            ),
            Some(Proof::Bad(_) | Proof::UnknownKey) => judged(
                DigestStatus::Valid,
                format!("the digest before it is not as it was: {name}"),
            ),
            _ => judged(
                DigestStatus::ChainBroken,
                format!("the digest before it is another one: {name}"),
            ),
        }
    }
}

fn chain(object: &Object) -> Option<DigestChain<'_>> {
    Some((
        TrailName::read(&object.address.tail)?,
        object.organization_id.as_deref(),
        object.account_id.as_deref(),
        object.region.as_deref(),
    ))
}
