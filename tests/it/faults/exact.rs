//! Whether a store holds exactly what its log objects say.
//!
//! Enters: a store's directory, and the files that it has ingested. It panics where anything is
//! missing, twice, or too much.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keytrail::decode::original_event;
use keytrail::schema::{KMS_EVENTS, ROLLUPS};
use keytrail::store::{INGEST, Place, ROLLUP};

use super::aggregate::{
    months_of_table, months_of_usage, resources_of_events, resources_of_table, usage_of_events,
    usage_of_table,
};
use super::corpus::{Corpus, Identity, LogFile, canonical};
use super::harness::{Reader, Row, text_rows};

/// How many rows the ledger may hold for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempts {
    /// One: runs came one after the other.
    One,
    /// One for each run that was under way at the same time.
    OnePerRun,
}

/// Checks all tables against the files ingested; `hint` is shown where a check fails.
pub(crate) async fn check(
    directory: &Path,
    corpus: &Corpus,
    files: &[usize],
    attempts: Attempts,
    hint: &str,
) {
    let place = Place::directory(directory).expect("a directory");
    check_place(place, corpus, files, attempts, hint).await;
}

/// The same of a store wherever it lies.
pub(crate) async fn check_place(
    place: Place,
    corpus: &Corpus,
    files: &[usize],
    attempts: Attempts,
    hint: &str,
) {
    let reader = Reader::of(place)
        .await
        .unwrap_or_else(|error| panic!("{hint}: {error:#}"));
    let expected = corpus.rows(files);
    let mut objects = BTreeSet::new();
    for table in ["kms_events", "trail_events"] {
        check_events(&reader, table, &expected, &mut objects, hint).await;
    }
    check_rollups(&reader, hint).await;
    let counted = |table| reader.pins.get(table).transaction(ROLLUP);
    let ingested = reader
        .pins
        .get(&KMS_EVENTS)
        .transaction(INGEST)
        .await
        .expect("a number");
    for table in ROLLUPS {
        let counted = counted(table).await.expect("a number");
        assert_eq!(counted, ingested, "{hint}: {} is behind", table.name);
    }
    check_ledger(&reader, corpus, files, &objects, attempts, hint).await;
    let runs = reader.rows("runs").await;
    let (started, ended): (Vec<&Row>, Vec<&Row>) = runs
        .iter()
        .partition(|run| run.text("outcome") == "started");
    for rows in [&started, &ended] {
        let ids: BTreeSet<&str> = rows.iter().map(|run| run.text("run_id")).collect();
        assert_eq!(ids.len(), rows.len(), "{hint}: a run is recorded twice");
    }
    let written: u64 = ended.iter().map(|run| run.number("rows_written")).sum();
    assert!(
        written <= expected.len() as u64,
        "{hint}: runs claim {written} rows"
    );
}

/// Each expected event once, no other; and each gives back the event that came in.
async fn check_events(
    reader: &Reader,
    table: &'static str,
    expected: &BTreeSet<Identity>,
    objects: &mut BTreeSet<String>,
    hint: &str,
) {
    let mut found: BTreeMap<Identity, u32> = BTreeMap::new();
    let mut batch_of_commit: BTreeMap<String, String> = BTreeMap::new();
    for batch in reader.batches(table).await {
        for (number, row) in text_rows(&batch).into_iter().enumerate() {
            let original = original_event(&batch, number).expect("an event");
            let original = serde_json::from_str(&original).expect("JSON");
            let identity = Identity {
                table,
                event_id: row.text("event_id").to_owned(),
                account: row.owned("recipient_account_id"),
                content_hash: row.text("content_hash").to_owned(),
                content: canonical(&original),
            };
            *found.entry(identity).or_default() += 1;
            objects.insert(row.text("object_id").to_owned());
            let batch_id = row.text("batch_id").to_owned();
            let commit = row.text("ingest_seq").to_owned();
            let first = batch_of_commit
                .entry(commit)
                .or_insert_with(|| batch_id.clone());
            assert_eq!(
                *first, batch_id,
                "{hint}: two batches have one number in {table}"
            );
        }
    }
    let expected: BTreeMap<Identity, u32> = expected
        .iter()
        .filter(|identity| identity.table == table)
        .map(|identity| (identity.clone(), 1))
        .collect();
    for (identity, count) in &found {
        let wanted = expected.get(identity).copied().unwrap_or(0);
        assert_eq!(
            *count, wanted,
            "{hint}: {table} holds it {count} times: {identity:?}"
        );
    }
    for identity in expected.keys() {
        assert!(
            found.contains_key(identity),
            "{hint}: {table} lacks {identity:?}"
        );
    }
}

/// Both roll-ups, as readers see them, against the events.
pub(crate) async fn check_rollups(reader: &Reader, hint: &str) {
    let events = reader.rows("kms_events").await;
    let days = reader.rows("usage_daily").await;
    let usage = usage_of_table(&days);
    assert_eq!(usage, usage_of_events(&events), "{hint}: usage_daily");
    let months = months_of_table(&reader.rows("usage_monthly").await);
    assert_eq!(months, months_of_usage(&days), "{hint}: usage_monthly");
    let resources = resources_of_table(&reader.rows("key_resources").await);
    assert_eq!(
        resources,
        resources_of_events(&events),
        "{hint}: key_resources"
    );
}

/// No two rows of a roll-up are equal in all dimensions: a compaction has added them up.
pub(crate) async fn check_sums_are_whole(directory: &Path) {
    let reader = Reader::open(directory).await.expect("a store");
    let days = reader.rows("usage_daily").await;
    let months = reader.rows("usage_monthly").await;
    let resources = reader.rows("key_resources").await;
    for (name, rows, sums) in [
        ("usage_daily", days.len(), usage_of_table(&days).len()),
        (
            "usage_monthly",
            months.len(),
            months_of_table(&months).len(),
        ),
        (
            "key_resources",
            resources.len(),
            resources_of_table(&resources).len(),
        ),
    ] {
        assert_eq!(rows, sums, "{name}");
    }
}

/// The ledger claims no event that the other tables do not hold, whatever has gone wrong.
pub(crate) async fn check_claims(reader: &Reader, corpus: &Corpus, hint: &str) {
    let mut held = BTreeSet::new();
    for table in ["kms_events", "trail_events"] {
        for row in reader.rows(table).await {
            held.insert((table, row.text("content_hash").to_owned()));
        }
    }
    for row in reader.rows("log_files").await {
        let location = row.text("location");
        let file = corpus
            .files
            .iter()
            .find(|file| location.ends_with(&file.name));
        for event in &file.expect("an object of the corpus").wanted {
            let key = (event.table, event.content_hash.clone());
            assert!(
                held.contains(&key),
                "{hint}: {location} is claimed without {event:?}"
            );
        }
    }
}

async fn check_ledger(
    reader: &Reader,
    corpus: &Corpus,
    files: &[usize],
    objects: &BTreeSet<String>,
    attempts: Attempts,
    hint: &str,
) {
    let ledger = reader.rows("log_files").await;
    let mut expected: BTreeMap<&str, &LogFile> = files
        .iter()
        .map(|&number| (corpus.files[number].name.as_str(), &corpus.files[number]))
        .collect();
    let mut known = BTreeSet::new();
    for row in &ledger {
        let location = row.text("location");
        let name = expected
            .keys()
            .copied()
            .find(|name| location.ends_with(name));
        let name = name.unwrap_or_else(|| panic!("{hint}: {location} is twice or unknown"));
        let file = expected.remove(name).expect("it was found");
        check_object(row, file, hint);
        known.insert(row.text("object_id").to_owned());
    }
    assert!(
        expected.is_empty(),
        "{hint}: log_files lacks {:?}",
        expected.keys()
    );
    assert!(
        objects.is_subset(&known),
        "{hint}: rows of objects that log_files does not know"
    );

    let events = reader.rows("log_file_events").await;
    let distinct: BTreeSet<(&str, &str)> = events
        .iter()
        .map(|row| match attempts {
            Attempts::One => (row.text("object_id"), ""),
            Attempts::OnePerRun => (row.text("object_id"), row.text("run_id")),
        })
        .collect();
    assert_eq!(
        distinct.len(),
        events.len(),
        "{hint}: an attempt is in the ledger twice"
    );
    let written: u64 = events.iter().map(|row| row.number("written")).sum();
    let rows = corpus.rows(files).len() as u64;
    assert!(
        written <= rows,
        "{hint}: the ledger claims {written} of {rows} rows"
    );
}

/// One object's row: what the object holds, and every record accounted for.
fn check_object(row: &Row, file: &LogFile, hint: &str) {
    let hint = format!("{hint}: {}", file.name);
    assert_eq!(row.text("state"), file.state, "{hint}: {row:?}");
    assert_eq!(row.get("reason"), file.reason, "{hint}");
    assert_eq!(row.text("kind"), "log", "{hint}");
    let of = |table| {
        file.wanted
            .iter()
            .filter(|event| event.table == table)
            .count() as u64
    };
    for (column, expected) in [
        ("records", file.records),
        ("kms_records", of("kms_events")),
        ("trail_records", of("trail_events")),
        ("not_wanted", file.not_wanted),
        ("rejected", file.rejected),
        ("expired", 0),
    ] {
        assert_eq!(row.number(column), expected, "{hint}: {column}");
    }
    let parts = ["not_wanted", "rejected", "expired", "duplicates", "written"];
    let sum: u64 = parts.iter().map(|column| row.number(column)).sum();
    assert_eq!(
        row.number("records"),
        sum,
        "{hint}: records that are not accounted for"
    );
}
