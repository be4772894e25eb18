//! Views that are read and planned when a statement first names them.
//!
//! Enters: the views of a library. Leaves: the schema of a context, in which a view is a name until it is asked for. There
//! are many and a statement reads few, and to plan all took longer than most answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use tokio::sync::OnceCell;
use tracing::{Instrument as _, debug_span};

use super::kept::KeptView;
use super::plain::plainly;
use super::settled::{self, DayStates};
use super::{parsed, view_of};
use crate::catalog::{Library, Relation};

/// The catalog and the schema of a context, as the engine calls them.
const CATALOG: &str = "datafusion";
const SCHEMA: &str = "public";

/// The state of the context whose schema this is; the schema must not keep it alive.
type ContextState = Box<dyn Fn() -> Option<SessionState> + Send + Sync>;

/// The view that computes the facts of records. Whatever is asked reads it, and mostly it has those of two days.
pub(super) const COMPUTED_FACTS: &str = "computed_uses";
/// Records at most whose facts a session keeps, instead of computing them for each question.
const COMPUTED_KEPT_MAX: u64 = 200_000;

/// The schema of a context: its tables, and its views.
pub(super) struct Views {
    tables: MemorySchemaProvider,
    library: OnceLock<Arc<Library>>,
    /// The views that were named.
    by_name: Mutex<BTreeMap<String, Arc<View>>>,
    state: ContextState,
    /// The days that views may ask for.
    settled: Arc<DayStates>,
}

/// A view that was named.
struct View {
    sql: String,
    is_kept: bool,
    statement: Statement,
    /// The views that it reads itself.
    reads: BTreeSet<String>,
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
        library: OnceLock::new(),
        by_name: Mutex::default(),
        state: Box::new(move || state.upgrade().map(|state| state.read().clone())),
        settled: DayStates::install(context),
    };
    let _empty = context.register_catalog(CATALOG, Arc::new(Catalog(Arc::new(schema))));
}

/// The days that the views of a context may ask for.
pub(super) fn settled(context: &SessionContext) -> Result<Arc<DayStates>> {
    let schema = schema(context)?;
    let views = schema.downcast_ref::<Views>().ok_or_else(no_schema)?;
    Ok(Arc::clone(&views.settled))
}

fn schema(context: &SessionContext) -> Result<Arc<dyn SchemaProvider>> {
    let catalog = context.catalog(CATALOG).ok_or_else(no_schema)?;
    catalog.schema(SCHEMA).ok_or_else(no_schema)
}

/// Adds the views of a library to a context that has none; each is planned when it is first read.
pub(crate) fn add_views(context: &SessionContext, library: &Arc<Library>) -> Result<()> {
    let schema = schema(context)?;
    let schema = schema.downcast_ref::<Views>().ok_or_else(no_schema)?;
    let added = schema.library.set(Arc::clone(library));
    added.map_err(|_library| DataFusionError::Internal("the context has views".to_owned()))
}

fn no_schema() -> DataFusionError {
    DataFusionError::Internal(format!("the context has no schema {CATALOG}.{SCHEMA}"))
}

/// # Errors
/// If the statement of a view is anything but a query.
pub(super) fn only_a_query(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(inner) if matches!(**inner, ast::Statement::Query(_)) => Ok(()),
        _ => Err(DataFusionError::Plan(
            "it is no query: a view is one SELECT statement".to_owned(),
        )),
    }
}

impl Views {
    fn named(&self) -> MutexGuard<'_, BTreeMap<String, Arc<View>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_view(&self, name: &str) -> bool {
        let library = self.library.get();
        library.is_some_and(|library| library.has_view(name))
    }

    /// The view of that name, read if it was not yet.
    fn view(&self, name: &str) -> Result<Option<Arc<View>>> {
        if let Some(view) = self.named().get(name) {
            return Ok(Some(Arc::clone(view)));
        }
        let Some(library) = self.library.get() else {
            return Ok(None);
        };
        let query = library.readable_view(name);
        let query = query.map_err(|fault| DataFusionError::Plan(fault.to_string()))?;
        let Some(query) = query else {
            return Ok(None);
        };
        let state = (self.state)().ok_or_else(no_schema)?;
        let statement = parsed(&state, &query.sql)?;
        only_a_query(&statement)?;
        let read = state.resolve_table_references(&statement)?;
        let read = read.iter().map(TableReference::table);
        let reads = read.filter(|read| self.has_view(read) && !self.tables.table_exist(read));
        let view = Arc::new(View {
            sql: query.sql.clone(),
            is_kept: query.kept.is_some(),
            reads: reads.map(str::to_owned).collect(),
            statement,
            planned: OnceCell::new(),
        });
        let mut named = self.named();
        let view = named.entry(name.to_owned()).or_insert(view);
        Ok(Some(Arc::clone(view)))
    }

    /// # Errors
    /// If the view reads itself, through others or not: it would wait for itself.
    fn no_circle(&self, name: &str, view: &Arc<View>) -> Result<()> {
        // Each view that it reads, with the one through which it was found.
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut waiting = VecDeque::from([(name.to_owned(), Arc::clone(view))]);
        while let Some((reader, view)) = waiting.pop_front() {
            for read in &view.reads {
                if read == name {
                    return Err(DataFusionError::Plan(reads_itself(name, &reader, &found)));
                }
                if found.contains_key(read) {
                    continue;
                }
                found.insert(read.clone(), reader.clone());
                // What is wrong with another view is said when it is planned.
                if let Ok(Some(view)) = self.view(read) {
                    waiting.push_back((read.clone(), view));
                }
            }
        }
        Ok(())
    }

    async fn planned(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(view) = self.view(name)? else {
            return Ok(None);
        };
        if !view.planned.initialized() {
            self.no_circle(name, &view)?;
        }
        let planned = view.planned.get_or_try_init(|| {
            Box::pin(self.plan(name, &view)).instrument(debug_span!("plan", view = name))
        });
        planned.await.map(|table| Some(Arc::clone(table)))
    }

    async fn plan(&self, name: &str, view: &View) -> Result<Arc<dyn TableProvider>> {
        let state = (self.state)().ok_or_else(no_schema)?;
        if view.sql.contains(settled::FUNCTION) {
            self.settled.days(&state).await?;
        }
        let plan = state.statement_to_plan(view.statement.clone()).await?;
        let mut is_kept = view.is_kept;
        if name == COMPUTED_FACTS {
            if self.settled.are_all_stored(&state).await? {
                return Ok(Arc::new(KeptView::empty(name, plan)?));
            }
            is_kept |= self.settled.computed_records(&state).await? <= COMPUTED_KEPT_MAX;
        }
        let view = Relation {
            name,
            sql: &view.sql,
            is_kept,
        };
        Ok(view_of(plan, &view))
    }
}

#[async_trait]
impl SchemaProvider for Views {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.tables.table_names();
        let views = self.library.get().into_iter();
        names.extend(views.flat_map(|library| library.view_names().map(str::to_owned)));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.tables.table(name).await? {
            return Ok(Some(table));
        }
        let planned = self.planned(name).await;
        planned.map_err(|source| cannot_be_made(name, &source))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        match self.tables.table_type(name).await? {
            None if self.has_view(name) => Ok(Some(TableType::View)),
            known => Ok(known),
        }
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table_exist(name) || self.has_view(name)
    }
}

/// Why a view cannot be made that the last one of these reads.
fn reads_itself(name: &str, last: &str, found: &BTreeMap<String, String>) -> String {
    let mut through = Vec::new();
    let mut reader = Some(last);
    while let Some(view) = reader.filter(|view| *view != name) {
        through.push(format!("`{view}`"));
        reader = found.get(view).map(String::as_str);
    }
    through.reverse();
    match through.as_slice() {
        [] => "it reads itself".to_owned(),
        through => format!("it reads itself through {}", through.join(", ")),
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
    use std::sync::Arc;

    use crate::catalog::Library;
    use crate::sql::{add_views, context, frame, plainly};

    /// The number of rows of a statement over views, or what is wrong.
    async fn run(views: &[(&str, &str)], sql: &str) -> Result<usize, String> {
        let mut library = Library::default();
        for &(name, sql) in views {
            let text = format!("-- id: {name}\n-- title: t\n-- description: d\n{sql}");
            let taken = library.add(&format!("views/{name}.sql"), &text);
            assert!(taken.expect("a view"), "{name}");
        }
        let context = context();
        add_views(&context, &Arc::new(library)).expect("no views yet");
        let frame = frame(&context, sql).await;
        let frame = frame.map_err(|error| plainly(&error))?;
        frame.count().await.map_err(|error| plainly(&error))
    }

    const VIEWS: [(&str, &str); 9] = [
        ("one", "SELECT 1 AS x"),
        ("two", "SELECT x FROM one UNION ALL SELECT x FROM zero"),
        ("zero", "SELECT 0 AS x"),
        ("itself", "SELECT * FROM itself"),
        ("first", "SELECT * FROM second JOIN one USING (x)"),
        ("second", "SELECT * FROM first"),
        ("broken", "SELECT nope FROM one"),
        ("writes", "DROP TABLE one"),
        // A common table expression is no view.
        ("own", "WITH own AS (SELECT 1 AS x) SELECT * FROM own"),
    ];

    #[tokio::test]
    async fn a_view_reads_others_wherever_they_are() {
        assert_eq!(run(&VIEWS, "SELECT * FROM two").await, Ok(2));
        assert_eq!(run(&VIEWS, "SELECT * FROM own").await, Ok(1));
        // What is not read is not planned.
        assert_eq!(run(&VIEWS, "SELECT 1").await, Ok(1));
    }

    #[tokio::test]
    async fn a_view_that_cannot_be_made_is_named() {
        #[track_caller]
        fn check(found: Result<usize, String>, view: &str, why: &str) {
            let said = found.expect_err("it cannot be made");
            let expected = format!("view `{view}` cannot be made: {why}");
            assert!(said.starts_with(&expected), "{said}");
        }
        let all_of = |name: &str| format!("SELECT * FROM {name}");
        for (name, why) in [
            ("itself", "it reads itself"),
            ("first", "it reads itself through `second`"),
            ("second", "it reads itself through `first`"),
            ("broken", ""),
            ("writes", "it is no query: a view is one SELECT statement"),
        ] {
            let sql = all_of(name);
            check(run(&VIEWS, &sql).await, name, why);
            // What only reads it is not at fault.
            let above = [&VIEWS[..], &[("above", sql.as_str())]].concat();
            check(run(&above, "SELECT * FROM above").await, name, why);
        }
    }
}
