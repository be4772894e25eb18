//! How the tests run an ingest and look at a store: the library as the command line drives it, without
//! its clock.
//!
//! Enters: directories, paths, a store double. Leaves: summaries, and rows as text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt as _;
use keytrail::catalog::Library;
use keytrail::decode::Limits;
use keytrail::ingest::{self, Progress, Retain, Retained, RunOptions, Span, Summary};
use keytrail::schema::TABLES;
use keytrail::source::{self, Source};
use keytrail::sql::Session;
use keytrail::store::{Compaction, Pins, Place, Store, StoreError};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tempfile::TempDir;

use super::corpus::Corpus;
use super::store_double::FaultStore;

/// 2026-03-15T00:00:00Z, when all runs of these tests begin.
const STARTED_AT: i64 = 1_773_532_800_000_000;

/// A tree of logs and an empty directory for a store.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) corpus: Corpus,
    pub(crate) logs: Vec<PathBuf>,
    root: TempDir,
    stores: u32,
}

impl Bench {
    pub(crate) fn new(corpus: Corpus) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let logs = corpus.write(&root.path().join("logs"));
        Self {
            corpus,
            logs,
            root,
            stores: 0,
        }
    }

    /// The directory of everything.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// A new empty directory.
    pub(crate) fn new_store(&mut self) -> PathBuf {
        self.stores += 1;
        let path = self.root.path().join(format!("store-{}", self.stores));
        std::fs::create_dir(&path).expect("a new directory");
        path
    }

    /// The paths of some files.
    pub(crate) fn paths(&self, files: &[usize]) -> Vec<PathBuf> {
        files
            .iter()
            .map(|&number| self.logs[number].clone())
            .collect()
    }
}

/// Runs a future to its end on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Opens the store, creating it if needed, through a store double.
pub(crate) async fn create(directory: &Path, double: &FaultStore) -> Result<Store, StoreError> {
    let place = Place::directory_on(directory, Arc::new(double.clone()))?;
    Box::pin(Store::create(place)).await
}

/// Opens the store, creating it if needed, and ingests, through a store double.
pub(crate) async fn ingest(
    directory: &Path,
    double: &FaultStore,
    paths: &[PathBuf],
) -> anyhow::Result<Summary> {
    ingest_from(directory, double, &source::Files, paths).await
}

/// The same, reading the logs through a double too.
pub(crate) async fn ingest_from(
    directory: &Path,
    double: &FaultStore,
    logs: &dyn Source,
    paths: &[PathBuf],
) -> anyhow::Result<Summary> {
    ingest_into(&create(directory, double).await?, logs, paths).await
}

/// The same, into a store that is open.
pub(crate) async fn ingest_into(
    store: &Store,
    logs: &dyn Source,
    paths: &[PathBuf],
) -> anyhow::Result<Summary> {
    ingest_with(store, logs, paths, &Arc::new(Library::embedded()?)).await
}

/// The same, with other options.
pub(crate) async fn ingest_changed(
    store: &Store,
    logs: &dyn Source,
    paths: &[PathBuf],
    change: impl FnOnce(&mut RunOptions),
) -> anyhow::Result<Summary> {
    let mut options = options();
    change(&mut options);
    run(
        store,
        logs,
        paths,
        &Arc::new(Library::embedded()?),
        &options,
    )
    .await
}

/// The same, with other queries of the roll-ups.
pub(crate) async fn ingest_with(
    store: &Store,
    logs: &dyn Source,
    paths: &[PathBuf],
    library: &Arc<Library>,
) -> anyhow::Result<Summary> {
    run(store, logs, paths, library, &options()).await
}

fn options() -> RunOptions {
    RunOptions {
        limits: Limits::default(),
        hashing: ingest::Hashing::WithDigests,
        threads: 2,
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: STARTED_AT,
        sources: Vec::new(),
        input: None,
        stop: Arc::default(),
    }
}

async fn run(
    store: &Store,
    logs: &dyn Source,
    paths: &[PathBuf],
    library: &Arc<Library>,
    options: &RunOptions,
) -> anyhow::Result<Summary> {
    let listing = source::list(paths);
    let progress = Progress::default();
    let now = || STARTED_AT;
    let run = ingest::run(store, library, logs, listing, options, &progress, &now);
    let summary = Box::pin(run).await?;
    assert!(summary.is_conserved(), "{summary:?}");
    Ok(summary)
}

/// What to keep; other than by default, nothing is said.
pub(crate) fn keeping(events: Option<Span>, holds: &[&str]) -> Retain {
    Retain {
        events,
        usage: None,
        holds: holds
            .iter()
            .map(|key| (key.to_string(), key.to_string()))
            .collect(),
        releases: Vec::new(),
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: STARTED_AT,
    }
}

/// Gives up what is old, through a store double.
pub(crate) async fn retain(
    directory: &Path,
    double: &FaultStore,
    options: &Retain,
) -> anyhow::Result<Retained> {
    let store = create(directory, double).await?;
    let library = Arc::new(Library::embedded()?);
    let run = ingest::retain(&store, &library, options, &|| STARTED_AT);
    Ok(Box::pin(run).await?)
}

/// Merges the small files of all tables, through a store double.
pub(crate) async fn compact(directory: &Path, double: &FaultStore) -> Result<(), StoreError> {
    let place = Place::directory_on(directory, Arc::new(double.clone()))?;
    let store = Box::pin(Store::open(place)).await?;
    for table in TABLES {
        Box::pin(store.compact(table, Compaction::Whole, STARTED_AT / 1000)).await?;
    }
    Ok(())
}

/// Ingests with nothing in the way.
pub(crate) async fn ingest_soundly(directory: &Path, paths: &[PathBuf]) -> Summary {
    let double = FaultStore::new(super::store_double::Fault::None);
    ingest(directory, &double, paths)
        .await
        .expect("a sound run")
}

/// A store as a reader sees it.
pub(crate) struct Reader {
    pub(crate) session: Session,
    pub(crate) pins: Pins,
}

impl Reader {
    pub(crate) async fn open(directory: &Path) -> anyhow::Result<Self> {
        Self::of(Place::directory(directory)?).await
    }

    pub(crate) async fn of(place: Place) -> anyhow::Result<Self> {
        let store = Box::pin(Store::open(place)).await?;
        let library = Arc::new(Library::embedded()?);
        let pins = store.pin().await?;
        let session = Box::pin(Session::open(&pins, &library)).await?;
        Ok(Self { session, pins })
    }

    /// The rows of a relation.
    pub(crate) async fn batches(&self, relation: &str) -> Vec<RecordBatch> {
        let sql = format!("SELECT * FROM {relation}");
        let stream = self.session.query(&sql).await.expect("a relation");
        stream.try_collect().await.expect("rows")
    }

    /// The rows of a relation, as text.
    pub(crate) async fn rows(&self, relation: &str) -> Vec<Row> {
        let batches = self.batches(relation).await;
        batches.iter().flat_map(text_rows).collect()
    }
}

/// A session over the store in a directory, as it is now.
pub(crate) async fn session_over(directory: &Path) -> Session {
    let store = Store::open(Place::directory(directory).expect("a directory")).await;
    let pins = store.expect("a store").pin().await.expect("all tables");
    let library = Arc::new(Library::embedded().expect("queries"));
    let session = Box::pin(Session::open(&pins, &library)).await;
    session.expect("a session")
}

/// The rows of a statement as text, in order.
pub(crate) async fn rows_of(session: &Session, sql: &str) -> Vec<Row> {
    let stream = session.query(sql).await.expect("a statement");
    let batches: Vec<RecordBatch> = stream.try_collect().await.expect("rows");
    let mut rows: Vec<Row> = batches.iter().flat_map(text_rows).collect();
    rows.sort();
    rows
}

/// The values of a row as text, by column. A list has its elements on lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row(BTreeMap<String, Option<String>>);

impl Row {
    /// The value of a column.
    pub(crate) fn get(&self, column: &str) -> Option<&str> {
        self.0
            .get(column)
            .expect("a column of the relation")
            .as_deref()
    }

    /// The value of a column that always has one.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.get(column).expect("a value")
    }

    pub(crate) fn owned(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }

    pub(crate) fn number(&self, column: &str) -> u64 {
        self.text(column).parse().expect("a number")
    }

    /// The row without some columns.
    pub(crate) fn without(mut self, columns: &[&str]) -> Self {
        for column in columns {
            assert!(self.0.remove(*column).is_some(), "no column {column}");
        }
        self
    }
}

/// The rows of a batch, as text.
pub(crate) fn text_rows(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::new();
    let mut rows = vec![BTreeMap::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let shown = ArrayFormatter::try_new(column.as_ref(), &options).expect("a type to show");
        for (number, row) in rows.iter_mut().enumerate() {
            let value = column.is_valid(number).then(|| match column.data_type() {
                DataType::List(_) => {
                    let elements = column.as_list::<i32>().value(number);
                    let texts = elements.as_string::<i32>().iter().flatten();
                    texts.collect::<Vec<_>>().join("\n")
                }
                _ => shown.value(number).to_string(),
            });
            row.insert(field.name().clone(), value);
        }
    }
    rows.into_iter().map(Row).collect()
}

/// All files below a directory, with their sizes.
pub(crate) fn tree(directory: &Path) -> BTreeMap<PathBuf, u64> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.expect("a readable directory"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let size = entry.metadata().expect("a file").len();
            let path = entry.path().strip_prefix(directory).expect("below it");
            (path.to_path_buf(), size)
        })
        .collect()
}

/// Copies all files of a directory into another.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    for path in tree(from).into_keys() {
        let copy = to.join(&path);
        std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from.join(&path), copy).expect("a copy");
    }
}

/// Rewrites the declarations of all tables so that every `interval`th commit makes a checkpoint.
pub(crate) fn set_checkpoint_interval(store: &Path, interval: u32) {
    for path in tree(store).into_keys() {
        if path.ends_with("_delta_log/00000000000000000000.json") {
            let path = store.join(path);
            let text = std::fs::read_to_string(&path).expect("a commit");
            let declared = r#""delta.checkpointInterval":"10""#;
            assert!(text.contains(declared), "{text}");
            let changed = format!(r#""delta.checkpointInterval":"{interval}""#);
            std::fs::write(&path, text.replace(declared, &changed)).expect("a commit");
        }
    }
}

/// Runs what is to hold for some values of a strategy, always the same ones, and tells the smallest for which it does not.
pub(super) fn any_of<S: Strategy>(cases: u32, seed: u64, strategy: &S, run: impl Fn(S::Value)) {
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 30,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(strategy, |value| {
            run(value);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
