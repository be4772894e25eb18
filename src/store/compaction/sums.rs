//! Rows of a roll-up that are equal in all dimensions, added up while files are merged.
//!
//! Enters: the merged rows of some files, in the table's order. Leaves: the same sums in fewer rows, in the same order.
//! In memory meanwhile are the rows of one value of the columns of that order.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::functions_aggregate::bit_and_or_xor::bit_or_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::{Column, binary, case, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::projection::ProjectionExec;

use crate::schema::{Measure, Table, measures, summed_only};

/// The rows of a plan, those of equal dimensions added up; `None` where the table's rows are no sums.
pub(in crate::store) fn added_up(
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
    let mut dimensions = schema
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
    dimensions.extend(apart(table, &schema)?.map(|time| (time, APART.to_owned())));
    let filters = vec![None; sums.len()];
    let plan = AggregateExec::try_new(
        AggregateMode::Single,
        PhysicalGroupBy::new_single(dimensions),
        sums,
        filters,
        rows,
        schema,
    )?;
    // What kept rows apart is no column of the table.
    let fields = plan.schema();
    let columns = fields.fields().iter().enumerate();
    let columns = columns.filter(|(_, field)| field.name() != APART);
    let columns = columns.map(|(at, field)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
        (column, field.name().clone())
    });
    Ok(Some(Arc::new(ProjectionExec::try_new(
        columns.collect::<Vec<_>>(),
        Arc::new(plan),
    )?)))
}

/// The name of what [`apart`] gives.
const APART: &str = "apart";

/// What keeps rows apart that are equal in all dimensions: the time of those that are points in time.
fn apart(table: &Table, schema: &SchemaRef) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let Some((column, sum)) = summed_only(table) else {
        return Ok(None);
    };
    let column = Arc::new(Column::new_with_schema(column, schema)?);
    let is_point = binary(column, Operator::NotEq, lit(sum), schema)?;
    let time: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema("first_time", schema)?);
    Ok(Some(case(None, vec![(is_point, time)], None)?))
}
