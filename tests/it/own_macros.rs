//! A user's own macros: rules that own queries share, and that change none of keytrail's.

use crate::context::Context;
use crate::own_queries::{query, write};

#[test]
fn own_macros_are_rules_that_own_queries_share() {
    let context = Context::with_samples();
    let is_refused = query(
        "-- argument event: A row of kms_events.",
        "event.outcome IN ('denied', 'throttled') -- of the caller",
    );
    let report = query(
        "-- column refused: Events that were refused.\n-- column all_of: All.",
        "SELECT count(*) FILTER (WHERE is_refused(e)) AS refused, count(*) AS all_of\nFROM kms_events AS e\nORDER BY 1",
    );
    let files = [
        ("macros/is_refused.sql", is_refused.as_str()),
        ("reports/refusals.sql", report.as_str()),
    ];
    write(&context, &files);
    let check = context.run(&["report", "check", "own"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, ""), "{check}");
    let own = ["--queries", "own", "--format", "csv"];
    let answer = context.run(&[&["report", "refusals"][..], &own].concat());
    let plain = "select count(*) filter (where outcome in ('denied', 'throttled')) as refused, count(*) as all_of from kms_events";
    let expected = context.run(&["sql", plain, "--format", "csv"]);
    assert_eq!(answer.stdout.lines().last(), expected.stdout.lines().last());
    // What is shown is plain SQL.
    let explained = context.run(&["report", "refusals", "--queries", "own", "--explain"]);
    let spliced = "FILTER (WHERE (e.outcome IN ('denied', 'throttled')))";
    assert!(explained.stdout.contains(spliced), "{explained}");
}

/// A macro of the user's may have the name of a function that our queries call: it is for the user's files alone.
#[test]
fn own_macros_change_no_query_of_ours() {
    let context = Context::with_samples();
    let kinds = "select kind, count(*) from key_uses group by kind order by kind";
    let before = context.run(&["sql", kinds, "--format", "csv"]);
    assert!(before.stdout.contains("\nuse,"), "{before}");
    let body = query("-- argument name: An operation.", "'management'");
    let count = query("-- argument rows: Rows.", "0");
    let report = query(
        "-- column kind: Its kind.",
        "SELECT operation_kind('Decrypt') AS kind\nORDER BY 1",
    );
    let files = [
        ("macros/operation_kind.sql", body.as_str()),
        ("macros/count.sql", count.as_str()),
        ("reports/kind.sql", report.as_str()),
    ];
    write(&context, &files);
    let after = context.run(&["sql", kinds, "--format", "csv", "--queries", "own"]);
    assert_eq!(after.stdout, before.stdout, "{after}");
    let own = context.run(&["report", "kind", "--format", "csv", "--queries", "own"]);
    assert_eq!(own.stdout, "kind\nmanagement\n", "{own}");
}
