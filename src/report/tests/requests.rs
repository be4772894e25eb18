//! What a report accepts, and how it refuses the rest.

use std::error::Error;

use serde_json::json;

use super::{KEY_A, answer, context, event, request};
use crate::catalog::{Library, Query};
use crate::report::Request;
use crate::report::run::run_in;

async fn check(report: &str, request: &Request, expected: &str) {
    let context = context(vec![event(
        "2026-01-01T00:00:00Z",
        json!({"key_arn": KEY_A}),
    )])
    .await;
    let library = Library::embedded().expect("good headers");
    let report = library.report(report).expect("a report");
    let said = match run_in(&context, &library, report, request).await {
        Ok(outcome) => format!(
            "{} {}: {:?}",
            outcome.title, outcome.window, outcome.footnote
        ),
        Err(error) => error.to_string(),
    };
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn parameters_are_checked() {
    let end = "2026-03-31";
    check(
        "who-used",
        &request(None, end, &[]),
        "report `who-used` needs `--key`: the key's id,",
    )
    .await;
    check(
        "who-used",
        &request(None, end, &[("key", "x"), ("kez", "y")]),
        "report `who-used` has no parameter `kez`\n\nhint: its parameters\n  key",
    )
    .await;
    check(
        "who-used",
        &request(None, end, &[("key", "' OR 1=1 --")]),
        "no key `' OR 1=1 --` is in the stored logs",
    )
    .await;
    for days in ["0", "-1", "ninety", "36526", ""] {
        let expected =
            format!("`--days {days}` is not accepted: give a number of days from 1 to 36525");
        check(
            "unused-keys",
            &request(None, end, &[("days", days)]),
            &expected,
        )
        .await;
    }
    check(
        "unused-keys",
        &request(Some("2026-01-01"), end, &[("days", "30")]),
        "`--since` and `--days` both say where the window begins: give one of them",
    )
    .await;
}

#[tokio::test]
async fn days_and_since_set_the_window_and_the_footnote_is_told() {
    let footnote =
        "Some(Note { code: \"not-a-verdict\", count: None, text: \"seen in logs, not a verdict";
    let end = "to before 2026-04-01T00:00:00Z";
    let title = "Keys with no use from";
    for (since, arguments, start) in [
        (None, vec![], "2026-01-01"),
        (None, vec![("days", "31d")], "2026-03-01"),
        (Some("2026-03-02"), vec![], "2026-03-02"),
    ] {
        let request = request(since, "2026-03-31", &arguments);
        check(
            "unused-keys",
            &request,
            &format!("{title} {start}T00:00:00Z {end}: {footnote}"),
        )
        .await;
    }
}

#[tokio::test]
async fn an_empty_store_answers_with_no_rows() {
    let context = context(Vec::new()).await;
    for report in ["unused-keys", "throttled-callers"] {
        let (rows, caveats) = answer(&context, report, &Request::default(), &[]).await;
        assert_eq!((rows, caveats), (Vec::new(), Vec::new()), "{report}");
    }
}

#[tokio::test]
async fn a_report_only_reads() {
    let context = context(Vec::new()).await;
    for (statement, expected) in [
        ("CREATE TABLE t AS SELECT 1", "DDL not supported"),
        ("COPY kms_events TO '/tmp/x.csv'", "DML not supported"),
        (
            "SET datafusion.execution.batch_size = 1",
            "Statement not supported",
        ),
        ("SELECT 1; SELECT 2", "only supports a single SQL statement"),
    ] {
        let text = format!("-- id: q\n-- title: t\n-- description: d\n{statement}");
        let report = Query::parse("reports/q.sql", &text).expect("a good header");
        let error = run_in(
            &context,
            &Library::embedded().expect("good headers"),
            &report,
            &Request::default(),
        )
        .await
        .expect_err(statement);
        assert_eq!(error.to_string(), "cannot answer `q`");
        let source = error.source().expect("the engine's words").to_string();
        assert!(source.contains(expected), "{source}");
    }
}
