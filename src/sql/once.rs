//! A view whose rows are computed once.
//!
//! Enters: a plan. Leaves: a relation that computes its rows when they are first asked for, and keeps them in memory for
//! as long as the session: the engine would compute a view again wherever a statement reads it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::{ExecutionPlan, collect_partitioned};
use tokio::sync::OnceCell;

/// A relation that is computed when it is first read.
#[derive(Debug)]
pub(super) struct Once {
    plan: LogicalPlan,
    schema: SchemaRef,
    rows: OnceCell<MemTable>,
}

impl Once {
    /// The relation of a plan.
    pub(super) fn new(plan: LogicalPlan) -> Self {
        // The operators may know better than the plan that a column has no null.
        let fields = plan.schema().fields().iter();
        let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
        Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            plan,
            rows: OnceCell::new(),
        }
    }

    async fn compute(&self, state: &dyn Session) -> Result<MemTable> {
        let operators = state.create_physical_plan(&self.plan).await?;
        let partitions = collect_partitioned(operators, state.task_ctx()).await?;
        let partitions = partitions.into_iter().map(|batches| {
            let batches = batches.into_iter();
            batches
                .map(|batch| {
                    // The operators may have another type than the plan, where a union brought two together.
                    let columns = batch.columns().iter().zip(self.schema.fields());
                    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
                    let columns = columns.collect::<Result<Vec<_>, _>>()?;
                    Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
                })
                .collect::<Result<Vec<_>>>()
        });
        MemTable::try_new(
            Arc::clone(&self.schema),
            partitions.collect::<Result<Vec<_>>>()?,
        )
    }
}

#[async_trait]
impl TableProvider for Once {
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
        let rows = self.rows.get_or_try_init(|| self.compute(state)).await?;
        rows.scan(state, projection, filters, limit).await
    }
}
