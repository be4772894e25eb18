//! The steps of ingest, each alone: inflate, split, decode, encode, commit.

#[expect(dead_code, reason = "the command writes trees of every kind")]
#[path = "corpus/mod.rs"]
mod corpus;

use std::io::Read as _;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use corpus::render::Source;
use corpus::shelf;
use corpus::tree::Texts;
use corpus::world::Sizes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use keytrail::decode::{Decoder, Input, Limits, ObjectId, Rows};
use keytrail::schema::KMS_EVENTS;
use keytrail::store::{
    self, Appended, DurableFileSystem, INGEST, Place, Stamp, Store, Transaction, stamp,
};
use libdeflater::Decompressor;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Records of an object.
const RECORDS: u64 = 1500;
/// 2026-03-15T00:00:00Z.
const NOW_MILLIS: i64 = 1_773_532_800_000;

fn inflate(criterion: &mut Criterion) {
    let text = object(RECORDS, 20);
    let gzip = gzip(&text);
    let mut group = criterion.benchmark_group("inflate");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut inflater = Decompressor::new();
    let mut buffer = vec![0; text.len()];
    group.bench_function("libdeflate", |bencher| {
        bencher.iter(|| {
            inflater
                .gzip_decompress(&gzip, &mut buffer)
                .expect("it is gzip")
        });
    });
    group.bench_function("zlib-rs, as a stream", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let mut reader = flate2::read::MultiGzDecoder::new(gzip.as_slice());
            reader.read_to_end(&mut buffer).expect("it is gzip")
        });
    });
    group.finish();
}

/// Plain text without a KMS event is split and looked at, and no more.
fn split(criterion: &mut Criterion) {
    let text = object(RECORDS, 0);
    let mut decoder = Decoder::new(Limits::default());
    let mut group = criterion.benchmark_group("split");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("no KMS events", |bencher| {
        bencher.iter(|| decode_one(&mut decoder, Input::Whole(&text)));
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let mut decoder = Decoder::new(Limits::default());
    let mut group = criterion.benchmark_group("decode");
    for percent in [1, 20, 100] {
        let text = object(RECORDS, percent);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{percent} % KMS events"), |bencher| {
            bencher.iter(|| decode_one(&mut decoder, Input::Whole(&text)));
        });
        let gzip = gzip(&text);
        group.bench_function(format!("{percent} % KMS events, gzip"), |bencher| {
            bencher.iter(|| decode_one(&mut decoder, Input::Whole(&gzip)));
        });
        group.bench_function(
            format!("{percent} % KMS events, gzip as a stream"),
            |bencher| {
                bencher.iter(|| {
                    let mut reader = gzip.as_slice();
                    decode_one(
                        &mut Decoder::new(Limits::default()),
                        Input::Stream(&mut reader),
                    )
                });
            },
        );
    }
    group.finish();
}

/// A commit that is not synced costs little beside sorting and encoding what is committed.
fn encode(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let rows = rows(10 * RECORDS);
    let mut group = criterion.benchmark_group("encode");
    group
        .throughput(Throughput::Elements(rows.num_rows() as u64))
        .sample_size(20);
    group.bench_function("sorted Parquet", |bencher| {
        bencher.iter_batched(
            || runtime.block_on(new_store(Arc::new(LocalFileSystem::new()))),
            |(directory, store)| {
                runtime.block_on(append(&store, &rows));
                directory
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// One row, synced.
fn commit(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let rows = rows(1);
    let mut group = criterion.benchmark_group("commit");
    group.sample_size(20);
    group.bench_function("one row on disk", |bencher| {
        bencher.iter_batched(
            || runtime.block_on(new_store(Arc::new(DurableFileSystem::new()))),
            |(directory, store)| {
                runtime.block_on(append(&store, &rows));
                directory
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// An object of so many records, of which about so many in a hundred are KMS events.
fn object(records: u64, kms_percent: u64) -> Vec<u8> {
    let source = Source::new(Sizes::one_object(records, kms_percent));
    Texts::of(&source, 0).log
}

fn gzip(text: &[u8]) -> Vec<u8> {
    shelf::gzip(text, Compression::default()).expect("memory takes all")
}

fn decode_one(decoder: &mut Decoder, input: Input<'_>) -> Vec<Rows> {
    let id = ObjectId {
        object_id: "0123456789abcdef",
        path_kind: None,
        is_dated: true,
    };
    let mut all = Vec::new();
    let report = decoder
        .decode(id, input, &mut |rows| {
            all.push(rows);
            Ok::<_, ArrowError>(())
        })
        .expect("columns can be built");
    assert!(report.is_conserved(), "every record is accounted for");
    all.push(decoder.take().expect("columns can be built"));
    all
}

/// So many rows of KMS events.
fn rows(count: u64) -> RecordBatch {
    let text = object(count, 100);
    let decoded = decode_one(&mut Decoder::new(Limits::default()), Input::Whole(&text));
    let batches: Vec<RecordBatch> = decoded.into_iter().map(|rows| rows.kms).collect();
    let rows = arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("one schema");
    let common = Stamp {
        ingest_seq: 1,
        batch_id: "bench",
        ingest_time: NOW_MILLIS * 1000,
    };
    stamp(&KMS_EVENTS, &rows, common, &[]).expect("all columns are there")
}

/// A store in a directory of its own, which goes when it is dropped.
async fn new_store(root: Arc<dyn ObjectStore>) -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let place = Place::directory_on(directory.path(), root).expect("it is one");
    let store = Store::create(place).await.expect("nothing is there");
    (directory, store)
}

async fn append(store: &Store, rows: &RecordBatch) {
    let snapshot = store.snapshot(&KMS_EVENTS).await.expect("a table");
    let transaction = Transaction {
        app_id: INGEST,
        version: 1,
    };
    let appended = store
        .append(
            &snapshot,
            store::CommitRows::all(std::slice::from_ref(rows)),
            Some(transaction),
            "bench",
            NOW_MILLIS,
        )
        .await;
    assert!(
        matches!(appended, Ok(Appended::Done { .. })),
        "{appended:?}"
    );
}

criterion_group!(benches, inflate, split, decode, encode, commit);
criterion_main!(benches);
