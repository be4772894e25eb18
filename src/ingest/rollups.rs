//! The roll-ups, brought up to the events that are committed.
//!
//! A roll-up's commit carries the transaction (`rollup`, n): every ingest commit up to n is counted.
//! Whoever comes next counts what is missing, so a roll-up that a crash left behind catches up.
//!
//! A roll-up whose query fails is left behind too, and the run goes on: the events are what counts, and
//! readers count from them what a roll-up lacks. The run says so, and the next one tries again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Int64Array, RecordBatch};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use tokio::task::JoinHandle;
use tracing::{Instrument as _, debug, debug_span};

use super::error::IngestError;
use super::summary::RollupBehind;
use crate::catalog::{Library, Relation, unstacked};
use crate::schema::{KMS_EVENTS, ROLLUPS, Table, USAGE_DAILY};
use crate::sql::{add_up, aggregate, plainly};
use crate::store::{Attempts, CommitRows, INGEST, ROLLUP, SnapshotProvider, Store, Transaction};

/// The sums over the rows of one commit, being made.
pub(super) struct Counting {
    /// The number of the commit.
    commit: i64,
    sums: BTreeMap<&'static str, JoinHandle<Result<RecordBatch, DataFusionError>>>,
}

/// The queries of the roll-ups, by table, and which of them failed in this run.
#[derive(Debug)]
pub(super) struct Rollups<'a> {
    queries: BTreeMap<&'a str, &'a str>,
    behind: Mutex<BTreeMap<&'static str, String>>,
}

impl<'a> Rollups<'a> {
    pub(super) fn new(library: &'a Library) -> Self {
        let query = |table: &Table| Some((table.name, library.rollup(table.name)?.sql.as_str()));
        Self {
            queries: ROLLUPS.into_iter().filter_map(query).collect(),
            behind: Mutex::default(),
        }
    }

    /// The roll-ups that could not be brought up to date, with the reason.
    pub(super) fn behind(&self) -> Vec<RollupBehind> {
        self.failed()
            .iter()
            .map(|(table, message)| RollupBehind {
                table: (*table).to_owned(),
                message: message.clone(),
            })
            .collect()
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to count rows that are about to be committed to `kms_events`, at the same time as their commit.
    pub(super) fn begin(
        &self,
        store: &Store,
        rows: CommitRows<'_>,
        commit: i64,
    ) -> Result<Counting, IngestError> {
        let events = Arc::new(in_memory(rows, commit)?);
        let mut sums = BTreeMap::new();
        for table in ROLLUPS {
            let sql = self.query(table)?.to_owned();
            let events = events.clone();
            let place = store.place().clone();
            let sum =
                async move { aggregate(table, &sql, events, (commit - 1, commit), &place).await };
            let span = debug_span!("count", table = table.name, commit);
            let sum = tokio::spawn(sum.instrument(span));
            sums.insert(table.name, sum);
        }
        Ok(Counting { commit, sums })
    }

    /// Adds the rows of one commit to `kms_events`, and all that was not counted before it.
    pub(super) async fn count(
        &self,
        store: &Store,
        mut counting: Counting,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<(), IngestError> {
        for table in ROLLUPS {
            self.advance(store, table, Some(&mut counting), batch_id, now_millis)
                .await?;
        }
        Ok(())
    }

    fn query(&self, table: &Table) -> Result<&'a str, IngestError> {
        self.queries
            .get(table.name)
            .copied()
            .ok_or(IngestError::NoQuery { table: table.name })
    }

    /// Counts all that was not counted.
    pub(super) async fn catch_up(
        &self,
        store: &Store,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<(), IngestError> {
        for table in ROLLUPS {
            self.advance(store, table, None, batch_id, now_millis)
                .await?;
        }
        Ok(())
    }

    /// The ingest commit that all roll-ups have counted last.
    pub(super) async fn counted(&self, store: &Store) -> Result<i64, IngestError> {
        let mut counted = i64::MAX;
        for table in ROLLUPS {
            let snapshot = store.snapshot(table).await?;
            counted = counted.min(snapshot.transaction(ROLLUP).await?);
        }
        Ok(counted)
    }

    /// All rows of a roll-up that is based on another one and is new in this store, and the ingest commit up to which the
    /// other has counted. The events that the other has counted may be gone.
    async fn rows_of_lower(
        &self,
        store: &Store,
        table: &'static Table,
        counted: i64,
    ) -> Result<Option<(Result<RecordBatch, DataFusionError>, i64)>, IngestError> {
        const LOWER: &Table = &USAGE_DAILY;
        let lower = Relation {
            name: LOWER.name,
            sql: self.query(LOWER)?,
            is_kept: false,
        };
        let own = unstacked(&lower, self.query(table)?);
        let Some(own) = own.filter(|_own| counted == 0) else {
            return Ok(None);
        };
        let rows = store.snapshot(LOWER).await?;
        let upto = rows.transaction(ROLLUP).await?;
        if upto == 0 {
            return Ok(None);
        }
        let rows = Arc::new(SnapshotProvider::new(rows)?);
        let sums = add_up(table, own, (LOWER, rows), store.place()).await;
        Ok(Some((sums, upto)))
    }

    #[tracing::instrument(level = "debug", name = "roll_up", skip_all, fields(table = table.name))]
    async fn advance(
        &self,
        store: &Store,
        table: &'static Table,
        mut counting: Option<&mut Counting>,
        batch_id: &str,
        now_millis: i64,
    ) -> Result<(), IngestError> {
        let sql = self.query(table)?;
        // What failed on these events fails on more of them.
        if self.failed().contains_key(table.name) {
            return Ok(());
        }
        let mut attempts = Attempts::at(table);
        loop {
            attempts.begin()?;
            let snapshot = store.snapshot(table).await?;
            let counted = snapshot.transaction(ROLLUP).await?;
            let own = match counting.as_mut() {
                Some(own) if counted >= own.commit => return Ok(()),
                Some(own) if counted + 1 == own.commit => {
                    own.sums.remove(table.name).map(|rows| (own.commit, rows))
                }
                _ => None,
            };
            let (rows, upto) = if let Some((commit, rows)) = own {
                let rows = rows.await;
                (rows.map_err(|_panic| IngestError::CounterStopped)?, commit)
            } else if let Some(rows) = self.rows_of_lower(store, table, counted).await? {
                rows
            } else {
                let events = store.snapshot(&KMS_EVENTS).await?;
                let ingested = events.transaction(INGEST).await?;
                if counted >= ingested {
                    return Ok(());
                }
                let events = Arc::new(SnapshotProvider::new(events)?);
                let span = (counted, ingested);
                let rows = aggregate(table, sql, events, span, store.place()).await;
                (rows, ingested)
            };
            let rows = match rows {
                Ok(rows) => rows,
                Err(error) => {
                    debug!(error = %error, "not counted");
                    self.failed().insert(table.name, plainly(&error));
                    return Ok(());
                }
            };
            let transaction = Transaction {
                app_id: ROLLUP,
                version: upto,
            };
            let appended = store
                .append(
                    &snapshot,
                    CommitRows::all(std::slice::from_ref(&rows)),
                    Some(transaction),
                    batch_id,
                    now_millis,
                )
                .await?;
            if appended.version()?.is_some() {
                return Ok(());
            }
        }
    }
}

/// Rows of a commit as a relation. Rows that are not picked carry the number of the commit before, and so
/// are none of this one's: nothing is copied to leave them out.
fn in_memory(rows: CommitRows<'_>, commit: i64) -> Result<MemTable, IngestError> {
    let schema = KMS_EVENTS.arrow();
    let commits = schema.index_of("ingest_seq")?;
    let mut batches = rows.batches.to_vec();
    for (batch, picked) in batches.iter_mut().zip(rows.picked.unwrap_or_default()) {
        let numbers = picked
            .values()
            .iter()
            .map(|is_picked| if is_picked { commit } else { commit - 1 });
        let mut columns = batch.columns().to_vec();
        columns[commits] = Arc::new(Int64Array::from_iter_values(numbers));
        *batch = RecordBatch::try_new(schema.clone(), columns)?;
    }
    MemTable::try_new(schema, vec![batches]).map_err(|source| IngestError::Rows {
        source: Box::new(source),
    })
}
