//! A list of accounts, written as the newest snapshot.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use serde_json::{Value, json};

use super::{AccountList, InventoryError};
use crate::schema::ACCOUNTS;
use crate::store::{RunRecord, Store, rows};

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

impl Import<'_> {
    /// The row of `runs` for it.
    pub(super) fn record(&self, command: &'static str, detail: Option<String>) -> RunRecord {
        RunRecord {
            run_id: self.run_id.to_owned(),
            command,
            started_at: self.started_at,
            ended_at: self.started_at,
            outcome: "ok",
            sources: RunRecord::sources(&[self.source]),
            detail,
            ..RunRecord::default()
        }
    }
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
    let accounts = snapshot(list, import)?;
    let now_millis = import.started_at / 1000;
    store
        .append_rows(&ACCOUNTS, &accounts, import.run_id, now_millis)
        .await?;
    let detail = json!({ "accounts": list.accounts.len() });
    let run = import.record("accounts", Some(detail.to_string()));
    Ok(store.record_run(&run, import.run_id).await?)
}

fn snapshot(list: &AccountList, import: &Import<'_>) -> Result<RecordBatch, ArrowError> {
    rows(&ACCOUNTS, &list.accounts, |account, column| match column {
        "account_id" => json!(account.id),
        "name" => json!(account.name),
        "ou_path" => json!(account.ou_path),
        "owner" => json!(account.owner),
        "environment" => json!(account.environment),
        "taken_at" => json!(import.started_at),
        "run_id" => json!(import.run_id),
        _ => Value::Null,
    })
}
