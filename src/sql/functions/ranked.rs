//! Aggregate functions for lists that people read: which values there are, the most frequent first, and how often.
//!
//! - `counts(value, count)`: the values with their counts added up, as a text: `Decrypt 7, Encrypt 2`. The largest
//!   counts come first, equal ones by value.
//! - `few_counts(value, count, n)`: the same, but null where there are more than `n` values. No more than these are
//!   kept in memory.
//! - `top_counts(value, count, n)`: the first `n` of these.
//! - `top_values(value, count, n)`: the first `n` values without their counts.
//!
//! Rows without a value are not counted; where there is none, the text is null.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, Volatility, create_udaf};
use datafusion::prelude::SessionContext;

use super::texts;

pub(super) fn register(context: &SessionContext) {
    let functions = [
        ("counts", 2, Shown::Counts),
        ("few_counts", 3, Shown::FewCounts),
        ("top_counts", 3, Shown::Counts),
        ("top_values", 3, Shown::Values),
    ];
    for (name, arguments, shown) in functions {
        let types = [DataType::Utf8, DataType::Int64, DataType::Int64];
        context.register_udaf(create_udaf(
            name,
            types[..arguments].to_vec(),
            Arc::new(DataType::Utf8),
            Volatility::Immutable,
            Arc::new(move |_| Ok(Box::new(Ranked::new(shown)))),
            Arc::new(vec![
                DataType::new_list(DataType::Utf8, true),
                DataType::new_list(DataType::Int64, true),
                DataType::Int64,
            ]),
        ));
    }
}

/// What the text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The values with their counts.
    Counts,
    /// The values with their counts, unless there are too many.
    FewCounts,
    /// The values.
    Values,
}

/// The values of one group, with their counts.
#[derive(Debug)]
struct Ranked {
    counts: BTreeMap<String, i64>,
    /// How many are wanted, once a row has said it.
    wanted: Option<i64>,
    shown: Shown,
    /// The bytes of all values.
    bytes: usize,
}

impl Ranked {
    fn new(shown: Shown) -> Self {
        Self {
            counts: BTreeMap::new(),
            wanted: None,
            shown,
            bytes: 0,
        }
    }

    fn add(&mut self, values: &ArrayRef, counts: &Int64Array) -> Result<()> {
        for (value, count) in texts(values)?.iter().zip(counts) {
            let (Some(value), Some(count)) = (value, count) else {
                continue;
            };
            if let Some(known) = self.counts.get_mut(value) {
                *known = known.saturating_add(count);
            } else if self.is_decided() {
                return Ok(());
            } else {
                self.bytes += value.len();
                self.counts.insert(value.to_owned(), count);
            }
        }
        Ok(())
    }

    /// Whether more values change nothing: there are too many already.
    fn is_decided(&self) -> bool {
        let wanted = self.wanted.and_then(|wanted| usize::try_from(wanted).ok());
        self.shown == Shown::FewCounts && wanted.is_some_and(|wanted| self.counts.len() > wanted)
    }

    fn want(&mut self, numbers: &ArrayRef) -> Result<()> {
        let numbers = cast(numbers, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        self.wanted = self.wanted.or_else(|| numbers.iter().flatten().next());
        Ok(())
    }
}

impl Accumulator for Ranked {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [values, counts, wanted @ ..] = arrays else {
            return Err(wrong());
        };
        if let [wanted] = wanted {
            self.want(wanted)?;
        }
        let counts = cast(counts, &DataType::Int64)?;
        self.add(values, counts.as_primitive())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, counts, wanted] = states else {
            return Err(wrong());
        };
        self.want(wanted)?;
        let (values, counts) = (values.as_list::<i32>(), counts.as_list::<i32>());
        for row in 0..values.len() {
            self.add(&values.value(row), counts.value(row).as_primitive())?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (mut values, mut counts) = (Vec::new(), Vec::new());
        for (value, count) in std::mem::take(&mut self.counts) {
            values.push(ScalarValue::Utf8(Some(value)));
            counts.push(ScalarValue::Int64(Some(count)));
        }
        Ok(vec![
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8)),
            ScalarValue::List(ScalarValue::new_list_nullable(&counts, &DataType::Int64)),
            ScalarValue::Int64(self.wanted),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.is_decided() {
            return Ok(ScalarValue::Utf8(None));
        }
        let mut ranked: Vec<(String, i64)> = std::mem::take(&mut self.counts).into_iter().collect();
        ranked.sort_unstable_by(|(left, less), (right, more)| {
            more.cmp(less).then_with(|| left.cmp(right))
        });
        if let Some(wanted) = self.wanted {
            ranked.truncate(usize::try_from(wanted).unwrap_or(0));
        }
        let texts: Vec<String> = ranked
            .into_iter()
            .map(|(value, count)| {
                if self.shown == Shown::Values {
                    value
                } else {
                    format!("{value} {count}")
                }
            })
            .collect();
        let is_any = !texts.is_empty();
        Ok(ScalarValue::Utf8(is_any.then(|| texts.join(", "))))
    }

    fn size(&self) -> usize {
        let entries = self.counts.len() * size_of::<(String, i64)>();
        size_of_val(self) + entries + self.bytes
    }
}

fn wrong() -> DataFusionError {
    DataFusionError::Execution("a list of counts takes values and counts".to_owned())
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    const ROWS: &str = "(VALUES ('a', 2, 1), ('b', 7, 1), ('c', 2, 1), ('a', 5, 1), (NULL, 9, 1), ('d', 1, 2), (NULL, 3, 3)) \
        AS rows (value, count, place)";

    async fn check(select: &str, expected: &[&str]) {
        let sql = format!("SELECT {select} FROM {ROWS} GROUP BY place ORDER BY place");
        let frame = crate::sql::context().sql(&sql).await.expect("a plan");
        let rows = frame.collect().await.expect("rows");
        let values = rows.iter().flat_map(|rows| {
            let column = rows.column(0);
            (0..rows.num_rows()).map(|row| array_value_to_string(column, row).expect("a text"))
        });
        assert_eq!(values.collect::<Vec<_>>(), expected, "{select}");
    }

    #[tokio::test]
    async fn the_largest_counts_come_first_and_equal_ones_by_value() {
        check("counts(value, count)", &["a 7, b 7, c 2", "d 1", ""]).await;
        check("few_counts(value, count, 3)", &["a 7, b 7, c 2", "d 1", ""]).await;
        check("few_counts(value, count, 2)", &["", "d 1", ""]).await;
        check("top_counts(value, count, 2)", &["a 7, b 7", "d 1", ""]).await;
        check("top_values(value, count, 2)", &["a, b", "d", ""]).await;
        check(
            "counts(value, count) FILTER (WHERE count > 5)",
            &["b 7", "", ""],
        )
        .await;
        check(
            "counts(value, count) FILTER (WHERE count > 9) IS NULL",
            &["true", "true", "true"],
        )
        .await;
    }
}
