//! One call in several records: in the logs of two accounts, and at a VPC endpoint.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, OTHER, OWNER, answer, context, context_of_rollups, event, query, request,
};
use crate::catalog::Library;
use crate::report::Filters;
use crate::report::run::run_in;

const BOB: &str = "arn:aws:iam::222222222222:role/bob";
const FOREIGN: &str = "arn:aws:kms:eu-west-1:222222222222:key/ffffffff-0000-0000-0000-000000000009";
const TIME: &str = "2026-01-02T01:00:00Z";
const UNTIL: &str = "2026-12-31";

/// Bob's call in the log of an account, with what that log tells of its keys.
fn copy(log: &str, members: Value) -> Value {
    let is_own = log == OTHER;
    let mut copy = event(
        TIME,
        json!({
            "shared_event_id": "s1", "recipient_account_id": log, "caller_account_id": OTHER,
            "caller": if is_own { BOB.to_owned() } else { format!("account:{OTHER}") },
            "identity_type": if is_own { "AssumedRole" } else { "AWSAccount" },
        }),
    );
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        copy[name] = value;
    }
    copy
}

fn both(owners: Value, own: Value) -> Vec<Value> {
    vec![copy(OWNER, owners), copy(OTHER, own)]
}

/// Either account's log tells the call, so a filter by either leaves it.
#[tokio::test]
async fn the_callers_account_sees_its_calls_on_foreign_keys() {
    let mut events = both(json!({"key_arn": KEY_A}), json!({"key_arn": KEY_A}));
    events.push(event("2026-01-03T00:00:00Z", json!({"key_arn": KEY_B})));
    let context = context(events).await;
    for (account, uses) in [(OTHER, ["1", "1"]), (OWNER, ["2", "1"])] {
        let mut asked = request(None, UNTIL, &[]);
        asked.filters = Filters {
            account: Some(account.to_owned()),
            ..Filters::default()
        };
        let (rows, _) = answer(&context, "operations", &asked, &["operation", "successes"]).await;
        assert_eq!(rows, [format!("Decrypt | {}", uses[0])]);
        let (rows, _) = answer(&context, "rhythm", &asked, &["uses"]).await;
        let sum: u32 = rows
            .iter()
            .map(|uses| uses.parse::<u32>().expect("a number"))
            .sum();
        assert_eq!(sum.to_string(), uses[0], "{account}");
        asked
            .arguments
            .insert("principal".to_owned(), BOB.to_owned());
        let columns = ["what", "name", "successes"];
        let (rows, _) = answer(&context, "principal-activity", &asked, &columns).await;
        assert!(
            rows.contains(&format!("key | {KEY_A} | {}", uses[1])),
            "{rows:?}"
        );
        let columns = ["what", "name", "reach"];
        let (rows, _) = answer(&context, "blast-radius", &asked, &columns).await;
        assert!(rows.contains(&format!("key | {KEY_A} | used")), "{rows:?}");
    }
}

/// A call that both logs hold is the caller's own, by whichever name it is asked for.
#[tokio::test]
async fn a_caller_is_looked_for_among_calls_and_not_among_copies() {
    let context = context(both(json!({"key_arn": KEY_A}), json!({"key_arn": KEY_A}))).await;
    for (caller, expected) in [(BOB.to_owned(), 1), (format!("account:{OTHER}"), 0)] {
        for report in ["top-callers", "operations", "cross-account", "who-used"] {
            let mut asked = request(None, UNTIL, &[("key", KEY_A)]);
            if report != "who-used" {
                asked.arguments.clear();
            }
            asked.filters.caller = Some(caller.clone());
            let column = if report == "operations" {
                "operation"
            } else {
                "caller"
            };
            let (rows, _) = answer(&context, report, &asked, &[column]).await;
            assert_eq!(rows.len(), expected, "{report} of {caller}: {rows:?}");
        }
    }
}

/// The owner's log has the morning, the caller's the afternoon.
#[tokio::test]
async fn logs_of_different_hours_have_no_call_in_common() {
    let mut events = Vec::new();
    for hour in 8..16 {
        let log = if hour < 12 { OWNER } else { OTHER };
        let mut record = copy(log, json!({"key_arn": KEY_A}));
        record["event_time"] = json!(format!("2026-01-02T{hour:02}:00:00Z"));
        record["shared_event_id"] = json!(format!("s{hour}"));
        events.push(record);
    }
    let asked = request(None, UNTIL, &[]);
    for context in [
        context(events.clone()).await,
        context_of_rollups(events).await,
    ] {
        let (rows, _) = answer(&context, "operations", &asked, &["operation", "successes"]).await;
        assert_eq!(rows, ["Decrypt | 8"]);
    }
}

/// The caller's record tells no key, the owner's does: one call, of the key, by the caller.
#[tokio::test]
async fn a_record_without_the_key_is_told_it_by_the_other_account() {
    let context = context(both(json!({"key_arn": KEY_A}), json!({}))).await;
    let asked = request(None, UNTIL, &[("key", KEY_A)]);
    let (rows, _) = answer(&context, "who-used", &asked, &["caller", "successes"]).await;
    assert_eq!(rows, [format!("{BOB} | 1")]);
    let rows = query(&context, "SELECT count(*) AS uses FROM key_uses", &["uses"]).await;
    assert_eq!(rows, ["1"]);
    let asked = request(None, UNTIL, &[]);
    let columns = ["caller", "uses", "keys"];
    let (rows, caveats) = answer(&context, "top-callers", &asked, &columns).await;
    assert_eq!(rows, [format!("{BOB} | 1 | 1")]);
    assert_eq!(caveats, Vec::<String>::new());
}

/// The owner's record lists the source of a ReEncrypt only, or the destination only.
#[tokio::test]
async fn a_reencrypt_of_which_the_owner_tells_one_side_is_one_call() {
    const ROWS: &str =
        "SELECT key_arn, key_role, other_key_arn, caller FROM key_uses ORDER BY key_role";
    let columns = ["key_arn", "key_role", "other_key_arn", "caller"];
    let reencrypt = |key: Value, destination: Value| json!({"event_name": "ReEncrypt", "key_arn": key, "destination_key_arn": destination});
    let owners = reencrypt(json!(KEY_A), Value::Null);
    for (own, expected) in [
        (
            reencrypt(json!(KEY_A), json!(FOREIGN)),
            [
                format!("{FOREIGN} | destination | {KEY_A} | {BOB}"),
                format!("{KEY_A} | source | {FOREIGN} | {BOB}"),
            ],
        ),
        (
            reencrypt(json!(FOREIGN), json!(KEY_A)),
            [
                format!("{KEY_A} | destination | {FOREIGN} | {BOB}"),
                format!("{FOREIGN} | source | {KEY_A} | {BOB}"),
            ],
        ),
    ] {
        let context = context(both(owners.clone(), own)).await;
        assert_eq!(query(&context, ROWS, &columns).await, expected);
    }
}

/// Both records name both keys; the destination is the caller's own, and his log names him.
#[tokio::test]
async fn a_reencrypt_into_the_callers_account_is_the_callers() {
    let keys = json!({"event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": FOREIGN});
    let events = both(keys.clone(), keys);
    let asked = request(None, UNTIL, &[]);
    for context in [
        context(events.clone()).await,
        context_of_rollups(events).await,
    ] {
        let (rows, _) = answer(&context, "top-callers", &asked, &["caller", "uses"]).await;
        assert_eq!(rows, [format!("{BOB} | 2")]);
    }
}

/// KMS recorded the call; what the endpoint tells of it is no second one. What the endpoint refused never came to
/// KMS, and has no other record.
#[tokio::test]
async fn network_activity_is_evidence_of_a_call_and_not_a_second_one() {
    let network = |outcome: &str| {
        event(
            TIME,
            json!({"event_type": "AwsVpceEvent", "outcome": outcome, "request_id": "r1"}),
        )
    };
    let events = vec![
        event(TIME, json!({"key_arn": KEY_A, "request_id": "r1"})),
        network("success"),
        network("denied"),
    ];
    let asked = request(None, UNTIL, &[]);
    for context in [
        context(events.clone()).await,
        context_of_rollups(events.clone()).await,
    ] {
        let columns = ["operation", "successes", "failures"];
        let (rows, caveats) = answer(&context, "operations", &asked, &columns).await;
        assert_eq!(rows, ["Decrypt | 1 | denied 1"]);
        assert_eq!(caveats, Vec::<String>::new());
        let asked = request(None, "2026-01-15", &[("days", "3")]);
        let columns = ["key_arn", "uses_before", "uses_of_other_keys"];
        let (rows, caveats) = answer(&context, "unused-keys", &asked, &columns).await;
        assert_eq!(rows, [format!("{KEY_A} | 1 | 0")]);
        assert_eq!(caveats, Vec::<String>::new());
    }
    let context = context(events).await;
    let (rows, _) = answer(&context, "denied", &asked, &["action", "refusals"]).await;
    assert_eq!(rows, ["kms:Decrypt | 1"]);
    let rows = query(
        &context,
        "SELECT count(*) AS uses FROM key_uses WHERE outcome = 'success'",
        &["uses"],
    )
    .await;
    assert_eq!(rows, ["1"]);
}

/// An endpoint may name the key, too.
#[tokio::test]
async fn network_activity_that_names_the_key_is_no_second_call_either() {
    let bucket = "arn:aws:s3:::bucket";
    let network = |event_type: &str, outcome: &str| {
        event(
            TIME,
            json!({
                "event_type": event_type, "outcome": outcome, "request_id": "r1", "key_arn": KEY_A,
                "resource": bucket, "resource_list": [bucket],
            }),
        )
    };
    for event_type in ["AwsVpceEvent", "AwsVpceEvents"] {
        let call = event(
            TIME,
            json!({"key_arn": KEY_A, "request_id": "r1", "resource": bucket, "resource_list": [bucket]}),
        );
        let throttled = event(TIME, json!({"key_arn": KEY_A, "outcome": "throttled"}));
        let events = vec![
            call,
            network(event_type, "success"),
            throttled,
            network(event_type, "throttled"),
            network(event_type, "denied"),
        ];
        let asked = request(None, UNTIL, &[]);
        for context in [
            context(events.clone()).await,
            context_of_rollups(events.clone()).await,
        ] {
            let columns = ["operation", "successes", "failures"];
            let (rows, _) = answer(&context, "operations", &asked, &columns).await;
            assert_eq!(rows, ["Decrypt | 1 | throttled 1, denied 1"]);
            let (rows, _) =
                answer(&context, "resources", &asked, &["resource", "operations"]).await;
            assert_eq!(rows, [format!("{bucket} | decrypt 1")]);
        }
        let context = context(events).await;
        let columns = ["successes", "failures"];
        let (rows, _) = answer(
            &context,
            "who-used",
            &request(None, UNTIL, &[("key", KEY_A)]),
            &columns,
        )
        .await;
        assert_eq!(rows, ["1 | 2"]);
        let rows = query(
            &context,
            "SELECT count(*) AS calls FROM throttles",
            &["calls"],
        )
        .await;
        assert_eq!(rows, ["1"]);
    }
}

/// Of two records without a sharedEventID, the request says that they are one call.
#[tokio::test]
async fn one_request_in_two_logs_is_one_call() {
    let unshared = |log: &str, members: Value| {
        let mut record = copy(
            log,
            json!({"key_arn": KEY_A, "request_id": "r1", "shared_event_id": null}),
        );
        for (name, value) in members.as_object().expect("an object") {
            record[name] = value.clone();
        }
        record
    };
    let none = json!({});
    let later = json!({"event_time": "2026-01-02T01:00:01Z"});
    for (events, calls) in [
        (
            vec![unshared(OWNER, none.clone()), unshared(OTHER, none.clone())],
            1,
        ),
        // One of them has an id all the same.
        (
            vec![
                unshared(OWNER, json!({"shared_event_id": "s9"})),
                unshared(OTHER, none.clone()),
            ],
            1,
        ),
        (
            vec![
                unshared(OWNER, none.clone()),
                unshared(OTHER, json!({"shared_event_id": "s9"})),
            ],
            1,
        ),
        // A third log, and no log of the key's account.
        (
            vec![
                unshared(OTHER, none.clone()),
                unshared("333333333333", none.clone()),
            ],
            1,
        ),
        // One request may be two calls, and each log has both.
        (
            vec![
                unshared(OWNER, none.clone()),
                unshared(OWNER, none.clone()),
                unshared(OTHER, none.clone()),
                unshared(OTHER, none.clone()),
            ],
            2,
        ),
        // Another time, operation or key.
        (
            vec![unshared(OWNER, none.clone()), unshared(OTHER, later)],
            2,
        ),
        (
            vec![
                unshared(OWNER, none.clone()),
                unshared(OTHER, json!({"event_name": "Encrypt"})),
            ],
            2,
        ),
        (
            vec![
                unshared(OWNER, none.clone()),
                unshared(OTHER, json!({"key_arn": KEY_B})),
            ],
            2,
        ),
        // Two in one log.
        (
            vec![unshared(OTHER, none.clone()), unshared(OTHER, none.clone())],
            2,
        ),
    ] {
        let context = context(events.clone()).await;
        let rows = query(&context, "SELECT count(*) AS uses FROM key_uses", &["uses"]).await;
        assert_eq!(rows, [calls.to_string()], "{events:?}");
    }
}

/// The copy in the caller's log names the caller, whichever log is asked for and whatever told that it is a copy.
#[tokio::test]
async fn an_account_is_told_the_names_of_its_callers_and_of_those_on_its_keys() {
    let pairs = [
        both(json!({"key_arn": KEY_A}), json!({"key_arn": KEY_A})),
        both(
            json!({"key_arn": KEY_A, "shared_event_id": null, "request_id": "r1"}),
            json!({"key_arn": KEY_A, "shared_event_id": null, "request_id": "r1"}),
        ),
    ];
    for events in pairs {
        let context = context(events).await;
        for account in [OWNER, OTHER] {
            let mut asked = request(None, UNTIL, &[]);
            asked.filters.account = Some(account.to_owned());
            let (rows, _) = answer(&context, "top-callers", &asked, &["caller", "uses"]).await;
            assert_eq!(rows, [format!("{BOB} | 1")], "{account}");
            let (rows, _) = answer(&context, "cross-account", &asked, &["caller", "uses"]).await;
            assert_eq!(rows, [format!("{BOB} | 1")], "{account}");
            // With a key, the account says which one is meant.
            asked.filters.account = None;
            asked.arguments.insert("key".to_owned(), KEY_A.to_owned());
            let (rows, _) = answer(&context, "who-used", &asked, &["caller", "successes"]).await;
            assert_eq!(rows, [format!("{BOB} | 1")], "{account}");
        }
    }
}

/// Only the owner's log is held: the caller's account finds its use all the same.
#[tokio::test]
async fn a_callers_account_finds_what_the_owners_log_alone_tells() {
    for (members, caller) in [
        (json!({"key_arn": KEY_A}), "account:222222222222"),
        (
            json!({"key_arn": KEY_A, "invoked_by": "s3.amazonaws.com"}),
            "account:222222222222",
        ),
        (
            json!({"key_arn": KEY_A, "caller": "arn:aws:iam::222222222222:role/aws:ec2-infrastructure"}),
            "arn:aws:iam::222222222222:role/aws:ec2-infrastructure",
        ),
    ] {
        let context = context(vec![
            copy(OWNER, members),
            event("2026-01-03T00:00:00Z", json!({"key_arn": KEY_B})),
        ])
        .await;
        let mut asked = request(None, UNTIL, &[]);
        for filters in [
            Filters {
                account: Some(OTHER.to_owned()),
                ..Filters::default()
            },
            Filters {
                caller: Some(caller.to_owned()),
                ..Filters::default()
            },
        ] {
            asked.filters = filters;
            for (report, uses) in [("top-callers", "uses"), ("cross-account", "uses")] {
                let (rows, _) = answer(&context, report, &asked, &["caller", uses]).await;
                assert_eq!(rows, [format!("{caller} | 1")], "{report}");
            }
            let (rows, _) = answer(&context, "operations", &asked, &["successes"]).await;
            assert_eq!(rows, ["1"]);
        }
    }
}

/// KMS looks for an id or an alias name in the caller's own account, wherever the call is logged.
#[tokio::test]
async fn a_name_means_a_key_of_the_callers_account_in_every_report() {
    const ID: &str = "ffffffff-0000-0000-0000-000000000009";
    const OWNERS: &str =
        "arn:aws:kms:eu-west-1:111111111111:key/ffffffff-0000-0000-0000-000000000009";
    let known = |key: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": key, "event_name": "DescribeKey"}),
        )
    };
    let pointed = |key: &str, account: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": "CreateAlias", "alias_name": "alias/x", "key_arn": key, "recipient_account_id": account}),
        )
    };
    for typed in [ID, "alias/x"] {
        for (log, caller, expected) in [
            (OWNER, BOB, FOREIGN),
            (OTHER, BOB, FOREIGN),
            (OWNER, "account:222222222222", FOREIGN),
            (OTHER, ALICE, OWNERS),
            // A service tells no account: the log's.
            (OWNER, "service:s3.amazonaws.com", OWNERS),
            (OTHER, "service:s3.amazonaws.com", FOREIGN),
        ] {
            let context = context(vec![
                known(OWNERS),
                known(FOREIGN),
                pointed(OWNERS, OWNER),
                pointed(FOREIGN, OTHER),
                event(
                    TIME,
                    json!({"key_as_typed": typed, "caller": caller, "recipient_account_id": log}),
                ),
            ])
            .await;
            for relation in ["key_uses", "uses_daily"] {
                let sql = format!("SELECT key_arn FROM {relation} WHERE event_name = 'Decrypt'");
                let rows = query(&context, &sql, &["key_arn"]).await;
                assert_eq!(rows, [expected], "{relation}: {typed} by {caller} in {log}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_nothing_held_knows_is_told() {
    let members = json!({"key_arn": KEY_A, "resource_list": ["arn:aws:s3:::bucket"]});
    let context = context(vec![event(TIME, members)]).await;
    let unknown = "not-found: no event of any time is from this principal within these filters";
    let library = Library::embedded().expect("good headers");
    for (report, name, typed, near) in [
        ("principal-activity", "principal", "alise", ALICE),
        ("blast-radius", "principal", "alise", ALICE),
        ("principal-activity", "principal", "10.0.0", ""),
        ("resources", "resource", "bucked", "arn:aws:s3:::bucket"),
    ] {
        let asked = request(Some("2026-01-01"), UNTIL, &[(name, typed)]);
        let report = library.report(report).expect("a report");
        let error = run_in(&context, &library, report, &asked).await;
        let error = error.expect_err("nothing has it").to_string();
        let told = format!("nothing in the store has `--param {name}={typed}`");
        let hint = if near.is_empty() {
            String::new()
        } else {
            format!("\n\nhint: nearest\n  {near}")
        };
        assert_eq!(error, told + &hint);
    }
    let asked = request(Some("2026-01-01"), UNTIL, &[("principal", "alice")]);
    let (_, caveats) = answer(&context, "principal-activity", &asked, &[]).await;
    assert!(!caveats.contains(&unknown.to_owned()), "{caveats:?}");
}
