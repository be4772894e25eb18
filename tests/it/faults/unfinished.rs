//! What a store says of runs that did not read everything, against what its tables hold; and runs that are asked to
//! end at every call to the source of the logs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keytrail::ingest::{Unfinished, unfinished};
use keytrail::source::RunInput;
use keytrail::store::{Place, Store, StoreError};

use super::corpus::Corpus;
use super::exact::{Attempts, check, check_claims};
use super::harness::{
    Bench, Reader, block_on, copy_tree, create, ingest, ingest_changed, ingest_soundly,
};
use super::source_double::{FaultSource, SourceFault};
use super::store_double::{Fault, FaultStore};

/// The runs that a store says did not read everything; none where a fault came before there was a store.
async fn said(directory: &Path) -> Option<Vec<Unfinished>> {
    let place = Place::directory(directory).expect("a place");
    match Box::pin(Store::open(place)).await {
        Ok(store) => {
            let pins = store.pin().await.expect("tables");
            Some(unfinished(&pins).await.expect("it can be read"))
        }
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => panic!("{error:#}"),
    }
}

/// A store that was sound with the files `before`, and in which one run then met a fault on its way to all files: it
/// says so if anything of that run can be seen and not all of it, with the numbers that the ledger has.
pub(crate) async fn check_said(directory: &Path, corpus: &Corpus, before: &[usize], hint: &str) {
    let Some(said) = said(directory).await else {
        return;
    };
    let reader = Reader::open(directory).await.expect("a store");
    let read = reader.rows("log_files").await.len();
    let (all, earlier) = (corpus.files.len(), before.len());
    if read == all {
        assert_eq!(said, [], "{hint}: everything was read");
        return;
    }
    let events = reader.rows("kms_events").await.len() + reader.rows("trail_events").await.len();
    let is_seen = read > earlier || events > corpus.rows(before).len();
    let [run] = said.as_slice() else {
        assert_eq!(said, [], "{hint}");
        assert!(!is_seen, "{hint}: {read} of {all} are there without a word");
        return;
    };
    assert_eq!(
        (run.objects_planned, run.objects_done),
        ((all - earlier) as u64, (read - earlier) as u64),
        "{hint}"
    );
}

/// Nothing is said of a store that has everything.
pub(crate) async fn check_silent(directory: &Path, hint: &str) {
    assert_eq!(said(directory).await, Some(Vec::new()), "{hint}");
}

#[test]
fn a_run_that_is_asked_to_end_says_how_far_it_came() {
    const BEFORE: [usize; 3] = [0, 1, 6];
    let mut bench = Bench::new(Corpus::new(61));
    block_on(async {
        let nothing = bench.new_store();
        let first_run = bench.new_store();
        ingest_soundly(&first_run, &bench.paths(&BEFORE)).await;
        for (template, before) in [(nothing, &[][..]), (first_run, &BEFORE)] {
            let calls = {
                let store = bench.new_store();
                copy_tree(&template, &store);
                let source = FaultSource::new(SourceFault::None);
                let opened = create(&store, &FaultStore::new(Fault::None))
                    .await
                    .expect("a store");
                let run = ingest_changed(&opened, &source, &bench.logs, |_options| {});
                run.await.expect("a sound run");
                source.calls()
            };
            let mut interrupted = 0;
            for call in 1..=calls {
                let store = bench.new_store();
                copy_tree(&template, &store);
                let stop: Arc<AtomicBool> = Arc::default();
                let source = FaultSource::stopping(call, stop.clone());
                let opened = create(&store, &FaultStore::new(Fault::None))
                    .await
                    .expect("a store");
                let run = ingest_changed(&opened, &source, &bench.logs, |options| {
                    options.stop = stop;
                });
                let summary = run
                    .await
                    .expect("an end that was asked for is none by an error");
                let hint = format!("stopped at call {call} of {calls}, after {before:?}");
                check_said(&store, &bench.corpus, before, &hint).await;
                let reader = Reader::open(&store).await.expect("a store");
                check_claims(&reader, &bench.corpus, &hint).await;
                let read = reader.rows("log_files").await.len();
                let left = (bench.corpus.files.len() - read) as u64;
                assert_eq!(summary.objects_left, left, "{hint}");
                assert_eq!(
                    summary.objects_planned,
                    (bench.corpus.files.len() - before.len()) as u64,
                    "{hint}"
                );
                let said = said(&store).await.expect("a store");
                assert_eq!(said.len(), usize::from(left > 0), "{hint}");
                assert!(
                    said.iter().all(|run| run.is_interrupted),
                    "{hint}: {said:?}"
                );
                interrupted += u64::from(left > 0);
                ingest_soundly(&store, &bench.logs).await;
                check_silent(&store, &hint).await;
                check(
                    &store,
                    &bench.corpus,
                    &bench.corpus.all(),
                    Attempts::One,
                    &hint,
                )
                .await;
                std::fs::remove_dir_all(&store).expect("a directory of ours");
            }
            assert!(
                interrupted > calls / 2,
                "only {interrupted} of {calls} were interrupted"
            );
        }
    });
}

/// A run over `paths` that ends before it has read its first object; what it leaves is a start.
async fn begin(store: &Path, paths: &[std::path::PathBuf], input: Option<RunInput>) {
    let opened = create(store, &FaultStore::new(Fault::None))
        .await
        .expect("a store");
    let source = FaultSource::new(SourceFault::None);
    let stop = Arc::new(AtomicBool::new(true));
    let run = ingest_changed(&opened, &source, paths, |options| {
        options.stop = stop;
        options.input = input;
    });
    let summary = run
        .await
        .expect("an end that was asked for is none by an error");
    assert_eq!(summary.objects_left, paths.len() as u64);
}

/// A run to its end over `paths`, said to cover an input.
async fn cover(store: &Path, paths: &[std::path::PathBuf], input: RunInput) {
    let opened = create(store, &FaultStore::new(Fault::None))
        .await
        .expect("a store");
    let source = FaultSource::new(SourceFault::None);
    let run = ingest_changed(&opened, &source, paths, |options| {
        options.input = Some(input)
    });
    run.await.expect("a sound run");
}

fn input(sources: &[&str]) -> RunInput {
    RunInput {
        sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        ..RunInput::default()
    }
}

/// How many of how many objects each unfinished run has read.
async fn counts(store: &Path) -> Vec<(u64, u64)> {
    let said = said(store).await.expect("a store");
    said.iter()
        .map(|run| (run.objects_done, run.objects_planned))
        .collect()
}

#[test]
fn runs_over_different_inputs_are_each_their_own() {
    let mut bench = Bench::new(Corpus::tiny(62, 9));
    block_on(async {
        let store = bench.new_store();
        begin(&store, &bench.paths(&[0, 1, 2, 3]), Some(input(&["/a"]))).await;
        begin(&store, &bench.paths(&[4, 5, 6]), Some(input(&["s3://b/x"]))).await;
        begin(&store, &bench.paths(&[7, 8]), None).await;
        let sorted = async || {
            let mut counts = counts(&store).await;
            counts.sort_unstable();
            counts
        };
        assert_eq!(sorted().await, [(0, 2), (0, 3), (0, 4)]);
        // By its objects, whatever run reads them.
        ingest_soundly(&store, &bench.paths(&[0, 7])).await;
        assert_eq!(sorted().await, [(0, 3), (1, 2), (1, 4)]);
        ingest_soundly(&store, &bench.paths(&[8])).await;
        assert_eq!(sorted().await, [(0, 3), (1, 4)]);
        // By what it was pointed at, where its objects are not there any more.
        cover(&store, &[], input(&["s3://b/x/y"])).await;
        cover(&store, &[], input(&["/b"])).await;
        assert_eq!(sorted().await, [(0, 3), (1, 4)]);
        cover(&store, &[], input(&["s3://b"])).await;
        assert_eq!(sorted().await, [(1, 4)]);
        begin(&store, &bench.paths(&[1, 2, 3]), Some(input(&["/a"]))).await;
        assert_eq!(
            sorted().await,
            [(0, 3), (1, 4)],
            "a run that did not end covers nothing"
        );
        cover(&store, &[], input(&["/a"])).await;
        check_silent(&store, "covered").await;
    });
}

/// Each of its sources may be covered by a run of its own.
#[test]
fn a_run_is_covered_source_by_source() {
    let mut bench = Bench::new(Corpus::tiny(63, 3));
    block_on(async {
        let store = bench.new_store();
        begin(&store, &bench.logs, Some(input(&["/a", "/b"]))).await;
        cover(&store, &[], input(&["/a"])).await;
        assert_eq!(counts(&store).await, [(0, 3)]);
        cover(&store, &[], input(&["/b"])).await;
        check_silent(&store, "covered").await;
    });
}

/// A run that failed in the end, or found nothing new, leaves no note for ever.
#[test]
fn a_run_without_anything_new_leaves_no_beginning() {
    let mut bench = Bench::new(Corpus::new(64));
    block_on(async {
        let store = bench.new_store();
        ingest_soundly(&store, &[]).await;
        let missing = bench.root().join("missing.json.gz");
        ingest_soundly(&store, &[missing]).await;
        ingest_soundly(&store, &bench.logs).await;
        ingest_soundly(&store, &bench.logs).await;
        let reader = Reader::open(&store).await.expect("a store");
        let runs = reader.rows("runs").await;
        let started = runs.iter().filter(|run| run.text("outcome") == "started");
        assert_eq!((started.count(), runs.len()), (1, 5));
        check_silent(&store, "all ended").await;
    });
}

/// Merging the small files of `runs` loses no beginning and no end.
#[test]
fn unfinished_runs_are_known_after_a_compaction() {
    const RUNS: usize = 12;
    let mut bench = Bench::new(Corpus::tiny(65, RUNS + 1));
    block_on(async {
        let store = bench.new_store();
        begin(&store, &bench.paths(&[RUNS]), None).await;
        for run in 0..RUNS {
            ingest_soundly(&store, &bench.paths(&[run])).await;
            assert_eq!(counts(&store).await, [(0, 1)], "after run {run}");
        }
        super::harness::compact(&store, &FaultStore::new(Fault::None))
            .await
            .expect("a compaction");
        assert_eq!(counts(&store).await, [(0, 1)]);
        ingest_soundly(&store, &bench.paths(&[RUNS])).await;
        check_silent(&store, "compacted").await;
    });
}

/// The start of a run is committed before its first event, so that nothing of a run is ever seen without it.
#[test]
fn two_runs_at_once_are_both_known() {
    let mut bench = Bench::new(Corpus::new(66));
    block_on(async {
        let store = bench.new_store();
        let double = FaultStore::new(Fault::None);
        let (one, other) = (bench.paths(&[0, 1, 2]), bench.paths(&[3, 4]));
        begin(&store, &one, None).await;
        begin(&store, &other, None).await;
        ingest(&store, &double, &other).await.expect("a sound run");
        assert_eq!(counts(&store).await, [(0, 3)]);
        let read: BTreeSet<String> = Reader::open(&store)
            .await
            .expect("a store")
            .rows("log_files")
            .await
            .iter()
            .map(|row| row.text("location").to_owned())
            .collect();
        assert_eq!(read.len(), 2);
    });
}
