//! The derived relations.

use serde_json::json;

use crate::catalog::Library;

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_ID, MRK_US, OTHER, OWNER, batch, context, create_views, event,
    query, register,
};
use crate::schema;

const KEY_C: &str = "arn:aws:kms:eu-west-1:111111111111:key/cccccccc-0000-0000-0000-000000000003";

fn alias_operation(time: &str, operation: &str, key: Option<&str>) -> serde_json::Value {
    event(
        time,
        json!({"event_name": operation, "alias_name": "alias/app", "key_arn": key}),
    )
}

#[tokio::test]
async fn an_alias_moves_from_key_to_key() {
    let context = context(vec![
        // Seen in use before any operation on it: under way since before the logs.
        event("2026-01-01T00:00:00Z", json!({"key_as_typed": "alias/app", "key_arn": KEY_A})),
        event("2026-01-02T00:00:00Z", json!({"key_as_typed": format!("arn:aws:kms:eu-west-1:{OWNER}:alias/app"), "key_arn": KEY_A})),
        alias_operation("2026-01-03T00:00:00Z", "UpdateAlias", Some(KEY_B)),
        event("2026-01-04T00:00:00Z", json!({"key_as_typed": "alias/app", "key_arn": KEY_B})),
        // A refused operation moves nothing.
        event("2026-01-04T12:00:00Z", json!({"event_name": "UpdateAlias", "alias_name": "alias/app", "key_arn": KEY_A, "outcome": "denied"})),
        alias_operation("2026-01-05T00:00:00Z", "DeleteAlias", Some(KEY_B)),
        alias_operation("2026-01-06T00:00:00Z", "CreateAlias", Some(KEY_A)),
        // Moved by an operation that no log holds.
        event("2026-01-07T00:00:00Z", json!({"key_as_typed": "alias/app", "key_arn": KEY_B, "outcome": "unusable_key"})),
    ])
    .await;
    let rows = query(
        &context,
        "SELECT * FROM alias_history ORDER BY first_seen",
        &[
            "alias_arn",
            "key_arn",
            "valid_from",
            "valid_to",
            "evidence",
            "proven_to",
        ],
    )
    .await;
    let alias = format!("arn:aws:kms:eu-west-1:{OWNER}:alias/app");
    let expected = [
        format!("{alias} | {KEY_A} | - | 2026-01-03T00:00:00Z | observed | 2026-01-03T00:00:00Z"),
        format!(
            "{alias} | {KEY_B} | 2026-01-03T00:00:00Z | 2026-01-05T00:00:00Z | operation | 2026-01-05T00:00:00Z"
        ),
        format!(
            "{alias} | {KEY_A} | 2026-01-06T00:00:00Z | 2026-01-07T00:00:00Z | operation | 2026-01-06T00:00:00Z"
        ),
        format!("{alias} | {KEY_B} | 2026-01-07T00:00:00Z | - | observed | -"),
    ];
    assert_eq!(rows, expected);
    let names = query(
        &context,
        "SELECT * FROM key_names ORDER BY key_arn",
        &["key_arn", "aliases"],
    )
    .await;
    assert_eq!(
        names,
        [
            format!("{KEY_A} | alias/app (formerly)"),
            format!("{KEY_B} | alias/app")
        ]
    );
}

#[tokio::test]
async fn keys_are_known_by_their_arn_with_their_set() {
    let context = context(vec![
        event("2026-01-01T00:00:00Z", json!({"key_arn": MRK_EU})),
        event(
            "2026-01-02T00:00:00Z",
            json!({"event_name": "ReplicateKey", "key_arn": MRK_EU, "destination_key_arn": MRK_US}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_as_typed": "alias/unknown", "outcome": "not_found"}),
        ),
        // Typed, and perhaps there: refused, whoever may have made it up.
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied"}),
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "not_found"}),
        ),
        // Typed, and not there.
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_B, "outcome": "not_found"}),
        ),
        // Its state tells that it is there.
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_C, "outcome": "unusable_key"}),
        ),
    ])
    .await;
    let columns = [
        "key_arn",
        "key_id",
        "account",
        "region",
        "is_multi_region",
        "key_set",
        "first_time",
        "last_time",
        "is_proven",
    ];
    let rows = query(
        &context,
        "SELECT * FROM known_keys ORDER BY key_arn",
        &columns,
    )
    .await;
    let set = format!("aws:{OWNER}:{MRK_ID}");
    let single = |key: &str, is_proven: bool| {
        let id = &key[key.len() - 36..];
        let time = "2026-01-03T00:00:00Z";
        format!(
            "{key} | {id} | {OWNER} | eu-west-1 | false | {key} | {time} | {time} | {is_proven}"
        )
    };
    let expected = [
        single(KEY_A, false),
        single(KEY_C, true),
        format!(
            "{MRK_EU} | {MRK_ID} | {OWNER} | eu-west-1 | true | {set} | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z | true"
        ),
        format!(
            "{MRK_US} | {MRK_ID} | {OWNER} | us-east-1 | true | {set} | 2026-01-02T00:00:00Z | 2026-01-02T00:00:00Z | true"
        ),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_typed_name_means_the_key_of_its_time_account_and_region() {
    let id = &KEY_A[KEY_A.len() - 36..];
    let typed = |time: &str, members: serde_json::Value| {
        let mut event = event(time, members);
        event["outcome"] = json!("denied");
        event
    };
    let context = context(vec![
        alias_operation("2026-01-01T00:00:00Z", "CreateAlias", Some(KEY_A)),
        alias_operation("2026-01-10T00:00:00Z", "UpdateAlias", Some(KEY_B)),
        typed("2026-01-05T00:00:00Z", json!({"event_id": "before", "key_as_typed": "alias/app"})),
        typed("2026-01-15T00:00:00Z", json!({"event_id": "after", "key_as_typed": "alias/app"})),
        typed("2025-12-31T00:00:00Z", json!({"event_id": "too-early", "key_as_typed": "alias/app"})),
        typed("2026-01-15T00:00:00Z", json!({"event_id": "elsewhere", "key_as_typed": "alias/app", "region": "us-east-1"})),
        typed("2026-01-15T00:00:00Z", json!({
            "event_id": "stranger", "key_as_typed": "alias/app", "caller": "arn:aws:iam::222222222222:role/bob",
            "caller_account_id": OTHER, "recipient_account_id": OTHER,
        })),
        typed("2026-01-15T00:00:00Z", json!({
            "event_id": "by-arn", "key_as_typed": format!("arn:aws:kms:eu-west-1:{OWNER}:alias/app"),
            "caller_account_id": OTHER, "recipient_account_id": OTHER,
        })),
        typed("2026-01-15T00:00:00Z", json!({"event_id": "by-id", "key_as_typed": id})),
        typed("2026-01-15T00:00:00Z", json!({"event_id": "destination", "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_as_typed": "alias/app"})),
    ])
    .await;
    let rows = query(
        &context,
        "SELECT * FROM live_key_events WHERE outcome = 'denied' ORDER BY event_id, key_role",
        &[
            "event_id",
            "key_role",
            "key_arn",
            "resolution",
            "record_role",
        ],
    )
    .await;
    let expected = [
        format!("after | only | {KEY_B} | alias | owner"),
        format!("before | only | {KEY_A} | alias | owner"),
        format!("by-arn | only | {KEY_B} | alias | caller_copy"),
        format!("by-id | only | {KEY_A} | id | owner"),
        format!("destination | destination | {KEY_B} | alias | owner"),
        format!("destination | source | {KEY_A} | event | owner"),
        "elsewhere | only | - | - | owner".to_owned(),
        "stranger | only | - | - | owner".to_owned(),
        "too-early | only | - | - | owner".to_owned(),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_latest_correction_stands_for_its_original() {
    let correction = |id: &str, ingest: i64| {
        event(
            "2026-01-01T00:00:00Z",
            json!({
                "event_id": id, "key_arn": KEY_A, "is_correction": true, "original_event_id": "first",
                "ingest_seq": ingest,
            }),
        )
    };
    let context = context(vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_id": "first", "key_arn": KEY_A}),
        ),
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_id": "first", "key_arn": KEY_A, "recipient_account_id": OTHER}),
        ),
        correction("zero", 1),
        correction("second", 2),
    ])
    .await;
    let rows = query(
        &context,
        "SELECT * FROM key_uses ORDER BY event_id",
        &["event_id", "recipient_account_id"],
    )
    .await;
    assert_eq!(
        rows,
        [format!("first | {OTHER}"), format!("second | {OWNER}")]
    );
}

#[tokio::test]
async fn a_correction_that_does_not_agree_hides_nothing() {
    let original = event(
        "2026-01-01T00:00:00Z",
        json!({"event_id": "first", "key_arn": KEY_A}),
    );
    let correction = |id: &str, member: &str, value: serde_json::Value| {
        let mut row = event(
            "2026-01-01T00:00:00Z",
            json!({"event_id": id, "key_arn": KEY_A, "is_correction": true, "original_event_id": "first"}),
        );
        row[member] = value;
        row
    };
    let disagreeing = [
        correction("name", "event_name", json!("DescribeKey")),
        correction("no-name", "event_name", json!(null)),
        correction("time", "event_time", json!("2026-01-01T00:00:01Z")),
        correction("account", "recipient_account_id", json!(OTHER)),
        correction("region", "region", json!("us-east-1")),
        correction("first", "key_arn", json!(KEY_B)),
        correction("unknown", "original_event_id", json!("none")),
    ];
    for forged in disagreeing {
        let context = context(vec![original.clone(), forged.clone()]).await;
        let sql = "SELECT event_id FROM key_uses ORDER BY event_id";
        let rows = query(&context, sql, &["event_id"]).await;
        assert_eq!(rows.len(), 2, "{forged}: {rows:?}");
    }
    // A correction without a region can be of any.
    let agreeing = correction("second", "region", json!(null));
    let context = context(vec![original, agreeing]).await;
    let rows = query(&context, "SELECT event_id FROM key_uses", &["event_id"]).await;
    assert_eq!(rows, ["second"]);
}

const BOB: &str = "arn:aws:iam::222222222222:role/bob";

/// The record of a call by bob in the log of the key's account, which tells only his own account.
fn owners(id: &str, shared: &str, members: serde_json::Value) -> serde_json::Value {
    let mut row = event(
        "2026-01-01T00:00:00Z",
        json!({
            "event_id": id, "shared_event_id": shared, "key_arn": KEY_A, "caller": format!("account:{OTHER}"),
            "caller_account_id": OTHER, "identity_type": "AWSAccount", "principal_id": "AROAB:b",
            "source_ip": "AWS Internal", "vpc_endpoint_id": "vpce-1", "request_id": "r-owner",
        }),
    );
    let serde_json::Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        row[name] = value;
    }
    row
}

/// The record of it in bob's own log, or in another's.
fn own(id: &str, shared: &str, recipient: &str) -> serde_json::Value {
    event(
        "2026-01-01T00:00:00Z",
        json!({
            "event_id": id, "shared_event_id": shared, "key_arn": KEY_A, "caller": BOB,
            "caller_account_id": OTHER, "recipient_account_id": recipient, "identity_type": "AssumedRole",
            "principal_id": "AROAB:b", "session_name": "b", "access_key_id": "ASIAB", "source_ip": "198.51.100.7",
            "user_agent": "agent", "tls_version": "TLSv1.3", "is_mfa": false, "request_id": "r-caller",
        }),
    )
}

#[tokio::test]
async fn a_cross_account_call_is_told_by_the_callers_own_record() {
    let context = context(vec![
        owners("1-both", "s1", json!({})),
        own("1-copy", "s1", OTHER),
        // A service called for bob: the owner's record names the service, bob's names bob.
        owners(
            "2-service",
            "s2",
            json!({"caller": "service:s3.amazonaws.com", "invoked_by": "s3.amazonaws.com"}),
        ),
        own("2-copy", "s2", OTHER),
        // The caller's record alone, and the owner's alone.
        own("3-copy", "s3", OTHER),
        owners("4-owner", "s4", json!({})),
        // What the owner's record tells in full stays as it is.
        owners(
            "5-full",
            "s5",
            json!({"caller": ALICE, "identity_type": "IAMUser"}),
        ),
        own("5-copy", "s5", OTHER),
        // Of two copies, that of the caller's own account tells.
        owners("6-both", "s6", json!({})),
        own("6-copy", "s6", OTHER),
        {
            let mut elsewhere = own("6-a", "s6", "000000000000");
            elsewhere["session_name"] = json!("elsewhere");
            elsewhere
        },
    ])
    .await;
    let rows = query(
        &context,
        "SELECT * FROM key_uses ORDER BY event_id",
        &[
            "event_id",
            "caller",
            "identity_type",
            "session_name",
            "access_key_id",
            "source_ip",
            "vpc_endpoint_id",
            "tls_version",
        ],
    )
    .await;
    let told = format!("{BOB} | AssumedRole | b | ASIAB | 198.51.100.7 | vpce-1 | TLSv1.3");
    assert_eq!(
        rows,
        [
            format!("1-both | {told}"),
            format!("2-service | {told}"),
            format!("3-copy | {BOB} | AssumedRole | b | ASIAB | 198.51.100.7 | - | TLSv1.3"),
            format!("4-owner | account:{OTHER} | AWSAccount | - | - | AWS Internal | vpce-1 | -"),
            format!("5-full | {ALICE} | IAMUser | - | - | AWS Internal | vpce-1 | -"),
            format!("6-both | {told}"),
        ]
    );
}

#[tokio::test]
async fn each_key_of_a_reencrypt_has_its_own_material_and_context() {
    let with = |id: &str, members: serde_json::Value| {
        let mut row = event(
            "2026-01-01T00:00:00Z",
            json!({
                "event_id": id, "event_name": "ReEncrypt", "key_material_id": "m1", "destination_key_material_id": "m2",
                "encryption_context": "{\"a\":\"1\"}", "destination_encryption_context": "{\"a\":\"2\"}",
            }),
        );
        for (name, value) in members.as_object().expect("an object") {
            row[name] = value.clone();
        }
        row
    };
    let context = context(vec![
        with(
            "named",
            json!({"key_arn": KEY_A, "destination_key_arn": KEY_B}),
        ),
        with(
            "typed",
            json!({"key_as_typed": "alias/x", "destination_key_as_typed": "alias/y"}),
        ),
    ])
    .await;
    let sql = "SELECT * FROM live_key_events ORDER BY event_id, key_role";
    let columns = [
        "event_id",
        "key_role",
        "key_material_id",
        "encryption_context",
    ];
    assert_eq!(
        query(&context, sql, &columns).await,
        [
            r#"named | destination | m2 | {"a":"2"}"#,
            r#"named | source | m1 | {"a":"1"}"#,
            r#"typed | destination | m2 | {"a":"2"}"#,
            r#"typed | source | m1 | {"a":"1"}"#,
        ]
    );
}

#[tokio::test]
async fn one_id_with_two_contents_is_a_conflict() {
    let with = |hash: &str, time: &str, account: &str| {
        event(
            time,
            json!({"event_id": "e", "content_hash": hash.repeat(16), "recipient_account_id": account}),
        )
    };
    let context = context(vec![
        with("aa", "2026-01-01T00:00:00Z", OWNER),
        with("bb", "2026-01-02T00:00:00Z", OWNER),
        with("aa", "2026-01-03T00:00:00Z", OTHER),
        event("2026-01-04T00:00:00Z", json!({"event_id": "alone"})),
    ])
    .await;
    let columns = [
        "event_id",
        "recipient_account_id",
        "contents",
        "first_time",
        "last_time",
    ];
    let rows = query(&context, "SELECT * FROM id_conflicts", &columns).await;
    assert_eq!(
        rows,
        [format!(
            "e | {OWNER} | 2 | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z"
        )]
    );
}

#[tokio::test]
async fn the_ledger_and_the_findings_keep_the_latest() {
    let attempt = |object: &str, attempt: i64, state: &str, run: &str| {
        json!({
            "object_id": object, "location": "l", "attempt": attempt, "state": state, "kind": "log",
            "size_bytes": 0, "json_bytes": 0, "records": 0, "kms_records": 0, "trail_records": 0, "not_wanted": 0,
            "rejected": 0, "expired": 0, "duplicates": 0, "written": 0, "decoder_version": 1,
            "trail_list_version": 1, "recorded_at": "2026-01-01T00:00:00Z", "run_id": run, "batch_id": "b",
        })
    };
    let finding = |seq: i64, state: &str| {
        json!({
            "finding_id": "f", "seq": seq, "rule_id": "r", "severity": "low", "state": state,
            "recorded_at": "2026-01-01T00:00:00Z", "run_id": "r",
        })
    };
    let context = crate::sql::context();
    for table in schema::TABLES {
        let rows = match table.name {
            "log_file_events" => vec![
                attempt("a", 2, "ok", "r1"),
                attempt("a", 1, "damaged", "r0"),
                // Two runs counted the same attempt at once.
                attempt("b", 1, "ok", "r1"),
                attempt("b", 1, "rejected", "r2"),
            ],
            "finding_events" => vec![finding(1, "open"), finding(2, "resolved")],
            _ => Vec::new(),
        };
        register(
            &context,
            crate::sql::relation_of(table),
            batch(table.arrow(), &rows),
        );
    }
    create_views(&context);
    let rows = query(
        &context,
        "SELECT * FROM log_files ORDER BY object_id",
        &["object_id", "attempt", "state"],
    )
    .await;
    assert_eq!(rows, ["a | 2 | ok", "b | 1 | rejected"]);
    assert_eq!(
        query(&context, "SELECT * FROM findings", &["finding_id", "state"]).await,
        ["f | resolved"]
    );
    let columns = context
        .table("log_files")
        .await
        .expect("a view")
        .schema()
        .fields()
        .len();
    assert_eq!(columns, schema::LOG_FILE_EVENTS.columns.len());
}

#[tokio::test]
async fn operations_are_those_of_the_list() {
    let context = context(Vec::new()).await;
    let rows = query(
        &context,
        "SELECT class, count(*) AS n FROM kms_operations GROUP BY class ORDER BY class",
        &["class", "n"],
    )
    .await;
    assert_eq!(rows, ["management | 31", "read | 15", "use | 14"]);
    let rows = query(
        &context,
        "SELECT * FROM crypto_operations WHERE event_name LIKE '%capsulate' ORDER BY event_name",
        &["event_name", "direction"],
    )
    .await;
    assert_eq!(rows, ["Decapsulate | decrypt", "Encapsulate | encrypt"]);
    let rows = query(
        &context,
        "SELECT string_agg(event_name, ' ' ORDER BY event_name) AS names FROM kms_operations WHERE opens_key AND class <> 'use'",
        &["names"],
    )
    .await;
    assert_eq!(rows, ["CreateGrant PutKeyPolicy ReplicateKey"]);
}

/// What looks like the ARN of a key need not be one.
#[tokio::test]
async fn a_second_key_that_was_mistyped_is_a_side_of_the_call() {
    let mistyped = "arn:aws:kms:eu-west-1:111111111111:key/";
    let context = context(vec![event(
        "2026-01-01T00:00:00Z",
        json!({
            "event_name": "ReEncrypt", "outcome": "not_found", "key_arn": KEY_A,
            "destination_key_as_typed": mistyped,
        }),
    )])
    .await;
    let rows = query(
        &context,
        "SELECT key_role, key_as_typed, other_key_arn FROM key_uses WHERE key_role = 'destination'",
        &["key_role", "key_as_typed", "other_key_arn"],
    )
    .await;
    assert_eq!(rows, [format!("destination | {mistyped} | {KEY_A}")]);
}

/// A view is planned when it is first read, so that a faulty one could go unnoticed.
#[tokio::test]
async fn every_view_can_be_planned() {
    let context = context(Vec::new()).await;
    let library = Library::embedded().expect("good headers");
    for view in library.views().expect("an order") {
        if let Err(error) = context.table_provider(view.id.as_str()).await {
            panic!("{}: {error}", view.path);
        }
    }
}
