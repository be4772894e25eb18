//! Which days are settled: those whose rows in `key_uses` are what the records of the day say.
//!
//! Enters: `settlements`, the records of each day (`event_days`), and what names mean now. Leaves: the state of each day,
//! and the function `is_settled_day(date)`, which a plan reads as ranges of dates, so that files are left out by them.
//!
//! **Architecture invariant:** a day is settled only if no record of it was stored after the commit up to which its rows
//! have been made, the rules are those of this keytrail, and every name that was typed on it means what it meant.
//! Whatever is not certain makes it a day that is not settled, whose rows are computed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
    not,
};
use datafusion::prelude::{DataFrame, SessionContext};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::cells::Cells;
use super::parsed;

/// The version of the rules by which facts are made: of the views that `computed_uses` reads, and of the lists of
/// operations. Facts made by other rules are computed again.
pub const RULES: i64 = 1;
/// The function, as views write it.
pub(super) const FUNCTION: &str = "is_settled_day";
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A day that has records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayState {
    /// The day, in days since 1970.
    pub date: i32,
    /// Its records, as far as they were ever stored.
    pub records: i64,
    /// Whether its facts are stored, and are those of its records.
    pub is_settled: bool,
}

/// The days whose facts a session computes; those of all others are read where they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LiveDays {
    /// Those that are not settled.
    #[default]
    Unsettled,
    /// These, in days since 1970: they are about to be settled.
    Only(Vec<i32>),
    /// All: what was stored is compared, or explained by the records.
    All,
}

impl LiveDays {
    fn has(&self, day: &DayState) -> bool {
        match self {
            Self::Unsettled => !day.is_settled,
            Self::Only(dates) => dates.contains(&day.date),
            Self::All => true,
        }
    }
}

/// Up to which commits the days are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The last commit of `kms_events`.
    pub(super) ingested: i64,
    /// The last commit of `kms_events` against which the names of all days have been checked.
    pub(super) checked: i64,
    /// The last settlement that was checked then.
    pub(super) settlement: i64,
}

/// The days of one state of a store, looked up when they are first needed.
#[derive(Debug, Default)]
pub(super) struct DayStates {
    known: OnceLock<Known>,
    live: OnceLock<LiveDays>,
    days: OnceCell<Vec<DayState>>,
    ranges: Arc<OnceLock<DayRanges>>,
}

impl DayStates {
    /// Registers the function in a context.
    pub(super) fn install(context: &SessionContext) -> Arc<Self> {
        let days = Self::default();
        context.register_udf(ScalarUDF::from(IsSettledDay {
            signature: Signature::exact(vec![DataType::Date32], Volatility::Immutable),
            ranges: DateRanges(Arc::clone(&days.ranges)),
        }));
        Arc::new(days)
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
        Ok(days)
    }

    /// How many records the days have that are computed.
    pub(super) async fn computed_records(&self, state: &SessionState) -> Result<u64> {
        let days = self.days(state).await?;
        let live = self.live.get_or_init(LiveDays::default);
        let computed = days.iter().filter(|day| live.has(day));
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
                days.push(DayState {
                    date,
                    records,
                    is_settled: settlement
                        .is_some_and(|told| told.rules == RULES && told.ingest_seq >= last),
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
        for day in days.iter_mut().filter(|day| day.is_settled) {
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
const NAMES: &str = "SELECT name, account, region, key_arn, resolution, valid_from, valid_to, proven_from, proven_to \
                     FROM typed_names";

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

/// What each key ID and alias means, and when.
#[derive(Debug)]
pub(super) struct TypedNames(BTreeMap<String, BTreeSet<NameMeaning>>);

/// Where a name leads, and from when to when; times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NameMeaning {
    /// Account, region, key and how it is known.
    target: [Option<String>; 4],
    valid: (i64, i64),
    proven: (i64, i64),
}

impl TypedNames {
    /// Reads them.
    pub(super) async fn of(state: &SessionState) -> Result<Self> {
        let mut names: BTreeMap<String, BTreeSet<NameMeaning>> = BTreeMap::new();
        for batch in rows(state, NAMES).await? {
            let cells = Cells(&batch);
            for row in 0..batch.num_rows() {
                let Some(name) = cells.text("name", row) else {
                    continue;
                };
                let from = |column| cells.long(column, row).unwrap_or(i64::MIN);
                let to = |column| cells.long(column, row).unwrap_or(i64::MAX);
                let target = ["account", "region", "key_arn", "resolution"];
                names.entry(name).or_default().insert(NameMeaning {
                    target: target.map(|column| cells.text(column, row)),
                    valid: (from("valid_from"), to("valid_to")),
                    proven: (from("proven_from"), to("proven_to")),
                });
            }
        }
        Ok(Self(names))
    }

    /// A hash of what some names mean on a day, in any account and region; nothing where none was typed. What a name
    /// means on other days is not in it.
    pub(super) fn meanings(&self, date: i32, typed: &BTreeSet<String>) -> Option<String> {
        if typed.is_empty() {
            return None;
        }
        let start = i64::from(date) * MICROS_PER_DAY;
        let end = start + MICROS_PER_DAY;
        let on_day = |(from, to): (i64, i64)| (from.clamp(start, end), to.clamp(start, end));
        let mut hash = Sha256::new();
        for name in typed {
            let meanings = self.0.get(name).into_iter().flatten();
            let meanings = meanings
                .filter(|told| told.valid.0 < end && told.valid.1 > start)
                .map(|told| (&told.target, on_day(told.valid), on_day(told.proven)));
            for meaning in meanings {
                hash.update(format!("{name:?} {meaning:?}\n"));
            }
        }
        Some(hex::encode(&hash.finalize()[..16]))
    }
}

/// The rows of a statement.
async fn rows(state: &SessionState, sql: &str) -> Result<Vec<RecordBatch>> {
    let statement = parsed(state, sql)?;
    let plan = Box::pin(state.statement_to_plan(statement)).await?;
    Box::pin(DataFrame::new(state.clone(), plan).collect()).await
}

/// The days that are computed, or all others, as ranges, first and last day: whichever are fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DayRanges {
    Computed(Vec<(i32, i32)>),
    Stored(Vec<(i32, i32)>),
}

impl DayRanges {
    fn of(days: &[DayState], live: &LiveDays) -> Self {
        let computed = ranges(days, |day| live.has(day));
        let stored = ranges(days, |day| !live.has(day));
        if computed.len() < stored.len() {
            Self::Computed(computed)
        } else {
            Self::Stored(stored)
        }
    }
}

/// Some of the days as ranges. Days without records are in none or in any, as it comes.
fn ranges(days: &[DayState], is_in: impl Fn(&DayState) -> bool) -> Vec<(i32, i32)> {
    let mut ranges: Vec<(i32, i32)> = Vec::new();
    let mut is_open = false;
    for day in days {
        let is_in = is_in(day);
        match ranges.last_mut() {
            Some(range) if is_open && is_in => range.1 = day.date,
            _ if is_in => ranges.push((day.date, day.date)),
            _ => {}
        }
        is_open = is_in;
    }
    ranges
}

/// The ranges, once they are known.
#[derive(Debug, Clone)]
struct DateRanges(Arc<OnceLock<DayRanges>>);

impl PartialEq for DateRanges {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DateRanges {}

impl std::hash::Hash for DateRanges {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Whether a day is settled.
#[derive(Debug, PartialEq, Eq, Hash)]
struct IsSettledDay {
    signature: Signature,
    ranges: DateRanges,
}

impl ScalarUDFImpl for IsSettledDay {
    fn name(&self) -> &'static str {
        FUNCTION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    /// Comparisons with dates, by which files and row groups are left out.
    fn simplify(
        &self,
        mut arguments: Vec<Expr>,
        _info: &SimplifyContext,
    ) -> Result<ExprSimplifyResult> {
        let (Some(date), Some(ranges)) = (arguments.pop(), self.ranges.0.get()) else {
            return Err(unknown());
        };
        let day = |day: i32| lit(ScalarValue::Date32(Some(day)));
        let within = |range: &(i32, i32)| {
            let from = date.clone().gt_eq(day(range.0));
            from.and(date.clone().lt_eq(day(range.1)))
        };
        let in_any = |ranges: &[(i32, i32)]| {
            let is_in = ranges.iter().map(within).reduce(Expr::or);
            is_in.unwrap_or_else(|| lit(false))
        };
        Ok(ExprSimplifyResult::Simplified(match ranges {
            DayRanges::Stored(ranges) => in_any(ranges),
            DayRanges::Computed(ranges) => not(in_any(ranges)),
        }))
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(unknown())
    }
}

fn unknown() -> DataFusionError {
    DataFusionError::Plan(format!("`{FUNCTION}` takes a date, in a view"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{DayRanges, DayState, LiveDays, MICROS_PER_DAY, NameMeaning, TypedNames, ranges};

    fn states(days: &[(i32, bool)]) -> Vec<DayState> {
        let day = |&(date, is_settled)| DayState {
            date,
            records: 1,
            is_settled,
        };
        days.iter().map(day).collect()
    }

    #[test]
    fn days_to_settle_are_the_only_ones_computed() {
        let days = states(&[(1, true), (2, false), (3, true), (4, false), (5, true)]);
        let of = |live| DayRanges::of(&days, &live);
        assert_eq!(of(LiveDays::All), DayRanges::Stored(Vec::new()));
        assert_eq!(
            of(LiveDays::Only(vec![2])),
            DayRanges::Computed(vec![(2, 2)])
        );
        assert_eq!(
            of(LiveDays::Unsettled),
            DayRanges::Computed(vec![(2, 2), (4, 4)])
        );
    }

    #[test]
    fn settled_days_are_ranges_that_no_other_day_is_in() {
        let days = |days: &[(i32, bool)]| ranges(&states(days), |day| day.is_settled);
        assert_eq!(days(&[]), []);
        assert_eq!(days(&[(1, false)]), []);
        assert_eq!(days(&[(1, true), (2, true), (9, true)]), [(1, 9)]);
        assert_eq!(
            days(&[(1, true), (2, false), (3, true), (4, true), (5, false)]),
            [(1, 1), (3, 4)]
        );
    }

    #[test]
    fn a_name_is_told_by_what_it_means_on_the_day_alone() {
        let day = |days: i64| days * MICROS_PER_DAY;
        let meaning = |key: &str, valid, proven| NameMeaning {
            target: [None, None, Some(key.to_owned()), Some("alias".to_owned())],
            valid,
            proven,
        };
        let names = |meanings: &[NameMeaning]| {
            let meanings = meanings.iter().cloned().collect();
            TypedNames(BTreeMap::from([("alias/a".to_owned(), meanings)]))
        };
        let typed = BTreeSet::from(["alias/a".to_owned()]);
        let always = (i64::MIN, i64::MAX);
        let before = names(&[meaning("x", always, always)]);
        // The alias moves on day 5, and was last seen with its old key on day 3.
        let after = names(&[
            meaning("x", (i64::MIN, day(5) + 7), (i64::MIN, day(3) + 9)),
            meaning("y", (day(5) + 7, i64::MAX), (day(5) + 7, i64::MAX)),
        ]);
        let changed =
            (1..8).filter(|date| before.meanings(*date, &typed) != after.meanings(*date, &typed));
        assert_eq!(changed.collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(after.meanings(1, &BTreeSet::new()), None);
    }
}
