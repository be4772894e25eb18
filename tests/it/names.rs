//! The names of accounts stand beside their ids, in every report and format, and cost a table no column.

use std::fs;

use serde_json::Value;

use crate::context::Context;

/// Reports that tell accounts in all ways there are, with what they must be told.
const REPORTS: [(&str, &[&str]); 9] = [
    ("coverage", &[]),
    ("coverage-holes", &[]),
    ("cross-account", &[]),
    ("denied", &[]),
    ("key-material", &[]),
    ("resources", &[]),
    ("throttled-callers", &[]),
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
            let ids: Vec<&str> = value.split(", ").collect();
            let is_any_named = ids.iter().any(|id| name(id).is_some());
            let all: Vec<&str> = ids.iter().map(|id| name(id).unwrap_or(id)).collect();
            ("account_names", is_any_named.then(|| all.join(", ")))
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
    let mut told = 0;
    for ((report, more), before) in REPORTS.into_iter().zip(before) {
        let rows = context.json(&[&["report", report, "--format", "json"][..], more].concat());
        for row in rows {
            let row = row.as_object().expect("an object");
            // The columns are those that were there before any name was known.
            let mut columns: Vec<&str> = before.split(',').collect();
            columns.sort_unstable();
            assert_eq!(row.keys().collect::<Vec<_>>(), columns, "{report}");
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
    assert!(told > 60, "{told}");
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
