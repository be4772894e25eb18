//! A verification, from the ledger to the rows that say what was found.

use std::collections::HashMap;

use super::chain::{self, Chains};
use super::error::IntegrityError;
use super::gaps::Gaps;
use super::keys::KeySource;
use super::ledger::{self, DeliveryWindow, LedgerKind, Object, ReadState};
use super::logs::{self, Digests, Unread};
use super::named::{NamedLogs, StoredLogs};
use super::options::VerificationOptions;
use super::prior::{self, Priors};
use super::proof::{self, Digest, Proof};
use super::record::{Findings, record};
use super::status::{Finding, LogStatus, Verified};
use super::trails::Trails;
use crate::schema::{LOG_FILE_EVENTS, VERIFICATIONS};
use crate::source::Source;
use crate::store::Store;

/// Verifies what is in the ledger for a window; `now` answers the time in microseconds.
///
/// # Errors
/// If the store fails, or keys are needed and cannot be had. What is wrong with an object is no error.
#[tracing::instrument(
    level = "info",
    name = "run",
    skip_all,
    fields(command = "verify", run_id = options.run_id)
)]
pub async fn verify(
    store: &Store,
    source: &dyn Source,
    keys: &KeySource,
    options: &VerificationOptions,
    now: &(dyn Fn() -> i64 + Sync),
) -> Result<Verified, IntegrityError> {
    let window = DeliveryWindow {
        from: options.from,
        until: options.until,
        accounts: options.accounts.clone(),
        regions: options.regions.clone(),
    };
    let objects = ledger::load(store.snapshot(&LOG_FILE_EVENTS).await?, &window).await?;
    let priors = prior::load(store.snapshot(&VERIFICATIONS).await?).await?;
    let trails = Trails::load(store).await?;
    let of_digests =
        |object: &&Object| object.kind == LedgerKind::Digest && window.holds_digest(object);
    let (digests, mut work) = proof::prove(
        objects.iter().filter(of_digests),
        &priors,
        keys,
        source,
        options,
    )
    .await?;
    let judged = judge_digests(&objects, &digests, &priors);
    let statuses = digests.iter().zip(&judged).filter_map(|(digest, judged)| {
        Some((digest.object.location.as_str(), judged.as_ref()?.status))
    });
    let named = NamedLogs::new(&digests);
    let gaps = Gaps::new(
        &objects,
        &named,
        statuses.collect(),
        &trails,
        options.started_at,
    );
    let all = Digests {
        all: &digests,
        judged: &judged,
        named: &named,
    };
    let is_meant = |object: &&Object| logs::is_log(object) && window.holds_log(object);
    let of_window: Vec<&Object> = objects.iter().filter(is_meant).collect();
    let (mut logs, unread) = all.judge(&of_window, &gaps, &priors, source, options, &mut work);
    logs.extend(all.missing(&StoredLogs::new(&objects), &window));
    let mut summary = Verified {
        run_id: options.run_id.clone(),
        objects_read: work.objects_read,
        signatures_checked: work.signatures_checked,
        ..Verified::default()
    };
    summary.add_digests(&digests, &judged);
    summary.add_logs(&logs, &unread);
    for object in objects
        .iter()
        .filter(|object| object.state != ReadState::Read)
    {
        match object.kind {
            LedgerKind::Digest if window.holds_digest(object) => summary.add_unheld_digest(object),
            LedgerKind::Log | LedgerKind::OtherLog if window.holds_log(object) => {
                summary.logs_archived += u64::from(object.state == ReadState::Archived);
            }
            _ => {}
        }
    }
    summary.wrong.sort();
    summary.unread.sort();
    let found = Findings {
        digests: &digests,
        judged: &judged,
        logs: &logs,
        trails: &trails,
    };
    summary.changes = record(store, &found, &priors, options, &summary, now()).await?;
    Ok(summary)
}

fn judge_digests(
    objects: &[Object],
    digests: &[Digest<'_>],
    priors: &Priors,
) -> Vec<Option<chain::JudgedDigest>> {
    let chains = Chains::new(objects);
    let window: HashMap<&str, &Digest<'_>> = digests
        .iter()
        .map(|digest| (digest.object.location.as_str(), digest))
        .collect();
    digests
        .iter()
        .map(|digest| chains.judge(digest, &window, priors))
        .collect()
}

impl Verified {
    fn add_digests(&mut self, digests: &[Digest<'_>], judged: &[Option<chain::JudgedDigest>]) {
        for (digest, judged) in digests.iter().zip(judged) {
            let location = digest.object.location.clone();
            let Some(judged) = judged else {
                if let Some(Proof::Unread(message)) = &digest.proof {
                    self.add_unread(location, message.clone());
                }
                continue;
            };
            *self.digests.entry(judged.status).or_default() += 1;
            if !judged.status.is_believed() {
                self.wrong.push(Finding {
                    location,
                    status: judged.status.word(),
                    message: judged.reason.clone().unwrap_or_default(),
                });
            }
        }
    }

    fn add_logs(&mut self, logs: &[logs::JudgedLog<'_>], unread: &[Unread<'_>]) {
        const UNNAMED: &str = "no digest names it, although those of its hour are in the store and good: the store has no digest of its trail, or no trail wrote it";
        for log in logs.iter().filter(|log| !log.is_archived) {
            *self.logs.entry(log.status).or_default() += 1;
            if log.is_wrong {
                self.wrong.push(Finding {
                    location: log.location.clone(),
                    status: log.status.word(),
                    message: log.reason.clone().unwrap_or_else(|| UNNAMED.to_owned()),
                });
            } else if log.status == LogStatus::NotInDigest {
                let group = log.group.unwrap_or_default();
                *self.unproven.entry(group.to_owned()).or_default() += 1;
            }
        }
        for (log, message) in unread {
            self.add_unread(log.location.clone(), message.clone());
        }
    }

    fn add_unheld_digest(&mut self, digest: &Object) {
        if digest.state == ReadState::Archived {
            self.digests_archived += 1;
        } else {
            let message = digest.message.clone().unwrap_or_default();
            self.add_unread(digest.location.clone(), message);
        }
    }

    fn add_unread(&mut self, location: String, message: String) {
        self.unread.push(Finding {
            location,
            status: "unread",
            message,
        });
    }
}
