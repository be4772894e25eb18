//! Rows whose key a view resolved, in a join: it leaves what a condition on the same key leaves.

use datafusion::prelude::SessionContext;
use serde_json::{Value, json};

use super::{KEY_A, KEY_B, OTHER, OWNER, answer, context, event, query, request};

const A_ID: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const BOB: &str = "arn:aws:iam::222222222222:role/bob";

/// Six operations on A, as its ARN, its id, two alias names, another account's record and a destination tell, one on B.
fn events() -> Vec<Value> {
    let shared = |log: &str, members: Value| {
        let mut record = event(
            "2026-01-05T06:00:00Z",
            json!({"shared_event_id": "s", "recipient_account_id": log, "caller_account_id": OTHER}),
        );
        record["caller"] = json!(if log == OTHER {
            BOB
        } else {
            "account:222222222222"
        });
        record["key_arn"] = members;
        record
    };
    vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": "CreateAlias", "alias_name": "alias/a", "key_arn": KEY_A}),
        ),
        event("2026-01-05T01:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-05T02:00:00Z", json!({"key_as_typed": A_ID})),
        event("2026-01-05T03:00:00Z", json!({"key_as_typed": "alias/a"})),
        event(
            "2026-01-05T04:00:00Z",
            json!({"key_as_typed": "arn:aws:kms:eu-west-1:111111111111:alias/a"}),
        ),
        event(
            "2026-01-05T05:00:00Z",
            json!({"event_name": "ReEncrypt", "key_arn": KEY_B, "destination_key_as_typed": A_ID}),
        ),
        shared(OWNER, json!(KEY_A)),
        shared(OTHER, Value::Null),
    ]
}

async fn number(context: &SessionContext, sql: &str) -> String {
    query(
        context,
        &format!("SELECT CAST(coalesce(({sql}), 0) AS BIGINT) AS n"),
        &["n"],
    )
    .await
    .concat()
}

#[tokio::test]
async fn a_join_on_the_key_leaves_what_a_condition_on_it_leaves() {
    let context = context(events()).await;
    // What A was used for on that day, by hand: records, operations, and what the roll-up counts of these.
    for (relation, count, rows) in [("key_uses", "count(*)", 6), ("uses_daily", "sum(count)", 6)] {
        for condition in [
            "true",
            "key_arn IS NOT NULL",
            "caller <> 'nobody'",
            "NOT (key_role = 'destination' AND coalesce(key_arn = caller, false))",
            "coalesce(split_part(key_arn, ':', 5), '') <> ''",
        ] {
            let own =
                format!("FROM {relation} WHERE event_date = DATE '2026-01-05' AND {condition}");
            let small =
                "FROM (SELECT key_arn FROM known_keys WHERE key_arn LIKE '%aaaa%') AS small";
            let days = "SELECT DATE '2026-01-05' AS event_date UNION SELECT DATE '2026-01-06' AS event_date";
            for statement in [
                format!("SELECT {count} {own} AND key_arn = '{KEY_A}'"),
                format!("SELECT {count} {own} AND key_arn IN (SELECT key_arn {small})"),
                format!(
                    "SELECT {count} {small} JOIN (SELECT * {own}) AS r ON r.key_arn = small.key_arn"
                ),
                format!(
                    "SELECT sum(n) {small} JOIN (SELECT key_arn, event_name, {count} AS n {own} GROUP BY key_arn, event_name) \
                     AS r ON r.key_arn = small.key_arn"
                ),
                format!(
                    "SELECT sum(n) {small} JOIN ( \
                       SELECT key_arn, key_role, {count} AS n FROM ({days}) AS days \
                       JOIN {relation} ON {relation}.event_date = days.event_date WHERE {condition} GROUP BY key_arn, key_role \
                       UNION ALL SELECT key_arn, '' AS key_role, 0 AS n FROM known_keys \
                     ) AS r ON r.key_arn = small.key_arn"
                ),
                format!(
                    "SELECT sum(n) FROM ( \
                       SELECT {relation}.key_arn, {count} AS n FROM {relation} \
                       LEFT JOIN known_keys ON known_keys.key_arn = {relation}.key_arn \
                       WHERE event_date = DATE '2026-01-05' AND {condition_of} GROUP BY {relation}.key_arn \
                     ) AS r WHERE EXISTS (SELECT 1 {small} WHERE small.key_arn = r.key_arn)",
                    condition_of = condition.replace("key_arn", &format!("{relation}.key_arn")),
                ),
            ] {
                assert_eq!(
                    number(&context, &statement).await,
                    rows.to_string(),
                    "{statement}"
                );
            }
        }
    }
}

/// The uses that an id or an alias told lie on the day that the window cuts.
#[tokio::test]
async fn a_use_on_a_day_that_the_window_cuts_is_one_however_its_key_was_typed() {
    for members in [
        json!({"key_arn": KEY_A}),
        json!({"key_as_typed": A_ID}),
        json!({"key_as_typed": "alias/a"}),
        json!({"key_as_typed": "arn:aws:kms:eu-west-1:111111111111:alias/a"}),
        json!({"event_name": "ReEncrypt", "key_arn": KEY_B, "destination_key_as_typed": A_ID}),
    ] {
        let at = |time: &str, outcome: &str| {
            let mut record = event(time, members.clone());
            record["outcome"] = json!(outcome);
            record
        };
        let context = context(vec![
            event(
                "2026-01-01T00:00:00Z",
                json!({"event_name": "CreateAlias", "alias_name": "alias/a", "key_arn": KEY_A}),
            ),
            at("2026-01-05T01:00:00Z", "success"),
            at("2026-01-05T12:00:00Z", "denied"),
            at("2026-01-05T13:00:00Z", "success"),
            event("2026-01-10T00:00:00Z", json!({"event_name": "ListKeys"})),
        ])
        .await;
        let columns = ["key_arn", "last_use", "failed_attempts"];
        for (since, expected) in [
            ("2026-01-05T10:00:00Z", vec![]),
            (
                "2026-01-05T13:00:01Z",
                vec![format!("{KEY_A} | 2026-01-05T13:00:00Z | 0")],
            ),
        ] {
            let asked = request(Some(since), "2026-01-10T12:00:00Z", &[]);
            let (mut rows, _) = answer(&context, "unused-keys", &asked, &columns).await;
            rows.retain(|row| row.starts_with(KEY_A));
            assert_eq!(rows, expected, "{members} since {since}");
        }
        // Between the two uses there is the refusal alone.
        let asked = request(Some("2026-01-05T10:00:00Z"), "2026-01-05T12:30:00Z", &[]);
        let (mut rows, _) = answer(&context, "unused-keys", &asked, &columns).await;
        rows.retain(|row| row.starts_with(KEY_A));
        let expected = [format!("{KEY_A} | 2026-01-05T01:00:00Z | 1")];
        assert_eq!(rows, expected, "{members}");
    }
}
