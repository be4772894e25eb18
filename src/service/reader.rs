//! A store that is asked: its tables pinned, and a session over them.

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt as _;

use super::error::ServiceError;
use super::queries::Queries;
use crate::catalog::{Library, nearest};
use crate::ingest::{Unfinished, unfinished};
use crate::schema::{self, KMS_EVENTS};
use crate::sql::{LiveDays, Session, TextCells};
use crate::store::{Pins, Snapshot, Store};

/// A first and a last time.
type LogBounds = (DateTime<Utc>, DateTime<Utc>);

/// A session over one state of a store.
pub struct Reader {
    queries: Queries,
    session: Session,
    pins: Pins,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("pins", &self.pins)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader of the newest state of a store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(store: &Store, queries: Queries) -> Result<Self, ServiceError> {
        let pins = store.pin().await?;
        Ok(Self {
            session: queries.over(&pins).await?,
            queries,
            pins,
        })
    }

    /// Moves to the newest state of the store; returns whether it was a newer one.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn refresh(&mut self, store: &Store) -> Result<bool, ServiceError> {
        let versions = |pins: &Pins| pins.iter().map(Snapshot::version).collect::<Vec<_>>();
        let pins = store.pin().await?;
        let is_newer = versions(&pins) != versions(&self.pins);
        if is_newer {
            self.session = self.queries.over(&pins).await?;
            self.pins = pins;
        }
        Ok(is_newer)
    }

    /// The query files.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.queries.library
    }

    /// A session that computes all facts from the records.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) async fn over_records(&self) -> Result<Session, ServiceError> {
        let library = &self.queries.library;
        Ok(Session::open_with(&self.pins, library, LiveDays::All).await?)
    }

    /// The session, for statements.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The tables.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The tables and views that are listed and offered: all but those that only other queries read.
    #[must_use]
    pub fn relations(&self) -> Vec<String> {
        let mut names = self.session.relations();
        names.retain(|name| !self.library().is_internal(name));
        names
    }

    /// Where the store is.
    #[must_use]
    pub fn store_shown(&self) -> String {
        self.pins.get(&KMS_EVENTS).place().shown().to_owned()
    }

    /// The first and the last event that the event tables have.
    ///
    /// # Errors
    /// If Delta's log cannot be read.
    pub fn event_period(&self) -> Result<Option<LogBounds>, ServiceError> {
        let time = |micros| DateTime::from_timestamp_micros(micros).ok_or(ServiceError::EventTime);
        let period = self.pins.period()?;
        period
            .map(|(first, last)| Ok((time(first)?, time(last)?)))
            .transpose()
    }

    /// The ingests that have not read everything, the oldest first: until they have, every answer is over a part.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, ServiceError> {
        Ok(unfinished(&self.pins).await?)
    }

    /// The accounts that the store knows.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn accounts(&self) -> Result<SendableRecordBatchStream, ServiceError> {
        self.listed("status-accounts").await
    }

    /// The trails, regions and members of organizations that the store knows.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn trails(&self) -> Result<SendableRecordBatchStream, ServiceError> {
        self.listed("status-trails").await
    }

    async fn listed(&self, name: &str) -> Result<SendableRecordBatchStream, ServiceError> {
        let query = self.library().status(name)?;
        Ok(self.session.query(&query.sql).await?)
    }

    /// The rows of one of the queries of `queries/status/`.
    pub(super) async fn status_rows(
        &self,
        name: &str,
    ) -> Result<Vec<Vec<Option<String>>>, ServiceError> {
        let query = self.library().status(name)?;
        let stream = self.session().query(&query.sql).await?;
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        let mut rows = Vec::new();
        for batch in &batches {
            let cells = TextCells::of(batch)?;
            rows.extend((0..batch.num_rows()).map(|row| cells.row(row)));
        }
        Ok(rows)
    }

    /// All rows of a table or view, in no order.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be read.
    pub async fn rows(&self, name: &str) -> Result<SendableRecordBatchStream, ServiceError> {
        if !self.session.relations().iter().any(|known| known == name) {
            return Err(unknown(name, self.relations(), "table or view"));
        }
        let statement = format!("SELECT * FROM \"{name}\"");
        Ok(self.session.query(&statement).await?)
    }
}

/// Where the data files of a table are, sorted: those that its log names, and no others.
///
/// # Errors
/// If there is no table of that name, or the store cannot be read.
pub async fn file_locations(store: &Store, name: &str) -> Result<Vec<String>, ServiceError> {
    let pins = store.pin().await?;
    let Some(table) = schema::table(name) else {
        let tables = schema::TABLES.iter().map(|table| table.name.to_owned());
        return Err(unknown(name, tables.collect(), "table"));
    };
    let mut locations = pins.get(table).locations()?;
    locations.sort();
    Ok(locations)
}

fn unknown(name: &str, names: Vec<String>, what: &'static str) -> ServiceError {
    let near = nearest(name, names.iter().map(String::as_str));
    ServiceError::UnknownRelation {
        what,
        name: name.to_owned(),
        names: if near.is_empty() { names } else { near },
    }
}
