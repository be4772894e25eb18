//! `sql` and `report` on the sample logs, in every format, from every place to every place.

use serde_json::Value;

use crate::context::{Context, REPOSITORY, Transcript, joined};

/// The three most frequent callers.
const TOP_CALLERS: &str = "select caller, count(*) as calls from kms_events \
    group by caller order by calls desc, caller limit 3";

/// A key with uses by a person's role and by a service, and with management calls.
const IMAGES: &str = "8b402961-4718-43ca-8f94-e4fd57328e34";

#[test]
fn sql_in_every_format() {
    let context = Context::with_samples();
    let formats = ["table", "json", "ndjson", "csv"];
    let transcripts: Vec<Transcript> = formats
        .iter()
        .map(|format| context.run(&["sql", TOP_CALLERS, "--format", format]))
        .collect();
    insta::assert_snapshot!("sql", joined(&transcripts));

    let parquet = context.run(&["sql", TOP_CALLERS, "--format", "parquet"]);
    assert_eq!((parquet.code, parquet.stderr.as_str()), (0, ""));
    let (head, tail) = (&parquet.raw.stdout[..4], parquet.raw.stdout.len() - 4);
    assert_eq!(
        (head, &parquet.raw.stdout[tail..]),
        (&b"PAR1"[..], &b"PAR1"[..])
    );
}

#[test]
fn sql_from_every_place_to_every_place() {
    let context = Context::with_samples();
    let expected = context.run(&["sql", TOP_CALLERS]);
    std::fs::write(
        context.path().join("top.sql"),
        format!("-- the top\n{TOP_CALLERS};\n"),
    )
    .expect("a file");
    let from_file = context.run(&["sql", "-f", "top.sql"]);
    let with_comment = context.run(&["sql", &format!("-- the top\n{TOP_CALLERS}")]);
    let from_stdin = context.run_with(&["sql"], &format!("{TOP_CALLERS}\n"));
    for transcript in [from_file, from_stdin, with_comment] {
        assert_eq!(transcript.code, 0, "{transcript}");
        assert_eq!(transcript.stdout, expected.stdout, "{transcript}");
    }
    for format in ["table", "json", "ndjson", "csv", "parquet", "markdown"] {
        let printed = context.run(&["sql", TOP_CALLERS, "--format", format]);
        let file = context.path().join(format!("top.{format}"));
        // An older file is replaced.
        std::fs::write(&file, "x".repeat(100_000)).expect("a file");
        let name = file.to_string_lossy();
        let written = context.run(&["sql", TOP_CALLERS, "--format", format, "--output", &name]);
        assert_eq!(written.code, 0, "{written}");
        assert_eq!((written.stdout.as_str(), written.stderr.as_str()), ("", ""));
        let written = std::fs::read(&file).expect("it was written");
        assert!(written == printed.raw.stdout, "{format} differs in a file");
    }
}

#[test]
fn every_relation_can_be_read() {
    let context = Context::with_samples();
    let relations = context.rows(
        "select table_name from information_schema.tables where table_schema = 'public' order by table_name",
    );
    let names: Vec<&str> = relations
        .iter()
        .filter_map(|row| row["table_name"].as_str())
        .collect();
    for table in keytrail::schema::TABLES {
        assert!(names.contains(&table.name), "{} is missing", table.name);
    }
    for view in walkdir::WalkDir::new(format!("{REPOSITORY}/queries/views")) {
        let view = view.expect("an entry");
        if view.file_type().is_dir() {
            continue;
        }
        let name = view
            .path()
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(names.contains(&name.as_str()), "{name} is missing");
    }
    for name in names {
        context.rows(&format!("select * from {name}"));
    }
}

#[test]
fn reports_as_tables() {
    let context = Context::with_samples();
    let cases: [(&str, &[&str]); 5] = [
        ("report", &["report"]),
        ("report_who_used", &["report", "who-used", "--key", IMAGES]),
        (
            "report_who_used_alias",
            &[
                "report",
                "who-used",
                "--key",
                "orders",
                "--since",
                "2026-03-06T11:00:00Z",
            ],
        ),
        (
            "report_unused_keys",
            &["report", "unused-keys", "--days", "7"],
        ),
        (
            "report_throttled_callers",
            &[
                "report",
                "throttled-callers",
                "--since",
                "30d",
                "--until",
                "2026-03-05",
            ],
        ),
    ];
    for (name, words) in cases {
        insta::assert_snapshot!(name, context.run(words).to_string());
    }
}

#[test]
fn reports_as_json() {
    let context = Context::with_samples();
    let cases: [(&str, &[&str]); 3] = [
        (
            "report_who_used_json",
            &[
                "report",
                "who-used",
                "--key",
                IMAGES,
                "--until",
                "2026-03-02",
            ],
        ),
        (
            "report_unused_keys_json",
            &[
                "report",
                "unused-keys",
                "--since",
                "2026-03-03T18:45:29Z",
                "--region",
                "us-east-1",
            ],
        ),
        (
            "report_throttled_callers_json",
            &["report", "throttled-callers", "--account", "444455556666"],
        ),
    ];
    for (name, words) in cases {
        let words = [words, &["--format", "json"]].concat();
        let transcript = context.run(&words);
        // The heading and the notes would not be JSON.
        serde_json::from_slice::<Vec<Value>>(&transcript.raw.stdout).expect("an array");
        insta::assert_snapshot!(name, transcript.to_string());
    }
}

#[test]
fn reports_in_files() {
    let context = Context::with_samples();
    let words = ["report", "throttled-callers", "--format", "csv"];
    let printed = context.run(&words);
    let written = context.run(&[&words[..], &["-o", "report.csv"]].concat());
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    assert_eq!(written.stderr, printed.stderr);
    let file = std::fs::read(context.path().join("report.csv")).expect("it was written");
    assert!(file == printed.raw.stdout);
}

#[test]
fn windows_beside_the_logs_are_told() {
    let context = Context::with_samples();
    let words = |more: &[&'static str]| {
        let mut words = vec!["report", "throttled-callers", "--format", "csv"];
        words.extend(more);
        words
    };
    let transcripts = [
        context.run(&words(&["--until", "2020-01-01"])),
        context.run(&words(&["--since", "2020-01-01", "--until", "2026-03-01"])),
        context.run(&words(&["--since", "2030-01-01", "--until", "2030-12-31"])),
    ];
    insta::assert_snapshot!("report_windows", joined(&transcripts));
}

#[test]
fn the_store_is_found_in_the_environment() {
    let context = Context::with_samples();
    let expected = context.run(&["sql", TOP_CALLERS]);
    let elsewhere = Context::new();
    let mut command = elsewhere.command(&["sql", TOP_CALLERS]);
    let output = command
        .env("KEYTRAIL_STORE", context.store())
        .output()
        .expect("it runs");
    assert_eq!(output.stdout, expected.raw.stdout);
    // What is typed goes before the environment.
    let mut command = elsewhere.command(&["status", "--store", "typed"]);
    let output = command
        .env("KEYTRAIL_STORE", context.store())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_event_of_the_future_that_moves_the_window_is_told() {
    let context = Context::new();
    let event = |id: &str, time: &str| {
        serde_json::json!({
            "eventVersion": "1.11", "eventTime": time, "eventSource": "kms.amazonaws.com", "eventName": "Decrypt",
            "awsRegion": "eu-west-1", "eventID": id, "recipientAccountId": "111122223333",
            "userIdentity": {"type": "AWSService", "invokedBy": "s3.amazonaws.com"},
            "resources": [{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"}],
        })
    };
    let ingest = |name: &str, event: Value| {
        let log = serde_json::json!({"Records": [event]}).to_string();
        std::fs::write(context.path().join(name), log).expect("a file");
        let ingested = context.run(&["ingest", name]);
        assert_eq!(ingested.code, 0, "{ingested}");
    };
    let report = |more: &[&str]| {
        let words = ["report", "throttled-callers", "--format", "csv"];
        context.run(&[&words[..], more].concat()).stderr
    };
    let told =
        "warning: the newest event (2126-01-01T00:00:00Z) is dated after the last log was read (";
    ingest("real.json", event("1", "2026-03-01T00:00:00Z"));
    assert!(!report(&[]).contains("warning: the newest event"));
    ingest("future.json", event("2", "2126-01-01T00:00:00Z"));
    for more in [&[][..], &["--since", "30d"], &["--until", "1d"]] {
        assert!(report(more).contains(told), "{more:?}: {}", report(more));
    }
    // An end that was typed is not moved.
    assert!(!report(&["--until", "2026-03-01"]).contains("warning: the newest event"));
}

/// A condition that the statistics prove is left out; one that a single row fails is not. `+ 0` hides the column from them.
#[test]
fn a_condition_that_holds_for_all_rows_costs_nothing_and_one_that_does_not_is_kept() {
    let context = Context::with_samples();
    let ask = |sql: &str| context.run(&["sql", sql, "--format", "csv"]).stdout;
    let newest = ask("select cast(max(event_time) as bigint) as t from kms_events");
    let newest: i64 = newest
        .lines()
        .nth(1)
        .and_then(|line| line.parse().ok())
        .expect("a time");
    let time = |microseconds: i64| {
        format!("arrow_cast({microseconds}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
    };
    for end in [newest - 1, newest, newest + 1] {
        for sign in ["<", "<=", "=", "<>", ">=", ">"] {
            let told = ask(&format!(
                "select count(*) as n from kms_events where event_time {sign} {}",
                time(end)
            ));
            let counted = ask(&format!(
                "select count(*) as n from kms_events where cast(event_time as bigint) + 0 {sign} {end}"
            ));
            assert_eq!(told, counted, "{sign} {}", end - newest);
        }
    }
    let plan = |end: i64| {
        ask(&format!(
            "explain select count(caller) from kms_events where event_time < {}",
            time(end)
        ))
    };
    // The statistics of a log are cut to milliseconds.
    let after = plan(newest + 1000);
    assert!(!after.contains("predicate="), "{after}");
    assert!(plan(newest).contains("predicate="), "{}", plan(newest));
}
