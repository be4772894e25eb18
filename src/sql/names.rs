//! The names that can be in a statement: relations, their columns, functions.

use std::collections::BTreeSet;

use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;

use super::{Session, SqlError};

impl Session {
    /// All tables and views, sorted.
    #[must_use]
    pub fn relations(&self) -> Vec<String> {
        let mut names: Vec<String> = (self.context.catalog_names().iter())
            .filter_map(|name| self.context.catalog(name)?.schema("public"))
            .flat_map(|schema| schema.table_names())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The columns of a table or view, by its exact name.
    ///
    /// # Errors
    /// [`SqlError::Statement`] where there is none of that name.
    pub async fn columns(&self, relation: &str) -> Result<SchemaRef, SqlError> {
        let wrong = |source: DataFusionError| SqlError::Statement(Box::new(source));
        let name = datafusion::common::TableReference::bare(relation);
        let provider = self.context.table_provider(name).await.map_err(wrong)?;
        Ok(provider.schema())
    }

    /// All functions, sorted.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        let state = self.context.state();
        let names: BTreeSet<String> = (state.scalar_functions().keys())
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .collect();
        names.into_iter().collect()
    }
}
