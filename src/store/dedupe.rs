//! Which events a table already holds.
//!
//! Enters: a snapshot, and rows that may be new. Leaves: which of them are. Identity is the content
//! hash, since id and account are part of the content; equal events have equal times, so only the days
//! that the new rows touch are ever read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Date32Type;
use datafusion::common::ScalarValue;
use datafusion::prelude::{col, lit};

use super::error::StoreError;
use super::files::read_columns;
use super::table::Snapshot;

/// Events remembered before days that are not in use are forgotten (each takes about 32 bytes).
const EVENTS_KEPT_MAX: usize = 3_000_000;

type Hashes = HashSet<u128, BuildHasherDefault<FirstBytes>>;

/// The events of some days of one table, as of one snapshot.
#[derive(Debug, Default)]
pub struct SeenEvents {
    days: BTreeMap<i32, Hashes>,
    version: Option<u64>,
}

impl SeenEvents {
    /// For each row of each batch, whether it is new: it is kept, and neither in the snapshot nor before
    /// it in `batches`.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn new_rows(
        &mut self,
        snapshot: &Snapshot,
        batches: &[RecordBatch],
        is_kept: &[BooleanArray],
    ) -> Result<Vec<BooleanArray>, StoreError> {
        if self.version != Some(snapshot.version()) {
            self.days.clear();
            self.version = Some(snapshot.version());
        }
        let identities: Vec<Vec<(i32, u128)>> = batches.iter().map(identities).collect();
        let days: BTreeSet<i32> = identities.iter().flatten().map(|(day, _)| *day).collect();
        self.forget(&days);
        self.load(snapshot, &days).await?;
        let mut own = HashSet::<u128, BuildHasherDefault<FirstBytes>>::default();
        Ok(identities
            .into_iter()
            .zip(is_kept)
            .map(|(rows, is_kept)| {
                let is_new = rows
                    .into_iter()
                    .zip(is_kept.values())
                    .map(|((day, hash), kept)| {
                        let is_known =
                            || self.days.get(&day).is_some_and(|seen| seen.contains(&hash));
                        kept && !is_known() && own.insert(hash)
                    });
                BooleanArray::from(is_new.collect::<Vec<bool>>())
            })
            .collect())
    }

    /// Remembers the new rows, which were committed, so that `version`, in which nobody else committed,
    /// need not be read.
    pub fn add(&mut self, batches: &[RecordBatch], is_new: &[BooleanArray], version: u64) {
        for (rows, is_new) in batches.iter().zip(is_new) {
            for ((day, hash), is_new) in identities(rows).into_iter().zip(is_new.values()) {
                if is_new && let Some(seen) = self.days.get_mut(&day) {
                    seen.insert(hash);
                }
            }
        }
        self.version = Some(version);
    }

    fn forget(&mut self, needed: &BTreeSet<i32>) {
        let held: usize = self.days.values().map(HashSet::len).sum();
        if held > EVENTS_KEPT_MAX {
            self.days.retain(|day, _| needed.contains(day));
        }
    }

    async fn load(&mut self, snapshot: &Snapshot, days: &BTreeSet<i32>) -> Result<(), StoreError> {
        let missing: BTreeSet<i32> = days
            .iter()
            .filter(|day| !self.days.contains_key(day))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        for day in &missing {
            self.days.insert(*day, Hashes::default());
        }
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
            return Ok(());
        };
        let date = |day: i32| lit(ScalarValue::Date32(Some(day)));
        let filter = col("event_date").between(date(*first), date(*last));
        let days = &mut self.days;
        read_columns(
            snapshot.clone(),
            &["event_date", "content_hash"],
            Some(filter),
            |batch| {
                for (day, hash) in identities(&batch) {
                    if missing.contains(&day)
                        && let Some(seen) = days.get_mut(&day)
                    {
                        seen.insert(hash);
                    }
                }
            },
        )
        .await
    }
}

/// Day and hash of each row.
fn identities(rows: &RecordBatch) -> Vec<(i32, u128)> {
    let (Some(days), Some(hashes)) = (
        rows.column_by_name("event_date"),
        rows.column_by_name("content_hash"),
    ) else {
        return Vec::new();
    };
    let days = days.as_primitive::<Date32Type>();
    let hashes = hashes.as_binary::<i32>();
    (0..rows.num_rows())
        .map(|row| {
            debug_assert!(!hashes.is_null(row), "content_hash is never null");
            let mut hash = [0; 16];
            let value = hashes.value(row);
            hash[..value.len().min(16)].copy_from_slice(&value[..value.len().min(16)]);
            (days.value(row), u128::from_le_bytes(hash))
        })
        .collect()
}

/// The hashes are already spread evenly; their first bytes serve as they are.
#[derive(Debug, Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let len = bytes.len().min(8);
        first[..len].copy_from_slice(&bytes[..len]);
        self.0 = u64::from_le_bytes(first);
    }
}
