//! Objects that are unreadable logs in the ledger, and no logs at all: forgotten by a further row.
//!
//! Enters: locations, or folders. Leaves: a row `forgotten` for each, and what cannot be forgotten with the reason.
//! No hour becomes complete by it: what CloudTrail wrote, by its name, by a digest or by a record of it, stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::prelude::{col, lit};
use serde::Serialize;
use serde_json::Value;

use super::error::IngestError;
use crate::decode::{DECODER_VERSION, DigestContent, trail_list_version};
use crate::schema::{KMS_EVENTS, LOG_FILE_EVENTS, TRAIL_EVENTS};
use crate::source::Writer;
use crate::sql::Cells;
use crate::store::{RunRecord, Store, look_up, read_columns, rows};

/// What was forgotten, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Locations that were forgotten now.
    pub objects: Vec<String>,
    /// What is not forgotten.
    pub kept: Vec<NotForgotten>,
}

/// An object that is not forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotForgotten {
    /// Its location.
    pub location: String,
    /// Why.
    pub why: String,
}

/// All that the ledger says of one object.
#[derive(Debug, Clone, Default)]
struct LedgerObject {
    object_id: String,
    attempt: i64,
    state: String,
    kind: String,
    size_bytes: i64,
    etag: Option<String>,
    modified_at: Option<i64>,
    /// Records of any attempt that were none of the rejected.
    sound_records: i64,
    /// The decoder of the latest attempt.
    decoder_version: i64,
}

/// The first decoder that looked whether what it could not read begins like a log. What it, or a later one, did not
/// call foreign does.
const JUDGING_DECODER: i64 = 2;

const COLUMNS: [&str; 11] = [
    "location",
    "object_id",
    "attempt",
    "state",
    "kind",
    "size_bytes",
    "etag",
    "modified_at",
    "records",
    "rejected",
    "decoder_version",
];

/// Forgets the objects at these locations, and those below each that ends in a slash.
///
/// # Errors
/// If the store fails.
#[tracing::instrument(
    level = "info",
    name = "run",
    skip_all,
    fields(command = "forget", run_id = run_id)
)]
pub async fn forget(
    store: &Store,
    asked: &[String],
    run_id: &str,
    now: i64,
) -> Result<Forgotten, IngestError> {
    let known = known(store, asked).await?;
    let mut forgotten = Forgotten::default();
    let mut chosen: BTreeMap<String, LedgerObject> = BTreeMap::new();
    for (location, object) in known {
        match refusal(&location, &object) {
            Some(why) => forgotten.kept.push(NotForgotten {
                location,
                why: why.to_owned(),
            }),
            None => drop(chosen.insert(location, object)),
        }
    }
    let named = named_by_digests(store, &chosen).await?;
    let stored = stored(store, &chosen).await?;
    chosen.retain(|location, object| {
        let why = if named.contains(name(location)) {
            "a digest names it"
        } else if stored.contains(&object.object_id) {
            "its records are in the store"
        } else {
            return true;
        };
        forgotten.kept.push(NotForgotten {
            location: location.clone(),
            why: why.to_owned(),
        });
        false
    });
    if !chosen.is_empty() {
        let chosen: Vec<(&String, &LedgerObject)> = chosen.iter().collect();
        record(store, &chosen, asked, run_id, now).await?;
        let objects = chosen.iter().map(|(location, _)| (*location).clone());
        forgotten.objects = objects.collect();
    }
    forgotten
        .kept
        .sort_by(|left, right| left.location.cmp(&right.location));
    Ok(forgotten)
}

/// Why an object cannot be forgotten, as far as its own rows tell.
fn refusal(location: &str, object: &LedgerObject) -> Option<&'static str> {
    match object.state.as_str() {
        "ok" => Some("it was read in full"),
        "forgotten" => Some("it is forgotten already"),
        "foreign" => Some("it does not count as a log"),
        _ if Writer::of(location) == Writer::CloudTrail => {
            Some("by its name it is a CloudTrail log, and its events are missing until it is read")
        }
        _ if object.sound_records > 0 => {
            Some("records of it were read, so it is a log, and the rest of its events is missing")
        }
        "damaged" | "rejected" if object.decoder_version >= JUDGING_DECODER => {
            Some("it begins like a log, and its events are missing until it is read")
        }
        _ => None,
    }
}

/// What the ledger says of what was asked for.
async fn known(
    store: &Store,
    asked: &[String],
) -> Result<BTreeMap<String, LedgerObject>, IngestError> {
    let (folders, locations): (Vec<&String>, Vec<&String>) =
        asked.iter().partition(|asked| asked.ends_with('/'));
    let listed: Vec<_> = locations.iter().map(|one| lit(one.as_str())).collect();
    let mut filter = col("location").in_list(listed, false);
    for folder in &folders {
        let end = format!("{folder}{}", char::MAX);
        let is_below = col("location")
            .gt_eq(lit(folder.as_str()))
            .and(col("location").lt_eq(lit(end)));
        filter = filter.or(is_below);
    }
    let mut known = BTreeMap::new();
    let snapshot = store.snapshot(&LOG_FILE_EVENTS).await?;
    read_columns(snapshot, &COLUMNS, Some(filter), |batch| {
        add(&mut known, &batch);
    })
    .await?;
    let is_asked = |location: &str| {
        locations.iter().any(|one| *one == location)
            || folders.iter().any(|folder| location.starts_with(*folder))
    };
    known.retain(|location, _| is_asked(location));
    Ok(known)
}

fn add(known: &mut BTreeMap<String, LedgerObject>, batch: &RecordBatch) {
    let cells = Cells(batch);
    for row in 0..batch.num_rows() {
        let Some(location) = cells.text("location", row) else {
            continue;
        };
        let number = |name: &str| cells.long(name, row).unwrap_or(0);
        let sound = number("records") - number("rejected");
        let object = known.entry(location).or_default();
        let sound_records = sound + object.sound_records;
        object.sound_records = sound_records;
        if number("attempt") < object.attempt {
            continue;
        }
        *object = LedgerObject {
            object_id: cells.text("object_id", row).unwrap_or_default(),
            attempt: number("attempt"),
            state: cells.text("state", row).unwrap_or_default(),
            kind: cells.text("kind", row).unwrap_or_default(),
            size_bytes: number("size_bytes"),
            etag: cells.text("etag", row),
            modified_at: cells.long("modified_at", row),
            sound_records,
            decoder_version: cells.long("decoder_version", row).unwrap_or(0),
        };
    }
}

/// The names of those objects that a digest names too, wherever its copy was.
async fn named_by_digests(
    store: &Store,
    chosen: &BTreeMap<String, LedgerObject>,
) -> Result<HashSet<String>, IngestError> {
    let mut named = HashSet::new();
    if chosen.is_empty() {
        return Ok(named);
    }
    let wanted: HashSet<&str> = chosen.keys().map(|location| name(location)).collect();
    let snapshot = store.snapshot(&LOG_FILE_EVENTS).await?;
    let filter = col("kind").eq(lit("digest"));
    read_columns(snapshot, &["digest_content"], Some(filter), |batch| {
        for content in batch.column(0).as_string::<i32>().iter().flatten() {
            for log in DigestContent::logs_of(content) {
                let name = name(&log.s3_object);
                if wanted.contains(name) {
                    named.insert(name.to_owned());
                }
            }
        }
    })
    .await?;
    Ok(named)
}

/// The ids of those objects of which events are stored, also by a run that ended before it wrote the ledger.
async fn stored(
    store: &Store,
    chosen: &BTreeMap<String, LedgerObject>,
) -> Result<HashSet<String>, IngestError> {
    let mut stored = HashSet::new();
    if chosen.is_empty() {
        return Ok(stored);
    }
    for table in [&KMS_EVENTS, &TRAIL_EVENTS] {
        let ids = chosen.values().map(|object| lit(object.object_id.as_str()));
        let filter = col("object_id").in_list(ids.collect(), false);
        let snapshot = store.snapshot(table).await?;
        look_up(snapshot, &["object_id"], filter, |batch| {
            let ids = batch.column(0).as_string::<i32>();
            stored.extend(ids.iter().flatten().map(str::to_owned));
        })
        .await?;
    }
    Ok(stored)
}

async fn record(
    store: &Store,
    chosen: &[(&String, &LedgerObject)],
    asked: &[String],
    run_id: &str,
    now: i64,
) -> Result<(), IngestError> {
    let ledger = rows(
        &LOG_FILE_EVENTS,
        chosen,
        |(location, object), column| -> Value {
            match column {
                "object_id" => object.object_id.clone().into(),
                "location" => (*location).clone().into(),
                "attempt" => (object.attempt + 1).into(),
                "state" => "forgotten".into(),
                "kind" => object.kind.clone().into(),
                "size_bytes" => object.size_bytes.into(),
                "etag" => object.etag.clone().into(),
                "modified_at" => object.modified_at.into(),
                "json_bytes" | "records" | "kms_records" | "trail_records" | "not_wanted"
                | "rejected" | "expired" | "duplicates" | "written" => 0.into(),
                "decoder_version" => DECODER_VERSION.into(),
                "trail_list_version" => trail_list_version().into(),
                "recorded_at" => now.into(),
                "run_id" | "batch_id" => run_id.into(),
                _ => Value::Null,
            }
        },
    )?;
    let append = store.append_rows(&LOG_FILE_EVENTS, &ledger, run_id, now / 1000);
    append.await?;
    let run = RunRecord {
        run_id: run_id.to_owned(),
        command: "forget",
        started_at: now,
        ended_at: now,
        outcome: "ok",
        sources: RunRecord::sources(asked),
        objects_seen: Some(chosen.len() as u64),
        ..RunRecord::default()
    };
    Ok(store.record_run(&run, run_id).await?)
}

/// The last part of a location.
fn name(location: &str) -> &str {
    location.rsplit('/').next().unwrap_or(location)
}

/// Locations of the ledger that could not be read in full, for anyone who mistypes one.
///
/// # Errors
/// If the store fails.
pub async fn unread(store: &Store) -> Result<Vec<String>, IngestError> {
    let mut latest: HashMap<String, (i64, String)> = HashMap::new();
    let snapshot = store.snapshot(&LOG_FILE_EVENTS).await?;
    read_columns(snapshot, &["location", "attempt", "state"], None, |batch| {
        let [locations, attempts, states] = batch.columns() else {
            return;
        };
        let (locations, states) = (locations.as_string::<i32>(), states.as_string::<i32>());
        let attempts = attempts.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let now = (attempts.value(row), states.value(row).to_owned());
            let known = latest.entry(locations.value(row).to_owned()).or_default();
            if known.0 <= now.0 {
                *known = now;
            }
        }
    })
    .await?;
    let is_unread = |state: &str| !matches!(state, "ok" | "foreign" | "forgotten" | "archived");
    let unread = latest
        .into_iter()
        .filter(|(_, (_, state))| is_unread(state))
        .map(|(location, _)| location);
    let mut unread: Vec<String> = unread.collect();
    unread.sort();
    Ok(unread)
}
