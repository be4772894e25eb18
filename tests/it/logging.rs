//! `-v`, `KEYTRAIL_LOG` and `--log-format`: what is on standard error, and what never is.

use std::fs;

use serde_json::Value;

use crate::bucket::{key, log};
use crate::context::{Context, Transcript};
use crate::queue::{TestQueue, created, drain, words};
use crate::servers::{OWNER, credentials, moto, seaweed};
use crate::store_s3::Done;

/// A directory with one whole log.
fn with_log() -> Context {
    let context = Context::new();
    fs::create_dir(context.path().join("logs")).expect("a folder");
    fs::write(context.path().join("logs/one.json"), log("one")).expect("a file");
    context
}

fn with_filter(context: &Context, words: &[&str], filter: &str) -> Transcript {
    let environment = [("KEYTRAIL_LOG".to_owned(), filter.to_owned())];
    context.run_in(words, &environment)
}

/// Each line of standard error as what an event must be.
#[track_caller]
fn events(stderr: &str) -> Vec<Value> {
    let events = stderr.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| {
            panic!("{error}: {line}");
        });
        for field in ["timestamp", "level", "target", "message"] {
            assert!(event[field].is_string(), "no {field}: {line}");
        }
        event
    });
    events.collect()
}

/// The events with this message.
fn having<'a>(events: &'a [Value], message: &str) -> Vec<&'a Value> {
    let has = |event: &&Value| event["message"] == message;
    events.iter().filter(has).collect()
}

#[track_caller]
fn no_control_characters(text: &str) {
    let found = text
        .chars()
        .find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(found, None, "{text}");
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let context = with_log();
    for filter in ["", " ", ","] {
        let store = format!("store{}", filter.len());
        let words = ["ingest", "logs", "--store", &store];
        let done = with_filter(&context, &words, filter);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    }
}

#[test]
fn verbose_shows_runs_and_commits_beside_the_same_output() {
    let context = with_log();
    let plain = context.run(&["ingest", "logs", "--store", "plain"]);
    let verbose = context.run(&["ingest", "logs", "-v", "--store", "verbose"]);
    assert_eq!(verbose.code, 0, "{verbose}");
    assert_eq!(verbose.stdout, plain.stdout);
    let lines: Vec<&str> = verbose.stderr.lines().collect();
    let has = |words: &[&str]| {
        let is_such = |line: &&str| words.iter().all(|word| line.contains(word));
        lines.iter().any(is_such)
    };
    for words in [
        &[
            "INFO",
            "listing{path=\"logs\" objects=1}",
            "close",
            "time.busy=",
        ][..],
        &[
            "INFO",
            "run{command=\"ingest\" run_id=",
            "run started",
            "objects_planned=1",
        ],
        &[
            "INFO",
            "batch{batch_id=",
            "committed",
            "table=\"kms_events\"",
            "version=1",
        ],
        &["INFO", "batch committed", "objects=1", "rows=1"],
        &["INFO", "run finished", "rows_written=1"],
    ] {
        assert!(has(words), "{words:?}\n{verbose}");
    }
    for line in &lines {
        assert!(line.contains(" INFO "), "{line}");
    }
}

#[test]
fn more_verbose_shows_objects_roll_ups_and_plans() {
    let context = with_log();
    let ingest = context.run(&["ingest", "logs", "-vv"]);
    for text in [
        "object{location=\"file://[DIR]/logs/one.json\"",
        "records=1 rows=1}",
        "roll_up{table=\"usage_daily\"}",
        "commit{table=\"log_file_events\"}",
    ] {
        assert!(ingest.stderr.contains(text), "{text}\n{ingest}");
    }
    let sql = "select count(*) as n from keys";
    let asked = context.run(&["-vv", "sql", sql]);
    assert_eq!(asked.code, 0, "{asked}");
    assert!(asked.stderr.contains("plan:plan{view=\"keys\"}"), "{asked}");
    assert!(!asked.stderr.contains(sql), "{asked}");
    let asked = context.run(&["-vvv", "sql", sql]);
    assert!(asked.stderr.contains(sql), "{asked}");
}

#[test]
fn a_filter_picks_targets() {
    let context = with_log();
    let done = with_filter(&context, &["ingest", "logs"], "keytrail::store=debug");
    assert_eq!(done.code, 0, "{done}");
    assert!(done.stderr.contains("file written"), "{done}");
    for line in done.stderr.lines() {
        assert!(line.contains("keytrail::store"), "{line}");
    }
    // Flags add to it.
    let words = ["ingest", "logs", "-v", "--store", "other"];
    let done = with_filter(&context, &words, "keytrail::store=debug");
    assert!(done.stderr.contains("file written"), "{done}");
    assert!(done.stderr.contains("run finished"), "{done}");
}

#[test]
fn a_filter_that_cannot_be_parsed_is_refused_before_anything_is_done() {
    let context = with_log();
    for (filter, wrong) in [
        ("info,keytrail=loud", "`keytrail=loud`"),
        ("errors", "`errors`"),
        ("keytrail=info,[run", "`[run`"),
    ] {
        let done = with_filter(&context, &["ingest", "logs"], filter);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        let expected =
            format!("error: KEYTRAIL_LOG has a directive that cannot be parsed: {wrong}");
        assert!(done.stderr.starts_with(&expected), "{done}");
        let words = ["ingest", "logs", "-v", "--log-format", "json"];
        let done = with_filter(&context, &words, filter);
        let events = events(&done.stderr);
        assert_eq!((done.code, events.len()), (2, 1), "{done}");
        assert_eq!(events[0]["level"], "ERROR", "{done}");
        let message = events[0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(wrong), "{done}");
    }
    assert!(!context.store().exists(), "a store was made");
}

#[test]
fn json_is_one_object_a_line() {
    let context = with_log();
    let json = ["--log-format", "json"];
    let quiet = context.run(&[&["ingest", "logs", "--store", "quiet"], &json[..]].concat());
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""), "{quiet}");
    let done = context.run(&[&["ingest", "logs", "-vv"], &json[..]].concat());
    assert_eq!((done.code, &done.stdout), (0, &quiet.stdout), "{done}");
    let all = events(&done.stderr);
    let finished = having(&all, "run finished");
    assert_eq!(finished.len(), 1, "{done}");
    assert_eq!(finished[0]["level"], "INFO");
    assert_eq!(finished[0]["target"], "keytrail::ingest::run");
    assert_eq!(finished[0]["rows_written"], 1);
    assert!(
        having(&all, "committed")
            .iter()
            .any(|event| event["table"] == "kms_events" && event["spans"][0]["name"] == "run"),
        "{done}"
    );
}

/// Errors, warnings and notes are events too, whatever the filter.
#[test]
fn messages_are_events_in_json() {
    let context = with_log();
    let json = ["--log-format", "json"];
    let done = context.run(&[&["sql", "select nothing from nowhere"], &json[..]].concat());
    let errors = events(&done.stderr);
    assert_eq!((done.code, errors.len()), (2, 1), "{done}");
    assert_eq!(errors[0]["level"], "ERROR", "{done}");
    assert!(errors[0]["hint"].is_string(), "{done}");
    fs::write(context.path().join("logs/readme.txt"), "no log").expect("a file");
    let words = [&["ingest", "logs"], &json[..]].concat();
    let done = with_filter(&context, &words, "off");
    let warnings = events(&done.stderr);
    assert_eq!((done.code, warnings.len()), (0, 1), "{done}");
    assert_eq!(warnings[0]["level"], "WARN", "{done}");
    let message = warnings[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("readme.txt"), "{done}");
    assert!(!message.starts_with("warning"), "{done}");
}

#[test]
fn notes_have_codes_and_counts_in_json() {
    let context = Context::with_samples();
    let words = ["report", "operations", "--format", "csv"];
    let text = context.run(&words);
    let json = context.run(&[&words[..], &["--log-format", "json"]].concat());
    let all = events(&json.stderr);
    let notes: Vec<&Value> = all
        .iter()
        // The clock counts its days.
        .filter(|event| event["code"].is_string() && event["code"] != "logs-end")
        .collect();
    let printed: Vec<String> = notes
        .iter()
        .map(|note| {
            let text = |field: &str| note[field].as_str().unwrap_or_default();
            assert_eq!(text("level"), "INFO", "{json}");
            format!("note[{}]: {}", text("code"), text("message"))
        })
        .collect();
    let expected: Vec<&str> = text
        .stderr
        .lines()
        .filter(|line| line.starts_with("note[") && !line.starts_with("note[logs-end]"))
        .collect();
    assert_eq!(printed, expected, "{json}");
    let dry_runs = notes.iter().find(|note| note["code"] == "dry-runs");
    let dry_runs = dry_runs.expect("the samples have dry runs");
    let message = dry_runs["message"].as_str().unwrap_or_default();
    let count = message
        .split(' ')
        .next()
        .and_then(|count| count.parse::<i64>().ok());
    assert_eq!(dry_runs["count"].as_i64(), count, "{json}");
}

#[test]
fn faults_of_the_configuration_are_events_in_json() {
    let context = Context::new();
    fs::write(context.path().join("keytrail.toml"), "thread = 1\n").expect("a file");
    let refused = context.run(&["--log-format", "json", "status"]);
    assert_eq!(refused.code, 2, "{refused}");
    let events = events(&refused.stderr);
    let message = events[0]["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("keytrail.toml:1: unknown key `thread`"),
        "{refused}"
    );
}

#[test]
fn names_of_strangers_reach_no_terminal_as_they_are() {
    let context = Context::new();
    let folder = "logs\u{1b}[31m\n\u{9b}2J\u{202e}";
    fs::create_dir(context.path().join(folder)).expect("a folder");
    let file = format!("{folder}/\u{1b}]0;title\u{7}\r.json");
    let broken = "{\"Records\":[{\"eventSource\":\"kms.amazonaws.com\",\"eventTime\":\"\\u001b[2J\",\"eventID\":\"x\"}]}";
    fs::write(context.path().join(file), broken).expect("a file");
    let text = context.run(&["ingest", folder, "-vvv"]);
    assert_eq!(text.code, 2, "{text}");
    no_control_characters(&text.stderr);
    assert!(
        text.stderr.contains("\\u{1b}[31m\\n\\u{9b}2J\\u{202e}"),
        "{text}"
    );
    let words = [
        "ingest",
        folder,
        "-vvv",
        "--log-format",
        "json",
        "--store",
        "other",
    ];
    let json = context.run(&words);
    no_control_characters(&json.stderr);
    let listings = events(&json.stderr);
    let span = |event: &Value| {
        event["span"]["path"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        listings.iter().any(|event| span(event).contains("31m")),
        "{json}"
    );
}

/// Whatever is asked for, of keytrail or of the libraries that sign its requests.
#[test]
fn secrets_are_never_logged() {
    let context = Context::new();
    let (logs, store) = (seaweed().bucket(), seaweed().bucket());
    logs.put(
        &key("111122223333", "eu-west-1", "2026/03/01", "one"),
        log("one"),
    );
    let (logs, store, url) = (logs.url(""), store.url("store"), &seaweed().url);
    let words = [
        "ingest",
        &logs,
        "--endpoint-url",
        url,
        "--store",
        &store,
        "--store-endpoint-url",
        url,
        "-vvv",
    ];
    let mut environment = credentials(OWNER);
    environment.push(("KEYTRAIL_LOG".to_owned(), "trace".to_owned()));
    let done = context.run_in(&words, &environment);
    assert_eq!(done.code, 0, "{done}");
    for text in [
        "s3{operation=\"ListObjectsV2\"",
        "s3{operation=\"GetObject\"",
        "s3{method=\"PUT\"",
        "status=200",
        // The libraries do log.
        "aws_smithy_runtime",
    ] {
        assert!(done.stderr.contains(text), "{text}\n{done}");
    }
    let stderr = done.stderr.to_ascii_lowercase();
    for secret in [OWNER.1, "signature=", "aws4-hmac", "authorization"] {
        let at = stderr.find(secret);
        let line = at.map(|at| stderr[..at].lines().count());
        assert_eq!(at, None, "{secret} in line {line:?}\n{done}");
    }
}

#[test]
fn the_queue_service_logs_in_json() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let one = key("111122223333", "eu-west-1", "2026/03/01", "one");
    bucket.put(&one, log("one"));
    queue.send(&created(&bucket, &[&one]));
    queue.send("no JSON");
    let done: Done = drain(&context, &queue, &["--log-format", "json"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done:?}");
    let all = events(&done.stderr);
    let batches = having(&all, "batch ingested");
    assert_eq!(batches.len(), 1, "{done:?}");
    assert_eq!(batches[0]["level"], "INFO");
    assert_eq!(
        (&batches[0]["messages"], &batches[0]["rows_written"]),
        (&1.into(), &1.into())
    );
    let warned = all.iter().any(|event| {
        let message = event["message"].as_str().unwrap_or_default();
        event["level"] == "WARN" && message.contains("is left in the queue")
    });
    assert!(warned, "{done:?}");
    // The summary stays where it was asked for.
    let two = key("111122223333", "eu-west-1", "2026/03/02", "two");
    bucket.put(&two, log("two"));
    queue.send(&created(&bucket, &[&two]));
    let mut command = context.command(&words(
        &queue.url,
        &["--once", "--json", "--log-format", "json"],
    ));
    let output = command.envs(credentials(OWNER)).output().expect("it runs");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("the summary alone");
    assert_eq!(summary["rows_written"], 1);
}
