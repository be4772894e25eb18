//! Settling: after any sequence of ingests, faults and settlements, `key_uses` is what the one statement says over all
//! records, and other engines read the same of the settled days.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keytrail::catalog::Library;
use keytrail::ingest::{Settle, Settled, Span, settle};
use keytrail::schema::{KMS_EVENTS, SETTLEMENTS};
use keytrail::source;
use keytrail::sql::{LiveDays, Session};
use keytrail::store::{Place, Store, rows};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::harness::{
    Row, any_of, block_on, compact, create, ingest_changed, keeping, retain, rows_of, session_over,
};
use super::store_double::{Fault, FaultStore};
use crate::corpus::rng::Rng;

const HOME: &str = "111122223333";
const OTHER: &str = "444455556666";
const REGION: &str = "eu-west-1";
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 2026-03-05T00:00:00Z, when the first run begins; the events are of March 1 to 6.
const FIRST_RUN: i64 = 1_772_668_800_000_000;
const FILES: usize = 8;

/// Logs that settling can get wrong: keys told by names that move, both records of calls between accounts, corrections,
/// what VPC endpoints tell, both keys of a ReEncrypt.
struct Logs {
    numbers: Rng,
    count: u64,
    files: Vec<Vec<Value>>,
}

impl Logs {
    fn new(seed: u64) -> Self {
        let mut logs = Self {
            numbers: Rng::new(seed),
            count: 0,
            files: vec![Vec::new(); FILES],
        };
        for shape in 0..40 {
            logs.add_call(shape);
        }
        logs
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.numbers.below(limit)
    }

    /// Puts a record into one of the files, or into two of them.
    fn put(&mut self, record: &Value) {
        for _ in 0..=u64::from(self.below(6) == 0) {
            let file = usize::try_from(self.below(FILES as u64)).expect("a small number");
            self.files[file].push(record.clone());
        }
    }

    fn key(&mut self) -> String {
        let account = [HOME, OTHER][usize::from(self.below(3) == 0)];
        let key = self.below(2);
        format!("arn:aws:kms:{REGION}:{account}:key/0000000{key}-0000-4000-a000-000000000000")
    }

    fn record(&mut self, name: &str) -> Value {
        self.count += 1;
        let (day, hour) = (1 + self.below(6), self.below(24));
        let id = format!("00000000-0000-4000-8000-{:012x}", self.count);
        json!({
            "eventVersion": "1.11", "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": REGION,
            "eventTime": format!("2026-03-0{day}T{hour:02}:00:00Z"), "eventID": id, "requestID": id,
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": HOME, "userName": "Alice",
                "arn": format!("arn:aws:iam::{HOME}:user/Alice"),
            },
            "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli/2", "readOnly": true, "eventType": "AwsApiCall",
            "managementEvent": true, "eventCategory": "Management", "recipientAccountId": HOME,
            "requestParameters": null, "responseElements": null,
        })
    }

    fn add_call(&mut self, shape: u64) {
        let key = self.key();
        let resources =
            json!([{"ARN": key, "accountId": key.split(':').nth(4), "type": "AWS::KMS::Key"}]);
        let mut record =
            self.record(["Decrypt", "Encrypt", "GenerateDataKey"][usize::from(shape % 3 == 1)]);
        record["requestParameters"] = json!({"keyId": key});
        record["resources"] = resources;
        match shape % 10 {
            // An alias comes to point to a key, or to another one.
            0 | 1 => {
                record["eventName"] =
                    ["CreateAlias", "UpdateAlias"][usize::from(shape % 10 == 1)].into();
                record["requestParameters"] = json!({"aliasName": "alias/a", "targetKeyId": key});
            }
            // Only the alias, or the ID, says which key it was.
            2 | 3 => {
                record["resources"] = Value::Null;
                let id = key.rsplit('/').next().expect("an ID");
                record["requestParameters"]["keyId"] = if shape % 10 == 2 {
                    "alias/a".into()
                } else {
                    id.into()
                };
            }
            // A call between accounts: both have a record of it.
            4 | 5 => {
                record["sharedEventID"] =
                    format!("10000000-0000-4000-8000-{:012x}", self.count).into();
                let mut copy = record.clone();
                copy["eventID"] = format!("20000000-0000-4000-8000-{:012x}", self.count).into();
                copy["recipientAccountId"] = OTHER.into();
                copy["userIdentity"] =
                    json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": HOME});
                self.put(&copy);
            }
            // A correction of it.
            6 => {
                let mut correction = record.clone();
                correction["addendum"] =
                    json!({"reason": "UPDATED_DATA", "originalEventID": record["eventID"]});
                correction["eventID"] =
                    format!("30000000-0000-4000-8000-{:012x}", self.count).into();
                correction["sourceIPAddress"] = "192.0.2.9".into();
                self.put(&correction);
            }
            7 => {
                let mut network = record.clone();
                network["eventType"] = "AwsVpceEvent".into();
                network["eventID"] = format!("40000000-0000-4000-8000-{:012x}", self.count).into();
                self.put(&network);
            }
            8 => {
                let other = self.key();
                record["eventName"] = "ReEncrypt".into();
                record["requestParameters"] =
                    json!({"sourceKeyId": key, "destinationKeyId": other});
                record["resources"] = json!([{"ARN": key}, {"ARN": other}]);
            }
            _ => {}
        }
        self.put(&record);
    }

    fn write(&self, directory: &Path) -> Vec<PathBuf> {
        let write = |(number, records): (usize, &Vec<Value>)| {
            let path = directory.join(format!("{number}.json"));
            std::fs::write(&path, json!({"Records": records}).to_string()).expect("a file");
            path
        };
        self.files.iter().enumerate().map(write).collect()
    }
}

/// One run: which files it reads, how many days after the first it begins, and what goes wrong.
#[derive(Debug, Clone)]
struct Step {
    files: u8,
    days: i64,
    is_compacted: bool,
    fault: Fault,
}

fn step() -> impl Strategy<Value = Step> {
    let write = 1..60_u64;
    let fault = prop_oneof![
        3 => (0..1_u8).prop_map(|_| Fault::None),
        1 => write.clone().prop_map(Fault::Fails),
        1 => write.clone().prop_map(Fault::LosesAnswer),
        2 => write.prop_map(Fault::DiesAfter),
    ];
    (any::<u8>(), 0..6_i64, any::<bool>(), fault).prop_map(|(files, days, is_compacted, fault)| {
        Step {
            files,
            days,
            is_compacted,
            fault,
        }
    })
}

#[test]
fn facts_are_those_of_all_records_after_any_sequence() {
    // More of them take minutes; so many are run by hand.
    let cases = std::env::var("KEYTRAIL_TEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    let strategy = (1..1000_u64, vec(step(), 1..5));
    any_of(
        cases.unwrap_or(8),
        20_261_130,
        &strategy,
        |(seed, steps)| run(seed, &steps),
    );
}

fn run(seed: u64, steps: &[Step]) {
    let (_root, paths, store) = written(seed);
    block_on(async {
        let mut last = FIRST_RUN;
        for (number, step) in steps.iter().enumerate() {
            let read: Vec<PathBuf> = (0..FILES)
                .filter(|file| step.files >> file & 1 == 1)
                .map(|file| paths[file].clone())
                .collect();
            let double = FaultStore::new(step.fault);
            last = FIRST_RUN + step.days * MICROS_PER_DAY;
            let done = ingest_at(&store, &double, &read, last).await;
            if done.is_ok() && step.is_compacted {
                drop(compact(&store, &double).await);
            }
            let hint = format!("seed {seed}, step {number} of {steps:?}");
            if Store::open(Place::directory(&store).expect("a directory"))
                .await
                .is_ok()
            {
                check(&store, &hint).await;
            }
        }
        let sound = FaultStore::new(Fault::None);
        ingest_at(
            &store,
            &sound,
            &paths,
            last.max(FIRST_RUN + 9 * MICROS_PER_DAY),
        )
        .await
        .expect("a sound run");
        let hint = format!("seed {seed}, after {steps:?}");
        let settled = check(&store, &hint).await;
        assert!(settled > 0, "{hint}: days that are over are settled");
    });
}

/// The logs of a seed in files, and an empty directory for a store.
fn written(seed: u64) -> (TempDir, Vec<PathBuf>, PathBuf) {
    let root = tempfile::tempdir().expect("a directory");
    let (logs, store) = (root.path().join("logs"), root.path().join("store"));
    for directory in [&logs, &store] {
        std::fs::create_dir(directory).expect("a new directory");
    }
    let paths = Logs::new(seed).write(&logs);
    (root, paths, store)
}

/// Settles as of some days after the first run.
async fn settle_at(store: &Path, days: i64) -> Settled {
    let store = Store::open(Place::directory(store).expect("a directory")).await;
    let library = Arc::new(Library::embedded().expect("queries"));
    let stop = AtomicBool::new(false);
    let options = Settle {
        started_at: FIRST_RUN + days * MICROS_PER_DAY,
        stop: &stop,
        is_dry_run: false,
    };
    let store = store.expect("a store");
    let settled = settle(&store, &library, options);
    Box::pin(settled).await.expect("settled days")
}

#[test]
fn two_settlers_and_an_ingest_at_once_leave_the_facts_of_all_records() {
    let (_root, paths, store) = written(7);
    block_on(async {
        let sound = FaultStore::new(Fault::None);
        // Nothing is over yet when the first half is read.
        let early = ingest_at(&store, &sound, &paths[..4], FIRST_RUN - 6 * MICROS_PER_DAY);
        early.await.expect("a sound run");
        assert_eq!(check(&store, "before").await, 0);
        let late = ingest_at(&store, &sound, &paths[4..], FIRST_RUN + 9 * MICROS_PER_DAY);
        // Which of them settles a day is not decided: each may find that the others have.
        let (_, _, late) = tokio::join!(settle_at(&store, 9), settle_at(&store, 9), late);
        late.expect("a sound run");
        settle_at(&store, 9).await;
        assert_eq!(check(&store, "after").await, 6);
    });
}

#[test]
fn days_settled_by_other_rules_are_computed() {
    let (_root, paths, store) = written(8);
    block_on(async {
        let sound = FaultStore::new(Fault::None);
        let settled = FIRST_RUN + 9 * MICROS_PER_DAY;
        let run = ingest_at(&store, &sound, &paths, settled);
        run.await.expect("a sound run");
        assert_eq!(check(&store, "settled").await, 6);
        // As an older version would have left three of the days.
        let open = Store::open(Place::directory(&store).expect("a directory")).await;
        let open = open.expect("a store");
        let ingested = open.snapshot(&KMS_EVENTS).await.expect("a table");
        let ingested = ingested.transaction("ingest").await.expect("a number");
        // March 1 to 3, 2026.
        let days = [20_513, 20_514, 20_515];
        let older = rows(&SETTLEMENTS, &days, |day, column| match column {
            "event_date" => json!(day),
            "settlement" => json!(1_000_000),
            "ingest_seq" => json!(ingested),
            "rules" => json!(0),
            "settled_at" => json!(settled),
            _ => Value::Null,
        });
        let older = older.expect("rows");
        let appended = open.append_rows(&SETTLEMENTS, &older, "older", settled / 1000);
        appended.await.expect("a commit");
        assert_eq!(check(&store, "half by older rules").await, 3);
    });
}

#[test]
fn a_clock_that_is_wrong_settles_too_early_and_nothing_is_lost() {
    let (_root, paths, store) = written(9);
    block_on(async {
        let sound = FaultStore::new(Fault::None);
        let in_100_years = FIRST_RUN + 36_500 * MICROS_PER_DAY;
        let run = ingest_at(&store, &sound, &paths[..4], in_100_years);
        run.await.expect("a sound run");
        assert!(check(&store, "far ahead").await > 0);
        // Late records of every day, by a clock that is years behind.
        let long_ago = FIRST_RUN - 3_650 * MICROS_PER_DAY;
        let run = ingest_at(&store, &sound, &paths[4..], long_ago);
        run.await.expect("a sound run");
        check(&store, "far behind").await;
        settle_at(&store, 9).await;
        assert_eq!(check(&store, "right again").await, 6);
    });
}

#[test]
fn a_horizon_that_moves_while_days_are_settled_leaves_no_mixture() {
    let (_root, paths, store) = written(10);
    block_on(async {
        let sound = FaultStore::new(Fault::None);
        let early = ingest_at(&store, &sound, &paths, FIRST_RUN - 6 * MICROS_PER_DAY);
        early.await.expect("a sound run");
        // The runs of the harness begin on March 15: the days before the 5th go.
        let keeping = keeping(Some(Span::Days(10)), &[]);
        let before = counts(&store, "2026-03-07").await;
        let (_settled, retained) =
            tokio::join!(settle_at(&store, 9), retain(&store, &sound, &keeping));
        retained.expect("a sound run");
        settle_at(&store, 9).await;
        assert_eq!(check(&store, "after").await, 2);
        assert_eq!(counts(&store, "2026-03-07").await, before);
    });
}

#[test]
fn what_is_learned_later_changes_no_day_that_was_settled_for_good() {
    let mut learned = 0;
    for seed in 11..16 {
        let (_root, paths, store) = written(seed);
        block_on(async {
            let sound = FaultStore::new(Fault::None);
            let early = ingest_at(&store, &sound, &paths[..6], FIRST_RUN);
            early.await.expect("a sound run");
            let deleted = "2026-03-05";
            let before = counts(&store, deleted).await;
            let keeping = keeping(Some(Span::Days(10)), &[]);
            retain(&store, &sound, &keeping).await.expect("a sound run");
            assert_eq!(counts(&store, deleted).await, before, "seed {seed}");
            let young = counts(&store, "2026-03-07").await;
            // The old records of these are not stored; the young ones say what aliases meant.
            let late = ingest_at(&store, &sound, &paths[6..], FIRST_RUN + 9 * MICROS_PER_DAY);
            late.await.expect("a sound run");
            compact(&store, &sound).await.expect("a compaction");
            check(&store, "late records").await;
            assert_eq!(counts(&store, deleted).await, before, "seed {seed}");
            learned += usize::from(counts(&store, "2026-03-07").await != young);
        });
    }
    assert!(
        learned > 0,
        "the late records tell of the days that have their records"
    );
}

#[test]
fn late_records_of_a_key_on_hold_are_counted_beside_its_last_facts() {
    let (root, paths, store) = written(16);
    block_on(async {
        let sound = FaultStore::new(Fault::None);
        let early = ingest_at(&store, &sound, &paths, FIRST_RUN);
        early.await.expect("a sound run");
        let deleted = "2026-03-05";
        let key = format!("arn:aws:kms:{REGION}:{HOME}:key/00000000-0000-4000-a000-000000000000");
        let keeping = keeping(Some(Span::Days(10)), &[&key]);
        retain(&store, &sound, &keeping).await.expect("a sound run");
        let before = uses_of(&store, &key, deleted).await;
        assert!(before.1 > 0, "uses of the key before the 5th");

        let mut logs = Logs::new(17);
        let late: Vec<Value> = (0..3)
            .map(|place| late_use(&mut logs, &key, place))
            .collect();
        let path = root.path().join("late.json");
        let text = json!({"Records": late}).to_string();
        std::fs::write(&path, text).expect("a file");
        for run in ["stored", "known"] {
            let late = ingest_at(&store, &sound, std::slice::from_ref(&path), FIRST_RUN);
            late.await.expect("a sound run");
            let expected = (before.0 + 3, before.1 + 3);
            assert_eq!(uses_of(&store, &key, deleted).await, expected, "{run}");
            assert_eq!(check(&store, run).await, 0);
        }

        // They stay when the hold ends: no other row counts them.
        let mut released = super::harness::keeping(None, &[]);
        released.releases = vec![key.clone()];
        retain(&store, &sound, &released)
            .await
            .expect("a sound run");
        compact(&store, &sound).await.expect("a compaction");
        let after = uses_of(&store, &key, deleted).await;
        assert_eq!(after, (3, before.1 + 3));
    });
}

/// A use of a key on March 2 that no other log tells of.
fn late_use(logs: &mut Logs, key: &str, place: u64) -> Value {
    let mut record = logs.record("Decrypt");
    record["eventTime"] = format!("2026-03-02T0{place}:00:00Z").into();
    record["eventID"] = format!("50000000-0000-4000-8000-{place:012x}").into();
    record["requestParameters"] = json!({"keyId": key});
    record["resources"] = json!([{"ARN": key, "type": "AWS::KMS::Key"}]);
    record
}

/// How many uses of a key are listed of the days before one, and how many are counted.
async fn uses_of(directory: &Path, key: &str, until: &str) -> (usize, u64) {
    let counts = counts(directory, until).await.into_iter();
    let is_use = |row: &Row| row.get("key_arn") == Some(key) && row.text("kind") == "use";
    let counts = counts.filter(is_use);
    let counted = counts.map(|row| row.number("count")).sum();
    let session = session_over(directory).await;
    let sql = format!(
        "SELECT event_id FROM key_uses WHERE key_arn = '{key}' AND kind = 'use' AND event_date < DATE '{until}'"
    );
    let listed = rows_of(&session, &sql).await;
    (listed.len(), counted)
}

/// The rows of `uses_daily` of the days before one, but for operations on aliases: their records are always stored.
async fn counts(directory: &Path, until: &str) -> Vec<Row> {
    let session = session_over(directory).await;
    let sql = format!(
        "SELECT * FROM uses_daily WHERE event_date < DATE '{until}' AND event_name NOT LIKE '%Alias'"
    );
    rows_of(&session, &sql).await
}

async fn ingest_at(
    store: &Path,
    double: &FaultStore,
    paths: &[PathBuf],
    started_at: i64,
) -> anyhow::Result<()> {
    let store = create(store, double).await?;
    ingest_changed(&store, &source::Files, paths, |options| {
        options.started_at = started_at
    })
    .await?;
    Ok(())
}

/// That facts are those of the records, and which days are settled; answers how many are, of those that have their
/// records.
async fn check(directory: &Path, hint: &str) -> usize {
    let place = Place::directory(directory).expect("a directory");
    let store = Store::open(place).await.expect("a store");
    store.add_later_tables().await.expect("tables");
    let library = Arc::new(Library::embedded().expect("queries"));
    let pins = store.pin().await.expect("all tables");
    let session = Box::pin(Session::open(&pins, &library)).await;
    let session = session.expect("a session");
    let over_records = Box::pin(Session::open_with(&pins, &library, LiveDays::All)).await;
    let over_records = over_records.expect("a session");
    for relation in ["key_uses", "uses_daily", "throttles", "keys"] {
        let all = format!("SELECT * FROM {relation}");
        let (told, computed) = (
            rows_of(&session, &all).await,
            rows_of(&over_records, &all).await,
        );
        assert_eq!(told, computed, "{hint}: {relation}");
    }
    let days = session.days().await.expect("days");
    let settled: BTreeSet<i32> = days
        .iter()
        .filter(|day| day.is_settled && !day.is_for_good)
        .map(|day| day.date)
        .collect();
    let stored = [
        ("stored_key_uses", "computed_uses"),
        ("stored_uses_daily", "counted_uses"),
    ];
    for (stored, computed) in stored {
        for day in &settled {
            let of_day = format!("WHERE event_date = arrow_cast({day}, 'Date32')");
            let sql = format!("SELECT * EXCLUDE (event_month) FROM {stored} {of_day}");
            let stored_rows = rows_of(&session, &sql).await;
            let sql = format!("SELECT * FROM {computed} {of_day}");
            let computed_rows = rows_of(&over_records, &sql).await;
            assert_eq!(stored_rows, computed_rows, "{hint}: {stored} of {day}");
        }
    }
    settled.len()
}
