//! The days whose facts are not stored yet, settled.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::error::ServiceError;
use super::host::Host;
use super::open::StoreAt;
use super::queries::Queries;
use crate::ingest::{Settle, Settled, settle as settle_days};
use crate::sql::DayState;
use crate::store::Store;

/// How many days are settled, and how many are computed by each question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SettledDays {
    /// Days with records whose facts are stored.
    pub settled: u64,
    /// Days with records whose facts are computed.
    pub computed: u64,
    /// The records of these.
    pub computed_records: u64,
}

impl SettledDays {
    pub(super) fn of(days: &[DayState]) -> Self {
        let mut counts = Self::default();
        for day in days {
            if day.is_settled {
                counts.settled += 1;
            } else {
                counts.computed += 1;
                counts.computed_records += day.records.unsigned_abs();
            }
        }
        counts
    }
}

/// Settles every day that is over for a whole day; with `is_dry_run`, only says which.
///
/// # Errors
/// If there is no store, or it fails. What was settled before stays.
pub async fn settle(
    place: &StoreAt,
    is_dry_run: bool,
    host: Host<'_>,
) -> Result<Settled, ServiceError> {
    let store = place.open().await?;
    let done = settle_store(&store, is_dry_run, &host).await;
    host.emit_warnings(&store)?;
    done
}

pub(super) async fn settle_store(
    store: &Store,
    is_dry_run: bool,
    host: &Host<'_>,
) -> Result<Settled, ServiceError> {
    store.add_later_tables().await?;
    let queries = Queries::embedded()?;
    let stop = AtomicBool::new(false);
    let options = Settle {
        started_at: host.now(),
        stop: &stop,
        is_dry_run,
    };
    Ok(Box::pin(settle_days(store, &queries.library, options)).await?)
}
