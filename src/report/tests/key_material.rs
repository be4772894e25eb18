//! The reports `key-material` and `encryption-context`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, answer, context, event, request};

fn used(time: &str, name: &str, material: Option<&str>, mut members: Value) -> Value {
    members["event_name"] = json!(name);
    members["key_material_id"] = json!(material);
    if members.get("key_arn").is_none() {
        members["key_arn"] = json!(KEY_A);
    }
    event(time, members)
}

#[tokio::test]
async fn former_versions_that_decrypt_are_told() {
    let rotation = |time: &str, key: &str, from: &str, to: &str| {
        let details = format!(
            r#"{{"serviceEventDetails":{{"previousKeyMaterialId":"{from}","currentKeyMaterialId":"{to}"}}}}"#
        );
        event(
            time,
            json!({"event_name": "RotateKey", "key_arn": key, "caller": "service:AWS Internal", "extra": details}),
        )
    };
    let events = vec![
        used(
            "2026-01-01T00:00:00Z",
            "GenerateDataKey",
            Some("m1"),
            json!({}),
        ),
        used(
            "2026-01-02T00:00:00Z",
            "Decrypt",
            Some("m1"),
            json!({"caller": "bob"}),
        ),
        rotation("2026-01-03T00:00:00Z", KEY_A, "m1", "m2"),
        used(
            "2026-01-04T00:00:00Z",
            "GenerateDataKey",
            Some("m2"),
            json!({}),
        ),
        used("2026-01-05T00:00:00Z", "Decrypt", Some("m1"), json!({})),
        // Each side of a ReEncrypt has its own version.
        used(
            "2026-01-06T00:00:00Z",
            "ReEncrypt",
            Some("m0"),
            json!({"destination_key_arn": KEY_A, "destination_key_material_id": "m2"}),
        ),
        // Rotated and not used since; its version before is known from the rotation alone.
        rotation("2026-01-03T00:00:00Z", KEY_B, "n1", "n2"),
        // None of these is a use of a version.
        used("2026-01-07T00:00:00Z", "Decrypt", None, json!({})),
        used(
            "2026-01-07T00:00:00Z",
            "Decrypt",
            Some("m0"),
            json!({"outcome": "denied"}),
        ),
        used(
            "2026-01-07T00:00:00Z",
            "Decrypt",
            Some("m0"),
            json!({"outcome": "dry_run", "is_dry_run": true}),
        ),
    ];
    let columns = [
        "key_arn",
        "key_material_id",
        "state",
        "encrypts",
        "decrypts",
        "last_decrypt",
        "callers",
    ];
    let context = context(events).await;
    let (rows, caveats) = answer(
        &context,
        "key-material",
        &request(None, "2026-12-31", &[]),
        &columns,
    )
    .await;
    let expected = [
        format!("{KEY_A} | m2 | current | 2 | 0 | - | 1"),
        format!("{KEY_A} | m1 | former | 1 | 2 | 2026-01-05T00:00:00Z | 2"),
        format!("{KEY_A} | m0 | former | 0 | 1 | 2026-01-06T00:00:00Z | 1"),
        format!("{KEY_B} | n2 | current | 0 | 0 | - | 0"),
        format!("{KEY_B} | n1 | former | 0 | 0 | - | 0"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(
        caveats,
        ["no-version: 1 use names no version of the key material"]
    );
}

#[tokio::test]
async fn a_version_that_only_decrypts_is_neither_current_nor_former() {
    let events = vec![used(
        "2026-01-01T00:00:00Z",
        "Decrypt",
        Some("m1"),
        json!({}),
    )];
    let columns = ["key_material_id", "state", "decrypts"];
    let context = context(events).await;
    let (rows, _) = answer(
        &context,
        "key-material",
        &request(None, "2026-12-31", &[]),
        &columns,
    )
    .await;
    assert_eq!(rows, ["m1 | - | 1"]);
}

#[tokio::test]
async fn contexts_have_their_names_and_few_values() {
    let with = |time: &str, name: &str, context: Option<&str>, members: Value| {
        let mut row = used(time, name, None, members);
        row["encryption_context"] = json!(context);
        row
    };
    let mut events = vec![
        with(
            "2026-01-01T00:00:00Z",
            "Encrypt",
            Some(r#"{"a/b":"x","~":"y"}"#),
            json!({}),
        ),
        with(
            "2026-01-02T00:00:00Z",
            "Decrypt",
            Some(r#"{"a/b":"x"}"#),
            json!({}),
        ),
        with(
            "2026-01-03T00:00:00Z",
            "Decrypt",
            Some(r#"{"a/b":"z"}"#),
            json!({}),
        ),
        with("2026-01-04T00:00:00Z", "Decrypt", None, json!({})),
        with("2026-01-04T00:00:00Z", "Decrypt", Some("{}"), json!({})),
        with(
            "2026-01-05T00:00:00Z",
            "ReEncrypt",
            Some(r#"{"from":"1"}"#),
            json!({"destination_key_arn": KEY_B, "destination_encryption_context": "{\"to\":\"2\"}"}),
        ),
        // No context is possible, no success, no use.
        with("2026-01-06T00:00:00Z", "Sign", None, json!({})),
        with(
            "2026-01-06T00:00:00Z",
            "Decrypt",
            Some(r#"{"no":"1"}"#),
            json!({"outcome": "denied"}),
        ),
        with(
            "2026-01-06T00:00:00Z",
            "CreateGrant",
            Some(r#"{"no":"1"}"#),
            json!({}),
        ),
        with(
            "2026-01-07T00:00:00Z",
            "Decrypt",
            Some(r#"{"own":"1"}"#),
            json!({"use_label": "self", "key_arn": KEY_B}),
        ),
    ];
    for number in 0..6 {
        let context = format!(r#"{{"many":"{number}"}}"#);
        events.push(with(
            "2026-01-08T00:00:00Z",
            "Decrypt",
            Some(&context),
            json!({"caller": ALICE}),
        ));
    }
    let columns = ["key", "name", "uses", "values", "value_list", "label"];
    let context = context(events).await;
    let (rows, _) = answer(
        &context,
        "encryption-context",
        &request(None, "2026-12-31", &[]),
        &columns,
    )
    .await;
    let expected = [
        format!("{KEY_A} | a/b | 3 | 2 | x 2, z 1 | -"),
        format!("{KEY_A} | from | 1 | 1 | 1 1 | -"),
        format!("{KEY_A} | many | 6 | 6 | - | -"),
        format!("{KEY_A} | ~ | 1 | 1 | y 1 | -"),
        format!("{KEY_A} | - | 2 | 0 | - | -"),
        format!("{KEY_B} | to | 1 | 1 | 2 1 | -"),
        format!("{KEY_B} | own | 1 | 1 | 1 1 | self"),
    ];
    assert_eq!(rows, expected);
}
