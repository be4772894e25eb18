//! Every report over a small store, in one session.

#[expect(dead_code, reason = "the command writes trees of every kind")]
#[path = "corpus/mod.rs"]
mod corpus;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use corpus::tree;
use corpus::world::{Sizes, World};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::TryStreamExt as _;
use keytrail::catalog::{Library, ParameterKind, Query};
use keytrail::decode::Limits;
use keytrail::ingest::{self, Progress, RunOptions};
use keytrail::report::{self, Request};
use keytrail::source;
use keytrail::sql::Session;
use keytrail::store::{Place, Store};
use tokio::runtime::Runtime;

/// Calls of KMS in the store.
const EVENTS: u64 = 30_000;
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
            .map(|parameter| {
                (
                    parameter.name.clone(),
                    World::new(sizes()).keys[0].arn.clone(),
                )
            })
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
    let truth = tree::write(&logs, sizes(), 6, 2).expect("a new directory");
    let place = Place::create_directory(&store).expect("a new directory");
    let store = Store::create(place).await.expect("nothing is there");
    let count = truth.count("kms_events");
    fill(&store, library, logs.join("AWSLogs"), count).await;
    let pins = store.pin().await.expect("all tables");
    Session::open(&pins, library).await.expect("a session")
}

/// Two accounts and regions; traffic as in real logs.
fn sizes() -> Sizes {
    Sizes {
        events_per_object: 1500,
        accounts: 2,
        regions: 2,
        keys: 200,
        is_flat: false,
        is_plain: false,
        ..Sizes::one_object(EVENTS, 100)
    }
}

async fn fill(store: &Store, library: &Arc<Library>, logs: PathBuf, events: u64) {
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
        library,
        &source::Files,
        source::list(&[logs]),
        &options,
        &Progress::default(),
        &|| NOW_MICROS,
    )
    .await
    .expect("an ingest");
    assert_eq!(summary.rows_written, events);
}

criterion_group!(benches, reports);
criterion_main!(benches);
