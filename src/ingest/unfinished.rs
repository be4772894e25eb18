//! Runs that began to read and are not known to have read everything: interrupted, killed, or still at work.
//!
//! Enters: pinned tables. Leaves: what each has done of what it was to do. A run is no longer among them when the
//! ledger has all its objects, or when a later run has covered what it was pointed at.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, SecondsFormat};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, lit};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::error::IngestError;
use super::runs::{COMMAND, Detail, INTERRUPTED, STARTED, id};
use crate::schema::{LOG_FILE_EVENTS, RUNS};
use crate::source::RunInput;
use crate::sql::Cells;
use crate::store::{Pins, Snapshot, look_up, read_columns, read_texts};

/// A run that did not read everything, as far as the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The run.
    pub run_id: String,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// Whether it was asked to end. Otherwise it was killed, or is still at work: nothing in the store shows which.
    pub is_interrupted: bool,
    /// What was asked for, as typed.
    pub sources: Vec<String>,
    /// New and changed objects that it was to read.
    pub objects_planned: u64,
    /// How many of these are in the ledger.
    pub objects_done: u64,
}

impl Unfinished {
    /// When it began.
    #[must_use]
    pub fn began(&self) -> String {
        DateTime::from_timestamp_micros(self.started_at)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// How `runs` says it: whether it was asked to end.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        if self.is_interrupted {
            INTERRUPTED
        } else {
            STARTED
        }
    }
}

/// With the time and the outcome in words.
impl Serialize for Unfinished {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut run = serializer.serialize_struct("Unfinished", 6)?;
        run.serialize_field("run_id", &self.run_id)?;
        run.serialize_field("started_at", &self.began())?;
        run.serialize_field("outcome", self.outcome())?;
        run.serialize_field("sources", &self.sources)?;
        run.serialize_field("objects_planned", &self.objects_planned)?;
        run.serialize_field("objects_done", &self.objects_done)?;
        run.end()
    }
}

/// A run while it is found out what became of its objects.
struct UncoveredRun {
    run: Unfinished,
    input: Option<RunInput>,
    /// Objects that are not in the ledger yet; none where their ids are not recorded.
    missing: Option<HashSet<u64>>,
}

/// The runs that did not read everything, the oldest first.
///
/// # Errors
/// If the store cannot be read.
pub async fn unfinished(pins: &Pins) -> Result<Vec<Unfinished>, IngestError> {
    let runs = pins.get(&RUNS);
    let open = open_runs(runs).await?;
    let mut candidates = candidates(runs, &open).await?;
    let Some(first) = candidates.iter().map(|one| one.run.started_at).min() else {
        return Ok(Vec::new());
    };
    let later = covering(runs, first).await?;
    candidates.retain(|candidate| !candidate.is_covered(&later));
    count_done(pins.get(&LOG_FILE_EVENTS), first, &mut candidates).await?;
    let mut unfinished: Vec<Unfinished> =
        candidates.into_iter().map(UncoveredRun::counted).collect();
    unfinished.retain(|run| run.objects_done < run.objects_planned);
    unfinished.sort_by(|left, right| {
        (left.started_at, &left.run_id).cmp(&(right.started_at, &right.run_id))
    });
    Ok(unfinished)
}

/// The runs of ingest that have begun, and of which no row says that they came to their end; whether they were
/// asked to end.
async fn open_runs(runs: &Snapshot) -> Result<BTreeMap<String, bool>, IngestError> {
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    let mut ended: HashSet<String> = HashSet::new();
    read_texts(
        runs,
        ["run_id", "command", "outcome"],
        |[run_id, command, outcome]| match outcome {
            _ if command != COMMAND => {}
            STARTED => {
                open.entry(run_id.to_owned()).or_default();
            }
            INTERRUPTED => {
                open.insert(run_id.to_owned(), true);
            }
            _ => {
                ended.insert(run_id.to_owned());
            }
        },
    )
    .await?;
    open.retain(|run_id, _is_interrupted| !ended.contains(run_id));
    Ok(open)
}

/// What the first rows of these runs say.
async fn candidates(
    runs: &Snapshot,
    open: &BTreeMap<String, bool>,
) -> Result<Vec<UncoveredRun>, IngestError> {
    let mut candidates = Vec::new();
    if open.is_empty() {
        return Ok(candidates);
    }
    let ids = open.keys().map(|run_id| lit(run_id.as_str())).collect();
    let filter = col("outcome")
        .eq(lit(STARTED))
        .and(col("run_id").in_list(ids, false));
    let columns = ["run_id", "started_at", "sources", "detail"];
    look_up(runs.clone(), &columns, filter, |batch| {
        let cells = Cells(&batch);
        for row in 0..batch.num_rows() {
            let run_id = cells.str("run_id", row).unwrap_or_default();
            let sources = cells.str("sources", row);
            let sources = sources.and_then(|text| serde_json::from_str(text).ok());
            let detail = Detail::read(cells.str("detail", row));
            candidates.push(UncoveredRun {
                run: Unfinished {
                    run_id: run_id.to_owned(),
                    started_at: cells.long("started_at", row).unwrap_or_default(),
                    is_interrupted: open.get(run_id).copied().unwrap_or_default(),
                    sources: sources.unwrap_or_default(),
                    objects_planned: detail.planned.unwrap_or_default(),
                    objects_done: 0,
                },
                missing: detail.ids().map(HashSet::from_iter),
                input: detail.input,
            });
        }
    })
    .await?;
    Ok(candidates)
}

/// What the runs covered that began then or later and came to their end, each with its beginning.
async fn covering(runs: &Snapshot, since: i64) -> Result<Vec<(i64, RunInput)>, IngestError> {
    let mut covering = Vec::new();
    let filter = at_or_after("started_at", since)
        .and(col("command").eq(lit(COMMAND)))
        .and(col("outcome").in_list(vec![lit(STARTED), lit(INTERRUPTED)], true));
    let columns = ["started_at", "detail"];
    look_up(runs.clone(), &columns, filter, |batch| {
        let cells = Cells(&batch);
        for row in 0..batch.num_rows() {
            let started_at = cells.long("started_at", row);
            let input = Detail::read(cells.str("detail", row)).input;
            covering.extend(started_at.zip(input));
        }
    })
    .await?;
    Ok(covering)
}

/// Finds the objects of the runs among what was added to the ledger since the first of them began.
async fn count_done(
    ledger: &Snapshot,
    since: i64,
    candidates: &mut [UncoveredRun],
) -> Result<(), IngestError> {
    if candidates.is_empty() {
        return Ok(());
    }
    let columns = ["object_id", "run_id", "recorded_at"];
    let filter = Some(at_or_after("recorded_at", since));
    read_columns(ledger.clone(), &columns, filter, |batch| {
        let cells = Cells(&batch);
        for row in 0..batch.num_rows() {
            let (object, run_id) = (cells.str("object_id", row), cells.str("run_id", row));
            let recorded_at = cells.long("recorded_at", row).unwrap_or_default();
            let object = object.and_then(id);
            for candidate in &mut *candidates {
                let run = &mut candidate.run;
                match &mut candidate.missing {
                    // An attempt before it is one at what the object was then.
                    Some(missing) if recorded_at >= run.started_at => {
                        if let Some(object) = object {
                            missing.remove(&object);
                        }
                    }
                    Some(_) => {}
                    None => run.objects_done += u64::from(run_id == Some(&run.run_id)),
                }
            }
        }
    })
    .await?;
    Ok(())
}

impl UncoveredRun {
    /// Whether later runs have come to their end over each of its sources.
    fn is_covered(&self, later: &[(i64, RunInput)]) -> bool {
        let Some(input) = &self.input else {
            return false;
        };
        let is_covered = |source: &String| {
            later.iter().any(|(started_at, later)| {
                *started_at >= self.run.started_at && later.covers(input, source)
            })
        };
        !input.sources.is_empty() && input.sources.iter().all(is_covered)
    }

    fn counted(mut self) -> Unfinished {
        if let Some(missing) = &self.missing {
            let missing = missing.len() as u64;
            self.run.objects_done = self.run.objects_planned.saturating_sub(missing);
        }
        self.run
    }
}

fn at_or_after(column: &str, micros: i64) -> Expr {
    let time = ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()));
    col(column).gt_eq(lit(time))
}
