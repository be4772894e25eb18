//! Encodings that are read, and formats that are named: UTF-16, gzip within gzip, archives, tables, text.

use std::io::Write as _;

use keytrail::decode::{Input, Limits};

use crate::decoded::{Decoded, decode, decode_input, decode_within, gzip, kms_event, records};

const ORDERS: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];

fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

fn named(bytes: &[u8]) -> Decoded {
    let decoded = decode(bytes);
    assert_eq!(
        (decoded.report.state(), decoded.reason()),
        ("rejected", "other_format"),
        "{:?}",
        decoded.report
    );
    assert_eq!(decoded.report.damage_offset, Some(0));
    decoded
}

fn message(decoded: &Decoded) -> &str {
    decoded
        .report
        .first_reason()
        .map_or("", |(_, message)| message)
}

#[test]
fn utf16_gives_the_same_events() {
    let text = records(&[kms_event("0").replace("Alice", "Älice 😀"), kms_event("1")]);
    let expected = decode(text.as_bytes());
    for order in ORDERS {
        for marked in [format!("\u{feff}{text}"), text.clone()] {
            let bytes = wide(&marked, order);
            for bytes in [gzip(&bytes), bytes] {
                let decoded = decode(&bytes);
                assert_eq!(decoded.report.state(), "ok", "{:?}", decoded.report);
                assert_eq!(decoded.originals, expected.originals);
            }
        }
    }
}

#[test]
fn utf16_that_is_cut_or_is_no_text_is_damage() {
    let events = [kms_event("0"), kms_event("1"), kms_event("2")];
    let text = format!("\u{feff}{}", records(&events));
    for order in ORDERS {
        let bytes = wide(&text, order);
        // In the middle of a unit, within the last event.
        let decoded = decode(&bytes[..bytes.len() - 9]);
        assert_eq!(decoded.ids(), ["0", "1"]);
        assert_eq!(decoded.report.state(), "damaged");
        // Half a surrogate pair in the user's name of the second event.
        let place =
            text.match_indices("Alice").nth(1).expect("it is there").0 - '\u{feff}'.len_utf8() + 1;
        let mut bytes = bytes.clone();
        bytes[2 * place..2 * place + 2].copy_from_slice(&order(0xd800));
        let decoded = decode(&bytes);
        assert_eq!(decoded.ids(), ["0", "2"]);
        assert_eq!(decoded.reason(), "record_utf8");
    }
}

#[test]
fn a_mark_between_joined_texts_changes_nothing() {
    let joined = format!("\u{feff}{}\n\u{feff}{}", kms_event("0"), kms_event("1"));
    let decoded = decode(joined.as_bytes());
    assert_eq!(
        (decoded.report.state(), decoded.ids()),
        ("ok", vec!["0".to_owned(), "1".to_owned()])
    );
}

#[test]
fn gzip_within_gzip_is_read_once() {
    let text = records(&[kms_event("0"), kms_event("1")]);
    let expected = decode(text.as_bytes());
    let parts: Vec<u8> = [kms_event("0"), kms_event("1")]
        .iter()
        .flat_map(|event| gzip(event.as_bytes()))
        .collect();
    for inner in [
        gzip(text.as_bytes()),
        parts,
        gzip(&wide(&text, u16::to_le_bytes)),
    ] {
        let decoded = decode(&gzip(&inner));
        assert_eq!(decoded.report.state(), "ok", "{:?}", decoded.report);
        assert_eq!(decoded.originals, expected.originals);
    }
    let third = named(&gzip(&gzip(&gzip(text.as_bytes()))));
    assert!(message(&third).contains("gzip within gzip"));
    // Cut in the outer, and in the inner one.
    let twice = gzip(&gzip(text.as_bytes()));
    assert_eq!(
        decode(&twice[..twice.len() - 20]).reason(),
        "gzip_truncated"
    );
    let inner = gzip(text.as_bytes());
    assert_eq!(
        decode(&gzip(&inner[..inner.len() - 12])).reason(),
        "gzip_truncated"
    );
}

#[test]
fn limits_hold_across_both_gzips() {
    let mut bomb = records(&[kms_event("0")]).into_bytes();
    bomb.pop();
    bomb.resize(200 << 20, b' ');
    // Once 200 MiB become 200 kB, and these less than 1 kB.
    let bomb = gzip(&gzip(&bomb));
    assert!(bomb.len() < 32 << 10);
    let decoded = decode_input(Limits::default(), Input::Whole(&bomb));
    assert_eq!(decoded.reason(), "compression_ratio");
    assert!(decoded.report.json_bytes < 80 << 20);
    let text = gzip(&gzip(records(&[kms_event("0"), kms_event("1")]).as_bytes()));
    let limits = Limits {
        object_bytes_max: 600,
        ..Limits::default()
    };
    assert_eq!(decode_within(limits, &text).reason(), "object_bytes");
}

/// A tar archive of one file, as POSIX describes its header.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512) + 1024, 0);
    header
}

#[test]
fn archives_and_other_compressions_are_named() {
    let text = records(&[kms_event("0")]);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(text.as_bytes()).expect("memory takes all");
    let zlib = zlib.finish().expect("memory takes all");
    for (bytes, word) in [
        (tar("a.json", text.as_bytes()), "tar"),
        (tar("a.json.gz", &gzip(text.as_bytes())), "tar"),
        (zlib, "zlib"),
        (b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), "zip"),
        (b"BZh91AY&SY\x01\x02".to_vec(), "bzip2"),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "xz"),
        (b"\x28\xb5\x2f\xfd\x04\0".to_vec(), "zstd"),
        (b"PAR1\x15\x04".to_vec(), "Parquet"),
    ] {
        for bytes in [gzip(&bytes), bytes] {
            let decoded = named(&bytes);
            assert!(message(&decoded).contains(word), "{}", message(&decoded));
            assert_eq!(decoded.report.records, 0);
        }
    }
    // One that is damaged in its header is no archive, and its event is found.
    let mut torn = tar("a.json", text.as_bytes());
    torn[3] ^= 1;
    assert_eq!(decode(&torn).ids(), ["0"]);
}

#[test]
fn text_that_is_no_json_is_named() {
    let event = kms_event("0");
    for (text, word) in [
        ("hello".to_owned(), "plain text"),
        ("Permission Check Successful".to_owned(), "plain text"),
        ("<html>".to_owned(), "HTML"),
        (format!("Events:\n- CloudTrailEvent: '{event}'\n"), "YAML"),
        (
            "User name,Event time,Event source\nworker,2026-03-01T10:00:00Z,kms.amazonaws.com\n"
                .to_owned(),
            "CSV",
        ),
        (
            "\"User name\",\"Event time\",\"Event source\"\n\"a\",\"b\",\"c\"\n".to_owned(),
            "CSV",
        ),
    ] {
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let decoded = named(&bytes);
            assert!(
                message(&decoded).contains(word),
                "{text}: {}",
                message(&decoded)
            );
        }
    }
    // What lost its beginning is a damaged log.
    let decoded = decode(&format!("cords\":[{event}]}}").into_bytes());
    assert_eq!(
        (decoded.reason(), decoded.ids()),
        ("json_damaged", vec!["0".to_owned()])
    );
    let torn = decode(b"cords\":[{\"eventVersion\":\"1.11\",");
    assert!(torn.reason().starts_with("json_"), "{:?}", torn.report);
}
