//! Whether a text begins as CloudTrail's do, for objects whose name does not tell what they are.
//!
//! Enters: the first bytes of an object's text. Leaves: false only where no CloudTrail record begins there.

use memchr::memmem;

use super::report::ObjectReport;

/// So much of a text is looked at.
const START_BYTES: usize = 4096;

/// How an object's text begins.
#[derive(Debug, Default)]
pub(super) struct Start(Vec<u8>);

impl Start {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps what is not there yet of the beginning.
    pub(super) fn keep(&mut self, text: &[u8]) {
        let room = START_BYTES - self.0.len();
        self.0.extend_from_slice(&text[..room.min(text.len())]);
    }

    /// Whether the object may be CloudTrail's, though no record was found; what cannot be unpacked may be anything.
    pub(super) fn may_be_log(&self, report: &ObjectReport, is_cut_off: bool) -> bool {
        report.digest.is_some() || may_be_log(&self.0) || (self.0.is_empty() && is_cut_off)
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
    NAMES
        .iter()
        .any(|name| memmem::find(&plain, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::may_be_log;

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
