//! Random sequences of ingests and faults: after each, the roll-ups are the aggregates of the events.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};

use super::corpus::Corpus;
use super::exact::{Attempts, check, check_claims, check_rollups};
use super::harness::{Bench, Reader, any_of, block_on, compact, ingest, ingest_soundly};
use super::store_double::{Fault, FaultStore};

/// One ingest: which files, as bits, whether small files are merged afterwards, what goes wrong.
#[derive(Debug, Clone)]
struct Step {
    files: u16,
    is_compacted: bool,
    fault: Fault,
}

fn step() -> impl Strategy<Value = Step> {
    let write = 1..40_u64;
    let fault = prop_oneof![
        2 => (0..1_u8).prop_map(|_| Fault::None),
        1 => write.clone().prop_map(Fault::Fails),
        1 => write.clone().prop_map(Fault::LosesAnswer),
        1 => write.clone().prop_map(Fault::MeetsItself),
        2 => write.prop_map(Fault::DiesAfter),
    ];
    (any::<u16>(), any::<bool>(), fault).prop_map(|(files, is_compacted, fault)| Step {
        files,
        is_compacted,
        fault,
    })
}

#[test]
fn rollups_are_the_aggregates_after_any_sequence() {
    let strategy = (1..1000_u64, vec(step(), 1..5));
    any_of(12, 20_260_301, &strategy, |(seed, steps)| run(seed, &steps));
}

fn run(seed: u64, steps: &[Step]) {
    let mut bench = Bench::new(Corpus::new(seed));
    block_on(async {
        let store = bench.new_store();
        let mut listed = BTreeSet::new();
        for (number, step) in steps.iter().enumerate() {
            let files: Vec<usize> = bench
                .corpus
                .all()
                .into_iter()
                .filter(|file| step.files >> file & 1 == 1)
                .collect();
            let double = FaultStore::new(step.fault);
            let done = ingest(&store, &double, &bench.paths(&files)).await;
            if done.is_ok() && step.is_compacted {
                // The fault may come here as well; the store must be sound in any case.
                drop(compact(&store, &double).await);
            }
            listed.extend(files);
            let hint = format!("seed {seed}, step {number} of {steps:?}");
            match Reader::open(&store).await {
                Ok(reader) => {
                    check_rollups(&reader, &hint).await;
                    check_claims(&reader, &bench.corpus, &hint).await;
                }
                // The fault came before there was a store.
                Err(error) => assert!(done.is_err(), "{hint}: {error:#}"),
            }
        }
        let listed: Vec<usize> = listed.into_iter().collect();
        ingest_soundly(&store, &bench.paths(&listed)).await;
        let hint = format!("seed {seed}, after {steps:?}");
        check(&store, &bench.corpus, &listed, Attempts::One, &hint).await;
    });
}
