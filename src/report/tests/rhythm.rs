//! The report `rhythm`.

use serde_json::json;

use super::{KEY_A, KEY_B, answer, context, event, request};

#[tokio::test]
async fn uses_stand_at_their_hour_of_their_weekday() {
    // 2026-01-05 is a Monday.
    let events = vec![
        event("2026-01-05T00:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-12T00:59:59Z", json!({"key_arn": KEY_A})),
        event("2026-01-12T23:00:00Z", json!({"key_arn": KEY_A})),
        event("2026-01-11T05:00:00Z", json!({"key_arn": KEY_B})),
        // Neither a failure nor a dry run nor a management call is a use.
        event(
            "2026-01-06T05:00:00Z",
            json!({"key_arn": KEY_B, "outcome": "denied"}),
        ),
        event(
            "2026-01-06T05:00:00Z",
            json!({"key_arn": KEY_B, "is_dry_run": true, "outcome": "dry_run"}),
        ),
        event(
            "2026-01-06T05:00:00Z",
            json!({"key_arn": KEY_B, "event_name": "DescribeKey"}),
        ),
        event(
            "2026-01-07T12:00:00Z",
            json!({"key_arn": KEY_B, "use_label": "self"}),
        ),
    ];
    let hours = |uses: &[(usize, u32)]| {
        let mut hours = ["0"; 24].map(str::to_owned);
        for (hour, count) in uses {
            hours[*hour] = count.to_string();
        }
        format!("[{}]", hours.join(", "))
    };
    let none = hours(&[]);
    let expected = [
        format!("Monday | {} | 3 | 2 | 0 | -", hours(&[(0, 2), (23, 1)])),
        format!("Tuesday | {none} | 0 | 0 | - | -"),
        format!("Wednesday | {none} | 0 | 0 | - | -"),
        format!("Thursday | {none} | 0 | 0 | - | -"),
        format!("Friday | {none} | 0 | 0 | - | -"),
        format!("Saturday | {none} | 0 | 0 | - | -"),
        format!("Sunday | {} | 1 | 1 | 5 | -", hours(&[(5, 1)])),
        format!("Wednesday | {} | 1 | 1 | 12 | self", hours(&[(12, 1)])),
    ];
    let columns = [
        "weekday",
        "uses_per_hour",
        "uses",
        "days",
        "busiest",
        "label",
    ];
    let request = request(None, "2026-12-31", &[]);
    let (rows, caveats) = answer(&context(events).await, "rhythm", &request, &columns).await;
    assert_eq!(rows, expected);
    assert!(caveats.is_empty(), "{caveats:?}");
}
