//! Every Arrow type that a statement can make.

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow::record_batch::RecordBatch;
use datafusion::prelude::SessionContext;

use super::tests::{print, stream_of};
use super::{Format, write_to};

/// One row of every type that a statement can make, and one row of nulls of the same types.
const EVERY_TYPE: &str = "
WITH one AS (SELECT
  1 AS i, -1.5e300 AS f, 'NaN'::double AS nan, 'inf'::float AS inf, arrow_cast(1.5, 'Float16') AS half,
  1.50::decimal(10,2) AS d, arrow_cast(120, 'Decimal256(50, 2)') AS d256, true AS b,
  arrow_cast(18446744073709551615, 'UInt64') AS u,
  'x' AS s, arrow_cast('x', 'LargeUtf8') AS ls, arrow_cast('x', 'Utf8View') AS sv,
  arrow_cast('x', 'Dictionary(Int32, Utf8)') AS ds, arrow_cast(5, 'Dictionary(Int32, Int64)') AS di,
  arrow_cast('x', 'Dictionary(Int8, Utf8View)') AS dv,
  arrow_cast('x', 'Binary') AS bin, arrow_cast('x', 'LargeBinary') AS lbin,
  arrow_cast('x', 'BinaryView') AS vbin, arrow_cast(arrow_cast('x', 'Binary'), 'FixedSizeBinary(1)') AS fbin,
  date '2026-03-01' AS d32, arrow_cast(date '2026-03-01', 'Date64') AS d64, time '12:00:00' AS t,
  arrow_cast(arrow_cast(1, 'Int32'), 'Time32(Second)') AS t32,
  arrow_cast(1, 'Timestamp(Second, None)') AS ts, arrow_cast(1, 'Timestamp(Millisecond, Some(\"+01:00\"))') AS tms,
  arrow_cast(1, 'Timestamp(Microsecond, Some(\"UTC\"))') AS tus, arrow_cast(1, 'Timestamp(Nanosecond, None)') AS tns,
  arrow_cast(9223372036854775807, 'Timestamp(Second, None)') AS late,
  interval '1 month 2 days 3 seconds' AS iv, interval '1 year' AS iy,
  arrow_cast(3600, 'Duration(Second)') AS du,
  [1, NULL] AS l, arrow_cast([1], 'LargeList(Int64)') AS ll, arrow_cast([1, 2], 'FixedSizeList(2, Int64)') AS fl,
  [[1], []] AS nested, [interval '1 day'] AS li, [NULL] AS ln,
  named_struct('a', 1, 'b', ['x']) AS st, MAP {'k': 1, 'l': NULL} AS m, NULL AS n
) SELECT one.* FROM one UNION ALL SELECT two.* FROM (VALUES (1)) LEFT JOIN one AS two ON false";

async fn every_type() -> Vec<RecordBatch> {
    let frame = SessionContext::new()
        .sql(EVERY_TYPE)
        .await
        .expect("planned");
    let mut batches = frame.collect().await.expect("run");
    batches.retain(|batch| batch.num_rows() > 0);
    batches
}

#[tokio::test]
async fn every_type_is_printed() {
    let batches = every_type().await;
    let out = print(batches.clone(), Format::Ndjson, None);
    let expected = [
        r#"{"i":1,"f":-1.5e300,"nan":"NaN","inf":"inf","half":1.5,"d":1.50,"d256":120.00,"b":true"#,
        r#","u":18446744073709551615,"s":"x","ls":"x","sv":"x","ds":"x","di":5,"dv":"x""#,
        r#","bin":"78","lbin":"78","vbin":"78","fbin":"78","d32":"2026-03-01""#,
        r#","d64":"2026-03-01T00:00:00","t":"12:00:00","t32":"00:00:01""#,
        r#","ts":"1970-01-01T00:00:01Z","tms":"1970-01-01T00:00:00.001Z""#,
        r#","tus":"1970-01-01T00:00:00.000001Z","tns":"1970-01-01T00:00:00.000000001Z""#,
        r#","late":"<9223372036854775807 s since 1970 is out of range>""#,
        r#","iv":"1 mons 2 days 3.000000000 secs","iy":"12 mons","du":"PT3600S","l":[1,null]"#,
        r#","ll":[1],"fl":[1,2],"nested":[[1],[]],"li":["1 days"],"ln":[null]"#,
        r#","st":{"a":1,"b":["x"]},"m":{"k":1,"l":null},"n":null}"#,
    ];
    let lines = out.lines().collect::<Vec<_>>();
    assert_eq!(lines[0], expected.concat());
    let nulls = serde_json::from_str::<serde_json::Value>(lines[1]).expect("valid JSON");
    let nulls = nulls.as_object().expect("an object");
    assert_eq!(nulls.len(), batches[0].num_columns());
    assert!(nulls.values().all(serde_json::Value::is_null));
    serde_json::from_str::<serde_json::Value>(lines[0]).expect("valid JSON");
}

#[tokio::test]
async fn parquet_is_read_back() {
    let batches = every_type().await;
    let mut out = Vec::new();
    let stream = stream_of(batches.clone(), None);
    let rows = write_to(stream, Format::Parquet, None, &mut out, "test".to_owned()).await;
    assert_eq!(rows.expect("written"), 2);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(out));
    let reader = reader.expect("parquet").build().expect("a reader");
    let read = reader.map(|batch| batch.expect("rows")).collect::<Vec<_>>();
    // A list of intervals is text there, and JSON as all text that has parts.
    let expected = print(batches, Format::Csv, None).replace("[1 days]", r#""[""1 days""]""#);
    assert_eq!(print(read, Format::Csv, None), expected);
}
