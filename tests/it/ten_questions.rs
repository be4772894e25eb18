//! Questions that `deltalake` and Polars answer from the stored `key_uses` and `uses_daily` as the reports do.
//!
//! The queries are in `ten_questions.py`. Here each report is reduced to the columns of its query.

use std::collections::BTreeMap;
use std::process::Command;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::answers::text;
use crate::context::{Context, REPOSITORY};
use crate::engines::{PINS, documented, lines_of};
use crate::python::python;

/// A key with uses by a role, by a service, and by CloudTrail for its own logs.
const KEY: &str = "arn:aws:kms:us-east-1:777788889999:key/4b445fa7-5474-4952-9f0f-2b063ad54b7c";

/// A key without a use since then is unused: a week before the last delivery.
const SINCE: &str = "2026-03-03T18:50:00Z";

/// A name in encryption contexts of several keys.
const CONTEXT: &str = "Purpose";

#[test]
fn other_engines_answer_as_the_reports_do() {
    let context = Context::with_samples();
    let found = answers_of_engines(&context);
    // No day is left out: each that has an event is settled.
    let settle = context.run(&["settle", "--dry-run"]);
    assert_eq!(settle.stdout, "nothing to settle\n", "{settle}");
    let status = context.run(&["status"]);
    assert!(
        status.stdout.contains("days    11 settled\n"),
        "a day is computed: {status}"
    );
    for days in list(&found["days"]) {
        assert_eq!(list(days).len(), 11, "{days}");
        assert_eq!(*days, found["days"][0]);
    }

    let reports = answers_of_reports(&context);
    assert_eq!(
        list_of_questions(&found),
        reports.keys().copied().collect::<Vec<_>>()
    );
    for (question, rows) in &reports {
        assert!(!rows.is_empty(), "{question} has no answer");
        for engine in ["deltalake", "polars"] {
            let answer = list(&found[question][engine]);
            assert_eq!(sorted(answer), sorted(rows), "{question} in {engine}");
        }
    }
}

/// The answers of both engines by question, and the days of the tables.
fn answers_of_engines(context: &Context) -> Value {
    let output = Command::new(python("engines", &PINS))
        .arg(format!("{REPOSITORY}/tests/it/ten_questions.py"))
        .arg(context.store())
        .args([KEY, SINCE, CONTEXT])
        .output()
        .expect("Python starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn list_of_questions(found: &Value) -> Vec<&str> {
    let names = found.as_object().expect("an object").keys();
    let mut names: Vec<&str> = names
        .map(String::as_str)
        .filter(|name| *name != "days")
        .collect();
    names.sort_unstable();
    names
}

/// The rows of the reports by question, with the columns of the queries.
fn answers_of_reports(context: &Context) -> BTreeMap<&'static str, Vec<Value>> {
    BTreeMap::from([
        ("who_used", who_used(context)),
        ("last_use", last_use(context)),
        ("denied", denied(context)),
        ("throttled", throttled(context)),
        ("cross_account", cross_account(context)),
        ("operations_by_day", operations_by_day(context)),
        ("top_callers", top_callers(context)),
        ("resources", resources(context)),
        ("tls", tls(context)),
        ("key_material", key_material(context)),
        ("rhythm", rhythm(context)),
        ("context_names", context_names(context)),
    ])
}

fn who_used(context: &Context) -> Vec<Value> {
    let mut rows = report(context, &["who-used", "--key", KEY]);
    rows.retain(|row| row["kind"] == "use");
    let columns = [
        ("caller", "caller"),
        ("service", "service"),
        ("use_label", "label"),
        ("uses", "successes"),
        ("last_time", "last_time"),
    ];
    picked(&rows, &columns)
}

fn last_use(context: &Context) -> Vec<Value> {
    let rows = report(context, &["unused-keys", "--since", SINCE]);
    let columns = [
        ("key_arn", "key_arn"),
        ("last_use", "last_use"),
        ("uses", "uses_before"),
    ];
    picked(&rows, &columns)
}

/// The report also has the action and the key, and says whether the policy denies or does not allow.
fn denied(context: &Context) -> Vec<Value> {
    let mut refusals: BTreeMap<(String, Option<String>), u64> = BTreeMap::new();
    for row in report(context, &["denied"]) {
        let policy = row["refused_by"].as_str();
        let policy = policy.and_then(|policy| policy.split(' ').next());
        let group = (text(&row, "caller").to_owned(), policy.map(str::to_owned));
        *refusals.entry(group).or_default() += number(&row, "refusals");
    }
    refusals
        .into_iter()
        .map(|((caller, policy), count)| {
            json!({"caller": caller, "denied_by": policy, "refusals": count})
        })
        .collect()
}

fn throttled(context: &Context) -> Vec<Value> {
    let rows = report(context, &["throttled-callers"]);
    let columns = ["event_time", "region", "caller", "event_name", "key"];
    let columns = columns.map(|column| (column, column));
    picked(
        &rows,
        &[&columns[..], &[("throttled", "throttled")]].concat(),
    )
}

fn cross_account(context: &Context) -> Vec<Value> {
    let mut rows = report(context, &["cross-account"]);
    // Callers that only manage a key do not use it.
    rows.retain(|row| number(row, "uses") + number(row, "failed") > 0);
    let columns = ["caller", "key_arn", "uses", "failed"].map(|column| (column, column));
    picked(&rows, &columns)
}

/// The report has one row per operation, with a count for each day from the first.
fn operations_by_day(context: &Context) -> Vec<Value> {
    let first = context.rows("select cast(min(event_date) as varchar) as day from uses_daily");
    let first: NaiveDate = text(&first[0], "day").parse().expect("a date");
    let mut days = Vec::new();
    for row in report(context, &["operations"]) {
        let operation = text(&row, "operation");
        // The same calls as those of the source.
        if operation.ends_with(" (destination)") {
            continue;
        }
        let name = operation.trim_end_matches(" (source)");
        for (index, calls) in (0..).zip(list(&row["calls_per_day"])) {
            if *calls != 0 {
                days.push(json!({
                    "event_date": (first + Days::new(index)).to_string(),
                    "event_name": name,
                    "use_label": row["label"],
                    "calls": calls,
                }));
            }
        }
    }
    days
}

fn top_callers(context: &Context) -> Vec<Value> {
    let rows = report(context, &["top-callers"]);
    let columns = [
        ("caller", "caller"),
        ("use_label", "label"),
        ("uses", "uses"),
        ("failed", "failed"),
    ];
    picked(&rows, &columns)
}

/// The report counts grants too, and has the bucket of an S3 object.
fn resources(context: &Context) -> Vec<Value> {
    let mut pairs = Vec::new();
    for row in report(context, &["resources"]) {
        let uses: u64 = text(&row, "operations")
            .split(", ")
            .filter_map(|part| {
                part.strip_prefix("encrypt ")
                    .or(part.strip_prefix("decrypt "))
            })
            .map(|count| count.parse::<u64>().expect("a count"))
            .sum();
        if uses > 0 && !text(&row, "resource").starts_with("arn:aws:s3:::") {
            pairs.push(json!({
                "key_arn": row["key"], "resource": row["resource"], "operations": uses,
            }));
        }
    }
    pairs
}

fn tls(context: &Context) -> Vec<Value> {
    let rows = report(context, &["tls"]);
    let columns = [
        ("caller", "caller"),
        ("tls_version", "tls"),
        ("tls_key_exchange", "key_exchange"),
        ("use_label", "label"),
        ("calls", "calls"),
        ("last_time", "last_time"),
    ];
    picked(&rows, &columns)
}

/// The report also has versions without a use, which a rotation made.
fn key_material(context: &Context) -> Vec<Value> {
    let mut versions = Vec::new();
    for row in report(context, &["key-material"]) {
        let operations = number(&row, "encrypts") + number(&row, "decrypts");
        if operations > 0 {
            versions.push(json!({
                "key_arn": row["key_arn"],
                "key_material_id": row["key_material_id"],
                "operations": operations,
                "callers": row["callers"],
            }));
        }
    }
    versions
}

fn rhythm(context: &Context) -> Vec<Value> {
    const WEEKDAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let mut hours = Vec::new();
    for row in report(context, &["rhythm"]) {
        let weekday = WEEKDAYS
            .iter()
            .position(|name| row["weekday"] == **name)
            .expect("a weekday");
        for (hour, uses) in list(&row["uses_per_hour"]).iter().enumerate() {
            if *uses != 0 {
                hours.push(json!({
                    "weekday": weekday + 1, "hour": hour, "use_label": row["label"], "uses": uses,
                }));
            }
        }
    }
    hours
}

fn context_names(context: &Context) -> Vec<Value> {
    let mut rows = report(context, &["encryption-context"]);
    rows.retain(|row| row["name"] == CONTEXT);
    let columns = [("key_arn", "key"), ("use_label", "label"), ("uses", "uses")];
    picked(&rows, &columns)
}

/// The rows of a report.
fn report(context: &Context, words: &[&str]) -> Vec<Value> {
    context.json(&[&["report"], words, &["--format", "json"]].concat())
}

/// Columns of a query, each with the value of a column of the report.
fn picked(rows: &[Value], columns: &[(&str, &str)]) -> Vec<Value> {
    let pick = |row: &Value| {
        let cells = columns.iter().map(|(name, column)| {
            let cell = row.get(*column).expect(column);
            ((*name).to_owned(), cell.clone())
        });
        Value::Object(cells.collect())
    };
    rows.iter().map(pick).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().expect("a number")
}

/// Rows in an order of their own: engines sort nulls and letters differently.
fn sorted(rows: &[Value]) -> Vec<BTreeMap<String, String>> {
    let cells = |row: &Value| {
        let cells = row.as_object().expect("a row").iter();
        cells
            .map(|(name, cell)| (name.clone(), cell.to_string()))
            .collect()
    };
    let mut rows: Vec<_> = rows.iter().map(cells).collect();
    rows.sort_unstable();
    rows
}

/// The queries of `docs/other-engines.md` about uses print what the reports say.
#[test]
fn the_queries_of_the_documentation_answer_as_the_reports_do() {
    let context = Context::with_samples();
    let [.., last_use, denials, calls] = documented()[..] else {
        panic!("three queries")
    };

    let keys = context.rows(
        "select key_arn, to_char(last_use, '%Y-%m-%d %H:%M:%S+00:00') as time from keys \
         where last_use is not null order by last_use, key_arn",
    );
    let keys: Vec<String> = keys
        .iter()
        .map(|row| format!("{} {}", text(row, "key_arn"), text(row, "time")))
        .collect();
    assert!(!keys.is_empty());
    let printed = lines_of(&context, last_use);
    assert_eq!(printed.lines().collect::<Vec<_>>(), keys);

    let printed = lines_of(&context, denials)
        .replace('\'', "\"")
        .replace("None", "null");
    let printed: Vec<Value> = serde_json::from_str(&printed).expect(&printed);
    assert!(!printed.is_empty());
    assert_eq!(sorted(&printed), sorted(&denied(&context)));

    let mut days: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in operations_by_day(&context) {
        let day = text(&row, "event_date").to_owned();
        *days
            .entry((day, text(&row, "event_name").to_owned()))
            .or_default() += number(&row, "calls");
    }
    let days: Vec<String> = days
        .iter()
        .map(|((day, name), count)| format!("{day} {name} {count}"))
        .collect();
    assert!(!days.is_empty());
    let printed = lines_of(&context, calls);
    assert_eq!(printed.lines().collect::<Vec<_>>(), days);
}
