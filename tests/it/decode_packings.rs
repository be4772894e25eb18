//! Events by way of CloudWatch Logs, and events that are saved as text.

use keytrail::decode::Limits;

use crate::context::Context;
use crate::decoded::{Decoded, decode, decode_within, event, gzip, kms_event, records};
use crate::json::{read, same_value};

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

/// What CloudWatch Logs sends to a subscriber, with these messages.
fn envelope(messages: &[&str]) -> String {
    let events: Vec<String> = messages
        .iter()
        .enumerate()
        .map(|(id, message)| {
            let message = quoted(message);
            format!(r#"{{"id":"{id}","timestamp":1772359200000,"message":{message}}}"#)
        })
        .collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"trail","logStream":"s","subscriptionFilters":["all"],"logEvents":[{}]}}"#,
        events.join(",")
    )
}

const CONTROL: &str = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1772359200000,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;

/// What `aws logs filter-log-events` prints.
fn filtered(messages: &[&str]) -> String {
    let events: Vec<String> = messages
        .iter()
        .map(|message| {
            let message = quoted(message);
            format!(r#"{{"logStreamName":"s","timestamp":1,"message":{message},"eventId":"1"}}"#)
        })
        .collect();
    format!(
        r#"{{"events":[{}],"searchedLogStreams":[]}}"#,
        events.join(",")
    )
}

fn exported(messages: &[&str]) -> String {
    messages
        .iter()
        .map(|message| format!("2026-03-01T10:00:00.000Z {message}\n"))
        .collect()
}

/// These events come out unharmed, with the identity that each has alone, also out of gzip.
fn check(text: &str, shape: &str, events: &[&str]) -> Decoded {
    let decoded = decode(text.as_bytes());
    assert_eq!(
        (decoded.report.state(), decoded.report.shape),
        ("ok", Some(shape)),
        "{text}: {:?}",
        decoded.report
    );
    assert_eq!(decoded.kms_rows().len(), events.len(), "{text}");
    for (index, event) in events.iter().enumerate() {
        let (back, written) = (read(&decoded.originals[index]), read(event));
        assert!(same_value(&back.expect("JSON"), &written.expect("JSON")));
        let alone = decode(event.as_bytes());
        assert_eq!(
            decoded.kms_rows()[index].hash(),
            alone.kms_rows()[0].hash(),
            "an event is itself in any packing"
        );
    }
    assert_eq!(decode(&gzip(text.as_bytes())).originals, decoded.originals);
    decoded
}

#[test]
fn events_come_back_from_the_packings_of_cloudwatch_logs() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    let one = |event: &str| envelope(&[event]);
    check(&envelope(&both), "cloudwatch_logs", &both);
    check(&format!("{}{}", one(&a), one(&b)), "cloudwatch_logs", &both);
    check(
        &format!("{CONTROL}{}\n{}", one(&a), one(&b)),
        "cloudwatch_logs",
        &both,
    );
    check(
        &format!("[{CONTROL},{}]", envelope(&both)),
        "cloudwatch_logs",
        &both,
    );
    check(&filtered(&both), "cloudwatch_logs", &both);
    check(
        &format!("{}\n{}\n", filtered(&[&a]), filtered(&[&b])),
        "cloudwatch_logs",
        &both,
    );
    check(&exported(&both), "cloudwatch_export", &both);
    check(
        &exported(&both).replace('\n', "\r\n\r\n"),
        "cloudwatch_export",
        &both,
    );
    // The rows of Insights, with the event as text and as an object.
    check(
        &format!(r#"[{{"@timestamp":"x","@message":{}}}]"#, quoted(&a)),
        "cloudwatch_logs",
        &[&a],
    );
    check(
        &format!(r#"[{{"@timestamp":"x","@message":{a}}}]"#),
        "cloudwatch_logs",
        &[&a],
    );
    // EventBridge can write to a log group.
    let bridged = format!(r#"{{"detail-type":"AWS API Call via CloudTrail","detail":{a}}}"#);
    check(&envelope(&[&bridged]), "cloudwatch_logs", &[&a]);
    // Members of gzip without anything between them, as Firehose writes them, and gzip of these.
    let members = [
        gzip(CONTROL.as_bytes()),
        gzip(one(&a).as_bytes()),
        gzip(one(&b).as_bytes()),
    ]
    .concat();
    for bytes in [gzip(&members), members] {
        let decoded = decode(&bytes);
        assert_eq!(
            (decoded.report.state(), decoded.ids()),
            ("ok", vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(decoded.report.records, 2, "a control message is no record");
    }
}

#[test]
fn events_that_are_saved_as_text_come_back() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    let strings = [quoted(&a), quoted(&b)];
    check(&format!("[{}]", strings.join(",")), "strings", &both);
    check(
        &format!("[\n    {}\n]\n", strings.join(",\n    ")),
        "strings",
        &both,
    );
    check(&strings.join("\n"), "strings", &both);
    check(&quoted(&records(&[a.clone(), b.clone()])), "strings", &both);
    check(&quoted(&format!("[{a},{b}]")), "strings", &both);
    check(&format!("{a}\t{b}\n"), "ndjson", &both);
    check(&format!("{a}{b}"), "ndjson", &both);
    let objects: Vec<String> = both
        .iter()
        .map(|event| format!(r#"{{"id":"x","CloudTrailEvent":{}}}"#, quoted(event)))
        .collect();
    check(&format!("[{}]", objects.join(",")), "lookup_events", &both);
    check(
        &format!(r#"[{{"CloudTrailEvent":{a}}},{b}]"#),
        "lookup_events",
        &both,
    );
}

#[test]
fn a_control_message_is_neither_damage_nor_an_event() {
    for text in [
        CONTROL.to_owned(),
        CONTROL.repeat(2),
        format!("[{CONTROL}]"),
    ] {
        let decoded = decode(text.as_bytes());
        assert_eq!(
            (decoded.report.state(), decoded.report.records),
            ("ok", 0),
            "{:?}",
            decoded.report
        );
    }
}

#[test]
fn messages_of_other_log_groups_are_not_wanted() {
    let a = kms_event("a");
    let others = [
        "START RequestId: 1 Version: $LATEST",
        "",
        "{not JSON at all",
        r#"{"level":"info","message":"an application's own"}"#,
        r#"{"message":{"a":{"b":[1]}}}"#,
        "[1,2]",
        "null",
        "\"kms.amazonaws.com\"",
        "2 111122223333 eni-1 192.0.2.1 ACCEPT OK",
    ];
    for (other, place) in others.iter().zip([0, 1, 2].iter().cycle()) {
        let mut messages = vec![a.as_str(), a.as_str()];
        messages.insert(*place, other);
        for text in [
            envelope(&messages),
            filtered(&messages),
            exported(&messages),
        ] {
            let decoded = decode(text.as_bytes());
            let report = &decoded.report;
            assert_eq!(
                (report.state(), report.kms_records, report.not_wanted),
                ("ok", 2, 1),
                "{other}: {report:?}"
            );
        }
        // An object of another log group alone is as it should be; nothing else says that it is one.
        assert_eq!(decode(envelope(&[other]).as_bytes()).report.state(), "ok");
        let alone = decode(exported(&[other]).as_bytes());
        assert_eq!(
            (alone.report.state(), alone.reason()),
            ("rejected", "wrong_shape")
        );
    }
}

#[test]
fn an_event_in_an_unknown_wrapping_is_not_taken_for_another_log_groups() {
    let a = kms_event("a");
    let wrapped = format!(r#"{{"level":"info","event":[{a}]}}"#);
    for text in [envelope(&[&a, &wrapped]), exported(&[&a, &wrapped])] {
        let decoded = decode(text.as_bytes());
        assert_eq!(
            (decoded.ids(), decoded.report.rejected),
            (vec!["a".to_owned()], 1)
        );
        assert_eq!(decoded.reason(), "wrong_shape");
    }
}

#[test]
fn a_message_that_was_cut_is_damage_at_every_length() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let named = a.find("\"eventVersion\":").expect("it is first") + "\"eventVersion\":".len();
    for cut in named..a.len() {
        let messages = [&a[..cut], b.as_str()];
        for text in [
            envelope(&messages),
            filtered(&messages),
            exported(&messages),
        ] {
            let decoded = decode(text.as_bytes());
            assert_eq!(decoded.ids(), ["b"], "cut at {cut}");
            assert_eq!(
                (
                    decoded.report.state(),
                    decoded.report.rejected,
                    decoded.reason()
                ),
                ("damaged", 1, "record_syntax"),
                "cut at {cut}: {:?}",
                decoded.report
            );
            assert_eq!(decoded.report.rejects[0].record, 0);
        }
    }
    // Of an event that nobody wants nothing is lost.
    let other = event("s3.amazonaws.com", "GetObject", "c");
    let decoded = decode(envelope(&[&a, &other[..other.len() - 30]]).as_bytes());
    assert_eq!(
        (decoded.report.state(), decoded.report.not_wanted),
        ("ok", 1)
    );
}

#[test]
fn offsets_lead_to_the_element_or_the_line() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let messages = [a.as_str(), &b[..b.len() - 3]];
    for (text, beginning) in [
        (envelope(&messages), r#"{"id":"1""#),
        (exported(&messages), "2026-03-01T10"),
        (format!("[{},{}]", quoted(&a), quoted(messages[1])), "\"{"),
    ] {
        let decoded = decode(text.as_bytes());
        let reject = &decoded.report.rejects[0];
        let at = usize::try_from(reject.offset).expect("short");
        assert!(text[at..].starts_with(beginning), "{text}: {reject:?}");
        assert_eq!((reject.record, decoded.kms_rows()[0].number()), (1, 0));
    }
}

#[test]
fn text_within_text_keeps_every_character() {
    // Quotes, backslashes, control characters, half a pair: each as the event wrote it.
    for name in [
        r#"\"a\\\""#,
        r"\u0000\u001f",
        r"\ud800",
        r"\udc00\ud83d",
        r"😀\ud83d\ude00",
        r"\/\b\f",
    ] {
        let text = kms_event("x").replace("Alice", name);
        check(&envelope(&[&text]), "cloudwatch_logs", &[&text]);
        check(&format!("[{}]", quoted(&text)), "strings", &[&text]);
        check(&quoted(&envelope(&[&text])), "strings", &[&text]);
    }
    // Half a pair that the wrapping itself holds is that of the event's text.
    let inner = kms_event("x").replace("Alice", "HALF");
    let lone = kms_event("x").replace("Alice", r"\ud800");
    check(
        &envelope(&[&inner]).replace("HALF", r"\ud800"),
        "cloudwatch_logs",
        &[&lone],
    );
    // Behind a backslash it is none, and nothing is guessed.
    let bad = decode(envelope(&[&inner]).replace("HALF", r"\\\ud800").as_bytes());
    assert_eq!((bad.report.kms_records, bad.reason()), (0, "record_syntax"));
}

#[test]
fn what_is_no_utf8_in_text_is_rejected_alone() {
    let messages = [kms_event("a"), kms_event("b"), kms_event("c")];
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let strings: Vec<String> = messages.iter().map(|text| quoted(text)).collect();
    for text in [
        envelope(&messages),
        exported(&messages),
        format!("[{}]", strings.join(",")),
    ] {
        let mut bytes = text.clone().into_bytes();
        let place = text.match_indices("Alice").nth(1).expect("it is there").0;
        bytes[place] = 0xff;
        let decoded = decode(&bytes);
        assert_eq!(decoded.ids(), ["a", "c"], "{text}");
        assert_eq!(
            (decoded.report.rejected, decoded.reason()),
            (1, "record_utf8")
        );
    }
}

#[test]
fn deep_and_long_text_meets_the_same_limits() {
    let deep = kms_event("deep").replace(
        r#""resources""#,
        &format!(r#""x":{}{},"resources""#, "[".repeat(300), "]".repeat(300)),
    );
    let long = kms_event("long").replace("Alice", &"a".repeat(9_000));
    let limits = Limits {
        record_bytes_max: 8_000,
        ..Limits::default()
    };
    for (bad, reason) in [(&deep, "record_depth"), (&long, "record_bytes")] {
        let (a, c) = (kms_event("a"), kms_event("c"));
        let messages = [a.as_str(), bad.as_str(), c.as_str()];
        let strings: Vec<String> = messages.iter().map(|text| quoted(text)).collect();
        for text in [
            envelope(&messages),
            exported(&messages),
            format!("[{}]", strings.join(",")),
        ] {
            let decoded = decode_within(limits, text.as_bytes());
            assert_eq!(decoded.ids(), ["a", "c"], "{:?}", decoded.report);
            assert_eq!((decoded.report.rejected, decoded.reason()), (1, reason));
        }
    }
    // Wrapped again and again.
    let mut nested = kms_event("x");
    for _ in 0..20 {
        nested = format!(r#"{{"message":{nested}}}"#);
    }
    let decoded = decode(nested.as_bytes());
    assert_eq!(
        (decoded.report.rejected, decoded.reason()),
        (1, "wrong_shape")
    );
}

#[test]
fn damage_costs_no_more_than_the_record_it_is_in() {
    let events: Vec<String> = (0..5).map(|id| kms_event(&id.to_string())).collect();
    let messages: Vec<&str> = events.iter().map(String::as_str).collect();
    let strings: Vec<String> = messages.iter().map(|text| quoted(text)).collect();
    let envelopes: String = messages.iter().map(|text| envelope(&[text])).collect();
    for text in [
        envelope(&messages),
        envelopes,
        filtered(&messages),
        exported(&messages),
        messages.concat(),
        format!("[{}]", strings.join(",\n")),
        strings.join("\n"),
    ] {
        // Something within the third event is lost.
        let from = text.match_indices("Alice").nth(2).expect("it is there").0;
        for (from, to) in [(from, from + 40), (from - 60, from + 9), (from, from + 8)] {
            let torn = [&text.as_bytes()[..from], &text.as_bytes()[to..]].concat();
            let decoded = decode(&torn);
            let mut found = decoded.ids();
            found.retain(|id| id != "2");
            assert_eq!(found, ["0", "1", "3", "4"], "{from} to {to} of {text}");
        }
    }
}

#[test]
fn one_event_in_all_packings_is_one_row_of_a_store() {
    let id = "7d0f1b9e-0000-4000-8000-000000000001";
    let text = kms_event(id).replace("Alice", r"\u00c4lice \ud83d\ude00");
    let members = [
        gzip(CONTROL.as_bytes()),
        gzip(envelope(&[&text]).as_bytes()),
    ]
    .concat();
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let marked = format!("\u{feff}{}", filtered(&[&text]));
        marked.encode_utf16().flat_map(order).collect()
    };
    let files: Vec<Vec<u8>> = vec![
        records(std::slice::from_ref(&text)).into_bytes(),
        text.clone().into_bytes(),
        format!("[{text}]").into_bytes(),
        format!("{text}{text}").into_bytes(),
        format!("{text}\t{text}\n").into_bytes(),
        format!("[{}]", quoted(&text)).into_bytes(),
        format!(r#"{{"Events":[{{"CloudTrailEvent":{}}}]}}"#, quoted(&text)).into_bytes(),
        format!(r#"{{"detail":{text}}}"#).into_bytes(),
        members.clone(),
        gzip(&members),
        envelope(&[&text]).into_bytes(),
        filtered(&[&text]).into_bytes(),
        gzip(exported(&[&text]).as_bytes()),
        format!("\u{feff}{text}").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ];
    let context = Context::new();
    let directory = context.path().join("in");
    std::fs::create_dir(&directory).expect("a directory");
    for (number, file) in files.iter().enumerate() {
        std::fs::write(directory.join(format!("{number}.json")), file).expect("a file");
    }
    // As Firehose names what it writes.
    let name = "trail-1-2026-03-01-10-00-00-0d3ad5c1";
    std::fs::write(directory.join(name), &members).expect("a file");
    let ingest = context.run(&["ingest", "in"]);
    assert_eq!(ingest.code, 0, "{ingest}");
    let rows = context.rows("SELECT count(*) AS events FROM kms_events");
    assert_eq!(rows[0]["events"], 1);
    let sums = "SELECT count(*) AS objects, sum(records) AS records, sum(duplicates) AS duplicates FROM log_files";
    let rows = context.rows(sums);
    assert_eq!(
        rows[0],
        serde_json::json!({"objects": 17, "records": 19, "duplicates": 18})
    );
    let printed = context.run(&["event", id]);
    let printed = String::from_utf8(printed.raw.stdout).expect("UTF-8");
    let (back, written) = (read(&printed), read(&text));
    assert!(
        same_value(&back.expect("JSON"), &written.expect("JSON")),
        "{printed}"
    );
}
