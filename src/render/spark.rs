//! Use over time as a small picture in one cell: `▁▂▃·█`.
//!
//! Enters: a list of numbers, one for each step of time. Leaves: a text in which the largest is the
//! highest block; a dot is zero, so that one use is never taken for none; a blank is a null. A list of
//! anything but numbers from zero up gives none, and is shown as the list that it is.

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

/// The widest picture; more steps than that are added up, equally many for each block.
const BLOCKS_MAX: usize = 32;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The picture of the list in that row.
pub(super) fn sparkline(array: &ArrayRef, row: usize) -> Option<String> {
    let list = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => return None,
    };
    if !list.data_type().is_numeric() {
        return None;
    }
    let numbers = cast(&list, &DataType::Float64).ok()?;
    let numbers: Vec<Option<f64>> = numbers.as_primitive::<Float64Type>().iter().collect();
    let is_drawable = |number: &f64| number.is_finite() && *number >= 0.0;
    numbers
        .iter()
        .flatten()
        .all(is_drawable)
        .then(|| draw(&folded(&numbers)))
}

/// At most [`BLOCKS_MAX`] numbers, each the sum of equally many.
fn folded(numbers: &[Option<f64>]) -> Vec<Option<f64>> {
    let each = numbers.len().div_ceil(BLOCKS_MAX).max(1);
    let sum = |part: &[Option<f64>]| {
        part.iter()
            .flatten()
            .copied()
            .reduce(|sum, next| sum + next)
    };
    numbers.chunks(each).map(sum).collect()
}

fn draw(numbers: &[Option<f64>]) -> String {
    let most = numbers.iter().flatten().copied().fold(0.0, f64::max);
    let block = |number: f64| {
        // Rounded up: the smallest use is still to be seen.
        let is_enough = |level: &f64| number * 8.0 <= most * level;
        let levels = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let level = levels.iter().position(is_enough);
        BLOCKS[level.unwrap_or(BLOCKS.len() - 1)]
    };
    let drawn = numbers.iter().map(|number| match number {
        None => ' ',
        Some(number) if *number == 0.0 => '·',
        Some(number) => block(*number),
    });
    drawn.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, ListArray, StringArray};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::sparkline;

    #[test]
    fn the_largest_is_the_highest() {
        #[track_caller]
        fn check(numbers: Vec<Option<i64>>, expected: &str) {
            let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(numbers)]);
            let array: ArrayRef = Arc::new(list);
            assert_eq!(sparkline(&array, 0).as_deref(), Some(expected));
        }
        check(vec![], "");
        check(vec![Some(0), Some(0)], "··");
        check(vec![Some(1), Some(1_000_000), Some(0), None], "▁█· ");
        check((0..=8).map(Some).collect(), "·▁▂▃▄▅▆▇█");
        // 64 steps are two to a block, 33 likewise with one left over.
        check(vec![Some(3); 64], &"█".repeat(32));
        check(vec![Some(2); 33], &format!("{}▄", "█".repeat(16)));
    }

    #[test]
    fn what_is_no_count_is_left_as_it_is() {
        let check = |array: ArrayRef| assert_eq!(sparkline(&array, 0), None);
        check(Arc::new(StringArray::from(vec!["a"])));
        check(Arc::new(Float64Array::from(vec![1.0])));
        for number in [-1.0, f64::NAN, f64::INFINITY] {
            let numbers = [Some(vec![Some(1.0), Some(number)])];
            check(Arc::new(
                ListArray::from_iter_primitive::<Float64Type, _, _>(numbers),
            ));
        }
    }
}
