//! `keytrail status`: what the store holds, and what could not be read.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::TryStreamExt as _;
use serde::Serialize;

use super::args::StatusArgs;
use super::clock::now_micros;
use super::error::{to_stderr, to_stdout};
use super::ingest::grouped;
use super::queries::Queries;
use super::session::{StoreChoice, period};
use super::{ExitStatus, archived, notes};
use crate::ingest::{Unfinished, unfinished};
use crate::render::visible;
use crate::sql::Session;
use crate::store::{Pins, Store};

/// Everything that is said of a store.
#[derive(Debug, Serialize)]
struct Status {
    /// Ingests that have not read everything; until they have, all that follows is a part.
    unfinished_runs: Vec<UnfinishedRun>,
    store: String,
    first_event: Option<String>,
    last_event: Option<String>,
    /// From when on events and usage are kept, where that is not for ever.
    events_horizon: Option<String>,
    usage_horizon: Option<String>,
    held: Vec<String>,
    /// Folders of days in buckets that were not listed since logs may have arrived in them.
    late_days: Option<LateDays>,
    logs: Vec<Told>,
    tables: Vec<TableStatus>,
    objects: Vec<Counted>,
    rejects: Vec<Counted>,
    /// Objects that are not CloudTrail's, named by one of them.
    foreign: Vec<Counted>,
    id_conflicts: u64,
    /// Records of operations that are in no list, which may use keys.
    unknown_operations: Vec<Counted>,
    runs: Vec<RunStatus>,
}

#[derive(Debug, Serialize)]
struct TableStatus {
    table: String,
    rows: u64,
    files: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct LateDays {
    folders: u64,
    first_day: String,
    last_day: String,
}

/// A line on where the logs are from and what they show.
#[derive(Debug, Serialize)]
struct Told {
    what: String,
    told: String,
}

/// A number of log objects, by what they have in common.
#[derive(Debug, Serialize)]
struct Counted {
    what: String,
    count: u64,
}

#[derive(Debug, Serialize)]
struct RunStatus {
    started_at: String,
    command: String,
    outcome: String,
    /// None where the run has not ended, as far as is known.
    objects_new: Option<u64>,
    rows_written: Option<u64>,
}

#[derive(Debug, Serialize)]
struct UnfinishedRun {
    run_id: String,
    started_at: String,
    /// `interrupted`, or `started` where it was killed or is still running.
    outcome: &'static str,
    sources: Vec<String>,
    objects_planned: u64,
    objects_done: u64,
    /// The same in a sentence.
    #[serde(skip)]
    told: String,
}

impl From<&Unfinished> for UnfinishedRun {
    fn from(run: &Unfinished) -> Self {
        Self {
            run_id: run.run_id.clone(),
            started_at: notes::began(run),
            outcome: if run.is_interrupted {
                "interrupted"
            } else {
                "started"
            },
            sources: run.sources.clone(),
            objects_planned: run.objects_planned,
            objects_done: run.objects_done,
            told: notes::told(run),
        }
    }
}

pub(super) async fn run(place: &StoreChoice, args: StatusArgs) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    if args.archived {
        let queries = Queries::embedded()?;
        let (session, pins) = queries.session(&store).await?;
        let archived = archived::collect(&session, &queries).await?;
        to_stdout(&if args.json {
            format!("{}\n", serde_json::to_string_pretty(&archived)?)
        } else {
            archived::describe(&archived)
        })?;
        to_stderr(&notes::of_store(&pins).await?);
        return Ok(ExitStatus::Success);
    }
    let status = collect(&store).await?;
    if args.json {
        to_stdout(&format!("{}\n", serde_json::to_string_pretty(&status)?))?;
    } else {
        to_stdout(&describe(&status))?;
    }
    Ok(ExitStatus::Success)
}

async fn collect(store: &Store) -> anyhow::Result<Status> {
    let queries = Queries::embedded()?;
    let (session, pins) = queries.session(store).await?;
    let held = period(&pins)?;
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (events, usage) = pins.retention()?;
    let horizon = |micros: Option<i64>| micros.and_then(DateTime::from_timestamp_micros).map(time);
    let unfinished = unfinished(&pins).await?;
    Ok(Status {
        unfinished_runs: unfinished.iter().map(UnfinishedRun::from).collect(),
        events_horizon: horizon(events.horizon),
        usage_horizon: horizon(usage.horizon),
        held: events.held_keys(),
        store: store.place().shown().to_owned(),
        first_event: held.map(|(first, _)| time(first)),
        last_event: held.map(|(_, last)| time(last)),
        late_days: late_days(&session, &queries).await?,
        logs: logs(&session, &queries).await?,
        tables: tables(&pins)?,
        objects: counted(&session, &queries, "status-objects").await?,
        rejects: counted(&session, &queries, "status-rejects").await?,
        foreign: counted(&session, &queries, "status-foreign").await?,
        id_conflicts: counted(&session, &queries, "status-id-conflicts")
            .await?
            .first()
            .map_or(0, |counted| counted.count),
        unknown_operations: counted(&session, &queries, "status-unknown-operations").await?,
        runs: runs(&session, &queries).await?,
    })
}

fn tables(pins: &Pins) -> anyhow::Result<Vec<TableStatus>> {
    pins.iter()
        .map(|snapshot| {
            let files = snapshot.files()?;
            Ok(TableStatus {
                table: snapshot.table().name.to_owned(),
                rows: files.iter().map(|file| file.rows).sum(),
                files: files.len() as u64,
                bytes: files.iter().map(|file| file.size).sum(),
            })
        })
        .collect()
}

/// The rows of one of the queries of `queries/status/`.
pub(super) async fn rows(
    session: &Session,
    queries: &Queries,
    name: &str,
) -> anyhow::Result<Vec<Vec<Option<String>>>> {
    let query = queries.library.status(name)?;
    let batches: Vec<RecordBatch> = session.query(&query.sql).await?.try_collect().await?;
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(
                columns
                    .iter()
                    .map(|column| {
                        let column = column.as_string::<i32>();
                        (!column.is_null(row)).then(|| column.value(row).to_owned())
                    })
                    .collect(),
            );
        }
    }
    Ok(rows)
}

async fn counted(session: &Session, queries: &Queries, name: &str) -> anyhow::Result<Vec<Counted>> {
    Ok(rows(session, queries, name)
        .await?
        .into_iter()
        .map(|row| Counted {
            what: row.first().cloned().flatten().unwrap_or_default(),
            count: number(&row, 1),
        })
        .collect())
}

async fn late_days(session: &Session, queries: &Queries) -> anyhow::Result<Option<LateDays>> {
    let rows = rows(session, queries, "status-late-days").await?;
    let row = rows.into_iter().find(|row| number(row, 0) > 0);
    Ok(row.map(|row| {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        LateDays {
            folders: number(&row, 0),
            first_day: text(1),
            last_day: text(2),
        }
    }))
}

/// Source, window, lag and coverage, where logs are held.
async fn logs(session: &Session, queries: &Queries) -> anyhow::Result<Vec<Told>> {
    let rows = rows(session, queries, "status-coverage").await?;
    let lines = rows.into_iter().map(|row| {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        match (text(0).as_str(), text(1)) {
            ("last", time) => Told {
                what: "lag".to_owned(),
                told: lag(&time),
            },
            (what, told) => Told {
                what: what.to_owned(),
                told,
            },
        }
    });
    Ok(lines.collect())
}

/// How far the last delivery is behind now.
fn lag(last: &str) -> String {
    let behind = DateTime::parse_from_rfc3339(last)
        .ok()
        .map(|last| (now_micros() - last.timestamp_micros()) / 60_000_000);
    match behind {
        None => "not known".to_owned(),
        Some(minutes) if minutes < 120 => format!("the last delivery is {minutes} minutes old"),
        Some(minutes) if minutes < 48 * 60 => {
            format!("the last delivery is {} hours old", minutes / 60)
        }
        Some(minutes) => format!("the last delivery is {} days old", minutes / 60 / 24),
    }
}

async fn runs(session: &Session, queries: &Queries) -> anyhow::Result<Vec<RunStatus>> {
    Ok(rows(session, queries, "status-runs")
        .await?
        .into_iter()
        .map(|row| {
            let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
            RunStatus {
                started_at: text(0),
                command: text(1),
                outcome: text(2),
                objects_new: known(&row, 3),
                rows_written: known(&row, 4),
            }
        })
        .collect())
}

fn number(row: &[Option<String>], index: usize) -> u64 {
    known(row, index).unwrap_or(0)
}

fn known(row: &[Option<String>], index: usize) -> Option<u64> {
    row.get(index)?.as_deref()?.parse().ok()
}

/// How far back rows are kept, where that is not for ever.
fn retention(status: &Status) -> Vec<String> {
    let horizons = [
        ("events", &status.events_horizon),
        ("usage", &status.usage_horizon),
    ];
    let kept = horizons.into_iter().filter_map(|(what, horizon)| {
        let horizon = horizon.as_deref()?;
        Some(format!("kept    {what} from {horizon} on"))
    });
    let held = status.held.iter().map(|key| format!("held    {key}"));
    kept.chain(held).collect()
}

/// Operations that may use keys without being counted as uses, if there are any.
fn unknown_operations(status: &Status) -> Vec<String> {
    if status.unknown_operations.is_empty() {
        return Vec::new();
    }
    let title = "unknown operations, in records (this version of keytrail does not know whether they use keys)";
    let counts = status.unknown_operations.iter();
    let counts =
        counts.map(|counted| format!("  {:<24}{:>12}", counted.what, grouped(counted.count)));
    [String::new(), title.to_owned()]
        .into_iter()
        .chain(counts)
        .collect()
}

fn describe(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&visible(&line));
        text.push('\n');
    };
    for run in &status.unfinished_runs {
        line(run.told.clone());
    }
    if !status.unfinished_runs.is_empty() {
        line(String::new());
    }
    line(format!("store   {}", status.store));
    line(match (&status.first_event, &status.last_event) {
        (Some(first), Some(last)) => format!("events  from {first} to {last}"),
        _ => "events  none".to_owned(),
    });
    for told in &status.logs {
        line(format!("{:<8}{}", told.what, told.told));
    }
    retention(status).into_iter().for_each(&mut line);
    if let Some(late) = &status.late_days {
        line(format!(
            "late    {} folders of days from {} to {} were last listed when logs could still arrive: ingest their \
             bucket again",
            grouped(late.folders),
            late.first_day,
            late.last_day
        ));
    }
    line(String::new());
    line(format!(
        "{:<22}{:>10}{:>8}{:>14}",
        "table", "rows", "files", "bytes"
    ));
    for table in &status.tables {
        line(format!(
            "{:<22}{:>10}{:>8}{:>14}",
            table.table,
            grouped(table.rows),
            grouped(table.files),
            grouped(table.bytes)
        ));
    }
    for (title, counts) in [
        ("log objects", &status.objects),
        ("rejects", &status.rejects),
    ] {
        line(String::new());
        line(format!(
            "{title}{}",
            if counts.is_empty() { ": none" } else { "" }
        ));
        for counted in counts {
            line(format!(
                "  {:<24}{:>12}",
                counted.what,
                grouped(counted.count)
            ));
        }
    }
    for foreign in &status.foreign {
        line(String::new());
        line(format!(
            "objects that are not CloudTrail's: {}, such as {}",
            grouped(foreign.count),
            foreign.what
        ));
    }
    line(String::new());
    line(match status.id_conflicts {
        0 => "id conflicts: none".to_owned(),
        count => format!(
            "id conflicts: {} (keytrail sql \"select * from id_conflicts\")",
            grouped(count)
        ),
    });
    unknown_operations(status).into_iter().for_each(&mut line);
    line(String::new());
    line(format!(
        "{:<22}  {:<10}{:<8}{:>12}{:>16}",
        "last runs", "command", "outcome", "objects new", "rows written"
    ));
    let counted = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), grouped);
    for run in &status.runs {
        line(format!(
            "  {:<20}  {:<10}{:<8}{:>12}{:>16}",
            run.started_at,
            run.command,
            run.outcome,
            counted(run.objects_new),
            counted(run.rows_written)
        ));
    }
    text
}
