//! Trees of the one generator, `benches/corpus`: what it says of every key, against what the program answers.
//!
//! The generator counts calls as it makes them. Copies in another account's log, corrections, aliases that move, records
//! of VPC endpoints and duplicates are all in the tree, so an answer is right only if each call counts once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::context::Context;
use crate::corpus::time::{self, iso, minute_stamp, second_stamp, seconds_of};
use crate::corpus::tree;
use crate::corpus::world::Sizes;

fn sizes(is_flat: bool) -> Sizes {
    Sizes {
        seed: 7,
        events_per_object: 400,
        days: 40,
        accounts: 3,
        regions: 2,
        keys: 90,
        duplicates: 5000,
        is_flat,
        is_plain: false,
        ..Sizes::one_object(9_000, 70)
    }
}

/// A store of a tree, and the tree's answers.
fn ingested(sizes: Sizes) -> (Context, Value) {
    let context = Context::new();
    let tree = context.path().join("tree");
    tree::write(&tree, sizes, 1, 2).expect("a tree");
    let ingest = context.run(&["ingest", "tree/AWSLogs"]);
    assert_eq!(ingest.code, 0, "{ingest}");
    let answers = fs::read_to_string(tree.join("answers.json")).expect("answers");
    (context, serde_json::from_str(&answers).expect("JSON"))
}

/// The members of the answers' keys that are used, by ARN.
fn used<'a>(answers: &'a Value, member: &str) -> BTreeMap<&'a str, &'a Value> {
    let keys = answers["keys"].as_array().expect("a list").iter();
    let used = keys.filter(|key| key["uses"] != 0);
    used.map(|key| (key["key_arn"].as_str().expect("an ARN"), &key[member]))
        .collect()
}

#[test]
fn every_call_counts_once() {
    for is_flat in [false, true] {
        let (context, answers) = ingested(sizes(is_flat));
        let counts = &answers["counts"];
        for planted in [
            "copies",
            "corrections",
            "alias_changes",
            "endpoint_records",
            "duplicates",
        ] {
            assert_ne!(counts[planted], 0, "{planted}");
        }
        let rows = context.rows(
            "select (select count(*) from kms_events) as kms_events, (select count(*) from trail_events) as trail_events,
               (select sum(duplicates) from log_files) as duplicates,
               (select count(*) from kms_events where is_correction) as corrections",
        );
        for name in ["kms_events", "trail_events", "duplicates", "corrections"] {
            assert_eq!(rows[0][name], counts[name], "{name}");
        }
        let outcomes = context.rows("select outcome, count(*) as n from kms_events group by 1");
        assert_eq!(by(&outcomes, "outcome", "n"), answers["kms_by_outcome"]);

        let uses = "from key_uses where kind = 'use' and outcome = 'success'";
        let operations = context.rows(&format!(
            "select event_name, count(*) as n {uses} group by 1"
        ));
        assert_eq!(
            by(&operations, "event_name", "n"),
            answers["uses_by_operation"]
        );
        let keys = context.rows(&format!(
            "select key_arn, count(*) as uses, to_char(min(event_time), '%Y-%m-%dT%H:%M:%SZ') as first_use, to_char(max(event_time), '%Y-%m-%dT%H:%M:%SZ') as last_use {uses} group by 1"
        ));
        for member in ["uses", "first_use", "last_use"] {
            let found = keys
                .iter()
                .map(|row| (row["key_arn"].as_str().expect("a key"), &row[member]));
            assert_eq!(
                found.collect::<BTreeMap<_, _>>(),
                used(&answers, member),
                "{member}"
            );
        }
        let callers = context.rows(&format!(
            "select key_arn, caller, count(*) as uses {uses} group by 1, 2"
        ));
        for (key, expected) in used(&answers, "callers") {
            let of_key: Vec<Value> = callers
                .iter()
                .filter(|row| row["key_arn"] == key)
                .cloned()
                .collect();
            assert_eq!(by(&of_key, "caller", "uses"), *expected, "{key}");
        }
    }
}

/// Two columns as one object.
fn by(rows: &[Value], name: &str, count: &str) -> Value {
    let members = rows.iter().map(|row| {
        (
            row[name].as_str().expect("a name").to_owned(),
            row[count].clone(),
        )
    });
    Value::Object(members.collect::<Map<_, _>>())
}

#[test]
fn keys_are_listed_as_unused_by_their_last_use() {
    const DAYS: i64 = 20;
    let (context, answers) = ingested(sizes(false));
    let rows = context.json(&["report", "unused-keys", "--days", "20", "--format", "json"]);
    let is_listed = |key: &str| rows.iter().any(|row| row["key_arn"] == key);
    for key in answers["never_used"].as_array().expect("a list") {
        assert!(
            is_listed(key.as_str().expect("an ARN")),
            "{key} is never used"
        );
    }
    let end = sizes(false).start + sizes(false).span();
    let mut seen = [0, 0];
    let unknown = used(&answers, "unknown_calls");
    for (key, last_use) in used(&answers, "last_use") {
        let days_before_end =
            (end - seconds_of(last_use.as_str().expect("a time"))) / time::DAY_SECS;
        // The window begins at some time of its first day, and an unknown operation may be a use.
        if (days_before_end - DAYS).abs() > 1 && *unknown[key] == 0 {
            let is_unused = days_before_end > DAYS;
            assert_eq!(
                is_listed(key),
                is_unused,
                "{key} was last used at {last_use}"
            );
            seen[usize::from(is_unused)] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

/// 3,118 events of a real log gave 9 rows of `usage_daily`.
#[test]
fn few_combinations_make_nearly_all_events() {
    let rows = [false, true].map(|is_flat| {
        let (context, _) = ingested(sizes(is_flat));
        let rows = context.rows("select count(*) as n from usage_daily");
        rows[0]["n"].as_u64().expect("a number")
    });
    assert!(rows[0] * 3 < rows[1], "{rows:?}");
}

#[test]
fn a_tree_depends_on_its_arguments_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, three] = [1, 3].map(|threads| {
        let root = directory.path().join(threads.to_string());
        tree::write(&root, sizes(false), 1, threads).expect("a tree");
        files(&root)
    });
    assert!(one.len() > 20, "{} files", one.len());
    assert_eq!(one, three);
    let endpoints = one
        .keys()
        .filter(|path| path.contains("/CloudTrail-NetworkActivity/"));
    assert_ne!(endpoints.count(), 0);
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|file| {
            let path = file.path().strip_prefix(root).expect("it is there");
            (
                path.display().to_string(),
                fs::read(file.path()).expect("a file"),
            )
        })
        .collect()
}

#[test]
fn times_are_written_as_they_are() {
    for text in [
        "1970-01-01T00:00:00Z",
        "2024-02-29T23:59:59Z",
        "2026-03-01T00:01:31Z",
    ] {
        assert_eq!(iso(seconds_of(text)), text);
    }
    assert_eq!(iso(1_772_323_200), "2026-03-01T00:00:00Z");
    assert_eq!(minute_stamp(1_772_323_291), "20260301T0001Z");
    assert_eq!(second_stamp(1_772_323_291), "20260301T000131Z");
    assert_eq!(time::day_folder(1_772_323_291), "2026/03/01");
}
