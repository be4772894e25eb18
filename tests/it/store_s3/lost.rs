//! Answers that are lost on the way back from the bucket.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::Value;

use super::Lake;
use crate::context::Context;
use crate::servers::{Action, Proxy, Request, both};

impl Lake<'_> {
    /// The rows of a statement.
    pub(crate) fn rows(&self, statement: &str) -> Vec<Value> {
        let done = self.run(&["sql", statement, "--format", "json"]);
        assert_eq!(done.code, 0, "{done:?}");
        serde_json::from_str(&done.stdout).expect("an array")
    }
}

/// What is in a store, in figures that any row too many or too few would change.
const FIGURES: &str = "select (select count(*) from kms_events) as kms_events, \
     (select count(distinct event_id) from kms_events) as event_ids, \
     (select count(*) from trail_events) as trail_events, \
     (select sum(uses) from (select sum(count) as uses from usage_daily)) as uses, \
     (select count(*) from log_file_events) as attempts, \
     (select sum(written) from log_file_events) as written, \
     (select count(*) from runs) as runs";

/// The first answer to each commit is lost; the client tries again, and meets its own commit.
#[test]
fn a_commit_that_meets_itself_is_made_once() {
    let context = Context::with_samples();
    let expected = context.rows(FIGURES);
    for server in both() {
        let bucket = server.bucket();
        let seen: Mutex<BTreeSet<String>> = Mutex::default();
        let proxy = Proxy::start(&server.url, move |request: &Request| {
            let is_commit = request.method == "PUT" && request.target.contains("_delta_log/0");
            let is_first = || {
                let mut seen = seen.lock().expect("no test panics in it");
                seen.insert(request.target.clone())
            };
            if is_commit && is_first() {
                Action::LoseAnswer
            } else {
                Action::Pass
            }
        });
        let lake = Lake::new(&context, bucket.url("store"), &proxy.url);
        let ingest = lake.run(&["ingest", "sample-logs/AWSLogs"]);
        assert!(
            ingest.stdout.contains("rows written"),
            "{}: {ingest:?}",
            server.name
        );
        assert_eq!(lake.rows(FIGURES), expected, "{}", server.name);
        let commits = proxy
            .count(|request| request.method == "PUT" && request.target.contains("_delta_log/0"));
        // Twenty tables are made and nine are written to, `runs` twice; the days of each of two months are settled, three
        // tables each, and that all are is written down. Each commit at the second attempt; and the condition of commits
        // is tried out once.
        assert_eq!(commits, 2 * (20 + 10 + 2 * 3 + 1) + 1, "{}", server.name);
    }
}
