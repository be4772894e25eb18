//! One batch: rows and finished objects that are committed together.
//!
//! Order of commits: `kms_events`, `trail_events`, roll-ups, ledger. After a crash between two of
//! them, the run that comes next reads the objects again, finds their rows to be duplicates, counts
//! what no roll-up has counted, and writes the ledger.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::error::ArrowError;
use tracing::{Instrument as _, info, info_span};

use super::error::IngestError;
use super::ledger::{Common, Finished, ledger_rows};
use super::plan::Ledger;
use super::rollups::{Counting, Rollups};
use super::workers::{Chunk, Job};
use crate::decode::ObjectReport;
use crate::schema::{KMS_EVENTS, LOG_FILE_EVENTS, TRAIL_EVENTS, Table};
use crate::store::{Attempts, CommitRows, INGEST, SeenEvents, Stamp, Store, Transaction, stamp};

/// A batch is committed when its rows take so much memory.
const BATCH_BYTES_MAX: usize = 64 << 20;
/// A batch is committed when it reports this many objects.
const BATCH_OBJECTS_MAX: usize = 8192;

/// Gathers chunks, and commits them.
pub(super) struct Batches<'a> {
    pub(super) store: &'a Store,
    pub(super) rollups: &'a Rollups<'a>,
    pub(super) run_id: &'a str,
    pub(super) started_at: i64,
    /// Whether the roll-ups were brought up to rows of this run.
    pub(super) has_counted: bool,
    jobs: &'a [Job],
    kms: Vec<RecordBatch>,
    trail: Vec<RecordBatch>,
    bytes: usize,
    finished: Vec<(usize, ObjectReport)>,
    seen_kms: SeenEvents,
    seen_trail: SeenEvents,
    /// What the ledger says of objects that are tried again unchanged, by location.
    known: HashMap<String, (String, Option<String>)>,
    /// What became of the rows of objects that are not finished.
    tallies: HashMap<String, Tally>,
}

/// What became of an object's wanted records.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    written: u64,
    duplicates: u64,
    expired: u64,
}

impl<'a> Batches<'a> {
    pub(super) fn new(
        store: &'a Store,
        rollups: &'a Rollups<'a>,
        jobs: &'a [Job],
        run_id: &'a str,
        started_at: i64,
    ) -> Self {
        Self {
            store,
            rollups,
            run_id,
            started_at,
            has_counted: false,
            jobs,
            kms: Vec::new(),
            trail: Vec::new(),
            bytes: 0,
            finished: Vec::new(),
            seen_kms: SeenEvents::default(),
            seen_trail: SeenEvents::default(),
            known: HashMap::new(),
            tallies: HashMap::new(),
        }
    }

    /// Notes the objects that are tried again though they have not changed: an attempt that fails the
    /// same way is already known, and leaves no row in the ledger.
    pub(super) fn skip_known(&mut self, ledger: &Ledger) {
        for job in self.jobs.iter().filter(|job| job.is_retry) {
            if let Some(failure) = ledger.failure(&job.object.location) {
                let failure = (failure.state.clone(), failure.message.clone());
                self.known.insert(job.object.location.clone(), failure);
            }
        }
    }

    fn is_known(&self, location: &str, report: &ObjectReport) -> bool {
        self.known.get(location).is_some_and(|(state, message)| {
            let now = report.first_reason().map(|(_, message)| message);
            state == report.state() && message.as_deref() == now
        })
    }

    /// Adds a chunk; commits when enough has gathered. Answers the objects that are in the ledger now.
    pub(super) async fn add(&mut self, chunk: Chunk) -> Result<Vec<Finished<'a>>, IngestError> {
        for (rows, into) in [
            (chunk.rows.kms, &mut self.kms),
            (chunk.rows.trail, &mut self.trail),
        ] {
            if rows.num_rows() > 0 {
                self.bytes += bytes_of(&rows)?;
                into.push(rows);
            }
        }
        self.finished.extend(chunk.finished);
        if self.bytes >= BATCH_BYTES_MAX || self.finished.len() >= BATCH_OBJECTS_MAX {
            self.commit().await
        } else {
            Ok(Vec::new())
        }
    }

    /// Commits what has gathered.
    pub(super) async fn commit(&mut self) -> Result<Vec<Finished<'a>>, IngestError> {
        if self.kms.is_empty() && self.trail.is_empty() && self.finished.is_empty() {
            return Ok(Vec::new());
        }
        let batch_id = uuid::Uuid::new_v4().to_string();
        let span = info_span!("batch", batch_id);
        self.commit_as(&batch_id).instrument(span).await
    }

    async fn commit_as(&mut self, batch_id: &str) -> Result<Vec<Finished<'a>>, IngestError> {
        let kms = std::mem::take(&mut self.kms);
        let trail = std::mem::take(&mut self.trail);
        self.bytes = 0;
        let counting = self.commit_events(&KMS_EVENTS, kms, batch_id).await?;
        if let Some(counting) = counting {
            self.rollups
                .count(self.store, counting, batch_id, self.now_millis())
                .await?;
            self.has_counted = true;
        }
        self.commit_events(&TRAIL_EVENTS, trail, batch_id).await?;
        let finished = self.commit_ledger(batch_id).await?;
        let rows: u64 = finished.iter().map(|object| object.written).sum();
        let duplicates: u64 = finished.iter().map(|object| object.duplicates).sum();
        info!(
            objects = finished.len(),
            rows, duplicates, "batch committed"
        );
        Ok(finished)
    }

    /// Commits the rows that the table does not hold yet; answers the sums over those of KMS.
    async fn commit_events(
        &mut self,
        table: &'static Table,
        batches: Vec<RecordBatch>,
        batch_id: &str,
    ) -> Result<Option<Counting>, IngestError> {
        if batches.is_empty() {
            return Ok(None);
        }
        let mut attempts = Attempts::at(table);
        loop {
            attempts.begin()?;
            let snapshot = self.store.snapshot(table).await?;
            let retention = snapshot.retention()?;
            let seen = if table.name == KMS_EVENTS.name {
                &mut self.seen_kms
            } else {
                &mut self.seen_trail
            };
            // What is beyond the horizon is no row of the table's, though it may still hold it.
            let is_kept: Vec<BooleanArray> = batches
                .iter()
                .map(|rows| retention.kept(table, rows))
                .collect();
            let is_new = seen.new_rows(&snapshot, &batches, &is_kept).await?;
            if is_new.iter().all(|rows| rows.true_count() == 0) {
                self.tally(&batches, &is_kept, &is_new);
                return Ok(None);
            }
            let ingest_seq = snapshot.transaction(INGEST).await? + 1;
            let common = Stamp {
                ingest_seq,
                batch_id,
                ingest_time: self.started_at,
            };
            let retold = if table.name == KMS_EVENTS.name {
                seen.retold(&snapshot, &batches, &is_new).await?
            } else {
                Vec::new()
            };
            let stamped = batches.iter().enumerate().map(|(number, rows)| {
                let retold = retold.get(number).map_or(&[][..], Vec::as_slice);
                stamp(table, rows, common, retold)
            });
            let stamped = stamped.collect::<Result<Vec<_>, _>>()?;
            let fresh = CommitRows {
                batches: &stamped,
                picked: Some(&is_new),
            };
            let counting = (table.name == KMS_EVENTS.name)
                .then(|| self.rollups.begin(self.store, fresh, ingest_seq))
                .transpose()?;
            let transaction = Transaction {
                app_id: INGEST,
                version: ingest_seq,
            };
            let now = self.started_at / 1000;
            let appended = self
                .store
                .append(&snapshot, fresh, Some(transaction), batch_id, now)
                .await?;
            if let Some(version) = appended.version()? {
                seen.add(&batches, &is_new, version);
                self.tally(&batches, &is_kept, &is_new);
                return Ok(counting);
            }
        }
    }

    /// Counts what became of rows: whether each is kept, and is new.
    fn tally(
        &mut self,
        batches: &[RecordBatch],
        is_kept: &[BooleanArray],
        is_new: &[BooleanArray],
    ) {
        for ((rows, is_kept), is_new) in batches.iter().zip(is_kept).zip(is_new) {
            let Some(objects) = rows.column_by_name("object_id") else {
                return;
            };
            let objects = objects.as_string::<i32>();
            let mut row = 0;
            // The rows of an object are next to each other.
            while row < rows.num_rows() {
                let object = objects.value(row);
                let tally = match self.tallies.get_mut(object) {
                    Some(tally) => tally,
                    None => self.tallies.entry(object.to_owned()).or_default(),
                };
                while row < rows.num_rows() && objects.value(row) == object {
                    if is_new.value(row) {
                        tally.written += 1;
                    } else if is_kept.value(row) {
                        tally.duplicates += 1;
                    } else {
                        tally.expired += 1;
                    }
                    row += 1;
                }
            }
        }
    }

    async fn commit_ledger(&mut self, batch_id: &str) -> Result<Vec<Finished<'a>>, IngestError> {
        let finished: Vec<Finished<'a>> = std::mem::take(&mut self.finished)
            .into_iter()
            .map(|(number, report)| {
                let job = &self.jobs[number];
                let tally = self.tallies.remove(&job.object_id).unwrap_or_default();
                Finished {
                    is_known: self.is_known(&job.object.location, &report),
                    job,
                    report,
                    written: tally.written,
                    duplicates: tally.duplicates,
                    expired: tally.expired,
                }
            })
            .collect();
        for object in &finished {
            assert_eq!(
                object.report.kms_records + object.report.trail_records,
                object.written + object.duplicates + object.expired,
                "every wanted record of {} is accounted for",
                object.job.object.location
            );
        }
        let recorded: Vec<&Finished<'_>> =
            finished.iter().filter(|object| !object.is_known).collect();
        if recorded.is_empty() {
            return Ok(finished);
        }
        let common = Common {
            run_id: self.run_id,
            batch_id,
            recorded_at: self.started_at,
        };
        let rows = ledger_rows(&recorded, common)?;
        self.store
            .append_rows(&LOG_FILE_EVENTS, &rows, batch_id, self.now_millis())
            .await?;
        Ok(finished)
    }

    fn now_millis(&self) -> i64 {
        self.started_at / 1000
    }
}

/// Bytes that the values of some rows take, without what was set aside for more of them.
fn bytes_of(rows: &RecordBatch) -> Result<usize, ArrowError> {
    let columns = rows.columns().iter();
    columns
        .map(|column| column.to_data().get_slice_memory_size())
        .sum()
}
