//! The same tree again, in another order, in one run or in many: the same store.

use std::collections::BTreeSet;
use std::path::Path;

use keytrail::source;
use keytrail::store::StoreError;

use super::aggregate::{resources_of_table, usage_of_table};
use super::corpus::Corpus;
use super::exact::{Attempts, check};
use super::harness::{
    Bench, Reader, Row, block_on, create, ingest_into, ingest_soundly, set_checkpoint_interval,
    tree,
};
use super::store_double::{Fault, FaultStore};
use crate::corpus::rng::Rng;

#[test]
fn the_same_tree_again_writes_nothing_but_its_run() {
    let mut bench = Bench::new(Corpus::new(1));
    block_on(async {
        let store = bench.new_store();
        let first = ingest_soundly(&store, &bench.logs).await;
        assert_eq!(first.objects_new, 10);
        assert_eq!(first.objects_rejected, 3);
        let before = tree(&store);
        for _ in 0..2 {
            let again = ingest_soundly(&store, &bench.logs).await;
            assert_eq!((again.objects_new, again.objects_known), (0, 10));
            assert_eq!((again.records, again.rows_written), (0, 0));
            assert_eq!(
                (again.objects_rejected, again.objects_rejected_known),
                (0, 3)
            );
            assert!(!again.has_new_rejects());
        }
        let mut after = tree(&store);
        after.retain(|path, _size| before.contains_key(path) || !path.starts_with("runs"));
        assert_eq!(
            after, before,
            "only `runs` has new files, and no old one has changed"
        );
        check(
            &store,
            &bench.corpus,
            &bench.corpus.all(),
            Attempts::One,
            "thrice",
        )
        .await;
    });
}

/// Rows without what tells when and from where they came, sorted.
async fn settled(reader: &Reader, relation: &str, left_out: &[&str]) -> Vec<Row> {
    let rows = reader.rows(relation).await;
    let mut rows: Vec<Row> = rows.into_iter().map(|row| row.without(left_out)).collect();
    rows.sort();
    rows
}

/// The ledger, with the split of an object's rows into written and duplicate taken back.
async fn ledger(reader: &Reader) -> Vec<(Row, u64)> {
    let mut rows: Vec<(Row, u64)> = reader
        .rows("log_files")
        .await
        .into_iter()
        .map(|row| {
            let wanted = row.number("written") + row.number("duplicates");
            let left_out = ["run_id", "batch_id", "recorded_at", "written", "duplicates"];
            (row.without(&left_out), wanted)
        })
        .collect();
    rows.sort();
    rows
}

async fn assert_same(expected: &Path, found: &Path, hint: &str) {
    const WHENCE: [&str; 5] = [
        "ingest_seq",
        "batch_id",
        "object_id",
        "record_number",
        "ingest_time",
    ];
    let expected = Reader::open(expected).await.expect("a store");
    let found = Reader::open(found).await.expect("a store");
    for table in ["kms_events", "trail_events"] {
        let (left, right) = (
            settled(&expected, table, &WHENCE).await,
            settled(&found, table, &WHENCE).await,
        );
        assert!(!left.is_empty());
        assert_eq!(left, right, "{hint}: {table}");
    }
    let usage = (
        expected.rows("usage_daily").await,
        found.rows("usage_daily").await,
    );
    assert_eq!(usage_of_table(&usage.0), usage_of_table(&usage.1), "{hint}");
    let resources = (
        expected.rows("key_resources").await,
        found.rows("key_resources").await,
    );
    assert_eq!(
        resources_of_table(&resources.0),
        resources_of_table(&resources.1),
        "{hint}"
    );
    assert_eq!(
        ledger(&expected).await,
        ledger(&found).await,
        "{hint}: log_files"
    );
}

#[test]
fn order_and_number_of_runs_make_no_difference() {
    let mut bench = Bench::new(Corpus::new(2));
    block_on(async {
        let whole = bench.new_store();
        ingest_soundly(&whole, &bench.logs).await;
        let mut chance = Rng::new(3);
        for round in 0..2 {
            let order = shuffled(bench.corpus.all(), &mut chance);
            let one_by_one = bench.new_store();
            for file in &order {
                ingest_soundly(&one_by_one, &bench.paths(&[*file])).await;
            }
            let hint = format!("round {round}: {order:?}");
            assert_same(&whole, &one_by_one, &hint).await;
            check(&one_by_one, &bench.corpus, &order, Attempts::One, &hint).await;

            let in_one_run = bench.new_store();
            ingest_soundly(&in_one_run, &bench.paths(&order)).await;
            assert_same(&whole, &in_one_run, &hint).await;
        }
    });
}

fn shuffled(mut numbers: Vec<usize>, chance: &mut Rng) -> Vec<usize> {
    for last in (1..numbers.len()).rev() {
        let other = usize::try_from(chance.below(last as u64 + 1)).expect("small");
        numbers.swap(last, other);
    }
    numbers
}

/// Commits beyond a checkpoint, from which the transactions must be read as well; and the same where no
/// checkpoint can be written, since a run does not fail for a short cut.
#[test]
fn runs_beyond_a_checkpoint_are_exact() {
    const RUNS: usize = 7;
    let mut bench = Bench::new(Corpus::tiny(4, RUNS));
    block_on(async {
        for fault in [Fault::None, Fault::FailsCheckpoints] {
            let store = bench.new_store();
            create(&store, &FaultStore::new(fault))
                .await
                .expect("a store");
            set_checkpoint_interval(&store, 4);
            let mut warnings = Vec::new();
            for number in 0..RUNS {
                let double = FaultStore::new(fault);
                let store = create(&store, &double).await.expect("a store");
                let done = ingest_into(&store, &source::Files, &bench.paths(&[number])).await;
                assert_eq!(done.expect("a run").rows_written, 1);
                warnings.extend(store.take_warnings());
                assert_eq!(store.take_warnings().len(), 0, "a warning is told once");
            }
            // Commits 3 and 7 of eleven tables, and 11 of `runs` and `settlements`, which get two a run; the trail's table
            // has none.
            let told = if fault == Fault::None { 0 } else { 24 };
            assert_eq!(warnings.len(), told, "{warnings:?}");
            for warning in &warnings {
                let is_due = matches!(
                    warning,
                    StoreError::Checkpoint {
                        version: 3 | 7 | 11,
                        ..
                    }
                );
                assert!(is_due, "{warning:?}");
            }
            let tables = [
                "alias_sightings",
                "event_days",
                "key_resources",
                "key_uses",
                "kms_events",
                "log_file_events",
                "runs",
                "settlements",
                "usage_daily",
                "usage_monthly",
                "uses_daily",
            ];
            let expected = if fault == Fault::None {
                &tables[..]
            } else {
                &[]
            };
            assert!(
                checkpoints(&store).iter().eq(expected),
                "{:?}",
                checkpoints(&store)
            );
            let hint = format!("{RUNS} runs, {fault:?}");
            check(
                &store,
                &bench.corpus,
                &bench.corpus.all(),
                Attempts::One,
                &hint,
            )
            .await;
            let again = ingest_soundly(&store, &bench.logs).await;
            assert_eq!((again.objects_known, again.rows_written), (RUNS as u64, 0));
        }
    });
}

/// The tables that have a checkpoint.
fn checkpoints(store: &Path) -> BTreeSet<String> {
    let paths = tree(store)
        .into_keys()
        .map(|path| path.display().to_string());
    paths
        .filter(|path| path.contains(".checkpoint"))
        .filter_map(|path| Some(path.split_once('/')?.0.to_owned()))
        .collect()
}
