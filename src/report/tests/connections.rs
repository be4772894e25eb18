//! The reports `tls` and `enclaves`.

use serde_json::{Value, json};

use super::{ALICE, KEY_A, KEY_B, OTHER, answer, context, event, request};

#[tokio::test]
async fn connections_say_whether_they_are_post_quantum() {
    let call = |caller: &str, version: Option<&str>, exchange: Option<&str>, mut members: Value| {
        members["caller"] = json!(caller);
        members["tls_version"] = json!(version);
        members["tls_key_exchange"] = json!(exchange);
        members["key_arn"] = json!(KEY_A);
        event("2026-01-01T00:00:00Z", members)
    };
    let (tls12, tls13) = (Some("TLSv1.2"), Some("TLSv1.3"));
    let events = vec![
        call("new", tls13, Some("X25519MLKEM768"), json!({})),
        call(
            "new",
            tls13,
            Some("X25519MLKEM768"),
            json!({"outcome": "denied"}),
        ),
        call(
            "new",
            tls13,
            Some("SecP256r1MLKEM768"),
            json!({"event_name": "DescribeKey"}),
        ),
        call("old", tls12, Some("x25519"), json!({})),
        call("silent", tls13, None, json!({})),
        call(
            "silent",
            None,
            None,
            json!({"invoked_by": "s3.amazonaws.com"}),
        ),
        call(
            "reader",
            tls13,
            Some("X25519MLKEM768"),
            json!({"use_label": "self"}),
        ),
    ];
    let columns = [
        "caller",
        "tls",
        "key_exchange",
        "post_quantum",
        "calls",
        "label",
    ];
    let context = context(events).await;
    let (rows, caveats) =
        answer(&context, "tls", &request(None, "2026-12-31", &[]), &columns).await;
    let expected = [
        "old | TLSv1.2 | x25519 | no | 1 | -",
        "new | TLSv1.3 | X25519MLKEM768 | yes | 2 | -",
        "new | TLSv1.3 | SecP256r1MLKEM768 | yes | 1 | -",
        "silent | TLSv1.3 | - | - | 1 | -",
        "silent | - | - | - | 1 | -",
        "reader | TLSv1.3 | X25519MLKEM768 | yes | 1 | self",
    ];
    assert_eq!(rows, expected);
    assert_eq!(
        caveats,
        ["no-tls: 1 call has no TLS details (1 made by an AWS service for a caller)"]
    );
}

#[tokio::test]
async fn enclaves_have_their_images_and_what_bypassed_them() {
    let attested = |image: &str, mut members: Value| {
        members["attestation_module_id"] = json!("i-1-enc1");
        members["attestation_image_digest"] = json!(image);
        event("2026-01-01T00:00:00Z", members)
    };
    let events = vec![
        attested("d1", json!({"key_arn": KEY_A})),
        attested("d1", json!({"key_arn": KEY_A})),
        attested("d1", json!({"key_arn": KEY_A, "outcome": "denied"})),
        attested("d2", json!({"key_arn": KEY_B})),
        attested("d1", json!({"event_name": "GenerateRandom"})),
        attested(
            "d1",
            json!({"key_arn": KEY_A, "outcome": "dry_run", "is_dry_run": true}),
        ),
        // The same caller on the same key, without its enclave; and what says nothing of it.
        event("2026-01-02T00:00:00Z", json!({"key_arn": KEY_A})),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "denied"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "Encrypt"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_A, "caller": "bob"}),
        ),
        event(
            "2026-01-02T00:00:00Z",
            json!({"key_arn": KEY_B, "caller_account_id": OTHER, "caller": "bob"}),
        ),
    ];
    let columns = ["key", "caller", "image", "uses", "failed", "unattested"];
    let context = context(events).await;
    let (rows, caveats) = answer(
        &context,
        "enclaves",
        &request(None, "2026-12-31", &[]),
        &columns,
    )
    .await;
    let expected = [
        format!("{KEY_A} | {ALICE} | d1 | 2 | 1 | 1"),
        format!("{KEY_B} | {ALICE} | d2 | 1 | 0 | 0"),
        format!("- | {ALICE} | d1 | 1 | 0 | 0"),
    ];
    assert_eq!(rows, expected);
    assert!(caveats.is_empty(), "{caveats:?}");
}
