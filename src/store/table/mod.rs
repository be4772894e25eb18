//! The store as a set of Delta tables, and pinned snapshots of them.

pub(in crate::store) mod data_file;
pub(in crate::store) mod files;
pub(in crate::store) mod log;
pub(in crate::store) mod provider;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::ScalarValue;
use deltalake_core::kernel::StructType;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::protocol::SaveMode;
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::future::join_all;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;

use crate::schema::{
    ACCOUNT_REGIONS, ALIAS_SIGHTINGS, ColumnKind, EVENT_DAYS, KEY_USES, KMS_EVENTS,
    LOG_FILE_EVENTS, ORGANIZATION_ACCOUNTS, ROLLUPS, SETTLEMENTS, STORE_FORMAT, TABLES,
    TRAIL_EVENTS, Table, USAGE_MONTHLY, USES_DAILY, VERIFICATIONS,
};
use crate::store::error::StoreError;
use crate::store::place::Place;
use crate::store::table::data_file::DataFile;
use crate::store::{LAST_SETTLED, RETAIN, ROLLUP};

/// The table property that carries the store's format.
const FORMAT_PROPERTY: &str = "keytrail.format";
/// Commits between two checkpoints. Whoever opens a table reads the last checkpoint and each commit after
/// it, and a small run opens tables some twenty times: this many commits is the most that it reads each
/// time, and a checkpoint is as small as the number of live files.
const CHECKPOINT_INTERVAL: &str = "10";

/// A store that is open.
#[derive(Debug, Clone)]
pub struct Store {
    place: Place,
    logs: BTreeMap<&'static str, LogStoreRef>,
    /// The latest versions that were seen: from there on, a table is opened by its new commits alone.
    latest: Arc<Mutex<BTreeMap<&'static str, DeltaTableState>>>,
    /// What went wrong apart from commits, which are done, until somebody takes it.
    warnings: Arc<Mutex<Vec<StoreError>>>,
}

/// One table as it was at one version.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(in crate::store) table: &'static Table,
    pub(in crate::store) place: Place,
    pub(in crate::store) log: LogStoreRef,
    pub(in crate::store) state: DeltaTableState,
}

/// All tables, pinned in the order that readers need: the ledger first, the events last, so that the
/// ledger never claims what the other tables do not hold.
#[derive(Debug, Clone)]
pub struct Pins(BTreeMap<&'static str, Snapshot>);

impl Store {
    /// Opens the store, creating the tables that are not there yet.
    ///
    /// # Errors
    /// If there is something else at the place, or a store that this keytrail does not know.
    pub async fn create(place: Place) -> Result<Self, StoreError> {
        let store = Self::at(place);
        let is_new = match store.load(TABLES[0]).await? {
            Some(events) => {
                check_format(&events)?;
                false
            }
            None => true,
        };
        if is_new {
            store.place.is_empty().await?;
        }
        if !is_new {
            store.add_later_tables().await?;
            return Ok(store);
        }
        // `kms_events` comes last: where it is, all others are, but those that came with a later keytrail.
        all_of(TABLES[1..].iter().map(|table| store.create_table(table))).await?;
        store.check_conditional().await?;
        store.create_table(TABLES[0]).await?;
        Ok(store)
    }

    /// Creates the tables that came with a later keytrail than the one that made the store. Any other that is
    /// missing was lost, with counts that the stored events may not give any more.
    ///
    /// # Errors
    /// If one cannot be created.
    pub async fn add_later_tables(&self) -> Result<(), StoreError> {
        let later = TABLES.iter().filter(|table| is_later(table));
        let added = later.map(|table| async {
            match self.load(table).await? {
                Some(_snapshot) => Ok(()),
                None => self.create_table(table).await,
            }
        });
        all_of(added).await?;
        Ok(())
    }

    /// Opens a store that exists.
    ///
    /// # Errors
    /// If there is none, or it is one that this keytrail does not know.
    pub async fn open(place: Place) -> Result<Self, StoreError> {
        let store = Self::at(place);
        let Some(events) = store.load(TABLES[0]).await? else {
            store.place.is_empty().await?;
            return Err(StoreError::NotFound {
                location: store.place.shown().to_owned(),
            });
        };
        check_format(&events)?;
        Ok(store)
    }

    /// That the object store heeds the condition of a commit; disks do.
    async fn check_conditional(&self) -> Result<(), StoreError> {
        const FIRST_COMMIT: &str = "_delta_log/00000000000000000000.json";
        let is_safe = !self.place.is_bucket()
            || self
                .place
                .is_conditional(TABLES[1].name, FIRST_COMMIT)
                .await?;
        if is_safe {
            return Ok(());
        }
        Err(StoreError::NotConditional {
            location: self.place.shown().to_owned(),
        })
    }

    fn at(place: Place) -> Self {
        let logs = TABLES
            .iter()
            .map(|table| (table.name, log_store(&place, table.name)))
            .collect();
        Self {
            place,
            logs,
            latest: Arc::default(),
            warnings: Arc::default(),
        }
    }

    /// What went wrong since the last call without ending what was done, to be reported once.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<StoreError> {
        std::mem::take(&mut *lock(&self.warnings))
    }

    pub(in crate::store) fn warn(&self, warning: StoreError) {
        lock(&self.warnings).push(warning);
    }

    /// Where the store lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The latest version of a table.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn snapshot(&self, table: &'static Table) -> Result<Snapshot, StoreError> {
        self.load(table).await?.ok_or_else(|| StoreError::NoTable {
            location: self.place.shown().to_owned(),
            table: table.name,
            remedy: if is_later(table) {
                ": it came with a later keytrail, and the next `keytrail ingest` makes it"
            } else {
                ""
            },
        })
    }

    /// The latest version of all tables, the ledger's read first and the events' last.
    ///
    /// # Errors
    /// If one cannot be read, or old rows are removed faster than tables can be read.
    pub async fn pin(&self) -> Result<Pins, StoreError> {
        const ATTEMPTS_MAX: usize = 20;
        for _attempt in 0..ATTEMPTS_MAX {
            let mut pins = BTreeMap::new();
            for group in pinned_together() {
                let snapshots = all_of(group.iter().map(|table| self.snapshot(table)));
                for snapshot in snapshots.await? {
                    pins.insert(snapshot.table.name, snapshot);
                }
            }
            let pins = Pins(pins);
            if pins.hold_what_was_removed().await? {
                return Ok(pins);
            }
        }
        Err(StoreError::Contention {
            table: KMS_EVENTS.name,
            attempts: ATTEMPTS_MAX,
        })
    }

    pub(in crate::store) fn log(&self, table: &Table) -> LogStoreRef {
        self.logs[table.name].clone()
    }

    async fn load(&self, table: &'static Table) -> Result<Option<Snapshot>, StoreError> {
        let log = self.log(table);
        let mut delta = DeltaTable::new(log.clone());
        delta.state = lock(&self.latest).get(table.name).cloned();
        // What was seen last may not be there any more; then the table is read from its start.
        let is_updated = delta.state.is_some() && delta.update_incremental(None).await.is_ok();
        if !is_updated {
            delta = DeltaTable::new(log.clone());
            match delta.load().await {
                Ok(()) => {}
                // What delta-rs answers where there is no table depends on the object store.
                Err(_) if !self.place.has_log(table.name).await? => return Ok(None),
                Err(source) => return Err(delta_error(table, "loading", source)),
            }
        }
        let state = delta
            .snapshot()
            .map_err(|source| delta_error(table, "loading", source))?
            .clone();
        lock(&self.latest).insert(table.name, state.clone());
        Ok(Some(Snapshot {
            table,
            place: self.place.clone(),
            log,
            state,
        }))
    }

    async fn create_table(&self, table: &'static Table) -> Result<(), StoreError> {
        let schema: StructType = table.arrow().as_ref().try_into_kernel().map_err(
            |source: arrow::error::ArrowError| StoreError::Arrow {
                table: table.name,
                source,
            },
        )?;
        // Without retries: a creator that comes second must not write its own metadata over the first
        // one's, which is what delta-rs 1.1 would do.
        let created = DeltaTable::new(self.log(table))
            .create()
            .with_table_name(table.name)
            .with_comment(table.doc)
            .with_columns(schema.fields().cloned())
            .with_partition_columns(table.partition)
            .with_configuration([
                (FORMAT_PROPERTY, Some(STORE_FORMAT.to_string())),
                (
                    "delta.checkpointInterval",
                    Some(CHECKPOINT_INTERVAL.to_owned()),
                ),
                ("delta.enableExpiredLogCleanup", Some("false".to_owned())),
            ])
            .with_raise_if_key_not_exists(false)
            .with_save_mode(SaveMode::Ignore)
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await;
        match created {
            Ok(_table) => Ok(()),
            // Another creator may have been faster, or the answer may have been lost.
            Err(source) => match self.load(table).await? {
                Some(_snapshot) => Ok(()),
                None => Err(delta_error(table, "creating", source)),
            },
        }
    }
}

/// Waits for all, also where one fails: Delta panics when others are abandoned half-way.
async fn all_of<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    join_all(futures).await.into_iter().collect()
}

/// The tables in the order that readers pin them in, those of a group next to each other: what is written
/// after the ledger or apart from it, the ledger, what it counts, and the events that the roll-ups count.
fn pinned_together() -> [&'static [&'static Table]; 4] {
    let ledger = TABLES
        .iter()
        .position(|table| table.name == LOG_FILE_EVENTS.name)
        .unwrap_or_default();
    let (before, from) = TABLES.split_at(ledger);
    let (ledger, after) = from.split_at(1);
    let (events, between) = before.split_at(1);
    [after, ledger, between, events]
}

/// Whether stores exist that were made before this table was known.
fn is_later(table: &Table) -> bool {
    [
        &ALIAS_SIGHTINGS,
        &USAGE_MONTHLY,
        &ACCOUNT_REGIONS,
        &ORGANIZATION_ACCOUNTS,
        &VERIFICATIONS,
        &EVENT_DAYS,
        &KEY_USES,
        &USES_DAILY,
        &SETTLEMENTS,
    ]
    .iter()
    .any(|later| later.name == table.name)
}

fn check_format(events: &Snapshot) -> Result<(), StoreError> {
    let properties = events.state.metadata().configuration();
    let found = properties.get(FORMAT_PROPERTY).cloned();
    match found.as_deref().map(str::parse::<u32>) {
        Some(Ok(format)) if format <= STORE_FORMAT => Ok(()),
        Some(_) => Err(StoreError::Newer {
            found: found.unwrap_or_default(),
            known: STORE_FORMAT,
        }),
        None => Err(StoreError::Schema {
            table: events.table.name,
            detail: format!("it has no property `{FORMAT_PROPERTY}`"),
        }),
    }
}

impl Pins {
    /// A pinned table.
    ///
    /// # Panics
    /// Never: every table of the schema is pinned.
    #[must_use]
    pub fn get(&self, table: &Table) -> &Snapshot {
        &self.0[table.name]
    }

    /// Whether the roll-ups and the facts pinned have counted the events that are not in the events pinned any more.
    async fn hold_what_was_removed(&self) -> Result<bool, StoreError> {
        let events = self.get(&KMS_EVENTS);
        if events.retention()?.horizon.is_none() {
            return Ok(true);
        }
        let removed = events.transaction(RETAIN).await?;
        for rollup in ROLLUPS {
            if self.get(rollup).transaction(ROLLUP).await? < removed {
                return Ok(false);
            }
        }
        // Facts are pinned after the settlements.
        let last_settled = events.transaction(LAST_SETTLED).await?;
        Ok(last_settled == 0 || last_settled <= self.days_settled_for_good()?.end)
    }

    /// The times of the first and the last stored event, in microseconds.
    ///
    /// # Errors
    /// If the log has statistics that are no JSON.
    pub fn period(&self) -> Result<Option<(i64, i64)>, StoreError> {
        let mut period: Option<(i64, i64)> = None;
        for table in [&KMS_EVENTS, &TRAIL_EVENTS] {
            for file in self.get(table).files()? {
                let Some((
                    ScalarValue::TimestampMicrosecond(Some(first), _),
                    ScalarValue::TimestampMicrosecond(Some(last), _),
                )) = file.bounds("event_time", ColumnKind::Time)
                else {
                    continue;
                };
                period = Some(period.map_or((first, last), |(low, high)| {
                    (low.min(first), high.max(last))
                }));
            }
        }
        Ok(period)
    }

    /// All pinned tables, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Snapshot> {
        self.0.values()
    }
}

impl Snapshot {
    /// The table.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Where the store lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The version in Delta's log.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.state.version()
    }

    /// The version of an application transaction; 0 if there was none.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn transaction(&self, app_id: &str) -> Result<i64, StoreError> {
        self.state
            .transaction_version(self.log.as_ref(), app_id)
            .await
            .map(|version| version.unwrap_or(0))
            .map_err(|source| delta_error(self.table, "reading the transactions", source))
    }

    /// The live files.
    ///
    /// # Errors
    /// If the log has statistics that are no JSON.
    pub fn files(&self) -> Result<Vec<DataFile>, StoreError> {
        self.state
            .log_data()
            .iter()
            .map(|file| {
                DataFile::new(
                    self.table.name,
                    file.path().into_owned(),
                    file.size(),
                    &file.partition_values_map(),
                    file.stats().as_deref(),
                )
            })
            .collect()
    }
}

/// What a thread that panicked left here is whole all the same: it is replaced, never changed in parts.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(in crate::store) fn delta_error(
    table: &Table,
    operation: &'static str,
    source: DeltaTableError,
) -> StoreError {
    StoreError::Delta {
        table: table.name,
        operation,
        source: Box::new(source),
    }
}

fn log_store(place: &Place, table: &str) -> LogStoreRef {
    let prefix = place.prefix.clone().join(table);
    let prefixed: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(place.root.clone(), prefix));
    // The names of tables need no escape, and a store's URL ends in a slash.
    let mut url = place.url.clone();
    url.set_path(&format!("{}{table}/", place.url.path()));
    default_logstore(
        prefixed,
        place.root.clone(),
        &url,
        &StorageConfig::default(),
    )
}
