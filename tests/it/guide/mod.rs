//! Real and documented logs, where `KEYTRAIL_TEST_DATA` names the folder that holds them.

mod expected;

use std::fs;
use std::path::{Path, PathBuf};

use crate::decoded::{Decoded, decode, gunzip};
use crate::json::{Json, read, same_value};
use expected::GUIDE;

/// The folder of real logs; without one, a test says so and passes.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("KEYTRAIL_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        #[expect(clippy::print_stderr, reason = "who runs the tests should know")]
        {
            eprintln!("KEYTRAIL_TEST_DATA is unset: real logs are not tested");
        }
    }
    folder
}

/// All JSON files of a folder, plain and gzip, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|end| end == "json" || end == "gz")
            && path.file_name().is_some_and(|name| name != "expected.json")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .expect("names are UTF-8")
}

fn decode_file(path: &Path) -> Decoded {
    decode(&fs::read(path).expect("the file can be read"))
}

/// The events of a file that is valid JSON, found without the decoder.
fn source_events(path: &Path) -> Vec<Json> {
    let bytes = fs::read(path).expect("the file can be read");
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        gunzip(&bytes)
    } else {
        bytes
    };
    let text = String::from_utf8(text).expect("UTF-8");
    let document = read(&text).unwrap_or_else(|| panic!("{} is no JSON", path.display()));
    match document.get("Records").or(document.get("Events")) {
        Some(Json::Array(records)) => records.clone(),
        _ => vec![document],
    }
}

#[test]
fn guide_events_have_the_key_caller_and_outcome_written_by_hand() {
    let Some(data) = data() else { return };
    let mut count = 0;
    let files = files(&data.join("aws-kms-guide/events"));
    assert_eq!(files.len(), 65);
    for path in files {
        let decoded = decode_file(&path);
        assert_eq!(decoded.report.state(), "ok", "{}", path.display());
        let expected: Vec<_> = GUIDE
            .iter()
            .filter(|expected| expected.file == name(&path))
            .collect();
        let rows = decoded.kms_rows();
        assert_eq!(rows.len(), expected.len(), "{}", path.display());
        for (row, expected) in rows.into_iter().zip(expected) {
            let place = format!("{} {}", expected.file, expected.index);
            let or_null = |text: Option<&str>| text.unwrap_or("null").to_owned();
            for (column, value) in [
                ("event_name", expected.event_name.to_owned()),
                ("key_arn", or_null(expected.key_arn)),
                ("key_as_typed", or_null(expected.key_as_typed)),
                ("destination_key_arn", or_null(expected.destination_key_arn)),
                ("caller", expected.caller.to_owned()),
                ("outcome", expected.outcome.to_owned()),
            ] {
                assert_eq!(row.shown(column), value, "{column} of {place}");
            }
            count += 1;
        }
    }
    assert_eq!(count, 67);
}

#[test]
fn every_event_comes_back_as_it_was() {
    let Some(data) = data() else { return };
    let (mut kms_count, mut trail_count) = (0, 0);
    for folder in [
        "invictus",
        "aws-kms-guide/events",
        "aws-cloudtrail-guide/events",
        "panther",
    ] {
        for path in files(&data.join(folder)) {
            let decoded = decode_file(&path);
            let events = source_events(&path);
            let kms: Vec<i64> = (0..)
                .zip(&events)
                .filter(|(_, event)| {
                    event.get("eventSource") == Some(&Json::text("kms.amazonaws.com"))
                })
                .map(|(number, _)| number)
                .collect();
            let rows = decoded.kms_rows();
            let numbers: Vec<i64> = rows.iter().map(|row| row.number()).collect();
            assert_eq!(numbers, kms, "{}", path.display());
            for row in decoded.all_rows() {
                let number = usize::try_from(row.number()).expect("from 0");
                let original = read(&row.original()).expect("JSON");
                assert!(
                    same_value(&original, &events[number]),
                    "record {number} of {}: {original:?}",
                    path.display()
                );
            }
            kms_count += decoded.report.kms_records;
            trail_count += decoded.report.trail_records;
        }
    }
    // 240 of invictus, 67 of the KMS guide, 1 of the CloudTrail guide, 10 of panther.
    assert_eq!(kms_count, 240 + 67 + 1 + 10);
    assert!(trail_count > 0);
}

#[test]
fn invictus_has_the_events_that_were_counted_apart() {
    let Some(data) = data() else { return };
    let text = fs::read_to_string(data.join("invictus/expected.json")).expect("a file");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (mut files_read, mut kms_files, mut records, mut kms) = (0, 0, 0, 0);
    for path in files(&data.join("invictus")) {
        let report = decode_file(&path).report;
        assert_eq!(report.state(), "ok", "{}", path.display());
        files_read += 1;
        kms_files += u64::from(report.kms_records > 0);
        records += report.records;
        kms += report.kms_records;
    }
    assert_eq!(expected["files"], files_read);
    assert_eq!(expected["kms_files"], kms_files);
    assert_eq!(expected["events_raw"], records);
    assert_eq!(expected["kms_raw"], kms);
}

#[test]
fn json_that_is_broken_in_the_documentation_is_reported_with_its_place() {
    let Some(data) = data() else { return };
    for folder in ["aws-kms-guide", "aws-cloudtrail-guide"] {
        for path in files(&data.join(folder).join("as-documented")) {
            let decoded = decode_file(&path);
            let report = &decoded.report;
            // Records of other services are checked for their structure only, and this one's is
            // sound: a line break stands in a string of an EC2 event.
            if name(&path) == "cloudtrail-log-file-examples.json" {
                assert_eq!((report.state(), report.not_wanted), ("ok", 1));
                continue;
            }
            assert!(
                matches!(report.state(), "damaged" | "rejected"),
                "{}: {report:?}",
                path.display()
            );
            let offset = report
                .damage_offset
                .or(report.rejects.first().map(|reject| reject.offset));
            let is_wrong_shape = decoded.reason() == "wrong_shape";
            assert!(
                is_wrong_shape || offset.is_some_and(|offset| offset <= report.json_bytes),
                "{}: {report:?}",
                path.display()
            );
            assert_eq!(report.kms_records, 0, "{}", path.display());
        }
    }
}

#[test]
fn other_shapes_of_the_cloudtrail_guide_are_known_for_what_they_are() {
    let Some(data) = data() else { return };
    for path in files(&data.join("aws-cloudtrail-guide/events")) {
        let decoded = decode_file(&path);
        let file = name(&path);
        let (kind, state) = if file.contains("digest-file-structure") {
            ("digest", "ok")
        } else if file.contains("query-lake") {
            ("unknown", "rejected")
        } else if file == "cloudtrail-event-reference-user-identity.json" {
            // A fragment: it tells neither its service nor its time.
            ("log", "rejected")
        } else if matches!(
            file,
            "cloudtrail-event-reference.json"
                | "cloudtrail-log-file-examples-7.json"
                | "view-insights-events-cli.json"
        ) {
            ("insight", "ok")
        } else {
            ("log", "ok")
        };
        let report = &decoded.report;
        assert_eq!(
            (report.kind.word(), report.state()),
            (kind, state),
            "{file}"
        );
        let reason = if state == "ok" { "ok" } else { "wrong_shape" };
        assert_eq!(decoded.reason(), reason, "{file}");
        assert_eq!(report.digest.is_some(), kind == "digest", "{file}");
        if let Some(digest) = &report.digest {
            assert!(digest.start_time.is_some() && digest.end_time.is_some());
            assert!(digest.content.is_some());
        }
    }
}
