//! The contents of a store, and what could not be read.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::error::ServiceError;
use super::reader::Reader;
use super::settle::SettledDays;
use crate::ingest::Unfinished;
use crate::store::Pins;

/// The contents of a store, and how far they can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Ingests that have not read everything; until they have, all that follows is a part.
    pub unfinished_runs: Vec<Unfinished>,
    /// Where the store is.
    pub store: String,
    /// The time of the first event.
    pub first_event: Option<String>,
    /// The time of the last event.
    pub last_event: Option<String>,
    /// From when on events are kept, where that is not for ever.
    pub events_horizon: Option<String>,
    /// From when on usage is kept, where that is not for ever.
    pub usage_horizon: Option<String>,
    /// Keys whose rows are kept longer.
    pub held: Vec<String>,
    /// Folders of days in buckets that were not listed since logs may have arrived in them.
    pub late_days: Option<LateDays>,
    /// Where the logs are from, and what they show.
    pub logs: Vec<StatusLine>,
    /// How many days are settled.
    pub days: SettledDays,
    /// The tables.
    pub tables: Vec<TableStatus>,
    /// Log objects, by kind and state.
    pub objects: Vec<StatusCount>,
    /// Objects that could not be read in full, by the reason.
    pub rejects: Vec<StatusCount>,
    /// Objects that are not CloudTrail's, named by one of them.
    pub foreign: Vec<StatusCount>,
    /// Ids of events that have more than one content.
    pub id_conflicts: u64,
    /// Records of operations that are in no list, which may use keys.
    pub unknown_operations: Vec<StatusCount>,
    /// The last runs.
    pub runs: Vec<RunStatus>,
}

/// A table of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Its live data files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Folders of days that were last listed when logs could still arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LateDays {
    /// How many.
    pub folders: u64,
    /// The first of these days.
    pub first_day: String,
    /// The last of these days.
    pub last_day: String,
}

/// A line on where the logs are from and what they show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusLine {
    /// What it is about.
    pub what: String,
    /// The value, in words.
    pub told: String,
}

/// A number of log objects, by what they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// What they have in common.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// A run that wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    /// When it began.
    pub started_at: String,
    /// Which service it was.
    pub command: String,
    /// How it ended, as far as is known.
    pub outcome: String,
    /// Objects that it read; none where the run has not ended, as far as is known.
    pub objects_new: Option<u64>,
    /// Rows that it wrote.
    pub rows_written: Option<u64>,
}

impl Reader {
    /// The contents of the store; `now` is in microseconds.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn status(&self, now: i64) -> Result<Status, ServiceError> {
        let period = self.event_period()?;
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (events, usage) = self.pins().retention()?;
        let horizon =
            |micros: Option<i64>| micros.and_then(DateTime::from_timestamp_micros).map(time);
        Ok(Status {
            unfinished_runs: self.unfinished().await?,
            events_horizon: horizon(events.horizon),
            usage_horizon: horizon(usage.horizon),
            held: events.held_keys(),
            store: self.store_shown(),
            first_event: period.map(|(first, _)| time(first)),
            last_event: period.map(|(_, last)| time(last)),
            late_days: self.late_days().await?,
            logs: self.logs(now).await?,
            days: SettledDays::of(self.session().days().await?),
            tables: tables(self.pins())?,
            objects: self.counted("status-objects").await?,
            rejects: self.counted("status-rejects").await?,
            foreign: self.counted("status-foreign").await?,
            id_conflicts: self
                .counted("status-id-conflicts")
                .await?
                .first()
                .map_or(0, |counted| counted.count),
            unknown_operations: self.counted("status-unknown-operations").await?,
            runs: self.runs().await?,
        })
    }

    async fn counted(&self, name: &str) -> Result<Vec<StatusCount>, ServiceError> {
        let rows = self.status_rows(name).await?.into_iter();
        let counts = rows.map(|row| StatusCount {
            what: text(&row, 0),
            count: number(&row, 1).unwrap_or(0),
        });
        Ok(counts.collect())
    }

    async fn late_days(&self) -> Result<Option<LateDays>, ServiceError> {
        let rows = self.status_rows("status-late-days").await?;
        let late = rows.into_iter().find_map(|row| {
            let folders = number(&row, 0).filter(|folders| *folders > 0)?;
            Some(LateDays {
                folders,
                first_day: text(&row, 1),
                last_day: text(&row, 2),
            })
        });
        Ok(late)
    }

    /// Source, window, lag and coverage, if the store has logs.
    async fn logs(&self, now: i64) -> Result<Vec<StatusLine>, ServiceError> {
        let rows = self.status_rows("status-coverage").await?;
        let lines = rows.into_iter().map(|row| match text(&row, 0).as_str() {
            "last" => StatusLine {
                what: "lag".to_owned(),
                told: lag(&text(&row, 1), now),
            },
            what => StatusLine {
                what: what.to_owned(),
                told: text(&row, 1),
            },
        });
        Ok(lines.collect())
    }

    async fn runs(&self) -> Result<Vec<RunStatus>, ServiceError> {
        let rows = self.status_rows("status-runs").await?.into_iter();
        let runs = rows.map(|row| RunStatus {
            started_at: text(&row, 0),
            command: text(&row, 1),
            outcome: text(&row, 2),
            objects_new: number(&row, 3),
            rows_written: number(&row, 4),
        });
        Ok(runs.collect())
    }
}

fn tables(pins: &Pins) -> Result<Vec<TableStatus>, ServiceError> {
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

/// How far the last delivery is behind now.
fn lag(last: &str, now: i64) -> String {
    let behind = DateTime::parse_from_rfc3339(last)
        .ok()
        .map(|last| (now - last.timestamp_micros()) / 60_000_000);
    match behind {
        None => "not known".to_owned(),
        Some(minutes) if minutes < 120 => format!("the last delivery is {minutes} minutes old"),
        Some(minutes) if minutes < 48 * 60 => {
            format!("the last delivery is {} hours old", minutes / 60)
        }
        Some(minutes) => format!("the last delivery is {} days old", minutes / 60 / 24),
    }
}

fn text(row: &[Option<String>], index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

fn number(row: &[Option<String>], index: usize) -> Option<u64> {
    row.get(index)?.as_deref()?.parse().ok()
}
