//! Every Arrow type as text and as JSON.
//!
//! Enters: an Arrow column. Leaves: its values, appended to a string row by row. The text is raw
//! (the formats make it harmless), the JSON is already safe for a terminal. A value that Arrow
//! cannot print (a date in the year 300,000) is printed as `<what Arrow says>`: one odd value must
//! not take the answer away. Timestamps are shown in the [`Zone`] that was asked for, whatever zone their
//! type names.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, GenericListArray, GenericListViewArray, Int64Array,
    OffsetSizeTrait,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use chrono::DateTime;

use super::sanitize::{push_hex, push_json_string};
use super::{Zone, unique_names};

const OPTIONS: FormatOptions<'static> = FormatOptions::new()
    .with_null("null")
    .with_duration_format(DurationFormat::ISO8601);

/// One column, ready to be printed.
pub(super) struct Values<'a> {
    nulls: Option<NullBuffer>,
    kind: CellKind<'a>,
}

/// Where in the child column the elements of a list in this row are.
type Ranges<'a> = Box<dyn Fn(usize) -> Range<usize> + 'a>;

enum CellKind<'a> {
    Null,
    Bool(&'a BooleanArray),
    Number(ArrayFormatter<'a>),
    Text(Box<dyn Fn(usize) -> &'a str + 'a>),
    Binary(Box<dyn Fn(usize) -> &'a [u8] + 'a>),
    Timestamp(Int64Array, TimeUnit, Zone),
    List(Ranges<'a>, Box<Values<'a>>),
    Struct(Vec<(String, Values<'a>)>),
    Map(Ranges<'a>, Box<Values<'a>>, Box<Values<'a>>),
    Dictionary(Vec<usize>, Box<Values<'a>>),
    /// Dates, times, durations, intervals, unions: as Arrow prints them.
    Printed(ArrayFormatter<'a>),
    Unsupported(String),
}

impl<'a> Values<'a> {
    pub(super) fn new(array: &'a ArrayRef, zone: Zone) -> Self {
        Self {
            nulls: array.logical_nulls(),
            kind: CellKind::new(array, zone),
        }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(self.kind, CellKind::Null)
            || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the value as text; a null inside a list or structure is `null`, as is one outside
    /// (the formats that show nothing for it ask [`Values::is_null`] first).
    pub(super) fn push_text(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        match &self.kind {
            CellKind::Text(text) => out.push_str(text(row)),
            CellKind::List(ranges, values) => {
                push_joined(out, ["[", ", ", "]"], ranges(row), |out, at| {
                    values.push_text(at, out);
                });
            }
            CellKind::Struct(fields) => {
                push_joined(out, ["{", ", ", "}"], fields, |out, (name, values)| {
                    out.push_str(name);
                    out.push_str(": ");
                    values.push_text(row, out);
                });
            }
            CellKind::Map(ranges, keys, values) => {
                push_joined(out, ["{", ", ", "}"], ranges(row), |out, at| {
                    keys.push_text(at, out);
                    out.push_str(": ");
                    values.push_text(at, out);
                });
            }
            CellKind::Dictionary(keys, values) => values.push_text(keys[row], out),
            scalar => scalar.push_scalar(row, out),
        }
    }

    /// Appends the value as JSON: numbers and booleans as such, a number that JSON lacks (`NaN`,
    /// `inf`) and everything else as a string. Equal keys of one object get a suffix.
    pub(super) fn push_json(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        match &self.kind {
            CellKind::Bool(_) => self.kind.push_scalar(row, out),
            CellKind::Number(_) => {
                let mut number = String::new();
                self.kind.push_scalar(row, &mut number);
                if number.ends_with(|c: char| c.is_ascii_digit()) {
                    out.push_str(&number);
                } else {
                    push_json_string(out, &number);
                }
            }
            CellKind::Text(text) => push_json_string(out, text(row)),
            CellKind::List(ranges, values) => {
                push_joined(out, ["[", ",", "]"], ranges(row), |out, at| {
                    values.push_json(at, out);
                });
            }
            CellKind::Struct(fields) => {
                push_joined(out, ["{", ",", "}"], fields, |out, (name, values)| {
                    push_json_string(out, name);
                    out.push(':');
                    values.push_json(row, out);
                });
            }
            CellKind::Map(ranges, keys, values) => {
                let names = ranges(row).map(|at| keys.text(at)).collect::<Vec<_>>();
                let members = unique_names(&names).into_iter().zip(ranges(row));
                push_joined(out, ["{", ",", "}"], members, |out, (name, at)| {
                    push_json_string(out, &name);
                    out.push(':');
                    values.push_json(at, out);
                });
            }
            CellKind::Dictionary(keys, values) => values.push_json(keys[row], out),
            CellKind::Null
            | CellKind::Binary(_)
            | CellKind::Timestamp(..)
            | CellKind::Printed(_)
            | CellKind::Unsupported(_) => push_json_string(out, &self.text(row)),
        }
    }

    fn text(&self, row: usize) -> String {
        let mut text = String::new();
        self.push_text(row, &mut text);
        text
    }
}

impl<'a> CellKind<'a> {
    fn new(array: &'a ArrayRef, zone: Zone) -> Self {
        match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Timestamp(unit, _) => match cast(array, &DataType::Int64) {
                Ok(counts) => Self::Timestamp(counts.as_primitive().clone(), *unit, zone),
                Err(error) => Self::Unsupported(error.to_string()),
            },
            DataType::Utf8 => text(array.as_string::<i32>(), |a, row| a.value(row)),
            DataType::LargeUtf8 => text(array.as_string::<i64>(), |a, row| a.value(row)),
            DataType::Utf8View => text(array.as_string_view(), |a, row| a.value(row)),
            DataType::Binary => binary(array.as_binary::<i32>(), |a, row| a.value(row)),
            DataType::LargeBinary => binary(array.as_binary::<i64>(), |a, row| a.value(row)),
            DataType::BinaryView => binary(array.as_binary_view(), |a, row| a.value(row)),
            DataType::FixedSizeBinary(_) => {
                binary(array.as_fixed_size_binary(), |a, row| a.value(row))
            }
            DataType::List(_) => list(array.as_list::<i32>(), zone),
            DataType::LargeList(_) => list(array.as_list::<i64>(), zone),
            DataType::ListView(_) => list_view(array.as_list_view::<i32>(), zone),
            DataType::LargeListView(_) => list_view(array.as_list_view::<i64>(), zone),
            DataType::FixedSizeList(_, _) => {
                let list = array.as_fixed_size_list();
                let count = usize::try_from(list.value_length()).unwrap_or(0);
                let ranges = Box::new(move |row| row * count..(row + 1) * count);
                Self::List(ranges, Box::new(Values::new(list.values(), zone)))
            }
            DataType::Struct(fields) => {
                let names = unique_names(fields.iter().map(|field| field.name()));
                let columns = array.as_struct().columns().iter();
                let columns = columns.map(|column| Values::new(column, zone));
                Self::Struct(names.into_iter().zip(columns).collect())
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                let offsets = map.value_offsets();
                Self::Map(
                    Box::new(|row| index(offsets[row])..index(offsets[row + 1])),
                    Box::new(Values::new(map.keys(), zone)),
                    Box::new(Values::new(map.values(), zone)),
                )
            }
            DataType::Dictionary(_, _) => match array.as_any_dictionary_opt() {
                // `normalized_keys` refuses a dictionary without values.
                Some(dictionary) if !dictionary.values().is_empty() => Self::Dictionary(
                    dictionary.normalized_keys(),
                    Box::new(Values::new(dictionary.values(), zone)),
                ),
                _ => Self::Null,
            },
            other => match ArrayFormatter::try_new(array, &OPTIONS) {
                Ok(formatter) if other.is_numeric() => Self::Number(formatter),
                Ok(formatter) => Self::Printed(formatter),
                Err(error) => Self::Unsupported(error.to_string()),
            },
        }
    }

    fn push_scalar(&self, row: usize, out: &mut String) {
        match self {
            Self::Bool(array) => out.push_str(if array.value(row) { "true" } else { "false" }),
            Self::Number(formatter) | Self::Printed(formatter) => {
                match formatter.value(row).try_to_string() {
                    Ok(text) => out.push_str(&text),
                    Err(error) => push_problem(out, &error.to_string()),
                }
            }
            Self::Binary(bytes) => {
                for byte in bytes(row) {
                    push_hex(out, u32::from(*byte), 2);
                }
            }
            Self::Timestamp(counts, unit, zone) => {
                out.push_str(&timestamp(counts.value(row), *unit, *zone));
            }
            Self::Unsupported(error) => push_problem(out, error),
            Self::Null
            | Self::Text(_)
            | Self::List(..)
            | Self::Struct(_)
            | Self::Map(..)
            | Self::Dictionary(..) => {}
        }
    }
}

fn text<'a, A: ?Sized>(array: &'a A, value: impl Fn(&'a A, usize) -> &'a str + 'a) -> CellKind<'a> {
    CellKind::Text(Box::new(move |row| value(array, row)))
}

fn binary<'a, A: ?Sized>(
    array: &'a A,
    value: impl Fn(&'a A, usize) -> &'a [u8] + 'a,
) -> CellKind<'a> {
    CellKind::Binary(Box::new(move |row| value(array, row)))
}

fn list<O: OffsetSizeTrait>(list: &GenericListArray<O>, zone: Zone) -> CellKind<'_> {
    let offsets = list.value_offsets();
    let ranges = Box::new(|row| index(offsets[row])..index(offsets[row + 1]));
    CellKind::List(ranges, Box::new(Values::new(list.values(), zone)))
}

fn list_view<O: OffsetSizeTrait>(list: &GenericListViewArray<O>, zone: Zone) -> CellKind<'_> {
    let (offsets, sizes) = (list.value_offsets(), list.value_sizes());
    let ranges = Box::new(|row| index(offsets[row])..index(offsets[row] + sizes[row]));
    CellKind::List(ranges, Box::new(Values::new(list.values(), zone)))
}

fn index<O: OffsetSizeTrait>(offset: O) -> usize {
    offset.as_usize()
}

fn push_joined<T>(
    out: &mut String,
    [open, separator, close]: [&str; 3],
    items: impl IntoIterator<Item = T>,
    push: impl Fn(&mut String, T),
) {
    out.push_str(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        push(out, item);
    }
    out.push_str(close);
}

/// What stands in the place of a value that Arrow cannot print.
fn push_problem(out: &mut String, problem: &str) {
    out.push('<');
    out.push_str(problem);
    out.push('>');
}

fn timestamp(count: i64, unit: TimeUnit, zone: Zone) -> String {
    let (per_second, name) = match unit {
        TimeUnit::Second => (1, "s"),
        TimeUnit::Millisecond => (1_000, "ms"),
        TimeUnit::Microsecond => (1_000_000, "us"),
        TimeUnit::Nanosecond => (1_000_000_000, "ns"),
    };
    let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let time = u32::try_from(nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(count.div_euclid(per_second), nanos));
    match time {
        Some(time) => zone.shown(time),
        None => format!("<{count} {name} since 1970 is out of range>"),
    }
}
