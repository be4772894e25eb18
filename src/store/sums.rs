//! Rows of a roll-up that are equal in all dimensions, added up while files are merged.
//!
//! Enters: the merged rows of some files, in the table's order. Leaves: the same sums in fewer rows, in the same order.
//! What is held meanwhile are the rows of one value of the columns of that order.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::functions_aggregate::bit_and_or_xor::bit_or_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};

use crate::schema::{Measure, Table, measures};

/// The rows of a plan, those of equal dimensions added up; `None` where the table's rows are no sums.
pub(super) fn added_up(
    table: &Table,
    rows: Arc<dyn ExecutionPlan>,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let measures = measures(table);
    if measures.is_empty() {
        return Ok(None);
    }
    let schema = rows.schema();
    let column = |name: &str| -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Column::new_with_schema(name, &schema)?))
    };
    let is_measure = |name: &str| measures.iter().any(|(measure, _)| *measure == name);
    let dimensions = schema
        .fields()
        .iter()
        .map(|field| field.name())
        .filter(|name| !is_measure(name))
        .map(|name| Ok((column(name)?, name.clone())))
        .collect::<Result<Vec<_>>>()?;
    let sums = measures
        .iter()
        .map(|(name, measure)| {
            let function = match measure {
                Measure::Sum => sum_udaf(),
                Measure::Least => min_udaf(),
                Measure::Greatest => max_udaf(),
                Measure::Bits => bit_or_udaf(),
            };
            let sum = AggregateExprBuilder::new(function, vec![column(name)?])
                .schema(Arc::clone(&schema))
                .alias(*name)
                .build()?;
            Ok(Arc::new(sum))
        })
        .collect::<Result<Vec<_>>>()?;
    let filters = vec![None; sums.len()];
    let plan = AggregateExec::try_new(
        AggregateMode::Single,
        PhysicalGroupBy::new_single(dimensions),
        sums,
        filters,
        rows,
        schema,
    )?;
    Ok(Some(Arc::new(plan)))
}
