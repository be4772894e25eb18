//! What leaves the program: where it goes, that a reader may stop reading, and that text of strangers
//! can neither act on a terminal nor on a spreadsheet.

use std::fs::File;
use std::io::{BufRead as _, BufReader};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::context::{Context, broken_pipe};

/// A userAgent that paints, rings and starts a line, and one that starts a program.
const PAINTED: &str = "\u{1b}[31mpaint it red\u{1b}[0m\u{7}\r\nsecond line";
const FORMULA: &str = "=cmd|' /C calc'!A0";

#[test]
fn data_and_notes_are_apart() {
    let context = Context::with_samples();
    for format in ["table", "json", "ndjson", "csv", "parquet", "markdown"] {
        let report = context.run(&["report", "unused-keys", "--days", "5", "--format", format]);
        assert_eq!(report.code, 0, "{report}");
        assert!(
            report
                .stderr
                .contains("note[not-a-verdict]: seen in logs, not a verdict"),
            "{report}"
        );
        assert!(!report.stdout.contains("note["), "{report}");
        // The window is told with every format; with rows for programs, not among them.
        let heading = "Keys with no use (from 2026-03-05T18:50:00Z";
        let is_table = format == "table";
        assert_eq!(report.stdout.contains(heading), is_table, "{report}");
        assert_eq!(report.stderr.contains(heading), !is_table, "{report}");
    }
    for words in [
        &["status"][..],
        &["status", "--json"],
        &["schema"],
        &["report"],
    ] {
        let transcript = context.run(words);
        assert_eq!(
            (transcript.code, transcript.stderr.as_str()),
            (0, ""),
            "{transcript}"
        );
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let context = Context::with_samples();
    let commands: [&[&str]; 16] = [
        &["--help"],
        &["--version"],
        &["schema"],
        &["status"],
        &["status", "--json"],
        &["report"],
        &["report", "throttled-callers"],
        &["report", "throttled-callers", "--explain"],
        &["sql", "select * from kms_events", "--format", "markdown"],
        &["completions", "bash"],
        &["man"],
        &["report", "unused-keys", "--format", "json"],
        &["sql", "select * from kms_events", "--format", "csv"],
        &["sql", "select * from kms_events", "--format", "parquet"],
        &["event", "c0e3849e-3fa4-4ac9-9692-79d6e18a473f"],
        &["ingest", "sample-logs/AWSLogs"],
    ];
    for words in commands {
        let transcript = context.run_into(words, broken_pipe());
        assert_eq!(transcript.code, 0, "{transcript}");
        assert!(!transcript.stderr.contains("error"), "{transcript}");
    }
}

#[test]
fn an_ingest_that_nobody_reads_still_tells_that_it_is_incomplete() {
    let context = Context::new();
    let transcript = context.run_into(&["ingest", "sample-logs/AWSLogs"], broken_pipe());
    assert_eq!(transcript.code, 2, "{transcript}");
    let rows = context.rows("select count(*) as n from kms_events");
    assert_eq!(rows[0]["n"], 1182);
}

#[test]
fn a_reader_may_stop_after_a_line() {
    let context = Context::with_samples();
    for format in ["table", "json", "ndjson", "csv", "markdown"] {
        // Three megabytes, so that the pipe is full long before the end.
        let mut command = context.command(&["sql", "select * from kms_events", "--format", format]);
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
        reader.read_line(&mut line).expect("a line");
        drop(reader);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let context = Context::with_samples();
    let commands: [&[&str]; 4] = [
        &["status"],
        &["schema"],
        &["report", "throttled-callers"],
        &["sql", "select * from kms_events", "--format", "csv"],
    ];
    for words in commands {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let transcript = context.run_into(words, full);
        assert_eq!(transcript.code, 2, "{transcript}");
        assert!(
            transcript.stderr.contains("No space left on device"),
            "{transcript}"
        );
    }
}

#[test]
fn control_characters_never_come_out() {
    let context = Context::with_samples();
    let held = "select * from kms_events order by user_agent, event_time, content_hash";
    let planted =
        context.rows("select event_id from kms_events where user_agent like '%paint it red%'");
    let id = planted[0]["event_id"].as_str().expect("an id");
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["event", id],
        vec!["status"],
        vec!["sql", "select 1 as \"\u{1b}[31mred\""],
        vec!["sql", "select * from \"\u{1b}[31mred\""],
        vec!["event", "\u{1b}[31mred"],
        vec!["report", "\u{1b}[31mred"],
        vec!["report", "who-used", "--key", "\u{1b}[31mred"],
        vec!["report", "throttled-callers", "--since", "\u{1b}[31mred"],
        vec!["report", "throttled-callers", "--account", "\u{1b}[31mred"],
        vec!["ingest", "\u{1b}[31mred"],
        vec!["status", "--store", "\u{1b}[31mred"],
        vec!["sql", "select 1", "-o", "\u{1b}[31mred/x"],
        vec!["\u{1b}[31mred"],
        vec!["sql", "--format", "\u{1b}[31mred"],
    ];
    for format in ["table", "json", "ndjson", "csv"] {
        commands.push(vec!["sql", held, "--format", format]);
    }
    for words in commands {
        let transcript = context.run(&words);
        for bytes in [&transcript.raw.stdout, &transcript.raw.stderr] {
            // In CSV, newlines and tabs stand in quotes.
            let control = bytes
                .iter()
                .find(|byte| byte.is_ascii_control() && !b"\n\t".contains(byte));
            assert_eq!(control, None, "{words:?}");
        }
    }
}

#[test]
fn nothing_of_a_text_is_lost() {
    let context = Context::with_samples();
    let statement = "select user_agent from kms_events where user_agent like '%paint it red%' or user_agent like '=%' order by event_time";
    for format in ["json", "ndjson"] {
        let transcript = context.run(&["sql", statement, "--format", format]);
        let text = transcript
            .stdout
            .trim_start_matches('[')
            .trim_end()
            .trim_end_matches(']');
        let agents: Vec<String> = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| {
                let row: serde_json::Value =
                    serde_json::from_str(line.trim_end_matches(',')).expect("a row a line");
                row["user_agent"].as_str().expect("a text").to_owned()
            })
            .collect();
        assert_eq!(agents, [PAINTED, FORMULA], "{format}");
    }
    let file = context.path().join("agents.parquet");
    let name = file.to_string_lossy();
    assert_eq!(
        context
            .run(&["sql", statement, "--format", "parquet", "-o", &name])
            .code,
        0
    );
    let file = File::open(&file).expect("it was written");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut agents = Vec::new();
    for batch in reader.build().expect("a reader") {
        let batch = batch.expect("rows");
        let column =
            arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8).expect("text");
        let column = arrow::array::AsArray::as_string::<i32>(&column);
        agents.extend(column.iter().flatten().map(str::to_owned));
    }
    assert_eq!(agents, [PAINTED, FORMULA]);
}

#[test]
fn spreadsheets_find_no_formula() {
    let context = Context::with_samples();
    let csv = context.run(&["sql", "select * from kms_events", "--format", "csv"]);
    let records = fields(&csv.stdout);
    assert_eq!(records.len(), 1 + 1182);
    let width = records[0].len();
    for record in &records {
        assert_eq!(record.len(), width);
        for field in record {
            assert!(
                !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
                "{field}"
            );
        }
    }
    let guarded = format!("'{FORMULA}");
    assert_eq!(
        records
            .iter()
            .flatten()
            .filter(|field| **field == guarded)
            .count(),
        1
    );
    insta::assert_snapshot!(
        "csv_of_strangers",
        context
            .run(&["sql", "select '=1+1' as a, '+1' as b, '-1' as c, -1 as d, ' @x' as e, 'a\"b,c' as f, '' as g, null as h, '＝1' as i, '＋1' as j, '－1' as k, '＠x' as l, '﹦1' as m, '−1' as n", "--format", "csv"])
            .to_string()
    );
}

/// The fields of each record of a CSV text, as RFC 4180 has it.
fn fields(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let record = records.last_mut().expect("there is one");
        let field = record.last_mut().expect("there is one");
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(String::new()),
            '\n' if !is_quoted => records.push(vec![String::new()]),
            letter => field.push(letter),
        }
    }
    let last = records.pop();
    assert_eq!(
        last,
        Some(vec![String::new()]),
        "the text ends with a newline"
    );
    records
}

/// The ending of a file decides, unless a format is asked for.
#[test]
fn the_ending_of_a_file_says_how_it_is_written() {
    const STATEMENT: &str = "select 1 as a, 'x' as b";
    let context = Context::with_samples();
    let read = |name: &str| std::fs::read(context.path().join(name)).expect("it was written");
    let text = |name: &str| String::from_utf8(read(name)).expect("text");
    for (name, expected) in [
        ("rows.csv", "a,b\n1,x\n"),
        ("rows.CSV", "a,b\n1,x\n"),
        ("rows.json", "[\n{\"a\":1,\"b\":\"x\"}\n]\n"),
        ("rows.ndjson", "{\"a\":1,\"b\":\"x\"}\n"),
        ("rows.jsonl", "{\"a\":1,\"b\":\"x\"}\n"),
        ("rows.txt", " a  b\n--  --\n 1  x\n(1 row)\n"),
        ("rows", " a  b\n--  --\n 1  x\n(1 row)\n"),
    ] {
        let told = context.run(&["sql", STATEMENT, "-o", name]);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told}");
        assert_eq!(text(name), expected, "{name}");
    }
    assert_eq!(context.run(&["sql", STATEMENT, "-o", "rows.md"]).code, 0);
    assert!(text("rows.md").starts_with("| a "), "{}", text("rows.md"));
    let report = ["report", "throttled-callers", "-o"];
    assert_eq!(
        context
            .run(&[&report[..], &["report.parquet"]].concat())
            .code,
        0
    );
    assert!(read("report.parquet").starts_with(b"PAR1"));
    assert_eq!(
        context.run(&[&report[..], &["report.csv"]].concat()).code,
        0
    );
    assert!(text("report.csv").starts_with("event_time,account,"));
    // What is asked for comes first.
    for (words, name, expected) in [
        (
            &["sql", STATEMENT][..],
            "odd.csv",
            "{\"a\":1,\"b\":\"x\"}\n",
        ),
        (&["sql", STATEMENT], "odd.xlsx", "{\"a\":1,\"b\":\"x\"}\n"),
    ] {
        let words = [words, &["--format", "ndjson", "-o", name]].concat();
        assert_eq!(context.run(&words).code, 0, "{name}");
        assert_eq!(text(name), expected, "{name}");
    }
    let export = ["export", "accounts", "--to"];
    assert_eq!(
        context
            .run(&[&export[..], &["a.dat", "--format", "csv"]].concat())
            .code,
        0
    );
    assert!(
        text("a.dat").starts_with("account_id,"),
        "{}",
        text("a.dat")
    );
}

#[test]
fn an_ending_that_says_nothing_is_an_error() {
    let context = Context::with_samples();
    for words in [
        &["sql", "select 1", "-o", "rows.xlsx"][..],
        &["sql", "select 1", "--output", "rows.csv.gz"],
        &["report", "throttled-callers", "-o", "rows.tsv"],
        &["accounts", "-o", "rows.yaml"],
        &["trails", "-o", "rows.html"],
        &["export", "accounts", "--to", "rows.xml"],
        &["export", "accounts", "--to", "rows"],
    ] {
        let told = context.run(words);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{told}");
        let name = words.last().expect("a name");
        let problem = format!("error: the ending of `{name}` does not say how to write it\n");
        assert!(told.stderr.starts_with(&problem), "{told}");
        assert!(
            told.stderr.contains("hint: end it in .parquet, .csv"),
            "{told}"
        );
        assert!(!context.path().join(name).exists(), "{name}");
    }
}
