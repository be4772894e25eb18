//! What a statement reads itself.

use std::collections::BTreeSet;

use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

/// The tables, views and scopes that a statement reads itself, not through others.
pub(super) fn relations(
    context: &SessionContext,
    sql: &str,
) -> Result<BTreeSet<String>, DataFusionError> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect)?;
    let references = state.resolve_table_references(&statement)?;
    Ok(references
        .iter()
        .map(|reference| reference.table().to_owned())
        .collect())
}
