//! Asks a store in process, warm, and says how long that took and what was read for it.
//!
//! In: a store and a question. Out: JSON on one line. A report is run as the command line runs it, with its caveats, in
//! one session that stays open; only the rendering is left out. `files` lists what other engines are to read, and
//! `vacuum` is the command of that name on another day.

mod counting;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::DateTime;
use clap::{Args, Parser, Subcommand};
use futures::TryStreamExt as _;
use keytrail::catalog::Library;
use keytrail::report::{self, LogPeriod, Request, Window};
use keytrail::schema::TABLES;
use keytrail::sql::Session;
use keytrail::store::{Pins, Place, Store};
use serde_json::{Value, json};

use counting::Counting;

const DAY_MILLIS: i64 = 86_400_000;
/// What `keytrail vacuum` keeps by itself: a week.
const KEEP_HOURS: u32 = 168;

/// Asks a store, and says how long that took.
#[derive(Parser)]
#[command(name = "questions")]
struct Arguments {
    /// The store's directory.
    store: PathBuf,
    #[command(subcommand)]
    question: Question,
}

#[derive(Subcommand)]
enum Question {
    /// A named report.
    Report {
        name: String,
        #[arg(long)]
        key: Option<String>,
        #[arg(long)]
        days: Option<String>,
        #[arg(long)]
        principal: Option<String>,
        #[command(flatten)]
        runs: Runs,
    },
    /// A statement.
    Sql {
        statement: String,
        #[command(flatten)]
        runs: Runs,
    },
    /// The live files of every table.
    Files,
    /// Deletes what no reader needs, as if it were so many days later.
    Vacuum {
        #[arg(long, default_value_t = 8)]
        days_ahead: u16,
    },
}

#[derive(Args)]
struct Runs {
    /// How often to ask; the first answer warms up and is not timed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Print the rows of the answer too.
    #[arg(long)]
    answer: bool,
}

/// A store whose reads are counted.
struct Opened {
    store: Store,
    bytes_read: Arc<AtomicU64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let opened = Opened::at(&arguments.store).await?;
    let told = match &arguments.question {
        Question::Report {
            name,
            key,
            days,
            principal,
            runs,
        } => {
            let typed = [("key", key), ("days", days), ("principal", principal)];
            Box::pin(opened.report(name, &typed, runs)).await?
        }
        Question::Sql { statement, runs } => Box::pin(opened.sql(statement, runs)).await?,
        Question::Files => opened.files().await?,
        Question::Vacuum { days_ahead } => opened.vacuum(*days_ahead).await?,
    };
    writeln!(io::stdout().lock(), "{told}")?;
    Ok(())
}

impl Opened {
    async fn at(directory: &Path) -> anyhow::Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let place = Place::directory(directory)?;
        let counting = Counting::new(place.object_store(), bytes_read.clone());
        let store = Store::open(place.through(Arc::new(counting))).await?;
        Ok(Self { store, bytes_read })
    }

    async fn report(
        &self,
        name: &str,
        typed: &[(&str, &Option<String>)],
        runs: &Runs,
    ) -> anyhow::Result<Value> {
        let library = Arc::new(Library::embedded()?);
        let (session, pins) = session(&self.store, &library).await?;
        let time = |micros| DateTime::from_timestamp_micros(micros).context("a time");
        let events = match pins.period()? {
            Some((first, last)) => Some((time(first)?, time(last)?)),
            None => None,
        };
        let logs = LogPeriod::load(&session, events).await?;
        let arguments = typed
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), (*value).clone()?)))
            .collect::<BTreeMap<_, _>>();
        let request = Request {
            window: Window::parse(None, None, logs.end())?,
            arguments,
            logs,
            ..Request::default()
        };
        let query = library.report(name)?;
        self.timed(runs, async || {
            let outcome = report::run(&session, &library, query, &request).await?;
            let rows = outcome.stream.try_collect().await?;
            outcome.caveats.collect().await?;
            Ok(rows)
        })
        .await
    }

    async fn sql(&self, statement: &str, runs: &Runs) -> anyhow::Result<Value> {
        let library = Arc::new(Library::embedded()?);
        let (session, _pins) = session(&self.store, &library).await?;
        self.timed(runs, async || {
            Ok(session.query(statement).await?.try_collect().await?)
        })
        .await
    }

    /// Asks once more than it is told, and leaves the first time out.
    async fn timed(
        &self,
        runs: &Runs,
        ask: impl AsyncFn() -> anyhow::Result<Vec<RecordBatch>>,
    ) -> anyhow::Result<Value> {
        let mut rows = ask().await?;
        let mut seconds = Vec::new();
        let mut bytes = Vec::new();
        for _run in 0..runs.runs {
            let before = self.bytes_read.load(Ordering::Relaxed);
            let start = Instant::now();
            rows = ask().await?;
            seconds.push(start.elapsed().as_secs_f64());
            bytes.push(self.bytes_read.load(Ordering::Relaxed) - before);
        }
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let mut told = json!({"rows": count, "seconds": seconds, "bytes_read": bytes});
        if runs.answer {
            told["answer"] = answer(&rows)?;
        }
        Ok(told)
    }

    async fn files(&self) -> anyhow::Result<Value> {
        let mut tables = serde_json::Map::new();
        for table in TABLES {
            let files = self.store.snapshot(table).await?.files()?;
            let files = files.iter().map(|file| {
                json!({"path": file.path, "partition": file.partition, "bytes": file.size, "rows": file.rows})
            });
            tables.insert(table.name.to_owned(), files.collect());
        }
        Ok(Value::Object(tables))
    }

    async fn vacuum(&self, days_ahead: u16) -> anyhow::Result<Value> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let later = i64::try_from(now)? + i64::from(days_ahead) * DAY_MILLIS;
        let mut tables = serde_json::Map::new();
        for table in TABLES {
            let done = self.store.vacuum(table, KEEP_HOURS, later).await?;
            let told = json!({"files": done.files, "bytes": done.bytes});
            tables.insert(table.name.to_owned(), told);
        }
        Ok(Value::Object(tables))
    }
}

async fn session(store: &Store, library: &Arc<Library>) -> anyhow::Result<(Session, Pins)> {
    let pins = store.pin().await?;
    let session = Session::open(&pins, library).await?;
    Ok((session, pins))
}

/// Rows by the names of their columns, every value as text.
fn answer(batches: &[RecordBatch]) -> anyhow::Result<Value> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let named = schema.fields().iter().zip(&columns);
            let values = named.map(|(field, column)| {
                (field.name().clone(), column.value(row).to_string().into())
            });
            rows.push(Value::Object(values.collect()));
        }
    }
    Ok(Value::Array(rows))
}
