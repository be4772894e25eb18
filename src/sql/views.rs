//! Views that are planned when a statement first reads them.
//!
//! Enters: the texts of views, each after those that it reads. Leaves: the schema of a context, in which a view is a name
//! until it is asked for. There are many and a statement reads few, and to plan all took longer than most answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::prelude::SessionContext;
use tokio::sync::OnceCell;
use tracing::{Instrument as _, debug_span};

use super::plain::plainly;
use super::{parsed, view_of};
use crate::catalog::Relation;

/// The catalog and the schema of a context, as the engine calls them.
const CATALOG: &str = "datafusion";
const SCHEMA: &str = "public";

/// The state of the context whose schema this is; the schema must not keep it alive.
type ContextState = Box<dyn Fn() -> Option<SessionState> + Send + Sync>;

/// The schema of a context: its tables, and its views.
pub(super) struct Views {
    tables: MemorySchemaProvider,
    by_name: Mutex<HashMap<String, Arc<View>>>,
    state: ContextState,
}

struct View {
    sql: String,
    is_kept: bool,
    /// How many views were there before it. It reads those alone, so that none reads itself.
    place: usize,
    planned: OnceCell<Arc<dyn TableProvider>>,
}

/// The catalog of a context: that one schema.
#[derive(Debug)]
struct Catalog(Arc<Views>);

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| Arc::clone(&self.0) as Arc<dyn SchemaProvider>)
    }
}

/// Gives a new context a schema that takes views.
pub(super) fn install(context: &SessionContext) {
    let state = context.state_weak_ref();
    let schema = Views {
        tables: MemorySchemaProvider::new(),
        by_name: Mutex::default(),
        state: Box::new(move || state.upgrade().map(|state| state.read().clone())),
    };
    let _empty = context.register_catalog(CATALOG, Arc::new(Catalog(Arc::new(schema))));
}

/// Adds a view, which is planned when it is first read.
pub(crate) fn add_view(context: &SessionContext, view: &Relation<'_>) -> Result<()> {
    let catalog = context.catalog(CATALOG).ok_or_else(no_schema)?;
    let schema = catalog.schema(SCHEMA).ok_or_else(no_schema)?;
    let schema = schema.downcast_ref::<Views>().ok_or_else(no_schema)?;
    let mut views = schema.views();
    let place = views.len();
    let view_made = View {
        sql: view.sql.to_owned(),
        is_kept: view.is_kept,
        place,
        planned: OnceCell::new(),
    };
    views.insert(view.name.to_owned(), Arc::new(view_made));
    Ok(())
}

fn no_schema() -> DataFusionError {
    DataFusionError::Internal(format!("the context has no schema {CATALOG}.{SCHEMA}"))
}

impl Views {
    fn views(&self) -> MutexGuard<'_, HashMap<String, Arc<View>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn planned(&self, view: &View) -> Result<Arc<dyn TableProvider>> {
        let state = (self.state)().ok_or_else(no_schema)?;
        let statement = parsed(&state, &view.sql)?;
        for read in state.resolve_table_references(&statement)? {
            let is_later = self
                .views()
                .get(read.table())
                .is_some_and(|other| other.place >= view.place);
            if is_later {
                let name = read.table();
                return Err(DataFusionError::Plan(format!("table '{name}' not found")));
            }
        }
        let plan = state.statement_to_plan(statement).await?;
        Ok(view_of(plan, &view.sql, view.is_kept))
    }
}

#[async_trait]
impl SchemaProvider for Views {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.tables.table_names();
        names.extend(self.views().keys().cloned());
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.tables.table(name).await? {
            return Ok(Some(table));
        }
        let Some(view) = self.views().get(name).cloned() else {
            return Ok(None);
        };
        let planned = view.planned.get_or_try_init(|| {
            Box::pin(self.planned(&view)).instrument(debug_span!("plan", view = name))
        });
        match planned.await {
            Ok(table) => Ok(Some(Arc::clone(table))),
            Err(source) => Err(cannot_be_made(name, &source)),
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        if self.views().contains_key(name) {
            return Ok(Some(TableType::View));
        }
        self.tables.table_type(name).await
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.views().remove(name);
        self.tables.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table_exist(name) || self.views().contains_key(name)
    }
}

/// Which view is at fault; one that only reads a faulty one is not.
fn cannot_be_made(view: &str, source: &DataFusionError) -> DataFusionError {
    let told = plainly(source);
    if told.starts_with("view `") {
        return DataFusionError::Plan(told);
    }
    DataFusionError::Plan(format!("view `{view}` cannot be made: {told}"))
}

impl fmt::Debug for Views {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Views")
            .field("names", &self.table_names())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Relation;
    use crate::sql::{add_view, context, frame, plainly};

    /// The number of rows of a statement over views, or what is wrong.
    async fn run(views: &[(&str, &str)], sql: &str) -> Result<usize, String> {
        let context = context();
        for &(name, sql) in views {
            let view = Relation {
                name,
                sql,
                is_kept: false,
            };
            add_view(&context, &view).expect("a view");
        }
        let frame = frame(&context, sql).await;
        let frame = frame.map_err(|error| plainly(&error))?;
        frame.count().await.map_err(|error| plainly(&error))
    }

    #[tokio::test]
    async fn a_view_reads_those_before_it_and_no_other() {
        let views = [
            ("one", "SELECT 1 AS x"),
            ("two", "SELECT x FROM one UNION ALL SELECT 2"),
            ("early", "SELECT * FROM late"),
            ("late", "SELECT 1 AS x"),
            ("circle", "SELECT * FROM circle"),
            ("broken", "SELECT nope FROM one"),
            ("above", "SELECT * FROM broken"),
            // A common table expression is no view.
            ("own", "WITH own AS (SELECT 1 AS x) SELECT * FROM own"),
        ];
        assert_eq!(run(&views, "SELECT * FROM two").await, Ok(2));
        assert_eq!(run(&views, "SELECT * FROM own").await, Ok(1));
        let fault = |view: &str, why: &str| Err(format!("view `{view}` cannot be made: {why}"));
        for (name, expected) in [
            ("early", fault("early", "table 'late' not found")),
            ("circle", fault("circle", "table 'circle' not found")),
        ] {
            assert_eq!(
                run(&views, &format!("SELECT * FROM {name}")).await,
                expected
            );
        }
        for name in ["broken", "above"] {
            let told = run(&views, &format!("SELECT * FROM {name}")).await;
            let told = told.expect_err("it cannot be made");
            assert!(told.starts_with("view `broken` cannot be made: "), "{told}");
        }
        // What is not read is not planned.
        assert_eq!(run(&views, "SELECT 1").await, Ok(1));
    }
}
