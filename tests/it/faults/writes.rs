//! Every write of a run fails, loses its answer, or is the last of its process; then a run without
//! faults: the store is exact.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keytrail::store::{Place, Store};

use super::corpus::Corpus;
use super::exact::{Attempts, check, check_claims};
use super::harness::{
    Bench, Reader, block_on, copy_tree, create, ingest, ingest_soundly, set_checkpoint_interval,
    tree,
};
use super::store_double::{Fault, FaultStore};
use super::unfinished::{check_said, check_silent};

/// What there is before the run that the fault meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Empty tables: the run makes the first commit to each.
    Tables,
    /// A store that holds some of the objects.
    FirstRun,
    /// The same, and the run's commits are such that each table gets a checkpoint.
    Checkpoint,
}

/// The files of the run before, where there is one.
const FIRST_RUN: [usize; 4] = [0, 1, 2, 6];

/// How many runs ended with an error, of how many.
#[derive(Debug)]
struct Outcome {
    errors: u64,
    runs: u64,
}

/// Runs with the fault at each write in turn, each time on a new copy of what there was before.
fn at_every_write(before: Before, seed: u64, fault: impl Fn(u64) -> Fault) -> Outcome {
    let mut bench = Bench::new(Corpus::new(seed));
    block_on(async {
        let template = bench.new_store();
        create(&template, &FaultStore::new(Fault::None))
            .await
            .expect("a store");
        let mut earlier = &[][..];
        let mut paths = bench.paths(&FIRST_RUN);
        if before == Before::Checkpoint {
            // Commit 2 of each table, the one that the run makes, is the third.
            set_checkpoint_interval(&template, 3);
        }
        if before != Before::Tables {
            ingest_soundly(&template, &paths).await;
            earlier = &FIRST_RUN;
        }
        // What `check_said` judges is a run on its way to all files.
        paths.clone_from(&bench.logs);
        let prepare = |bench: &mut Bench| -> PathBuf {
            let store = bench.new_store();
            copy_tree(&template, &store);
            store
        };
        let clean = FaultStore::new(Fault::None);
        let store = prepare(&mut bench);
        ingest(&store, &clean, &paths).await.expect("a sound run");
        let has_checkpoint = tree(&store)
            .keys()
            .any(|path| path.ends_with("_last_checkpoint"));
        assert_eq!(has_checkpoint, before == Before::Checkpoint);
        let mut outcome = Outcome { errors: 0, runs: 0 };
        for number in 1..=clean.writes() {
            let store = prepare(&mut bench);
            let double = FaultStore::new(fault(number));
            let faulted = ingest(&store, &double, &paths).await;
            outcome.errors += u64::from(faulted.is_err());
            outcome.runs += 1;
            let hint = format!("{before:?}, {:?} of {}", fault(number), clean.writes());
            if matches!(fault(number), Fault::DiesAfter(_)) {
                let reader = Reader::open(&store).await.expect("a store");
                check_claims(&reader, &bench.corpus, &hint).await;
            }
            check_said(&store, &bench.corpus, earlier, &hint).await;
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
        // Seven tables get a file and a commit each, and events two or more for their months.
        assert!(
            outcome.runs > 12,
            "a run makes more writes than {}",
            outcome.runs
        );
        outcome
    })
}

#[test]
fn a_failed_write_of_a_first_run_leaves_the_store_exact() {
    let outcome = at_every_write(Before::Tables, 1, Fault::Fails);
    assert_eq!(
        outcome.errors, outcome.runs,
        "no failed write goes unnoticed"
    );
}

#[test]
fn a_failed_write_of_a_later_run_leaves_the_store_exact() {
    let outcome = at_every_write(Before::FirstRun, 2, Fault::Fails);
    assert_eq!(
        outcome.errors, outcome.runs,
        "no failed write goes unnoticed"
    );
}

/// Commits of a run: one to each of nine tables and a second to `runs`; three for the days of each of two months that are
/// settled, and one that says that all are.
const COMMITS: u64 = 10 + 2 * 3 + 1;

#[test]
fn a_lost_answer_of_a_first_run_leaves_the_store_exact() {
    let outcome = at_every_write(Before::Tables, 3, Fault::LosesAnswer);
    assert_eq!(
        outcome.errors,
        outcome.runs - COMMITS,
        "each of the commits is found"
    );
}

#[test]
fn a_lost_answer_of_a_later_run_leaves_the_store_exact() {
    let outcome = at_every_write(Before::FirstRun, 4, Fault::LosesAnswer);
    assert_eq!(
        outcome.errors,
        outcome.runs - COMMITS,
        "each of the commits is found"
    );
}

#[test]
fn a_retry_that_meets_its_own_write_leaves_the_store_exact() {
    let outcome = at_every_write(Before::FirstRun, 5, Fault::MeetsItself);
    assert_eq!(
        outcome.errors, 0,
        "the writer finds its own batch in the log"
    );
}

#[test]
fn a_death_in_a_first_run_leaves_the_store_exact() {
    let outcome = at_every_write(Before::Tables, 6, Fault::DiesAfter);
    // Who dies after the last write has done its work; dying earlier ends the run.
    assert_eq!(outcome.errors, outcome.runs - 1);
}

#[test]
fn a_death_in_a_run_with_checkpoints_leaves_the_store_exact() {
    let outcome = at_every_write(Before::Checkpoint, 7, Fault::DiesAfter);
    // The last write is the commit to `runs`, whose checkpoint came with the third of its commits.
    assert_eq!(outcome.errors, outcome.runs - 1);
}

/// A creation that a fault met is taken up where it ended: the same files are there in the end.
#[test]
fn a_fault_at_any_write_of_a_creation_leaves_the_store_whole() {
    let mut bench = Bench::new(Corpus::new(8));
    block_on(async {
        let store = bench.new_store();
        let clean = FaultStore::new(Fault::None);
        create(&store, &clean).await.expect("a store");
        let expected = names(&store);
        assert_eq!(
            clean.writes(),
            expected.len() as u64,
            "one commit for each table"
        );
        for number in 1..=clean.writes() {
            for fault in [
                Fault::Fails(number),
                Fault::LosesAnswer(number),
                Fault::MeetsItself(number),
                Fault::DiesAfter(number),
            ] {
                let store = bench.new_store();
                let faulted = create(&store, &FaultStore::new(fault)).await;
                let is_helped = matches!(fault, Fault::LosesAnswer(_) | Fault::MeetsItself(_));
                assert_eq!(faulted.is_ok(), is_helped, "{fault:?}: {faulted:?}");
                let again = create(&store, &FaultStore::new(Fault::None)).await;
                assert!(again.is_ok(), "{fault:?}: {again:?}");
                assert_eq!(names(&store), expected, "{fault:?}");
            }
        }
        ingest_soundly(&store, &bench.logs).await;
        check(
            &store,
            &bench.corpus,
            &bench.corpus.all(),
            Attempts::One,
            "created",
        )
        .await;
    });
}

/// The files of a store, with what their tables are declared as.
fn names(store: &Path) -> BTreeMap<PathBuf, Vec<String>> {
    let declared = |path: &PathBuf| -> Vec<String> {
        let text = std::fs::read_to_string(store.join(path)).expect("a commit");
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        lines
            .filter_map(|mut line: serde_json::Value| {
                let metadata = line.get_mut("metaData")?.as_object_mut()?;
                metadata.remove("id");
                metadata.remove("createdTime");
                Some(line.to_string())
            })
            .collect()
    };
    tree(store)
        .into_keys()
        .map(|path| (path.clone(), declared(&path)))
        .collect()
}

/// Nothing goes to the disk but through the store double.
#[test]
fn no_write_bypasses_the_object_store() {
    let mut bench = Bench::new(Corpus::new(9));
    block_on(async {
        let store = bench.new_store();
        let double = FaultStore::new(Fault::ReadOnly);
        let failed = ingest(&store, &double, &bench.logs)
            .await
            .expect_err("no write succeeds");
        assert!(double.writes() > 0, "it tried: {failed:#}");
        assert_eq!(
            std::fs::read_dir(&store).expect("a directory").count(),
            0,
            "{:?}",
            tree(&store)
        );

        ingest_soundly(&store, &bench.paths(&[0, 1])).await;
        let before = tree(&store);
        let failed = ingest(&store, &double, &bench.logs)
            .await
            .expect_err("no write succeeds");
        // What a run writes first is that it begins.
        assert!(format!("{failed:#}").contains("`runs`"), "{failed:#}");
        assert_eq!(tree(&store), before);
        check(
            &store,
            &bench.corpus,
            &[0, 1],
            Attempts::One,
            "after failed writes",
        )
        .await;

        // The same handle of the same place, seen through another object store.
        let place = Place::directory(&store)
            .expect("a place")
            .through(Arc::new(double));
        assert!(
            Store::create(place).await.is_ok(),
            "a store that is there needs no write"
        );
        assert_eq!(tree(&store), before);
    });
}
