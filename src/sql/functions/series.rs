//! Aggregate functions for counts over time, with a zero where nothing was counted.
//!
//! - `day_series(day, count, first_day, last_day)`: a list with the sum of the counts of each day, from the first day to
//!   the last; where these are null, from the first to the last day that has a row.
//! - `count_series(number, count, first, last)`: the same of whole numbers, as of the hours of a day.
//!
//! Rows without a day are not counted; the list is null where there is neither a row nor a first and a last day.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, Volatility, create_udaf};
use datafusion::prelude::SessionContext;

pub(super) fn register(context: &SessionContext) {
    for (name, place) in [
        ("day_series", DataType::Date32),
        ("count_series", DataType::Int64),
    ] {
        let numbers = || DataType::new_list(DataType::Int64, true);
        context.register_udaf(create_udaf(
            name,
            vec![place.clone(), DataType::Int64, place.clone(), place],
            Arc::new(numbers()),
            Volatility::Immutable,
            Arc::new(|_| Ok(Box::new(Series::default()))),
            Arc::new(vec![numbers(), numbers(), DataType::Int64, DataType::Int64]),
        ));
    }
}

/// The counts of one group by their place in the series.
#[derive(Debug, Default)]
struct Series {
    counts: BTreeMap<i64, i64>,
    first: Option<i64>,
    last: Option<i64>,
}

impl Series {
    fn add(&mut self, places: &Int64Array, counts: &Int64Array) {
        for (place, count) in places.iter().zip(counts) {
            if let (Some(place), Some(count)) = (place, count) {
                let sum = self.counts.entry(place).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }

    fn bound(&mut self, first: &Int64Array, last: &Int64Array) {
        self.first = self.first.or_else(|| first.iter().flatten().next());
        self.last = self.last.or_else(|| last.iter().flatten().next());
    }
}

impl Accumulator for Series {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [places, counts, first, last] = arrays else {
            return Err(wrong());
        };
        self.add(&numbers(places)?, &numbers(counts)?);
        self.bound(&numbers(first)?, &numbers(last)?);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [places, counts, first, last] = states else {
            return Err(wrong());
        };
        let lists = places.as_list::<i32>().iter();
        for (places, counts) in lists.zip(counts.as_list::<i32>().iter()) {
            let (Some(places), Some(counts)) = (places, counts) else {
                continue;
            };
            self.add(&numbers(&places)?, &numbers(&counts)?);
        }
        self.bound(&numbers(first)?, &numbers(last)?);
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let places = list(self.counts.keys().copied());
        let counts = list(self.counts.values().copied());
        Ok(vec![
            places,
            counts,
            ScalarValue::Int64(self.first),
            ScalarValue::Int64(self.last),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let end = |bound: Option<i64>, own: Option<&i64>| bound.or(own.copied());
        let first = end(self.first, self.counts.keys().next());
        let last = end(self.last, self.counts.keys().next_back());
        let (Some(first), Some(last)) = (first, last) else {
            let none = DataType::new_list(DataType::Int64, true);
            return ScalarValue::try_from(&none);
        };
        let count = |place| self.counts.get(&place).copied().unwrap_or(0);
        Ok(list((first..=last).map(count)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.counts.len() * 2 * size_of::<(i64, i64)>()
    }
}

fn list(numbers: impl Iterator<Item = i64>) -> ScalarValue {
    let numbers: Vec<ScalarValue> = numbers.map(ScalarValue::from).collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&numbers, &DataType::Int64))
}

fn numbers(array: &ArrayRef) -> Result<Int64Array> {
    // A date is the number of its day.
    let array = match array.data_type() {
        DataType::Date32 => cast(array, &DataType::Int32)?,
        _ => Arc::clone(array),
    };
    Ok(cast(&array, &DataType::Int64)?
        .as_primitive::<Int64Type>()
        .clone())
}

fn wrong() -> DataFusionError {
    DataFusionError::Execution("a series takes places, counts and two ends".to_owned())
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    async fn check(select: &str, expected: &str) {
        const ROWS: &str = "(VALUES (DATE '2026-03-02', 4), (DATE '2026-03-05', 1), (DATE '2026-03-02', 3), (NULL, 9)) \
            AS rows (day, count)";
        let sql = format!("SELECT {select} FROM {ROWS}");
        let frame = crate::sql::context().sql(&sql).await.expect("a plan");
        let rows = frame.collect().await.expect("a row");
        let value = array_value_to_string(rows[0].column(0), 0).expect("a text");
        assert_eq!(value, expected, "{select}");
    }

    #[tokio::test]
    async fn days_without_a_row_are_zero() {
        check("day_series(day, count, NULL, NULL)", "[7, 0, 0, 1]").await;
        check(
            "day_series(day, count, DATE '2026-03-01', DATE '2026-03-06')",
            "[0, 7, 0, 0, 1, 0]",
        )
        .await;
        check(
            "day_series(day, count, NULL, NULL) FILTER (WHERE count > 7) IS NULL",
            "true",
        )
        .await;
        check(
            "count_series(CAST(date_part('day', day) AS BIGINT), count, 1, 3)",
            "[0, 7, 0]",
        )
        .await;
    }
}
