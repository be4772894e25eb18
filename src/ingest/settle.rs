//! Days settled: their facts computed by one statement over the records, and stored.
//!
//! Enters: a store, and the views that say what a fact is. Leaves: for each day that has become quiet, its rows in
//! `key_uses` and `uses_daily` and a row in `settlements`, in this order: a day whose last row is missing is computed by
//! readers, and settled again.
//!
//! A day is settled when it is over for a whole day. A record that comes later, or a name that turns out to have meant
//! something else, makes it a day that is not settled, and the next call settles it again. Before the events of a day are
//! deleted it is settled for the last time, whatever is known of it then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use futures::TryStreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::{debug, info};

use super::error::IngestError;
use crate::catalog::Library;
use crate::schema::{KEY_USES, KMS_EVENTS, SETTLEMENTS, Table, USES_DAILY};
use crate::sql::{Cells, DayState, LiveDays, RULES, Session, plainly};
use crate::store::{Days, INGEST, Pins, Replaced, Retention, Store, StoreError, rows};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Whole days that have to be over before a day is settled: most logs arrive within the hour.
const QUIET_DAYS: i64 = 1;
/// Records of the days that are settled by one commit, but for a day that has more.
const RECORDS_MAX: i64 = 1 << 20;
/// Attempts to settle before other settlers.
const ATTEMPTS_MAX: usize = 200;

/// Which days to settle.
#[derive(Debug, Clone, Copy)]
pub struct Settle<'a> {
    /// When the run began, in microseconds.
    pub started_at: i64,
    /// Becomes true when no further day is to be begun.
    pub stop: &'a AtomicBool,
    /// Whether days are only counted.
    pub is_dry_run: bool,
}

/// What was settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// Days that were, or are to be.
    pub days: u64,
    /// Their records.
    pub records: u64,
    /// The rows of `key_uses` made of these.
    pub facts: u64,
}

/// Settles every day that is quiet and not settled.
///
/// # Errors
/// If the store fails, or facts cannot be computed. What was settled before stays; the same call again does the rest.
#[tracing::instrument(level = "info", skip_all)]
pub async fn settle(
    store: &Store,
    library: &Arc<Library>,
    options: Settle<'_>,
) -> Result<Settled, IngestError> {
    settle_all(store, library, options, None).await
}

/// Settles every day before a time, in microseconds, for the last time: of these, only records of keys on hold and of aliases
/// come in any more.
///
/// # Errors
/// As [`settle`].
pub(super) async fn settle_for_good(
    store: &Store,
    library: &Arc<Library>,
    started_at: i64,
    until: i64,
) -> Result<Settled, IngestError> {
    let options = Settle {
        started_at,
        stop: &AtomicBool::new(false),
        is_dry_run: false,
    };
    let settled = settle_all(store, library, options, Some(until)).await?;
    let change = |old: Retention| old.moved(Some(until), &[]);
    store.change_retention(&SETTLEMENTS, change).await?;
    Ok(settled)
}

/// Settles the days that are quiet, or those before a time for the last time.
async fn settle_all(
    store: &Store,
    library: &Arc<Library>,
    options: Settle<'_>,
    last_until: Option<i64>,
) -> Result<Settled, IngestError> {
    let mut done = Settled::default();
    let mut attempts = 0;
    loop {
        let pins = store.pin().await?;
        let session = Session::open(&pins, library).await?;
        let days = session.days().await?;
        let due = if let Some(until) = last_until {
            due_before(days, &pins, until)?
        } else {
            let due = due(days, &pins, options.started_at)?;
            without_repeats(&session, due).await?
        };
        if options.is_dry_run {
            done.days = due.len() as u64;
            done.records = due.iter().map(|day| day.records.unsigned_abs()).sum();
            return Ok(done);
        }
        if options.stop.load(Ordering::Relaxed) {
            return Ok(done);
        }
        let part = together(&due);
        if part.is_empty() {
            store.record_checked(&pins).await?;
            info!(days = done.days, facts = done.facts, "days settled");
            return Ok(done);
        }
        let Some(replaced) =
            settle_together(store, library, (&pins, &session), part, options.started_at).await?
        else {
            attempts += 1;
            if attempts == ATTEMPTS_MAX {
                let table = KEY_USES.name;
                return Err(StoreError::Contention { table, attempts }.into());
            }
            continue;
        };
        done.days += part.len() as u64;
        done.records += part
            .iter()
            .map(|day| day.records.unsigned_abs())
            .sum::<u64>();
        done.facts += replaced.rows;
    }
}

/// The days that are quiet and not settled. What is left of a day that is partly deleted is computed by readers.
fn due(days: &[DayState], pins: &Pins, now: i64) -> Result<Vec<DayState>, IngestError> {
    let horizon = pins.retention()?.0.horizon.unwrap_or(i64::MIN);
    let quiet = now.div_euclid(MICROS_PER_DAY) - QUIET_DAYS;
    let is_due = |day: &&DayState| {
        let date = i64::from(day.date);
        !day.is_settled && date < quiet && date * MICROS_PER_DAY >= horizon
    };
    Ok(days.iter().filter(is_due).copied().collect())
}

/// The days before a time that are not settled, as far as they have their events.
fn due_before(days: &[DayState], pins: &Pins, until: i64) -> Result<Vec<DayState>, IngestError> {
    let by_records = pins.counted_by_records()?;
    let is_due = |day: &&DayState| {
        let date = i64::from(day.date);
        !day.is_settled
            && date * MICROS_PER_DAY < until
            && by_records.is_none_or(|deleted| date * MICROS_PER_DAY >= deleted)
    };
    Ok(days.iter().filter(is_due).copied().collect())
}

/// The days without those that have two contents of one record: which of them counts depends on the ledger, which may not
/// have their objects yet. There are few, and readers compute them.
async fn without_repeats(
    session: &Session,
    mut due: Vec<DayState>,
) -> Result<Vec<DayState>, IngestError> {
    if due.is_empty() {
        return Ok(due);
    }
    let dates: Vec<i32> = due.iter().map(|day| day.date).collect();
    let sql = format!(
        "SELECT DISTINCT arrow_cast(event_date, 'Int32') AS event_date FROM repeated_ids WHERE event_date IN ({})",
        list(&dates)
    );
    let mut repeated = BTreeSet::new();
    for batch in &batches(session, &sql).await? {
        let cells = Cells(batch);
        repeated.extend((0..batch.num_rows()).filter_map(|row| cells.long("event_date", row)));
    }
    due.retain(|day| !repeated.contains(&i64::from(day.date)));
    Ok(due)
}

/// The first of these days that one commit settles: of one month, and not too many records.
fn together(due: &[DayState]) -> &[DayState] {
    let mut records = 0;
    let month = due.first().map(|day| month(day.date));
    let is_taken = |day: &DayState| {
        let is_first = records == 0;
        records += day.records.max(1);
        Some(self::month(day.date)) == month && (is_first || records <= RECORDS_MAX)
    };
    let count = due.iter().copied().take_while(is_taken).count();
    &due[..count]
}

fn date(days: i32) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(days.into())
}

fn month(days: i32) -> (i32, u32) {
    let date = date(days);
    (date.year(), date.month())
}

/// Settles some days of one month; nothing if another settler came first.
async fn settle_together(
    store: &Store,
    library: &Arc<Library>,
    (pins, session): (&Pins, &Session),
    part: &[DayState],
    started_at: i64,
) -> Result<Option<Replaced>, IngestError> {
    let dates: Vec<i32> = part.iter().map(|day| day.date).collect();
    let days_listed = list(&dates);
    let month = dates
        .first()
        .map(|day| date(*day).format("%Y-%m").to_string());
    let days = Days {
        dates: &dates,
        month: &month.unwrap_or_default(),
        rows: part.iter().map(|day| day.records.unsigned_abs()).sum(),
    };
    debug!(
        days = dates.len(),
        month = days.month,
        records = days.rows,
        "settling"
    );
    let batch_id = uuid::Uuid::new_v4().to_string();
    let millis = started_at / 1000;
    let live = LiveDays::Only(dates.clone());
    let computing = Session::open_with(pins, library, live).await?;
    let replace = async |table: &Table, session: Session, relation| {
        let rows = session
            .query(&of_days(table, relation, &days_listed))
            .await?;
        let table = pins.get(table);
        let replaced = Box::pin(store.replace_days(table, days, rows, &batch_id, millis)).await;
        Ok::<_, IngestError>(replaced?)
    };
    let Some(replaced) = replace(&KEY_USES, computing, "computed_uses").await? else {
        return Ok(None);
    };
    // Counted are the facts that are stored now, so that nothing is computed twice.
    let stored = store.snapshot(&KEY_USES).await?;
    let counting = Session::over_facts(pins, library, stored).await?;
    if replace(&USES_DAILY, counting, "counted_uses")
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let typed = typed(session, &days_listed).await?;
    let meanings = session.meanings(&typed).await?;
    let ingest_seq = pins.get(&KMS_EVENTS).transaction(INGEST).await?;
    let settlements = rows(&SETTLEMENTS, &dates, |date, column| match column {
        "event_date" => json!(date),
        "settlement" => json!(replaced.settlement),
        "ingest_seq" => json!(ingest_seq),
        "rules" => json!(RULES),
        "typed_names" => typed
            .get(date)
            .map_or(Value::Null, |names| json!(json!(names).to_string())),
        "meanings" => json!(meanings.get(date)),
        "settled_at" => json!(started_at),
        _ => Value::Null,
    })?;
    store
        .append_rows(&SETTLEMENTS, &settlements, &batch_id, millis)
        .await?;
    Ok(Some(replaced))
}

/// The rows of a relation for some days, in the order of the table that will have them.
fn of_days(table: &Table, relation: &str, list: &str) -> String {
    let order = table.sort.join(" NULLS FIRST, ");
    format!("SELECT * FROM {relation} WHERE event_date IN ({list}) ORDER BY {order} NULLS FIRST")
}

/// Days as a list of SQL.
fn list(dates: &[i32]) -> String {
    let of = |day: &i32| format!("DATE '{}'", date(*day));
    dates.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// The rows of a statement.
async fn batches(session: &Session, sql: &str) -> Result<Vec<RecordBatch>, IngestError> {
    let unread = |source| IngestError::NotSettled {
        message: plainly(&source),
    };
    let rows = session.query(sql).await?.try_collect().await;
    rows.map_err(unread)
}

/// What was typed for keys on some days where the event gives no ARN.
async fn typed(
    session: &Session,
    list: &str,
) -> Result<BTreeMap<i32, BTreeSet<String>>, IngestError> {
    let sql = format!(
        "SELECT arrow_cast(event_date, 'Int32') AS event_date, typed FROM typed_on_days WHERE event_date IN ({list})"
    );
    let mut typed: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
    for batch in &batches(session, &sql).await? {
        let cells = Cells(batch);
        for row in 0..batch.num_rows() {
            let date = cells
                .long("event_date", row)
                .and_then(|date| i32::try_from(date).ok());
            if let (Some(date), Some(name)) = (date, cells.text("typed", row)) {
                typed.entry(date).or_default().insert(name);
            }
        }
    }
    Ok(typed)
}

#[cfg(test)]
mod tests {
    use super::{DayState, together};

    #[test]
    fn days_of_one_month_are_settled_together_as_long_as_they_are_small() {
        let day = |date, records| DayState {
            date,
            records,
            is_settled: false,
            is_for_good: false,
            late_after: None,
        };
        // 1970-01-30, -31 and February.
        let days = [day(29, 10), day(30, 10), day(31, 10)];
        assert_eq!(together(&days), &days[..2]);
        let large = 1 << 21;
        let days = [day(0, large), day(1, 1), day(2, large), day(3, 1)];
        assert_eq!(together(&days), &days[..1]);
        assert_eq!(together(&days[1..]), &days[1..2]);
        assert_eq!(together(&[]), []);
    }
}
