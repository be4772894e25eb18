//! Signatures: whether each digest of the window is what CloudTrail signed.
//!
//! Enters: digests of the ledger, what was found before, keys, the source. Leaves: a [`Proof`] for each. A digest
//! that has lost its signature is proven by the one in the digest after it.

use std::collections::{BTreeSet, HashMap};

use super::address::Address;
use super::digest::{self, TrailName};
use super::error::IntegrityError;
use super::hashing::{hash, parallel};
use super::keys::{Judged, KeySource, PublicKeys};
use super::ledger::{Object, ReadState};
use super::options::VerificationOptions;
use super::prior::Priors;
use super::status::DigestStatus;
use crate::decode::{DigestContent, Unhashed};
use crate::source::Source;

/// What is known of a digest itself, apart from its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    Good,
    /// It is not what was signed.
    Bad(String),
    UnknownKey,
    /// It could not be read now.
    Unread(String),
}

/// A digest of the window.
#[derive(Debug)]
pub(super) struct Digest<'a> {
    pub(super) object: &'a Object,
    pub(super) trail: Option<TrailName>,
    pub(super) content: Option<DigestContent>,
    pub(super) sha256: Option<String>,
    signature: Option<String>,
    pub(super) proof: Option<Proof>,
}

/// What was done for it.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) objects_read: u64,
    pub(super) signatures_checked: u64,
}

/// The reason of digests whose signature was lost, as a copy loses it.
pub const NO_SIGNATURE: &str = "the store lacks its signature";

impl<'a> Digest<'a> {
    fn new(object: &'a Object, priors: &Priors) -> Self {
        let mut digest = Self {
            object,
            trail: TrailName::read(&object.address.tail),
            content: None,
            sha256: object.known_sha256(priors).map(str::to_owned),
            signature: object.signature.clone(),
            proof: None,
        };
        match object.content.as_deref().map(digest::read) {
            Some(Ok(content)) => {
                let said = Address::of_key(&content.digest_s3_object);
                if !said.is_copy_of(&object.address) {
                    let said = &content.digest_s3_object;
                    digest.proof = Some(Proof::Bad(format!("it says that it is {said}")));
                }
                digest.content = Some(content);
            }
            Some(Err(problem)) => digest.proof = Some(Proof::Bad(problem)),
            None => {
                let problem = object.message.as_deref().unwrap_or("it is no digest");
                digest.proof = Some(Proof::Bad(problem.to_owned()));
            }
        }
        digest
    }

    /// What its signature is by these keys; none where there is nothing to judge.
    fn judge(&self, keys: &PublicKeys, signature: Option<&str>) -> Option<Judged> {
        let (content, sha256) = (self.content.as_ref()?, self.sha256.as_deref()?);
        let fingerprint = &content.digest_public_key_fingerprint;
        let signed = digest::signed_text(content, sha256);
        Some(keys.judge(fingerprint, &signed, signature?))
    }
}

/// Proves the digests of the window.
pub(super) async fn prove<'a>(
    objects: impl Iterator<Item = &'a Object>,
    priors: &Priors,
    keys: &KeySource,
    source: &dyn Source,
    options: &VerificationOptions,
) -> Result<(Vec<Digest<'a>>, Work), IntegrityError> {
    let mut work = Work::default();
    let readable = objects.filter(|object| object.state == ReadState::Read);
    let mut digests: Vec<Digest<'a>> = readable.map(|object| Digest::new(object, priors)).collect();
    read_unhashed(&mut digests, source, options, &mut work);
    for digest in digests.iter_mut().filter(|digest| digest.proof.is_none()) {
        digest.proof = proven_before(digest, priors).then_some(Proof::Good);
    }
    if digests.iter().all(|digest| digest.proof.is_some()) {
        return Ok((digests, work));
    }
    let mut known = load_keys(
        keys,
        &digests,
        |digest| digest.object.region.clone(),
        options,
    )
    .await?;
    check(&mut digests, &known, options, &mut work);
    // CloudTrail keeps a region's keys in that region; where a trail signs elsewhere, it is at its home.
    let is_elsewhere = |digest: &&Digest<'_>| digest.proof == Some(Proof::UnknownKey);
    if matches!(keys, KeySource::Aws(_)) && digests.iter().any(|digest| is_elsewhere(&digest)) {
        for digest in digests
            .iter_mut()
            .filter(|digest| digest.proof == Some(Proof::UnknownKey))
        {
            digest.proof = None;
        }
        let home =
            |digest: &Digest<'_>| digest.trail.as_ref().map(|trail| trail.home_region.clone());
        known.extend(load_keys(keys, &digests, home, options).await?);
        check(&mut digests, &known, options, &mut work);
    }
    prove_by_next(&mut digests, &known, source, options, &mut work);
    Ok((digests, work))
}

fn read_unhashed(
    digests: &mut [Digest<'_>],
    source: &dyn Source,
    options: &VerificationOptions,
    work: &mut Work,
) {
    let is_unhashed = |digest: &&mut Digest<'_>| digest.proof.is_none() && digest.sha256.is_none();
    let mut unhashed: Vec<_> = digests.iter_mut().filter(is_unhashed).collect();
    let read = parallel(options.threads, &unhashed, |digest| {
        hash(source, digest.object, options.limits)
    });
    for (digest, read) in unhashed.iter_mut().zip(read) {
        work.objects_read += 1;
        match read.sha256 {
            Ok(sha256) => digest.sha256 = Some(sha256),
            Err(Unhashed::Damaged(problem)) => digest.proof = Some(Proof::Bad(problem)),
            Err(Unhashed::Unread(problem)) => digest.proof = Some(Proof::Unread(problem)),
        }
        digest.signature = digest.signature.take().or(read.signature);
    }
}

fn proven_before(digest: &Digest<'_>, priors: &Priors) -> bool {
    use DigestStatus::{ChainBroken, ChainStart, Valid};
    priors.get(&digest.object.location).is_some_and(|prior| {
        [Valid, ChainStart, ChainBroken]
            .iter()
            .any(|status| status.word() == prior.status)
            && prior.binding.is_same(&digest.object.binding)
            && prior.sha256.is_some()
            && prior.sha256 == digest.sha256
    })
}

async fn load_keys(
    keys: &KeySource,
    digests: &[Digest<'_>],
    region: impl Fn(&Digest<'_>) -> Option<String>,
    options: &VerificationOptions,
) -> Result<PublicKeys, IntegrityError> {
    const MARGIN: i64 = 24 * super::ledger::HOUR;
    match keys {
        KeySource::Given(keys) => Ok(keys.clone()),
        KeySource::Aws(access) => {
            let unproven = || digests.iter().filter(|digest| digest.proof.is_none());
            let regions: BTreeSet<String> = unproven().filter_map(region).collect();
            let hours = || unproven().filter_map(|digest| digest.object.hour);
            let from = hours()
                .map(|(start, _)| start)
                .min()
                .unwrap_or(options.started_at);
            // A backfill digest is signed with the key of the time when it is made.
            let until = hours()
                .map(|(_, end)| end)
                .max()
                .unwrap_or(from)
                .max(options.started_at);
            PublicKeys::list(access, &regions, (from - MARGIN, until)).await
        }
    }
}

/// Checks the signatures that are stored.
fn check(
    digests: &mut [Digest<'_>],
    keys: &PublicKeys,
    options: &VerificationOptions,
    work: &mut Work,
) {
    let is_open = |digest: &&mut Digest<'_>| digest.proof.is_none() && digest.signature.is_some();
    let mut open: Vec<_> = digests.iter_mut().filter(is_open).collect();
    let judged = parallel(options.threads, &open, |digest| {
        digest.judge(keys, digest.signature.as_deref())
    });
    for (digest, judged) in open.iter_mut().zip(judged) {
        work.signatures_checked += 1;
        digest.proof = judged.map(proof);
    }
}

fn proof(judged: Judged) -> Proof {
    match judged {
        Judged::Good => Proof::Good,
        Judged::Bad => Proof::Bad("its text is not what its signature was made for".to_owned()),
        Judged::UnknownKey => Proof::UnknownKey,
    }
}

/// By the signature in the next digest, else by the one at the source.
fn prove_by_next(
    digests: &mut [Digest<'_>],
    keys: &PublicKeys,
    source: &dyn Source,
    options: &VerificationOptions,
    work: &mut Work,
) {
    let mut next: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, digest) in digests.iter().enumerate() {
        let previous = digest
            .content
            .as_ref()
            .and_then(|content| content.previous_digest_s3_object.as_deref());
        if let Some(previous) = previous {
            let tail = Address::of_key(previous).tail;
            next.entry(tail).or_default().push(number);
        }
    }
    for number in 0..digests.len() {
        let digest = &digests[number];
        if digest.proof.is_some() {
            continue;
        }
        let tail = digest
            .content
            .as_ref()
            .map(|content| Address::of_key(&content.digest_s3_object).tail);
        let after = tail.and_then(|tail| next.get(&tail));
        // A signature proves itself: the digest that has it need not be believed.
        let told = after
            .into_iter()
            .flatten()
            .filter_map(|&after| digests[after].content.as_ref())
            .filter_map(|content| content.previous_digest_signature.as_deref());
        let mut judged: Vec<Judged> = told
            .filter_map(|signature| digest.judge(keys, Some(signature)))
            .collect();
        if !judged.contains(&Judged::Good) {
            work.objects_read += 1;
            let object = [digest.object];
            let read = parallel(1, &object, |object| hash(source, object, options.limits));
            let signature = read.into_iter().find_map(|read| read.signature);
            judged.extend(digest.judge(keys, signature.as_deref()));
        }
        work.signatures_checked += judged.len() as u64;
        let best = [Judged::Good, Judged::UnknownKey, Judged::Bad]
            .into_iter()
            .find(|best| judged.contains(best));
        let unsigned = || Proof::Bad(NO_SIGNATURE.to_owned());
        digests[number].proof = Some(best.map_or_else(unsigned, proof));
    }
}
