//! Bad input: what is whole comes back, what is not is named, and every record is counted.

use std::io::{self, Read};

use keytrail::decode::{Input, Limits, ObjectReport};

use crate::decoded::{Decoded, decode, decode_input, event, gunzip, gzip, kms_event, records};

/// Where a record begins and ends in the text.
type Span = (usize, usize);

/// Records with ids `0`, `1`, … and where each stands.
fn document(count: usize) -> (String, Vec<Span>) {
    let events: Vec<String> = (0..count).map(|id| kms_event(&id.to_string())).collect();
    let text = records(&events);
    let mut at = r#"{"Records":["#.len();
    let spans = events
        .iter()
        .map(|event| {
            let start = at;
            at += event.len() + 1;
            (start, start + event.len())
        })
        .collect();
    (text, spans)
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|id| id.to_string()).collect()
}

/// How many records stand complete in the first `len` bytes.
fn complete(spans: &[Span], len: usize) -> usize {
    spans.iter().filter(|(_, end)| *end <= len).count()
}

fn is_bad(report: &ObjectReport) -> bool {
    matches!(report.state(), "damaged" | "rejected")
}

/// The report says that the text is damaged, at a place in this range.
fn check_damage(decoded: &Decoded, code: &str, (from, to): Span) {
    let report = &decoded.report;
    assert_eq!(report.state(), "damaged", "{report:?}");
    assert_eq!(decoded.reason(), code, "{report:?}");
    let offset = report.damage_offset.expect("damage has a place") as usize;
    assert!(
        (from..=to).contains(&offset),
        "{offset} not in {from}..={to}"
    );
}

#[test]
fn truncated_gzip_gives_every_record_before_the_cut() {
    let (text, spans) = document(40);
    let whole = gzip(text.as_bytes());
    for cut in (2..whole.len())
        .step_by(3)
        .chain(whole.len() - 9..whole.len())
    {
        let decoded = decode(&whole[..cut]);
        let expected = complete(&spans, gunzip(&whole[..cut]).len());
        assert_eq!(decoded.ids(), ids(0..expected), "cut at {cut}");
        assert_eq!(decoded.reason(), "gzip_truncated", "cut at {cut}");
        assert!(is_bad(&decoded.report));
        assert!(decoded.report.damage_offset.is_some());
    }
}

#[test]
fn corrupt_gzip_gives_every_record_before_the_fault() {
    let (text, spans) = document(9);
    let whole = gzip(text.as_bytes());
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        let decoded = decode(&bytes);
        let same = gunzip(&bytes)
            .iter()
            .zip(text.as_bytes())
            .take_while(|(found, written)| found == written)
            .count();
        let expected = complete(&spans, same);
        assert!(decoded.ids().starts_with(&ids(0..expected)), "at {place}");
        // Some bits nothing checks: a time and a system, and those that fill up the last byte.
        let is_harmless = gunzip(&bytes) == text.as_bytes() && decoded.report.records == 9;
        assert!(
            is_bad(&decoded.report) || is_harmless,
            "at {place} of {}: {:?}",
            whole.len(),
            decoded.report
        );
    }
}

#[test]
fn a_wrong_checksum_keeps_the_records_and_says_so() {
    let (text, _) = document(5);
    let mut bytes = gzip(text.as_bytes());
    let place = bytes.len() - 6;
    bytes[place] ^= 0x10;
    let decoded = decode(&bytes);
    assert_eq!(decoded.ids(), ids(0..5));
    check_damage(&decoded, "gzip_corrupt", (text.len(), text.len()));
}

#[test]
fn several_gzip_members_are_one_text() {
    let (text, _) = document(6);
    let (left, right) = text.as_bytes().split_at(text.len() / 2);
    let parts = [gzip(left), gzip(right)].concat();
    assert_eq!(decode(&parts).ids(), ids(0..6));
    // The size at the end of the second is true of the first as well.
    let twice = [gzip(text.as_bytes()), gzip(text.as_bytes())].concat();
    let decoded = decode(&twice);
    assert_eq!((decoded.report.state(), decoded.report.records), ("ok", 12));
    // An empty member, and a tape's padding.
    let padded = [gzip(b""), gzip(text.as_bytes()), gzip(b""), vec![0; 1000]].concat();
    let decoded = decode(&padded);
    assert_eq!((decoded.report.state(), decoded.report.records), ("ok", 6));
}

#[test]
fn what_follows_a_gzip_is_no_part_of_it_but_is_named() {
    let (text, _) = document(3);
    for tail in [
        &b"more"[..],
        b"\x1f",
        b"\0\0\0x",
        b"\x1f\x8b\x08 no member at all",
    ] {
        let decoded = decode(&[&gzip(text.as_bytes()), tail].concat());
        assert_eq!(decoded.ids(), ids(0..3));
        assert!(
            decoded.reason().starts_with("gzip_"),
            "{:?}",
            decoded.report
        );
        assert_eq!(decoded.report.state(), "damaged");
    }
}

#[test]
fn nothing_at_all_is_named_as_that() {
    for bytes in [Vec::new(), gzip(b""), gzip(b" \n"), b"\n\n".to_vec()] {
        let decoded = decode(&bytes);
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("rejected", "empty")
        );
    }
}

#[test]
fn text_that_is_no_json_is_rejected_at_its_beginning() {
    for text in ["\u{0}\u{1}\u{2}", "{\"Records\"", "{", "[", "\"", "}"] {
        let decoded = decode(text.as_bytes());
        assert_eq!(decoded.report.state(), "rejected", "{text}");
        assert!(
            decoded.reason().starts_with("json_"),
            "{text}: {:?}",
            decoded.report
        );
        let offset = decoded.report.damage_offset.expect("damage has a place");
        assert!(offset <= text.len() as u64);
    }
}

#[test]
fn invalid_utf8_rejects_a_wanted_record_alone() {
    let bad = |event: String| {
        let mut bytes = event.into_bytes();
        let place = bytes.iter().position(|&byte| byte == b'A').expect("Alice");
        bytes[place] = 0xff;
        bytes
    };
    let around = |middle: Vec<u8>| {
        let (first, last) = (kms_event("0"), kms_event("1"));
        [
            b"[",
            first.as_bytes(),
            b",",
            &middle,
            b",",
            last.as_bytes(),
            b"]",
        ]
        .concat()
    };
    let decoded = decode(&around(bad(kms_event("bad"))));
    assert_eq!(decoded.ids(), ids(0..2));
    assert_eq!(
        (decoded.report.rejected, decoded.reason()),
        (1, "record_utf8")
    );
    assert_eq!(decoded.report.rejects[0].record, 1);
    let offset = decoded.report.rejects[0].offset as usize;
    assert_eq!(offset, 1 + kms_event("0").len() + 1);
    let decoded = decode(&around(bad(event("s3.amazonaws.com", "GetObject", "bad"))));
    assert_eq!(decoded.ids(), ids(0..2));
    assert_eq!(
        (decoded.report.state(), decoded.report.not_wanted),
        ("ok", 1)
    );
}

#[test]
fn json_cut_anywhere_gives_every_record_before_the_cut() {
    let (text, spans) = document(4);
    for cut in 1..text.len() {
        let decoded = decode(&text.as_bytes()[..cut]);
        assert_eq!(decoded.ids(), ids(0..complete(&spans, cut)), "cut at {cut}");
        assert_eq!(decoded.reason(), "json_truncated", "cut at {cut}");
        assert_eq!(decoded.report.damage_offset, Some(cut as u64));
    }
}

#[test]
fn a_lost_byte_of_structure_loses_one_record() {
    let (text, spans) = document(5);
    let (start, end) = spans[2];
    let mut places = 0;
    for place in start..end {
        if !matches!(
            text.as_bytes()[place],
            b'"' | b'{' | b'}' | b'[' | b']' | b':' | b',' | b'\\'
        ) {
            continue;
        }
        let mut bytes = text.clone().into_bytes();
        bytes.remove(place);
        let decoded = decode(&bytes);
        // Without its brace or first name, the record may be the end of the one before it.
        let expected = ids([0, 1, 3, 4]);
        let found: Vec<String> = decoded.ids().into_iter().filter(|id| id != "2").collect();
        assert_eq!(found, expected, "without byte {place}");
        // Some bytes are missed by nobody: a quote escaped or not, a comma in a string.
        if decoded.report.state() != "ok" {
            let offset = decoded
                .report
                .damage_offset
                .unwrap_or_else(|| decoded.report.rejects[0].offset);
            // A string that lost its end takes the beginning of the next record for it.
            let range = spans[1].1..=spans[3].0 + r#"{"eventVersion":"#.len();
            assert!(
                range.contains(&(offset as usize)),
                "without {place}: {:?}",
                decoded.report
            );
        }
        places += 1;
    }
    assert!(places > 50);
}

#[test]
fn a_chunk_lost_across_records_loses_those_records() {
    let (text, spans) = document(6);
    // A chunk from within the array at the end of one record into the next can leave JSON that is
    // sound: there the records that follow are elements of that array, and no reader can know better.
    let array = text[..spans[1].1].rfind("\"resources\"").expect("an array");
    for from in (spans[1].0..array).step_by(7) {
        for to in (spans[2].0 + 1..spans[2].1).step_by(11) {
            let bytes = [&text.as_bytes()[..from], &text.as_bytes()[to..]].concat();
            let decoded = decode(&bytes);
            // What is left of the two may be one record, of a sort.
            let expected = ids([0, 3, 4, 5]);
            let mut found = decoded.ids();
            found.retain(|id| expected.contains(id));
            assert_eq!(found, expected, "{from} to {to}");
        }
    }
}

#[test]
fn garbage_between_records_is_passed_over() {
    let (text, spans) = document(5);
    let place = spans[1].1;
    for garbage in [
        &b"\0\0\0\0"[..],
        b"xyz",
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\\",
        b"\xff\xfe",
        b",,",
        b"\"{\"",
    ] {
        let bytes = [
            &text.as_bytes()[..place],
            garbage,
            &text.as_bytes()[place..],
        ]
        .concat();
        let decoded = decode(&bytes);
        assert_eq!(
            decoded.ids(),
            ids(0..5),
            "{garbage:?}: {:?}",
            decoded.report
        );
        check_damage(
            &decoded,
            "json_damaged",
            (place, spans[2].0 + garbage.len()),
        );
    }
}

#[test]
fn a_damaged_separator_costs_no_record() {
    let events: Vec<String> = (0..4).map(|id| kms_event(&id.to_string())).collect();
    for separator in ["-", "", "\0", " ;; ", "\u{fffd}"] {
        let text = format!(
            r#"{{"Records":[{},{}{separator}{},{}]}}"#,
            events[0], events[1], events[2], events[3]
        );
        let place = text.find(&events[1]).expect("the second event") + events[1].len();
        let decoded = decode(text.as_bytes());
        assert_eq!(decoded.ids(), ids(0..4), "{separator:?}");
        check_damage(&decoded, "json_damaged", (place, place + 1));
    }
}

#[test]
fn a_line_begins_a_record_whatever_its_first_member_is() {
    // Every member's name moved: none begins with eventVersion, as in what other tools have written.
    let lines: Vec<String> = (0..5)
        .map(|id| kms_event(&id.to_string()).replacen('{', r#"{"@timestamp":"x","#, 1))
        .collect();
    let text = lines.join("\n");
    let damaged = lines[0].len() + 1..lines[0].len() + 1 + lines[1].len();
    for cut in [40, 100, lines[1].len() - 1] {
        let place = damaged.start + cut;
        // The rest of the line is missing, as when a disk was full.
        let torn = format!("{}{}", &text[..place], &text[damaged.end..]);
        let decoded = decode(torn.as_bytes());
        assert_eq!(decoded.ids(), ids([0, 2, 3, 4]), "cut at {cut}");
        assert_eq!(decoded.report.state(), "damaged");
    }
}

#[test]
fn lines_of_bare_events_survive_a_damaged_line() {
    let lines: Vec<String> = (0..5).map(|id| kms_event(&id.to_string())).collect();
    let text = lines.join("\n");
    let start = lines[0].len() + lines[1].len() + 2;
    for place in [0, 1, 14, 40] {
        let mut bytes = text.clone().into_bytes();
        bytes.remove(start + place);
        let decoded = decode(&bytes);
        let sound: Vec<String> = decoded.ids().into_iter().filter(|id| id != "2").collect();
        assert_eq!(sound, ids([0, 1, 3, 4]), "{place}: {:?}", decoded.report);
    }
}

#[test]
fn a_read_error_keeps_what_was_read() {
    /// Fails when its bytes are used up.
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is gone")),
                len => Ok(len),
            }
        }
    }
    let (text, spans) = document(10);
    let whole = gzip(text.as_bytes());
    for cut in [0, 1, 50, whole.len() / 2, whole.len() - 4] {
        let decoded = decode_input(
            Limits::default(),
            Input::Stream(&mut Failing(&whole[..cut])),
        );
        let expected = complete(&spans, gunzip(&whole[..cut]).len());
        assert_eq!(decoded.ids(), ids(0..expected), "after {cut}");
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("unreadable", "unreadable")
        );
        let (_, message) = decoded.report.first_reason().expect("a reason");
        assert!(message.contains("the disk is gone"), "{message}");
    }
    let decoded = decode_input(
        Limits::default(),
        Input::Stream(&mut Failing(text.as_bytes())),
    );
    assert_eq!(decoded.ids(), ids(0..10));
}
