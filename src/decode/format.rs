//! What an object is that contains no JSON, by how it begins.
//!
//! Enters: the beginning of a text. Leaves: what to say of it. Archives and other compressions are known
//! by their magic numbers; text only where the decoder has found no JSON in it.

use super::inflate::is_gzip;
use super::utf16::Utf16;

/// So much of the beginning of a text is looked at: the header of a tar archive.
pub(super) const HEAD_BYTES: usize = 512;

/// How archives, compressed files and tables begin.
const MAGIC: [(&[u8], &str); 15] = [
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "compressed with bzip2: decompress it first"),
    (b"\xfd7zXZ\0", "compressed with xz: decompress it first"),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd: decompress it first",
    ),
    (
        b"\x04\x22\x4d\x18",
        "compressed with lz4: decompress it first",
    ),
    (
        b"\xff\x06\0\0sNaPpY",
        "compressed with Snappy: decompress it first",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"PAR1", "a Parquet file, not CloudTrail's JSON"),
    (b"ORC", "an ORC file, not CloudTrail's JSON"),
    (b"Obj\x01", "an Avro file, not CloudTrail's JSON"),
    (
        b"SQLite format 3\0",
        "an SQLite database, not CloudTrail's JSON",
    ),
    (b"%PDF-", "a PDF, not CloudTrail's JSON"),
    (b"\x89PNG\r\n", "a PNG image, not CloudTrail's JSON"),
];

/// Whether a text begins as JSON with records does.
pub(super) fn is_json_begun(text: &[u8]) -> bool {
    matches!(text, [b'{' | b'[', second, ..] if *second != 0)
}

/// Whether a text must be looked at more closely before it is treated as UTF-8.
pub(super) fn is_encoded(text: &[u8]) -> bool {
    !is_json_begun(text)
        && (is_gzip(text) || Utf16::detect(text).is_some() || binary(text).is_some())
}

/// What an object is that is not text.
pub(super) fn binary(head: &[u8]) -> Option<&'static str> {
    if is_json_begun(head) {
        return None;
    }
    if is_tar(head) {
        return Some("a tar archive: unpack it first");
    }
    if is_zlib(head) {
        return Some("compressed with zlib: decompress it first");
    }
    MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, format)| *format)
}

/// What a text is in which there is no JSON.
pub(super) fn text(head: &[u8]) -> Option<&'static str> {
    // What was cut at the limit may end within a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_json = text.starts_with(['{', '}', '[', ']', ':', ','])
        || ["\"Records\"", "\"eventVersion\"", "\"eventSource\""]
            .iter()
            .any(|name| text.contains(name) && !is_yaml(text));
    let has_controls = text
        .chars()
        .any(|character| character.is_control() && !character.is_whitespace());
    if text.is_empty() || is_json || has_controls {
        return None;
    }
    let line = text.lines().next().unwrap_or_default();
    Some(if text.starts_with('<') {
        "XML or HTML, not CloudTrail's JSON"
    } else if is_yaml(text) {
        "YAML, not JSON: save the events as JSON"
    } else if line.matches(',').count() > 1 {
        "a CSV file, in which most of an event is missing: save the events as JSON"
    } else if line.starts_with('"') {
        return None;
    } else {
        "plain text, not CloudTrail's JSON"
    })
}

/// A document's mark, an element, or a member.
fn is_yaml(text: &str) -> bool {
    text.lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with(['#', '%']))
        .is_some_and(|line| {
            let line = line.strip_prefix("- ").unwrap_or(line).trim_end();
            let is_member = line.split_once(':').is_some_and(|(name, value)| {
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.'\"".contains(&byte);
                // A quoted name and what ends in a comma are of JSON that lacks its beginning.
                !value.ends_with(',')
                    && name.bytes().all(is_name)
                    && !name.is_empty()
                    && (value.is_empty() || value.starts_with(' '))
            });
            line == "---" || is_member
        })
}

/// Whether the sum of the first block is what its header says, as in every tar archive.
fn is_tar(head: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let Some(block) = head.get(..HEAD_BYTES) else {
        return false;
    };
    let written = block[SUM]
        .iter()
        .skip_while(|byte| **byte == b' ')
        .take_while(|byte| matches!(byte, b'0'..=b'7'))
        .fold(0, |sum, digit| sum * 8 + u32::from(digit - b'0'));
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if SUM.contains(&at) { b' ' } else { *byte })
        .map(u32::from)
        .sum();
    written == sum
}

/// Whether the two bytes of a zlib header have a sum that proves them.
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..]
        if (0x7800 + u32::from(*flags)) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use super::{binary, text};

    #[test]
    fn text_is_named_by_how_it_begins() {
        let starts = [
            ("<?xml version=\"1.0\"?><a/>", Some("XML")),
            ("\n <html>", Some("XML")),
            ("---\nEvents: []\n", Some("YAML")),
            (
                "# saved\nEvents:\n- CloudTrailEvent: '{\"eventVersion\":1}'\n",
                Some("YAML"),
            ),
            ("- EventId: x\n", Some("YAML")),
            ("User name,Event time,Event source\nx,y,z\n", Some("a CSV")),
            ("\"User name\",\"Event time\",\"x\"\n", Some("a CSV")),
            ("\u{feff}User name,Event time,Event source\n", Some("a CSV")),
            ("Permission Check Successful", Some("plain text")),
            (
                "2 111122223333 eni-1 192.0.2.1 - - ACCEPT OK\n",
                Some("plain text"),
            ),
            ("ecords\":[{\"eventVersion\":\"1.11\"}]}", None),
            ("}", None),
            ("\"text", None),
            ("a\0b", None),
            ("", None),
        ];
        for (head, expected) in starts {
            let found = text(head.as_bytes());
            assert_eq!(found.is_some(), expected.is_some(), "{head}: {found:?}");
            let (found, expected) = (found.unwrap_or_default(), expected.unwrap_or_default());
            assert!(found.starts_with(expected), "{head}: {found}");
        }
        // Cut within a character, and no UTF-8 at all.
        assert!(text(b"plain \xc3").is_some());
        assert!(text(b"plain \xff text").is_none());
    }

    #[test]
    fn a_zlib_header_is_more_than_a_letter() {
        assert!(binary(b"x\x9c\x01").is_some());
        assert!(binary(b"x^2").is_some());
        assert!(binary(b"xyz").is_none());
        assert!(binary(b"BZ").is_none());
    }
}
