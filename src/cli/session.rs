//! The store that was chosen, opened for reading or writing.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::output::{Destination, Format};
use crate::report::{Library, Query};
use crate::sql::{Relation, Relations, Session};
use crate::store::{Pins, Place, Store, StoreError};

/// Where the store is, if nothing else is said.
const DEFAULT_STORE: &str = "./keytrail-store";

/// The store as it was chosen on the command line or in the environment.
#[derive(Debug, Clone)]
pub(super) struct StoreChoice {
    chosen: Option<PathBuf>,
}

impl StoreChoice {
    pub(super) fn new(chosen: Option<PathBuf>) -> Self {
        Self { chosen }
    }

    /// The directory that was chosen, if one was.
    pub(super) fn chosen(&self) -> Option<PathBuf> {
        self.chosen.clone()
    }

    fn directory(&self) -> PathBuf {
        self.chosen
            .clone()
            .unwrap_or_else(|| PathBuf::from(DEFAULT_STORE))
    }

    /// Opens the store for writing, creating it where there is none.
    pub(super) async fn create(&self) -> anyhow::Result<Store> {
        Ok(Store::create(Place::create_directory(&self.directory())?).await?)
    }

    /// Opens the store for reading.
    pub(super) async fn open(&self) -> anyhow::Result<Store> {
        let opened = match Place::directory(&self.directory()) {
            Ok(place) => Store::open(place).await,
            Err(error) => Err(error),
        };
        opened.map_err(|error| match error {
            StoreError::NotFound { .. } => anyhow::anyhow!(
                "{error}\n\nhint: `keytrail ingest PATH --store DIR` makes one; `--store` or KEYTRAIL_STORE names it"
            ),
            other => other.into(),
        })
    }
}

/// The queries, and what a session needs of them.
pub(super) struct Queries {
    pub(super) library: Library,
}

impl Queries {
    pub(super) fn embedded() -> anyhow::Result<Self> {
        Ok(Self {
            library: Library::embedded()?,
        })
    }

    /// The queries of the roll-ups.
    pub(super) fn rollups(&self) -> Vec<Relation<'_>> {
        [&crate::schema::USAGE_DAILY, &crate::schema::KEY_RESOURCES]
            .into_iter()
            .filter_map(|table| self.library.rollup(table.name))
            .map(relation)
            .collect()
    }

    /// A session over a store, with all views.
    pub(super) async fn session(&self, store: &Store) -> anyhow::Result<(Session, Pins)> {
        let pins = store.pin().await?;
        let relations = Relations {
            views: self.library.views()?.into_iter().map(relation).collect(),
            rollups: self.rollups(),
        };
        let session = Session::open(&pins, &relations).await?;
        Ok((session, pins))
    }
}

fn relation(query: &Query) -> Relation<'_> {
    Relation {
        name: &query.id,
        sql: &query.sql,
    }
}

/// The first and the last event that the event tables hold.
pub(super) fn period(pins: &Pins) -> anyhow::Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let period = pins.period()?;
    period
        .map(|(first, last)| {
            let time = |micros| {
                DateTime::from_timestamp_micros(micros).context("an event time is out of range")
            };
            Ok((time(first)?, time(last)?))
        })
        .transpose()
}

/// Where rows go.
pub(super) fn destination(output: Option<PathBuf>) -> Destination {
    match output {
        Some(path) => Destination::File(path),
        None => Destination::Stdout {
            terminal_width: terminal_width(),
        },
    }
}

/// The columns of standard output, if it is a terminal.
pub(super) fn terminal_width() -> Option<usize> {
    /// A terminal that does not tell its size is taken for one of the usual width.
    const USUAL_WIDTH: usize = 80;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let size = terminal_size::terminal_size_of(std::io::stdout());
    Some(size.map_or(USUAL_WIDTH, |(width, _height)| usize::from(width.0)))
}

/// Whether this format is read by people, who are told more than the rows.
pub(super) fn is_for_people(format: Format, destination: &Destination) -> bool {
    format == Format::Table && matches!(destination, Destination::Stdout { .. })
}
