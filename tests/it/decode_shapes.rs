//! Every packing that events come in, and the odd events in them.

use crate::decoded::{Decoded, decode, event, gzip, kms_event, records};
use crate::json::{read, same_value};

/// The object gives these KMS events, in this order and unharmed, in this shape.
fn check(text: &str, shape: &str, events: &[&str]) -> Decoded {
    let decoded = decode(text.as_bytes());
    let report = &decoded.report;
    assert_eq!(
        (report.state(), report.shape),
        ("ok", Some(shape)),
        "{text}"
    );
    let originals = &decoded.originals[..decoded.kms_rows().len()];
    assert_eq!(originals.len(), events.len(), "{text}");
    for (original, event) in originals.iter().zip(events) {
        let (original, event) = (read(original), read(event));
        let (original, event) = (original.expect("JSON"), event.expect("JSON"));
        assert!(same_value(&original, &event), "{original:?}");
    }
    // The same in gzip.
    let zipped = decode(&gzip(text.as_bytes()));
    assert_eq!(zipped.originals, decoded.originals);
    assert_eq!(&zipped.report, report);
    decoded
}

/// Puts white space wherever JSON may have it.
fn spaced(text: &str) -> String {
    let mut is_string = false;
    let mut out = String::from("\r\n\t ");
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                out.push(character);
                out.extend(characters.next());
                continue;
            }
            '"' => is_string = !is_string,
            _ => {}
        }
        if !is_string && "{}[],:".contains(character) {
            out.push_str("\n \t");
            out.push(character);
            out.push_str(" \r\n");
        } else {
            out.push(character);
        }
    }
    out
}

#[test]
fn events_come_back_from_every_packing() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let both = [a.as_str(), b.as_str()];
    let quoted = |event: &str| serde_json::to_string(event).expect("JSON");
    check(&records(&[a.clone(), b.clone()]), "records", &both);
    check(
        &format!(r#"{{"n":{{"Records":[1]}},"Records":[{a},{b}],"m":"x"}}"#),
        "records",
        &both,
    );
    check(
        &format!(r#"{{"Records":[{a}]}}{{"Records":[{b}]}}"#),
        "records",
        &both,
    );
    check(
        &format!("{{\"Records\":[{a}]}}\n{{\"Records\":[]}}\n{{\"Records\":[{b}]}}\n"),
        "records",
        &both,
    );
    check(
        &format!(r#"{{"Records":[{a}],"Records":[{b}]}}"#),
        "records",
        &both,
    );
    check(&format!("[{a},{b}]"), "array", &both);
    check(&a, "event", &[&a]);
    check(&format!("{a}\n"), "event", &[&a]);
    check(&format!("{a}\n{b}\n"), "ndjson", &both);
    check(&format!("{a}\r\n\r\n{b}"), "ndjson", &both);
    check(&format!("{a} {b}"), "ndjson", &both);
    let looked_up = format!(
        r#"{{"Events":[{{"EventId":"a","EventSource":"kms.amazonaws.com","CloudTrailEvent":{}}},{{"CloudTrailEvent":{}}}],"NextToken":"x"}}"#,
        quoted(&a),
        quoted(&b)
    );
    check(&looked_up, "lookup_events", &both);
    check(
        &format!(r#"[{{"Records":[{a}]}},{{"Records":[{b}]}}]"#),
        "array",
        &both,
    );
    let pages: Vec<String> = [&a, &b]
        .iter()
        .map(|event| format!(r#"{{"Events":[{{"CloudTrailEvent":{}}}]}}"#, quoted(event)))
        .collect();
    check(&format!("[{}]", pages.join(",")), "lookup_events", &both);
    let bridged = |event: &str| {
        format!(
            r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.kms","detail":{event}}}"#
        )
    };
    check(&bridged(&a), "event_bridge", &[&a]);
    check(
        &format!("{}\n{}\n", bridged(&a), bridged(&b)),
        "event_bridge",
        &both,
    );
    check(
        &format!("[{},{}]", bridged(&a), bridged(&b)),
        "event_bridge",
        &both,
    );
}

#[test]
fn white_space_and_a_byte_order_mark_change_nothing() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    for (text, shape) in [
        (records(&[a.clone(), b.clone()]), "records"),
        (format!("[{a},{b}]"), "array"),
        (format!("{a}\n{b}"), "ndjson"),
    ] {
        let expected = check(&text, shape, &[&a, &b]);
        let pretty = check(&spaced(&text), shape, &[&a, &b]);
        let marked = check(&format!("\u{feff}{text}"), shape, &[&a, &b]);
        for other in [&pretty, &marked] {
            assert_eq!(other.originals, expected.originals);
            let hashes = |decoded: &Decoded| -> Vec<Vec<u8>> {
                decoded.kms_rows().iter().map(|row| row.hash()).collect()
            };
            assert_eq!(hashes(other), hashes(&expected));
        }
    }
}

#[test]
fn a_pretty_printed_record_is_as_certain_after_damage() {
    let events: Vec<String> = (0..4).map(|id| kms_event(&id.to_string())).collect();
    let text = spaced(&records(&events));
    let place = text.find("\"1\"").expect("the second event");
    let bytes = [&text.as_bytes()[..place], &text.as_bytes()[place + 1..]].concat();
    assert_eq!(decode(&bytes).ids(), ["0", "2", "3"]);
}

#[test]
fn an_event_without_an_id_is_kept_under_one_made_of_its_content() {
    let ids: Vec<String> = [
        r#""eventID":"x","#,
        "",
        r#""eventID":"","#,
        r#""eventID":null,"#,
        r#""eventID":17,"#,
    ]
    .iter()
    .map(|id| {
        let text = kms_event("x").replace(r#""eventID":"x","#, id);
        let decoded = check(&text, "event", &[&text]);
        let row = decoded.kms_rows()[0];
        let hash: String = row
            .hash()
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let found = row.shown("event_id");
        let is_derived = id != &r#""eventID":"x","#;
        assert_eq!(row.shown("is_event_id_derived"), is_derived.to_string());
        assert_eq!(
            found,
            if is_derived {
                format!("keytrail-{hash}")
            } else {
                "x".to_owned()
            }
        );
        found
    })
    .collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(
            !ids[index + 1..].contains(id),
            "different events have different ids"
        );
    }
}

#[test]
fn times_that_can_be_read_are_and_others_reject_the_record() {
    let written = r#""2026-03-01T12:00:00Z""#;
    for (time, shown) in [
        (r#""2026-03-01T12:00:00Z""#, "2026-03-01T12:00:00Z"),
        (r#""2026-03-01T13:30:00+01:30""#, "2026-03-01T12:00:00Z"),
        (r#""2026-03-01T12:00:00.25Z""#, "2026-03-01T12:00:00.250Z"),
        (r#""2026-03-01 12:00:00""#, "2026-03-01T12:00:00Z"),
        (r#""2026-03-01 12:00:00.000""#, "2026-03-01T12:00:00Z"),
        (r#""2026-03-01 12:00:00.5""#, "2026-03-01T12:00:00.500Z"),
        (r#""\u0032026-03-01T12:00:00Z""#, "2026-03-01T12:00:00Z"),
    ] {
        let text = kms_event("x").replace(written, time);
        let decoded = check(&text, "event", &[&text]);
        assert_eq!(decoded.kms_rows()[0].shown("event_time"), shown);
        assert_eq!(decoded.kms_rows()[0].shown("event_date"), "2026-03-01");
        assert_eq!(decoded.kms_rows()[0].shown("event_month"), "2026-03");
    }
    for time in [
        r#""yesterday""#,
        r#""2026-13-01T00:00:00Z""#,
        r#""2026-02-30T00:00:00Z""#,
        r#""""#,
        "null",
        "1772366400",
        r#""10000-01-01T00:00:00Z""#,
        "{}",
    ] {
        let bad = kms_event("x").replace(written, time);
        let decoded = decode(format!("[{},{bad}]", kms_event("sound")).as_bytes());
        assert_eq!(decoded.ids(), ["sound"], "{time}");
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("damaged", "event_time")
        );
        let alone = decode(bad.as_bytes());
        assert_eq!(
            (alone.report.state(), alone.reason()),
            ("rejected", "event_time")
        );
        assert_eq!(alone.report.rejects[0].record, 0);
    }
    let absent = kms_event("x").replace(r#""eventTime":"2026-03-01T12:00:00Z","#, "");
    assert_eq!(decode(absent.as_bytes()).reason(), "event_time");
}

#[test]
fn only_the_events_own_source_makes_it_one_of_kms() {
    let of = |members: &str| {
        let text = format!(
            r#"{{"eventVersion":"1.11","eventTime":"2026-03-01T12:00:00Z","eventID":"x",{members}}}"#
        );
        // As the second record, since the first is looked at more closely.
        let first = event("ec2.amazonaws.com", "RunInstances", "first");
        let decoded = decode(records(&[first, text]).as_bytes());
        assert_eq!(decoded.report.records, 2, "{members}");
        decoded.report.kms_records
    };
    for (members, expected) in [
        (r#""eventSource":"kms.amazonaws.com""#, 1),
        (r#""eventSource":"\u006bms.amazonaws\u002ecom""#, 1),
        (r#""event\u0053ource":"kms.amazonaws.com""#, 1),
        (
            r#""eventSource":"s3.amazonaws.com","eventSource":"kms.amazonaws.com""#,
            1,
        ),
        (
            r#""eventSource":"kms.amazonaws.com","eventSource":"s3.amazonaws.com""#,
            0,
        ),
        (
            r#""eventSource":"s3.amazonaws.com","event\u0053ource":"kms.amazonaws.com""#,
            1,
        ),
        (
            r#""x":{"eventSource":"s3.amazonaws.com"},"\u0065ventSource":"kms.amazonaws.com""#,
            1,
        ),
        (
            r#""eventSource":"kms.amazonaws.com","event\u0053ource":"s3.amazonaws.com""#,
            0,
        ),
        (
            r#""eventSource":"s3.amazonaws.com","requestParameters":{"eventSource":"kms.amazonaws.com"}"#,
            0,
        ),
        (
            r#""eventSource":"s3.amazonaws.com","requestParameters":{"x":"\"eventSource\":\"kms.amazonaws.com\""}"#,
            0,
        ),
        (
            r#""eventSource":"s3.amazonaws.com","x":"kms.amazonaws.com""#,
            0,
        ),
        (r#""eventSource":["kms.amazonaws.com"]"#, 0),
        (r#""eventSource":"kms.amazonaws.com.cn""#, 0),
        (r#""eventSource":5"#, 0),
    ] {
        assert_eq!(of(members), expected, "{members}");
    }
}

#[test]
fn events_of_the_list_are_taken_beside_those_of_kms() {
    let stop = event("cloudtrail.amazonaws.com", "StopLogging", "stop");
    let hidden = event("cloudtrail.amazonaws.com", r"Stop\u004cogging", "hidden");
    let named = stop.replace("eventName", r"event\u004eame");
    let other = event("cloudtrail.amazonaws.com", "LookupEvents", "other");
    let elsewhere = event("s3.amazonaws.com", "StopLogging", "elsewhere");
    let decoded = decode(records(&[other, stop, hidden, named, elsewhere]).as_bytes());
    let report = &decoded.report;
    assert_eq!((report.trail_records, report.not_wanted), (3, 2));
    assert_eq!(report.state(), "ok");
}

#[test]
fn objects_of_other_kinds_are_known() {
    let network = kms_event("n").replace(
        r#""eventID""#,
        r#""eventType":"AwsVpceEvent","eventCategory":"NetworkActivity","eventID""#,
    );
    let decoded = check(
        &records(std::slice::from_ref(&network)),
        "records",
        &[&network],
    );
    assert_eq!(decoded.report.kind.word(), "network_activity");
    let insight = r#"{"Records":[{"eventVersion":"1.08","eventTime":"2026-03-01T12:00:00Z","eventID":"i","eventType":"AwsCloudTrailInsight","insightDetails":{"eventSource":"kms.amazonaws.com"},"eventCategory":"Insight"}]}"#;
    let decoded = check(insight, "records", &[]);
    assert_eq!(decoded.report.kind.word(), "insight");
    let digest = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-03-01T12:00:00Z","digestEndTime":"2026-03-01T13:00:00Z","logFiles":[]}"#;
    let report = decode(digest.as_bytes()).report;
    assert_eq!(
        (report.kind.word(), report.state(), report.records),
        ("digest", "ok", 0)
    );
    assert!(
        report
            .digest
            .is_some_and(|digest| digest.start_time < digest.end_time)
    );
}

#[test]
fn json_of_another_shape_is_rejected_as_that() {
    for text in [
        "{}",
        "{\"Records\":5}",
        "{\"Records\":{}}",
        "{\"a\":[1]}",
        "[{\"a\":1}]",
    ] {
        let decoded = decode(text.as_bytes());
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("rejected", "wrong_shape"),
            "{text}"
        );
    }
    for text in [
        "5",
        "\"text\"",
        "null",
        "[1,\"two\",[3]]",
        "{\"Records\":[1]}",
    ] {
        let decoded = decode(text.as_bytes());
        assert_eq!(decoded.report.state(), "rejected", "{text}");
        assert!(decoded.report.rejected > 0, "{text}: {:?}", decoded.report);
    }
    for text in ["{\"Records\":[]}", "[]", " {\"x\":1, \"Records\" : [ ] } "] {
        let decoded = decode(text.as_bytes());
        assert_eq!(
            (decoded.report.state(), decoded.report.kind.word()),
            ("ok", "log"),
            "{text}"
        );
    }
}

#[test]
fn a_record_that_tells_no_service_is_rejected() {
    let (a, b) = (kms_event("a"), kms_event("b"));
    let nameless = [
        b.replace(r#""eventSource":"kms.amazonaws.com","#, ""),
        b.replace(r#""kms.amazonaws.com""#, r#"["kms.amazonaws.com"]"#),
        format!(r#"{{"wrapped":[{b}]}}"#),
    ];
    for text in nameless {
        let decoded = decode(records(&[a.clone(), text.clone()]).as_bytes());
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("damaged", "wrong_shape"),
            "{text}"
        );
        assert_eq!(
            (decoded.ids(), decoded.report.rejected),
            (vec!["a".to_owned()], 1)
        );
    }
}

#[test]
fn a_value_that_is_no_object_is_one_reject_among_records() {
    let text = format!(
        r#"{{"Records":[{},7,"x",null,{}]}}"#,
        kms_event("0"),
        kms_event("1")
    );
    let decoded = decode(text.as_bytes());
    assert_eq!(decoded.ids(), ["0", "1"]);
    assert_eq!((decoded.report.records, decoded.report.rejected), (5, 3));
    assert_eq!(decoded.report.rejects[0].reason.code(), "not_an_object");
    assert_eq!(decoded.report.rejects[0].record, 1);
}
