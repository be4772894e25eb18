//! A run that writes, as its row of `runs`.

use serde::Serialize;
use serde_json::{Value, json};

use super::cells::rows;
use crate::schema::RUNS;
use crate::store::error::StoreError;
use crate::store::table::Store;

/// A row of `runs`: the members are its columns, times in microseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunRecord {
    /// The run.
    pub run_id: String,
    /// The subcommand.
    pub command: &'static str,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// How it ended.
    pub outcome: &'static str,
    /// What was asked for, as a JSON array.
    pub sources: Option<String>,
    /// Objects listed.
    pub objects_seen: Option<u64>,
    /// Objects read for the first time, or again because they changed.
    pub objects_new: Option<u64>,
    /// Objects not read again.
    pub objects_known: Option<u64>,
    /// Objects with damage or a rejected record.
    pub objects_rejected: Option<u64>,
    /// Records read.
    pub records: Option<u64>,
    /// Of these, KMS events.
    pub kms_records: Option<u64>,
    /// Wanted records that were known.
    pub duplicates: Option<u64>,
    /// Records rejected.
    pub rejected: Option<u64>,
    /// Records older than the horizon.
    pub expired: Option<u64>,
    /// Rows written to the event tables.
    pub rows_written: Option<u64>,
    /// Bytes of JSON read, uncompressed.
    pub json_bytes: Option<u64>,
    /// More about the run, as JSON.
    pub detail: Option<String>,
}

impl RunRecord {
    /// What was asked for, as the column `sources` has it.
    #[must_use]
    pub fn sources(asked: &[impl AsRef<str>]) -> Option<String> {
        let asked: Vec<&str> = asked.iter().map(AsRef::as_ref).collect();
        Some(json!(asked).to_string())
    }
}

impl Store {
    /// Records a run; the commit has that id.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn record_run(&self, run: &RunRecord, batch_id: &str) -> Result<(), StoreError> {
        let cells = json!(run);
        let row = rows(&RUNS, &[()], |(), column| match column {
            "version" => env!("CARGO_PKG_VERSION").into(),
            column => cells.get(column).cloned().unwrap_or(Value::Null),
        })
        .map_err(|source| StoreError::Arrow {
            table: RUNS.name,
            source,
        })?;
        let now_millis = run.ended_at / 1000;
        self.append_rows(&RUNS, &row, batch_id, now_millis).await
    }
}
