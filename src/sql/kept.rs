//! A view whose rows a session computes once.
//!
//! Enters: the plan of a view that is small and that reports read several times, directly and through other
//! views. Leaves: a relation whose rows are computed when it is first planned, and kept as long as the session. The
//! engine then knows how many they are, and builds its joins on them and not on the events.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::{MemTable, TableType};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, collect};
use tokio::sync::OnceCell;

/// A view that is computed once.
#[derive(Debug)]
pub(super) struct KeptView {
    plan: LogicalPlan,
    schema: SchemaRef,
    rows: OnceCell<MemTable>,
}

impl KeptView {
    pub(super) fn new(plan: LogicalPlan) -> Self {
        Self {
            schema: Arc::clone(plan.schema().inner()),
            plan,
            rows: OnceCell::new(),
        }
    }

    async fn compute(&self, state: &dyn Session) -> Result<MemTable> {
        let plan = state.create_physical_plan(&self.plan).await?;
        let batches = collect(plan, state.task_ctx()).await?;
        let batches = batches
            .into_iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| {
                // The operators may have another type than the plan, where a union brought two together.
                let columns = batch.columns().iter().zip(self.schema.fields());
                let columns = columns.map(|(column, field)| cast(column, field.data_type()));
                let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
                RecordBatch::try_new(Arc::clone(&self.schema), columns)
            })
            .collect::<std::result::Result<Vec<_>, ArrowError>>();
        MemTable::try_new(Arc::clone(&self.schema), vec![batches?])
    }
}

#[async_trait]
impl TableProvider for KeptView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self
            .rows
            .get_or_try_init(|| Box::pin(self.compute(state)))
            .await?;
        rows.scan(state, projection, filters, limit).await
    }
}
