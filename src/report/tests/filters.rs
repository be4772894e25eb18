//! What each filter leaves, in the relations that all reports read.

use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_US, OTHER, OWNER, context as context_of, event, lines, request,
    written,
};
use crate::catalog::{Library, Query};
use crate::report::run::run_in;
use crate::report::{Filters, ReportError, Request};

pub(super) const BOB: &str = "arn:aws:iam::222222222222:role/team/bob";

/// Nine records of two accounts, two regions and three keys, in three days.
pub(super) fn records() -> Vec<Value> {
    vec![
        event("2026-01-01T09:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-01T10:00:00Z",
            json!({"key_arn": KEY_A, "invoked_by": "s3.amazonaws.com", "service": "s3.amazonaws.com"}),
        ),
        // The service is that of the resource, since nobody called on alice's behalf.
        event(
            "2026-01-01T11:00:00Z",
            json!({"key_arn": KEY_A, "service": "dynamodb.amazonaws.com"}),
        ),
        // Only the caller's log of this call is held; the key is the owner's.
        event(
            "2026-01-01T12:00:00Z",
            json!({"key_arn": KEY_B, "caller": BOB, "recipient_account_id": OTHER, "caller_account_id": OTHER}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1"}),
        ),
        event(
            "2026-01-02T01:00:00Z",
            json!({"key_arn": KEY_A, "use_label": "self", "event_name": "DescribeKey"}),
        ),
        // No key at all.
        event(
            "2026-01-03T00:00:00Z",
            json!({"event_name": "GenerateRandom", "caller": BOB, "recipient_account_id": OTHER, "caller_account_id": OTHER}),
        ),
        // A key of the account that was only ever typed, and never found.
        event(
            "2026-01-03T01:00:00Z",
            json!({"key_as_typed": "alias/none", "outcome": "not_found"}),
        ),
        event("2026-01-03T02:00:00Z", json!({"key_arn": KEY_B})),
    ]
}

/// A report of one statement.
fn report(sql: &str) -> Query {
    let text = format!("-- id: q\n-- title: t\n-- description: d\n{sql}");
    Query::parse("reports/q.sql", &text).expect("a good header")
}

pub(super) async fn ask(
    context: &SessionContext,
    sql: &str,
    request: &Request,
) -> Result<(Vec<String>, Vec<String>), ReportError> {
    let library = Library::embedded().expect("good headers");
    let outcome = run_in(context, &library, &report(sql), request).await?;
    let batches: Vec<_> = outcome.stream.try_collect().await.expect("rows");
    let caveats = outcome.caveats.collect().await?;
    Ok((lines(&batches, &["rows"]), written(caveats)))
}

/// How many records each relation leaves: of the events, of the operations, and of the daily counts.
async fn left(context: &SessionContext, request: &Request) -> [String; 3] {
    let mut left = Vec::new();
    for relation in [
        "count(*) AS rows FROM scope_events",
        "count(*) AS rows FROM scope_uses",
        "CAST(coalesce(sum(count), 0) AS BIGINT) AS rows FROM scope_counts",
    ] {
        let (rows, caveats) = ask(context, &format!("SELECT {relation}"), request)
            .await
            .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
        assert_eq!(caveats, Vec::<String>::new(), "{relation}");
        left.extend(rows);
    }
    left.try_into().expect("three relations")
}

/// A start, if any, and an end.
type StartEnd = (Option<&'static str>, &'static str);

/// All of it, and a window that begins and ends within a day.
const ALL: StartEnd = (None, "2026-01-03");
const CUT: StartEnd = (Some("2026-01-01T11:00:00Z"), "2026-01-03T02:00:00Z");

/// Filters, a key, a window, and how many records they leave.
fn cases() -> Vec<(Filters, Option<&'static str>, StartEnd, u8)> {
    let text = |value: &str| Some(value.to_owned());
    let all = Filters::default;
    let account = |id: &str| Filters {
        account: text(id),
        ..all()
    };
    let region = |name: &str| Filters {
        region: text(name),
        ..all()
    };
    let service = |name: &str| Filters {
        service: text(name),
        ..all()
    };
    let caller = |name: &str| Filters {
        caller: text(name),
        ..all()
    };
    let others = |filters: Filters| Filters {
        is_own_hidden: true,
        ..filters
    };
    vec![
        (all(), None, ALL, 9),
        (all(), None, CUT, 6),
        (account(OTHER), None, CUT, 2),
        (account(OWNER), None, CUT, 4),
        (region("us-east-1"), None, CUT, 1),
        (service("s3"), None, ALL, 1),
        (service("dynamodb.amazonaws.com"), None, CUT, 1),
        (caller("bob"), None, CUT, 2),
        (caller(ALICE), None, CUT, 4),
        (others(caller(ALICE)), None, ALL, 6),
        (others(all()), None, CUT, 5),
        (all(), Some(KEY_A), CUT, 2),
        (all(), Some(KEY_B), CUT, 1),
        (all(), Some("alias/none"), CUT, 1),
        // Beside a key, the account is the key's: bob's use of it counts though another log tells of it.
        (account(OWNER), Some(KEY_B), CUT, 1),
    ]
}

#[tokio::test]
async fn each_filter_leaves_the_same_of_events_operations_and_daily_counts() {
    let context = context_of(records()).await;
    for (filters, key, (since, until), expected) in cases() {
        let arguments: Vec<_> = key.map(|key| ("key", key)).into_iter().collect();
        let request = Request {
            filters,
            ..request(since, until, &arguments)
        };
        let expected = expected.to_string();
        assert_eq!(
            left(&context, &request).await,
            [expected.clone(), expected.clone(), expected],
            "{request:?}"
        );
    }
}

#[tokio::test]
async fn a_value_that_nothing_has_is_no_empty_answer() {
    let context = context_of(records()).await;
    let text = |value: &str| Some(value.to_owned());
    for (filters, expected) in [
        (
            Filters {
                account: text("222222222223"),
                ..Filters::default()
            },
            "nothing in the store has `--account 222222222223`\n\nhint: nearest\n  222222222222",
        ),
        (
            Filters {
                region: text("eu-west-2"),
                ..Filters::default()
            },
            "nothing in the store has `--region eu-west-2`\n\nhint: nearest\n  eu-west-1",
        ),
        (
            Filters {
                service: text("s4"),
                ..Filters::default()
            },
            "nothing in the store has `--service s4`",
        ),
        (
            Filters {
                caller: text("carol"),
                ..Filters::default()
            },
            "nothing in the store has `--caller carol`",
        ),
    ] {
        let request = Request {
            filters,
            ..Request::default()
        };
        let error = ask(&context, "SELECT 1 AS rows", &request).await;
        let said = error.expect_err(expected).to_string();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn a_name_of_two_callers_is_told_with_both() {
    let other = "arn:aws:iam::222222222222:user/alice";
    let context = context_of(vec![
        event("2026-01-01T09:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-01T10:00:00Z",
            json!({"key_arn": KEY_A, "caller": other}),
        ),
    ])
    .await;
    let of = |caller: &str| Request {
        filters: Filters {
            caller: Some(caller.to_owned()),
            ..Filters::default()
        },
        ..Request::default()
    };
    let error = ask(
        &context,
        "SELECT count(*) AS rows FROM scope_events",
        &of("alice"),
    )
    .await;
    assert_eq!(
        error.expect_err("two of them").to_string(),
        format!(
            "`--caller alice` can mean any of 2\n\nhint: give one in full\n  {ALICE}\n  {other}"
        )
    );
    let (rows, _) = ask(
        &context,
        "SELECT count(*) AS rows FROM scope_events",
        &of("user/alice"),
    )
    .await
    .expect("one");
    assert_eq!(rows, ["1"]);
}

#[tokio::test]
async fn a_cut_day_whose_events_are_gone_counts_in_full_and_says_so() {
    let context = super::context_of_rollups(records()).await;
    let sum = "SELECT CAST(sum(count) AS BIGINT) AS rows FROM scope_counts";
    let (rows, caveats) = ask(&context, sum, &request(CUT.0, CUT.1, &[]))
        .await
        .expect("an answer");
    // Alice's two uses of the first day that nobody made for her are one count, from before the start on.
    let told = "partial-day: 2 operations counted in full although partly outside the window (events deleted)";
    assert_eq!(
        (rows, caveats),
        (vec!["7".to_owned()], vec![told.to_owned()])
    );
    let inside = request(Some("2026-01-01T09:30:00Z"), "2026-01-01T10:30:00Z", &[]);
    let (rows, caveats) = ask(&context, sum, &inside).await.expect("an answer");
    assert_eq!(
        (rows, caveats),
        (vec!["3".to_owned()], vec![told.to_owned()])
    );
    // A window of whole days needs no event.
    let days = request(Some("2026-01-01"), "2026-01-02", &[]);
    let (rows, caveats) = ask(&context, sum, &days).await.expect("an answer");
    assert_eq!((rows, caveats), (vec!["6".to_owned()], Vec::new()));
    let request = Request {
        filters: Filters {
            service: Some("s3".to_owned()),
            ..Filters::default()
        },
        ..request(ALL.0, ALL.1, &[])
    };
    let (rows, caveats) = ask(&context, sum, &request).await.expect("an answer");
    // S3 called for alice once, and the counts say so.
    assert_eq!(rows, ["1"]);
    assert_eq!(
        caveats,
        [
            "no-service: 8 operations left out: events deleted, and their counts do not name the service"
        ]
    );
}
