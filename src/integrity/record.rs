//! The rows of `verifications`, one for each change, and of `runs`.

use serde_json::{Value, json};

use super::binding::Binding;
use super::chain;
use super::error::IntegrityError;
use super::ledger::Object;
use super::logs;
use super::options::VerificationOptions;
use super::prior::{Prior, Priors};
use super::proof::Digest;
use super::status::Verified;
use super::trails::Trails;
use crate::schema::VERIFICATIONS;
use crate::source::PathFacts;
use crate::store::{RunRecord, Store, rows};

/// One finding about one object.
#[derive(Debug)]
struct VerificationRow<'a> {
    location: &'a str,
    seq: i64,
    kind: &'static str,
    /// The object, where it is in the store.
    object: Option<&'a Object>,
    found: Prior,
}

/// Everything that was found.
pub(super) struct Findings<'a> {
    pub(super) digests: &'a [Digest<'a>],
    pub(super) judged: &'a [Option<chain::JudgedDigest>],
    pub(super) logs: &'a [logs::JudgedLog<'a>],
    pub(super) trails: &'a Trails,
}

/// Writes what has changed, and the run; answers how many rows.
pub(super) async fn record(
    store: &Store,
    found: &Findings<'_>,
    priors: &Priors,
    options: &VerificationOptions,
    summary: &Verified,
    ended_at: i64,
) -> Result<u64, IntegrityError> {
    let changes = changes(found, priors);
    let millis = ended_at / 1000;
    if !changes.is_empty() {
        let rows = rows(&VERIFICATIONS, &changes, |row, column| {
            cell(row, options, column)
        })?;
        store
            .append_rows(&VERIFICATIONS, &rows, &options.run_id, millis)
            .await?;
    }
    let wrong = summary.wrong.len();
    let detail = json!({ "digests": summary.digests, "logs": summary.logs, "wrong": wrong });
    let run = RunRecord {
        run_id: options.run_id.clone(),
        command: "verify",
        started_at: options.started_at,
        ended_at,
        outcome: if summary.is_incomplete() {
            "rejects"
        } else {
            "ok"
        },
        detail: Some(detail.to_string()),
        ..RunRecord::default()
    };
    store.record_run(&run, &options.run_id).await?;
    Ok(changes.len() as u64)
}

fn changes<'a>(found: &'a Findings<'_>, priors: &Priors) -> Vec<VerificationRow<'a>> {
    let arn = |digest: &Digest<'_>| found.trails.arn(digest.object, digest.trail.as_ref()?);
    let mut changes = Vec::new();
    let mut push = |location: &'a str, kind, object: Option<&'a Object>, found: Prior| {
        let prior = priors.get(location);
        let seq = prior.map_or(0, |prior| prior.seq) + 1;
        let is_known = prior.is_some_and(|prior| is_same(prior, &found));
        if !is_known {
            changes.push(VerificationRow {
                location,
                seq,
                kind,
                object,
                found,
            });
        }
    };
    for (digest, judged) in found.digests.iter().zip(found.judged) {
        if let Some(judged) = judged {
            let object = digest.object;
            push(
                &object.location,
                "digest",
                Some(object),
                Prior {
                    seq: 0,
                    status: judged.status.word().to_owned(),
                    reason: judged.reason.clone(),
                    binding: object.binding.clone(),
                    sha256: digest.sha256.clone(),
                    digest_location: None,
                    trail_arn: arn(digest),
                },
            );
        }
    }
    for log in found.logs {
        let digest = log.digest.map(|number| &found.digests[number]);
        push(
            &log.location,
            "log",
            log.object,
            Prior {
                seq: 0,
                status: log.status.word().to_owned(),
                reason: log.reason.clone(),
                binding: log
                    .object
                    .map_or_else(Binding::default, |object| object.binding.clone()),
                sha256: log.sha256.clone(),
                digest_location: digest.map(|digest| digest.object.location.clone()),
                trail_arn: digest.and_then(arn),
            },
        );
    }
    changes
}

/// Whether two findings say the same; their numbers are of no concern.
fn is_same(known: &Prior, found: &Prior) -> bool {
    known.status == found.status
        && known.reason == found.reason
        && known.binding == found.binding
        && known.sha256 == found.sha256
        && known.digest_location == found.digest_location
        && known.trail_arn == found.trail_arn
}

fn cell(row: &VerificationRow<'_>, options: &VerificationOptions, column: &str) -> Value {
    let Prior {
        status,
        reason,
        binding,
        sha256,
        digest_location,
        trail_arn,
        ..
    } = &row.found;
    let told = || PathFacts::read(row.location);
    match column {
        "location" => row.location.into(),
        "seq" => row.seq.into(),
        "kind" => row.kind.into(),
        "status" => status.as_str().into(),
        "reason" => reason.clone().into(),
        "size_bytes" => binding.size_bytes.into(),
        "etag" => binding.etag.clone().into(),
        "modified_at" => binding.modified_at.into(),
        "sha256" => sha256.clone().into(),
        "digest_location" => digest_location.clone().into(),
        "trail_arn" => trail_arn.clone().into(),
        "account_id" => match row.object {
            Some(object) => object.account_id.clone().into(),
            None => told().account_id.into(),
        },
        "region" => match row.object {
            Some(object) => object.region.clone().into(),
            None => told().region.into(),
        },
        "delivery_time" => match row.object {
            Some(object) => object.delivery_time.into(),
            None => told().delivery_time.into(),
        },
        "recorded_at" => options.started_at.into(),
        "run_id" => options.run_id.clone().into(),
        _ => Value::Null,
    }
}
