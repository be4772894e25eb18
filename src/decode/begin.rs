//! Whether a text begins as CloudTrail's do, for objects whose name does not tell what they are.
//!
//! Enters: an object's text, piece by piece, as long as no event was found in it. Leaves: false only where no CloudTrail
//! record begins in it.

use memchr::memmem;

use super::report::ObjectReport;

/// So much of a text's beginning is kept: what it is packed in shows there.
const START_BYTES: usize = 4096;

/// How an object's text begins, and whether a name of CloudTrail's is anywhere in it.
#[derive(Debug, Default)]
pub(super) struct Start {
    head: Vec<u8>,
    /// The end of what was searched, in which a name may have begun.
    tail: Vec<u8>,
    has_name: bool,
}

impl Start {
    pub(super) fn clear(&mut self) {
        self.head.clear();
        self.tail.clear();
        self.has_name = false;
    }

    /// Keeps what is not there yet of the beginning.
    pub(super) fn keep(&mut self, text: &[u8]) {
        let room = START_BYTES - self.head.len();
        self.head.extend_from_slice(&text[..room.min(text.len())]);
    }

    /// Looks for the names in the next part of a text in which no event was found so far.
    pub(super) fn search(&mut self, text: &[u8]) {
        const OVERLAP: usize = 16;
        if self.has_name {
            return;
        }
        self.tail
            .extend_from_slice(&text[..OVERLAP.min(text.len())]);
        self.has_name = has_name(&self.tail) || has_name(text);
        if text.len() > OVERLAP {
            self.tail.clear();
            self.tail.extend_from_slice(&text[text.len() - OVERLAP..]);
        } else {
            let old = self.tail.len().saturating_sub(OVERLAP);
            self.tail.drain(..old);
        }
    }

    /// Whether the object may be CloudTrail's, though no record was found; what cannot be unpacked may be anything.
    pub(super) fn may_be_log(&self, report: &ObjectReport, is_cut_off: bool) -> bool {
        report.digest.is_some()
            || self.has_name
            || may_be_log(&self.head)
            || (self.head.is_empty() && is_cut_off)
    }
}

/// What the first bytes of an event, a page of events or a digest hold, also where they are text in a string.
const NAMES: [&[u8]; 5] = [
    b"eventSource",
    b"eventVersion",
    b"CloudTrailEvent",
    b"\"Records\"",
    b"digestStartTime",
];

/// How files begin that are packed, so that they may hold logs: ZIP, gzip within gzip, bzip2, xz, zstd, 7z, zlib.
const PACKED: [&[u8]; 10] = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    &[0x1F, 0x8B],
    b"BZh",
    &[0xFD, b'7', b'z', b'X', b'Z'],
    &[0x28, 0xB5, 0x2F, 0xFD],
    &[b'7', b'z', 0xBC, 0xAF],
    &[0x78, 0x01],
    &[0x78, 0x9C],
    &[0x78, 0xDA],
];
/// A tar says so here.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Whether a text that begins so may be CloudTrail's.
fn may_be_log(start: &[u8]) -> bool {
    let is_tar = start
        .get(TAR.0..)
        .is_some_and(|rest| rest.starts_with(TAR.1));
    if is_tar || PACKED.iter().any(|magic| start.starts_with(magic)) {
        return true;
    }
    // UTF-16 of these names is the same with zeros between.
    let plain: Vec<u8> = start.iter().copied().filter(|byte| *byte != 0).collect();
    has_name(&plain)
}

fn has_name(text: &[u8]) -> bool {
    NAMES.iter().any(|name| memmem::find(text, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::{Start, may_be_log};

    #[test]
    fn names_are_found_anywhere() {
        let text = format!(r#"{{"owner":"{}","Records":[{{"eventV"#, "x".repeat(9000));
        for size in [1, 5, 7, 4096, text.len()] {
            let mut start = Start::default();
            for piece in text.as_bytes().chunks(size) {
                start.keep(piece);
                start.search(piece);
            }
            assert!(start.has_name, "{size}");
        }
    }

    #[test]
    fn texts_of_cloudtrail_and_of_others() {
        for text in [
            r#"{"Records":[{"eventVer"#,
            r#" { "eventVersion" : "1.11""#,
            r#"{"awsAccountId":"111122223333","digestStartTime":"#,
            r#"{"logEvents":[{"message":"{\"eventVersion\":\"1.11\""#,
            "eventVersion: 1.11\n",
            "PK\u{3}\u{4}",
        ] {
            assert!(may_be_log(text.as_bytes()), "{text}");
        }
        let wide: Vec<u8> =
            r#"[{"eventSource":"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(may_be_log(&wide));
        let mut tar = b"AWSLogs/".to_vec();
        tar.resize(257, 0);
        tar.extend(b"ustar");
        assert!(may_be_log(&tar));
        for text in [
            "",
            "id,name\n111122223333,prod\n",
            r#"{"fileVersion":"1.0","configSnapshotId":"a","configurationItems":["#,
            r#"{"schemaVersion":"2.0","accountId":"111122223333","type":"x","service":{"eventFirstSeen":"#,
            "version account-id interface-id\n2 111122223333 eni-0a 10.0.0.1",
        ] {
            assert!(!may_be_log(text.as_bytes()), "{text}");
        }
    }
}
