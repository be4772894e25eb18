//! A view whose rows a session computes once.
//!
//! Enters: the plan of a view that is small and that reports read several times, directly and through other
//! views. Leaves: a relation whose rows are computed when it is first planned, and kept as long as the session. The
//! engine then knows how many they are, and builds its joins on them and not on the events. One that has no rows is
//! put into a plan as that ([`without_empty`]): most stores have no correction, and need no join to say so.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNodeRecursion};
use datafusion::datasource::{MemTable, TableType, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{DataFrame, SessionContext};
use tokio::sync::OnceCell;
use tracing::{Instrument as _, debug_span};

/// A view that is computed once.
#[derive(Debug)]
pub(super) struct KeptView {
    name: String,
    plan: LogicalPlan,
    schema: SchemaRef,
    rows: OnceCell<KeptRows>,
}

/// What was computed.
#[derive(Debug)]
struct KeptRows {
    table: MemTable,
    is_empty: bool,
}

impl KeptView {
    pub(super) fn new(name: &str, plan: LogicalPlan) -> Self {
        Self {
            name: name.to_owned(),
            schema: Arc::clone(plan.schema().inner()),
            plan,
            rows: OnceCell::new(),
        }
    }

    /// A view that is known to have no rows.
    pub(super) fn empty(name: &str, plan: LogicalPlan) -> Result<Self> {
        let view = Self::new(name, plan);
        let table = MemTable::try_new(Arc::clone(&view.schema), vec![Vec::new()])?;
        let rows = KeptRows {
            table,
            is_empty: true,
        };
        Ok(Self {
            rows: OnceCell::new_with(Some(rows)),
            ..view
        })
    }

    /// The rows, computed if they were not yet.
    async fn rows(&self, state: &dyn Session) -> Result<&KeptRows> {
        self.rows
            .get_or_try_init(|| {
                let span = debug_span!("compute", view = self.name);
                Box::pin(self.compute(state).instrument(span))
            })
            .await
    }

    async fn compute(&self, state: &dyn Session) -> Result<KeptRows> {
        let plan = Box::pin(without_empty(state, self.plan.clone())).await?;
        let plan = state.create_physical_plan(&plan).await?;
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
            .collect::<std::result::Result<Vec<_>, ArrowError>>()?;
        let is_empty = batches.is_empty();
        let table = MemTable::try_new(Arc::clone(&self.schema), vec![batches])?;
        Ok(KeptRows { table, is_empty })
    }
}

/// A plan in which the kept views that have no rows are empty relations, so that the optimizer leaves out what
/// depends on them. The kept views that the plan reads are computed for it.
async fn without_empty(state: &dyn Session, plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut named = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            named.push(source_as_provider(&scan.source)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut empty = Vec::new();
    for provider in named {
        if let Some(view) = provider.downcast_ref::<KeptView>()
            && view.rows(state).await?.is_empty
        {
            empty.push(provider);
        }
    }
    plan.transform_down_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = &node {
            let provider = source_as_provider(&scan.source)?;
            if empty.iter().any(|known| Arc::ptr_eq(known, &provider)) {
                return Ok(Transformed::yes(LogicalPlan::EmptyRelation(
                    EmptyRelation {
                        produce_one_row: false,
                        schema: Arc::clone(&scan.projected_schema),
                    },
                )));
            }
        }
        Ok(Transformed::no(node))
    })
    .data()
}

/// [`without_empty`] for a statement that is about to be run.
///
/// # Errors
/// What DataFusion says of computing a kept view.
pub(crate) async fn without_empty_views(frame: DataFrame) -> Result<DataFrame> {
    let (state, plan) = frame.into_parts();
    let plan = without_empty(&state, plan).await?;
    Ok(DataFrame::new(state, plan))
}

/// Gives a context a relation of this name: the rows of a statement, computed when they are first needed.
///
/// # Errors
/// If the context has a relation of that name.
pub(crate) fn keep(context: &SessionContext, name: &str, frame: DataFrame) -> Result<()> {
    let view = KeptView::new(name, frame.into_unoptimized_plan());
    context
        .register_table(name, Arc::new(view))
        .map(|_registered| ())
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
        let rows = &self.rows(state).await?.table;
        rows.scan(state, projection, filters, limit).await
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::displayable;

    use super::without_empty_views;
    use crate::catalog::Relation;
    use crate::sql::{context, register_view};

    const KEPT: [(&str, &str); 2] = [
        (
            "none",
            "SELECT column1 AS x FROM (VALUES (1)) WHERE column1 > 1",
        ),
        ("one", "SELECT column1 AS x FROM (VALUES (1))"),
    ];

    /// Runs a statement over two kept views, without rows and with one: its rows, and whether it was run as a join.
    async fn run(sql: &str) -> (usize, bool) {
        let context = context();
        for (name, sql) in KEPT {
            let view = Relation {
                name,
                sql,
                is_kept: true,
            };
            register_view(&context, &view).await.expect("a view");
        }
        let frame = context.sql(sql).await.expect("a statement");
        let frame = without_empty_views(frame).await.expect("a plan");
        let plan = frame.clone().create_physical_plan().await.expect("a plan");
        let told = displayable(plan.as_ref()).indent(false).to_string();
        let rows = frame.count().await.expect("rows");
        (rows, told.contains("Join"))
    }

    #[tokio::test]
    async fn a_kept_view_without_rows_costs_no_join() {
        let without = |view: &str| {
            format!(
                "SELECT * FROM (VALUES (1), (2)) AS v (x) WHERE NOT EXISTS (SELECT 1 FROM {view} WHERE {view}.x = v.x)"
            )
        };
        assert_eq!(run(&without("none")).await, (2, false));
        assert_eq!(run(&without("one")).await, (1, true));
        let beside = |view: &str| {
            format!(
                "SELECT v.x, {view}.x FROM (VALUES (1), (2)) AS v (x) LEFT JOIN {view} ON {view}.x = v.x"
            )
        };
        assert_eq!(run(&beside("none")).await, (2, false));
        assert_eq!(run(&beside("one")).await, (2, true));
        assert_eq!(run("SELECT count(*) FROM none").await.0, 1);
    }
}
