//! What became of one log object: the numbers that the ledger keeps.

use serde::Serialize;

/// How many rejected records an object's ledger row describes; all are counted.
pub const REJECTS_KEPT_MAX: usize = 100;

/// What an object contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectKind {
    /// Management and data events.
    Log,
    /// A digest: hashes of log files.
    Digest,
    /// Insight events.
    Insight,
    /// Aggregated events, which have another shape.
    Aggregated,
    /// Network activity events.
    NetworkActivity,
    /// It is not known.
    #[default]
    Unknown,
}

impl ObjectKind {
    /// The word in the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Digest => "digest",
            Self::Insight => "insight",
            Self::Aggregated => "aggregated",
            Self::NetworkActivity => "network_activity",
            Self::Unknown => "unknown",
        }
    }
}

/// Why an object or a record was not taken, as a short code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The object has no bytes.
    Empty,
    /// The gzip ends in the middle.
    GzipTruncated,
    /// The gzip is corrupt.
    GzipCorrupt,
    /// Other bytes follow the gzip.
    GzipTrailing,
    /// The text ends in the middle.
    JsonTruncated,
    /// The text is no JSON.
    JsonDamaged,
    /// The object is an archive, compressed in another way than with gzip, or text that is no JSON.
    OtherFormat,
    /// The JSON contains no CloudTrail records, or the record has no `eventSource`.
    WrongShape,
    /// A record is no JSON object.
    NotAnObject,
    /// A record is no JSON.
    RecordSyntax,
    /// A record is no UTF-8.
    RecordUtf8,
    /// A record is longer than the limit.
    RecordBytes,
    /// A record is nested deeper than the limit.
    RecordDepth,
    /// A record has no readable `eventTime`.
    EventTime,
    /// The object has more text than the limit.
    ObjectBytes,
    /// The compression ratio is above the limit.
    CompressionRatio,
    /// The object could not be read.
    Unreadable,
    /// The object's storage class needs a restore first.
    Archived,
}

impl Reason {
    /// The code in the ledger.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::GzipTruncated => "gzip_truncated",
            Self::GzipCorrupt => "gzip_corrupt",
            Self::GzipTrailing => "gzip_trailing",
            Self::JsonTruncated => "json_truncated",
            Self::JsonDamaged => "json_damaged",
            Self::OtherFormat => "other_format",
            Self::WrongShape => "wrong_shape",
            Self::NotAnObject => "not_an_object",
            Self::RecordSyntax => "record_syntax",
            Self::RecordUtf8 => "record_utf8",
            Self::RecordBytes => "record_bytes",
            Self::RecordDepth => "record_depth",
            Self::EventTime => "event_time",
            Self::ObjectBytes => "object_bytes",
            Self::CompressionRatio => "compression_ratio",
            Self::Unreadable => "unreadable",
            Self::Archived => "archived",
        }
    }
}

/// A record that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Its place in the object, from 0.
    pub record: u64,
    /// Where it begins in the uncompressed text.
    pub offset: u64,
    /// Why.
    pub reason: Reason,
    /// The same in words.
    pub message: String,
}

/// What a digest says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestFacts {
    /// The start of its hour, in microseconds.
    pub start_time: Option<i64>,
    /// The end of its hour, in microseconds.
    pub end_time: Option<i64>,
    /// The object of the digest before it.
    pub previous: Option<String>,
    /// The hash of the digest before it.
    pub previous_hash: Option<String>,
    /// Its signature in hex, where one was stored with it.
    pub signature: Option<String>,
    /// The algorithm of its signature.
    pub signature_algorithm: Option<String>,
    /// The fingerprint of the public key.
    pub public_key_fingerprint: Option<String>,
    /// The whole digest, as canonical JSON.
    pub content: Option<String>,
}

/// The numbers of one object.
///
/// `records` = `kms_records` + `trail_records` + `not_wanted` + `rejected`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectReport {
    /// What the object contains.
    pub kind: ObjectKind,
    /// How its records are packed.
    pub shape: Option<&'static str>,
    /// Bytes of text read.
    pub json_bytes: u64,
    /// Complete records found.
    pub records: u64,
    /// KMS events among them, taken.
    pub kms_records: u64,
    /// Events for `trail_events` among them, taken.
    pub trail_records: u64,
    /// Events of no concern.
    pub not_wanted: u64,
    /// Records that were not taken.
    pub rejected: u64,
    /// The first of these, at most [`REJECTS_KEPT_MAX`].
    pub rejects: Vec<Reject>,
    /// Why the object was damaged or rejected, with the same in words.
    pub damage: Option<(Reason, String)>,
    /// Where the damage begins in the uncompressed text.
    pub damage_offset: Option<u64>,
    /// The limit that rejected the object or a record, as `name=value`.
    pub limit: Option<String>,
    /// The earliest event time of its wanted records, or of all where its path has no time, in microseconds.
    pub min_event_time: Option<i64>,
    /// The latest.
    pub max_event_time: Option<i64>,
    /// For digests, what it says of itself.
    pub digest: Option<DigestFacts>,
    /// SHA-256 of the text in hex, where it was asked for and the text was whole.
    pub sha256: Option<String>,
    /// Whether the text may be CloudTrail's: it contains a record or a digest, begins like one, or that is not known.
    pub may_be_log: bool,
    /// Whether neither the name nor the text is CloudTrail's.
    pub is_foreign: bool,
}

impl ObjectReport {
    /// Counts the time of a record to those of the object.
    pub(super) fn note_time(&mut self, time: i64) {
        self.min_event_time = Some(self.min_event_time.map_or(time, |min| min.min(time)));
        self.max_event_time = Some(self.max_event_time.map_or(time, |max| max.max(time)));
    }

    /// The report of an object that could not be opened.
    #[must_use]
    pub fn unreadable(path_kind: Option<ObjectKind>, error: &str) -> Self {
        Self {
            kind: path_kind.unwrap_or_default(),
            damage: Some((Reason::Unreadable, format!("reading failed: {error}"))),
            ..Self::default()
        }
    }

    /// The report of an object whose storage class needs a restore before it can be read.
    #[must_use]
    pub fn archived(path_kind: Option<ObjectKind>, message: String) -> Self {
        Self {
            kind: path_kind.unwrap_or_default(),
            damage: Some((Reason::Archived, message)),
            ..Self::default()
        }
    }

    /// The same object as one that is none of CloudTrail's: nothing in it counts as a record.
    #[must_use]
    pub fn into_foreign(self) -> Self {
        let reason = self.first_reason();
        Self {
            damage: reason.map(|(reason, message)| (reason, message.to_owned())),
            json_bytes: self.json_bytes,
            sha256: self.sha256,
            is_foreign: true,
            ..Self::default()
        }
    }

    /// `ok`, `damaged`, `rejected`, `unreadable`, `archived` or `foreign`: the word in the ledger.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match &self.damage {
            _ if self.is_foreign => "foreign",
            Some((Reason::Unreadable, _)) => "unreadable",
            Some((Reason::Archived, _)) => "archived",
            None if self.rejected == 0 => "ok",
            _ if self.records > self.rejected && !self.is_wrong_shape() => "damaged",
            _ => "rejected",
        }
    }

    /// The first reason of all, in short and in words.
    #[must_use]
    pub fn first_reason(&self) -> Option<(Reason, &str)> {
        let damage = self.damage.as_ref();
        damage
            .map(|(reason, message)| (*reason, message.as_str()))
            .or_else(|| {
                let reject = self.rejects.first()?;
                Some((reject.reason, reject.message.as_str()))
            })
    }

    /// Whether every record is accounted for.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.records == self.kms_records + self.trail_records + self.not_wanted + self.rejected
    }

    fn is_wrong_shape(&self) -> bool {
        matches!(self.damage, Some((Reason::WrongShape, _)))
    }
}
