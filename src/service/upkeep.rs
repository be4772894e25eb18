//! The files of a store: small ones merged, those that no reader needs deleted.

use serde::Serialize;

use super::error::ServiceError;
use super::host::{Host, ServiceEvent};
use super::open::StoreAt;
use super::settle::settle_store;
use crate::schema::TABLES;
use crate::store::Compaction;

/// The hours that are safe to keep: a week.
const KEEP_HOURS_SAFE: u32 = 168;

/// The result for all tables together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UpkeepOutcome {
    /// Files merged or deleted.
    pub files_removed: u64,
    /// Files that replace them.
    pub files_added: u64,
}

/// Settles the days that are over, and merges the small files of all tables; an event reports each table.
///
/// # Errors
/// If there is no store, or it fails.
pub async fn compact(place: &StoreAt, host: Host<'_>) -> Result<UpkeepOutcome, ServiceError> {
    let store = place.open().await?;
    let now_millis = host.now() / 1000;
    let mut outcome = UpkeepOutcome::default();
    settle_store(&store, false, &host).await?;
    for table in TABLES {
        let done = store.compact(table, Compaction::Whole, now_millis).await?;
        if done.files_removed > 0 {
            outcome.files_removed += done.files_removed as u64;
            outcome.files_added += done.files_added as u64;
            host.emit(ServiceEvent::TableCompacted {
                table: table.name,
                files_removed: done.files_removed,
                files_added: done.files_added,
            })?;
        }
    }
    host.emit_warnings(&store)?;
    Ok(outcome)
}

/// Which files to keep for readers that are still at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VacuumOptions {
    /// Files of versions of the last hours are kept.
    pub keep_hours: u32,
    /// Whether less than a week may be kept.
    pub is_forced: bool,
}

/// Deletes the files that no reader needs; an event reports each table.
///
/// # Errors
/// If less would be kept than is safe, there is no store, or it fails.
pub async fn vacuum(
    place: &StoreAt,
    options: VacuumOptions,
    host: Host<'_>,
) -> Result<UpkeepOutcome, ServiceError> {
    if options.keep_hours < KEEP_HOURS_SAFE && !options.is_forced {
        return Err(ServiceError::KeepsTooLittle {
            safe: KEEP_HOURS_SAFE,
        });
    }
    let store = place.open().await?;
    let now_millis = host.now() / 1000;
    let mut outcome = UpkeepOutcome::default();
    for table in TABLES {
        let done = store.vacuum(table, options.keep_hours, now_millis).await?;
        if done.files > 0 {
            outcome.files_removed += done.files as u64;
            host.emit(ServiceEvent::TableVacuumed {
                table: table.name,
                files: done.files,
                bytes: done.bytes,
            })?;
        }
    }
    Ok(outcome)
}
