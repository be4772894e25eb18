//! What the sample's generator knows of each key, against the three reports and the views below them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::answers::{answers, list, tally, text};
use crate::context::Context;

/// Successful cryptographic operations, each counted once.
const USES: &str = "from key_uses where kind = 'use' and outcome = 'success'";

#[test]
fn uses_by_everything() {
    let context = Context::with_samples();
    let answers = answers();
    let dimensions = [
        ("by_caller", "caller"),
        ("by_event_name", "event_name"),
        ("by_key_role", "key_role"),
        ("by_invoked_by", "invoked_by"),
        ("by_use_label", "coalesce(use_label, 'none')"),
    ];
    for (answer, column) in dimensions {
        let rows = context.rows(&format!(
            "select key_arn, {column} as name, count(*) as n {USES} and key_arn is not null and {column} is not null group by 1, 2"
        ));
        let mut found: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for row in &rows {
            let names = found.entry(text(row, "key_arn")).or_default();
            names.insert(text(row, "name").to_owned(), row["n"].clone());
        }
        for key in list(&answers, "keys") {
            let names = found.remove(text(key, "key_arn")).unwrap_or_default();
            assert_eq!(
                Value::Object(names),
                key[answer],
                "{answer} of {}",
                key["name"]
            );
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

/// What `who-used` should tell of a key, summed over its rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    uses: BTreeMap<String, u64>,
    operations: BTreeMap<String, u64>,
    first_use: Option<String>,
    last_use: Option<String>,
    failures: BTreeMap<String, u64>,
    management: BTreeMap<String, u64>,
    sessions: BTreeMap<String, u64>,
}

#[test]
fn who_used_every_key() {
    let context = Context::with_samples();
    let answers = answers();
    for key in list(&answers, "keys") {
        let arn = text(key, "key_arn");
        let rows = context.json(&["report", "who-used", "--key", arn, "--format", "json"]);
        assert_eq!(told(&rows), expected(&answers, key), "{}", key["name"]);
    }
}

fn told(rows: &[Value]) -> Told {
    let mut told = Told::default();
    let mut times: Vec<&str> = Vec::new();
    for row in rows {
        let operations = numbers(row["operations"].as_str());
        let failed = numbers(row["failed_operations"].as_str());
        let reasons = numbers(row["failure_reasons"].as_str());
        let failures = row["failures"].as_u64().expect("a number");
        assert_eq!(failed.values().sum::<u64>(), failures, "{row}");
        assert_eq!(reasons.values().sum::<u64>(), failures, "{row}");
        assert_eq!(row["last_failure"].is_null(), failures == 0, "{row}");
        let uses = row["successes"].as_u64().expect("a number");
        let others = row["other_calls"].as_u64().expect("a number");
        assert_eq!(operations.values().sum::<u64>(), uses + others, "{row}");
        add(&mut told.failures, reasons);
        if row["kind"] == "management" {
            assert_eq!(uses, 0, "{row}");
            add(&mut told.management, operations);
            add(&mut told.management, failed);
            continue;
        }
        add(&mut told.operations, operations);
        if uses == 0 {
            assert!(
                row["first_time"].is_null() && row["last_time"].is_null(),
                "{row}"
            );
            continue;
        }
        let caller = text(row, "caller").to_owned();
        // Sessions are distinct within a row; a caller of one key has one row per service.
        let sessions = row["sessions"].as_u64().expect("a number");
        if sessions > 0 {
            let most = told.sessions.entry(caller.clone()).or_default();
            *most = sessions.max(*most);
        }
        *told.uses.entry(caller).or_default() += uses;
        times.extend([text(row, "first_time"), text(row, "last_time")]);
    }
    told.first_use = times.iter().min().map(|time| (*time).to_owned());
    told.last_use = times.iter().max().map(|time| (*time).to_owned());
    told
}

fn expected(answers: &Value, key: &Value) -> Told {
    let numbers = |value: &Value| -> BTreeMap<String, u64> {
        serde_json::from_value(value.clone()).expect("numbers by name")
    };
    let time = |name: &str| key[name].as_str().map(str::to_owned);
    let mut failures = numbers(&key["failures"]);
    // A dry run is neither a use nor a failure.
    failures.remove("dry_run");
    // The generator lists failures by the ARN in the record; a call that typed an alias concerns the key
    // that the alias pointed to.
    for call in list(answers, "denied") {
        if let Some(typed) = call["key_as_typed"].as_str()
            && alias_target(answers, typed, text(call, "time")) == Some(text(key, "key_arn"))
        {
            *failures.entry("denied".to_owned()).or_default() += 1;
        }
    }
    let operations: BTreeMap<String, u64> = numbers(&key["by_event_name"])
        .into_iter()
        .map(
            |(name, count)| match (name.as_str(), key["by_key_role"]["source"].is_null()) {
                ("ReEncrypt", true) => ("ReEncrypt (destination)".to_owned(), count),
                ("ReEncrypt", false) => ("ReEncrypt (source)".to_owned(), count),
                _ => (name, count),
            },
        )
        .collect();
    Told {
        uses: numbers(&key["by_caller"]),
        operations,
        first_use: time("first_use"),
        last_use: time("last_use"),
        failures,
        management: numbers(&key["other_calls"]),
        sessions: numbers(&key["sessions"]),
    }
}

/// The key that an alias of the shop's first region pointed to.
fn alias_target<'a>(answers: &'a Value, typed: &str, time: &str) -> Option<&'a str> {
    list(answers, "aliases")
        .iter()
        .rfind(|change| {
            text(change, "alias_arn").ends_with(&format!(":{typed}"))
                && text(change, "time") <= time
        })
        .filter(|change| change["event_name"] != "DeleteAlias")
        .map(|change| text(change, "key_arn"))
}

/// `Decrypt 77, ReEncrypt (source) 1` as numbers by name.
fn numbers(text: Option<&str>) -> BTreeMap<String, u64> {
    let parts = text.into_iter().flat_map(|text| text.split(", "));
    parts
        .map(|part| {
            let (name, number) = part.rsplit_once(' ').expect("a name and a number");
            (name.to_owned(), number.parse().expect("a number"))
        })
        .collect()
}

fn add(sums: &mut BTreeMap<String, u64>, numbers: BTreeMap<String, u64>) {
    for (name, number) in numbers {
        *sums.entry(name).or_default() += number;
    }
}

#[test]
fn a_key_by_any_name() {
    let context = Context::with_samples();
    let who_used = |key: &str, more: &[&str]| {
        let words = [
            &["report", "who-used", "--format", "json", "--key", key],
            more,
        ]
        .concat();
        context.json(&words)
    };
    let id = "6cad0dea-24cc-480e-bd83-254163e34d05";
    let moved = ["--since", "2026-03-06T11:00:00Z"];
    let expected = who_used(
        &format!("arn:aws:kms:us-east-1:111122223333:key/{id}"),
        &moved,
    );
    assert!(!expected.is_empty());
    let names = [
        id.to_owned(),
        id.to_uppercase(),
        format!("key/{id}"),
        "orders".to_owned(),
        "alias/orders".to_owned(),
        "arn:aws:kms:us-east-1:111122223333:alias/orders".to_owned(),
    ];
    for name in names {
        assert_eq!(who_used(&name, &moved), expected, "{name}");
    }
    // A multi-Region set by its id is the set; by a member's ARN it is the member.
    let set = "mrk-513b8bb237f64be88b002b9454f05e81";
    let sum = |rows: &[Value]| -> u64 {
        rows.iter()
            .filter_map(|row| row["successes"].as_u64())
            .sum()
    };
    let of_set: u64 = list(&answers(), "keys")
        .iter()
        .filter(|key| text(key, "key_arn").ends_with(set))
        .map(|key| key["uses"].as_u64().expect("a number"))
        .sum();
    assert_eq!(sum(&who_used(set, &[])), of_set);
    assert_eq!(sum(&who_used(set, &["--region", "eu-west-1"])), 41);
}

#[test]
fn resources() {
    let context = Context::with_samples();
    let rows = context.rows(
        "select key, resource, cast(sum(count) as bigint) as n from key_resources
         where direction <> 'grant' group by 1, 2 order by 1, 2",
    );
    for key in list(&answers(), "keys") {
        let found: BTreeMap<&str, &Value> = rows
            .iter()
            .filter(|row| row["key"] == key["key_arn"])
            .map(|row| (text(row, "resource"), &row["n"]))
            .collect();
        let expected = list(key, "resources");
        assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
        for resource in expected {
            // What is no ARN in the log is part of one, or stands behind its service.
            let value = text(resource, "value");
            let count = found.iter().find(|(name, _)| {
                **name == value
                    || name.ends_with(&format!("/{value}"))
                    || name.ends_with(&format!(":{value}"))
            });
            assert_eq!(
                count.map(|(_, count)| *count),
                Some(&resource["uses"]),
                "{value} in {found:?}"
            );
        }
    }
}

/// The one key of the sample whose creation its logs hold, and when that was.
const CREATED: (&str, &str) = (
    "arn:aws:kms:us-east-1:111122223333:key/cdde4ed4-3b7c-4a19-8902-071136fd44d0",
    "2026-03-01",
);

#[test]
fn unused_keys() {
    let context = Context::with_samples();
    let answers = answers();
    let all = list(&answers, "keys").len();
    for expected in list(&answers, "unused") {
        let days = expected["days"].to_string();
        let words = ["report", "unused-keys", "--days", &days, "--format", "json"];
        let rows = context.json(&words);
        let mut found: Vec<Value> = rows
            .iter()
            .map(|row| json!({"key_arn": row["key_arn"], "last_use": row["last_use"]}))
            .collect();
        found.sort_by_key(|key| text(key, "key_arn").to_owned());
        // The logs end on 2026-03-10: 30 days before, that key did not exist.
        let is_young = days == "30";
        let unused: Vec<Value> = list(expected, "keys")
            .iter()
            .filter(|key| !is_young || text(key, "key_arn") != CREATED.0)
            .cloned()
            .collect();
        assert_eq!(found, unused, "{days} days");
        let used = all - list(expected, "keys").len();
        let told = format!(
            "{all} keys of your 3 accounts seen in logs: {used} used, {} unused",
            unused.len()
        );
        let stderr = context.run(&words).stderr;
        assert!(stderr.contains(&told), "{told}: {stderr}");
        let (key, day) = CREATED;
        let left_out = format!("left out, younger than the window: 1 ({key} created {day})\n");
        assert_eq!(stderr.contains(&left_out), is_young, "{stderr}");
    }
}

#[test]
fn uses_before_and_failures_of_unused_keys() {
    let context = Context::with_samples();
    let answers = answers();
    let rows = context.json(&["report", "unused-keys", "--days", "7", "--format", "json"]);
    for row in &rows {
        let key = list(&answers, "keys")
            .iter()
            .find(|key| key["key_arn"] == row["key_arn"]);
        let key = key.expect("the answers hold every key");
        assert_eq!(row["uses_before"], key["uses"], "{}", key["name"]);
        let failed: u64 = serde_json::from_value::<BTreeMap<String, u64>>(key["failures"].clone())
            .expect("numbers")
            .values()
            .sum();
        assert_eq!(row["failed_attempts"], failed, "{}", key["name"]);
    }
}

#[test]
fn throttled_callers() {
    let context = Context::with_samples();
    let expected = &answers()["throttled"];
    let rows = context.json(&["report", "throttled-callers", "--format", "json"]);
    let mut by_caller: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_event_name: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows {
        let throttled = row["throttled"].as_u64().expect("a number");
        *by_caller.entry(text(row, "caller")).or_default() += throttled;
        *by_event_name.entry(text(row, "event_name")).or_default() += throttled;
    }
    assert_eq!(json!(by_caller), expected["by_caller"]);
    assert_eq!(json!(by_event_name), expected["by_event_name"]);
    assert_eq!(json!(by_caller.values().sum::<u64>()), expected["calls"]);

    let seconds = list(expected, "seconds");
    for row in &rows {
        let second = seconds.iter().find(|second| {
            second["second"] == row["event_time"]
                && second["account"] == row["account"]
                && second["region"] == row["region"]
        });
        let second = second.unwrap_or_else(|| panic!("the answers know no such second: {row}"));
        let consumers = list(second, "consumers");
        let calls: u64 = consumers
            .iter()
            .filter_map(|consumer| consumer["calls"].as_u64())
            .sum();
        assert_eq!(row["calls_in_second"], calls, "{row}");
        let most: Vec<String> = consumers
            .iter()
            .take(3)
            .map(|consumer| format!("{} {}", text(consumer, "caller"), consumer["calls"]))
            .collect();
        assert_eq!(row["consumed_most"], most.join(", "), "{row}");
    }
    for second in seconds {
        let throttled: u64 = rows
            .iter()
            .filter(|row| row["event_time"] == second["second"])
            .filter_map(|row| row["throttled"].as_u64())
            .sum();
        let expected: u64 = list(second, "consumers")
            .iter()
            .filter_map(|consumer| consumer["throttled"].as_u64())
            .sum();
        assert_eq!(throttled, expected, "{second}");
    }
}

#[test]
fn the_roll_up_counts_every_record() {
    let context = Context::with_samples();
    let answers = answers();
    // One event with two keys counts once for each.
    let by_outcome = "select outcome as name, cast(sum(count) as bigint) as n from usage_daily where key_role <> 'destination' group by 1";
    assert_eq!(
        tally(&context, by_outcome),
        answers["kms_events"]["by_outcome"]
    );
    let by_date = "select cast(event_date as varchar) as name, cast(sum(count) as bigint) as n from usage_daily where key_role <> 'destination' group by 1";
    assert_eq!(tally(&context, by_date), answers["kms_events"]["by_date"]);
    let rows = context.rows(
        "select key, cast(sum(count) as bigint) as n from usage_daily join crypto_operations using (event_name)
         where outcome = 'success' and key like 'arn:aws:kms:%:key/%' group by 1",
    );
    for key in list(&answers, "keys") {
        let found = rows.iter().find(|row| row["key"] == key["key_arn"]);
        let found = found.map_or(0, |row| row["n"].as_u64().expect("a number"));
        // Uses that typed an alias and whose record names no ARN stand under what was typed.
        assert_eq!(json!(found), key["use_records"], "{}", key["name"]);
    }
}
