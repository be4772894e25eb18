//! The rows that new events add to a roll-up.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{cast, concat_batches};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col, lit};

use super::context;
use crate::catalog::NEW_EVENTS;
use crate::schema::Table;
use crate::store::Place;

/// Runs the query of a roll-up over the rows of `kms_events` that the ingest commits after `counted`
/// and up to `upto` wrote; answers rows of `table`, in no order.
///
/// # Errors
/// If the query fails or gives other columns than the table has.
pub async fn aggregate(
    table: &'static Table,
    sql: &str,
    events: Arc<dyn TableProvider>,
    (counted, upto): (i64, i64),
    place: &Place,
) -> Result<RecordBatch, DataFusionError> {
    let context = quiet_context(place);
    let commit = |number| lit(ScalarValue::Int64(Some(number)));
    let new_events = context
        .read_table(events)?
        .filter(col("ingest_seq").gt(commit(counted)))?
        .filter(col("ingest_seq").lt_eq(commit(upto)))?;
    context.register_table(NEW_EVENTS, new_events.into_view())?;
    rows_of(&context, table, sql).await
}

/// Runs the part of a stacked query that adds up the rows of the roll-up below, over all rows of that.
///
/// # Errors
/// As [`aggregate`].
pub async fn add_up(
    table: &'static Table,
    sql: &str,
    lower: (&'static Table, Arc<dyn TableProvider>),
    place: &Place,
) -> Result<RecordBatch, DataFusionError> {
    let context = quiet_context(place);
    context.register_table(format!("new_{}", lower.0.name), lower.1)?;
    rows_of(&context, table, sql).await
}

/// A context in which one thread works: others decode meanwhile.
fn quiet_context(place: &Place) -> SessionContext {
    let context = context();
    context
        .state_ref()
        .write()
        .config_mut()
        .options_mut()
        .execution
        .target_partitions = 1;
    place.register(&context);
    context
}

/// The rows of a query, in the schema of the table.
async fn rows_of(
    context: &SessionContext,
    table: &'static Table,
    sql: &str,
) -> Result<RecordBatch, DataFusionError> {
    let batches = context.sql(sql).await?.collect().await?;
    let schema = table.arrow();
    let rows = batches
        .iter()
        .map(|batch| {
            let columns = schema
                .fields()
                .iter()
                .map(|field| {
                    let index = batch.schema().index_of(field.name())?;
                    cast(batch.column(index), field.data_type())
                })
                .collect::<Result<Vec<_>, _>>()?;
            RecordBatch::try_new(schema.clone(), columns)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &rows)?)
}
