//! The report `resources`, and the views behind it.

use serde_json::{Value, json};

use super::{
    KEY_A, KEY_B, OTHER, OWNER, answer, context, context_of_rollups, event, query, request,
};
use crate::catalog::Library;
use crate::report::run::run_in;

const COLUMNS: &[&str] = &["key", "resource", "operations", "last_time", "accounts"];

fn used(time: &str, name: &str, resource: &str, mut members: Value) -> Value {
    members["event_name"] = json!(name);
    members["resource_list"] = json!([resource]);
    members["resource"] = json!(resource);
    if members.get("key_arn").is_none() {
        members["key_arn"] = json!(KEY_A);
    }
    event(time, members)
}

fn history() -> Vec<Value> {
    let object = "arn:aws:s3:::bucket/a";
    vec![
        used("2026-01-01T00:00:00Z", "GenerateDataKey", object, json!({})),
        used(
            "2026-01-02T00:00:00Z",
            "Decrypt",
            "arn:aws:s3:::bucket/b",
            json!({"caller_account_id": OTHER}),
        ),
        used(
            "2026-01-03T00:00:00Z",
            "Decrypt",
            "ec2.amazonaws.com:vol-1",
            json!({"key_arn": KEY_B}),
        ),
        used(
            "2026-01-04T00:00:00Z",
            "CreateGrant",
            "ec2.amazonaws.com:vol-1",
            json!({}),
        ),
        used(
            "2026-01-05T00:00:00Z",
            "Decrypt",
            "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-x1",
            json!({"key_arn": KEY_B}),
        ),
        // No key for sure: an id that means no known key.
        used(
            "2026-01-06T00:00:00Z",
            "Decrypt",
            "ec2.amazonaws.com:vol-2",
            json!({"key_arn": null, "key_as_typed": "alias/gone"}),
        ),
        // None of these is a dependency.
        used(
            "2026-01-07T00:00:00Z",
            "Decrypt",
            object,
            json!({"outcome": "denied"}),
        ),
        used(
            "2026-01-07T00:00:00Z",
            "Decrypt",
            object,
            json!({"is_dry_run": true, "outcome": "dry_run"}),
        ),
        // A use for nothing that is named.
        event("2026-01-08T00:00:00Z", json!({"key_arn": KEY_A})),
    ]
}

#[tokio::test]
async fn keys_have_their_resources() {
    let secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-x1";
    let expected = [
        "alias/gone | ec2.amazonaws.com:vol-2 | decrypt 1 | 2026-01-06T00:00:00Z | 111111111111"
            .to_owned(),
        format!("{KEY_A} | ec2.amazonaws.com:vol-1 | grant 1 | 2026-01-04T00:00:00Z | {OWNER}"),
        format!(
            "{KEY_A} | arn:aws:s3:::bucket | encrypt 1, decrypt 1 | 2026-01-02T00:00:00Z | {OWNER}, {OTHER}"
        ),
        format!("{KEY_B} | {secret} | decrypt 1 | 2026-01-05T00:00:00Z | {OWNER}"),
        format!("{KEY_B} | ec2.amazonaws.com:vol-1 | decrypt 1 | 2026-01-03T00:00:00Z | {OWNER}"),
    ];
    let request = request(None, "2026-12-31", &[]);
    let bucket_keys = "bucket-key: S3 objects are shown as their bucket; with an S3 Bucket Key no log shows which objects \
                       need the key";
    let unnamed = "no-resource: 1 use has no resource in the encryption context, or no context";
    let (rows, caveats) = answer(&context(history()).await, "resources", &request, COLUMNS).await;
    assert_eq!(rows, expected);
    assert_eq!(caveats, [bucket_keys, unnamed]);
    let context = context_of_rollups(history()).await;
    let (rows, caveats) = answer(&context, "resources", &request, COLUMNS).await;
    assert_eq!(rows, expected);
    assert_eq!(caveats, [bucket_keys]);
}

#[tokio::test]
async fn a_resource_has_its_keys_however_it_is_written() {
    let context = context(history()).await;
    let secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-x1";
    for (typed, keys) in [
        ("vol-1", &[KEY_A, KEY_B][..]),
        ("ec2.amazonaws.com:vol-1", &[KEY_A, KEY_B]),
        ("arn:aws:s3:::bucket/folder/object", &[KEY_A]),
        ("bucket", &[KEY_A]),
        (secret, &[KEY_B]),
        ("db-x1", &[KEY_B]),
    ] {
        let request = request(None, "2026-12-31", &[("resource", typed)]);
        let (rows, _) = answer(&context, "resources", &request, &["key"]).await;
        assert_eq!(rows, keys, "{typed}");
    }
    // Part of a name is another name, and so is a pattern.
    let library = Library::embedded().expect("good headers");
    for typed in ["vol", "%"] {
        let request = request(None, "2026-12-31", &[("resource", typed)]);
        let report = library.report("resources").expect("a report");
        let error = run_in(&context, &library, report, &request).await;
        let error = error.expect_err("nothing has it").to_string();
        let told = format!("nothing in the store has `--param resource={typed}`");
        assert_eq!(error.lines().next(), Some(&*told));
    }
}

#[tokio::test]
async fn what_was_typed_means_the_key_of_the_callers_account() {
    let id = "aaaaaaaa-0000-0000-0000-000000000001";
    let events = vec![
        event("2026-01-01T00:00:00Z", json!({"key_arn": KEY_A})),
        used(
            "2026-01-02T00:00:00Z",
            "Decrypt",
            "r",
            json!({"key_arn": null, "key_as_typed": id}),
        ),
        used(
            "2026-01-02T00:00:00Z",
            "Decrypt",
            "r",
            json!({"key_arn": null, "key_as_typed": id, "caller_account_id": OTHER}),
        ),
    ];
    let rows = query(
        &context(events).await,
        "SELECT key_arn, caller_account_id, count FROM resources_by_key ORDER BY caller_account_id",
        &["key_arn", "caller_account_id", "count"],
    )
    .await;
    assert_eq!(
        rows,
        [format!("{KEY_A} | {OWNER} | 1"), format!("- | {OTHER} | 1")]
    );
}
