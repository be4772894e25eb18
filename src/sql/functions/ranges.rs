//! Ranges of time that belong together; for SQL.
//!
//! - `linked_ranges(from_times, to_times, gap)`: ranges of microseconds, the n-th from the n-th time of one list to that of the
//!   other, made into as few as possible: one that begins at most `gap` after the end of those before it goes on with
//!   them. A list of structures, `from_time` and `to_time`, in the order of time. A range without a
//!   beginning or an end is left out. Where the gap is null all are one, which is there even if it has no times.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, AsArray as _, Int64Array, ListBuilder, StructBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;

/// A range, in microseconds; both ends are none where nothing is known.
type Range = (Option<i64>, Option<i64>);

/// Adds the function to a context.
pub(super) fn register(context: &SessionContext) {
    let times = || DataType::new_list(DataType::Int64, true);
    context.register_udf(create_udf(
        "linked_ranges",
        vec![times(), times(), DataType::Int64],
        DataType::new_list(DataType::Struct(fields()), true),
        Volatility::Immutable,
        Arc::new(linked_ranges),
    ));
}

fn fields() -> Fields {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Fields::from(vec![
        Field::new("from_time", time(), true),
        Field::new("to_time", time(), true),
    ])
}

fn linked_ranges(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [from_times, to_times, gaps] = arrays.as_slice() else {
        return Err(wrong("takes two lists and a number"));
    };
    let (from_times, to_times) = (from_times.as_list::<i32>(), to_times.as_list::<i32>());
    let gaps = gaps.as_primitive::<Int64Type>();
    let time = || -> Box<dyn ArrayBuilder> {
        Box::new(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
    };
    let mut lists = ListBuilder::new(StructBuilder::new(fields(), vec![time(), time()]));
    for (row, gap) in gaps.iter().enumerate() {
        let (from, to) = (
            numbers(&from_times.value(row)),
            numbers(&to_times.value(row)),
        );
        if from.len() != to.len() {
            return Err(wrong("takes lists of one length"));
        }
        let ranges = from.iter().zip(to.iter());
        let ranges = ranges.filter_map(|(from, to)| Some((from?, to?))).collect();
        for (from, to) in linked(ranges, gap) {
            let range = lists.values();
            for (index, time) in [from, to].into_iter().enumerate() {
                if let Some(times) = range.field_builder::<TimestampMicrosecondBuilder>(index) {
                    times.append_option(time);
                }
            }
            range.append(true);
        }
        lists.append(true);
    }
    Ok(ColumnarValue::Array(Arc::new(lists.finish())))
}

fn wrong(problem: &str) -> DataFusionError {
    DataFusionError::Execution(format!("`linked_ranges` {problem}"))
}

fn numbers(values: &ArrayRef) -> Int64Array {
    values.as_primitive::<Int64Type>().clone()
}

fn linked(mut ranges: Vec<(i64, i64)>, gap: Option<i64>) -> Vec<Range> {
    let Some(gap) = gap else {
        let from = ranges.iter().map(|(from, _)| *from).min();
        let to = ranges.iter().map(|(_, to)| *to).max();
        return vec![(from, to)];
    };
    ranges.sort_unstable();
    let mut linked: Vec<(i64, i64)> = Vec::new();
    for (from, to) in ranges {
        match linked.last_mut() {
            Some((_, reached)) if from <= reached.saturating_add(gap) => {
                *reached = to.max(*reached);
            }
            _ => linked.push((from, to)),
        }
    }
    let told = linked.into_iter().map(|(from, to)| (Some(from), Some(to)));
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::{Range, linked};

    #[track_caller]
    fn check(ranges: &[(i64, i64)], gap: Option<i64>, expected: &[Range]) {
        assert_eq!(linked(ranges.to_vec(), gap), expected);
    }

    fn told(from: i64, to: i64) -> Range {
        (Some(from), Some(to))
    }

    #[test]
    fn ranges_go_on_over_a_gap_and_no_more() {
        check(
            &[(10, 10), (0, 3), (5, 5)],
            Some(2),
            &[told(0, 5), told(10, 10)],
        );
        check(&[(0, 9), (1, 2), (11, 12)], Some(2), &[told(0, 12)]);
        check(&[(0, 2), (2, 3)], Some(-1), &[told(0, 2), told(2, 3)]);
        check(&[], Some(0), &[]);
    }

    #[test]
    fn without_a_gap_all_are_one() {
        check(&[(5, 9), (0, 1)], None, &[told(0, 9)]);
        check(&[], None, &[(None, None)]);
    }
}
