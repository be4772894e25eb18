//! Giving up old events: the rows go, once and for all, and everything that was counted of them stays;
//! also with faults, beside a writer, with holds, and when the same logs come again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keytrail::ingest::{IngestError, Retained, Span};
use serde_json::Value;
use tokio::sync::Barrier;

use super::aggregate::{
    Sums, months_of_table, resources_of_table, usage_of_events, usage_of_table,
};
use super::corpus::Corpus;
use super::harness::{
    Bench, Reader, Row, block_on, compact, copy_tree, ingest, ingest_soundly, keeping, retain,
    rows_of, session_over,
};
use super::store_double::{Fault, FaultStore, Gate};

/// From 2026-03-15, when all runs begin, back to 2026-03-01: half of the corpus's days.
const FORTNIGHT: Span = Span::Days(14);
const HORIZON: &str = "2026-03-01T00:00:00Z";

/// What a store says.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    usage: Sums,
    uses: Vec<Row>,
    months: Sums,
    resources: Sums,
    ledger: Vec<Row>,
}

async fn said(directory: &Path) -> Said {
    let reader = Reader::open(directory).await.expect("a store");
    let mut ledger = reader.rows("log_file_events").await;
    ledger.sort();
    Said {
        usage: usage_of_table(&reader.rows("usage_daily").await),
        uses: uses(directory).await,
        months: months_of_table(&reader.rows("usage_monthly").await),
        resources: resources_of_table(&reader.rows("key_resources").await),
        ledger,
    }
}

/// The daily counts of operations, each counted once.
async fn uses(directory: &Path) -> Vec<Row> {
    let session = session_over(directory).await;
    rows_of(&session, "SELECT * FROM uses_daily").await
}

/// Content hashes of the rows of both event tables; a row that is there twice is none.
async fn events(directory: &Path) -> BTreeSet<String> {
    let reader = Reader::open(directory).await.expect("a store");
    let mut hashes = BTreeSet::new();
    for table in ["kms_events", "trail_events"] {
        for row in reader.rows(table).await {
            let hash = row.text("content_hash").to_owned();
            assert!(hashes.insert(hash), "twice: {row:?}");
        }
    }
    hashes
}

/// The content hashes of events that are kept.
fn kept(
    corpus: &Corpus,
    files: &[usize],
    is_kept: impl Fn(&str, &Value) -> bool,
) -> BTreeSet<String> {
    let rows = corpus.rows(files).into_iter();
    let rows = rows.filter(|row| {
        let event: Value = serde_json::from_str(&row.content).expect("JSON");
        is_kept(row.table, &event)
    });
    rows.map(|row| row.content_hash).collect()
}

/// Whether an event is not beyond the horizon, or of an alias, a trail, a region or an organization.
fn is_young(table: &str, event: &Value) -> bool {
    let is_always_kept = match table {
        "kms_events" => matches!(
            event["eventName"].as_str(),
            Some("CreateAlias" | "UpdateAlias" | "DeleteAlias")
        ),
        _ => matches!(
            event["eventSource"].as_str(),
            Some(
                "account.amazonaws.com"
                    | "cloudtrail.amazonaws.com"
                    | "organizations.amazonaws.com"
            )
        ),
    };
    event["eventTime"].as_str().expect("a time") >= HORIZON || is_always_kept
}

fn removed(retained: &Retained) -> BTreeMap<&str, u64> {
    let tables = retained.removed.iter();
    tables
        .map(|removed| (removed.table.as_str(), removed.rows))
        .collect()
}

/// The same logs at another place: objects that the ledger does not know.
fn again(bench: &Bench, name: &str) -> Vec<PathBuf> {
    let root = bench.root().join(name);
    bench.corpus.write(&root)
}

fn clean() -> FaultStore {
    FaultStore::new(Fault::None)
}

/// A store with all objects, in two runs.
fn prepare(seed: u64) -> (Bench, PathBuf) {
    let mut bench = Bench::new(Corpus::new(seed));
    let store = bench.new_store();
    block_on(async {
        ingest_soundly(&store, &bench.paths(&[0, 1, 6])).await;
        ingest_soundly(&store, &bench.logs).await;
    });
    (bench, store)
}

#[test]
fn old_rows_go_and_what_was_counted_stays() {
    let (bench, store) = prepare(1);
    let all = bench.corpus.all();
    block_on(async {
        let before = said(&store).await;
        let held = events(&store).await;
        let expected = kept(&bench.corpus, &all, is_young);
        let done = retain(&store, &clean(), &keeping(Some(FORTNIGHT), &[]))
            .await
            .expect("done");
        assert_eq!(done.events_horizon.as_deref(), Some(HORIZON));
        assert_eq!(events(&store).await, expected);
        let gone = removed(&done);
        let count = gone["kms_events"] + gone["trail_events"];
        assert_eq!(count, (held.len() - expected.len()) as u64);
        assert!(count > 0 && !expected.is_empty() && gone["usage_daily"] == 0);
        assert_eq!(said(&store).await, before);

        // A second time, or with an earlier horizon, there is nothing to do.
        for span in [FORTNIGHT, Span::Days(30)] {
            let done = retain(&store, &clean(), &keeping(Some(span), &[]))
                .await
                .expect("done");
            assert_eq!(done.events_horizon.as_deref(), Some(HORIZON));
            assert!(removed(&done).values().all(|rows| *rows == 0), "{done:?}");
        }

        // The same logs again: what is old is dropped, the rest is known, and nothing is counted twice.
        let summary = ingest_soundly(&store, &again(&bench, "again")).await;
        assert!(summary.is_conserved());
        assert_eq!((summary.rows_written, summary.objects_new), (0, 10));
        assert!(summary.expired >= count && summary.duplicates >= expected.len() as u64);
        assert_eq!(events(&store).await, expected);
        let after = said(&store).await;
        assert_eq!(
            (&after.usage, &after.resources),
            (&before.usage, &before.resources)
        );
        let reader = Reader::open(&store).await.expect("a store");
        let ledger = reader.rows("log_file_events").await;
        let expired: u64 = ledger.iter().map(|row| row.number("expired")).sum();
        assert_eq!(expired, summary.expired);
        let runs = reader.rows("runs").await;
        let is_end =
            |run: &&Row| run.text("run_id") == summary.run_id && run.text("outcome") != "started";
        let of_run = runs.iter().find(is_end);
        assert_eq!(of_run.expect("the run").number("expired"), expired);
        compact(&store, &clean()).await.expect("a compaction");
        assert_eq!(events(&store).await, expected);
        assert_eq!(said(&store).await, after);
    });
}

/// The key that most old events name by its ARN.
async fn an_old_key(store: &Path) -> String {
    let reader = Reader::open(store).await.expect("a store");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for row in reader.rows("kms_events").await {
        if let (Some(key), true) = (row.owned("key_arn"), row.text("event_time") < HORIZON) {
            *counts.entry(key).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.expect("a key").0
}

/// The old rows of a key, by content hash.
async fn old_rows_of(store: &Path, key: &str) -> BTreeSet<String> {
    let columns = [
        "key_arn",
        "key_as_typed",
        "destination_key_arn",
        "destination_key_as_typed",
    ];
    let reader = Reader::open(store).await.expect("a store");
    let rows = reader.rows("kms_events").await.into_iter();
    let rows = rows.filter(|row| {
        row.text("event_time") < HORIZON && columns.iter().any(|name| row.get(name) == Some(key))
    });
    rows.map(|row| row.text("content_hash").to_owned())
        .collect()
}

#[test]
fn held_keys_keep_their_rows_until_they_are_released() {
    let (bench, store) = prepare(2);
    let all = bench.corpus.all();
    block_on(async {
        let before = said(&store).await;
        let key = an_old_key(&store).await;
        let held = old_rows_of(&store, &key).await;
        let young = kept(&bench.corpus, &all, is_young);
        let expected: BTreeSet<String> = young.union(&held).cloned().collect();
        assert!(held.len() > 1 && expected.len() < events(&store).await.len());
        let options = keeping(Some(FORTNIGHT), &[&key]);
        let done = retain(&store, &clean(), &options).await.expect("done");
        assert_eq!(done.held, std::slice::from_ref(&key));
        assert_eq!(events(&store).await, expected);
        assert_eq!(said(&store).await, before);

        // They are still known when they come again.
        let summary = ingest_soundly(&store, &again(&bench, "again")).await;
        assert_eq!(summary.rows_written, 0);
        assert!(summary.expired > 0);
        assert_eq!(events(&store).await, expected);

        let mut options = keeping(None, &[]);
        options.releases = vec![key.clone()];
        let done = retain(&store, &clean(), &options).await.expect("done");
        assert_eq!(done.held, Vec::<String>::new());
        assert_eq!(removed(&done)["kms_events"], held.len() as u64);
        assert_eq!(events(&store).await, young);

        // A hold does not bring back what is gone, nor count it again.
        retain(&store, &clean(), &keeping(None, &[&key]))
            .await
            .expect("done");
        let summary = ingest_soundly(&store, &again(&bench, "thrice")).await;
        assert_eq!(summary.rows_written, 0);
        assert_eq!(events(&store).await, young);
        let after = said(&store).await;
        assert_eq!(
            (after.usage, after.resources),
            (before.usage, before.resources)
        );
    });
}

#[test]
fn usage_has_a_horizon_of_its_own() {
    let (_bench, store) = prepare(3);
    block_on(async {
        let before = said(&store).await;
        let key = an_old_key(&store).await;
        let mut options = keeping(Some(FORTNIGHT), &[]);
        options.usage = Some(Span::Days(10));
        let refused = retain(&store, &clean(), &options)
            .await
            .expect_err("refused");
        let refused: IngestError = refused.downcast().expect("an error of ingest");
        assert!(
            matches!(refused, IngestError::UsageBeforeEvents { .. }),
            "{refused}"
        );
        assert_eq!(said(&store).await, before);
        let reader = Reader::open(&store).await.expect("a store");
        assert_eq!(reader.pins.retention().expect("JSON"), Default::default());

        // 2026-02-26: no month has ended before it but January.
        let mut options = keeping(Some(FORTNIGHT), &[&key]);
        options.usage = Some(Span::Days(17));
        // One row each, so that what is counted of a resource goes or stays as a whole.
        compact(&store, &clean()).await.expect("a compaction");
        let done = retain(&store, &clean(), &options).await.expect("done");
        let after = said(&store).await;
        let (is_of_key, is_kept) = (
            |of_key: &Option<String>| of_key.as_deref() == Some(&*key),
            |last_time: &str| last_time >= "2026-02-26",
        );
        let mut months = before.months.clone();
        months.retain(|dimensions, _sum| {
            is_of_key(&dimensions[0]) || dimensions[7].as_deref() >= Some("2026-02")
        });
        assert_eq!(after.months, months);
        let mut resources = before.resources.clone();
        resources.retain(|dimensions, sum| is_of_key(&dimensions[0]) || is_kept(sum.last_time()));
        assert_eq!(after.resources, resources);
        let gone = removed(&done);
        assert_eq!(
            (gone["usage_monthly"], gone["key_resources"]),
            (
                (before.months.len() - months.len()) as u64,
                (before.resources.len() - resources.len()) as u64
            )
        );
        let mut expected = before.usage.clone();
        expected.retain(|dimensions, _sum| {
            let (day, of_key) = (dimensions[0].as_deref(), dimensions[1].as_deref());
            day >= Some("2026-02-26") || of_key == Some(&key)
        });
        assert!(expected.len() < before.usage.len());
        assert_eq!(after.usage, expected);
        let mut expected = before.uses.clone();
        expected.retain(|row| {
            row.text("event_date") >= "2026-02-26" || row.get("key_arn") == Some(&key)
        });
        assert!(expected.len() < before.uses.len());
        assert_eq!(after.uses, expected);

        // On the first of March all of February goes from the months too, and what nobody has used since.
        let mut options = keeping(None, &[]);
        options.usage = Some(FORTNIGHT);
        options.releases = vec![key.clone()];
        retain(&store, &clean(), &options).await.expect("done");
        let after = said(&store).await;
        let mut months = before.months.clone();
        months.retain(|dimensions, _sum| dimensions[7].as_deref() >= Some("2026-03"));
        assert!(!months.is_empty() && months.len() < before.months.len());
        assert_eq!(after.months, months);
        let mut resources = before.resources.clone();
        resources.retain(|_dimensions, sum| sum.last_time() >= HORIZON);
        assert!(!resources.is_empty() && resources.len() < before.resources.len());
        assert_eq!(after.resources, resources);
    });
}

/// Each write of a retention fails, loses its answer, or is the last of its process; then it is run
/// again.
#[test]
fn a_fault_at_any_write_of_a_retention_leaves_the_store_exact() {
    let (mut bench, template) = prepare(4);
    let all = bench.corpus.all();
    block_on(async {
        let before = said(&template).await;
        let held = events(&template).await;
        let key = an_old_key(&template).await;
        let of_key = old_rows_of(&template, &key).await;
        let young = kept(&bench.corpus, &all, is_young);
        let expected: BTreeSet<String> = young.union(&of_key).cloned().collect();
        let store = bench.new_store();
        copy_tree(&template, &store);
        let double = clean();
        let options = keeping(Some(FORTNIGHT), &[&key]);
        retain(&store, &double, &options).await.expect("done");
        // Five properties, files and a commit for each partition with old rows, and the run.
        assert!(double.writes() > 8, "{}", double.writes());
        for number in 1..=double.writes() {
            for fault in [
                Fault::Fails(number),
                Fault::LosesAnswer(number),
                Fault::MeetsItself(number),
                Fault::DiesAfter(number),
            ] {
                let store = bench.new_store();
                copy_tree(&template, &store);
                let faulted = retain(&store, &FaultStore::new(fault), &options).await;
                let hint = format!("{fault:?}: {faulted:?}");
                match fault {
                    Fault::Fails(_) => assert!(faulted.is_err(), "{hint}"),
                    Fault::MeetsItself(_) => assert!(faulted.is_ok(), "{hint}"),
                    _ => {}
                }
                // On the way, some of the old rows are gone, and nothing else.
                let found = events(&store).await;
                assert!(
                    expected.is_subset(&found) && found.is_subset(&held),
                    "{hint}"
                );
                assert_eq!(said(&store).await, before, "{hint}");
                retain(&store, &clean(), &options).await.expect("done");
                assert_eq!(events(&store).await, expected, "{hint}");
                fs::remove_dir_all(&store).expect("a directory of ours");
            }
        }
    });
}

/// A process that died between its events and its roll-ups has left rows that nobody has counted: they
/// are counted before they go.
#[test]
fn what_no_roll_up_has_counted_is_counted_before_it_goes() {
    let mut bench = Bench::new(Corpus::new(5));
    block_on(async {
        let whole = bench.new_store();
        ingest_soundly(&whole, &bench.logs).await;
        let expected = said(&whole).await;
        let double = clean();
        let probe = bench.new_store();
        ingest_soundly(&probe, &[]).await;
        let template = bench.new_store();
        copy_tree(&probe, &template);
        ingest(&probe, &double, &bench.logs).await.expect("a run");
        let mut uncounted = 0;
        for number in 1..=double.writes() {
            let store = bench.new_store();
            copy_tree(&template, &store);
            let dying = FaultStore::new(Fault::DiesAfter(number));
            drop(ingest(&store, &dying, &bench.logs).await);
            let rows = events(&store).await;
            let before = said(&store).await;
            let done = retain(&store, &clean(), &keeping(Some(FORTNIGHT), &[]))
                .await
                .expect("done");
            uncounted += u64::from(removed(&done)["kms_events"] > 0 && before.ledger.is_empty());
            let after = said(&store).await;
            let hint = format!("died after {number}, {} rows", rows.len());
            assert_eq!(after.usage, before.usage, "{hint}");
            assert_eq!(after.resources, before.resources, "{hint}");
            if before.usage == expected.usage {
                ingest_soundly(&store, &bench.logs).await;
                assert_eq!(said(&store).await.usage, expected.usage, "{hint}");
            }
            fs::remove_dir_all(&store).expect("a directory of ours");
        }
        assert!(uncounted > 2, "{uncounted}");
    });
}

/// A writer that has old events, and a retention, at once: both write the same commits.
#[test]
fn a_retention_beside_a_writer_is_exact() {
    const NEXT_EVENTS: &str = "kms_events/_delta_log/00000000000000000002.json";
    const NEXT_TRAIL: &str = "trail_events/_delta_log/00000000000000000002.json";
    for (seed, suffixes) in [
        (6, &[] as &[&'static str]),
        (7, &[NEXT_EVENTS]),
        (8, &[NEXT_EVENTS]),
        (9, &[NEXT_EVENTS, NEXT_TRAIL]),
    ] {
        let mut bench = Bench::new(Corpus::new(seed));
        let store = bench.new_store();
        block_on(ingest_soundly(&store, &bench.paths(&[0, 1, 6])));
        let gates: Vec<Gate> = suffixes
            .iter()
            .map(|suffix| Gate {
                suffix,
                barrier: Arc::new(Barrier::new(2)),
            })
            .collect();
        let (summary, done) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let double = FaultStore::gated(Fault::None, gates.clone());
                block_on(ingest(&store, &double, &bench.logs)).expect("it does not give up")
            });
            let options = keeping(Some(FORTNIGHT), &[]);
            let double = FaultStore::gated(Fault::None, gates.clone());
            let done = block_on(retain(&store, &double, &options)).expect("it does not give up");
            (writer.join().expect("a writer"), done)
        });
        assert!(summary.is_conserved());
        let hint = format!("seed {seed}: {summary:?} {done:?}");
        block_on(async {
            let expected = kept(&bench.corpus, &bench.corpus.all(), is_young);
            assert_eq!(events(&store).await, expected, "{hint}");
            // Every row that was ever written is there, or was removed; and is counted.
            let reader = Reader::open(&store).await.expect("a store");
            let ledger = reader.rows("log_file_events").await;
            let sum = |column| ledger.iter().map(|row| row.number(column)).sum::<u64>();
            let gone = removed(&done);
            let count = gone["kms_events"] + gone["trail_events"];
            assert_eq!(sum("written"), expected.len() as u64 + count, "{hint}");
            assert_eq!(sum("expired"), summary.expired, "{hint}");
            let kms = reader.rows("kms_events").await;
            let usage = reader.rows("usage_daily").await;
            let firsts = usage
                .iter()
                .filter(|row| row.text("key_role") != "destination");
            let counted: u64 = firsts.map(|row| row.number("count")).sum();
            assert_eq!(counted, kms.len() as u64 + gone["kms_events"], "{hint}");
            let mut young = usage_of_table(&usage);
            young.retain(|dimensions, _sum| dimensions[0].as_deref() >= Some("2026-03-01"));
            assert_eq!(young, usage_of_events(&kms), "{hint}");
        });
    }
}
