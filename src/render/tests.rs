//! Whole outputs, byte for byte.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Int64Array, ListArray, NullArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::executor::block_on;
use futures::stream;

use super::layout::width;
use super::*;

pub(super) type NamedColumns = Vec<(&'static str, ArrayRef)>;

pub(super) fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(super) fn batch(columns: NamedColumns) -> RecordBatch {
    let fields = columns
        .iter()
        .map(|(name, values)| Field::new(*name, values.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, values)| values);
    RecordBatch::try_new(schema, columns.collect()).expect("the columns are of one length")
}

pub(super) fn stream_of(
    batches: Vec<RecordBatch>,
    failure: Option<&str>,
) -> SendableRecordBatchStream {
    let schema = batches[0].schema();
    let failure = failure.map(|text| Err(DataFusionError::Execution(text.to_owned())));
    let items = batches.into_iter().map(Ok).chain(failure);
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(items)))
}

pub(super) fn print(
    batches: Vec<RecordBatch>,
    format: Format,
    terminal_width: Option<usize>,
) -> String {
    let mut out = Vec::new();
    let expected: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let stream = stream_of(batches, None);
    let rows = write_to(stream, format, terminal_width, &mut out, "test".to_owned());
    assert_eq!(block_on(rows).expect("a buffer takes all"), expected);
    String::from_utf8(out).expect("output is UTF-8")
}

#[track_caller]
fn check(columns: NamedColumns, format: Format, expected: &str) {
    assert_eq!(print(vec![batch(columns)], format, None), expected);
}

#[track_caller]
fn check_terminal(columns: NamedColumns, terminal_width: usize, expected: &str) {
    let out = print(vec![batch(columns)], Format::Table, Some(terminal_width));
    assert_eq!(out, expected);
    for line in out.lines() {
        assert!(width(line) <= terminal_width, "{line:?} is too wide");
    }
}

const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

pub(super) fn sample() -> NamedColumns {
    vec![
        ("id", Arc::new(Int64Array::from(vec![Some(7), None]))),
        ("name", texts(&[Some("日本"), Some("")])),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![1_772_366_400_000_000, -1_500_000])
                    .with_timezone("+02:00"),
            ),
        ),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
                Some(vec![Some(1), None]),
                Some(vec![]),
            ])),
        ),
        (
            "raw",
            Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
        ),
    ]
}

#[test]
fn table_shows_every_kind_of_value() {
    let expected = "\
id  name  at                      ok    tags       raw
--  ----  ----------------------  ----  ---------  ----
 7  日本  2026-03-01T12:00:00Z    true  [1, null]  00ff
          1969-12-31T23:59:58.500Z        []
(2 rows)
";
    let expected = expected
        .replace("----------------------", "------------------------")
        .replace("at                      ok", "at                        ok")
        .replace("12:00:00Z    true", "12:00:00Z      true");
    check(sample(), Format::Table, &expected);
    check_terminal(sample(), 80, &expected);
}

#[test]
fn json_keeps_types_and_nulls() {
    let first = r#"{"id":7,"name":"日本","at":"2026-03-01T12:00:00Z","ok":true,"tags":[1,null],"raw":"00ff"}"#;
    let second =
        r#"{"id":null,"name":"","at":"1969-12-31T23:59:58.500Z","ok":null,"tags":[],"raw":null}"#;
    check(
        sample(),
        Format::Json,
        &format!("[\n{first},\n{second}\n]\n"),
    );
    check(sample(), Format::Ndjson, &format!("{first}\n{second}\n"));
}

#[test]
fn csv_tells_null_from_empty() {
    check(
        sample(),
        Format::Csv,
        "id,name,at,ok,tags,raw\n\
         7,日本,2026-03-01T12:00:00Z,true,\"[1, null]\",00ff\n\
         ,\"\",1969-12-31T23:59:58.500Z,,[],\n",
    );
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let hostile = || -> NamedColumns {
        let text = "\x1b[2J\u{202e}a\nb\t\"c\\\u{9b}";
        vec![("na\x1bme\u{2066}", texts(&[Some(text)]))]
    };
    check(
        hostile(),
        Format::Table,
        "na\\x1bme\\u{2066}\n------------------------------\n\
         \\x1b[2J\\u{202e}a\\nb\\t\"c\\\\u{9b}\n(1 row)\n",
    );
    check(
        hostile(),
        Format::Ndjson,
        "{\"na\\u001bme\\u2066\":\"\\u001b[2J\\u202ea\\nb\\t\\\"c\\\\\\u009b\"}\n",
    );
    check(
        hostile(),
        Format::Csv,
        "na\\x1bme\\u{2066}\n\"\\x1b[2J\\u{202e}a\nb\t\"\"c\\\\u{9b}\"\n",
    );
}

#[test]
fn csv_is_safe_in_spreadsheets() {
    let cells = [
        "=1+1",
        " @x",
        "＝cmd",
        "\tx",
        "-5",
        "a,b",
        "say \"hi\"",
        "a\rb",
    ];
    let columns: NamedColumns = vec![
        ("=name", texts(&cells.map(Some))),
        ("number", Arc::new(Int64Array::from(vec![-5; 8]))),
    ];
    check(
        columns,
        Format::Csv,
        "'=name,number\n'=1+1,-5\n\"' @x\",-5\n'＝cmd,-5\n\"'\tx\",-5\n'-5,-5\n\"a,b\",-5\n\
         \"say \"\"hi\"\"\",-5\na\\rb,-5\n",
    );
}

#[test]
fn long_cells_are_wrapped_to_the_terminal() {
    let columns = || -> NamedColumns {
        vec![
            ("key", texts(&[Some("alias/a"), Some(ARN), Some("alias/b")])),
            ("count", Arc::new(Int64Array::from(vec![1, 1_234_567, 3]))),
            (
                "note",
                texts(&[
                    None,
                    Some("日本語日本語日本語日本語日本語日本語"),
                    Some("x"),
                ]),
            ),
        ]
    };
    let expected = "\
key                                    count  note
-----------------------------------  -------  ----------------------------------
alias/a                                    1

arn:aws:kms:eu-central-1:            1234567  日本語日本語日本語日本語日本語日本
123456789012:key/1234abcd-12ab-               語
34cd-56ef-1234567890ab

alias/b                                    3  x
(3 rows)
";
    check_terminal(columns(), 80, expected);
}

#[test]
fn what_does_not_fit_becomes_records() {
    let columns: NamedColumns = vec![
        ("key", texts(&[Some(ARN), None])),
        ("a_rather_long_column_name", texts(&[Some("x"), Some("y")])),
        ("n", Arc::new(Int64Array::from(vec![1, 2]))),
        (
            "m",
            texts(&[Some("日本語日本語日本語日本語日本語日本語"), None]),
        ),
    ];
    let expected = "\
-- row 1 --
key:           arn:aws:kms:eu-
               central-1:
               123456789012:
               key/1234abcd-
               12ab-34cd-56ef-
               1234567890ab
a_rather_long_column_name:
               x
n:             1
m:             日本語日本語日
               本語日本語日本
               語日本語
-- row 2 --
key:
a_rather_long_column_name:
               y
n:             2
m:
(2 rows)
";
    check_terminal(columns, 30, expected);
}

#[test]
fn no_rows_is_an_answer() {
    let none = || -> NamedColumns { vec![("id", texts(&[])), ("a,b", texts(&[]))] };
    check(none(), Format::Table, "id  a,b\n--  ---\n(0 rows)\n");
    check(none(), Format::Json, "[]\n");
    check(none(), Format::Ndjson, "");
    check(none(), Format::Csv, "id,\"a,b\"\n");
    let many = (0..9).map(|_| ("a_name", texts(&[])));
    let expected = format!("{}(0 rows)\n", "a_name:\n".repeat(9));
    check_terminal(many.collect(), 40, &expected);
}

#[test]
fn columns_of_one_name_are_told_apart() {
    let twice =
        || -> NamedColumns { vec![("id", texts(&[Some("a")])), ("id", texts(&[Some("b")]))] };
    check(twice(), Format::Ndjson, "{\"id\":\"a\",\"id_2\":\"b\"}\n");
    check(twice(), Format::Csv, "id,id_2\na,b\n");
    check(twice(), Format::Table, "id  id\n--  --\na   b\n(1 row)\n");
    assert_eq!(
        unique_names(["a", "a", "a_2", "a"]),
        ["a", "a_3", "a_2", "a_4"]
    );
}

#[test]
fn rows_beyond_the_layout_are_streamed() {
    let short = |rows: usize| batch(vec![("n", texts(&vec![Some("abc"); rows]))]);
    let late = batch(vec![("n", texts(&[Some("abcdefgh")]))]);
    let batches = vec![short(TABLE_ROWS_MAX - 1), short(3), late.clone()];
    let piped = print(batches.clone(), Format::Table, None);
    assert!(piped.ends_with("abc\nabcdefgh\n(10003 rows)\n"));
    let shown = print(batches, Format::Table, Some(80));
    assert!(shown.ends_with("abc\n\nabc\ndef\ngh\n(10003 rows)\n"));
}

#[test]
fn null_columns_are_exported() {
    let columns: NamedColumns = vec![
        ("n", Arc::new(NullArray::new(2))),
        ("s", texts(&[None, Some("x")])),
    ];
    assert_eq!(columns[0].1.data_type(), &DataType::Null);
    check(columns, Format::Csv, "n,s\n,\n,x\n");
}
