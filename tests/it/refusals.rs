//! What is refused, and how it is told: exit code 2, nothing on standard output, the object at fault named.

use crate::context::{Context, Transcript, joined};

/// Runs commands that must fail, and answers their transcripts.
fn refused(context: &Context, commands: &[&[&str]]) -> String {
    let transcripts: Vec<Transcript> = commands.iter().map(|words| context.run(words)).collect();
    for transcript in &transcripts {
        assert_eq!(transcript.code, 2, "{transcript}");
        assert_eq!(transcript.stdout, "", "{transcript}");
        assert!(transcript.stderr.starts_with("error: "), "{transcript}");
        assert!(transcript.stderr.ends_with('\n'), "{transcript}");
    }
    joined(&transcripts)
}

#[test]
fn arguments() {
    let context = Context::new();
    let refused = refused(
        &context,
        &[
            &["nope"],
            &["ingest"],
            &["sql", "--format", "xml", "select 1"],
            &["sql", "-f", "a.sql", "select 1"],
            &["event"],
        ],
    );
    insta::assert_snapshot!("arguments", refused);
    // Without any, the help is shown.
    let nothing = context.run(&[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
    assert_eq!(nothing.stderr, context.run(&["--help"]).stdout);
}

#[test]
fn numbers_and_hours() {
    let context = Context::new();
    let refused = refused(
        &context,
        &[
            &["ingest", "sample-logs", "--threads", "0"],
            &["vacuum", "--keep-hours", "0"],
            &["vacuum", "--keep-hours", "24"],
        ],
    );
    insta::assert_snapshot!("numbers_and_hours", refused);
}

#[test]
fn stores() {
    let context = Context::new();
    std::fs::create_dir(context.path().join("photos")).expect("a directory");
    std::fs::write(context.path().join("photos/cat.jpg"), "meow").expect("a file");
    std::fs::write(context.path().join("file"), "text").expect("a file");
    let refused = refused(
        &context,
        &[
            &["status"],
            &["sql", "select 1"],
            &["report", "throttled-callers", "--store", "photos"],
            &["ingest", "sample-logs/AWSLogs", "--store", "photos"],
            &["ingest", "sample-logs/AWSLogs", "--store", "file"],
            &["event", "x", "--store", "file"],
        ],
    );
    insta::assert_snapshot!("stores", refused);
    assert!(!context.store().exists(), "a question made a store");
    let left = std::fs::read_dir(context.path().join("photos")).expect("the directory");
    assert_eq!(left.count(), 1, "something was written beside the cat");
}

#[test]
fn paths_that_are_not_there() {
    let context = Context::new();
    // Not refused as a whole: the paths that are there are ingested.
    let transcript = context.run(&[
        "ingest",
        "nowhere",
        "sample-logs/AWSLogs/o-examplorg1/777788889999",
    ]);
    assert_eq!(transcript.code, 2);
    insta::assert_snapshot!("paths_that_are_not_there", transcript.to_string());
}

#[test]
fn a_mistyped_path_makes_no_store() {
    let context = Context::new();
    let told = refused(&context, &[&["ingest", "sample-lgos/AWSLogs", "nowhere"]]);
    insta::assert_snapshot!(told, @r"
    $ keytrail ingest sample-lgos/AWSLogs nowhere
    ----- exit code: 2
    ----- stdout
    ----- stderr
    error: no such file or directory: `sample-lgos/AWSLogs`, `nowhere`

    hint: no store was made
    ");
    assert!(!context.store().exists(), "a mistyped path made a store");
}

#[test]
fn nothing_is_written_into_the_store() {
    let context = Context::with_samples();
    let inside = "keytrail-store/kms_events/rows.csv";
    let told = refused(
        &context,
        &[
            &["sql", "select 1", "-o", inside],
            &["report", "throttled-callers", "-o", inside],
            &["export", "runs", "--to", inside],
        ],
    );
    let reason =
        format!("error: `{inside}` is in the store `./keytrail-store`, which contains only tables");
    assert_eq!(told.matches(&reason).count(), 3, "{told}");
    assert!(!context.path().join(inside).exists());
}

#[test]
fn chains_without_end_are_refused() {
    let context = Context::with_samples();
    let chain = |length: usize, link: &str, first: &str| {
        let mut statement = first.to_owned();
        statement.extend(std::iter::repeat_n(link, length));
        statement
    };
    let reason = "operators, and 1000 are accepted";
    for (link, first) in [
        (" + 1", "select 1"),
        (" union all select 1", "select 1"),
        (" or true", "select true"),
        (" || 'a'", "select 'a'"),
        ("not ", "select "),
    ] {
        let told = context.run_with(&["sql"], &chain(8000, link, first));
        assert_eq!(told.code, 2, "{link}");
        assert!(told.stderr.contains(reason), "{link}: {}", told.stderr);
    }
    // As many as are accepted are answered.
    for (link, first) in [
        (" + 1", "select 1"),
        (" or true", "select true"),
        (" || 'a'", "select 'a'"),
    ] {
        let told = context.run_with(&["sql"], &chain(1000, link, first));
        assert_eq!(told.code, 0, "{link}: {}", told.stderr);
    }
    // A list is no chain.
    let list = format!("select 1 where 1 in (1{})", ", 2".repeat(20_000));
    assert_eq!(context.run_with(&["sql"], &list).code, 0);
}

#[test]
fn reports() {
    let context = Context::with_samples();
    let refused = refused(
        &context,
        &[
            &["report", "who-uses"],
            &["report", "who-used"],
            &["report", "unused-keys", "--key", "alias/orders"],
            &["report", "unused-keys", "--days", "0"],
            &["report", "unused-keys", "--days", "5", "--since", "30d"],
        ],
    );
    insta::assert_snapshot!("reports", refused);
}

#[test]
fn windows() {
    let context = Context::with_samples();
    let refused = refused(
        &context,
        &[
            &["report", "throttled-callers", "--since", "yesterday"],
            &["report", "throttled-callers", "--until", "2026-02-30"],
            &[
                "report",
                "throttled-callers",
                "--since",
                "2026-03-06",
                "--until",
                "2026-03-05",
            ],
            &["report", "throttled-callers", "--since", "2030-01-01"],
        ],
    );
    insta::assert_snapshot!("windows", refused);
}

#[test]
fn keys() {
    let context = Context::with_samples();
    let who_used = |key: &'static str| -> Vec<&str> { vec!["report", "who-used", "--key", key] };
    let in_account = [who_used("alias/orders"), vec!["--account", "444455556666"]].concat();
    let refused = refused(
        &context,
        &[
            &who_used(""),
            &who_used("arn:aws:s3:::bucket"),
            &who_used("arn:aws:kms:us-east-1:111122223333:store/x"),
            &who_used("8b402961-4718-43ca-8f94-e4fd57328e35"),
            &who_used("alias/order"),
            &who_used("alias/orders"),
            &in_account,
        ],
    );
    insta::assert_snapshot!("keys", refused);
}

#[test]
fn statements_that_do_more_than_read() {
    let context = Context::with_samples();
    std::fs::write(context.path().join("secret.csv"), "a,b\n1,2\n").expect("a file");
    let before = listing(&context);
    let statements = [
        "create table t (a int)",
        "create external table t stored as csv location 'secret.csv'",
        "copy (select 1) to 'out.csv'",
        "set datafusion.execution.batch_size = 1",
        "insert into kms_events select * from kms_events",
        "delete from kms_events",
        "select 1; select 2",
    ];
    let commands: Vec<[&str; 2]> = statements
        .iter()
        .map(|statement| ["sql", *statement])
        .collect();
    let commands: Vec<&[&str]> = commands.iter().map(|words| &words[..]).collect();
    insta::assert_snapshot!("statements", refused(&context, &commands));

    let more = [
        "create table t as select 1",
        "create view v as select 1",
        "create or replace view kms_events as select 1",
        "create schema s",
        "create database d",
        "create unbounded external table t (a int) stored as csv location 'secret.csv'",
        "create function f() returns int return 1",
        "drop table kms_events",
        "drop view key_uses",
        "alter table kms_events drop column caller",
        "truncate table kms_events",
        "update kms_events set caller = 'x'",
        "merge into kms_events using kms_events b on true when matched then delete",
        "copy kms_events to 'out.parquet' stored as parquet",
        "explain copy (select 1) to 'out.csv'",
        "explain analyze copy (select 1) to 'out.csv'",
        "explain insert into kms_events select * from kms_events",
        "begin",
        "commit",
        "reset datafusion.execution.batch_size",
        "prepare p as select 1",
        "execute p",
        "deallocate p",
        "load 'x'",
        "attach 'x' as y",
        "grant select on kms_events to x",
        "declare c cursor for select 1",
        "call f()",
    ];
    for statement in more {
        refused(&context, &[&["sql", statement]]);
    }
    assert_eq!(listing(&context), before, "something was written");
    let rows = context.rows("select count(*) as n from kms_events");
    assert_eq!(rows[0]["n"], 1182);
}

#[test]
fn other_files_are_not_read() {
    let context = Context::with_samples();
    std::fs::write(context.path().join("secret.csv"), "a,b\nhush,hush\n").expect("a file");
    std::fs::write(context.path().join("secret.json"), "{\"a\":\"hush\"}\n").expect("a file");
    let absolute = context
        .path()
        .join("secret.csv")
        .to_string_lossy()
        .into_owned();
    let names = [
        "secret.csv",
        "secret.json",
        "./secret.csv",
        &absolute,
        &format!("file://{absolute}"),
    ];
    for name in names {
        for relation in [
            format!("'{name}'"),
            format!("\"{name}\""),
            format!("read_csv('{name}')"),
            format!("read_json('{name}')"),
            format!("read_parquet('{name}')"),
        ] {
            refused(&context, &[&["sql", &format!("select * from {relation}")]]);
        }
    }
    let parquet = "keytrail-store/kms_events";
    refused(&context, &[&["sql", &format!("select * from '{parquet}'")]]);
}

#[test]
fn statements_that_are_wrong() {
    let context = Context::with_samples();
    let refused = refused(
        &context,
        &[
            &["sql", ""],
            &["sql", "selec 1"],
            &["sql", "select * from nope"],
            &["sql", "select nope(1)"],
            &["sql", "select nope from (select 1 as a)"],
            &["sql", "select 1 / 0"],
            &["sql", "-f", "nope.sql"],
            &["event", "nope"],
        ],
    );
    insta::assert_snapshot!("statements_that_are_wrong", refused);
}

#[test]
fn outputs() {
    let context = Context::with_samples();
    let refused = refused(
        &context,
        &[
            &["sql", "select 1", "--output", "nowhere/rows.csv"],
            &["sql", "select 1", "--output", "sample-logs"],
            &["report", "throttled-callers", "-o", "keytrail-store"],
        ],
    );
    insta::assert_snapshot!("outputs", refused);
    // A statement that fails leaves the file that was there.
    let file = context.path().join("rows.csv");
    std::fs::write(&file, "old").expect("a file");
    assert_eq!(
        context.run(&["sql", "select 1 / 0", "-o", "rows.csv"]).code,
        2
    );
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "old");
}

/// Every file below the directory, with its size.
fn listing(context: &Context) -> Vec<(String, u64)> {
    let mut files: Vec<(String, u64)> = walkdir::WalkDir::new(context.path())
        .into_iter()
        .map(|entry| entry.expect("it can be listed"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let size = entry.metadata().expect("it is there").len();
            (entry.path().to_string_lossy().into_owned(), size)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn an_empty_store_is_not_complete() {
    let context = Context::new();
    std::fs::write(context.path().join("none.json"), r#"{"Records":[]}"#).expect("a log");
    assert_eq!(context.run(&["ingest", "none.json"]).code, 0);
    for required in ["complete", "complete-verified"] {
        let judged = context.run(&["report", "coverage", "--require", required]);
        assert_eq!(judged.code, 1, "{judged}");
        assert!(judged.stderr.contains("no hours to check"), "{judged}");
    }
}
