//! Decodes bytes and holds what came out, with the checks that hold for every object.

use std::io::Read;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use keytrail::decode::{Decoder, Input, Limits, ObjectId, ObjectReport, Rows, original_event};

use crate::corpus::shelf;

/// What one object gave.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) report: ObjectReport,
    pub(crate) kms: Vec<RecordBatch>,
    pub(crate) trail: Vec<RecordBatch>,
    /// The original events of all rows.
    pub(crate) originals: Vec<String>,
}

/// One row of an event table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

/// Decodes in both ways, from memory and from a stream of odd pieces, which must agree.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    decode_within(Limits::default(), bytes)
}

/// The same, within limits.
pub(crate) fn decode_within(limits: Limits, bytes: &[u8]) -> Decoded {
    let whole = decode_input(limits, Input::Whole(bytes));
    let mut pieces = Pieces { bytes, len: 997 };
    let stream = decode_input(limits, Input::Stream(&mut pieces));
    assert_eq!(whole.report, stream.report, "whole and stream agree");
    assert_eq!(whole.originals, stream.originals);
    whole
}

/// Decodes in one way, and checks what holds for every object.
pub(crate) fn decode_input(limits: Limits, input: Input<'_>) -> Decoded {
    let mut decoder = Decoder::new(limits);
    let id = ObjectId {
        object_id: "object",
        path_kind: None,
        is_dated: true,
    };
    let mut rows: Vec<Rows> = Vec::new();
    let report = decoder
        .decode(id, input, &mut |some| {
            rows.push(some);
            Ok::<_, ArrowError>(())
        })
        .expect("columns can be built");
    rows.push(decoder.take().expect("columns can be built"));
    let (kms, trail) = rows.into_iter().map(|rows| (rows.kms, rows.trail)).unzip();
    let mut decoded = Decoded {
        report,
        kms,
        trail,
        originals: Vec::new(),
    };
    decoded.originals = decoded
        .all_rows()
        .iter()
        .map(|row| row.original())
        .collect();
    decoded.check();
    decoded
}

impl Decoded {
    /// Rows of `kms_events`, in order.
    pub(crate) fn kms_rows(&self) -> Vec<Row<'_>> {
        rows(&self.kms)
    }

    /// Rows of both tables.
    pub(crate) fn all_rows(&self) -> Vec<Row<'_>> {
        [rows(&self.kms), rows(&self.trail)].concat()
    }

    /// The ids of the KMS events.
    pub(crate) fn ids(&self) -> Vec<String> {
        let rows = self.kms_rows();
        rows.iter().map(|row| row.shown("event_id")).collect()
    }

    /// The code of the first reason, or `ok`.
    pub(crate) fn reason(&self) -> &'static str {
        self.report
            .first_reason()
            .map_or("ok", |(reason, _)| reason.code())
    }

    fn check(&self) {
        let report = &self.report;
        assert!(report.is_conserved(), "{report:?}");
        assert_eq!(rows(&self.kms).len() as u64, report.kms_records);
        assert_eq!(rows(&self.trail).len() as u64, report.trail_records);
        let is_ok = report.damage.is_none() && report.rejected == 0;
        assert_eq!(report.state() == "ok", is_ok);
        let mut numbers: Vec<i64> = self.all_rows().iter().map(|row| row.number()).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
        for original in &self.originals {
            serde_json::from_str::<serde::de::IgnoredAny>(original).expect("a row gives JSON");
        }
    }
}

fn rows(batches: &[RecordBatch]) -> Vec<Row<'_>> {
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |index| Row { batch, index }))
        .collect()
}

impl Row<'_> {
    /// The value of a column as text; `null` where there is none.
    pub(crate) fn shown(self, column: &str) -> String {
        let values = self.batch.column_by_name(column).expect(column);
        if values.is_null(self.index) {
            return "null".to_owned();
        }
        array_value_to_string(values, self.index).expect(column)
    }

    /// `content_hash`.
    pub(crate) fn hash(self) -> Vec<u8> {
        let hashes = self.batch.column_by_name("content_hash").expect("a column");
        hashes.as_binary::<i32>().value(self.index).to_vec()
    }

    /// `record_number`.
    pub(crate) fn number(self) -> i64 {
        self.shown("record_number").parse().expect("a number")
    }

    /// The event, put together again.
    pub(crate) fn original(self) -> String {
        original_event(self.batch, self.index).expect("all columns are there")
    }
}

/// Reads a slice a few bytes at a time.
pub(crate) struct Pieces<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) len: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.len.min(buffer.len()).min(self.bytes.len());
        let (head, tail) = self.bytes.split_at(len);
        buffer[..len].copy_from_slice(head);
        self.bytes = tail;
        Ok(len)
    }
}

/// Text as one gzip member.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    shelf::gzip(text, flate2::Compression::default()).expect("memory takes all")
}

/// As much text as another reader gets out of a gzip, before it stops.
pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut reader = flate2::bufread::MultiGzDecoder::new(bytes);
    let mut text = Vec::new();
    let mut piece = [0; 256];
    while let Ok(len @ 1..) = reader.read(&mut piece) {
        text.extend_from_slice(&piece[..len]);
    }
    text
}

/// A KMS event as CloudTrail writes it.
pub(crate) fn kms_event(id: &str) -> String {
    event("kms.amazonaws.com", "Decrypt", id)
}

/// An event of any service.
pub(crate) fn event(source: &str, name: &str, id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/Alice"}},"eventTime":"2026-03-01T12:00:00Z","eventSource":"{source}","eventName":"{name}","awsRegion":"us-east-1","requestParameters":{{"encryptionContext":{{"number":"{id}"}},"keyId":"alias/\"{id}\""}},"eventID":"{id}","resources":[{{"ARN":"arn:aws:kms:us-east-1:111122223333:key/{id}"}}],"recipientAccountId":"111122223333"}}"#
    )
}

/// `{"Records":[…]}`.
pub(crate) fn records(events: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, events.join(","))
}
