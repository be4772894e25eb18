//! The rows of `log_file_events` and `runs`.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use serde_json::Value;

use super::workers::Job;
use crate::decode::{DECODER_VERSION, ObjectReport, trail_list_version};
use crate::schema;
use crate::store::rows;

/// What is known of an object when its attempt is over.
#[derive(Debug)]
pub(super) struct Finished<'a> {
    pub(super) job: &'a Job,
    pub(super) report: ObjectReport,
    /// Whether an earlier attempt at the same object failed the same way.
    pub(super) is_known: bool,
    pub(super) written: u64,
    pub(super) duplicates: u64,
    pub(super) expired: u64,
}

/// What all rows of one commit have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) run_id: &'a str,
    pub(super) batch_id: &'a str,
    pub(super) recorded_at: i64,
}

/// The rows of the ledger for some objects.
pub(super) fn ledger_rows(
    finished: &[&Finished<'_>],
    common: Common<'_>,
) -> Result<RecordBatch, ArrowError> {
    rows(&schema::LOG_FILE_EVENTS, finished, |finished, column| {
        cell(finished, common, column)
    })
}

fn cell(finished: &Finished<'_>, common: Common<'_>, column: &str) -> Value {
    let Finished { job, report, .. } = finished;
    let Job { object, facts, .. } = job;
    let reason = report.first_reason();
    let digest = report.digest.as_ref();
    match column {
        "object_id" => job.object_id.clone().into(),
        "location" => object.location.clone().into(),
        "attempt" => job.attempt.into(),
        "state" => report.state().into(),
        "kind" => report.kind.word().into(),
        "account_id" => facts.account_id.clone().into(),
        "region" => facts.region.clone().into(),
        "organization_id" => facts.organization_id.clone().into(),
        "delivery_time" => facts.delivery_time.into(),
        "min_event_time" => report.min_event_time.into(),
        "max_event_time" => report.max_event_time.into(),
        "size_bytes" => object.size_bytes.into(),
        "etag" => object.etag.clone().into(),
        "modified_at" => object.modified_at.into(),
        "storage_class" => object.storage_class.clone().into(),
        "sha256" => report.sha256.clone().into(),
        "json_bytes" => report.json_bytes.into(),
        "records" => report.records.into(),
        "kms_records" => report.kms_records.into(),
        "trail_records" => report.trail_records.into(),
        "not_wanted" => report.not_wanted.into(),
        "rejected" => report.rejected.into(),
        "expired" => finished.expired.into(),
        "duplicates" => finished.duplicates.into(),
        "written" => finished.written.into(),
        "reason" => reason.map(|(reason, _)| reason.code()).into(),
        "message" => reason.map(|(_, message)| message).into(),
        "damage_offset" => report.damage_offset.into(),
        "reject_limit" => report.limit.clone().into(),
        "decoder_version" => DECODER_VERSION.into(),
        "trail_list_version" => trail_list_version().into(),
        "recorded_at" => common.recorded_at.into(),
        "rejects" if !report.rejects.is_empty() => {
            serde_json::to_string(&report.rejects).ok().into()
        }
        "shape" => report.shape.into(),
        "digest_start_time" => digest.and_then(|digest| digest.start_time).into(),
        "digest_end_time" => digest.and_then(|digest| digest.end_time).into(),
        "digest_previous" => digest.and_then(|digest| digest.previous.clone()).into(),
        "digest_previous_hash" => digest
            .and_then(|digest| digest.previous_hash.clone())
            .into(),
        "digest_signature" => digest.and_then(|digest| digest.signature.clone()).into(),
        "digest_signature_algorithm" => digest
            .and_then(|digest| digest.signature_algorithm.clone())
            .into(),
        "digest_public_key_fingerprint" => digest
            .and_then(|digest| digest.public_key_fingerprint.clone())
            .into(),
        "digest_content" => digest.and_then(|digest| digest.content.clone()).into(),
        "run_id" => common.run_id.into(),
        "batch_id" => common.batch_id.into(),
        // `verifications` has what verification finds.
        _ => Value::Null,
    }
}
