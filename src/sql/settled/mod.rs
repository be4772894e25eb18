//! Which days are settled: those whose rows in `key_uses` are what the records of the day say.
//!
//! Enters: `settlements`, the records of each day (`event_days`), and what names mean now. Leaves: the state of each day,
//! and the function `is_settled_day(date)`, which a plan reads as ranges of dates, so that files are left out by them.
//!
//! **Architecture invariant:** a day is settled only if no record of it was stored after the commit up to which its rows
//! have been made, the rules are those of this keytrail, and every name that was typed on it means what it meant.
//! Whatever is not certain makes it a day that is not settled, whose rows are computed. Only a day whose events are deleted
//! stays as it was settled last; records of it that are stored later, of keys that have a hold, are computed beside it.

mod awaited;
mod function;
mod late;
mod names;
#[cfg(test)]
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::prelude::{DataFrame, SessionContext};
use tokio::sync::OnceCell;

use function::DayRanges;
pub(super) use function::FUNCTION;
pub(super) use names::TypedNames;

use super::cells::Cells;
use super::parsed;

/// The version of the rules by which facts are made: of the views that `computed_uses` reads, and of the lists of
/// operations. Facts made by other rules are computed again.
pub const RULES: i64 = 1;

/// A day that has records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayState {
    /// The day, in days since 1970.
    pub date: i32,
    /// Its records, as far as they were ever stored.
    pub records: i64,
    /// Whether its facts are stored, and are those of its records.
    pub is_settled: bool,
    /// Whether it was settled for the last time, and has lost its events, or does now.
    pub is_for_good: bool,
    /// The last commit whose records are in the facts of a day that is settled for good, if others were stored later: of keys
    /// that have a hold.
    pub late_after: Option<i64>,
}

/// The days whose facts a session computes; those of all others are read where they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LiveDays {
    /// Those that are not settled.
    #[default]
    Unsettled,
    /// These, in days since 1970: they are about to be settled.
    Only(Vec<i32>),
    /// All that have their events: what was stored is compared, or explained by the records.
    All,
}

impl LiveDays {
    fn has(&self, day: &DayState) -> bool {
        match self {
            Self::Unsettled => !day.is_settled,
            Self::Only(dates) => dates.contains(&day.date),
            Self::All => !day.is_for_good,
        }
    }
}

/// Up to which commits the days are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The last commit of `kms_events`.
    pub(super) ingested: i64,
    /// The last commit of `kms_events` against which the names of all days have been checked.
    pub(super) checked: i64,
    /// The last settlement that was checked then.
    pub(super) settlement: i64,
    /// Days, since 1970, whose events are deleted or go: what was stored of them is the last word.
    pub(super) for_good: Range<i64>,
}

/// The days of one state of a store, looked up when they are first needed.
#[derive(Debug, Default)]
pub(super) struct DayStates {
    known: OnceLock<Known>,
    live: OnceLock<LiveDays>,
    days: OnceCell<Vec<DayState>>,
    ranges: Arc<OnceLock<DayRanges>>,
    late: Arc<OnceLock<Vec<(i32, i64)>>>,
}

impl DayStates {
    /// Registers the function in a context.
    pub(super) fn install(context: &SessionContext) -> Arc<Self> {
        Arc::new(Self {
            ranges: function::register(context),
            late: late::register(context),
            ..Self::default()
        })
    }

    /// Says up to which commits the names of all days have been checked, and which days are computed; before, no names are
    /// taken to be checked, and the days are computed that are not settled.
    pub(super) fn know(&self, known: Known, live: LiveDays) {
        self.known.get_or_init(|| known);
        self.live.get_or_init(|| live);
    }

    /// The days that have records, in order.
    pub(super) async fn days(&self, state: &SessionState) -> Result<&[DayState]> {
        let days = self.days.get_or_try_init(|| self.look_up(state)).await?;
        let live = self.live.get_or_init(LiveDays::default);
        self.ranges.get_or_init(|| DayRanges::of(days, live));
        self.late.get_or_init(|| late(days, live));
        Ok(days)
    }

    /// Whether there are days, and none is computed.
    pub(super) async fn are_all_stored(&self, state: &SessionState) -> Result<bool> {
        let days = self.days(state).await?;
        let live = self.live.get_or_init(LiveDays::default);
        let is_computed = |day: &DayState| live.has(day) || day.late_after.is_some();
        Ok(!days.is_empty() && !days.iter().any(is_computed))
    }

    /// How many records the days have that are computed.
    pub(super) async fn computed_records(&self, state: &SessionState) -> Result<u64> {
        let days = self.days(state).await?;
        let live = self.live.get_or_init(LiveDays::default);
        let is_computed = |day: &&DayState| live.has(day) || day.late_after.is_some();
        let computed = days.iter().filter(is_computed);
        Ok(computed.map(|day| day.records.unsigned_abs()).sum())
    }

    async fn look_up(&self, state: &SessionState) -> Result<Vec<DayState>> {
        let mut settlements: BTreeMap<i32, Settlement> = BTreeMap::new();
        for batch in rows(state, SETTLEMENTS).await? {
            for row in 0..batch.num_rows() {
                let Some((date, settlement)) = Settlement::read(&Cells(&batch), row) else {
                    continue;
                };
                match settlements.get(&date) {
                    Some(later) if later.number >= settlement.number => {}
                    _ => {
                        settlements.insert(date, settlement);
                    }
                }
            }
        }
        let for_good = self.known.get().map(|known| known.for_good.clone());
        let for_good = for_good.unwrap_or_default();
        let mut days = Vec::new();
        for batch in rows(state, EVENT_DAYS).await? {
            let cells = Cells(&batch);
            for row in 0..batch.num_rows() {
                let day = ["event_date", "count", "ingest_seq"].map(|name| cells.long(name, row));
                let [Some(date), Some(records), Some(last)] = day else {
                    continue;
                };
                let date = i32::try_from(date).unwrap_or(i32::MAX);
                let settlement = settlements.get(&date);
                let is_for_good = settlement.is_some() && for_good.contains(&i64::from(date));
                days.push(DayState {
                    date,
                    records,
                    is_settled: is_for_good
                        || settlement
                            .is_some_and(|told| told.rules == RULES && told.ingest_seq >= last),
                    is_for_good,
                    late_after: settlement
                        .filter(|told| is_for_good && told.ingest_seq < last)
                        .map(|told| told.ingest_seq),
                });
            }
        }
        days.sort_unstable_by_key(|day| day.date);
        self.check_names(state, &settlements, &mut days).await?;
        Ok(days)
    }

    /// Days on which a name was typed that means something else now are not settled.
    async fn check_names(
        &self,
        state: &SessionState,
        settlements: &BTreeMap<i32, Settlement>,
        days: &mut [DayState],
    ) -> Result<()> {
        let is_checked = |told: &Settlement| {
            let is_known = |known: &Known| {
                told.ingest_seq >= known.ingested
                    || (known.checked >= known.ingested && told.number <= known.settlement)
            };
            told.typed_names.is_empty() || self.known.get().is_some_and(is_known)
        };
        let mut names = None;
        let is_open = |day: &&mut DayState| day.is_settled && !day.is_for_good;
        for day in days.iter_mut().filter(is_open) {
            let Some(told) = settlements.get(&day.date).filter(|told| !is_checked(told)) else {
                continue;
            };
            let names = match &names {
                Some(names) => names,
                None => names.insert(TypedNames::of(state).await?),
            };
            day.is_settled = names.meanings(day.date, &told.typed_names) == told.meanings;
        }
        Ok(())
    }
}

const SETTLEMENTS: &str = "SELECT arrow_cast(event_date, 'Int32') AS event_date, settlement, ingest_seq, rules, \
                           typed_names, meanings FROM settlements";
const EVENT_DAYS: &str = "SELECT arrow_cast(event_date, 'Int32') AS event_date, sum(count) AS count, \
                          max(ingest_seq) AS ingest_seq FROM event_days GROUP BY event_date";

/// What the last settlement of a day says.
#[derive(Debug)]
struct Settlement {
    number: i64,
    ingest_seq: i64,
    rules: i64,
    typed_names: BTreeSet<String>,
    meanings: Option<String>,
}

impl Settlement {
    fn read(cells: &Cells<'_>, row: usize) -> Option<(i32, Self)> {
        let names = match cells.str("typed_names", row) {
            None => BTreeSet::new(),
            // What cannot be read is a name that means nothing, so that the day is not settled.
            Some(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| BTreeSet::from([text.to_owned()]))
            }
        };
        let settlement = Self {
            number: cells.long("settlement", row)?,
            ingest_seq: cells.long("ingest_seq", row)?,
            rules: cells.long("rules", row)?,
            typed_names: names,
            meanings: cells.text("meanings", row),
        };
        Some((
            i32::try_from(cells.long("event_date", row)?).ok()?,
            settlement,
        ))
    }
}

/// The days with records that came too late for their last settlement, each with the commit that was its last.
fn late(days: &[DayState], live: &LiveDays) -> Vec<(i32, i64)> {
    if matches!(live, LiveDays::Only(_)) {
        return Vec::new();
    }
    let late = |day: &DayState| Some((day.date, day.late_after?));
    days.iter().filter_map(late).collect()
}

/// The rows of a statement.
async fn rows(state: &SessionState, sql: &str) -> Result<Vec<RecordBatch>> {
    let statement = parsed(state, sql)?;
    let plan = Box::pin(state.statement_to_plan(statement)).await?;
    Box::pin(DataFrame::new(state.clone(), plan).collect()).await
}
