//! Files of a snapshot read in the table's order and written again as one file, batch by batch: memory
//! has a few batches of each file and a row group in memory, however large the files are.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
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

/// A file being written, of rows that come sorted.
pub(in crate::store) struct NewFile {
    table: &'static Table,
    partition: Option<String>,
    name: String,
    encoder: FileEncoder,
    upload: Upload,
    rows: u64,
}

impl NewFile {
    /// Begins a file of a partition, of about so many rows.
    pub(in crate::store) fn create(
        snapshot: &Snapshot,
        partition: Option<&str>,
        rows: u64,
    ) -> Result<Self, StoreError> {
        let table = snapshot.table();
        let name = new_path(table, partition);
        Ok(Self {
            table,
            partition: partition.map(str::to_owned),
            encoder: FileEncoder::merged(table, usize::try_from(rows).unwrap_or(usize::MAX))?,
            upload: Upload {
                table: table.name,
                store: snapshot.place().object_store(),
                path: snapshot.place().file(table.name, &name),
                held: Vec::new(),
                held_bytes: 0,
                parts: None,
                bytes: 0,
            },
            name,
            rows: 0,
        })
    }

    /// Rows so far.
    pub(in crate::store) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds rows, with the columns of the table's files in their order.
    pub(in crate::store) async fn write(&mut self, rows: &RecordBatch) -> Result<(), StoreError> {
        let arrow = |source| StoreError::Arrow {
            table: self.table.name,
            source,
        };
        let schema = self.table.file_arrow();
        // A plan may call the elements of a list otherwise, and answer null where there is none.
        let columns = rows.columns().iter().zip(schema.fields());
        let columns = columns
            .map(|(column, field)| cast(column, field.data_type()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(arrow)?;
        let rows = RecordBatch::try_new(schema, columns).map_err(arrow)?;
        self.rows += rows.num_rows() as u64;
        self.encoder.write(&rows)?;
        self.upload.write(self.encoder.take_bytes()).await
    }

    /// Ends the file, and answers the action that adds it.
    pub(in crate::store) async fn finish(
        mut self,
        now_millis: i64,
    ) -> Result<Rewritten, StoreError> {
        let end = self.encoder.finish()?;
        self.upload.write(end.bytes).await?;
        let bytes = self.upload.bytes;
        self.upload.finish().await?;
        let add = add(
            self.table,
            self.name,
            self.partition,
            bytes,
            end.statistics,
            now_millis,
        );
        Ok(Rewritten {
            add,
            rows: self.rows,
        })
    }

    /// Gives the file up; an error is on its way already.
    pub(in crate::store) async fn abort(self) {
        self.upload.abort().await;
    }
}

/// Writes the rows of some files of one partition, those that `keep` picks if it is given, into a new
/// file.
pub(in crate::store) async fn rewrite(
    snapshot: &Snapshot,
    files: &[DataFile],
    keep: Option<&Keep<'_>>,
    now_millis: i64,
) -> Result<Rewritten, StoreError> {
    let partition = files.first().and_then(|file| file.partition.as_deref());
    let rows = files.iter().map(|file| file.rows).sum();
    let mut file = NewFile::create(snapshot, partition, rows)?;
    match copy(snapshot, files, keep, &mut file).await {
        Ok(()) => file.finish(now_millis).await,
        Err(error) => {
            file.abort().await;
            Err(error)
        }
    }
}

/// Copies rows.
async fn copy(
    snapshot: &Snapshot,
    files: &[DataFile],
    keep: Option<&Keep<'_>>,
    file: &mut NewFile,
) -> Result<(), StoreError> {
    let table = snapshot.table();
    let failed = |source| StoreError::Query {
        table: table.name,
        source: Box::new(source),
    };
    let batch_rows = (ROWS_READ / files.len().max(1)).max(BATCH_ROWS_MIN);
    let context = SessionContext::new_with_config(SessionConfig::new().with_batch_size(batch_rows));
    snapshot.place().register(&context);
    let expected: u64 = files.iter().map(|file| file.rows).sum();
    let merged = merged_rows(snapshot, files).map_err(failed)?;
    // A single file is only ever rewritten to leave rows out.
    let sums = if keep.is_none() && files.len() > 1 {
        added_up(table, Arc::clone(&merged)).map_err(failed)?
    } else {
        None
    };
    let plan = sums.as_ref().unwrap_or(&merged);
    let mut stream = plan.execute(0, context.task_ctx()).map_err(failed)?;
    let mut read = 0;
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        read += batch.num_rows() as u64;
        match keep {
            None => file.write(&batch).await?,
            Some(keep) => {
                let kept = filter_record_batch(&batch, &keep(&batch));
                let kept = kept.map_err(|source| StoreError::Arrow {
                    table: table.name,
                    source,
                })?;
                file.write(&kept).await?;
            }
        }
    }
    if sums.is_some() {
        let rows = merged.metrics().and_then(|metrics| metrics.output_rows());
        read = rows.map_or(0, |rows| rows as u64);
    }
    assert_eq!(read, expected, "a merge of {} reads every row", table.name);
    Ok(())
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
