//! Many small ingests into one store: files stay few, and a run costs what the early ones cost. Cost is
//! counted in calls to the object store, so that no clock is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keytrail::store::{Place, Store};

use super::corpus::Corpus;
use super::exact::{Attempts, check};
use super::harness::{Bench, block_on, ingest};
use super::store_double::{Fault, FaultStore};

/// Small ingests, one after the other.
const RUNS: usize = 60;

/// Live files and partitions, by table.
async fn live(directory: &Path) -> BTreeMap<&'static str, (usize, usize)> {
    let place = Place::directory(directory).expect("a place");
    let store = Store::open(place).await.expect("a store");
    let pins = store.pin().await.expect("tables");
    let counts = pins.iter().map(|table| {
        let files = table.files().expect("statistics");
        let partitions: BTreeSet<_> = files.iter().map(|file| file.partition.clone()).collect();
        (table.table().name, (files.len(), partitions.len()))
    });
    counts.collect()
}

#[test]
fn many_small_ingests_leave_few_files_and_cost_the_same_each() {
    let mut bench = Bench::new(Corpus::tiny(1, RUNS));
    block_on(async {
        let store = bench.new_store();
        let mut calls = Vec::new();
        let mut most = 0;
        for run in 0..RUNS {
            let double = FaultStore::new(Fault::None);
            let summary = ingest(&store, &double, &bench.paths(&[run]))
                .await
                .expect("a run");
            assert_eq!(summary.rows_written, 1);
            calls.push(double.calls());

            for (table, (files, partitions)) in live(&store).await {
                assert!(
                    files <= 3 * partitions + 20,
                    "run {run}: {table} has {files} files"
                );
                most = most.max(files);
            }
        }
        assert!(most > 10, "small files wait for others");
        // From the first checkpoints on, so that both tens read some.
        let first: u64 = calls[10..20].iter().sum();
        let last: u64 = calls[RUNS - 10..].iter().sum();
        assert!(
            2 * last <= 3 * first,
            "{last} calls against {first}: {calls:?}"
        );
        let all = bench.corpus.all();
        check(&store, &bench.corpus, &all, Attempts::One, "many runs").await;
    });
}
