//! What the logs know of keys and their names, read once for a look-up.
//!
//! Enters: a session's context. Leaves: the keys, the periods of aliases, and names that were only typed.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, SecondsFormat, Utc};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::report::{ReportError, Window};
use crate::sql::texts;

const KEYS: &str =
    "SELECT key_arn, key_id, account, region, key_set FROM known_keys ORDER BY key_arn";

const ALIASES: &str = "SELECT alias_name, alias_arn, account, region, key_arn, valid_from, valid_to \
    FROM alias_history ORDER BY alias_arn, first_seen, key_arn";

const TYPED: &str = "SELECT DISTINCT key, recipient_account_id, region FROM usage_monthly \
    WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM known_keys WHERE key_arn = key) \
    ORDER BY key, recipient_account_id, region";

/// The keys, aliases and typed names that the logs show.
#[derive(Debug, Default)]
pub struct KeyDirectory {
    pub(super) keys: Vec<KnownKey>,
    pub(super) aliases: Vec<AliasPeriod>,
    pub(super) typed: Vec<TypedName>,
}

/// A key that the logs name by ARN.
#[derive(Debug)]
pub(super) struct KnownKey {
    pub(super) arn: String,
    pub(super) id: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) key_set: String,
}

/// A time in which an alias pointed to one key.
#[derive(Debug)]
pub(super) struct AliasPeriod {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) key_arn: String,
    pub(super) valid_from: Option<DateTime<Utc>>,
    pub(super) valid_to: Option<DateTime<Utc>>,
}

/// A name that was typed in records which tell no ARN, or an ARN that KMS never found.
#[derive(Debug)]
pub(super) struct TypedName {
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
}

impl KeyDirectory {
    /// Reads the directory from the views of the session.
    ///
    /// # Errors
    /// [`ReportError::Engine`] where they cannot be read.
    pub async fn load(context: &SessionContext) -> Result<Self, ReportError> {
        let mut directory = Self::default();
        for batch in rows(context, "known_keys", KEYS).await? {
            let columns = Columns::new("known_keys", &batch);
            let (arns, ids) = (columns.texts(0)?, columns.texts(1)?);
            let (accounts, regions, sets) =
                (columns.texts(2)?, columns.texts(3)?, columns.texts(4)?);
            directory
                .keys
                .extend((0..batch.num_rows()).map(|row| KnownKey {
                    arn: text(&arns, row),
                    id: text(&ids, row),
                    account: text(&accounts, row),
                    region: text(&regions, row),
                    key_set: text(&sets, row),
                }));
        }
        for batch in rows(context, "alias_history", ALIASES).await? {
            let columns = Columns::new("alias_history", &batch);
            let (names, arns) = (columns.texts(0)?, columns.texts(1)?);
            let (accounts, regions, keys) =
                (columns.texts(2)?, columns.texts(3)?, columns.texts(4)?);
            let (starts, ends) = (columns.times(5)?, columns.times(6)?);
            directory
                .aliases
                .extend((0..batch.num_rows()).map(|row| AliasPeriod {
                    name: text(&names, row),
                    arn: text(&arns, row),
                    account: text(&accounts, row),
                    region: text(&regions, row),
                    key_arn: text(&keys, row),
                    valid_from: time(&starts, row),
                    valid_to: time(&ends, row),
                }));
        }
        for batch in rows(context, "usage_monthly", TYPED).await? {
            let columns = Columns::new("usage_monthly", &batch);
            let (names, accounts, regions) =
                (columns.texts(0)?, columns.texts(1)?, columns.texts(2)?);
            directory
                .typed
                .extend((0..batch.num_rows()).map(|row| TypedName {
                    name: text(&names, row),
                    account: text(&accounts, row),
                    region: text(&regions, row),
                }));
        }
        Ok(directory)
    }
}

impl AliasPeriod {
    /// Whether the alias pointed to its key at any time of the window.
    pub(super) fn overlaps(&self, window: &Window) -> bool {
        let begins = match (self.valid_from, window.until) {
            (Some(from), Some(until)) => from < until,
            _ => true,
        };
        let ends = match (self.valid_to, window.since) {
            (Some(to), Some(since)) => to > since,
            _ => true,
        };
        begins && ends
    }

    /// The alias and the period, for an error's candidates.
    pub(super) fn told(&self) -> String {
        let told = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let from = self.valid_from.map_or("the first log".to_owned(), told);
        let to = self.valid_to.map_or("now".to_owned(), told);
        format!(
            "{} in {} {}, from {from} to {to}",
            self.name, self.account, self.region
        )
    }
}

async fn rows(
    context: &SessionContext,
    what: &str,
    sql: &str,
) -> Result<Vec<RecordBatch>, ReportError> {
    let fault = |source| ReportError::engine(what, source);
    context
        .sql(sql)
        .await
        .map_err(fault)?
        .collect()
        .await
        .map_err(fault)
}

/// The columns of a batch, in the types that are read here: the engine may answer in others
/// (`Utf8View` for `Utf8`).
struct Columns<'a> {
    what: &'a str,
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn new(what: &'a str, batch: &'a RecordBatch) -> Self {
        Self { what, batch }
    }

    fn texts(&self, index: usize) -> Result<StringArray, ReportError> {
        texts(self.batch.column(index))
            .map_err(|source| ReportError::engine(self.what, source.into()))
    }

    fn times(&self, index: usize) -> Result<ArrayRef, ReportError> {
        self.cast(
            index,
            &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        )
    }

    fn cast(&self, index: usize, to: &DataType) -> Result<ArrayRef, ReportError> {
        cast(self.batch.column(index), to)
            .map_err(|source| ReportError::engine(self.what, DataFusionError::from(source)))
    }
}

/// The text of a row; empty where it is null, which names nothing.
fn text(column: &StringArray, row: usize) -> String {
    if column.is_null(row) {
        String::new()
    } else {
        column.value(row).to_owned()
    }
}

fn time(column: &ArrayRef, row: usize) -> Option<DateTime<Utc>> {
    let column = column.as_primitive::<TimestampMicrosecondType>();
    (!column.is_null(row)).then(|| DateTime::from_timestamp_micros(column.value(row)))?
}
