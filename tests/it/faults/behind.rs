//! A roll-up whose query fails: the run keeps every event and its ledger, readers miss nothing, and a
//! later run catches up.

use std::sync::Arc;

use keytrail::catalog::Library;
use keytrail::source;

use super::corpus::Corpus;
use super::exact::{Attempts, check, check_claims, check_rollups};
use super::harness::{Bench, Reader, block_on, create, ingest_soundly, ingest_with};
use super::store_double::{Fault, FaultStore};

/// A query that fails on every event.
const FAILING: &str = "-- id: key_resources\n-- title: t\n-- description: d\n\
    SELECT arrow_cast(event_id, 'Int64') AS key FROM new_kms_events";

#[test]
fn a_roll_up_that_fails_does_not_block_the_store() {
    let mut bench = Bench::new(Corpus::new(41));
    let store = bench.new_store();
    let mut broken = Library::embedded().expect("good headers");
    let is_taken = broken.add("rollups/key_resources.sql", FAILING);
    assert!(is_taken.expect("a good header"));
    let broken = Arc::new(broken);
    let (first, all) = ([0, 1, 2], bench.corpus.all());
    block_on(async {
        for files in [&first[..], &all] {
            let double = FaultStore::new(Fault::None);
            let paths = bench.paths(files);
            let opened = create(&store, &double).await.expect("a store");
            let run = ingest_with(&opened, &source::Files, &paths, &broken);
            let summary = run.await.expect("the events are taken");
            // No fact is computed in a session with a roll-up that cannot be planned.
            let [behind, facts] = summary.rollups_behind.as_slice() else {
                panic!("{summary:?}");
            };
            assert_eq!(facts.table, "key_uses");
            assert_eq!(behind.table, "key_resources");
            assert!(behind.message.contains("Cannot cast"), "{behind:?}");
            assert!(summary.is_incomplete());
            // What a reader gets is complete: the tail is counted while reading.
            let reader = Reader::open(&store).await.expect("a store");
            check_rollups(&reader, "behind").await;
            check_claims(&reader, &bench.corpus, "behind").await;
            assert_eq!(reader.rows("log_files").await.len(), files.len());
        }
        let summary = ingest_soundly(&store, &bench.logs).await;
        assert_eq!(summary.rollups_behind, []);
        check(&store, &bench.corpus, &all, Attempts::One, "caught up").await;
    });
}
