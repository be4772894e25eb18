//! The report `blast-radius`.

use serde_json::{Value, json};

use super::{BOB, cross_account};
use crate::report::tests::{ALICE, KEY_A, KEY_B, MRK_EU, MRK_US, answer, context, event, request};

const RADIUS: &[&str] = &[
    "what",
    "name",
    "key",
    "reach",
    "via",
    "operations",
    "successes",
    "failures",
    "dry_runs",
];

async fn radius(events: Vec<Value>, arguments: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let context = context(events).await;
    let request = request(Some("2026-02-01"), "2026-02-19", arguments);
    answer(&context, "blast-radius", &request, RADIUS).await
}

fn on(time: &str, caller: &str, name: &str, key: &str, resource: &str) -> Value {
    event(
        time,
        json!({
            "caller": caller, "event_name": name, "key_arn": key, "resource": resource, "resource_list": [resource],
        }),
    )
}

/// What others put under keys before the window, and what bob did in it.
fn others_and_bob() -> Vec<Value> {
    let mut refused = on("2026-02-05T00:00:00Z", BOB, "Decrypt", KEY_B, "r-refused");
    refused["outcome"] = json!("denied");
    let mut probed = on("2026-02-06T00:00:00Z", BOB, "Decrypt", KEY_B, "r-probed");
    probed["is_dry_run"] = json!(true);
    probed["outcome"] = json!("dry_run");
    vec![
        // Held by the logs before the window, and by others.
        on(
            "2026-01-01T00:00:00Z",
            ALICE,
            "Encrypt",
            MRK_EU,
            "arn:aws:s3:::bucket/1",
        ),
        on("2026-01-01T00:00:00Z", ALICE, "Encrypt", MRK_EU, "secret"),
        on(
            "2026-01-02T00:00:00Z",
            ALICE,
            "Encrypt",
            KEY_A,
            "arn:aws:s3:::bucket/2",
        ),
        on(
            "2026-01-02T00:00:00Z",
            ALICE,
            "Encrypt",
            KEY_B,
            "unconcerned",
        ),
        event(
            "2026-01-03T00:00:00Z",
            json!({"event_name": "ReplicateKey", "key_arn": MRK_EU, "destination_key_arn": MRK_US}),
        ),
        // In the window.
        on(
            "2026-02-02T00:00:00Z",
            BOB,
            "Decrypt",
            MRK_EU,
            "arn:aws:s3:::bucket/1",
        ),
        refused,
        probed,
        event(
            "2026-02-07T00:00:00Z",
            json!({"caller": BOB, "key_as_typed": "alias/none", "outcome": "not_found"}),
        ),
        on("2026-03-01T00:00:00Z", BOB, "Decrypt", KEY_A, "after"),
    ]
}

#[tokio::test]
async fn what_a_principal_reached_and_what_follows_from_it() {
    let (rows, told) = radius(others_and_bob(), &[("principal", "bob")]).await;
    assert_eq!(
        rows,
        [
            format!("principal | {BOB} | - | used | - | Decrypt 1 | 1 | 2 | 1"),
            format!("key | {MRK_EU} | - | used | - | Decrypt 1 | 1 | 0 | 0"),
            "key | alias/none | - | refused | - | - | 0 | 1 | 0".to_owned(),
            format!("key | {KEY_B} | - | refused | - | - | 0 | 1 | 1"),
            format!("key | {MRK_US} | - | same material | {MRK_EU} | - | - | - | -"),
            format!("key | {KEY_A} | - | same resource | arn:aws:s3:::bucket/1 | - | 1 | - | -"),
            format!(
                "resource | arn:aws:s3:::bucket/1 | {MRK_EU} | used | - | Decrypt 1 | 1 | 0 | 0"
            ),
            format!("resource | r-refused | {KEY_B} | refused | - | - | 0 | 1 | 0"),
            format!("resource | r-probed | {KEY_B} | dry run | - | - | 0 | 0 | 1"),
            // The whole bucket, and what others put under the key.
            format!(
                "resource | arn:aws:s3:::bucket | {MRK_EU} | within reach | {MRK_EU} | - | 2 | - | -"
            ),
            format!("resource | secret | {MRK_EU} | within reach | {MRK_EU} | - | 1 | - | -"),
        ]
    );
    assert_eq!(
        told,
        [
            "outside-window: 1 more call outside the window, from 2026-03-01T00:00:00Z to 2026-03-01T00:00:00Z"
        ]
    );
}

#[tokio::test]
async fn who_only_encrypts_has_no_other_data_within_reach() {
    let events = |name: &str| {
        vec![
            on("2026-01-01T00:00:00Z", ALICE, "Encrypt", KEY_A, "secret"),
            on("2026-02-02T00:00:00Z", BOB, name, KEY_A, "own"),
        ]
    };
    let own = format!("resource | own | {KEY_A}");
    for (name, is_open) in [
        ("GenerateDataKey", false),
        ("DescribeKey", false),
        ("Decrypt", true),
        // It can give itself the right to decrypt.
        ("PutKeyPolicy", true),
        ("CreateGrant", true),
    ] {
        let (rows, _) = radius(events(name), &[("principal", BOB)]).await;
        assert!(
            rows.iter().any(|row| row.starts_with(&own)),
            "{name}: {rows:?}"
        );
        let is_within = rows
            .iter()
            .any(|row| row.starts_with(&format!("resource | secret | {KEY_A} | within reach")));
        assert_eq!(is_within, is_open, "{name}: {rows:?}");
    }
}

#[tokio::test]
async fn a_key_leads_to_its_users_and_to_their_other_keys() {
    let id = &KEY_A[KEY_A.len() - 36..];
    let mut events = cross_account("2026-02-02T00:00:00Z", "s1");
    events.extend([
        on("2026-01-01T00:00:00Z", ALICE, "Encrypt", KEY_A, "secret"),
        on("2026-02-03T00:00:00Z", BOB, "Encrypt", MRK_EU, "elsewhere"),
        on("2026-03-03T00:00:00Z", BOB, "Encrypt", MRK_US, "later"),
        event(
            "2026-02-04T00:00:00Z",
            json!({"caller": "mover", "event_name": "ReEncrypt", "key_arn": KEY_A, "destination_key_arn": KEY_B}),
        ),
        event(
            "2026-02-05T00:00:00Z",
            json!({"caller": ALICE, "event_name": "CreateGrant", "key_arn": KEY_A, "grant_id": "g1"}),
        ),
    ]);
    let (rows, told) = radius(events.clone(), &[("key", id)]).await;
    assert_eq!(
        rows,
        [
            format!("principal | {BOB} | - | used | - | Decrypt 1 | 1 | 0 | 0"),
            "principal | mover | - | used | - | ReEncrypt 1 | 1 | 0 | 0".to_owned(),
            format!("principal | {ALICE} | - | managed | - | CreateGrant 1 | 1 | 0 | 0"),
            format!(
                "key | {KEY_A} | - | used | - | CreateGrant 1, Decrypt 1, ReEncrypt 1 | 3 | 0 | 0"
            ),
            format!("key | {KEY_B} | - | other key | - | ReEncrypt 1 | 1 | 0 | 0"),
            format!("key | {MRK_EU} | - | same principal | {BOB} | - | 1 | - | -"),
            format!("resource | secret | {KEY_A} | within reach | {KEY_A} | - | 1 | - | -"),
            format!("grant | g1 | {KEY_A} | managed | - | CreateGrant 1 | 1 | 0 | 0"),
        ]
    );
    assert_eq!(
        told,
        [
            "outside-window: 1 more call outside the window, from 2026-01-01T00:00:00Z to 2026-01-01T00:00:00Z",
            "no-resource: 2 uses name no resource; what they protect is not shown",
        ]
    );
    // A principal on a key.
    let (rows, _) = radius(events.clone(), &[("key", id), ("principal", "bob")]).await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    // Neither: nothing, and it is said why.
    let (rows, told) = radius(events, &[]).await;
    assert!(rows.is_empty(), "{rows:?}");
    assert_eq!(
        told,
        ["nothing-asked: nothing to follow: give --param principal=…, --key …, or both"]
    );
}

#[tokio::test]
async fn a_key_without_a_call_in_the_window_is_still_followed() {
    let events = vec![on(
        "2026-01-01T00:00:00Z",
        ALICE,
        "Encrypt",
        KEY_A,
        "secret",
    )];
    let (rows, _) = radius(events, &[("key", KEY_A)]).await;
    assert_eq!(
        rows,
        [
            format!("key | {KEY_A} | - | asked for | - | - | 0 | 0 | 0"),
            format!("resource | secret | {KEY_A} | within reach | {KEY_A} | - | 1 | - | -"),
        ]
    );
}
