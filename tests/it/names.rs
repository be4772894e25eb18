//! The names of accounts stand beside their ids, in every report and format, and cost a table no column.

use std::fs;

use serde_json::Value;

use crate::context::Context;

/// The reports, with what they must be told.
const REPORTS: [(&str, &[&str]); 19] = [
    ("blast-radius", &["--param", "principal=etl"]),
    ("coverage", &[]),
    ("coverage-holes", &[]),
    ("cross-account", &[]),
    ("denied", &[]),
    ("enclaves", &[]),
    ("encryption-context", &[]),
    ("first-seen", &[]),
    ("grants", &[]),
    ("key-material", &[]),
    (
        "key-timeline",
        &["--key", "8b402961-4718-43ca-8f94-e4fd57328e34"],
    ),
    ("operations", &[]),
    ("principal-activity", &["--param", "principal=etl"]),
    ("resources", &[]),
    ("rhythm", &[]),
    ("throttled-callers", &[]),
    ("tls", &[]),
    ("top-callers", &[]),
    ("unused-keys", &["--days", "7"]),
];

/// The names as they are imported.
fn name(id: &str) -> Option<&'static str> {
    match id {
        "111122223333" => Some("shop"),
        "444455556666" => Some("lake"),
        _ => None,
    }
}

fn import(context: &Context) {
    let list = "id,name\n111122223333,shop\n444455556666,lake\n";
    fs::write(context.path().join("accounts.csv"), list).expect("a file");
    let done = context.run(&["accounts", "import", "accounts.csv"]);
    assert_eq!(done.code, 0, "{done}");
}

/// The account in an ARN, or of a caller that is no more than an account.
fn account(told: &str) -> Option<&str> {
    match told.strip_prefix("arn:") {
        Some(arn) => arn.split(':').nth(3),
        None => told.strip_prefix("account:"),
    }
}

/// The name that must stand beside a row's column, if it is one that tells an account.
fn beside(column: &str, value: &str) -> Option<(&'static str, Option<String>)> {
    let one = |id: &str| name(id).map(str::to_owned);
    Some(match column {
        "account" => ("account_name", one(value)),
        "accounts" => {
            let all: Vec<&str> = value.split(", ").map(|id| name(id).unwrap_or(id)).collect();
            ("account_names", Some(all.join(", ")))
        }
        "caller" => ("caller_account_name", account(value).and_then(one)),
        "key" | "key_arn" => ("key_account_name", account(value).and_then(one)),
        _ => return None,
    })
}

#[test]
fn every_report_names_the_accounts_that_it_tells() {
    let context = Context::with_samples();
    let columns = |(report, more): (&str, &[&str])| {
        let words = [&["report", report, "--format", "csv"][..], more].concat();
        let told = context.run(&words);
        assert_eq!(told.code, 0, "{told}");
        told.stdout.lines().next().unwrap_or_default().to_owned()
    };
    let before = REPORTS.map(columns);
    import(&context);
    assert_eq!(REPORTS.map(columns), before);
    let mut told = 0;
    for (report, more) in REPORTS {
        let rows = context.json(&[&["report", report, "--format", "json"][..], more].concat());
        for row in rows {
            let row = row.as_object().expect("an object");
            for (column, value) in row {
                let Some((column, expected)) = value.as_str().and_then(|text| beside(column, text))
                else {
                    continue;
                };
                // One name is enough for the report of an account.
                let found = row.get(column).or_else(|| row.get("account_name"));
                let found = found.unwrap_or_else(|| panic!("{report}: no {column} in {row:?}"));
                if row.contains_key(column) {
                    assert_eq!(
                        found,
                        &expected.map_or(Value::Null, Value::from),
                        "{report}: {row:?}"
                    );
                    told += u32::from(!found.is_null());
                }
            }
        }
    }
    assert!(told > 300, "{told}");
}

#[test]
fn a_table_tells_the_name_in_the_cell_of_the_id() {
    let context = Context::with_samples();
    let table = |report: &str| context.run(&["report", report]).stdout;
    let before = table("coverage");
    assert!(!before.contains("account_name"), "{before}");
    import(&context);
    let after = table("coverage");
    assert!(after.contains("111122223333 (shop)  "), "{after}");
    assert!(!after.contains("account_name"), "{after}");
    let calls = table("cross-account");
    assert!(
        calls.contains("arn:aws:iam::444455556666:role/etl (lake)"),
        "{calls}"
    );
    // Accounts of no log are named too.
    fs::write(
        context.path().join("more.csv"),
        "id,name\n999999999999,empty\n",
    )
    .expect("a file");
    context.run(&["accounts", "import", "more.csv"]);
    let note = context
        .run(&["report", "operations", "--account", "empty"])
        .stderr;
    assert!(note.contains("999999999999 (empty)"), "{note}");
    // And so are those whose hours are judged.
    import(&context);
    let judged = context.run(&[
        "report",
        "coverage",
        "--require",
        "complete",
        "--until",
        "2026-03-10",
    ]);
    assert_eq!(judged.code, 1, "{judged}");
    assert!(
        judged
            .stderr
            .contains("\n  111122223333 (shop) eu-west-1 from "),
        "{judged}"
    );
}
