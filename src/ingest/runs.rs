//! The rows of `runs` for an ingest: one before it commits its first row, and one when it ends.
//!
//! A run that has the first row and not the second was killed, or is still at work. One that was asked to end
//! has both.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::IngestError;
use super::options::RunOptions;
use super::summary::Summary;
use super::workers::Job;
use crate::source::{BucketAddress, Listing, RunInput};
use crate::store::{RunRecord, Store};

/// The outcome of a run that has begun.
pub(super) const STARTED: &str = "started";
/// The outcome of a run that was asked to end before it had read everything.
pub(super) const INTERRUPTED: &str = "interrupted";
/// The subcommand.
pub(super) const COMMAND: &str = "ingest";

/// Hex digits of an object's id.
const ID_DIGITS: usize = 16;
/// The most objects whose ids are recorded: 64 MiB of them. How far a larger run has come is counted by its own
/// rows of the ledger.
const IDS_MAX: usize = 4 << 20;

/// What `detail` says of an ingest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Detail {
    /// What it was pointed at. None where no other run can be pointed at the same, as at the messages of a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<RunInput>,
    /// The new and changed objects that it is to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) planned: Option<u64>,
    /// Their ids, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_ids: Option<String>,
}

impl Detail {
    fn of_start(jobs: &[Job], input: Option<RunInput>) -> Self {
        let planned = planned(jobs);
        let ids = (planned <= IDS_MAX).then(|| {
            let mut ids = String::with_capacity(planned * ID_DIGITS);
            for job in jobs.iter().filter(|job| !job.is_retry) {
                ids.push_str(&job.object_id);
            }
            ids
        });
        Self {
            input,
            planned: Some(planned as u64),
            object_ids: ids,
        }
    }

    /// Reads it; nothing where an earlier keytrail recorded none.
    pub(super) fn read(text: Option<&str>) -> Self {
        let read = text.and_then(|text| serde_json::from_str(text).ok());
        read.unwrap_or_default()
    }

    /// The ids of the objects, if they are recorded.
    pub(super) fn ids(&self) -> Option<Vec<u64>> {
        let digits = self.object_ids.as_deref()?.as_bytes();
        let ids = digits.chunks(ID_DIGITS).map(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            id(digits)
        });
        ids.collect()
    }
}

/// The id of an object as a number.
pub(super) fn id(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

/// How many objects are new or have changed. Those that are only tried again are no loss if they are not.
pub(super) fn planned(jobs: &[Job]) -> usize {
    jobs.iter().filter(|job| !job.is_retry).count()
}

/// What a run was pointed at, with what of it could not be listed.
pub(super) fn input(options: &RunOptions, listing: &Listing) -> Option<RunInput> {
    let mut input = options.input.clone()?;
    let unlisted = listing.faults.iter().map(|(path, _reason)| {
        let shown = path.to_string_lossy().into_owned();
        if BucketAddress::is_meant(&shown) {
            return shown;
        }
        // As the sources are: a path that is there no more has no other form.
        std::path::absolute(path).map_or(shown, |path| path.to_string_lossy().into_owned())
    });
    input.unlisted = unlisted.collect();
    Some(input)
}

/// Records that a run begins to read; one that has nothing new to read leaves nothing undone.
pub(super) async fn record_start(
    store: &Store,
    options: &RunOptions,
    objects_seen: u64,
    jobs: &[Job],
    input: Option<RunInput>,
) -> Result<(), IngestError> {
    if planned(jobs) == 0 {
        return Ok(());
    }
    let record = RunRecord {
        ended_at: options.started_at,
        outcome: STARTED,
        objects_seen: Some(objects_seen),
        detail: Some(json!(Detail::of_start(jobs, input)).to_string()),
        ..begun(options)
    };
    let batch_id = uuid::Uuid::new_v4().to_string();
    Ok(store.record_run(&record, &batch_id).await?)
}

/// Records how a run ended.
pub(super) async fn record_end(
    store: &Store,
    options: &RunOptions,
    summary: &Summary,
    input: Option<RunInput>,
    ended_at: i64,
) -> Result<(), IngestError> {
    let outcome = if summary.is_interrupted() {
        INTERRUPTED
    } else if summary.has_new_rejects() {
        "rejects"
    } else if summary.rollups_behind.is_empty() {
        "ok"
    } else {
        "behind"
    };
    let detail = Detail {
        input,
        ..Detail::default()
    };
    let record = RunRecord {
        ended_at,
        outcome,
        objects_seen: Some(summary.objects_seen),
        objects_new: Some(summary.objects_new),
        objects_known: Some(summary.objects_known),
        objects_rejected: Some(summary.objects_rejected),
        records: Some(summary.records),
        kms_records: Some(summary.kms_records),
        duplicates: Some(summary.duplicates),
        rejected: Some(summary.rejected),
        expired: Some(summary.expired),
        rows_written: Some(summary.rows_written),
        json_bytes: Some(summary.json_bytes),
        detail: Some(json!(detail).to_string()),
        ..begun(options)
    };
    let batch_id = uuid::Uuid::new_v4().to_string();
    Ok(store.record_run(&record, &batch_id).await?)
}

/// What both rows of a run say.
fn begun(options: &RunOptions) -> RunRecord {
    RunRecord {
        run_id: options.run_id.clone(),
        command: COMMAND,
        started_at: options.started_at,
        sources: RunRecord::sources(&options.sources),
        ..RunRecord::default()
    }
}
