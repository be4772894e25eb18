//! A run of ingest, from the listing to the last commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tracing::{Span, info};

use super::batch::Batches;
use super::error::IngestError;
use super::ledger::Finished;
use super::listed::record_days;
use super::object::DecodeStop;
use super::options::{Hashing, Progress, RunOptions};
use super::plan::{Ledger, ObjectTask};
use super::rollups::Rollups;
use super::runs::{self, record_end, record_start};
use super::settle::{Settle, settle};
use super::summary::{Rejected, RollupBehind, Summary};
use super::workers::{Chunk, Job, JobQueue, work};
use crate::catalog::Library;
use crate::decode::{Decoder, Limits, ObjectKind};
use crate::schema::{
    ALIAS_SIGHTINGS, EVENT_DAYS, KEY_RESOURCES, KEY_USES, KMS_EVENTS, LISTINGS, LOG_FILE_EVENTS,
    RUNS, SETTLEMENTS, TRAIL_EVENTS, Table, USAGE_DAILY, USAGE_MONTHLY, USES_DAILY,
};
use crate::source::{Listing, Source};
use crate::sql::{SqlError, plainly};
use crate::store::{Compaction, Store, StoreError};

/// The tables that a run adds files to.
const WRITTEN: [&Table; 13] = [
    &KMS_EVENTS,
    &KEY_USES,
    &USES_DAILY,
    &SETTLEMENTS,
    &EVENT_DAYS,
    &TRAIL_EVENTS,
    &USAGE_DAILY,
    &USAGE_MONTHLY,
    &KEY_RESOURCES,
    &ALIAS_SIGHTINGS,
    &LOG_FILE_EVENTS,
    &LISTINGS,
    &RUNS,
];
/// Chunks that may wait to be committed, besides one for each thread: what decodes goes on while a batch
/// is committed.
const CHUNKS_WAITING_MAX: usize = 2;

/// Ingests what the ledger does not hold yet. `now` answers the time in microseconds.
///
/// The run is recorded before its first row, and when it ends; one that was asked to end early does neither what only
/// a whole run can vouch for (that days were listed) nor what the next run does as well.
///
/// # Errors
/// If the store fails. What was committed before stays; the same call again does the rest.
///
/// # Panics
/// If a record is not accounted for, which would be a defect of this program.
#[tracing::instrument(level = "info", skip_all, fields(command = "ingest", run_id = options.run_id))]
pub async fn run(
    store: &Store,
    library: &Arc<Library>,
    source: &dyn Source,
    mut listing: Listing,
    options: &RunOptions,
    progress: &Progress,
    now: &(dyn Fn() -> i64 + Sync),
) -> Result<Summary, IngestError> {
    let ledger = store.snapshot(&LOG_FILE_EVENTS).await?;
    let ledger = Ledger::load(ledger, &listing.objects).await?;
    let rollups = Rollups::new(library);
    let mut summary = Summary {
        run_id: options.run_id.clone(),
        objects_seen: listing.objects.len() as u64,
        files_ignored: listing.ignored_count,
        objects_foreign: listing.others.count,
        foreign_example: listing.others.example.take(),
        left_out: listing.left_out.count,
        left_out_example: listing.left_out.example.take(),
        days_settled: listing.days_settled,
        ..Summary::default()
    };
    for (path, message) in &listing.faults {
        summary.rejects.push(Rejected {
            location: path.display().to_string(),
            state: "unreadable".to_owned(),
            reason: "unreadable".to_owned(),
            message: message.clone(),
            is_known: false,
        });
    }
    let days = std::mem::take(&mut listing.days);
    let input = runs::input(options, &listing);
    let jobs = plan(listing, &ledger, options.limits, &mut summary);
    summary.objects_planned = runs::planned(&jobs) as u64;
    summary.objects_left = summary.objects_planned;
    progress
        .objects_total
        .store(jobs.len() as u64, Ordering::Relaxed);
    let bytes: u64 = jobs.iter().map(|job| job.object.size_bytes).sum();
    progress.bytes_total.store(bytes, Ordering::Relaxed);
    info!(
        objects_seen = summary.objects_seen,
        objects_planned = jobs.len(),
        bytes,
        "run started"
    );
    let mut batches = Batches::new(store, &rollups, &jobs, &options.run_id, options.started_at);
    batches.skip_known(&ledger);
    let start = record_start(store, options, summary.objects_seen, &jobs, input.clone());
    let finished = decode_and_commit(
        &mut batches,
        Box::pin(start),
        source,
        &jobs,
        options,
        progress,
        &mut summary,
    );
    let mut behind = None;
    let has_counted = batches.has_counted;
    drop(batches);
    finished?;
    if !summary.is_interrupted() {
        let batch_id = uuid::Uuid::new_v4().to_string();
        // The objects of the day are in the ledger by now.
        let run_id = &options.run_id;
        record_days(store, &days, run_id, options.started_at, &batch_id).await?;
        // A run that counts rows of its own also counts all that was not counted before them.
        if !has_counted {
            rollups
                .catch_up(store, &batch_id, options.started_at / 1000)
                .await?;
        }
        let settled = settle_days(store, library, options).await;
        behind = settled?;
        merge_small_files(store, options, &summary).await?;
    }
    summary.rollups_behind = rollups.behind();
    summary.rollups_behind.extend(behind);
    summary
        .rejects
        .sort_by(|left, right| left.location.cmp(&right.location));
    assert!(summary.is_conserved(), "every record is accounted for");
    record_end(store, options, &summary, input, now()).await?;
    info!(
        objects_new = summary.objects_new,
        objects_known = summary.objects_known,
        objects_rejected = summary.objects_rejected,
        records = summary.records,
        duplicates = summary.duplicates,
        rows_written = summary.rows_written,
        is_interrupted = summary.is_interrupted(),
        "run finished"
    );
    Ok(summary)
}

/// Settles the days that are quiet. Facts that cannot be computed do not stop a run: readers compute what is not stored,
/// and the next run tries again.
async fn settle_days(
    store: &Store,
    library: &Arc<Library>,
    options: &RunOptions,
) -> Result<Option<RollupBehind>, IngestError> {
    let days = Settle {
        started_at: options.started_at,
        stop: &options.stop,
        is_dry_run: false,
    };
    let failed = match Box::pin(settle(store, library, days)).await {
        Ok(_settled) => return Ok(None),
        Err(IngestError::NotSettled { message }) => message,
        Err(IngestError::Sql(SqlError::Statement(source) | SqlError::View { source, .. })) => {
            plainly(&source)
        }
        Err(IngestError::Store(StoreError::Query { source, .. })) => plainly(&source),
        Err(error) => return Err(error),
    };
    Ok(Some(RollupBehind {
        table: KEY_USES.name.to_owned(),
        message: failed,
    }))
}

async fn merge_small_files(
    store: &Store,
    options: &RunOptions,
    summary: &Summary,
) -> Result<(), IngestError> {
    for table in WRITTEN {
        // A run that found nothing new has written to these alone.
        let is_of_runs = [RUNS.name, LISTINGS.name].contains(&table.name);
        if summary.objects_new == 0 && !is_of_runs {
            continue;
        }
        if options.is_stopped() {
            break;
        }
        store
            .compact(table, Compaction::Due, options.started_at / 1000)
            .await?;
    }
    Ok(())
}

/// Divides the objects into those to read, by delivery time, and those known.
fn plan(listing: Listing, ledger: &Ledger, limits: Limits, summary: &mut Summary) -> Vec<Job> {
    let mut jobs = Vec::new();
    for object in listing.objects {
        let task = ledger.task(&object, limits);
        let is_retry = matches!(task, ObjectTask::Retry { .. });
        match task {
            ObjectTask::Read { attempt } | ObjectTask::Retry { attempt } => jobs.push(Job {
                object_id: object.id(),
                facts: object.facts(),
                object,
                attempt,
                is_retry,
            }),
            ObjectTask::Leave => {
                let failure = ledger.failure(&object.location);
                if failure.is_some_and(|failure| failure.state == "foreign") {
                    summary.add_foreign(&object.location);
                    continue;
                }
                if failure.is_some_and(|failure| failure.state == "archived") {
                    summary.objects_archived += 1;
                    continue;
                }
                summary.objects_known += 1;
                if let Some(failure) = failure {
                    summary.objects_rejected_known += 1;
                    summary.rejects.push(Rejected {
                        location: object.location,
                        state: failure.state.clone(),
                        reason: failure.reason.clone().unwrap_or_default(),
                        message: failure.message.clone().unwrap_or_default(),
                        is_known: true,
                    });
                }
            }
        }
    }
    // Equal times stay in the order of their locations.
    jobs.sort_by_key(|job| job.facts.delivery_time);
    jobs
}

/// `start` records that the run begins; nothing is committed before it, though decoding need not wait for it.
fn decode_and_commit(
    batches: &mut Batches<'_>,
    start: impl Future<Output = Result<(), IngestError>>,
    source: &dyn Source,
    jobs: &[Job],
    options: &RunOptions,
    progress: &Progress,
    summary: &mut Summary,
) -> Result<(), IngestError> {
    let next = AtomicUsize::new(0);
    let is_digest = |job: &Job| job.facts.kind == Some(ObjectKind::Digest);
    let is_hashing = match options.hashing {
        Hashing::Always => true,
        Hashing::Never => false,
        Hashing::WithDigests => jobs.iter().any(is_digest),
    };
    let threads = options.threads.clamp(1, jobs.len().max(1));
    let (sender, mut receiver) = mpsc::channel::<Chunk>(threads + CHUNKS_WAITING_MAX);
    // The threads borrow the jobs; blocking here keeps the borrow alive, and the runtime has other
    // threads for the store's own work.
    source.begin();
    let span = Span::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_number| {
                    let sender = sender.clone();
                    let next = &next;
                    let decoder = Decoder::new(options.limits).hashing(is_hashing);
                    let queue = JobQueue {
                        jobs,
                        next,
                        stop: &options.stop,
                    };
                    let span = span.clone();
                    scope.spawn(move || {
                        span.in_scope(|| work(source, queue, decoder, progress, &sender))
                    })
                })
                .collect();
            let mut objects = jobs.iter().map(|job| &job.object);
            let ahead = span.clone();
            scope.spawn(move || ahead.in_scope(|| source.fetch_ahead(&mut objects)));
            drop(sender);
            let committed = tokio::runtime::Handle::current().block_on(async {
                start.await?;
                while let Some(chunk) = receiver.recv().await {
                    for finished in batches.add(chunk).await? {
                        add(summary, &finished);
                    }
                }
                for finished in batches.commit().await? {
                    add(summary, &finished);
                }
                Ok::<(), IngestError>(())
            });
            // Workers that still send find nobody, and stop.
            receiver.close();
            drop(receiver);
            source.end();
            let mut result = committed;
            for worker in workers {
                match worker.join() {
                    Ok(Ok(()) | Err(DecodeStop::Closed)) => {}
                    Ok(Err(DecodeStop::Arrow(error))) => result = result.and(Err(error.into())),
                    Err(_panic) => result = result.and(Err(IngestError::DecoderStopped)),
                }
            }
            result
        })
    })
}

fn add(summary: &mut Summary, finished: &Finished<'_>) {
    summary.objects_left -= u64::from(!finished.job.is_retry);
    let report = &finished.report;
    let state = report.state();
    if state == "archived" {
        summary.objects_archived += 1;
        return;
    }
    if report.is_foreign {
        summary.add_foreign(&finished.job.object.location);
        return;
    }
    if finished.is_known {
        summary.objects_known += 1;
    } else {
        summary.objects_new += 1;
    }
    summary.bytes += finished.job.object.size_bytes;
    summary.json_bytes += report.json_bytes;
    summary.records += report.records;
    summary.kms_records += report.kms_records;
    summary.trail_records += report.trail_records;
    summary.not_wanted += report.not_wanted;
    summary.rejected += report.rejected;
    summary.duplicates += finished.duplicates;
    summary.expired += finished.expired;
    summary.rows_written += finished.written;
    if state != "ok" {
        if finished.is_known {
            summary.objects_rejected_known += 1;
        } else {
            summary.objects_rejected += 1;
        }
        let (reason, message) = report
            .first_reason()
            .map_or(("", ""), |(reason, message)| (reason.code(), message));
        summary.rejects.push(Rejected {
            location: finished.job.object.location.clone(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            is_known: finished.is_known,
        });
    }
}
