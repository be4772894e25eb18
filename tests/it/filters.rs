//! The filters on the command line, and the accounts that they go by.

use std::fs;

use crate::context::{Context, joined};

const LIST: &str = "\u{feff}id,name,ou,owner,environment,cost centre\r\n\
    111122223333,shop,Root/Prod/Web,web,prod,1\r\n\
    444455556666,\"lake, data\",Root/Prod,data,prod,2\r\n\
    999999999999,empty,Root/Test,data,test,3\r\n";

#[test]
fn accounts_are_imported_listed_and_asked_by_name() {
    let context = Context::with_samples();
    let list = |name: &str, text: &str| {
        fs::write(context.path().join(name), text).expect("a file");
    };
    list(
        "before.csv",
        "id,name,owner\n111122223333,old,old\n444455556666,old,old\n",
    );
    list("accounts.csv", LIST);
    list(
        "bad.csv",
        "id,name\n123,a\n111122223333,b\n111122223333,c\n",
    );
    let csv = ["--format", "csv"];
    let throttled = |more: &[&'static str]| {
        let columns = context.run(&[&["report", "throttled-callers"][..], &csv, more].concat());
        let names = columns.stdout.lines().skip(1).map(|line| {
            let mut cells = line.split(',').skip(1);
            format!(
                "{} {}",
                cells.next().unwrap_or(""),
                cells.next().unwrap_or("")
            )
        });
        let mut names: Vec<String> = names.collect();
        names.dedup();
        names
    };
    assert_eq!(throttled(&[]), ["444455556666 "]);
    insta::assert_snapshot!(
        "accounts",
        joined(&[
            context.run(&["report", "throttled-callers", "--owner", "data"]),
            context.run(&["accounts", "import", "bad.csv"]),
            context.run(&["accounts", "import", "nowhere.csv"]),
            context.run(&["accounts", "import", "before.csv"]),
            context.run(&["report", "throttled-callers", "--account", "old"]),
            context.run(&["accounts", "import", "accounts.csv"]),
            context.run(&["accounts"]),
            context.run(&["report", "throttled-callers", "--account", "old"]),
            context.run(&[
                "report",
                "throttled-callers",
                "--ou",
                "Root/Test",
                "--format",
                "csv"
            ]),
            context.run(&["report", "throttled-callers", "--caller", "nobody"]),
        ])
    );
    // A name with a comma is one cell.
    for filter in [
        ["--account", "lake, data"],
        ["--ou", "Root/Prod"],
        ["--owner", "data"],
        ["--caller", "role/report-api"],
    ] {
        assert_eq!(throttled(&filter), ["444455556666 \"lake"], "{filter:?}");
    }
    for filter in [
        ["--account", "shop"],
        ["--owner", "web"],
        ["--service", "s3"],
        ["--caller", "etl"],
    ] {
        assert_eq!(throttled(&filter), [""; 0], "{filter:?}");
    }
    // Both lists are kept.
    let rows =
        context.rows("select count(*) as n, count(distinct taken_at) as lists from accounts");
    assert_eq!((&rows[0]["n"], &rows[0]["lists"]), (&5.into(), &2.into()));
}

#[test]
fn own_reports_read_what_the_filters_leave() {
    let context = Context::with_samples();
    let folder = context.path().join("own/reports");
    fs::create_dir_all(&folder).expect("a folder");
    let header = |id: &str| format!("-- id: {id}\n-- title: t\n-- description: d\n");
    let write = |id: &str, columns: &str, statement: &str| {
        let text = format!("{}{columns}\n{statement}\n", header(id));
        fs::write(folder.join(format!("{id}.sql")), text).expect("a file");
    };
    write(
        "calls",
        "-- column who: caller\n-- column calls: number of operations\n",
        "WITH uses AS (\n  SELECT caller FROM scope_uses\n)\n\nSELECT caller AS who, count(*) AS calls FROM uses\nGROUP BY caller ORDER BY caller",
    );
    let check = context.run(&["report", "check", "own"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, ""), "{check}");
    let ask = |more: &[&'static str]| {
        let words = ["report", "calls", "--queries", "own", "--format", "csv"];
        context.run(&[&words[..], more].concat())
    };
    let expected = context.run(&[
        "sql",
        "--format",
        "csv",
        "select caller as who, count(*) as calls from key_uses \
         where caller = 'arn:aws:iam::111122223333:role/web-frontend' and event_date = '2026-03-03' \
         group by caller",
    ]);
    assert_eq!(expected.stdout.lines().count(), 2, "{expected}");
    let filters = [
        "--caller",
        "web-frontend",
        "--since",
        "2026-03-03",
        "--until",
        "2026-03-03",
    ];
    let answered = ask(&filters);
    assert_eq!(answered.stdout, expected.stdout, "{answered}");
    // What is explained can be run as it stands.
    let words = ["report", "calls", "--queries", "own", "--explain"];
    let explained = context.run(&[&words[..], &filters].concat());
    let again = context.run_with(&["sql", "--format", "csv"], &explained.stdout);
    assert_eq!(again.stdout, expected.stdout, "{explained}\n{again}");

    // Lines are those of the file, whatever stands in front of the statement when it is run.
    write(
        "column",
        "",
        "SELECT caller,\n  kaller\nFROM scope_uses ORDER BY 1",
    );
    write(
        "syntax",
        "",
        "WITH uses AS (\n  SELECT 1 FROM scope_uses\n)\nSELECT 1 FROM uses ORDER BYE 1",
    );
    fs::create_dir_all(context.path().join("own/views")).expect("a folder");
    fs::create_dir_all(context.path().join("own/scopes")).expect("a folder");
    let view = format!("{}SELECT 1 AS n", header("scope_uses"));
    for folder in ["views", "scopes"] {
        let path = context
            .path()
            .join("own")
            .join(folder)
            .join("scope_uses.sql");
        fs::write(path, &view).expect("a file");
    }
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(check.code, 1, "{check}");
    for fault in [
        "own/reports/column.sql:6: ",
        "own/reports/syntax.sql:8: ",
        "own/views/scope_uses.sql:1: duplicate name: `scope_uses`",
        "own/scopes/scope_uses.sql:1: it is not read",
    ] {
        assert!(check.stdout.contains(fault), "{fault} in {check}");
    }
}

/// A filter makes constants of what reports group and rank by; over real files, which are sorted, the engine
/// has refused some of that.
#[test]
fn every_report_answers_for_one_key() {
    const KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/cd827eb6-1647-4da2-b56c-169c336e0ed5";
    let context = Context::with_samples();
    let reports = context.run(&["report"]).stdout;
    let names = reports.lines().filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = names
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 18, "{names:?}");
    for name in names {
        let mut arguments = vec!["report", name, "--key", KEY, "--format", "ndjson"];
        if name == "principal-activity" {
            arguments.extend(["--param", "principal=etl"]);
        }
        let told = context.run(&arguments);
        assert_eq!(told.code, 0, "{told}");
    }
}
