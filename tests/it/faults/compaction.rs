//! Merging small files, and deleting what nobody needs, with faults and beside others: no row is lost
//! or doubled at any moment.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices};
use keytrail::schema::{TABLES, Table};
use keytrail::store::{Place, Store};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::sync::Barrier;

use super::corpus::Corpus;
use super::exact::{Attempts, check, check_sums_are_whole};
use super::harness::{
    Bench, block_on, compact, copy_tree, ingest, ingest_soundly, set_checkpoint_interval, tree,
};
use super::store_double::{Fault, FaultStore, Gate};

/// What the runs ingest before a compaction.
const RUNS: [&[usize]; 2] = [&[0, 1, 6], &[2, 3, 5, 7]];
/// What a further run ingests: new events in 4 and 8, those of 2 and 6 again in 9, and a known object.
const LAST: &[usize] = &[4, 8, 9, 0];
/// What both a further run and a compaction commit next.
const NEXT_EVENTS: &str = "kms_events/_delta_log/00000000000000000003.json";
const NEXT_USAGE: &str = "usage_daily/_delta_log/00000000000000000003.json";
const NEXT_LEDGER: &str = "log_file_events/_delta_log/00000000000000000003.json";
/// Eleven tables that a run writes to, four of them with two months.
const MERGED_FILES: usize = 15;

/// A store with two files or more of each partition, and the objects that it holds.
fn prepare(seed: u64) -> (Bench, PathBuf, Vec<usize>) {
    let mut bench = Bench::new(Corpus::new(seed));
    let store = bench.new_store();
    for files in RUNS {
        block_on(ingest_soundly(&store, &bench.paths(files)));
    }
    (bench, store, RUNS.concat())
}

/// The data files that the latest versions of all tables name, by table.
async fn live_files(directory: &Path) -> BTreeSet<(&'static str, PathBuf)> {
    let place = Place::directory(directory).expect("a place");
    let store = Store::open(place).await.expect("a store");
    let pins = store.pin().await.expect("tables");
    let files = pins.iter().flat_map(|table| {
        let name = table.table().name;
        let files = table.files().expect("statistics").into_iter();
        files.map(move |file| (name, Path::new(name).join(file.path)))
    });
    files.collect()
}

async fn live_paths(directory: &Path) -> BTreeSet<PathBuf> {
    let files = live_files(directory).await.into_iter();
    files.map(|(_table, path)| path).collect()
}

fn data_files(directory: &Path) -> BTreeSet<PathBuf> {
    let is_log = |path: &Path| path.iter().any(|part| part == "_delta_log");
    let is_data = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
    let files = tree(directory).into_keys();
    files
        .filter(|path| is_data(path) && !is_log(path))
        .collect()
}

/// The rows of every live file are in the order that the schema declares.
async fn check_order(directory: &Path, hint: &str) {
    for (name, path) in live_files(directory).await {
        let table = keytrail::schema::table(name).expect("a table of the schema");
        assert!(
            is_in_order(table, &directory.join(&path)),
            "{hint}: {path:?}"
        );
    }
}

fn is_in_order(table: &Table, path: &Path) -> bool {
    let file = File::open(path).expect("a live file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.build())
        .expect("Parquet");
    let batches: Vec<_> = reader.map(|batch| batch.expect("rows")).collect();
    let rows = concat_batches(&table.file_arrow(), &batches).expect("one schema");
    let mut columns: Vec<SortColumn> = table
        .sort
        .iter()
        .map(|name| SortColumn {
            values: rows.column_by_name(name).expect("a column").clone(),
            options: Some(SortOptions {
                descending: false,
                nulls_first: true,
            }),
        })
        .collect();
    // Rows that are equal stay as they are.
    let numbers = arrow::array::UInt32Array::from_iter_values(0..rows.num_rows() as u32);
    columns.push(SortColumn {
        values: Arc::new(numbers.clone()),
        options: None,
    });
    lexsort_to_indices(&columns, None).expect("an order") == numbers
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
        check_order(&store, "compacted").await;
        check_sums_are_whole(&store).await;
        // A file for each partition that had several, and a commit for each of their tables.
        let before = live_files(&template).await;
        let folder =
            |(table, path): &(&'static str, PathBuf)| (*table, path.parent().map(PathBuf::from));
        let crowded: BTreeSet<_> = before
            .iter()
            .map(folder)
            .filter(|each| before.iter().filter(|file| folder(file) == *each).count() > 1)
            .collect();
        let tables: BTreeSet<_> = crowded.iter().map(|(table, _)| table).collect();
        assert!(crowded.len() > 6 && tables.len() > 4, "{crowded:?}");
        assert_eq!(clean.writes(), (crowded.len() + tables.len()) as u64);
        let merged = live_files(&store).await.len();
        assert_eq!(merged, MERGED_FILES);
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
                match fault {
                    Fault::Fails(_) => assert!(faulted.is_err(), "{hint}"),
                    Fault::MeetsItself(_) => assert!(faulted.is_ok(), "{hint}"),
                    _ => {}
                }
                let again = compact(&store, &FaultStore::new(Fault::None)).await;
                again.unwrap_or_else(|error| panic!("{hint}: {error}"));
                if matches!(fault, Fault::DiesAfter(_)) {
                    check(&store, &bench.corpus, &files, Attempts::One, &hint).await;
                }
                assert_eq!(live_files(&store).await.len(), merged, "{hint}");
                fs::remove_dir_all(&store).expect("a directory of ours");
            }
        }
    });
}

/// Eight days after the last file of a directory was written, in milliseconds.
fn eight_days_on(directory: &Path) -> i64 {
    const DAY_MILLIS: i64 = 86_400_000;
    let written = tree(directory).into_keys().map(|path| {
        let metadata = fs::metadata(directory.join(path)).expect("a file");
        let since = metadata
            .modified()
            .expect("a time")
            .duration_since(std::time::UNIX_EPOCH);
        i64::try_from(since.expect("after 1970").as_millis()).expect("64 bits")
    });
    written.max().expect("a file") + 8 * DAY_MILLIS
}

/// Deletes what nobody needs eight days later.
async fn vacuum(directory: &Path, fault: Fault) -> anyhow::Result<()> {
    let now_millis = eight_days_on(directory);
    let place = Place::directory_on(directory, Arc::new(FaultStore::new(fault)))?;
    let store = Store::open(place).await?;
    for table in TABLES {
        store.vacuum(table, 168, now_millis).await?;
    }
    Ok(())
}

#[test]
fn a_vacuum_that_fails_anywhere_deletes_only_what_nobody_needs() {
    let (mut bench, template, files) = prepare(2);
    block_on(async {
        // A file of a run that died before its first commit, and those that a compaction replaced.
        let dying = FaultStore::new(Fault::DiesAfter(1));
        let died = ingest(&template, &dying, &bench.logs).await;
        died.expect_err("it died");
        let clean = FaultStore::new(Fault::None);
        compact(&template, &clean).await.expect("a compaction");
        let live = live_paths(&template).await;
        let superfluous = data_files(&template).len() - live.len();
        assert!(superfluous > MERGED_FILES, "{superfluous}");
        for number in 1..=superfluous as u64 {
            for fault in [
                Fault::Fails(number),
                Fault::LosesAnswer(number),
                Fault::DiesAfter(number),
            ] {
                let store = bench.new_store();
                copy_tree(&template, &store);
                let hint = format!("{fault:?} of {superfluous}");
                let done = vacuum(&store, fault).await;
                // Who dies after the last deletion may have come to the end of the last table.
                assert!(
                    done.is_err() || fault == Fault::DiesAfter(superfluous as u64),
                    "{hint}"
                );
                assert!(live.is_subset(&data_files(&store)), "{hint}");
                vacuum(&store, Fault::None).await.expect("a vacuum");
                assert_eq!(data_files(&store), live, "{hint}");
                fs::remove_dir_all(&store).expect("a directory of ours");
            }
        }
        vacuum(&template, Fault::None).await.expect("a vacuum");
        assert_eq!(
            data_files(&template),
            live,
            "nothing is left that is not live"
        );
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

#[test]
fn what_is_young_is_not_deleted() {
    let (_bench, store, _files) = prepare(3);
    block_on(async {
        let clean = FaultStore::new(Fault::None);
        compact(&store, &clean).await.expect("a compaction");
        let before = tree(&store);
        let now_millis = eight_days_on(&store);
        let place = Place::directory(&store).expect("a place");
        let opened = Store::open(place).await.expect("a store");
        for table in TABLES {
            for (keep_hours, now_millis) in [(9 * 24, now_millis), (0, now_millis - 8 * 86_400_000)]
            {
                let done = opened.vacuum(table, keep_hours, now_millis).await;
                assert_eq!(done.expect("a vacuum").files, 0, "{}", table.name);
            }
        }
        assert_eq!(tree(&store), before);
    });
}

/// The log of a store that has seen many commits is cut short; the store is the same.
#[test]
fn a_vacuum_shortens_the_log() {
    const COMMITS: usize = 9;
    let mut bench = Bench::new(Corpus::tiny(4, COMMITS));
    block_on(async {
        let store = bench.new_store();
        ingest_soundly(&store, &[]).await;
        set_checkpoint_interval(&store, 4);
        for number in 0..COMMITS {
            ingest_soundly(&store, &bench.paths(&[number])).await;
        }
        let first = store.join("kms_events/_delta_log/00000000000000000000.json");
        assert!(first.exists());
        vacuum(&store, Fault::None).await.expect("a vacuum");
        let log = fs::read_dir(store.join("kms_events/_delta_log")).expect("a log");
        let mut names: Vec<String> = log
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        // Versions 0 to 9; the checkpoint of version 7 and what comes from there on.
        let version = |number: u64, ending: &str| format!("{number:020}.{ending}");
        let expected = [
            version(7, "checkpoint.parquet"),
            version(7, "json"),
            version(8, "json"),
            version(9, "json"),
            "_last_checkpoint".to_owned(),
        ];
        assert_eq!(names, expected);
        let all = bench.corpus.all();
        check(&store, &bench.corpus, &all, Attempts::One, "vacuumed").await;
        let again = ingest_soundly(&store, &bench.logs).await;
        assert_eq!(
            (again.objects_known, again.rows_written),
            (COMMITS as u64, 0)
        );
    });
}

/// Two compactions and an ingest, each with a handle of its own, from the same snapshots.
#[test]
fn two_compactions_and_an_ingest_at_once_are_exact() {
    let none: &[&'static str] = &[];
    for (seed, suffixes) in [
        (5, none),
        (6, &[NEXT_EVENTS]),
        (7, &[NEXT_EVENTS, NEXT_USAGE, NEXT_LEDGER]),
    ] {
        let (bench, store, mut files) = prepare(seed);
        let gates = gates(suffixes, 3);
        let double = || FaultStore::gated(Fault::None, gates.clone());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let paths = bench.paths(LAST);
                let summary = block_on(ingest(&store, &double(), &paths));
                let summary = summary.expect("the writer does not give up");
                assert!(summary.rows_written > 0 && summary.duplicates > 0);
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    block_on(compact(&store, &double())).expect("neither gives up");
                });
            }
        });
        files.extend([4, 8, 9]);
        let hint = format!("seed {seed}, gates {suffixes:?}");
        block_on(async {
            check(&store, &bench.corpus, &files, Attempts::One, &hint).await;
            check_order(&store, &hint).await;
            let clean = FaultStore::new(Fault::None);
            compact(&store, &clean).await.expect("a compaction");
            assert_eq!(live_files(&store).await.len(), MERGED_FILES, "{hint}");
            check(&store, &bench.corpus, &files, Attempts::One, &hint).await;
        });
    }
}

fn gates(suffixes: &[&'static str], writers: usize) -> Vec<Gate> {
    let gate = |suffix: &&'static str| Gate {
        suffix,
        barrier: Arc::new(Barrier::new(writers)),
    };
    suffixes.iter().map(gate).collect()
}
