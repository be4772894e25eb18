//! Logs: whether each is the one that a digest names, and which are missing.
//!
//! Enters: logs of the window, digests with their status. Leaves: a [`JudgedLog`] for each log, and for each that
//! is named and not in the store.

use std::collections::HashSet;

use super::chain;
use super::gaps::Gaps;
use super::hashing::{hash, parallel};
use super::ledger::{DeliveryWindow, LedgerKind, Object, ReadState};
use super::named::{NamedLogs, StoredLogs, place};
use super::options::VerificationOptions;
use super::prior::Priors;
use super::proof::{Digest, Work};
use super::status::LogStatus;
use crate::decode::Unhashed;
use crate::source::{PathFacts, Source};

/// What is found of a log.
#[derive(Debug)]
pub(super) struct JudgedLog<'a> {
    pub(super) location: String,
    /// The log, where it is in the store.
    pub(super) object: Option<&'a Object>,
    pub(super) status: LogStatus,
    pub(super) reason: Option<String>,
    /// By what reasons are counted.
    pub(super) group: Option<&'static str>,
    pub(super) is_wrong: bool,
    pub(super) sha256: Option<String>,
    /// The digest that names it, by number.
    pub(super) digest: Option<usize>,
    /// Whether it is missing only because it is archived.
    pub(super) is_archived: bool,
}

/// The digests, and what was judged of each.
pub(super) struct Digests<'a> {
    pub(super) all: &'a [Digest<'a>],
    pub(super) judged: &'a [Option<chain::JudgedDigest>],
    pub(super) named: &'a NamedLogs<'a>,
}

/// A log that could not be read now.
pub(super) type Unread<'a> = (&'a Object, String);

impl<'a> Digests<'a> {
    fn is_signed(&self, number: usize) -> bool {
        self.judged[number]
            .as_ref()
            .is_some_and(|judged| judged.status.is_signed())
    }

    fn is_believed(&self, number: usize) -> bool {
        self.judged[number]
            .as_ref()
            .is_some_and(|judged| judged.status.is_believed())
    }

    /// The digest that proves most about a log, and the hash that it names.
    fn best(&self, log: &Object) -> Option<(usize, &'a str)> {
        let named = self
            .named
            .of(log)
            .map(|(number, named)| (number, named.hash_value.as_str()));
        named.max_by_key(|(number, _)| {
            (
                self.is_believed(*number),
                self.is_signed(*number),
                std::cmp::Reverse(*number),
            )
        })
    }

    /// Judges the logs of the window.
    pub(super) fn judge(
        &self,
        logs: &[&'a Object],
        gaps: &Gaps<'_>,
        priors: &Priors,
        source: &dyn Source,
        options: &VerificationOptions,
        work: &mut Work,
    ) -> (Vec<JudgedLog<'a>>, Vec<Unread<'a>>) {
        let mut hashes: Vec<Option<Result<String, String>>> =
            logs.iter().map(|log| known_hash(log, priors)).collect();
        let is_needed = |number: &usize| {
            let log = logs[*number];
            hashes[*number].is_none()
                && log.state == ReadState::Read
                && self
                    .best(log)
                    .is_some_and(|(digest, _)| self.is_signed(digest))
        };
        let needed: Vec<usize> = (0..logs.len()).filter(is_needed).collect();
        let read = parallel(options.threads, &needed, |&number| {
            hash(source, logs[number], options.limits).sha256
        });
        let mut unread = Vec::new();
        for (number, read) in needed.into_iter().zip(read) {
            work.objects_read += 1;
            match read {
                Ok(sha256) => hashes[number] = Some(Ok(sha256)),
                Err(Unhashed::Damaged(problem)) => hashes[number] = Some(Err(problem)),
                Err(Unhashed::Unread(problem)) => unread.push((logs[number], problem)),
            }
        }
        let hidden: HashSet<&str> = unread
            .iter()
            .map(|(log, _)| log.location.as_str())
            .collect();
        let judged = logs.iter().zip(hashes).filter_map(|(log, hash)| {
            let is_open = !hidden.contains(log.location.as_str());
            is_open
                .then(|| self.one(log, hash.as_ref(), gaps))
                .flatten()
        });
        (judged.collect(), unread)
    }

    fn one(
        &self,
        log: &'a Object,
        hash: Option<&Result<String, String>>,
        gaps: &Gaps<'_>,
    ) -> Option<JudgedLog<'a>> {
        let best = self.best(log);
        let signed = best.filter(|(number, _)| self.is_signed(*number));
        let judged = |status, reason: Option<String>, is_wrong| JudgedLog {
            location: log.location.clone(),
            object: Some(log),
            status,
            reason,
            group: None,
            is_wrong,
            sha256: hash.and_then(|hash| hash.clone().ok()),
            digest: best.map(|(number, _)| number),
            is_archived: log.state == ReadState::Archived,
        };
        if log.state != ReadState::Read {
            signed?;
            let what = if log.state == ReadState::Archived {
                "archived"
            } else {
                "not readable"
            };
            let told = log
                .storage_class
                .as_deref()
                .or(log.message.as_deref())
                .unwrap_or("");
            let reason = format!("it is {what}: {told}");
            let is_wrong = log.state == ReadState::Unreadable;
            return Some(judged(LogStatus::Missing, Some(reason), is_wrong));
        }
        if let Some((number, named)) = signed {
            let name = || self.all[number].object.address.name();
            return Some(match hash? {
                Ok(hash) if !hash.eq_ignore_ascii_case(named) => {
                    let reason = format!("its hash is {hash}, and {} names {named}", name());
                    judged(LogStatus::HashMismatch, Some(reason), true)
                }
                Err(problem) => judged(LogStatus::HashMismatch, Some(problem.clone()), true),
                Ok(_) if self.is_believed(number) => judged(LogStatus::Verified, None, false),
                Ok(_) => self.unproven(number, judged(LogStatus::NotInDigest, None, false)),
            });
        }
        if let Some((number, _)) = best {
            return Some(self.unproven(number, judged(LogStatus::NotInDigest, None, false)));
        }
        let reason = gaps.why(log);
        Some(JudgedLog {
            group: reason.as_ref().map(|reason| reason.group),
            ..judged(
                LogStatus::NotInDigest,
                reason.as_ref().map(super::gaps::GapReason::text),
                reason.is_none(),
            )
        })
    }

    /// A log that is named only by a digest that cannot be believed.
    fn unproven(&self, number: usize, judged: JudgedLog<'a>) -> JudgedLog<'a> {
        let status = self.judged[number]
            .as_ref()
            .map_or("not readable", |judged| judged.status.word());
        let name = self.all[number].object.address.name();
        JudgedLog {
            reason: Some(format!("the digest that names it is {status}: {name}")),
            group: Some("the digest that names it proves nothing"),
            ..judged
        }
    }

    /// The logs that are named by what was signed, and are not in the store.
    pub(super) fn missing(
        &self,
        held: &StoredLogs<'_>,
        window: &DeliveryWindow,
    ) -> Vec<JudgedLog<'a>> {
        let mut seen = HashSet::new();
        let mut missing = Vec::new();
        for (number, digest) in self.all.iter().enumerate() {
            let Some(content) = digest.content.as_ref().filter(|_| self.is_signed(number)) else {
                continue;
            };
            for log in content
                .log_files
                .iter()
                .filter(|log| !held.holds(&log.s3_object))
            {
                let location = place(digest.object, content, log);
                let time = PathFacts::read(&location).delivery_time;
                if !window.holds_time(time) || !seen.insert(location.clone()) {
                    continue;
                }
                let name = digest.object.address.name();
                missing.push(JudgedLog {
                    location,
                    object: None,
                    status: LogStatus::Missing,
                    reason: Some(format!("it is not in the store, but named by {name}")),
                    group: None,
                    is_wrong: true,
                    sha256: None,
                    digest: Some(number),
                    is_archived: false,
                });
            }
        }
        missing.sort_by(|left, right| left.location.cmp(&right.location));
        missing
    }
}

/// The hash in the ledger or of an earlier verification; the damage that left none.
fn known_hash(log: &Object, priors: &Priors) -> Option<Result<String, String>> {
    if let Some(sha256) = log.known_sha256(priors) {
        return Some(Ok(sha256.to_owned()));
    }
    // The damage of the same object left none.
    let prior = priors.get(&log.location)?;
    let is_damage = prior.sha256.is_none()
        && prior.status == LogStatus::HashMismatch.word()
        && prior.binding.is_same(&log.binding);
    is_damage.then(|| Err(prior.reason.clone().unwrap_or_default()))
}

/// Whether verification has a say about an object.
pub(super) fn is_log(object: &Object) -> bool {
    matches!(object.kind, LedgerKind::Log | LedgerKind::OtherLog)
}
