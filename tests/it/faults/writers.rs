//! Two ingesters at once on one store.
//!
//! Each is a thread with a runtime and a store handle of its own. Gates make both write the same
//! commit from the same snapshot, so that one of them loses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Barrier;

use super::corpus::Corpus;
use super::exact::{Attempts, check};
use super::harness::{Bench, block_on, ingest};
use super::store_double::{Fault, FaultStore, Gate};

const CREATION: &str = "kms_events/_delta_log/00000000000000000000.json";
const FIRST_EVENTS: &str = "kms_events/_delta_log/00000000000000000001.json";
const FIRST_USAGE: &str = "usage_daily/_delta_log/00000000000000000001.json";
const FIRST_RESOURCES: &str = "key_resources/_delta_log/00000000000000000001.json";
const FIRST_LEDGER: &str = "log_file_events/_delta_log/00000000000000000001.json";

/// Which files each of the two ingests.
type Share<'a> = (&'a [usize], &'a [usize]);

/// Ingests with two writers at once; answers how many rows each wrote.
fn race(store: &Path, bench: &Bench, share: Share<'_>, gates: &[&'static str]) -> (u64, u64) {
    let gates: Vec<Gate> = gates
        .iter()
        .map(|suffix| Gate {
            suffix,
            barrier: Arc::new(Barrier::new(2)),
        })
        .collect();
    let write = |paths: Vec<PathBuf>| {
        let double = FaultStore::gated(Fault::None, gates.clone());
        let run = ingest(store, &double, &paths);
        block_on(run)
            .unwrap_or_else(|error| panic!("no writer gives up: {error:#}"))
            .rows_written
    };
    std::thread::scope(|scope| {
        let one = scope.spawn(|| write(bench.paths(share.0)));
        let other = scope.spawn(|| write(bench.paths(share.1)));
        (
            one.join().expect("a writer"),
            other.join().expect("a writer"),
        )
    })
}

fn check_race(seed: u64, share: Share<'_>, gates: &[&'static str]) {
    let mut bench = Bench::new(Corpus::new(seed));
    let store = bench.new_store();
    let mut files = [share.0, share.1].concat();
    files.sort_unstable();
    files.dedup();
    let (one, other) = race(&store, &bench, share, gates);
    let rows = bench.corpus.rows(&files).len() as u64;
    assert_eq!(
        one + other,
        rows,
        "seed {seed}: each row is written by one of the two"
    );
    let hint = format!("seed {seed}, {share:?}, gates {gates:?}");
    block_on(check(
        &store,
        &bench.corpus,
        &files,
        Attempts::OnePerRun,
        &hint,
    ));
}

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

#[test]
fn two_writers_of_the_same_objects_are_exact() {
    for seed in 1..=2 {
        check_race(seed, (ALL, ALL), &[FIRST_EVENTS]);
        check_race(seed, (ALL, ALL), &[CREATION, FIRST_EVENTS, FIRST_LEDGER]);
        check_race(seed, (ALL, ALL), &[]);
    }
}

/// Object 5 repeats events of 0 and 1, and 9 those of 2 and 6.
#[test]
fn two_writers_of_the_same_events_in_different_objects_are_exact() {
    for seed in 3..=4 {
        check_race(seed, (&[0, 1, 2, 6, 7], &[3, 4, 5, 8, 9]), &[FIRST_EVENTS]);
        let gates = [
            CREATION,
            FIRST_EVENTS,
            FIRST_USAGE,
            FIRST_RESOURCES,
            FIRST_LEDGER,
        ];
        check_race(seed, (&[0, 1, 9], &[2, 5, 6]), &gates);
        check_race(seed, (&[0, 1, 2, 3, 6], &[2, 3, 4, 5, 9]), &[]);
    }
}
