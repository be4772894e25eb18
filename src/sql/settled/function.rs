//! The function `is_settled_day(date)`, which a plan reads as ranges of dates, so that files are left out by them.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
    not,
};
use datafusion::prelude::SessionContext;

use super::awaited::Awaited;
use super::{DayState, LiveDays};

/// The function, as views write it.
pub(in crate::sql) const FUNCTION: &str = "is_settled_day";

/// Registers the function in a context; answers the ranges that it waits for.
pub(super) fn register(context: &SessionContext) -> Arc<OnceLock<DayRanges>> {
    let ranges = Arc::default();
    context.register_udf(ScalarUDF::from(IsSettledDay {
        signature: Signature::exact(vec![DataType::Date32], Volatility::Immutable),
        ranges: Awaited(Arc::clone(&ranges)),
    }));
    ranges
}

/// The days that are computed, or all others, as ranges, first and last day: whichever are fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DayRanges {
    Computed(Vec<(i32, i32)>),
    Stored(Vec<(i32, i32)>),
}

impl DayRanges {
    pub(super) fn of(days: &[DayState], live: &LiveDays) -> Self {
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

/// Whether a day is settled.
#[derive(Debug, PartialEq, Eq, Hash)]
struct IsSettledDay {
    signature: Signature,
    ranges: Awaited<DayRanges>,
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
    use super::{DayRanges, DayState, LiveDays, ranges};

    fn states(days: &[(i32, bool)]) -> Vec<DayState> {
        let day = |&(date, is_settled)| DayState {
            date,
            records: 1,
            is_settled,
            is_for_good: false,
            late_after: None,
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
}
