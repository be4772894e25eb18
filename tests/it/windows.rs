//! Where windows end by default: with the logs, not with the last KMS event.

use serde_json::{Value, json};

use crate::context::Context;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000001";

/// An event of a log.
fn event(source: &str, name: &str, time: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": time, "eventSource": source, "eventName": name,
        "awsRegion": "us-east-1", "eventID": format!("{name}-{time}"), "recipientAccountId": "111122223333",
        "eventType": "AwsApiCall", "eventCategory": "Management", "readOnly": true,
        "userIdentity": {"type": "AWSService", "invokedBy": "s3.amazonaws.com"},
    })
}

fn kms(time: &str) -> Value {
    let mut event = event("kms.amazonaws.com", "Decrypt", time);
    event["resources"] = json!([{"ARN": KEY}]);
    event
}

/// Puts a log where CloudTrail would deliver it at that time, given as in its name.
fn deliver(context: &Context, delivered: &str, events: &[Value]) {
    let (year, month, day) = (&delivered[..4], &delivered[4..6], &delivered[6..8]);
    let folder = format!("in/AWSLogs/111122223333/CloudTrail/us-east-1/{year}/{month}/{day}");
    let folder = context.path().join(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let name = format!("111122223333_CloudTrail_us-east-1_{delivered}_AAAAAAAAAAAAAAAA.json");
    let log = json!({"Records": events}).to_string();
    std::fs::write(folder.join(name), log).expect("a file");
}

/// KMS is silent from New Year on; the trail delivers until the end of June.
fn silent() -> Context {
    let context = Context::new();
    deliver(&context, "20260101T1010Z", &[kms("2026-01-01T10:00:00Z")]);
    for month in 2..=6 {
        let time = format!("2026-{month:02}-28T11:56:00Z");
        let other = event("s3.amazonaws.com", "GetBucketAcl", &time);
        deliver(&context, &format!("2026{month:02}28T1200Z"), &[other]);
    }
    let ingested = context.run(&["ingest", "in"]);
    assert_eq!(ingested.code, 0, "{ingested}");
    context
}

#[test]
fn a_key_that_fell_silent_is_unused_while_the_logs_go_on() {
    let context = silent();
    let unused = context.json(&["report", "unused-keys", "--days", "90", "--format", "json"]);
    assert_eq!(unused.len(), 1, "{unused:?}");
    assert_eq!(unused[0]["key_arn"], KEY);
    for since in ["30d", "150d"] {
        let words = [
            "report", "who-used", "--key", KEY, "--format", "json", "--since",
        ];
        let used = context.json(&[&words[..], &[since]].concat());
        assert!(used.is_empty(), "{since}: {used:?}");
    }
    let report = context.run(&["report", "operations"]);
    assert!(
        report.stdout.contains("to before 2026-06-28T12:00:00Z"),
        "{report}"
    );
    let explained = context.run(&["report", "operations", "--explain"]);
    assert!(
        explained.stdout.contains("to before 2026-06-28T12:00:00Z"),
        "{explained}"
    );
    let coverage = context.json(&["report", "coverage", "--format", "json"]);
    // From 11 o'clock on New Year's Day to noon of 28 June.
    assert_eq!(coverage[0]["hours"], 178 * 24 + 1, "{coverage:?}");
    let hours = context.run(&["report", "unused-keys", "--days", "90"]);
    assert!(
        hours
            .stderr
            .contains(" of 2158 hours are not fully covered by logs (worst: "),
        "{hours}"
    );
}

#[test]
fn logs_that_end_long_before_now_are_told_by_every_report() {
    let context = silent();
    for words in [
        &["report", "operations"][..],
        &["report", "tls", "--format", "csv"],
        &["report", "coverage", "--since", "30d"],
        &["report", "unused-keys", "--until", "2126-01-01"],
        &["report", "who-used", "--key", KEY, "--since", "30d"],
    ] {
        let report = context.run(words);
        let note = report.stderr.lines();
        let note = note.filter_map(|line| line.strip_prefix("note[logs-end]: the logs ended "));
        let note: Vec<&str> = note.collect();
        assert_eq!(note.len(), 1, "{report}");
        assert!(
            note[0].ends_with(" days ago, at 2026-06-28T12:00:00Z"),
            "{report}"
        );
    }
    let earlier = context.run(&["report", "operations", "--until", "2026-05-01"]);
    assert!(!earlier.stderr.contains("logs-end"), "{earlier}");
}

#[test]
fn a_trail_that_left_kms_out_is_told_though_no_event_came_since() {
    let context = silent();
    let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
    let list = json!({"trailList": [{
        "Name": "main", "S3BucketName": "b", "IsMultiRegionTrail": true, "HomeRegion": "us-east-1", "TrailARN": trail,
        "LogFileValidationEnabled": false, "IsOrganizationTrail": false,
    }]});
    let selectors = json!({"TrailARN": trail, "EventSelectors": [{
        "ReadWriteType": "All", "IncludeManagementEvents": true,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
    }]});
    for (name, text) in [("list.json", list), ("selectors.json", selectors)] {
        std::fs::write(context.path().join(name), text.to_string()).expect("a file");
    }
    let words = [
        "trails",
        "import",
        "list.json",
        "selectors.json",
        "--taken-at",
    ];
    let imported = context.run(&[&words[..], &["2026-06-26T12:00:00Z"]].concat());
    assert_eq!(imported.code, 0, "{imported}");
    let unused = context.run(&["report", "unused-keys", "--days", "90"]);
    let told = format!("note[trail]: 1 trail excluded KMS for 2 d 0 h ({trail})\n");
    assert!(unused.stderr.contains(&told), "{unused}");
}

#[test]
fn a_delivery_of_the_future_moves_no_window() {
    let context = Context::new();
    deliver(&context, "20260101T1010Z", &[kms("2026-01-01T10:00:00Z")]);
    deliver(&context, "21260101T1010Z", &[kms("2026-01-01T10:01:00Z")]);
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let report = context.run(&["report", "operations"]);
    assert!(
        report.stdout.contains("to before 2026-01-01T10:10:00Z"),
        "{report}"
    );
    let told =
        "warning: 1 log object is dated later than it was read; the end of the logs ignores it\n";
    assert!(report.stderr.contains(told), "{report}");
    let status = context.run(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.raw.stdout).expect("an object");
    let window = "deliveries from 2026-01-01T10:00:00Z to 2026-01-01T10:10:00Z";
    let logs = status["logs"].as_array().expect("lines");
    assert!(logs.iter().any(|line| line["told"] == window), "{logs:?}");
}

/// A flat copy: nothing but its events tells when it is of.
#[test]
fn without_times_in_names_the_events_say_where_the_logs_end() {
    let context = Context::new();
    let start = event(
        "cloudtrail.amazonaws.com",
        "StartLogging",
        "2026-03-01T00:00:00Z",
    );
    let log = json!({"Records": [kms("2026-01-01T10:00:00Z"), start]}).to_string();
    std::fs::write(context.path().join("copy.json"), log).expect("a file");
    assert_eq!(context.run(&["ingest", "copy.json"]).code, 0);
    let report = context.run(&["report", "operations"]);
    assert!(
        report.stdout.contains("to before 2026-03-01T00:00:01Z"),
        "{report}"
    );
}

#[test]
fn an_access_key_that_did_nothing_is_an_answer() {
    let context = silent();
    let words = ["report", "principal-activity", "--format", "csv", "--param"];
    let nothing = context.run(&[&words[..], &["principal=AKIAIOSFODNN7EXAMPLE"]].concat());
    assert_eq!(nothing.code, 0, "{nothing}");
    let told = "note[no-activity]: no KMS event from 2026-01-01T10:00:00Z to 2026-06-28T12:00:00Z is from \
                `AKIAIOSFODNN7EXAMPLE`";
    assert!(nothing.stderr.contains(told), "{nothing}");
    let slip = context.run(&[&words[..], &["principal=s3.amazonaws.co"]].concat());
    assert_eq!(slip.code, 2, "{slip}");
}

/// Events that were deleted are told by the horizon, not by the alias that is kept.
#[test]
fn what_retain_deleted_is_told() {
    let context = Context::new();
    let mut alias = kms("2025-01-01T10:00:00Z");
    alias["eventName"] = "CreateAlias".into();
    alias["readOnly"] = false.into();
    deliver(
        &context,
        "20250101T1010Z",
        &[alias, kms("2025-01-01T10:01:00Z")],
    );
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let who = ["report", "who-used", "--key", KEY, "--format", "csv"];
    let before = context.run(&who);
    assert!(!before.stderr.contains("note[deleted]"), "{before}");
    let retain = ["retain", "--events", "1d"];
    assert_eq!(context.run(&retain).code, 0);
    for since in [&[][..], &["--since", "2025-01-01T10:00:30Z"]] {
        let after = context.run(&[&who[..], since].concat());
        let told = "T00:00:00Z are deleted; daily counts still show 1 use by 1 caller, last at 2025-01-01T10:01:00Z; \
                    see keytrail report operations\n";
        assert!(after.stderr.contains(told), "{after}");
        assert!(
            !after.stderr.contains("the window begins before"),
            "{after}"
        );
    }
    let held = Context::new();
    deliver(&held, "20250101T1010Z", &[kms("2025-01-01T10:01:00Z")]);
    assert_eq!(held.run(&["ingest", "in"]).code, 0);
    let hold = held.run(&[&retain[..], &["--hold", KEY]].concat());
    assert_eq!(hold.code, 0, "{hold}");
    let told = held.run(&who);
    assert!(!told.stderr.contains("note[deleted]"), "{told}");
    assert_eq!(told.stdout.lines().count(), 2, "{told}");
}

/// As saved look-ups and renamed copies are: their names say nothing of when they were delivered.
#[test]
fn without_times_in_names_the_events_of_other_services_count_too() {
    let context = Context::new();
    let folder = context.path().join("in");
    std::fs::create_dir_all(&folder).expect("a folder");
    let calls = [
        kms("2026-01-01T10:00:00Z"),
        event("s3.amazonaws.com", "GetBucketAcl", "2026-03-01T10:00:00Z"),
        event("ec2.amazonaws.com", "RunInstances", "2026-06-28T12:00:00Z"),
    ];
    let alone = |name: &str, events: &[Value]| {
        std::fs::write(folder.join(name), json!({"Records": events}).to_string()).expect("a file");
    };
    alone("a.json", &calls[..1]);
    alone("b.json", &calls[1..]);
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let words = ["report", "unused-keys", "--days", "90", "--format", "json"];
    let unused = context.json(&words);
    assert_eq!(unused.len(), 1, "{unused:?}");
    let report = context.run(&["report", "operations"]);
    let end = "to before 2026-06-28T12:00:00Z";
    assert!(report.stdout.contains(end), "{report}");
}

/// CloudTrail may deliver for 30 days what it could not deliver before.
#[test]
fn an_old_event_in_a_new_log_does_not_begin_the_logs() {
    let context = Context::new();
    for day in 10..=12 {
        let mut events = vec![kms(&format!("2026-05-{day}T10:00:00Z"))];
        if day == 10 {
            events.push(kms("2026-04-20T10:00:00Z"));
        }
        deliver(&context, &format!("202605{day}T1005Z"), &events);
    }
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let unused = context.run(&["report", "unused-keys", "--days", "20"]);
    for told in [
        "the logs begin at 2026-05-10T09:05:00Z, after the window does",
        "--days 2",
        "warning: the window begins before the logs, at 2026-05-10T09:05:00Z; earlier events are unknown",
    ] {
        let all = format!("{}{}", unused.stdout, unused.stderr);
        assert!(all.contains(told), "{told}: {unused}");
    }
}

#[test]
fn an_event_of_the_future_moves_no_window() {
    let context = Context::new();
    deliver(&context, "20260101T1010Z", &[kms("2026-01-01T10:00:00Z")]);
    deliver(&context, "20260301T1010Z", &[kms("2126-01-01T10:00:00Z")]);
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let report = context.run(&["report", "operations", "--since", "30d"]);
    assert!(
        report.stdout.contains("to before 2026-03-01T10:10:00Z"),
        "{report}"
    );
    assert!(report.stderr.contains("2126-01-01T10:00:00Z"), "{report}");
}

/// What was typed is kept by the month after the days of it were deleted; which key it was of is not known for sure.
#[test]
fn deleted_counts_make_no_used_key_unused() {
    let context = Context::new();
    let today = chrono::Utc::now();
    let at = |days: i64| {
        (today - chrono::TimeDelta::days(days))
            .format("%Y-%m-%dT10:00:00Z")
            .to_string()
    };
    let delivered = |days: i64| {
        (today - chrono::TimeDelta::days(days))
            .format("%Y%m%dT1005Z")
            .to_string()
    };
    let described = |days: i64| {
        let mut call = kms(&at(days));
        call["eventName"] = json!("DescribeKey");
        call["eventID"] = json!(format!("described-{days}"));
        call
    };
    let mut by_id = kms(&at(12));
    by_id["resources"] = json!(null);
    by_id["requestParameters"] = json!({"keyId": KEY.rsplit('/').next()});
    deliver(&context, &delivered(12), &[by_id, described(12)]);
    deliver(&context, &delivered(1), &[described(1)]);
    assert_eq!(context.run(&["ingest", "in"]).code, 0);
    let unused = |days: &str| {
        let words = ["report", "unused-keys", "--days", days, "--format", "json"];
        context.json(&words).len()
    };
    assert_eq!(unused("14"), 0);
    let retained = context.run(&["retain", "--events", "5d", "--usage", "5d"]);
    assert_eq!(retained.code, 0, "{retained}");
    let month = context.rows("select key from usage_monthly where event_name = 'Decrypt'");
    // The counts of a month go when all of it is beyond the horizon.
    assert_eq!(unused("14"), usize::from(month.is_empty()));
    for words in [
        &["report", "unused-keys", "--days", "14"][..],
        &["report", "top-callers", "--since", "14d"],
        &["report", "operations", "--since", "14d"],
        &["report", "cross-account", "--since", "14d"],
    ] {
        let report = context.run(words);
        let told = "T00:00:00Z are deleted; earlier uses are unknown\n";
        assert!(report.stderr.contains(told), "{report}");
        let later = [&words[..2], &["--since", "2d"]].concat();
        let report = context.run(&later);
        assert!(
            words[1] == "unused-keys" || !report.stderr.contains(told),
            "{report}"
        );
    }
}
