//! That the names of all days were checked, so that readers need not check them again.

use deltalake_core::protocol::{DeltaOperation, SaveMode};
use tracing::debug;

use crate::schema::{KEY_USES, KMS_EVENTS, SETTLEMENTS};
use crate::store::append::commit::Transaction;
use crate::store::error::StoreError;
use crate::store::table::{Pins, Store};
use crate::store::{CHECKED, INGEST, SETTLE};

impl Store {
    /// Records that the names of all days were checked against the events pinned, and against all settlements pinned.
    /// Another writer who did the same first is no error.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn record_checked(&self, pins: &Pins) -> Result<(), StoreError> {
        let settlements = pins.get(&SETTLEMENTS);
        let ingested = pins.get(&KMS_EVENTS).transaction(INGEST).await?;
        let settlement = pins.get(&KEY_USES).transaction(SETTLE).await?;
        let is_known = settlements.transaction(CHECKED).await? >= ingested
            && settlements.transaction(SETTLE).await? >= settlement;
        if is_known {
            return Ok(());
        }
        let transactions = [
            Transaction {
                app_id: CHECKED,
                version: ingested,
            },
            Transaction {
                app_id: SETTLE,
                version: settlement,
            },
        ];
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let batch_id = uuid::Uuid::new_v4().to_string();
        debug!(ingested, settlement, "names checked");
        let committed = self
            .commit(settlements, Vec::new(), &transactions, &batch_id, operation)
            .await?;
        committed.version().map(|_version| ())
    }
}
