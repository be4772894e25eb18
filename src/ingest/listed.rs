//! Which days of a bucket are to be listed, and which logs are named by a digest and were never seen.
//!
//! Enters: the tables `listings`, `log_file_events`. Leaves: whether to list a day. A day is listed
//! until a listing has been made when nothing could arrive in it any more; one with an object that could not
//! be read in full is listed until it could.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use datafusion::common::ScalarValue;
use datafusion::prelude::{col, lit};
use serde_json::Value;

use super::error::IngestError;
use crate::decode::{DigestContent, DigestLog};
use crate::schema::{LISTINGS, LOG_FILE_EVENTS};
use crate::source::{ListedDay, Listing};
use crate::store::{Store, read_columns, rows};

/// What the store knows of earlier listings.
#[derive(Debug, Default)]
pub struct Listed {
    /// When the folder of a day was last listed in full.
    days: HashMap<String, i64>,
    /// Folders of objects that could not be read in full.
    unfinished: HashSet<String>,
}

impl Listed {
    /// Reads what is known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn load(store: &Store) -> Result<Self, IngestError> {
        let mut listed = Self::default();
        let snapshot = store.snapshot(&LISTINGS).await?;
        read_columns(snapshot, &["prefix", "listed_at"], None, |batch| {
            listed.add_days(&batch);
        })
        .await?;
        let snapshot = store.snapshot(&LOG_FILE_EVENTS).await?;
        // The others were read at the first attempt.
        let filter = col("state")
            .not_eq(lit("ok"))
            .or(col("attempt").gt(lit(1_i64)));
        let mut latest: HashMap<String, (i64, bool)> = HashMap::new();
        read_columns(
            snapshot,
            &["location", "attempt", "state"],
            Some(filter),
            |batch| {
                add_attempts(&mut latest, &batch);
            },
        )
        .await?;
        let failed = latest.into_iter().filter(|(_, (_, is_ok))| !is_ok);
        listed.unfinished = failed
            .map(|(location, _)| folder(&location).to_owned())
            .collect();
        Ok(listed)
    }

    fn add_days(&mut self, batch: &RecordBatch) {
        let [prefixes, times] = batch.columns() else {
            return;
        };
        let prefixes = prefixes.as_string::<i32>();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let time = times.value(row);
            match self.days.get_mut(prefixes.value(row)) {
                Some(last) => *last = time.max(*last),
                None => {
                    self.days.insert(prefixes.value(row).to_owned(), time);
                }
            }
        }
    }

    /// Whether the folder of a day is to be listed, where logs may arrive for `lookback_days`.
    #[must_use]
    pub fn is_due(&self, prefix: &str, day: NaiveDate, lookback_days: u32) -> bool {
        let is_all_delivered = self
            .days
            .get(prefix)
            .is_some_and(|listed_at| *listed_at >= all_delivered_at(day, lookback_days));
        !is_all_delivered || self.unfinished.contains(prefix)
    }

    /// Keeps the days whose listing is worth a row: the first, the last, and one of each date between.
    pub fn keep_news(&self, days: &mut Vec<ListedDay>, now: i64, lookback_days: u32) {
        days.retain(|listed| {
            let Some(last) = self.days.get(&listed.prefix) else {
                return true;
            };
            let all_delivered_at = all_delivered_at(listed.day, lookback_days);
            date(*last) != date(now) || (*last < all_delivered_at && all_delivered_at <= now)
        });
    }

    /// Buckets and keys of logs that are named by digests read at `since`, in microseconds, or later, and that are
    /// neither in the ledger nor in this listing. A day that was listed after a digest was written has none of its logs.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn named_only(
        &self,
        store: &Store,
        listing: &Listing,
        since: i64,
    ) -> Result<Vec<(String, String)>, IngestError> {
        let snapshot = store.snapshot(&LOG_FILE_EVENTS).await?;
        let time = ScalarValue::TimestampMicrosecond(Some(since), Some("UTC".into()));
        let filter = col("kind")
            .eq(lit("digest"))
            .and(col("recorded_at").gt_eq(lit(time)));
        let listed_now: HashSet<&str> =
            listing.days.iter().map(|day| day.prefix.as_str()).collect();
        let mut named: HashMap<String, (String, String)> = HashMap::new();
        let columns = ["digest_content", "digest_end_time"];
        read_columns(snapshot.clone(), &columns, Some(filter), |batch| {
            let [contents, ends] = batch.columns() else {
                return;
            };
            let contents = contents.as_string::<i32>();
            let ends = ends.as_primitive::<TimestampMicrosecondType>();
            for row in (0..batch.num_rows()).filter(|row| !contents.is_null(*row)) {
                let end = if ends.is_null(row) {
                    i64::MAX
                } else {
                    ends.value(row)
                };
                for log in DigestContent::logs_of(contents.value(row)) {
                    let location = location(&log);
                    let folder = folder(&location);
                    let is_listed = listed_now.contains(folder)
                        || self.days.get(folder).is_some_and(|listed| *listed > end);
                    if !is_listed {
                        named.insert(location, (log.s3_bucket, log.s3_object));
                    }
                }
            }
        })
        .await?;
        if !named.is_empty() {
            read_columns(snapshot, &["location"], None, |batch| {
                for location in batch.column(0).as_string::<i32>().iter().flatten() {
                    named.remove(location);
                }
            })
            .await?;
        }
        for object in &listing.objects {
            named.remove(&object.location);
        }
        let mut named: Vec<(String, String)> = named.into_values().collect();
        named.sort();
        Ok(named)
    }
}

/// Records the days that were listed in full.
pub(super) async fn record_days(
    store: &Store,
    days: &[ListedDay],
    run_id: &str,
    listed_at: i64,
    batch_id: &str,
) -> Result<(), IngestError> {
    if days.is_empty() {
        return Ok(());
    }
    let rows = rows(&LISTINGS, days, |listed, column| -> Value {
        match column {
            "prefix" => listed.prefix.clone().into(),
            "day" => listed
                .day
                .signed_duration_since(NaiveDate::default())
                .num_days()
                .into(),
            "listed_at" => listed_at.into(),
            "objects" => listed.objects.into(),
            "run_id" => run_id.into(),
            _ => Value::Null,
        }
    })?;
    let done = store.append_rows(&LISTINGS, &rows, batch_id, listed_at / 1000);
    Ok(done.await?)
}

fn add_attempts(latest: &mut HashMap<String, (i64, bool)>, batch: &RecordBatch) {
    let [locations, attempts, states] = batch.columns() else {
        return;
    };
    let locations = locations.as_string::<i32>();
    let attempts = attempts.as_primitive::<Int64Type>();
    let states = states.as_string::<i32>();
    for row in 0..batch.num_rows() {
        // What is foreign or forgotten is done with, as what was read is.
        let is_done = matches!(states.value(row), "ok" | "foreign" | "forgotten");
        let attempt = (attempts.value(row), is_done);
        match latest.get_mut(locations.value(row)) {
            Some(known) if known.0 > attempt.0 => {}
            Some(known) => *known = attempt,
            None => {
                latest.insert(locations.value(row).to_owned(), attempt);
            }
        }
    }
}

/// The location of a log that a digest names.
fn location(log: &DigestLog) -> String {
    format!("s3://{}/{}", log.s3_bucket, log.s3_object)
}

/// The folder of an object, with the slash.
fn folder(location: &str) -> &str {
    location.rfind('/').map_or("", |at| &location[..=at])
}

/// From when on nothing arrives in a day any more, in microseconds.
fn all_delivered_at(day: NaiveDate, lookback_days: u32) -> i64 {
    let end = day.checked_add_days(Days::new(u64::from(lookback_days) + 1));
    end.map_or(i64::MAX, |end| {
        end.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
    })
}

fn date(micros: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp_micros(micros).map(|time| time.date_naive())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{Listed, ListedDay, all_delivered_at};

    const DAY_MICROS: i64 = 86_400_000_000;

    #[test]
    fn a_day_is_due_until_it_was_listed_when_nothing_could_arrive_any_more() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        let all_delivered = all_delivered_at(day, 35);
        let prefix = "s3://b/AWSLogs/1/CloudTrail/r/2026/03/01/";
        let mut listed = Listed::default();
        assert!(listed.is_due(prefix, day, 35), "it was never listed");
        listed.days.insert(prefix.to_owned(), all_delivered - 1);
        assert!(
            listed.is_due(prefix, day, 35),
            "something could still arrive"
        );
        assert!(!listed.is_due(prefix, day, 34));
        listed.days.insert(prefix.to_owned(), all_delivered);
        assert!(!listed.is_due(prefix, day, 35));
        listed.unfinished.insert(prefix.to_owned());
        assert!(
            listed.is_due(prefix, day, 35),
            "an object is to be tried again"
        );
    }

    #[test]
    fn many_runs_of_a_date_leave_one_row() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        let all_delivered = all_delivered_at(day, 35);
        let kept = |last: Option<i64>, now: i64| {
            let mut listed = Listed::default();
            if let Some(last) = last {
                listed.days.insert("p/".to_owned(), last);
            }
            let mut days = vec![ListedDay {
                prefix: "p/".to_owned(),
                day,
                objects: 1,
            }];
            listed.keep_news(&mut days, now, 35);
            !days.is_empty()
        };
        assert!(kept(None, all_delivered));
        assert!(!kept(
            Some(all_delivered - 2 * DAY_MICROS),
            all_delivered - 2 * DAY_MICROS + 1
        ));
        assert!(kept(
            Some(all_delivered - 2 * DAY_MICROS),
            all_delivered - DAY_MICROS
        ));
        assert!(kept(Some(all_delivered - 1), all_delivered));
        assert!(!kept(Some(all_delivered), all_delivered + 1));
    }
}
