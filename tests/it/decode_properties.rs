//! Properties of the decoder over generated events: nothing is lost, equal is equal, and
//! serde_json finds the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::decoded::{decode, event, gzip};
use crate::json::{Json, Units, read, same_value, units};
use crate::writing::{Choices, for_all, text, tweak, value, write};

/// Members that the decoder knows, of which some repeat and some have a value of the wrong kind.
const KNOWN: [&str; 30] = [
    "eventVersion",
    "userIdentity",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
    "sharedEventID",
    "vpcEndpointId",
    "errorCode",
    "errorMessage",
    "tlsDetails",
    "serviceEventDetails",
    "addendum",
    "sessionCredentialFromConsole",
    "apiVersion",
    "somethingNew",
    "a",
    "eventSource",
    "eventTime",
];

/// What CloudTrail would write there, in parts.
fn usual() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        r#""AccessDenied""#,
        r#""2026-03-01T12:00:00Z""#,
        r#""=cmd|' /C calc'!A0""#,
        "true",
        "false",
        r#""true""#,
        "null",
        "[]",
        "{}",
        r#"[{"ARN":"arn:aws:kms:us-east-1:1:key/k","accountId":"1"}]"#,
        r#"{"keyId":"k","encryptionContext":{"aws:ebs:id":"vol-1"},"dryRun":true}"#,
        r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/s","sessionContext":{"sessionIssuer":{}}}"#,
        r#"{"reason":"UPDATED_DATA","originalEventID":"e"}"#,
    ])
    .prop_map(|text| read(text).expect("JSON"))
}

/// A KMS event: any members, then the two that make it one.
fn kms_event(with_lone: bool) -> impl Strategy<Value = Json> {
    let name = prop_oneof![
        9 => prop::sample::select(KNOWN.to_vec()).prop_map(units),
        1 => text(with_lone),
    ];
    let member = (name, prop_oneof![usual(), value(with_lone)]);
    let time = prop::sample::select(vec![
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.5Z",
        "2026-03-01T12:00:00+00:00",
        "2026-03-01 12:00:00",
    ]);
    (prop::collection::vec(member, 0..20), time).prop_map(|(mut members, time)| {
        members.push((units("eventTime"), Json::text(time)));
        members.push((units("eventSource"), Json::text("kms.amazonaws.com")));
        Json::Object(members)
    })
}

#[test]
fn generated_events_come_back_as_the_same_value() {
    for_all((kms_event(true), any::<u64>()), |(event, seed)| {
        let text = write(&event, &mut Choices(seed));
        prop_assert_eq!(
            read(&text).map(|read| same_value(&read, &event)),
            Some(true)
        );
        let decoded = decode(text.as_bytes());
        prop_assert_eq!(decoded.report.kms_records, 1, "{}", text);
        let original = &decoded.originals[0];
        let back = read(original);
        prop_assert!(
            back.is_some_and(|back| same_value(&back, &event)),
            "{}\n{}",
            text,
            original
        );
        // What came back is the same event, not a new one.
        let again = decode(original.as_bytes());
        prop_assert_eq!(again.kms_rows()[0].hash(), decoded.kms_rows()[0].hash());
        prop_assert_eq!(&again.originals, &decoded.originals);
        Ok(())
    });
}

#[test]
fn hashes_are_equal_exactly_where_values_are() {
    let hash = |text: &str| decode(text.as_bytes()).kms_rows()[0].hash();
    for_all((kms_event(true), any::<u64>()), |(event, seed)| {
        let mut choices = Choices(seed);
        let written = hash(&write(&event, &mut choices));
        prop_assert_eq!(&written, &hash(&write(&event, &mut choices)));
        prop_assert_eq!(&written, &hash(&event.write()));
        let mut changed = event.clone();
        let Json::Object(members) = &mut changed else {
            return Ok(());
        };
        // The two last make it a KMS event; a change there is another property's matter.
        let fixed = members.split_off(members.len() - 2);
        tweak(&mut changed, &mut choices);
        let Json::Object(members) = &mut changed else {
            return Ok(());
        };
        members.extend(fixed);
        let text = write(&changed, &mut choices);
        prop_assert_eq!(
            hash(&text) == written,
            same_value(&changed, &event),
            "{}",
            text
        );
        Ok(())
    });
}

/// What serde_json finds in a document.
#[derive(serde::Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

/// Of a repeated name, the last.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// A record with some spelling and some repetition of `eventSource`.
fn any_record() -> impl Strategy<Value = Json> {
    let source = prop_oneof![
        4 => prop::sample::select(vec!["kms.amazonaws.com", "s3.amazonaws.com", "cloudtrail.amazonaws.com", ""])
            .prop_map(Json::text),
        1 => value(false),
    ];
    let name: BoxedStrategy<Units> = prop_oneof![
        2 => prop::sample::select(vec!["eventSource", "eventName", "requestParameters", "x"]).prop_map(units),
        1 => text(false),
    ]
    .boxed();
    let member = prop_oneof![
        (Just(units("eventSource")), source),
        (name, value(false)),
        (
            Just(units("eventName")),
            prop::sample::select(vec!["Decrypt", "StopLogging", "x"]).prop_map(Json::text)
        ),
    ];
    let time = prop_oneof![
        4 => Just(Json::text("2026-03-01T12:00:00Z")),
        1 => value(false),
    ];
    (prop::collection::vec(member, 0..6), time).prop_map(|(mut members, time)| {
        members.push((units("eventTime"), time));
        Json::Object(members)
    })
}

#[test]
fn serde_json_finds_the_same_records_and_the_same_kms_events_in_them() {
    let documents = (
        prop::collection::vec(any_record(), 0..8),
        prop::collection::vec((text(false), value(false)), 0..3),
        any::<u64>(),
    );
    for_all(documents, |(records, mut around, seed)| {
        around.retain(|(name, _)| *name != units("Records") && *name != units("Events"));
        let mut choices = Choices(seed);
        let records = Json::Array(records);
        let mut text = String::from("{");
        for (name, value) in &around {
            let member = Json::Object(vec![(name.clone(), value.clone())]);
            let member = write(&member, &mut choices);
            text.push_str(&member[1..member.len() - 1]);
            text.push(',');
        }
        text = format!("{text}\"Records\" : {}}}", write(&records, &mut choices));
        let expected = kms_events(&text);
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let decoded = decode(&bytes);
            prop_assert_eq!(decoded.report.records, expected.len() as u64, "{}", text);
            let found: Vec<i64> = decoded.kms_rows().iter().map(|row| row.number()).collect();
            let unreadable = |number: i64| {
                let rejects = &decoded.report.rejects;
                rejects
                    .iter()
                    .any(|reject| i64::try_from(reject.record) == Ok(number))
            };
            for (number, expected) in (0..).zip(&expected) {
                let is_kms = found.contains(&number) || unreadable(number);
                prop_assert_eq!(is_kms, *expected, "record {} of {}", number, text);
            }
            for row in decoded.all_rows() {
                let Json::Array(records) = &records else {
                    continue;
                };
                let number = usize::try_from(row.number()).expect("from 0");
                let back = read(&row.original());
                prop_assert!(back.is_some_and(|back| same_value(&back, &records[number])));
            }
        }
        Ok(())
    });
}

/// For each record, whether it is wanted: as serde_json reads it.
fn kms_events(text: &str) -> Vec<bool> {
    let document: Document<'_> = serde_json::from_str(text).expect("JSON");
    document
        .records
        .iter()
        .map(|record| {
            let members: Members<'_> = serde_json::from_str(record.get()).expect("an object");
            let member = |name: &str| {
                let value = members.get(name)?;
                serde_json::from_str::<String>(value.get()).ok()
            };
            let source = member("eventSource").unwrap_or_default();
            // A trail event without a readable time is rejected as well.
            let is_trail_event = source == "cloudtrail.amazonaws.com"
                && member("eventName").as_deref() == Some("StopLogging");
            let has_time = member("eventTime").as_deref() == Some("2026-03-01T12:00:00Z");
            // So is a record that tells no service.
            source == "kms.amazonaws.com" || source.is_empty() || (is_trail_event && !has_time)
        })
        .collect()
}

#[test]
fn every_depth_up_to_a_hundred_is_read() {
    for depth in 1..100 {
        let nested = format!(
            "{}1{}",
            r#"{"a":["#.repeat(depth / 2),
            "]}".repeat(depth / 2)
        );
        let text = event("kms.amazonaws.com", "Decrypt", "x")
            .replace(r#""resources""#, &format!(r#""deep":{nested},"resources""#));
        let decoded = decode(text.as_bytes());
        let (back, event) = (read(&decoded.originals[0]), read(&text));
        assert!(same_value(&back.expect("JSON"), &event.expect("JSON")));
    }
}

#[test]
fn a_name_that_reads_like_the_escape_of_another_is_another() {
    let hash = |members: &str| {
        let text = event("kms.amazonaws.com", "Decrypt", "x");
        let text = text.replace(r#""resources""#, &format!(r#"{members},"resources""#));
        decode(text.as_bytes()).kms_rows()[0].hash()
    };
    let (lone, written) = (r#""\ud800":1"#, r#""\"\\ud800\"":1"#);
    assert_eq!(
        hash(&format!("{lone},{written}")),
        hash(&format!("{written},{lone}"))
    );
    assert_ne!(
        hash(&format!("{lone},{lone}")),
        hash(&format!("{written},{written}"))
    );
}
