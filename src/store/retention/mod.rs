//! How far back a table keeps its rows.
//!
//! The horizon and the holds are a property of the table itself. Delta lets no commit pass that was
//! prepared before the property changed, so whoever writes rows has seen the horizon that holds: from the
//! commit of a horizon on, no row that is older comes into the table.

pub(in crate::store) mod expire;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use arrow::array::{Array as _, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use chrono::{Months, NaiveDate, NaiveTime};
use deltalake_core::kernel::{Action, MetadataExt as _};
use deltalake_core::protocol::DeltaOperation;
use serde::{Deserialize, Serialize};

use crate::schema::{
    KEY_RESOURCES, KEY_USES, KMS_EVENTS, SETTLEMENTS, TRAIL_EVENTS, Table, USAGE_DAILY,
    USAGE_MONTHLY, USES_DAILY,
};
use crate::store::append::commit::Attempts;
use crate::store::error::StoreError;
use crate::store::table::{Pins, Snapshot, Store, delta_error};

/// The table property that carries the retention, as JSON.
const PROPERTY: &str = "keytrail.retention";
/// Operations whose events are always kept: they are few, and without them nobody could tell which key
/// an alias meant, at any time after.
pub const KEPT_OPERATIONS: [&str; 3] = ["CreateAlias", "UpdateAlias", "DeleteAlias"];
/// Services whose events are always kept: what they changed in trails, regions and organizations decides what later logs
/// can show, and a description that is older than a change must not outlive it.
const KEPT_SOURCES: [&str; 3] = [
    "account.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "organizations.amazonaws.com",
];
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// The horizon of `uses_daily` in a store that had facts before events were deleted.
const FACTS_OF_ALL_TIMES: i64 = i64::MIN;

/// How far back a table keeps its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Rows before this time, in microseconds, are gone or go, and none is written any more.
    pub horizon: Option<i64>,
    /// Names that are exempt.
    #[serde(default)]
    pub holds: Vec<Hold>,
}

/// A name of a key whose rows are kept beyond the horizon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hold {
    /// The key, as it is shown to people.
    pub key: String,
    /// A value that names the key in a row: an ARN, an id, an alias.
    pub name: String,
    /// Rows before this time, in microseconds, were given up before the hold came.
    pub since: Option<i64>,
}

impl Retention {
    /// The retention with a horizon that is no earlier, and with holds on these keys and names. What was
    /// before the old horizon gets no hold: it is deleted already, and was counted.
    #[must_use]
    pub fn moved(&self, horizon: Option<i64>, holds: &[(String, String)]) -> Self {
        let mut moved = self.clone();
        moved.horizon = self.horizon.max(horizon);
        for (key, name) in holds {
            if !self.holds.iter().any(|hold| hold.name == *name) {
                moved.holds.push(Hold {
                    key: key.clone(),
                    name: name.clone(),
                    since: self.horizon,
                });
            }
        }
        moved.holds.sort();
        moved.holds.dedup_by(|left, right| left.name == right.name);
        moved
    }

    /// The retention without the holds on some keys.
    #[must_use]
    pub fn released(mut self, keys: &[String]) -> Self {
        self.holds.retain(|hold| !keys.contains(&hold.key));
        self
    }

    /// The keys with a hold, in order.
    #[must_use]
    pub fn held_keys(&self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.holds.iter().map(|hold| &hold.key).collect();
        keys.into_iter().cloned().collect()
    }

    /// From when on the rows of keys are kept, each by a value that names it; none where that is for ever, or there are
    /// no keys and no horizon.
    #[must_use]
    pub fn horizon_of(&self, keys: &[&str]) -> Option<i64> {
        let of = |key: &&str| {
            let holds = self.holds.iter().filter(|hold| hold.name == **key);
            // A hold that began with the store has no start, which is before all others.
            holds.map(|hold| hold.since).min().unwrap_or(self.horizon)
        };
        // A hold that began before the horizon has that as its own.
        keys.iter().map(of).max().unwrap_or(self.horizon)
    }

    /// For each row, whether it is kept; `rows` has at least the columns of a row's time and keys.
    #[must_use]
    pub fn kept(&self, table: &Table, rows: &RecordBatch) -> BooleanArray {
        let Some(horizon) = self.horizon else {
            return BooleanArray::from(vec![true; rows.num_rows()]);
        };
        let mut holds: HashMap<&str, i64> = HashMap::new();
        for hold in &self.holds {
            let since = hold.since.unwrap_or(i64::MIN);
            let held = holds.entry(&hold.name).or_insert(since);
            *held = since.min(*held);
        }
        let names: Vec<&StringArray> = names(table)
            .iter()
            .filter_map(|name| rows.column_by_name(name))
            .map(|column| column.as_ref().as_string())
            .collect();
        let is_held = |row: usize, time: i64| {
            names.iter().any(|column| {
                let since = column
                    .is_valid(row)
                    .then(|| holds.get(column.value(row)))
                    .flatten();
                since.is_some_and(|since| *since <= time)
            })
        };
        let always = always_kept(table).and_then(|(name, values)| {
            let column = rows.column_by_name(name)?;
            Some((column.as_string::<i32>(), values))
        });
        let is_always_kept = |row: usize| {
            always.is_some_and(|(column, values)| {
                column.is_valid(row) && values.contains(&column.value(row))
            })
        };
        times(table, rows)
            .enumerate()
            .map(|(row, time)| {
                Some(time.is_none_or(|time| {
                    time >= horizon
                        || is_always_kept(row)
                        || !holds.is_empty() && is_held(row, time)
                }))
            })
            .collect()
    }
}

/// The columns that tell whether a row is kept, its time first.
pub(in crate::store) fn columns(table: &Table) -> Vec<&'static str> {
    let time = [time_column(table)];
    time.into_iter()
        .chain(always_kept(table).map(|(name, _values)| name))
        .chain(names(table).iter().copied())
        .collect()
}

/// The column, and its values, of rows that are kept at any age.
fn always_kept(table: &Table) -> Option<(&'static str, &'static [&'static str])> {
    match table.name {
        name if [KMS_EVENTS.name, KEY_USES.name].contains(&name) => {
            Some(("event_name", &KEPT_OPERATIONS))
        }
        name if name == TRAIL_EVENTS.name => Some(("event_source", &KEPT_SOURCES)),
        _ => None,
    }
}

/// The column of a row's time. A sum goes when all that it counts is beyond the horizon: a month as a whole, what a key
/// protects when that was last used before it.
pub(in crate::store) fn time_column(table: &Table) -> &'static str {
    match table.name {
        name if [USAGE_DAILY.name, USES_DAILY.name].contains(&name) => "event_date",
        name if name == USAGE_MONTHLY.name => "event_month",
        name if name == KEY_RESOURCES.name => "last_time",
        _ => "event_time",
    }
}

/// The columns that name keys.
fn names(table: &Table) -> &'static [&'static str] {
    match table.name {
        name if name == KMS_EVENTS.name => &[
            "key_arn",
            "key_as_typed",
            "destination_key_arn",
            "destination_key_as_typed",
        ],
        name if name == KEY_USES.name => &["key_arn", "key_as_typed", "other_key_arn"],
        name if name == USES_DAILY.name => &["key_arn", "key_as_typed"],
        name if [USAGE_DAILY.name, USAGE_MONTHLY.name, KEY_RESOURCES.name].contains(&name) => {
            &["key"]
        }
        _ => &[],
    }
}

/// The time of each row in microseconds; of a day, its start; of a month, its end.
fn times<'a>(table: &Table, rows: &'a RecordBatch) -> Box<dyn Iterator<Item = Option<i64>> + 'a> {
    let Some(column) = rows.column_by_name(time_column(table)) else {
        return Box::new(std::iter::repeat_n(None, rows.num_rows()));
    };
    match column.data_type() {
        DataType::Utf8 => Box::new(column.as_string::<i32>().iter().map(|month| end_of(month?))),
        DataType::Date32 => Box::new(
            column
                .as_primitive::<Date32Type>()
                .iter()
                .map(|day| Some(i64::from(day?) * MICROS_PER_DAY)),
        ),
        _ => Box::new(column.as_primitive::<TimestampMicrosecondType>().iter()),
    }
}

/// The last microsecond of a month such as `2026-03`; a row of what is none is kept.
fn end_of(month: &str) -> Option<i64> {
    let first: NaiveDate = format!("{month}-01").parse().ok()?;
    let next = first.checked_add_months(Months::new(1))?;
    Some(next.and_time(NaiveTime::MIN).and_utc().timestamp_micros() - 1)
}

impl Snapshot {
    /// How far back the table keeps its rows.
    ///
    /// # Errors
    /// If the table's property is not what this code wrote.
    pub fn retention(&self) -> Result<Retention, StoreError> {
        match self.state.metadata().configuration().get(PROPERTY) {
            None => Ok(Retention::default()),
            Some(text) => serde_json::from_str(text).map_err(|source| StoreError::Retention {
                table: self.table.name,
                source,
            }),
        }
    }
}

impl Pins {
    /// How far back the events and the daily usage are kept.
    ///
    /// # Errors
    /// As [`Snapshot::retention`].
    pub fn retention(&self) -> Result<(Retention, Retention), StoreError> {
        let of = |table| self.get(table).retention();
        Ok((of(&KMS_EVENTS)?, of(&USAGE_DAILY)?))
    }

    /// The days, since 1970, that are settled for good: their events go, and what was stored of them is the last word.
    ///
    /// # Errors
    /// As [`Snapshot::retention`].
    pub fn days_settled_for_good(&self) -> Result<Range<i64>, StoreError> {
        let Some(until) = self.get(&SETTLEMENTS).retention()?.horizon else {
            return Ok(0..0);
        };
        let from = self.counted_by_records()?.unwrap_or(0);
        Ok(from.div_euclid(MICROS_PER_DAY)..until.div_euclid(MICROS_PER_DAY))
    }

    /// The time, in microseconds, before which days have no counts of facts: their events went before there were facts.
    ///
    /// # Errors
    /// As [`Snapshot::retention`].
    pub fn counted_by_records(&self) -> Result<Option<i64>, StoreError> {
        match self.get(&USES_DAILY).retention()?.horizon {
            Some(FACTS_OF_ALL_TIMES) => Ok(None),
            Some(horizon) => Ok(Some(horizon)),
            None => Ok(self.get(&KMS_EVENTS).retention()?.horizon),
        }
    }
}

impl Store {
    /// Says, once, from when on days have counts of facts: for those whose events are deleted by now, there are none.
    ///
    /// # Errors
    /// As [`Self::change_retention`].
    pub async fn begin_counts_of_facts(&self) -> Result<(), StoreError> {
        let deleted = self.pin().await?.counted_by_records()?;
        let begin = deleted.unwrap_or(FACTS_OF_ALL_TIMES);
        let changed = self.change_retention(&USES_DAILY, |old| Retention {
            horizon: old.horizon.or(Some(begin)),
            ..old
        });
        changed.await.map(|_retention| ())
    }

    /// Changes the retention of a table, and answers the new one. No row is deleted yet.
    ///
    /// # Errors
    /// If the table cannot be read or written, or other writers are always faster.
    pub async fn change_retention(
        &self,
        table: &'static Table,
        change: impl Fn(Retention) -> Retention,
    ) -> Result<Retention, StoreError> {
        let mut attempts = Attempts::at(table);
        loop {
            attempts.begin()?;
            let snapshot = self.snapshot(table).await?;
            let old = snapshot.retention()?;
            let new = change(old.clone());
            if new == old {
                return Ok(old);
            }
            let text = serde_json::to_string(&new).map_err(|source| StoreError::Retention {
                table: table.name,
                source,
            })?;
            let metadata = snapshot
                .state
                .metadata()
                .clone()
                .add_config_key(PROPERTY.to_owned(), text.clone())
                .map_err(|source| delta_error(table, "changing the retention", source.into()))?;
            let operation = DeltaOperation::SetTableProperties {
                properties: [(PROPERTY.to_owned(), text)].into(),
            };
            let batch_id = uuid::Uuid::new_v4().to_string();
            let actions = vec![Action::Metadata(metadata)];
            let committed = self
                .commit(&snapshot, actions, &[], &batch_id, operation)
                .await?;
            if committed.version()?.is_some() {
                return Ok(new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention(horizon: i64, holds: &[(&str, Option<i64>)]) -> Retention {
        let hold = |&(name, since): &(&str, Option<i64>)| Hold {
            key: "k".to_owned(),
            name: name.to_owned(),
            since,
        };
        Retention {
            horizon: Some(horizon),
            holds: holds.iter().map(hold).collect(),
        }
    }

    fn pair(key: &str, name: &str) -> (String, String) {
        (key.to_owned(), name.to_owned())
    }

    #[test]
    fn the_horizon_only_moves_forward() {
        let old = retention(100, &[]);
        assert_eq!(old.moved(Some(50), &[]), old);
        assert_eq!(old.moved(None, &[]), old);
        assert_eq!(old.moved(Some(150), &[]).horizon, Some(150));
        assert_eq!(Retention::default().moved(None, &[]).horizon, None);
    }

    #[test]
    fn a_hold_begins_at_the_horizon_that_was_there_before_it() {
        let held = retention(100, &[]).moved(Some(150), &[pair("k", "a")]);
        assert_eq!(held, retention(150, &[("a", Some(100))]));
        // Asked for again, it stays as it is; another name of the key comes later.
        let again = held.moved(Some(200), &[pair("k", "a"), pair("k", "b")]);
        assert_eq!(again, retention(200, &[("a", Some(100)), ("b", Some(150))]));
        assert_eq!(again.released(&["k".to_owned()]), retention(200, &[]));
        let first = Retention::default().moved(Some(10), &[pair("k", "a")]);
        assert_eq!(first, retention(10, &[("a", None)]));
    }

    #[test]
    fn the_events_of_keys_are_kept_from_the_latest_of_their_horizons_on() {
        let kept = retention(100, &[("a", None), ("b", Some(50)), ("c", None)]);
        assert_eq!(kept.horizon_of(&[]), Some(100));
        assert_eq!(kept.horizon_of(&["a"]), None);
        assert_eq!(kept.horizon_of(&["a", "c"]), None);
        assert_eq!(kept.horizon_of(&["b"]), Some(50));
        assert_eq!(kept.horizon_of(&["a", "b"]), Some(50));
        assert_eq!(kept.horizon_of(&["a", "other"]), Some(100));
        assert_eq!(Retention::default().horizon_of(&["a"]), None);
    }

    #[test]
    fn a_month_goes_when_it_has_ended() {
        use std::sync::Arc;
        let months = StringArray::from(vec!["2025-12", "2026-01", "2026-02", "?"]);
        let months = Arc::new(months) as arrow::array::ArrayRef;
        let rows = RecordBatch::try_from_iter([("event_month", months)]).expect("columns");
        for (horizon, expected) in [
            ("2026-01-31T23:59:59Z", [false, true, true, true]),
            ("2026-02-01T00:00:00Z", [false, false, true, true]),
        ] {
            let horizon: chrono::DateTime<chrono::Utc> = horizon.parse().expect("a time");
            let kept = retention(horizon.timestamp_micros(), &[]).kept(&USAGE_MONTHLY, &rows);
            assert_eq!(kept, BooleanArray::from(expected.to_vec()));
        }
    }

    #[test]
    fn what_changed_trails_is_kept_for_ever() {
        use std::sync::Arc;
        let times = arrow::array::TimestampMicrosecondArray::from(vec![1; 4]).with_timezone("UTC");
        let sources = StringArray::from(vec![
            "cloudtrail.amazonaws.com",
            "organizations.amazonaws.com",
            "account.amazonaws.com",
            "s3.amazonaws.com",
        ]);
        let rows = RecordBatch::try_from_iter([
            ("event_time", Arc::new(times) as arrow::array::ArrayRef),
            ("event_source", Arc::new(sources)),
        ])
        .expect("columns");
        let kept = retention(100, &[]).kept(&TRAIL_EVENTS, &rows);
        assert_eq!(kept, BooleanArray::from(vec![true, true, true, false]));
    }

    #[test]
    fn rows_are_kept_by_their_day_and_by_holds_that_began_before_it() {
        use std::sync::Arc;
        let days = arrow::array::Date32Array::from(vec![1, 1, 2, 2, 3]);
        let keys = StringArray::from(vec![Some("a"), None, Some("a"), Some("b"), Some("b")]);
        let rows = RecordBatch::try_from_iter([
            ("event_date", Arc::new(days) as arrow::array::ArrayRef),
            ("key", Arc::new(keys)),
        ])
        .expect("columns");
        let holds = [("a", Some(2 * MICROS_PER_DAY))];
        let kept = retention(3 * MICROS_PER_DAY, &holds).kept(&USAGE_DAILY, &rows);
        let expected = [false, false, true, false, true];
        assert_eq!(kept, BooleanArray::from(expected.to_vec()));
        assert_eq!(
            Retention::default().kept(&USAGE_DAILY, &rows).true_count(),
            5
        );
    }
}
