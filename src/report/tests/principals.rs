//! Principals that did nothing with KMS: an answer, where the text is one of AWS.

use chrono::{DateTime, Utc};
use datafusion::prelude::SessionContext;
use serde_json::json;

use super::filters::ask;
use super::{ALICE, KEY_A, OTHER, context, context_since, event, request, written};
use crate::catalog::Library;
use crate::report::{Filters, LogPeriod, Request, run::run_in};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("the test writes times")
}

fn logs() -> LogPeriod {
    LogPeriod {
        events: Some((time("2026-03-02T00:00:00Z"), time("2026-03-02T10:00:00Z"))),
        deliveries: Some((time("2026-03-01T00:10:00Z"), time("2026-06-29T23:00:00Z"))),
        ..LogPeriod::default()
    }
}

fn events() -> Vec<serde_json::Value> {
    vec![
        event(
            "2026-03-02T00:00:00Z",
            json!({
                "key_arn": KEY_A, "access_key_id": "AKIAIOSFODNN7EXAMPLE", "source_ip": "192.0.2.7",
                "user_arn": "arn:aws:sts::111111111111:assumed-role/alice/s1", "session_name": "s1",
            }),
        ),
        event(
            "2026-03-02T10:00:00Z",
            json!({"key_arn": KEY_A, "caller": "arn:aws:iam::222222222222:role/service/app", "caller_account_id": OTHER}),
        ),
    ]
}

/// The first note on a principal, or the error.
async fn said(context: &SessionContext, principal: &str) -> String {
    let library = Library::embedded().expect("good headers");
    let report = library.report("principal-activity").expect("a report");
    let request = Request {
        logs: logs(),
        ..request(None, "2026-06-30", &[("principal", principal)])
    };
    match run_in(context, &library, report, &request).await {
        Ok(outcome) => {
            let notes = outcome.caveats.collect().await.expect("caveats");
            written(notes).into_iter().next().unwrap_or_default()
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_principal_that_did_nothing_is_an_answer() {
    let context = context(events()).await;
    for principal in [
        "ASIAQWERTYUIOPASDFGH",
        "arn:aws:iam::111111111111:user/mallory",
        "arn:aws:sts::111111111111:assumed-role/alice/s2",
        "333333333333",
        "198.51.100.1",
        "198.51.100.0/24",
    ] {
        let nothing = format!(
            "no-activity: no KMS event from 2026-03-01T00:10:00Z to 2026-06-29T23:00:00Z is from `{principal}`"
        );
        let said = said(&context, principal).await;
        assert!(said.starts_with(&nothing), "{said}");
    }
    // A slip of one that did something is an answer too, with the other's name.
    let near = said(&context, "AKIAIOSFODNN7EXAMPLF").await;
    assert!(
        near.ends_with("; similar names: AKIAIOSFODNN7EXAMPLE"),
        "{near}"
    );
}

#[tokio::test]
async fn what_is_no_principal_or_one_written_otherwise_is_an_error() {
    let context = context(events()).await;
    for (typed, near) in [
        ("alcie", ALICE),
        ("s11", "s1"),
        // The same role, whose path is missing.
        (
            "arn:aws:iam::222222222222:role/app",
            "arn:aws:iam::222222222222:role/service/app",
        ),
        // The store knows the account by what its role did.
        ("222222222222", ""),
        ("192.0.2.7/24", ""),
        ("AKIAIOSFODNN7", "AKIAIOSFODNN7EXAMPLE"),
    ] {
        let said = said(&context, typed).await;
        let error = format!("nothing in the store has `--param principal={typed}`");
        assert!(said.starts_with(&error) && said.ends_with(near), "{said}");
    }
}

#[tokio::test]
async fn what_was_deleted_is_not_what_nothing_is_said_of() {
    let context = context_since(events(), "2026-03-20", &[]).await;
    let said = said(&context, "ASIAQWERTYUIOPASDFGH").await;
    assert!(
        said.starts_with(
            "no-activity: no KMS event from 2026-03-20T00:00:00Z to 2026-06-29T23:00:00Z is"
        ),
        "{said}"
    );
}

#[tokio::test]
async fn a_caller_that_did_nothing_is_an_answer_and_a_slip_is_not() {
    let context = context(events()).await;
    let ask_for = async |caller: &str| {
        let request = Request {
            filters: Filters {
                caller: Some(caller.to_owned()),
                ..Filters::default()
            },
            logs: logs(),
            ..Request::default()
        };
        match ask(
            &context,
            "SELECT count(*) AS rows FROM scope_uses",
            &request,
        )
        .await
        {
            Ok((rows, caveats)) => [rows, caveats].concat().join(": "),
            Err(error) => error.to_string(),
        }
    };
    for caller in [
        "arn:aws:iam::111111111111:user/mallory",
        "account:333333333333",
    ] {
        let told = ask_for(caller).await;
        let nothing = format!(
            "0: no-activity: no KMS event from 2026-03-01T00:10:00Z to 2026-06-29T23:00:00Z is from `{caller}`"
        );
        assert!(told.starts_with(&nothing), "{told}");
    }
    for caller in [
        "mallory",
        "arn:aws:iam::222222222222:role/app",
        "account:222222222222",
        "ASIAQWERTYUIOPASDFGH",
    ] {
        let told = ask_for(caller).await;
        assert!(
            told.starts_with(&format!("nothing in the store has `--caller {caller}`")),
            "{told}"
        );
    }
}
