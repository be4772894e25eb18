//! Reading columns of the live data files of a snapshot directly.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt as _;

use crate::store::error::StoreError;
use crate::store::table::Snapshot;
use crate::store::table::data_file::DataFile;
use crate::store::table::provider::SnapshotProvider;

impl Snapshot {
    /// Where the live data files are: paths on a disk, URLs in a bucket.
    ///
    /// # Errors
    /// As [`Snapshot::files`], and if a file has no path.
    pub fn locations(&self) -> Result<Vec<String>, StoreError> {
        let files = self.files()?.into_iter();
        files
            .map(|file| {
                let place = self.place();
                let location = format!("{}/{}", self.table().name, file.path);
                place.location(&location).ok_or_else(|| StoreError::Io {
                    location,
                    source: std::io::Error::other("the path is no valid URL"),
                })
            })
            .collect()
    }
}

/// Reads some columns of a snapshot, batch by batch, in no promised order. Rows for which `filter`
/// holds are all among them; others may be too where the filter is none.
///
/// # Errors
/// If a file cannot be read.
pub async fn read_columns(
    snapshot: Snapshot,
    columns: &[&str],
    filter: Option<Expr>,
    each: impl FnMut(RecordBatch),
) -> Result<(), StoreError> {
    let provider = SnapshotProvider::new(snapshot)?;
    read(provider, columns, filter, Few::No, each).await
}

/// The same for a filter that is true for few rows, wherever they are: the other columns are read of those
/// alone.
///
/// # Errors
/// If a file cannot be read.
pub async fn look_up(
    snapshot: Snapshot,
    columns: &[&str],
    filter: Expr,
    each: impl FnMut(RecordBatch),
) -> Result<(), StoreError> {
    let provider = SnapshotProvider::new(snapshot)?;
    read(provider, columns, Some(filter), Few::Yes, each).await
}

/// Reads short text columns that always have a value, row by row. Of a file with a single row the log's statistics
/// say them, so that it is not opened: a table that gets a row or two a run is mostly such files.
///
/// # Errors
/// If a file cannot be read.
pub async fn read_texts<const N: usize>(
    snapshot: &Snapshot,
    columns: [&str; N],
    mut each: impl FnMut([&str; N]),
) -> Result<(), StoreError> {
    for file in snapshot.files()? {
        let values = columns.map(|column| file.only_text(column));
        if values.iter().all(Option::is_some) {
            each(values.map(Option::unwrap_or_default));
            continue;
        }
        read_file(snapshot, &file, &columns, |batch| {
            let texts: Vec<&StringArray> = batch.columns().iter().map(AsArray::as_string).collect();
            for row in 0..batch.num_rows() {
                each(std::array::from_fn(|column| texts[column].value(row)));
            }
        })
        .await?;
    }
    Ok(())
}

/// Whether a filter is expected to hold for few rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Few {
    Yes,
    No,
}

/// The same of one live file.
pub(in crate::store) async fn read_file(
    snapshot: &Snapshot,
    file: &DataFile,
    columns: &[&str],
    each: impl FnMut(RecordBatch),
) -> Result<(), StoreError> {
    let provider = SnapshotProvider::of_files(snapshot.clone(), vec![file.clone()]);
    read(provider, columns, None, Few::No, each).await
}

async fn read(
    provider: SnapshotProvider,
    columns: &[&str],
    filter: Option<Expr>,
    few: Few,
    mut each: impl FnMut(RecordBatch),
) -> Result<(), StoreError> {
    let table = provider.snapshot().table().name;
    let failed = |source| StoreError::Query {
        table,
        source: Box::new(source),
    };
    let parquet = |name: &str| format!("datafusion.execution.parquet.{name}");
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .set_bool(&parquet("schema_force_view_types"), false)
        .set_bool(&parquet("pushdown_filters"), few == Few::Yes);
    let context = SessionContext::new_with_config(config);
    provider.snapshot().place().register(&context);
    let mut frame = context.read_table(Arc::new(provider)).map_err(failed)?;
    if let Some(filter) = filter {
        frame = frame.filter(filter).map_err(failed)?;
    }
    let mut stream = frame
        .select_columns(columns)
        .map_err(failed)?
        .execute_stream()
        .await
        .map_err(failed)?;
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        each(batch);
    }
    Ok(())
}
