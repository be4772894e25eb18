//! A snapshot as a table of DataFusion.
//!
//! Hands out plain Parquet scans over the live files that the log's statistics cannot rule out.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use object_store::ObjectMeta;

use crate::schema::{self, ColumnKind, Table};
use crate::store::table::Snapshot;
use crate::store::table::data_file::DataFile;

/// Bytes read from the end of a file to find its metadata in one go.
const FOOTER_BYTES: usize = 512 << 10;

/// A table of the store as it was at one version.
#[derive(Debug)]
pub struct SnapshotProvider {
    snapshot: Snapshot,
    schema: TableSchema,
    files: Vec<(DataFile, Arc<Statistics>)>,
}

/// A plan of the rows of some files of a snapshot, merged in the table's order, without the partition column.
pub(in crate::store) fn merged_rows(
    snapshot: &Snapshot,
    files: &[DataFile],
) -> Result<Arc<dyn ExecutionPlan>> {
    let table = snapshot.table();
    let schema = table.file_arrow();
    let order = table
        .sort
        .iter()
        .map(|name| {
            Ok(PhysicalSortExpr {
                expr: Arc::new(Column::new_with_schema(name, &schema)?),
                options: SortOptions {
                    descending: false,
                    nulls_first: true,
                },
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let order = LexOrdering::new(order)
        .ok_or_else(|| DataFusionError::Internal(format!("{} has no order", table.name)))?;
    let groups = files
        .iter()
        .map(|file| {
            let meta = object_meta(snapshot, file);
            FileGroup::new(vec![PartitionedFile::new_from_meta(meta)])
        })
        .collect();
    let url = ObjectStoreUrl::parse(snapshot.place().store_url())?;
    let source = ParquetSource::new(schema).with_metadata_size_hint(FOOTER_BYTES);
    let scan = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_groups(groups)
        .with_output_ordering(vec![order.clone()])
        .build();
    let scan = DataSourceExec::from_data_source(scan);
    Ok(Arc::new(SortPreservingMergeExec::new(order, scan)))
}

impl SnapshotProvider {
    /// A provider over a pinned table. Its columns are those of the files, the partition column last.
    ///
    /// # Errors
    /// If the log has statistics that are no JSON.
    pub fn new(snapshot: Snapshot) -> Result<Self, crate::store::StoreError> {
        let files = snapshot.files()?;
        Ok(Self::of_files(snapshot, files))
    }

    /// A provider over some files of a pinned table.
    pub(in crate::store) fn of_files(snapshot: Snapshot, files: Vec<DataFile>) -> Self {
        let table = snapshot.table();
        let all = table.arrow();
        let partitions: Vec<arrow::datatypes::FieldRef> = table
            .partition
            .and_then(|name| all.field_with_name(name).ok())
            .map(|field| Arc::new(field.clone()))
            .into_iter()
            .collect();
        let mut files: Vec<(DataFile, Arc<Statistics>)> = files
            .into_iter()
            .map(|file| {
                let statistics = Arc::new(statistics(table, &file));
                (file, statistics)
            })
            .collect();
        files.sort_by(|(left, _), (right, _)| left.path.cmp(&right.path));
        Self {
            schema: TableSchema::builder(table.file_arrow())
                .with_table_partition_cols(partitions)
                .build(),
            files,
            snapshot,
        }
    }

    /// The pinned table.
    pub(in crate::store) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The physical form of the filters, over the whole schema.
    fn predicate(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(None);
        };
        let schema = DFSchema::try_from(self.schema.table_schema().as_ref().clone())?;
        state.create_physical_expr(filter, &schema).map(Some)
    }

    /// Whether the log's statistics prove that a date or a time lies before or behind another in every row, as with a
    /// window around all events: then no row need be asked.
    fn is_proven(&self, filter: &Expr) -> bool {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
            return false;
        };
        let (Expr::Column(column), Expr::Literal(other, _)) = (left.as_ref(), right.as_ref())
        else {
            return false;
        };
        let mut columns = self.snapshot.table().columns.iter();
        // A null is not before anything.
        let told = columns.find(|told| told.name == column.name && !told.nullable);
        let Some(told) =
            told.filter(|told| matches!(told.kind, ColumnKind::Date | ColumnKind::Time))
        else {
            return false;
        };
        let is_outside = |(file, _): &(DataFile, _)| {
            let Some((low, high)) = file.bounds(told.name, told.kind) else {
                return false;
            };
            let order = match op {
                Operator::Lt | Operator::LtEq => upper(high).partial_cmp(other),
                Operator::Gt | Operator::GtEq => other.partial_cmp(&low),
                _ => None,
            };
            let is_equal_enough = matches!(op, Operator::LtEq | Operator::GtEq);
            order == Some(Ordering::Less) || (is_equal_enough && order == Some(Ordering::Equal))
        };
        !self.files.is_empty() && self.files.iter().all(is_outside)
    }

    /// The files that may hold rows for the predicate.
    fn live_files(
        &self,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Vec<PartitionedFile>> {
        let files: Vec<PartitionedFile> = self
            .files
            .iter()
            .map(|(file, statistics)| self.partitioned(file, statistics.clone()))
            .collect();
        let Some(predicate) = predicate else {
            return Ok(files);
        };
        let schema = self.schema.table_schema();
        let pruning = PruningPredicateBuilder::new()
            .with_file_schema(schema.clone())
            .try_build(predicate.clone())?;
        if pruning.always_true() || files.is_empty() {
            return Ok(files);
        }
        let statistics = files
            .iter()
            .filter_map(|file| file.statistics.clone())
            .collect();
        let keep = pruning.prune(&PrunableStatistics::new(statistics, schema.clone()))?;
        Ok(files
            .into_iter()
            .zip(keep)
            .filter_map(|(file, keep)| keep.then_some(file))
            .collect())
    }

    fn partitioned(&self, file: &DataFile, statistics: Arc<Statistics>) -> PartitionedFile {
        let table = self.snapshot.table();
        let meta = object_meta(&self.snapshot, file);
        let values = table
            .partition
            .map(|_column| ScalarValue::Utf8(file.partition.clone()))
            .into_iter()
            .collect();
        PartitionedFile::new_from_meta(meta)
            .with_partition_values(values)
            .with_statistics(statistics)
    }
}

#[async_trait]
impl TableProvider for SnapshotProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| {
            if self.is_proven(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Inexact
            }
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = self.predicate(state, filters)?;
        let files = self.live_files(predicate.as_ref())?;
        if files.is_empty() {
            // A scan without files has no partition, which some plans cannot handle.
            let schema = project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        // A question reads a file several times, and what its footer says every time.
        let readers = CachedParquetFileReaderFactory::new(
            self.snapshot.place().object_store(),
            state.runtime_env().cache_manager.get_file_metadata_cache(),
        );
        // What is asked of each row reaches the scan when the plan's own filter is pushed into it; here it would be
        // asked twice.
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_metadata_size_hint(FOOTER_BYTES);
        let url = ObjectStoreUrl::parse(self.snapshot.place().store_url())?;
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

/// The latest time that the log's statistics leave possible: they are cut to milliseconds.
fn upper(bound: ScalarValue) -> ScalarValue {
    match bound {
        ScalarValue::TimestampMicrosecond(Some(time), zone) => {
            ScalarValue::TimestampMicrosecond(Some(time.saturating_add(999)), zone)
        }
        other => other,
    }
}

fn object_meta(snapshot: &Snapshot, file: &DataFile) -> ObjectMeta {
    ObjectMeta {
        location: snapshot.place().file(snapshot.table().name, &file.path),
        // A file never changes under its name.
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: file.size,
        e_tag: None,
        version: None,
    }
}

/// What the log says of a file: rows are exact, bounds are bounds only.
fn statistics(table: &Table, file: &DataFile) -> Statistics {
    let count = |count: u64| usize::try_from(count).map_or(Precision::Absent, Precision::Exact);
    let column = |column: &schema::Column| {
        let mut statistics = ColumnStatistics::new_unknown();
        if let Some((low, high)) = file.bounds(column.name, column.kind) {
            statistics.min_value = Precision::Inexact(low);
            statistics.max_value = Precision::Inexact(high);
        }
        if let Some(nulls) = file.null_count(column.name) {
            statistics.null_count = count(nulls);
        }
        statistics
    };
    Statistics {
        num_rows: count(file.rows),
        total_byte_size: Precision::Absent,
        column_statistics: table
            .columns
            .iter()
            .filter(|column| Some(column.name) != table.partition)
            .map(column)
            .collect(),
    }
}
