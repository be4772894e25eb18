//! How answers are shown: in other zones, as Markdown, explained; and whole tables in files.

use std::fs;
use std::process::Command;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::context::{Context, joined};

const ORDERS: &str = "arn:aws:kms:us-east-1:111122223333:key/8b402961-4718-43ca-8f94-e4fd57328e34";

#[test]
fn times_are_shown_in_a_zone() {
    let context = Context::with_samples();
    let first = "select min(event_time) as first, max(event_date) as day from kms_events";
    let run = |zone: &'static str, format: &'static str| {
        context.run(&["sql", first, "--tz", zone, "--format", format])
    };
    let mut transcripts = vec![run("UTC", "csv")];
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        transcripts.push(run("America/New_York", format));
    }
    transcripts.push(context.run(&[
        "report",
        "throttled-callers",
        "--tz",
        "Asia/Kolkata",
        "--until",
        "2026-03-05",
        "--format",
        "csv",
    ]));
    transcripts.push(run("Mars/Olympus", "csv"));
    insta::assert_snapshot!("zones", joined(&transcripts));

    // Parquet keeps the instant, and names the zone.
    context.run(&[
        "sql",
        first,
        "--tz",
        "Europe/Berlin",
        "--format",
        "parquet",
        "-o",
        "a.parquet",
    ]);
    context.run(&["sql", first, "--format", "parquet", "-o", "b.parquet"]);
    let read = |name: &str| {
        let file = fs::File::open(context.path().join(name)).expect("it was written");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        let zone = reader.schema().field(0).data_type().to_string();
        let batch = reader
            .build()
            .expect("rows")
            .next()
            .expect("a batch")
            .expect("whole");
        let instant = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64);
        (zone, instant.expect("a number"))
    };
    let ((berlin, left), (utc, right)) = (read("a.parquet"), read("b.parquet"));
    assert!(
        berlin.contains("Europe/Berlin") && utc.contains("UTC"),
        "{berlin} {utc}"
    );
    assert_eq!(&left, &right);
}

#[test]
fn an_explained_report_answers_the_same() {
    let context = Context::with_samples();
    let reports: [&[&str]; 4] = [
        &["who-used", "--key", ORDERS],
        &[
            "who-used",
            "--key",
            "alias/orders",
            "--since",
            "2026-03-06T11:00:00Z",
            "--account",
            "111122223333",
        ],
        &["unused-keys", "--days", "7", "--region", "us-east-1"],
        &["throttled-callers", "--until", "2026-03-05"],
    ];
    for words in reports {
        let words = [&["report"], words].concat();
        let answered = context.run(&[&words[..], &["--format", "csv"]].concat());
        let explained = context.run(&[&words[..], &["--explain"]].concat());
        assert_eq!(
            (explained.code, explained.stderr.as_str()),
            (0, ""),
            "{explained}"
        );
        assert!(!explained.stdout.contains('$'), "{explained}");
        let again = context.run_with(&["sql", "--format", "csv"], &explained.stdout);
        assert_eq!(again.stdout, answered.stdout, "{explained}\n{again}");
    }
}

#[test]
fn what_stands_behind_figures_is_counted_exactly() {
    let context = Context::with_samples();
    let explained = context.run(&["report", "throttled-callers", "--explain"]);
    let count = |what: &str| -> i64 {
        let line = explained.stdout.lines().find(|line| line.contains(what));
        let number = line.and_then(|line| line.rsplit(' ').next()).expect(what);
        number.replace(',', "").parse().expect("a number")
    };
    let number = |statement: &str| context.rows(statement)[0]["n"].as_i64().expect("a number");
    assert_eq!(
        count("records"),
        number("select count(*) as n from kms_events")
    );
    assert_eq!(
        count("of them corrections"),
        number("select count(*) as n from kms_events where is_correction")
    );
    // Of each call that two accounts logged, one record is left out.
    let shared = "select sum(c - 1) as n from (select count(distinct recipient_account_id) as c \
        from kms_events where shared_event_id is not null group by shared_event_id)";
    assert_eq!(count("copies in another"), number(shared));
    let answers = crate::answers::answers();
    let planted = answers["duplicates"].as_array().expect("an array").len();
    let dropped = count("duplicates dropped");
    assert_eq!(usize::try_from(dropped).expect("a count"), planted);
    // A second reading adds none, neither of what it wrote nor of what it found again.
    context.run(&["ingest", "sample-logs/AWSLogs"]);
    let again = context.run(&["report", "throttled-callers", "--explain"]);
    assert_eq!(again.stdout, explained.stdout);
    let of_key = context.run(&["report", "who-used", "--key", ORDERS, "--explain"]);
    let head: Vec<&str> = of_key
        .stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .collect();
    insta::assert_snapshot!("explain", head.join("\n"));
}

#[test]
fn markdown_holds_strangers_text() {
    let context = Context::with_samples();
    let statement = "select 'a|b' || chr(10) || '<img src=x> [x](https://e.example)' as text, 1 as \"n|m\", null as none";
    insta::assert_snapshot!(
        "markdown",
        context
            .run(&["sql", statement, "--format", "markdown"])
            .to_string()
    );
}

#[test]
fn tables_are_exported_whole_or_not_at_all() {
    let context = Context::with_samples();
    let rows =
        |name: &str| context.rows(&format!("select count(*) as n from {name}"))[0]["n"].clone();
    let lines = |name: &str| {
        let text = fs::read_to_string(context.path().join(name)).expect("it was written");
        text.lines().count() as u64
    };
    for (table, file) in [
        ("kms_events", "e.ndjson"),
        ("key_uses", "u.jsonl"),
        ("log_files", "l.csv"),
    ] {
        let export = context.run(&["export", table, "--to", file]);
        assert_eq!((export.code, export.stdout.as_str()), (0, ""), "{export}");
        let header = u64::from(file.ends_with(".csv"));
        assert_eq!(rows(table), lines(file) - header, "{table}");
    }
    context.run(&["export", "kms_events", "--to", "e.parquet"]);
    let file = fs::File::open(context.path().join("e.parquet")).expect("it was written");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    assert_eq!(
        rows("kms_events"),
        reader.metadata().file_metadata().num_rows()
    );

    fs::write(context.path().join("old.csv"), "old").expect("a file");
    let refused = [
        context.run(&["export", "kms_event", "--to", "old.csv"]),
        context.run(&["export", "kms_events\"; --", "--to", "old.csv"]),
        context.run(&["export", "kms_events", "--to", "old"]),
        context.run(&["export", "kms_events", "--to", "nowhere/a.csv"]),
    ];
    insta::assert_snapshot!("export_refused", joined(&refused));
    let old = fs::read_to_string(context.path().join("old.csv")).expect("it is there");
    assert_eq!(old, "old");
}

#[test]
fn completions_and_pages_are_those_of_the_commands() {
    let context = Context::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = context.run(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (0, ""), "{script}");
        for word in ["unused", "report", "explain", "export", "queries"] {
            let is_there = word == "unused" || script.stdout.contains(word);
            assert!(is_there, "{word} for {shell}");
        }
    }
    let script = context.run(&["completions", "bash"]).raw.stdout;
    fs::write(context.path().join("keytrail.bash"), script).expect("a file");
    let bash = Command::new("bash")
        .arg("-n")
        .arg(context.path().join("keytrail.bash"))
        .output();
    assert!(bash.expect("bash").status.success());

    let page = context.run(&["man"]);
    assert!(
        page.stdout.contains(".TH keytrail 1") && page.code == 0,
        "{page}"
    );
    let pages = context.run(&["man", "--out", "man"]);
    assert_eq!((pages.code, pages.stdout.as_str()), (0, ""), "{pages}");
    let report = fs::read_to_string(context.path().join("man/keytrail-report.1")).expect("a page");
    assert!(report.contains("explain"), "{report}");
    fs::write(context.path().join("file"), "").expect("a file");
    assert_eq!(context.run(&["man", "--out", "file/man"]).code, 2);
}

#[test]
fn ten_million_rows_stream() {
    /// Far below what the rows take; the program alone takes a fifth of it.
    const KIB_MAX: u64 = 600 * 1024;
    let context = Context::with_samples();
    // Python tells the most memory that its child had.
    let script = "import resource, subprocess, sys\n\
        code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
        print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let output = Command::new("python3")
        .args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_keytrail"),
            "sql",
            "--format",
            "ndjson",
        ])
        .arg("select value as n from generate_series(1, 10000000)")
        .current_dir(context.path())
        .output()
        .expect("Python 3");
    let told = String::from_utf8_lossy(&output.stdout);
    let (code, memory) = told.trim().split_once(' ').expect("two numbers");
    assert_eq!(code, "0", "{}", String::from_utf8_lossy(&output.stderr));
    let memory: u64 = memory.parse().expect("KiB");
    assert!(memory < KIB_MAX, "{memory} KiB");
}

/// The lists of a report are pictures on a terminal only; programs get the numbers.
#[test]
fn series_are_numbers_for_programs() {
    let context = Context::with_samples();
    let folder = context.path().join("own/reports");
    fs::create_dir_all(&folder).expect("a folder");
    let text = "-- id: days\n-- title: Days\n-- description: D.\n-- series: uses\n\n\
        SELECT 'a' AS caller, make_array(0, 1, 4, 8) AS uses ORDER BY 1\n";
    fs::write(folder.join("days.sql"), text).expect("a file");
    let run =
        |format: &str| context.run(&["report", "days", "--queries", "own", "--format", format]);
    assert!(run("table").stdout.contains("[0, 1, 4, 8]"));
    let rows: Vec<Value> = serde_json::from_slice(&run("json").raw.stdout).expect("JSON");
    assert_eq!(rows[0]["uses"], serde_json::json!([0, 1, 4, 8]));
}
