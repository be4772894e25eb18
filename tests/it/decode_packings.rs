//! Events on their way through other services: CloudWatch Logs, saved look-ups, other encodings; and
//! objects that hold no JSON, which are named as what they are.

use crate::decoded::{Decoded, decode, gzip, kms_event, records};
use crate::json::{read, same_value};

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

/// The object gives these KMS events, in this order and unharmed, and nothing in it is damage.
fn check(bytes: &[u8], shape: &str, events: &[&str]) -> Decoded {
    let decoded = decode(bytes);
    let shown = String::from_utf8_lossy(bytes);
    let report = &decoded.report;
    assert_eq!(
        (report.state(), report.shape),
        ("ok", Some(shape)),
        "{shown}: {report:?}"
    );
    let originals = &decoded.originals[..decoded.kms_rows().len()];
    assert_eq!(originals.len(), events.len(), "{shown}");
    for (original, event) in originals.iter().zip(events) {
        let (original, event) = (read(original), read(event));
        let (original, event) = (original.expect("JSON"), event.expect("JSON"));
        assert!(same_value(&original, &event), "{original:?}");
    }
    decoded
}

/// What CloudWatch Logs sends to a subscriber.
fn envelope(kind: &str, messages: &[&str]) -> String {
    let events: Vec<String> = messages
        .iter()
        .map(|message| {
            format!(
                r#"{{"id":"1","timestamp":1,"message":{}}}"#,
                quoted(message)
            )
        })
        .collect();
    format!(
        r#"{{"messageType":"{kind}","owner":"111122223333","logGroup":"g","logStream":"s","logEvents":[{}]}}"#,
        events.join(",")
    )
}

#[test]
fn messages_of_cloudwatch_logs_are_events() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    let control = envelope("CONTROL_MESSAGE", &["CWL CONTROL MESSAGE: Checking health"]);
    let data = envelope("DATA_MESSAGE", &both);
    check(data.as_bytes(), "cloudwatch_logs", &both);
    check(control.as_bytes(), "cloudwatch_logs", &[]);
    // Firehose writes one after the other, each a gzip member of its own or not.
    check(
        format!("{control}{data}").as_bytes(),
        "cloudwatch_logs",
        &both,
    );
    let members = [
        gzip(control.as_bytes()),
        gzip(envelope("DATA_MESSAGE", &[&a]).as_bytes()),
        gzip(envelope("DATA_MESSAGE", &[&b]).as_bytes()),
    ];
    check(&members.concat(), "cloudwatch_logs", &both);
    // Compressed twice: by the subscription and by Firehose.
    check(&gzip(&members.concat()), "cloudwatch_logs", &both);
    // filter-log-events, and get-log-events.
    let filtered = format!(
        r#"{{"events":[{{"logStreamName":"s","message":{}}},{{"message":{}}}],"searchedLogStreams":[]}}"#,
        quoted(&a),
        quoted(&b)
    );
    check(filtered.as_bytes(), "cloudwatch_logs", &both);
    // Only the messages, without line breaks.
    check(format!("{a}{b}").as_bytes(), "ndjson", &both);
}

#[test]
fn other_log_groups_are_no_damage_and_cut_messages_are() {
    let a = kms_event("a");
    let other = r#"{"level":"info","msg":"kms.amazonaws.com was called"}"#;
    let mixed = envelope("DATA_MESSAGE", &["START RequestId: 1", other, &a]);
    let decoded = check(mixed.as_bytes(), "cloudwatch_logs", &[&a]);
    assert_eq!(decoded.report.not_wanted, 2);
    let cut = envelope("DATA_MESSAGE", &[&a[..a.len() - 20], &a]);
    let decoded = decode(cut.as_bytes());
    assert_eq!(decoded.reason(), "record_syntax");
    assert_eq!(
        (decoded.report.state(), decoded.report.rejected),
        ("damaged", 1)
    );
    assert_eq!(decoded.ids(), ["a"]);
}

#[test]
fn lines_of_an_export_are_a_time_and_an_event() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    for end in ["\n", "\r\n"] {
        let lines = format!(
            "2026-03-01T10:00:00.000Z {a}{end}2026-03-01T10:00:01.000Z START{end}2026-03-01T10:00:02.000Z {b}{end}"
        );
        let decoded = check(lines.as_bytes(), "cloudwatch_export", &both);
        assert_eq!(decoded.report.not_wanted, 1);
        check(&gzip(lines.as_bytes()), "cloudwatch_export", &both);
    }
    let torn = format!("2026-03-01T10:00:00.000Z {}", &a[..a.len() - 3]);
    assert_eq!(decode(torn.as_bytes()).report.rejected, 1);
}

#[test]
fn saved_look_ups_are_events_as_text() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    let strings = format!("[\n {},\n {}\n]", quoted(&a), quoted(&b));
    check(strings.as_bytes(), "strings", &both);
    check(quoted(&a).as_bytes(), "strings", &[&a]);
    // `--output text` puts tabs between them.
    check(format!("{a}\t{b}\n").as_bytes(), "ndjson", &both);
    let objects = format!(
        r#"[{{"id":"1","CloudTrailEvent":{}}},{{"CloudTrailEvent":{}}}]"#,
        quoted(&a),
        quoted(&b)
    );
    check(objects.as_bytes(), "lookup_events", &both);
    // A string that holds no event is a reject, and hides none.
    let odd = format!(r#"["text",{}]"#, quoted(&a));
    let decoded = decode(odd.as_bytes());
    assert_eq!(
        (decoded.report.rejected, decoded.ids()),
        (1, vec!["a".to_owned()])
    );
}

#[test]
fn utf16_is_read_as_text() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let text = records(&[a.clone(), b.clone()]);
    for (mark, little) in [(true, true), (true, false), (false, true), (false, false)] {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit: u16| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            })
            .collect();
        check(&bytes, "records", &[&a, &b]);
        check(&gzip(&bytes), "records", &[&a, &b]);
        // Half a character at the end is damage behind the last record.
        let cut = decode(&bytes[..bytes.len() - 3]);
        assert_eq!(cut.ids(), ["a", "b"]);
        assert_eq!(cut.report.state(), "damaged");
    }
}

#[test]
fn one_event_is_the_same_in_every_packing() {
    let a = kms_event("a").replace("Alice", r#"é \"\\\u0001 \ud83d"#);
    let hash = |bytes: &[u8]| {
        let decoded = decode(bytes);
        let rows = decoded.kms_rows();
        assert_eq!(rows.len(), 1, "{:?}", decoded.report);
        rows[0].shown("content_hash")
    };
    let plain = hash(records(std::slice::from_ref(&a)).as_bytes());
    for packed in [
        envelope("DATA_MESSAGE", &[&a]),
        format!("[{}]", quoted(&a)),
        format!("2026-03-01T10:00:00.000Z {a}\n"),
        envelope("DATA_MESSAGE", &[&format!(r#"{{"detail":{a}}}"#)]),
        format!(r#"{{"Events":[{{"CloudTrailEvent":{}}}]}}"#, quoted(&a)),
    ] {
        assert_eq!(hash(packed.as_bytes()), plain, "{packed}");
    }
}

#[test]
fn what_is_no_json_is_named_as_what_it_is() {
    let mut tar = vec![0_u8; 1024];
    tar[..5].copy_from_slice(b"a.txt");
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    let objects: [(&[u8], &str); 9] = [
        (&tar, "tar archive"),
        (b"PK\x03\x04rest of it", "zip archive"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0\0\0", "xz"),
        (b"\x28\xb5\x2f\xfd\0\0\0", "zstd"),
        (b"x\x9c\xab\x56\x2a", "zlib"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"User name,Event time,Event source\nx,y,z\n", "CSV"),
        (b"Events:\n- CloudTrailEvent: '{}'\n", "YAML"),
    ];
    for (bytes, name) in objects {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let decoded = decode(&bytes);
            let (reason, message) = decoded.report.first_reason().expect("a reason");
            assert_eq!(reason.code(), "other_format", "{name}: {message}");
            assert!(message.contains(name), "{name}: {message}");
            assert_eq!(decoded.report.state(), "rejected", "{name}");
        }
    }
}
