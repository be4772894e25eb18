//! Files of a snapshot read in the table's order and written again as one file, batch by batch: memory
//! has a few batches of each file and a row group in memory, however large the files are.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use bytes::Bytes;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake_core::kernel::{Add, Remove};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};

use crate::schema::Table;
use crate::store::append::commit::{add, new_path};
use crate::store::append::encode::FileEncoder;
use crate::store::compaction::sums::added_up;
use crate::store::error::StoreError;
use crate::store::table::Snapshot;
use crate::store::table::data_file::DataFile;
use crate::store::table::provider::merged_rows;

/// Rows of all files together that are read at once; each file has its share.
const ROWS_READ: usize = 16 << 10;
/// The fewest rows that are worth a batch.
const BATCH_ROWS_MIN: usize = 256;
/// A larger file is written in parts of this size.
const PART_BYTES: usize = 8 << 20;

/// Which rows of a batch are kept.
pub(in crate::store) type Keep<'a> = dyn Fn(&RecordBatch) -> BooleanArray + Sync + 'a;

/// A file with the rows of others.
pub(in crate::store) struct Rewritten {
    /// The action that adds it, with `dataChange=false`.
    pub(in crate::store) add: Add,
    /// Rows that it has.
    pub(in crate::store) rows: u64,
}

/// Writes the rows of some files of one partition, those that `keep` picks if it is given, into a new
/// file.
pub(in crate::store) async fn rewrite(
    snapshot: &Snapshot,
    files: &[DataFile],
    keep: Option<&Keep<'_>>,
    now_millis: i64,
) -> Result<Rewritten, StoreError> {
    let table = snapshot.table();
    let partition = files.first().and_then(|file| file.partition.clone());
    let path = new_path(table, partition.as_deref());
    let mut upload = Upload {
        table: table.name,
        store: snapshot.place().object_store(),
        path: snapshot.place().file(table.name, &path),
        held: Vec::new(),
        held_bytes: 0,
        parts: None,
        bytes: 0,
    };
    match copy(snapshot, files, keep, &mut upload).await {
        Ok((rows, statistics)) => {
            let bytes = upload.bytes;
            upload.finish().await?;
            let add = add(table, path, partition, bytes, statistics, now_millis);
            Ok(Rewritten { add, rows })
        }
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

/// Copies rows; answers how many there were, and their statistics.
async fn copy(
    snapshot: &Snapshot,
    files: &[DataFile],
    keep: Option<&Keep<'_>>,
    upload: &mut Upload,
) -> Result<(u64, String), StoreError> {
    let table = snapshot.table();
    let failed = |source| StoreError::Query {
        table: table.name,
        source: Box::new(source),
    };
    let batch_rows = (ROWS_READ / files.len().max(1)).max(BATCH_ROWS_MIN);
    let context = SessionContext::new_with_config(SessionConfig::new().with_batch_size(batch_rows));
    snapshot.place().register(&context);
    let expected: u64 = files.iter().map(|file| file.rows).sum();
    let mut encoder = FileEncoder::merged(table, usize::try_from(expected).unwrap_or(usize::MAX))?;
    let merged = merged_rows(snapshot, files).map_err(failed)?;
    // A single file is only ever rewritten to leave rows out.
    let sums = if keep.is_none() && files.len() > 1 {
        added_up(table, Arc::clone(&merged)).map_err(failed)?
    } else {
        None
    };
    let plan = sums.as_ref().unwrap_or(&merged);
    let mut stream = plan.execute(0, context.task_ctx()).map_err(failed)?;
    let (mut read, mut written) = (0, 0);
    let arrow = |source| StoreError::Arrow {
        table: table.name,
        source,
    };
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        read += batch.num_rows() as u64;
        let batch = match keep {
            // What a sum may be null in is null in none of its rows.
            None => RecordBatch::try_new(table.file_arrow(), batch.columns().to_vec()),
            Some(keep) => filter_record_batch(&batch, &keep(&batch)),
        }
        .map_err(arrow)?;
        written += batch.num_rows() as u64;
        encoder.write(&batch)?;
        upload.write(encoder.take_bytes()).await?;
    }
    if sums.is_some() {
        let rows = merged.metrics().and_then(|metrics| metrics.output_rows());
        read = rows.map_or(0, |rows| rows as u64);
    }
    assert_eq!(read, expected, "a merge of {} reads every row", table.name);
    let end = encoder.finish()?;
    upload.write(end.bytes).await?;
    Ok((written, end.statistics))
}

/// The action that removes a file whose rows are elsewhere now, with `dataChange=false`.
pub(in crate::store) fn remove(table: &Table, file: &DataFile, now_millis: i64) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change: false,
        deletion_timestamp: Some(now_millis),
        extended_file_metadata: Some(true),
        partition_values: Some(
            table
                .partition
                .map(|column| (column.to_owned(), file.partition.clone()))
                .into_iter()
                .collect(),
        ),
        size: i64::try_from(file.size).ok(),
        ..Remove::default()
    }
}

/// A file being written: at once if it is small, else in parts.
struct Upload {
    table: &'static str,
    store: Arc<dyn ObjectStore>,
    path: Path,
    held: Vec<Bytes>,
    held_bytes: usize,
    parts: Option<WriteMultipart>,
    /// Bytes so far.
    bytes: u64,
}

impl Upload {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        /// Parts that may be under way at once.
        const PARTS_WAITING_MAX: usize = 2;
        if bytes.is_empty() {
            return Ok(());
        }
        self.bytes += bytes.len() as u64;
        self.held_bytes += bytes.len();
        self.held.push(bytes.into());
        if self.held_bytes < PART_BYTES {
            return Ok(());
        }
        if self.parts.is_none() {
            let upload = self.store.put_multipart(&self.path).await;
            let upload = upload.map_err(|source| self.failed(source))?;
            self.parts = Some(WriteMultipart::new_with_chunk_size(upload, PART_BYTES));
        }
        let mut waited = Ok(());
        if let Some(parts) = &mut self.parts {
            waited = parts.wait_for_capacity(PARTS_WAITING_MAX).await;
            for bytes in self.held.drain(..) {
                parts.put(bytes);
            }
        }
        self.held_bytes = 0;
        waited.map_err(|source| self.failed(source))
    }

    async fn finish(mut self) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.held);
        let done = match self.parts.take() {
            None => {
                let payload: PutPayload = held.into_iter().collect();
                self.store.put(&self.path, payload).await
            }
            Some(mut parts) => {
                for bytes in held {
                    parts.put(bytes);
                }
                parts.finish().await
            }
        };
        done.map(|_result| ()).map_err(|source| self.failed(source))
    }

    /// Gives the file up; an error is on its way already.
    async fn abort(self) {
        if let Some(parts) = self.parts {
            // What stays behind has no name, and no commit will give it one.
            parts.abort().await.ok();
        }
    }

    fn failed(&self, source: object_store::Error) -> StoreError {
        StoreError::File {
            table: self.table,
            operation: "writing",
            path: self.path.to_string(),
            source,
        }
    }
}
