//! A list of accounts, written as the newest snapshot.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::error::ArrowError;

use super::{Account, AccountList, InventoryError};
use crate::schema::{ACCOUNTS, RUNS, Table};
use crate::store::{Appended, Rows, Store, StoreError};

/// Attempts of one commit against other importers.
const ATTEMPTS_MAX: usize = 20;

/// An import, as it is recorded.
#[derive(Debug)]
pub struct Import<'a> {
    /// Its run.
    pub run_id: &'a str,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// What was read, for `runs`.
    pub source: &'a str,
}

/// Writes a list as the newest snapshot of `accounts`, and the run that did it.
///
/// # Errors
/// If the store cannot be written. The snapshot is whole or not there.
pub async fn import_accounts(
    store: &Store,
    list: &AccountList,
    import: &Import<'_>,
) -> Result<(), InventoryError> {
    append(store, &ACCOUNTS, &snapshot(list, import)?, import).await?;
    append(store, &RUNS, &run(list, import)?, import).await
}

async fn append(
    store: &Store,
    table: &'static Table,
    rows: &RecordBatch,
    import: &Import<'_>,
) -> Result<(), InventoryError> {
    for _attempt in 0..ATTEMPTS_MAX {
        let snapshot = store.snapshot(table).await?;
        let now_millis = import.started_at / 1000;
        let appended = store
            .append(
                &snapshot,
                Rows::all(std::slice::from_ref(rows)),
                None,
                import.run_id,
                now_millis,
            )
            .await?;
        match appended {
            Appended::Done { .. } => return Ok(()),
            Appended::NotDone(error) if error.is_conflict() => {}
            Appended::NotDone(error) => return Err(error.into()),
        }
    }
    Err(InventoryError::Store(StoreError::Contention {
        table: table.name,
        attempts: ATTEMPTS_MAX,
    }))
}

fn snapshot(list: &AccountList, import: &Import<'_>) -> Result<RecordBatch, ArrowError> {
    let count = list.accounts.len();
    rows(&ACCOUNTS, count, |column| {
        let text = |value: fn(&Account) -> Option<&str>| -> ArrayRef {
            let values = list.accounts.iter().map(value);
            Arc::new(values.collect::<StringArray>())
        };
        Some(match column {
            "account_id" => text(|account| Some(&account.id)),
            "name" => text(|account| account.name.as_deref()),
            "ou_path" => text(|account| account.ou_path.as_deref()),
            "owner" => text(|account| account.owner.as_deref()),
            "environment" => text(|account| account.environment.as_deref()),
            "taken_at" => time(import.started_at, count),
            "run_id" => repeated(import.run_id, count),
            _ => return None,
        })
    })
}

fn run(list: &AccountList, import: &Import<'_>) -> Result<RecordBatch, ArrowError> {
    let sources = serde_json::Value::from(vec![import.source]).to_string();
    rows(&RUNS, 1, |column| {
        Some(match column {
            "run_id" => repeated(import.run_id, 1),
            "command" => repeated("accounts", 1),
            "version" => repeated(env!("CARGO_PKG_VERSION"), 1),
            "started_at" | "ended_at" => time(import.started_at, 1),
            "outcome" => repeated("ok", 1),
            "sources" => repeated(&sources, 1),
            "detail" => repeated(&format!("{{\"accounts\":{}}}", list.accounts.len()), 1),
            _ => return None,
        })
    })
}

/// Rows of a table; a column without values is null.
fn rows(
    table: &Table,
    count: usize,
    values: impl Fn(&str) -> Option<ArrayRef>,
) -> Result<RecordBatch, ArrowError> {
    let columns = table.columns.iter().map(|column| {
        values(column.name).unwrap_or_else(|| new_null_array(&column.kind.data_type(), count))
    });
    RecordBatch::try_new(table.arrow(), columns.collect())
}

fn repeated(text: &str, count: usize) -> ArrayRef {
    let texts = std::iter::repeat_n(text, count);
    Arc::new(StringArray::from_iter_values(texts))
}

fn time(micros: i64, count: usize) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_value(micros, count);
    Arc::new(times.with_timezone("UTC"))
}
