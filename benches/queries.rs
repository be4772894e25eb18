//! Every report over a small store, in one session.

mod logs;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use futures::TryStreamExt as _;
use keytrail::catalog::Relation;
use keytrail::catalog::{Library, ParameterKind, Query};
use keytrail::decode::Limits;
use keytrail::ingest::{self, Progress, RunOptions};
use keytrail::report::{self, Request};
use keytrail::schema::ROLLUPS;
use keytrail::source;
use keytrail::sql::Session;
use keytrail::store::{Place, Store};
use tokio::runtime::Runtime;

/// Objects of the store, and records of each.
const OBJECTS: usize = 20;
const RECORDS: usize = 1500;
/// 2026-03-15T00:00:00Z.
const NOW_MICROS: i64 = 1_773_532_800_000_000;

fn reports(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let root = tempfile::tempdir().expect("a directory");
    let library = Arc::new(Library::embedded().expect("the queries are sound"));
    let session = runtime.block_on(Box::pin(session(root.path(), &library)));
    let mut group = criterion.benchmark_group("report");
    for query in library.reports() {
        let request = request(query);
        group.bench_function(&query.id, |bencher| {
            bencher
                .iter(|| runtime.block_on(Box::pin(answer(&session, &library, query, &request))));
        });
    }
    group.finish();
}

/// What a report needs, and no more.
fn request(query: &Query) -> Request {
    let keys = query
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterKind::Key);
    Request {
        arguments: keys
            .map(|parameter| (parameter.name.clone(), logs::key()))
            .collect(),
        ..Request::default()
    }
}

async fn answer(session: &Session, library: &Library, query: &Query, request: &Request) -> usize {
    let outcome = report::run(session, library, query, request)
        .await
        .expect("an answer");
    let rows: Vec<_> = outcome.stream.try_collect().await.expect("rows");
    outcome.caveats.collect().await.expect("notes");
    rows.len()
}

/// A session over a store of new events.
async fn session(root: &Path, library: &Arc<Library>) -> Session {
    let (logs, store) = (root.join("logs"), root.join("store"));
    std::fs::create_dir(&logs).expect("a new directory");
    logs::write(&logs, OBJECTS, RECORDS, 100);
    let place = Place::create_directory(&store).expect("a new directory");
    let store = Store::create(place).await.expect("nothing is there");
    fill(&store, library, logs).await;
    let pins = store.pin().await.expect("all tables");
    Session::open(&pins, library).await.expect("a session")
}

async fn fill(store: &Store, library: &Library, logs: PathBuf) {
    let options = RunOptions {
        limits: Limits::default(),
        hashing: ingest::Hashing::WithDigests,
        threads: 2,
        run_id: "bench".to_owned(),
        started_at: NOW_MICROS,
        sources: Vec::new(),
        input: None,
        stop: Arc::default(),
    };
    let summary = ingest::run(
        store,
        &rollups(library),
        &source::Files,
        source::list(&[logs]),
        &options,
        &Progress::default(),
        &|| NOW_MICROS,
    )
    .await
    .expect("an ingest");
    assert_eq!(summary.rows_written, (OBJECTS * RECORDS) as u64);
}

fn rollups(library: &Library) -> Vec<Relation<'_>> {
    ROLLUPS
        .into_iter()
        .filter_map(|table| library.rollup(table.name))
        .map(Relation::from)
        .collect()
}

criterion_group!(benches, reports);
criterion_main!(benches);
