//! Which events a table already has.
//!
//! Enters: a snapshot, and rows that may be new. Leaves: which of them are. Identity is the content
//! hash, since id and account are part of the content; equal events have equal times, so only the days
//! that the new rows touch are ever read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Date32Type;
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, col, lit};

use crate::schema::KMS_EVENTS;
use crate::store::append::retold::{DECISIVE, KnownEvent, Retold, ids, of_ids};
use crate::store::error::StoreError;
use crate::store::table::Snapshot;
use crate::store::table::files::read_columns;

/// Events remembered before days that are not in use are forgotten (each takes about 48 bytes).
const EVENTS_KEPT_MAX: usize = 3_000_000;

type Hashes<T> = HashSet<T, BuildHasherDefault<FirstBytes>>;

/// The events of some days of one table, as of one snapshot.
#[derive(Debug, Default)]
pub struct SeenEvents {
    days: BTreeMap<i32, Day>,
    version: Option<u64>,
}

/// The events of a day.
#[derive(Debug, Default)]
struct Day {
    contents: Hashes<u128>,
    /// The numbers of their ids, of calls alone.
    ids: Hashes<u64>,
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
        let mut own = Hashes::<u128>::default();
        Ok(identities
            .into_iter()
            .zip(is_kept)
            .map(|(rows, is_kept)| {
                let is_new = rows
                    .into_iter()
                    .zip(is_kept.values())
                    .map(|((day, hash), kept)| {
                        let day = self.days.get(&day);
                        let is_known = || day.is_some_and(|day| day.contents.contains(&hash));
                        kept && !is_known() && own.insert(hash)
                    });
                BooleanArray::from(is_new.collect::<Vec<bool>>())
            })
            .collect())
    }

    /// For each row of each batch what it is to the records of the same id that are in the snapshot, or before it in
    /// `batches`; nothing where no id is known twice. The rows are those that [`Self::new_rows`] answered.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn retold(
        &self,
        snapshot: &Snapshot,
        batches: &[RecordBatch],
        is_new: &[BooleanArray],
    ) -> Result<Vec<Vec<Retold>>, StoreError> {
        let (repeated, days) = self.repeated(batches, is_new);
        let (Some(first), Some(last), Some(rows)) = (days.first(), days.last(), batches.first())
        else {
            return Ok(Vec::new());
        };
        let failed = |source: ArrowError| StoreError::Query {
            table: snapshot.table().name,
            source: Box::new(source.into()),
        };
        let mut known = KnownEvent::new(rows).map_err(failed)?;
        let mut held = Vec::new();
        let filter = col("event_date").between(date(*first), date(*last));
        read_columns(snapshot.clone(), &DECISIVE, Some(filter), |batch| {
            held.push(of_ids(&batch, &repeated));
        })
        .await?;
        for rows in held {
            known
                .add(&rows.map_err(failed)?, |_row| true)
                .map_err(failed)?;
        }
        let mut told = Vec::with_capacity(batches.len());
        for (rows, is_new) in batches.iter().zip(is_new) {
            let ids = ids(rows);
            let is_meant = |row: usize| is_new.value(row) && repeated.contains(&ids[row]);
            told.push(known.add(rows, is_meant).map_err(failed)?);
        }
        Ok(told)
    }

    /// The numbers of the ids that new rows have and others have too, and the days of those rows.
    fn repeated(
        &self,
        batches: &[RecordBatch],
        is_new: &[BooleanArray],
    ) -> (HashSet<u64>, BTreeSet<i32>) {
        let mut own = Hashes::<u64>::default();
        let (mut repeated, mut days) = (HashSet::new(), BTreeSet::new());
        for (rows, is_new) in batches.iter().zip(is_new) {
            let rows = identities(rows).into_iter().zip(ids(rows));
            for (((day, _), id), is_new) in rows.zip(is_new.values()) {
                let held = self.days.get(&day).map(|day| &day.ids);
                if is_new && (held.is_some_and(|ids| ids.contains(&id)) || !own.insert(id)) {
                    repeated.insert(id);
                    days.insert(day);
                }
            }
        }
        (repeated, days)
    }

    /// Remembers the new rows, which were committed, so that `version`, in which nobody else committed,
    /// need not be read.
    pub fn add(&mut self, batches: &[RecordBatch], is_new: &[BooleanArray], version: u64) {
        for (rows, is_new) in batches.iter().zip(is_new) {
            self.remember(rows, |row, _day| is_new.value(row));
        }
        self.version = Some(version);
    }

    fn forget(&mut self, needed: &BTreeSet<i32>) {
        let held: usize = self.days.values().map(|day| day.contents.len()).sum();
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
            self.days.insert(*day, Day::default());
        }
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
            return Ok(());
        };
        let filter = col("event_date").between(date(*first), date(*last));
        let is_of_calls = snapshot.table().name == KMS_EVENTS.name;
        let columns = ["event_date", "content_hash", "event_id"];
        let columns = &columns[..if is_of_calls { 3 } else { 2 }];
        read_columns(snapshot.clone(), columns, Some(filter), |batch| {
            self.remember(&batch, |_row, day| missing.contains(&day));
        })
        .await
    }

    /// Adds rows to the days that are in use.
    fn remember(&mut self, rows: &RecordBatch, is_meant: impl Fn(usize, i32) -> bool) {
        let ids = ids(rows);
        for (row, (day, hash)) in identities(rows).into_iter().enumerate() {
            if is_meant(row, day)
                && let Some(seen) = self.days.get_mut(&day)
            {
                seen.contents.insert(hash);
                seen.ids.extend(ids.get(row));
            }
        }
    }
}

fn date(day: i32) -> Expr {
    lit(ScalarValue::Date32(Some(day)))
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
