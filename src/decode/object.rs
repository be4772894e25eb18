//! One log object, from bytes to rows.

mod stream;
mod unwrap;

use std::io::Read;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use sha2::{Digest as _, Sha256};

use super::canonical::Canonical;
use super::classify::Classifier;
use super::columns::{EventColumns, RowOrigin};
use super::event::{Event, EventMembers, KMS, KmsFacts, text};
use super::facts::FACTS;
use super::format;
use super::inflate::{InflateFault, inflate_whole, is_gzip};
use super::interest::{Interest, event_time, look, names_source};
use super::json::{self, Tape, Value};
use super::report::{ObjectKind, ObjectReport, REJECTS_KEPT_MAX, Reason, Reject};
use super::shape::kind_of;
use super::split::{Packing, Piece, Splitter, Verdict};
use super::time::parse_event_time;
use crate::schema;

/// Rows are handed over when they contain this many bytes of text.
const ROWS_BYTES_MAX: usize = 8 << 20;
/// A gzip that says it contains more text than this is read as a stream.
const WHOLE_BYTES_MAX: usize = 64 << 20;

/// What one object may hold. Each limit has a flag of its name, and is named in the reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `--record-bytes-max`: the longest record.
    pub record_bytes_max: usize,
    /// `--depth-max`: the deepest nesting of a wanted record.
    pub depth_max: usize,
    /// `--object-bytes-max`: the most text of one object.
    pub object_bytes_max: u64,
    /// `--ratio-max`: the highest compression ratio, looked at beyond 64 MiB of text.
    pub ratio_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes_max: 16 << 20,
            depth_max: 256,
            object_bytes_max: 64 << 30,
            ratio_max: 500,
        }
    }
}

/// Names an object: what its rows carry, and what its path says of it.
#[derive(Debug, Clone, Copy)]
pub struct ObjectId<'a> {
    /// The ledger's id.
    pub object_id: &'a str,
    /// The kind that its path says.
    pub path_kind: Option<ObjectKind>,
    /// Whether its path says when it was delivered; otherwise its events do, also those that are not kept.
    pub is_dated: bool,
}

/// The bytes of an object.
pub enum Input<'a> {
    /// All of them.
    Whole(&'a [u8]),
    /// As they come.
    Stream(&'a mut dyn Read),
}

/// Rows for both event tables, without the store's columns.
#[derive(Debug)]
pub struct Rows {
    /// Rows for `kms_events`.
    pub kms: RecordBatch,
    /// Rows for `trail_events`.
    pub trail: RecordBatch,
}

/// Decodes object after object, reusing its buffers.
pub struct Decoder {
    limits: Limits,
    classifier: Classifier,
    inflater: libdeflater::Decompressor,
    buffer: Vec<u8>,
    records: Records,
    is_hashing: bool,
}

/// What is done with each record.
struct Records {
    limits: Limits,
    tape: Tape,
    inner_tape: Tape,
    canonical: Canonical,
    kms: EventColumns,
    trail: EventColumns,
    report: ObjectReport,
    object_id: String,
    start: super::begin::Start,
    /// Records that look like CloudTrail's.
    events: u64,
    /// Where the record begins that the first damage tears.
    torn_record: Option<u64>,
    /// What the first record says about the object.
    seen: Option<ObjectKind>,
    path_kind: Option<ObjectKind>,
    is_dated: bool,
    wrapper: Option<&'static str>,
    /// Whether it came from CloudWatch Logs, whose other log groups hold anything.
    is_logged: bool,
    /// Whether an envelope of CloudWatch Logs was seen.
    is_envelope: bool,
    /// The beginning of a text that does not begin like JSON.
    head: Vec<u8>,
}

impl Decoder {
    /// A decoder with its limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            classifier: Classifier::detect(),
            inflater: libdeflater::Decompressor::new(),
            buffer: Vec::new(),
            records: Records {
                limits,
                tape: Tape::default(),
                inner_tape: Tape::default(),
                canonical: Canonical::default(),
                kms: EventColumns::new(&schema::KMS_EVENTS),
                trail: EventColumns::new(&schema::TRAIL_EVENTS),
                report: ObjectReport::default(),
                object_id: String::new(),
                start: super::begin::Start::default(),
                events: 0,
                torn_record: None,
                seen: None,
                path_kind: None,
                is_dated: true,
                wrapper: None,
                is_logged: false,
                is_envelope: false,
                head: Vec::new(),
            },
            is_hashing: false,
        }
    }

    /// The same decoder; it computes SHA-256 of the text of each object if `is_hashing`.
    #[must_use]
    pub fn hashing(self, is_hashing: bool) -> Self {
        Self { is_hashing, ..self }
    }

    /// Decodes one object. Rows gather from object to object; when they are many, `hand_over` gets
    /// them, within a long object also before its end. See [`Decoder::take`] for the rest of them.
    ///
    /// # Errors
    /// If columns cannot be built, or what `hand_over` answers. Nothing in the bytes is an error.
    pub fn decode<E: From<ArrowError>>(
        &mut self,
        id: ObjectId<'_>,
        input: Input<'_>,
        hand_over: &mut dyn FnMut(Rows) -> Result<(), E>,
    ) -> Result<ObjectReport, E> {
        self.records.begin(id);
        let mut splitter = Splitter::new(self.classifier, self.limits.record_bytes_max);
        let fault = match input {
            Input::Whole(bytes) if self.whole(bytes, &mut splitter) => None,
            Input::Whole(mut bytes) => self.stream(&mut bytes, &mut splitter, hand_over)?,
            Input::Stream(reader) => self.stream(reader, &mut splitter, hand_over)?,
        };
        let report = self
            .records
            .finish(id, splitter.packing(), fault, self.limits);
        if self.is_full() {
            hand_over(self.take()?)?;
        }
        Ok(report)
    }

    /// Takes the rows that have gathered.
    ///
    /// # Errors
    /// If columns cannot be built.
    pub fn take(&mut self) -> Result<Rows, ArrowError> {
        Ok(Rows {
            kms: self.records.kms.finish()?,
            trail: self.records.trail.finish()?,
        })
    }

    fn is_full(&self) -> bool {
        self.records.kms.bytes() + self.records.trail.bytes() >= ROWS_BYTES_MAX
    }

    /// Reads an object that is in memory, if it is of the plain kind; false leaves it to the stream.
    fn whole(&mut self, bytes: &[u8], splitter: &mut Splitter) -> bool {
        let text_bytes_max = usize::try_from(self.limits.object_bytes_max)
            .map_or(WHOLE_BYTES_MAX, |limit| limit.min(WHOLE_BYTES_MAX));
        let text = if is_gzip(bytes) {
            let is_plain =
                inflate_whole(&mut self.inflater, bytes, &mut self.buffer, text_bytes_max);
            if !is_plain {
                return false;
            }
            self.buffer.as_slice()
        } else if bytes.len() <= text_bytes_max {
            bytes
        } else {
            return false;
        };
        if format::is_encoded(text) {
            return false;
        }
        let records = &mut self.records;
        records.begin_text(text);
        records.report.json_bytes = text.len() as u64;
        records.start.keep(text);
        if self.is_hashing {
            records.report.sha256 = Some(hex::encode(Sha256::digest(text)));
        }
        splitter.push(text, true, &mut |piece| records.piece(piece));
        if records.events == 0 {
            records.start.search(text);
        }
        true
    }
}

impl Records {
    fn begin(&mut self, id: ObjectId<'_>) {
        self.report = ObjectReport::default();
        self.object_id.clear();
        self.object_id.push_str(id.object_id);
        self.start.clear();
        self.path_kind = id.path_kind;
        self.is_dated = id.is_dated;
        self.events = 0;
        self.torn_record = None;
        self.seen = None;
        self.wrapper = None;
        self.is_logged = false;
        self.is_envelope = false;
    }

    fn begin_text(&mut self, text: &[u8]) {
        self.head.clear();
        if !format::is_json_begun(text) {
            self.head
                .extend_from_slice(&text[..text.len().min(format::HEAD_BYTES)]);
        }
    }

    /// The object contains something other than JSON.
    fn other_format(&mut self, format: &str) {
        self.report.damage = Some((Reason::OtherFormat, format.to_owned()));
        self.report.damage_offset = Some(0);
    }

    fn piece(&mut self, piece: Piece<'_>) -> Verdict {
        match piece {
            Piece::Record {
                offset,
                text,
                is_plain,
            } => return self.record(offset, text, is_plain),
            Piece::Line { offset, text } => self.line(offset, text),
            Piece::NotObject { offset } => {
                self.reject(offset, Reason::NotAnObject, "no JSON object".to_owned());
            }
            Piece::TooLong { offset } => {
                let limit = format!("record_bytes_max={}", self.limits.record_bytes_max);
                self.reject(offset, Reason::RecordBytes, format!("longer than {limit}"));
                self.report.limit.get_or_insert(limit);
            }
            Piece::Damage { offset, record } => self.damage(offset, record),
        }
        Verdict::Sound
    }

    fn record(&mut self, offset: u64, bytes: &[u8], is_plain: bool) -> Verdict {
        if bytes.first() == Some(&b'"') {
            return self.string(offset, bytes);
        }
        let interest = look(bytes, is_plain);
        // The first record is parsed in any case, since it shows what the object contains.
        if interest == Interest::None && self.seen.is_some() {
            self.events += 1;
            self.not_wanted();
            if !self.is_dated
                && let Some(time) = event_time(bytes)
            {
                self.report.note_time(time);
            }
            return Verdict::Sound;
        }
        let Ok(record) = std::str::from_utf8(bytes) else {
            return self.broken(
                offset,
                interest,
                Reason::RecordUtf8,
                "no valid UTF-8".to_owned(),
            );
        };
        let mut tape = std::mem::take(&mut self.tape);
        let verdict = match tape.parse(record, self.limits.depth_max) {
            Ok(value) => {
                self.value(offset, value, 0);
                Verdict::Sound
            }
            Err(json::JsonFault::Syntax(at)) => {
                let message = format!("no JSON at byte {}", offset + at as u64);
                self.broken(offset, interest, Reason::RecordSyntax, message)
            }
            Err(json::JsonFault::TooDeep) if interest == Interest::None => {
                self.events += 1;
                self.not_wanted();
                Verdict::Sound
            }
            Err(json::JsonFault::TooDeep) => {
                self.reject_deep(offset);
                Verdict::Sound
            }
        };
        self.tape = tape;
        verdict
    }

    /// A record that no parser takes; one that is not wanted is only looked at for its structure.
    fn broken(
        &mut self,
        offset: u64,
        interest: Interest,
        reason: Reason,
        message: String,
    ) -> Verdict {
        if interest == Interest::None {
            self.events += 1;
            self.not_wanted();
            Verdict::Sound
        } else {
            self.reject(offset, reason, message);
            Verdict::Broken
        }
    }

    fn event(&mut self, offset: u64, event: Value<'_>) {
        let members = EventMembers::read(event);
        let kind = kind_of(event, &members);
        let seen = *self.seen.get_or_insert(kind.unwrap_or_default());
        if kind.is_some() {
            self.events += 1;
            if seen == ObjectKind::Unknown {
                self.seen = kind;
            }
        }
        let source = text(members.event_source).unwrap_or_default();
        let name = text(members.event_name).unwrap_or_default();
        // The path alone does not make a whole event an aggregated one.
        let is_whole =
            members.event_id.is_some() && members.event_time.is_some() && members.user.is_some();
        let is_aggregated = kind == Some(ObjectKind::Aggregated)
            || (self.path_kind == Some(ObjectKind::Aggregated) && !is_whole);
        // What names no service may be anything, a KMS event in an unknown wrapping too.
        if source.is_empty() && self.is_logged && !names_source(event.raw().as_bytes()) {
            self.not_wanted();
            return;
        }
        if source.is_empty() && !is_aggregated && kind != Some(ObjectKind::Insight) {
            self.reject(
                offset,
                Reason::WrongShape,
                "the record has no eventSource".to_owned(),
            );
            return;
        }
        let is_kms = source == KMS && !is_aggregated;
        if !is_kms && (is_aggregated || !FACTS.is_trail_event(&source, &name)) {
            self.not_wanted();
            let time = text(members.event_time).filter(|_| !self.is_dated);
            if let Some(time) = time.and_then(|time| parse_event_time(&time)) {
                self.report.note_time(time);
            }
            return;
        }
        let Some(facts) = Event::read(&members) else {
            let written = members.event_time.map_or("absent", Value::raw);
            let shown: String = written.chars().take(64).collect();
            self.reject(
                offset,
                Reason::EventTime,
                format!("eventTime is unreadable: {shown}"),
            );
            return;
        };
        self.canonical.write(event);
        let hash = self.canonical.hash();
        let origin = RowOrigin {
            object_id: &self.object_id,
            record_number: i64::try_from(self.report.records).unwrap_or(i64::MAX),
        };
        if is_kms {
            let kms = KmsFacts::read(&facts, &name);
            self.kms
                .push_kms(&facts, &kms, &self.canonical, &hash, origin);
            self.report.kms_records += 1;
        } else {
            self.trail
                .push_trail(&facts, &self.canonical, &hash, origin);
            self.report.trail_records += 1;
        }
        self.report.records += 1;
        self.report.note_time(facts.time);
    }

    fn not_wanted(&mut self) {
        self.report.records += 1;
        self.report.not_wanted += 1;
    }

    fn reject_deep(&mut self, offset: u64) {
        let limit = format!("depth_max={}", self.limits.depth_max);
        self.reject(
            offset,
            Reason::RecordDepth,
            format!("nested deeper than {limit}"),
        );
        self.report.limit.get_or_insert(limit);
    }

    fn reject(&mut self, offset: u64, reason: Reason, message: String) {
        let report = &mut self.report;
        if report.rejects.len() < REJECTS_KEPT_MAX {
            report.rejects.push(Reject {
                record: report.records,
                offset,
                reason,
                message,
            });
        }
        report.records += 1;
        report.rejected += 1;
    }

    /// Keeps the first damage; all records it tears are missing, how many nobody can say.
    fn damage(&mut self, offset: u64, record: Option<u64>) {
        if self.report.damage.is_none() {
            let message = format!("the JSON is damaged at byte {offset}{}", in_record(record));
            self.torn_record = record;
            self.report.damage = Some((Reason::JsonDamaged, message));
            self.report.damage_offset = Some(offset);
        }
    }

    fn finish(
        &mut self,
        id: ObjectId<'_>,
        packing: Option<Packing>,
        fault: Option<InflateFault>,
        limits: Limits,
    ) -> ObjectReport {
        let mut report = std::mem::take(&mut self.report);
        report.shape = self.wrapper.or(match packing {
            None => None,
            Some(Packing::Records) => Some("records"),
            Some(Packing::Events) => Some("lookup_events"),
            Some(Packing::Filtered | Packing::LogEvents) => Some("cloudwatch_logs"),
            Some(Packing::Export) => Some("cloudwatch_export"),
            Some(Packing::Array) => Some("array"),
            Some(Packing::Bare) if report.digest.is_some() => None,
            Some(Packing::Bare) if report.records == 1 => Some("event"),
            Some(Packing::Bare) => Some("ndjson"),
        });
        let is_packed = matches!(
            packing,
            Some(Packing::Records | Packing::Events | Packing::Filtered | Packing::Array)
        );
        let is_envelope = self.is_envelope || packing == Some(Packing::LogEvents);
        report.kind = match self.seen {
            Some(ObjectKind::Log | ObjectKind::Unknown) | None => match id.path_kind {
                Some(kind) => kind,
                None if self.events > 0 || is_packed => ObjectKind::Log,
                None => ObjectKind::Unknown,
            },
            Some(kind) => kind,
        };
        report.may_be_log = self.events > 0 || self.start.may_be_log(&report, fault.is_some());
        if let Some(fault) = fault {
            name_fault(&mut report, fault, limits);
        } else if report
            .damage
            .as_ref()
            .is_some_and(|(reason, _)| *reason != Reason::OtherFormat)
            && report.records == report.rejected
            && let Some(format) = format::text(&self.head)
        {
            report.damage = Some((Reason::OtherFormat, format.to_owned()));
            report.damage_offset = Some(0);
        } else if report.damage.is_some() && report.damage_offset == Some(report.json_bytes) {
            let bytes = report.json_bytes;
            let torn = in_record(self.torn_record);
            let message = format!("the JSON ends in the middle, at byte {bytes}{torn}");
            report.damage = Some((Reason::JsonTruncated, message));
        } else if report.damage.is_none() && packing.is_none() && report.records == 0 {
            report.damage = Some((Reason::Empty, "the object has no text".to_owned()));
        } else if report.damage.is_none()
            && self.events == 0
            && report.digest.is_none()
            && id.path_kind.is_none_or(|kind| kind == ObjectKind::Log)
            && (report.records > 0 || !is_packed)
            // What else CloudWatch Logs sends is as it should be.
            && !(is_envelope && report.rejected == 0)
            // Where records were rejected for what they contain, the reasons of those stay.
            && report.rejects.iter().all(|reject| reject.reason == Reason::WrongShape)
        {
            let message = "the JSON has no CloudTrail record".to_owned();
            report.damage = Some((Reason::WrongShape, message));
        }
        assert!(report.is_conserved(), "every record is accounted for");
        report
    }
}

/// Which record is torn, for a message.
fn in_record(record: Option<u64>) -> String {
    record.map_or_else(String::new, |record| {
        format!(", in the record that begins at byte {record}")
    })
}

fn name_fault(report: &mut ObjectReport, fault: InflateFault, limits: Limits) {
    let bytes = report.json_bytes;
    let (reason, message, limit) = match fault {
        InflateFault::Truncated => (
            Reason::GzipTruncated,
            format!("the gzip ends in the middle, after {bytes} bytes of text"),
            None,
        ),
        InflateFault::Corrupt => (
            Reason::GzipCorrupt,
            format!("the gzip is corrupt after {bytes} bytes of text"),
            None,
        ),
        InflateFault::Trailing => (
            Reason::GzipTrailing,
            format!("bytes that are no gzip follow after {bytes} bytes of text"),
            None,
        ),
        InflateFault::Nested => (
            Reason::OtherFormat,
            "gzip within gzip, too large or too deep to read: unpack it once first".to_owned(),
            None,
        ),
        InflateFault::TooMuchText => {
            let limit = format!("object_bytes_max={}", limits.object_bytes_max);
            (
                Reason::ObjectBytes,
                format!("more text than {limit}"),
                Some(limit),
            )
        }
        InflateFault::Ratio => {
            let limit = format!("ratio_max={}", limits.ratio_max);
            (
                Reason::CompressionRatio,
                format!("a compression ratio above {limit}"),
                Some(limit),
            )
        }
        InflateFault::Read(error) => (
            Reason::Unreadable,
            format!("reading failed after {bytes} bytes of text: {error}"),
            None,
        ),
    };
    report.damage = Some((reason, message));
    report.damage_offset.get_or_insert(bytes);
    report.limit = limit.or(report.limit.take());
}
