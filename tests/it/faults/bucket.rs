//! Two ingesters on one store in a bucket, each killed at a moment of its own; then a run without faults: the
//! store is exact. And a server that does not heed the condition of a commit.
//!
//! The ingesters are this test binary again, told by their environment what to do; they reach the bucket as
//! the program does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use keytrail::aws::Access;
use keytrail::schema::TABLES;
use keytrail::source;
use keytrail::store::{Compaction, Place, Store};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;

use super::corpus::Corpus;
use super::exact::{Attempts, check_place};
use super::harness::{Bench, block_on, ingest_into};
use super::store_double::{Fault, FaultStore};
use crate::corpus::rng::Rng;
use crate::servers::{Bucket, OWNER, REGION, credentials, seaweed};

const SEEDS: u64 = 12;
const CORPUS: u64 = 21;
const LOGS: &str = "KEYTRAIL_TEST_BUCKET_LOGS";
const STORE: &str = "KEYTRAIL_TEST_BUCKET_STORE";
const ENDPOINT: &str = "KEYTRAIL_TEST_BUCKET_ENDPOINT";
const FAULT: &str = "KEYTRAIL_TEST_BUCKET_FAULT";
/// 2026-03-15T00:00:00Z, in milliseconds: when all runs begin.
const STARTED_MILLIS: i64 = 1_773_532_800_000;

fn clock() -> i64 {
    STARTED_MILLIS * 1000
}

/// The place as the program reaches it: with the credentials of the environment.
async fn place(url: &str, endpoint_url: &str) -> Place {
    let access = Access {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(endpoint_url.to_owned()),
        is_path_style: true,
        ..Access::default()
    };
    Place::bucket(url, &access, clock).await.expect("a place")
}

/// The same for this process, which has none.
async fn place_of(bucket: &Bucket, prefix: &str) -> Place {
    let store = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(REGION)
        .with_access_key_id(OWNER.0)
        .with_secret_access_key(OWNER.1)
        .with_endpoint(&bucket.server.url)
        .with_allow_http(true)
        .build()
        .expect("a client");
    let place = place(&bucket.url(prefix), &bucket.server.url).await;
    place.through(Arc::new(store))
}

#[test]
fn two_ingesters_of_one_bucket_killed_anywhere_leave_the_store_exact() {
    if let Some(logs) = std::env::var_os(LOGS) {
        return be_the_child(Path::new(&logs));
    }
    let bench = Bench::new(Corpus::new(CORPUS));
    let bucket = seaweed().bucket();
    let calls = block_on(async {
        let place = place_of(&bucket, "whole").await;
        let double = FaultStore::over(place.object_store(), Fault::None, Vec::new());
        let place = place.through(Arc::new(double.clone()));
        ingest(place, &bench.logs).await;
        double.calls()
    });
    let mut killed = 0;
    for seed in 1..=SEEDS {
        let prefix = format!("seed-{seed}");
        let mut chance = Rng::new(seed);
        let mut fault = || {
            let moment = ["before", "after"][usize::from(chance.below(2) == 0)];
            format!("{moment} {}", 1 + chance.below(calls))
        };
        let faults = [fault(), fault()];
        let children = faults
            .each_ref()
            .map(|fault| spawn_child(&bench.root().join("logs"), &bucket, &prefix, fault));
        for mut child in children {
            let status = child.wait().expect("a child");
            killed += u64::from(!status.success());
        }
        let hint = format!("seed {seed}, killed {faults:?} of {calls} calls");
        block_on(async {
            let place = place_of(&bucket, &prefix).await;
            ingest(place.clone(), &bench.logs).await;
            let all = bench.corpus.all();
            check_place(
                place.clone(),
                &bench.corpus,
                &all,
                Attempts::OnePerRun,
                &hint,
            )
            .await;
            if seed == 1 {
                tidy_up(place.clone(), &bucket, &prefix).await;
                check_place(place, &bench.corpus, &all, Attempts::OnePerRun, &hint).await;
            }
        });
    }
    // Two that meet make more calls or fewer than one alone, so some come to their end.
    assert!(
        killed >= SEEDS,
        "only {killed} of {} were killed",
        2 * SEEDS
    );
}

/// Merges everything and deletes what nobody needs, two hours later: what is left is live.
async fn tidy_up(place: Place, bucket: &Bucket, prefix: &str) {
    let store = Box::pin(Store::open(place)).await.expect("a store");
    let later = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_millis(),
    )
    .expect("a time")
        + 2 * 3_600_000;
    for table in TABLES {
        let compacted = store.compact(table, Compaction::Whole, STARTED_MILLIS);
        Box::pin(compacted).await.expect("a compaction");
        let vacuumed = store.vacuum(table, 1, later);
        Box::pin(vacuumed).await.expect("a vacuum");
    }
    let pins = store.pin().await.expect("snapshots");
    let live: usize = pins
        .iter()
        .map(|snapshot| snapshot.files().expect("files").len())
        .sum();
    let listed = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(format!("{prefix}/"))
        .send()
        .await
        .expect("a listing");
    let data = listed
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .filter(|key| key.ends_with(".parquet") && !key.contains("_delta_log"))
        .count();
    assert_eq!(data, live, "only live files are left");
}

async fn ingest(place: Place, logs: &[PathBuf]) {
    let store = Box::pin(Store::create(place)).await.expect("a store");
    ingest_into(&store, &source::Files, logs)
        .await
        .expect("a sound run");
}

fn spawn_child(logs: &Path, bucket: &Bucket, prefix: &str, fault: &str) -> Child {
    let (_crate, module) = module_path!()
        .split_once("::")
        .expect("a module of this binary");
    let test = "two_ingesters_of_one_bucket_killed_anywhere_leave_the_store_exact";
    Command::new(std::env::current_exe().expect("this binary"))
        .args([&format!("{module}::{test}"), "--exact", "--nocapture"])
        .envs(credentials(OWNER))
        .env(LOGS, logs)
        .env(STORE, bucket.url(prefix))
        .env(ENDPOINT, &bucket.server.url)
        .env(FAULT, fault)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

/// Ingests, and is killed on the way.
fn be_the_child(root: &Path) {
    let told = |name| std::env::var(name).expect("it is told");
    let fault = told(FAULT);
    let (moment, call) = fault.split_once(' ').expect("a moment and a call");
    let call = call.parse().expect("a number");
    let fault = match moment {
        "before" => Fault::KillBefore(call),
        _ => Fault::KillAfter(call),
    };
    let corpus = Corpus::new(CORPUS);
    let logs: Vec<PathBuf> = corpus
        .files
        .iter()
        .map(|file| root.join(&file.name))
        .collect();
    block_on(async {
        let place = place(&told(STORE), &told(ENDPOINT)).await;
        let double = FaultStore::over(place.object_store(), fault, Vec::new());
        ingest(place.through(Arc::new(double)), &logs).await;
    });
}

/// A store in such a place would lose commits without a word.
#[test]
fn a_server_that_overwrites_is_no_place_for_a_store() {
    block_on(async {
        let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for (fault, is_place) in [(Fault::Overwrites, false), (Fault::None, true)] {
            let double = FaultStore::over(memory.clone(), fault, Vec::new());
            let place = place("s3://lake/store", "http://127.0.0.1:1").await;
            let created = Box::pin(Store::create(place.through(Arc::new(double)))).await;
            assert_eq!(created.is_ok(), is_place, "{created:?}");
            if let Err(error) = created {
                assert!(error.to_string().contains("If-None-Match"), "{error}");
            }
        }
    });
}
