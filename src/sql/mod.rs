//! The one place where a SQL session is made: tables, views, functions.
//!
//! Enters: pinned tables and the texts of views. Leaves: a [`Session`] in which every relation of the
//! store has its public name, and to which nothing can be written.
//!
//! **Architecture invariant:** everything that answers a question goes through here; nothing here
//! knows Delta or a file.

mod cells;
mod functions;
mod kept;
mod names;
mod plain;
mod positions;
mod pushdown;
mod rollup;
mod settled;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use thiserror::Error;
use tracing::trace;

pub use cells::{Cells, TextCells, texts};
use kept::KeptView;
pub(crate) use kept::{keep, without_empty_views};
pub use plain::plainly;
pub use rollup::{add_up, aggregate};
pub use settled::{DayState, LiveDays, RULES};
use settled::{DayStates, Known, TypedNames};
use views::COMPUTED_FACTS;
pub(crate) use views::add_views;

use crate::catalog::{Library, NEW_EVENTS, Relation};
use crate::schema::{
    KEY_USES, KMS_EVENTS, ROLLUPS, SETTLEMENTS, TABLES, Table, USAGE_DAILY, USES_DAILY,
};
pub(crate) use crate::store::KEPT_OPERATIONS;
use crate::store::{
    CHECKED, INGEST, Pins, ROLLUP, Retention, SETTLE, Snapshot, SnapshotProvider, StoreError,
};

/// An error of a session.
#[derive(Debug, Error)]
pub enum SqlError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A view could not be made.
    #[error("view `{view}` cannot be made")]
    View {
        /// The view.
        view: String,
        /// What DataFusion says.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A statement is longer than can be planned.
    #[error(
        "the statement has {operators} operators, and {OPERATORS_MAX} are accepted\n\nhint: one list `IN (…)`, or a \
         join with `VALUES`, asks the same as a long chain"
    )]
    TooLong {
        /// How many it has.
        operators: usize,
    },
    /// A statement is wrong, or not allowed.
    #[error("the statement cannot be run")]
    Statement(#[source] Box<DataFusionError>),
}

/// A session over one consistent state of a store.
pub struct Session {
    context: SessionContext,
    settled: Arc<DayStates>,
}

impl Session {
    /// A session over pinned tables, with the views of a library.
    ///
    /// # Errors
    /// If the store cannot be read. A view is read and planned when a statement first names it.
    pub async fn open(pins: &Pins, library: &Arc<Library>) -> Result<Self, SqlError> {
        Self::open_with(pins, library, LiveDays::Unsettled).await
    }

    /// The same, which computes the facts of some days only.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_with(
        pins: &Pins,
        library: &Arc<Library>,
        live: LiveDays,
    ) -> Result<Self, SqlError> {
        let session = Self::over(pins, library, live).await?;
        let added = add_views(&session.context, library);
        added.map_err(|source| SqlError::Statement(Box::new(source)))?;
        Ok(session)
    }

    /// A session over pinned tables, without a view.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn over_tables(pins: &Pins, library: &Library) -> Result<Self, SqlError> {
        Self::over(pins, library, LiveDays::Unsettled).await
    }

    async fn over(pins: &Pins, library: &Library, live: LiveDays) -> Result<Self, SqlError> {
        let context = context();
        pins.get(&KMS_EVENTS).place().register(&context);
        let (events, usage) = pins.retention()?;
        let by_records = Retention {
            horizon: pins.counted_by_records()?,
            ..Retention::default()
        };
        let retentions = [
            (KMS_EVENTS.name, events),
            (USAGE_DAILY.name, usage),
            (USES_DAILY.name, by_records),
        ];
        register_retentions(&context, &retentions.into());
        let settlements = pins.get(&SETTLEMENTS);
        let known = Known {
            ingested: pins.get(&KMS_EVENTS).transaction(INGEST).await?,
            checked: settlements.transaction(CHECKED).await?,
            settlement: settlements.transaction(SETTLE).await?,
            for_good: pins.days_settled_for_good()?,
        };
        let settled =
            views::settled(&context).map_err(|source| view_error(KEY_USES.name, source))?;
        settled.know(known, live);
        let is_rollup = |table: &Table| ROLLUPS.iter().any(|rollup| rollup.name == table.name);
        let session = Self { context, settled };
        for table in TABLES.iter().filter(|table| !is_rollup(table)) {
            let provider = Arc::new(SnapshotProvider::new(pins.get(table).clone())?);
            session
                .context
                .register_table(relation_of(table), provider)
                .map_err(|source| view_error(table.name, source))?;
        }
        for table in ROLLUPS {
            session.register_rollup(pins, table, library).await?;
        }
        Ok(session)
    }

    /// A session whose facts are those of a table, which counts them.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn over_facts(
        pins: &Pins,
        library: &Arc<Library>,
        facts: Snapshot,
    ) -> Result<Self, SqlError> {
        let session = Self::open(pins, library).await?;
        let facts = Arc::new(SnapshotProvider::new(facts)?);
        let known = session.context.register_table(COMPUTED_FACTS, facts);
        known.map_err(|source| view_error(COMPUTED_FACTS, source))?;
        Ok(session)
    }

    /// The context, for those who bind parameters themselves.
    #[must_use]
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The days that have records, in order, and which of them are settled.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn days(&self) -> Result<&[DayState], SqlError> {
        let days = self.settled.days(&self.context.state()).await;
        days.map_err(|source| SqlError::Statement(Box::new(source)))
    }

    /// A hash of what names mean on each of some days; nothing for a day on which none was typed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn meanings(
        &self,
        typed: &BTreeMap<i32, BTreeSet<String>>,
    ) -> Result<BTreeMap<i32, String>, SqlError> {
        let names = TypedNames::of(&self.context.state()).await;
        let names = names.map_err(|source| SqlError::Statement(Box::new(source)))?;
        let of =
            |(date, typed): (&i32, &BTreeSet<String>)| Some((*date, names.meanings(*date, typed)?));
        Ok(typed.iter().filter_map(of).collect())
    }

    /// Runs one statement that only reads.
    ///
    /// # Errors
    /// If it is wrong, or would do anything but read the store's relations.
    pub async fn query(&self, sql: &str) -> Result<SendableRecordBatchStream, SqlError> {
        let operators = operators(sql);
        if operators > OPERATORS_MAX {
            return Err(SqlError::TooLong { operators });
        }
        let wrong = |source| SqlError::Statement(Box::new(source));
        let frame = frame(&self.context, sql).await.map_err(wrong)?;
        let frame = without_empty_views(frame).await.map_err(wrong)?;
        frame.execute_stream().await.map_err(wrong)
    }

    /// A roll-up under its public name: what is stored, and the tail that no commit has counted yet.
    async fn register_rollup(
        &self,
        pins: &Pins,
        table: &'static Table,
        library: &Library,
    ) -> Result<(), SqlError> {
        let stored = Arc::new(SnapshotProvider::new(pins.get(table).clone())?);
        let counted = pins.get(table).transaction(ROLLUP).await?;
        let ingested = pins.get(&KMS_EVENTS).transaction(INGEST).await?;
        let failed = |source| view_error(table.name, source);
        if counted >= ingested {
            self.context
                .register_table(table.name, stored)
                .map_err(failed)?;
            return Ok(());
        }
        let query = library
            .rollup(table.name)
            .ok_or_else(|| failed(DataFusionError::Plan("it has no query".to_owned())))?;
        let tail = self.tail(&query.sql, counted).await.map_err(failed)?;
        let stored = self
            .context
            .read_table(stored)
            .map_err(failed)?
            .into_unoptimized_plan();
        let plan = LogicalPlanBuilder::from(stored)
            .union(tail)
            .and_then(LogicalPlanBuilder::build)
            .map_err(failed)?;
        self.context
            .register_table(table.name, Arc::new(ViewTable::new(plan, None)))
            .map_err(failed)?;
        Ok(())
    }

    /// The plan of a roll-up over the events after an ingest commit.
    async fn tail(&self, sql: &str, counted: i64) -> Result<LogicalPlan, DataFusionError> {
        let events = self
            .context
            .table(KMS_EVENTS.name)
            .await?
            .filter(col("ingest_seq").gt(lit(ScalarValue::Int64(Some(counted)))))?;
        self.context
            .register_table(NEW_EVENTS, events.into_view())?;
        let plan = planned(&self.context, sql).await;
        self.context.deregister_table(NEW_EVENTS)?;
        plan
    }

    /// Adds a view; what it reads must be there.
    ///
    /// # Errors
    /// What DataFusion says of its statement.
    pub async fn register_view(&self, view: &Relation<'_>) -> Result<(), DataFusionError> {
        if view.sql.contains(settled::FUNCTION) {
            self.settled.days(&self.context.state()).await?;
        }
        register_view(&self.context, view).await
    }
}

/// The name of a table in a session: the views `key_uses` and `uses_daily` have the rows of every day, their tables those
/// of some.
#[must_use]
pub fn relation_of(table: &Table) -> &'static str {
    match table.name {
        name if name == KEY_USES.name => "stored_key_uses",
        name if name == USES_DAILY.name => "stored_uses_daily",
        name => name,
    }
}

/// The most operators of one statement: each may be a level of the tree that is planned, and a stack ends.
pub const OPERATORS_MAX: usize = 1000;

/// How many tokens of a statement join two others: signs, and words as AND or UNION. What is no SQL has none, and is
/// told by whoever plans it.
fn operators(sql: &str) -> usize {
    const WORDS: [&str; 10] = [
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "ILIKE",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "JOIN",
        "WHEN",
    ];
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize();
    let is_operator = |token: &&Token| match token {
        Token::Word(word) => WORDS
            .iter()
            .any(|known| word.value.eq_ignore_ascii_case(known)),
        Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    };
    tokens.map_or(0, |tokens| tokens.iter().filter(is_operator).count())
}

/// A statement as it is to be planned.
fn parsed(state: &SessionState, sql: &str) -> Result<Statement, DataFusionError> {
    let dialect = state.config_options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(sql, &dialect)?;
    let is_aggregate = |name: &str| state.aggregate_functions().contains_key(name);
    positions::resolve(&mut statement, &is_aggregate);
    Ok(statement)
}

/// The plan of a statement: every statement but those of roll-ups comes through here.
#[tracing::instrument(level = "debug", name = "plan", skip_all)]
async fn planned(context: &SessionContext, sql: &str) -> Result<LogicalPlan, DataFusionError> {
    trace!(sql, "planning");
    let state = context.state();
    let statement = parsed(&state, sql)?;
    state.statement_to_plan(statement).await
}

/// A statement that only reads, ready to run.
pub(crate) async fn frame(
    context: &SessionContext,
    sql: &str,
) -> Result<DataFrame, DataFusionError> {
    let plan = planned(context, sql).await?;
    read_only().verify_plan(&plan)?;
    context.execute_logical_plan(plan).await
}

/// Plans a view and adds it to a context.
pub(crate) async fn register_view(
    context: &SessionContext,
    view: &Relation<'_>,
) -> Result<(), DataFusionError> {
    views::only_a_query(&parsed(&context.state(), view.sql)?)?;
    let plan = planned(context, view.sql).await?;
    context.register_table(view.name, view_of(plan, view))?;
    Ok(())
}

/// A view of this plan.
fn view_of(plan: LogicalPlan, view: &Relation<'_>) -> Arc<dyn TableProvider> {
    if view.is_kept {
        Arc::new(KeptView::new(view.name, plan))
    } else {
        Arc::new(ViewTable::new(plan, Some(view.sql.to_owned())))
    }
}

/// Bytes of a relation at most that each thread joins with as a whole, so that the other relation's rows are not sorted
/// out for the threads, which copies them.
const JOINED_BYTES_MAX: u64 = 64 << 20;
/// Bytes of the footers of Parquet files that a session remembers.
const FOOTERS_BYTES_MAX: usize = 256 << 20;

/// An empty context with the functions and settings of every session.
pub(crate) fn context() -> SessionContext {
    let config = SessionConfig::new()
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.reorder_filters", true)
        .set_bool(
            "datafusion.execution.parquet.schema_force_view_types",
            false,
        )
        .set_u64(
            "datafusion.optimizer.hash_join_single_partition_threshold",
            JOINED_BYTES_MAX,
        )
        .set_str("datafusion.execution.time_zone", "UTC");
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_physical_optimizer_rules(pushdown::rules())
        .build();
    let context = SessionContext::new_with_state(state);
    views::install(&context);
    let caches = &context.runtime_env().cache_manager;
    caches
        .get_file_metadata_cache()
        .update_cache_limit(FOOTERS_BYTES_MAX);
    functions::register(&context);
    context
}

/// Tells a context how far back each table keeps its rows.
pub(crate) fn register_retentions(
    context: &SessionContext,
    retentions: &BTreeMap<&'static str, Retention>,
) {
    functions::retention::register(context, retentions);
}

/// No DDL, no DML or COPY, no SET.
pub(crate) fn read_only() -> SQLOptions {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
}

fn view_error(view: &str, source: DataFusionError) -> SqlError {
    SqlError::View {
        view: view.to_owned(),
        source: Box::new(source),
    }
}
