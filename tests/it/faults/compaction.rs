//! Merging small files, and deleting what nobody needs, with faults and beside others: no row is lost
//! or doubled at any moment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keytrail::schema::TABLES;
use keytrail::store::{Place, Store};
use tokio::sync::Barrier;

use super::corpus::Corpus;
use super::exact::{Attempts, check};
use super::harness::{Bench, block_on, compact, copy_tree, ingest, ingest_soundly, tree};
use super::store_double::{Fault, FaultStore, Gate};

/// What the runs ingest before a compaction; object 9 repeats events of 2 and 6.
const RUNS: [&[usize]; 2] = [&[0, 1, 2, 6], &[3, 4, 5, 7, 8]];
const LAST: &[usize] = &[9, 0, 5];
/// What both a further run and a compaction commit next.
const NEXT_EVENTS: &str = "kms_events/_delta_log/00000000000000000003.json";
const NEXT_USAGE: &str = "usage_daily/_delta_log/00000000000000000003.json";
const NEXT_LEDGER: &str = "log_file_events/_delta_log/00000000000000000003.json";

/// A store with two files or more of each partition, and the objects that it holds.
fn prepare(seed: u64) -> (Bench, PathBuf, Vec<usize>) {
    let mut bench = Bench::new(Corpus::new(seed));
    let store = bench.new_store();
    for files in RUNS {
        block_on(ingest_soundly(&store, &bench.paths(files)));
    }
    (bench, store, RUNS.concat())
}

/// The data files that the latest versions of all tables name.
async fn live_files(directory: &Path) -> BTreeSet<PathBuf> {
    let place = Place::directory(directory).expect("a place");
    let pins = Store::open(place)
        .await
        .expect("a store")
        .pin()
        .await
        .expect("tables");
    let files = pins.iter().flat_map(|table| {
        let files = table.files().expect("statistics").into_iter();
        files.map(|file| Path::new(table.table().name).join(file.path))
    });
    files.collect()
}

fn data_files(directory: &Path) -> BTreeSet<PathBuf> {
    let is_data = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "parquet")
            && !path
                .components()
                .any(|part| part.as_os_str() == "_delta_log")
    };
    tree(directory).into_keys().filter(is_data).collect()
}

#[test]
fn a_fault_at_any_write_of_a_compaction_leaves_the_store_exact() {
    let (mut bench, template, files) = prepare(1);
    block_on(async {
        let store = bench.new_store();
        copy_tree(&template, &store);
        let clean = FaultStore::new(Fault::None);
        compact(&store, &clean).await.expect("a compaction");
        check(&store, &bench.corpus, &files, Attempts::One, "compacted").await;
        let merged = live_files(&store).await.len();
        assert!(merged < live_files(&template).await.len());
        // Six tables, two of them with two months: eight files and six commits.
        assert_eq!((merged, clean.writes()), (8, 14));
        for number in 1..=clean.writes() {
            for fault in [
                Fault::Fails(number),
                Fault::LosesAnswer(number),
                Fault::MeetsItself(number),
                Fault::DiesAfter(number),
            ] {
                let store = bench.new_store();
                copy_tree(&template, &store);
                let faulted = compact(&store, &FaultStore::new(fault)).await;
                let hint = format!("{fault:?}: {faulted:?}");
                check(&store, &bench.corpus, &files, Attempts::One, &hint).await;
                assert!(
                    faulted.is_err() || !matches!(fault, Fault::Fails(_)),
                    "{hint}"
                );
                assert!(
                    faulted.is_ok() || !matches!(fault, Fault::MeetsItself(_)),
                    "{hint}"
                );
                compact(&store, &FaultStore::new(Fault::None))
                    .await
                    .expect("a compaction");
                assert_eq!(live_files(&store).await.len(), merged, "{hint}");
                std::fs::remove_dir_all(&store).expect("a directory of ours");
            }
        }
    });
}

#[test]
fn a_vacuum_that_fails_anywhere_deletes_only_what_nobody_needs() {
    let (mut bench, template, files) = prepare(2);
    block_on(async {
        // Files of a run that died before its first commit, and those that a compaction replaced.
        let dying = FaultStore::new(Fault::DiesAfter(2));
        ingest(&template, &dying, &bench.logs)
            .await
            .expect_err("it died");
        compact(&template, &FaultStore::new(Fault::None))
            .await
            .expect("a compaction");
        let live = live_files(&template).await;
        let superfluous = data_files(&template).len() - live.len();
        assert!(superfluous > 8, "{superfluous}");
        for number in 1..=superfluous as u64 {
            let store = bench.new_store();
            copy_tree(&template, &store);
            let hint = format!("deletion {number} fails");
            assert!(
                vacuum(&store, Fault::Fails(number)).await.is_err(),
                "{hint}"
            );
            assert!(live.is_subset(&data_files(&store)), "{hint}");
            vacuum(&store, Fault::None).await.expect("a vacuum");
            assert_eq!(data_files(&store), live, "{hint}");
        }
        vacuum(&template, Fault::None).await.expect("a vacuum");
        check(&template, &bench.corpus, &files, Attempts::One, "vacuumed").await;
        ingest_soundly(&template, &bench.logs).await;
        let all = bench.corpus.all();
        check(
            &template,
            &bench.corpus,
            &all,
            Attempts::One,
            "ingested after it",
        )
        .await;
    });
}

/// Deletes all that is not live, however young it is: nobody else is at work.
async fn vacuum(directory: &Path, fault: Fault) -> anyhow::Result<()> {
    let place = Place::directory_on(directory, Arc::new(FaultStore::new(fault)))?;
    let store = Store::open(place).await?;
    for table in TABLES {
        store.vacuum(table, i64::MAX).await?;
    }
    Ok(())
}

#[test]
fn a_compaction_beside_a_writer_is_exact() {
    let none: &[&str] = &[];
    for (seed, suffixes) in [
        (3, none),
        (4, &[NEXT_EVENTS]),
        (5, &[NEXT_EVENTS, NEXT_USAGE, NEXT_LEDGER]),
    ] {
        let (bench, store, mut files) = prepare(seed);
        let gates = gates(suffixes);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let double = FaultStore::gated(Fault::None, gates.clone());
                let paths = bench.paths(LAST);
                block_on(ingest(&store, &double, &paths)).expect("the writer does not give up")
            });
            scope.spawn(|| {
                let double = FaultStore::gated(Fault::None, gates.clone());
                block_on(compact(&store, &double)).expect("the compaction does not give up");
            });
        });
        files.push(9);
        let hint = format!("a compaction beside a writer, gates {suffixes:?}");
        block_on(check(&store, &bench.corpus, &files, Attempts::One, &hint));
    }
}

#[test]
fn two_compactions_at_once_are_exact() {
    for (seed, suffixes) in [(6, &[NEXT_EVENTS] as &[&str]), (7, &[NEXT_LEDGER])] {
        let (bench, store, files) = prepare(seed);
        let gates = gates(suffixes);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let double = FaultStore::gated(Fault::None, gates.clone());
                    block_on(compact(&store, &double)).expect("neither gives up");
                });
            }
        });
        let hint = format!("two compactions, gates {suffixes:?}");
        block_on(check(&store, &bench.corpus, &files, Attempts::One, &hint));
        assert_eq!(block_on(live_files(&store)).len(), 8, "{hint}");
    }
}

fn gates(suffixes: &[&'static str]) -> Vec<Gate> {
    let gate = |suffix: &&'static str| Gate {
        suffix,
        barrier: Arc::new(Barrier::new(2)),
    };
    suffixes.iter().map(gate).collect()
}
