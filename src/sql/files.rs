//! Rows as Parquet files, for tests: the engine pushes filters into files, and into nothing else.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt as _, path::Path};
use parquet::arrow::ArrowWriter;
use url::Url;

const ROOT: &str = "memory://files/";

/// Files that a context reads.
pub(crate) struct Files(Arc<InMemory>);

impl Files {
    pub(crate) fn of(context: &SessionContext) -> Self {
        let files = Arc::new(InMemory::new());
        let url = Url::parse(ROOT).expect("a URL");
        context.register_object_store(&url, Arc::clone(&files) as _);
        Self(files)
    }

    /// Adds some rows as a table; there must be one at least.
    pub(crate) async fn register(&self, context: &SessionContext, name: &str, rows: &RecordBatch) {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).expect("a writer");
        writer.write(rows).expect("rows");
        writer.close().expect("a file");
        let file = format!("{name}.parquet");
        let put = self.0.put(&Path::from(file.as_str()), bytes.into());
        put.await.expect("a file");
        let schema = rows.schema();
        let options = ParquetReadOptions::default().schema(&schema);
        let table = context.register_parquet(name, format!("{ROOT}{file}"), options);
        table.await.expect("a table");
    }
}
