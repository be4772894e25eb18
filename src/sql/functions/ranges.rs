//! Ranges of time that belong together; for SQL.
//!
//! - `linked_ranges(from_times, to_times, gap)`: ranges of microseconds, the n-th from the n-th time of one list to that of the
//!   other, made into as few as possible: one that begins at most `gap` after the end of those before it goes on with
//!   them. A list of structures, `from_time` and `to_time`, in the order of time. A range without a
//!   beginning or an end is left out. Where the gap is null all are one, which is there even if it has no times.
//! - `levels(from_time, to_time, weight)`: an aggregate. What the weights of ranges add up to, over time: a list of
//!   structures, `from_time`, `to_time` and `level`, from each time at which the sum changes to the next. A range without
//!   an end goes on for ever, one without a beginning is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayBuilder, ArrayRef, AsArray as _, Int64Array, ListBuilder, StructArray,
    StructBuilder, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, ColumnarValue, Volatility, create_udaf, create_udf};
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
    context.register_udaf(create_udaf(
        "levels",
        vec![time(), time(), DataType::Int64],
        Arc::new(DataType::new_list(DataType::Struct(level_fields()), true)),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(Levels::default()))),
        Arc::new(vec![times(), times()]),
    ));
}

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn fields() -> Fields {
    Fields::from(vec![
        Field::new("from_time", time(), true),
        Field::new("to_time", time(), true),
    ])
}

fn level_fields() -> Fields {
    let level = Arc::new(Field::new("level", DataType::Int64, true));
    fields().iter().cloned().chain([level]).collect()
}

/// By how much the sum of the weights changes at which time.
#[derive(Debug, Default)]
struct Levels(BTreeMap<i64, i64>);

impl Levels {
    fn change(&mut self, times: &Int64Array, weights: &Int64Array) {
        for (time, weight) in times.iter().zip(weights) {
            if let (Some(time), Some(weight)) = (time, weight) {
                let sum = self.0.entry(time).or_default();
                *sum = sum.saturating_add(weight);
            }
        }
    }
}

impl Accumulator for Levels {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [from, to, weights] = arrays else {
            return Err(wrong_levels());
        };
        let micros = |times: &ArrayRef| cast(times, &DataType::Int64);
        let (from, to) = (micros(from)?, micros(to)?);
        let weights = cast(weights, &DataType::Int64)?;
        let weights = weights.as_primitive::<Int64Type>();
        let ends = weights.iter().enumerate();
        let ends = ends.map(|(row, weight)| Some(-weight?).filter(|_| from.is_valid(row)));
        let ends: Int64Array = ends.collect();
        self.change(from.as_primitive(), weights);
        self.change(to.as_primitive(), &ends);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [times, weights] = states else {
            return Err(wrong_levels());
        };
        let lists = times.as_list::<i32>().iter();
        for (times, weights) in lists.zip(weights.as_list::<i32>().iter()) {
            if let (Some(times), Some(weights)) = (times, weights) {
                self.change(times.as_primitive(), weights.as_primitive());
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |numbers: &mut dyn Iterator<Item = i64>| {
            let numbers: Vec<ScalarValue> = numbers.map(ScalarValue::from).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&numbers, &DataType::Int64))
        };
        let times = list(&mut self.0.keys().copied());
        Ok(vec![times, list(&mut self.0.values().copied())])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let changes = self.0.iter().filter(|(_, change)| **change != 0);
        let mut sum = 0_i64;
        let edges = changes.map(|(time, change)| {
            sum = sum.saturating_add(*change);
            (*time, sum)
        });
        let edges: Vec<(i64, i64)> = edges.collect();
        let (from, levels): (Vec<i64>, Vec<i64>) = edges.iter().copied().unzip();
        let last = from.len().saturating_sub(1);
        let to = from.get(1..).unwrap_or_default().to_vec();
        let times = |times: Vec<i64>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
        };
        let from = times(from[..last].to_vec());
        let levels: ArrayRef = Arc::new(Int64Array::from(levels[..last].to_vec()));
        let ranges = StructArray::try_new(level_fields(), vec![from, times(to), levels], None)?;
        Ok(SingleRowListArrayBuilder::new(Arc::new(ranges)).build_list_scalar())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.len() * 2 * size_of::<(i64, i64)>()
    }
}

fn wrong_levels() -> DataFusionError {
    DataFusionError::Execution("`levels` takes two times and a weight".to_owned())
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

    #[tokio::test]
    async fn weights_add_up_over_time() {
        const ROWS: &str = "(VALUES (10, 50, 1), (20, 30, 1), (30, 40, 1), (NULL, 90, 5), (60, NULL, 2)) AS rows (a, b, weight)";
        let sql = format!(
            "SELECT CAST(range['from_time'] AS BIGINT) || ' ' || CAST(range['to_time'] AS BIGINT) || ' ' || range['level'] AS text \
             FROM (SELECT unnest(levels(to_timestamp_micros(a), to_timestamp_micros(b), weight)) AS range FROM {ROWS})"
        );
        let frame = crate::sql::context().sql(&sql).await.expect("a plan");
        let rows = frame.collect().await.expect("rows");
        let texts = rows.iter().flat_map(|rows| {
            let column = rows.column(0);
            (0..rows.num_rows()).map(|row| {
                arrow::util::display::array_value_to_string(column, row).expect("a text")
            })
        });
        // Where one range ends and another begins nothing changes.
        let expected = ["10 20 1", "20 40 2", "40 50 1", "50 60 0"];
        assert_eq!(texts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_a_gap_all_are_one() {
        check(&[(5, 9), (0, 1)], None, &[told(0, 9)]);
        check(&[], None, &[(None, None)]);
    }
}
