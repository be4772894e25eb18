//! Filters go down a plan by position, though the engine looks for their columns by name.
//!
//! Enters: a physical plan. Leaves: the same plan with filters pushed down, but none into a node that would take its
//! column for another one of the same name. DataFusion 55 does: the filter of a join on the key that a view resolved
//! reached the scan's own `key_arn`, which is null there, and the rows were gone (its issues 25244, 25262 to 25264 and
//! 25296; 25259 mends them). This module goes when the engine's version has that.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::JoinType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase,
    FilterPushdownPropagation,
};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// A rule of the physical optimizer, as a session has it.
type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The engine's own rules, those that push filters down behind fences.
pub(super) fn rules() -> Vec<Rule> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    rules
        .map(|rule| -> Rule {
            if rule.name().starts_with("FilterPushdown") {
                Arc::new(Fenced(rule))
            } else {
                rule
            }
        })
        .collect()
}

/// A rule that sees a fence in front of each node that would take a column for another.
#[derive(Debug)]
struct Fenced(Rule);

impl PhysicalOptimizerRule for Fenced {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let fenced = plan.transform_up(|node| {
            Ok(match Fence::before(&node) {
                Some(fence) => Transformed::yes(Arc::new(fence) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(node),
            })
        });
        let pushed = self.0.optimize(fenced.data()?, config)?;
        let bare = pushed.transform_down(|node| {
            Ok(match node.downcast_ref::<Fence>() {
                Some(fence) => Transformed::yes(Arc::clone(&fence.node)),
                None => Transformed::no(node),
            })
        });
        bare.data()
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// Lets only the filters through whose columns the node behind it finds.
#[derive(Debug, Clone)]
struct Fence {
    node: Arc<dyn ExecutionPlan>,
    /// The places of these columns in the node's rows.
    open: HashSet<usize>,
}

impl Fence {
    /// The fence that a node needs, if any.
    fn before(node: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let mistaken = mistaken(node.as_ref());
        if mistaken.is_empty() {
            return None;
        }
        let schema = node.schema();
        // The fence itself is looked up by name, too.
        let twice = repeated(&schema);
        let fields = schema.fields().iter().enumerate();
        let open = fields
            .filter(|(_, field)| !mistaken.contains(field.name()) && !twice.contains(field.name()))
            .map(|(place, _)| place);
        Some(Self {
            open: open.collect(),
            node: Arc::clone(node),
        })
    }
}

/// The names of columns of a node that it would look up wrongly in what it reads.
fn mistaken(node: &dyn ExecutionPlan) -> HashSet<String> {
    // A projection finds what its own column is made of by place, once it has found the column by name.
    if node.is::<ProjectionExec>() {
        return repeated(&node.schema());
    }
    let mut names = HashSet::new();
    for child in node.children() {
        names.extend(repeated(&child.schema()));
    }
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        names.extend(mistaken_keys(join));
    } else if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        let below = aggregate.input().schema();
        let groups = aggregate.group_expr().expr().iter();
        names.extend(
            groups
                .filter(|(expression, name)| {
                    let place = expression.downcast_ref::<Column>().map(Column::index);
                    is_another(&below, name, place)
                })
                .map(|(_, name)| name.clone()),
        );
    } else if node.is::<UnionExec>() {
        let own = node.schema();
        for child in node.children() {
            let below = child.schema();
            let fields = own.fields().iter().enumerate();
            names.extend(
                fields
                    .filter(|(place, field)| is_another(&below, field.name(), Some(*place)))
                    .map(|(_, field)| field.name().clone()),
            );
        }
    }
    names
}

/// The keys of a semi join whose name is another column's on the side that they are not of: a filter on a key is pushed
/// to both sides.
fn mistaken_keys(join: &HashJoinExec) -> HashSet<String> {
    let is_left = match join.join_type() {
        JoinType::LeftSemi => true,
        JoinType::RightSemi => false,
        _ => return HashSet::new(),
    };
    let below = if is_left { join.right() } else { join.left() }.schema();
    let pairs = join.on().iter().map(|(left, right)| {
        let (own, other) = if is_left {
            (left, right)
        } else {
            (right, left)
        };
        (own.downcast_ref::<Column>(), other.downcast_ref::<Column>())
    });
    pairs
        .filter_map(|(own, other)| Some((own?.name(), other.map(Column::index))))
        .filter(|(name, place)| is_another(&below, name, *place))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Whether a schema has the name at another place than this.
fn is_another(schema: &Schema, name: &str, place: Option<usize>) -> bool {
    schema
        .index_of(name)
        .is_ok_and(|found| Some(found) != place)
}

/// The names that a schema has more than once.
fn repeated(schema: &Schema) -> HashSet<String> {
    let mut seen = HashSet::new();
    let names = schema.fields().iter().map(|field| field.name());
    names
        .filter(|name| !seen.insert(name.as_str()))
        .cloned()
        .collect()
}

impl DisplayAs for Fence {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fence")
    }
}

impl ExecutionPlan for Fence {
    fn name(&self) -> &'static str {
        "Fence"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.node.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.node]
    }

    fn apply_expressions(
        &self,
        _apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [node] = <[_; 1]>::try_from(children)
            .map_err(|_children| DataFusionError::Internal("a fence has one node".to_owned()))?;
        Ok(Arc::new(Self {
            node,
            open: self.open.clone(),
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.node.execute(partition, context)
    }

    fn gather_filters_for_pushdown(
        &self,
        _phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let open = self.open.clone();
        let described = ChildFilterDescription::from_child_with_allowed_indices(
            &parent_filters,
            open,
            &self.node,
        )?;
        Ok(FilterDescription::new().with_child(described))
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        child_pushdown_result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(child_pushdown_result))
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    /// Two files: `a` says of `a1` that its `ty` is `x1`, `b` has `x1` alone.
    async fn answer(statement: &str) -> Vec<String> {
        let directory = tempfile::tempdir().expect("a directory");
        let context = crate::sql::context();
        for (name, row) in [
            ("a", "'a1' AS id, 'x1' AS ty"),
            ("b", "'x1' AS id"),
            ("c", "'x1' AS ty, 'a1' AS id"),
        ] {
            let path = directory.path().join(format!("{name}.parquet"));
            let path = path.display();
            let copy = format!("COPY (SELECT {row}) TO '{path}' STORED AS PARQUET");
            let frame = context.sql(&copy).await.expect("a plan");
            frame.collect().await.expect("a file");
            let table = format!("CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION '{path}'");
            context.sql(&table).await.expect("a table");
        }
        let frame = context.sql(statement).await.expect("a plan");
        let batches = frame.collect().await.expect("rows");
        let mut lines = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter();
                let cells: Vec<_> = cells
                    .map(|column| array_value_to_string(column, row).expect("a value"))
                    .collect();
                lines.push(cells.join(" "));
            }
        }
        lines
    }

    /// Each lost its row: the filter on the column that came second reached the first of its name.
    #[tokio::test]
    async fn a_filter_reaches_the_column_that_it_is_about_and_no_other_of_its_name() {
        for (statement, expected) in [
            (
                "SELECT s.id, j.aid, j.bid FROM b AS s JOIN (
                   SELECT a.id AS aid, b.id AS bid, a.ty || '!' AS tag FROM a LEFT JOIN b ON a.ty = b.id
                 ) AS j ON s.id = j.bid WHERE j.tag <> ''",
                "x1 a1 x1",
            ),
            (
                "SELECT s.id, j.id FROM b AS s JOIN (
                   SELECT coalesce(b.id, a.ty) AS id, a.id AS other FROM a LEFT JOIN b ON a.ty = b.id
                 ) AS j ON s.id = j.id WHERE j.other LIKE 'a%' AND coalesce(j.id <> j.other, true)",
                "x1 x1",
            ),
            (
                "SELECT s.id, j.n FROM b AS s JOIN (
                   SELECT a.id AS aid, b.id AS bid, count(*) AS n FROM a LEFT JOIN b ON a.ty = b.id GROUP BY a.id, b.id
                 ) AS j ON s.id = j.bid",
                "x1 1",
            ),
            (
                "SELECT a.id, b.id FROM a JOIN b ON a.ty = b.id JOIN c ON b.id = c.ty ORDER BY b.id LIMIT 1",
                "a1 x1",
            ),
            // The names of a union are its first part's.
            (
                "SELECT s.id, u.ty FROM b AS s JOIN (
                   SELECT id, ty FROM c WHERE id = 'none' UNION ALL SELECT ty, id FROM a
                 ) AS u ON s.id = u.id",
                "x1 a1",
            ),
            // The two keys have each other's name.
            (
                "SELECT x.id, x.ty FROM a AS s JOIN (
                   SELECT c.ty AS id, c.id AS ty FROM c WHERE EXISTS (SELECT 1 FROM a WHERE a.ty = c.ty AND a.id = c.id)
                 ) AS x ON x.ty = s.id",
                "x1 a1",
            ),
        ] {
            assert_eq!(answer(statement).await, [expected], "{statement}");
        }
    }
}
