//! The reports for an incident, on rows made by hand.

mod blast_radius;
mod first_seen;
mod principal_activity;

use serde_json::{Value, json};

use super::{KEY_A, OTHER, event};

const BOB: &str = "arn:aws:iam::222222222222:role/bob";

/// Two records of one cross-account call on `KEY_A` by bob; only his own tells more than his account.
fn cross_account(time: &str, shared: &str) -> Vec<Value> {
    let own = json!({
        "key_arn": KEY_A, "shared_event_id": shared, "caller": BOB, "session_name": "b", "access_key_id": "ASIAB",
        "recipient_account_id": OTHER, "caller_account_id": OTHER, "identity_type": "AssumedRole",
        "source_ip": "203.0.113.9",
    });
    let owners = json!({
        "key_arn": KEY_A, "shared_event_id": shared, "caller": format!("account:{OTHER}"),
        "caller_account_id": OTHER, "identity_type": "AWSAccount",
    });
    vec![event(time, own), event(time, owners)]
}
