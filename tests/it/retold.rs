//! One event id with several contents: packings of one call, which count once, and different calls, which all count.

use std::fs;

use serde_json::{Value, json};

use crate::context::Context;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/9b16f809-fdb1-4f54-8799-7b6bdb3d1150";
const OTHER_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/445fad2a-92d3-443a-bcf2-49f3d4e441c3";
const NOTE: &str = "note[id-conflicts]: ";

/// A call as CloudTrail delivers it.
fn call() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAAPP:s1", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/s1",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app", "userName": "app"},
                "attributes": {"creationDate": "2026-03-01T00:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": "2026-03-01T10:00:00Z", "eventSource": "kms.amazonaws.com", "eventName": "Decrypt",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-sdk/1.0",
        "requestParameters": {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::b/o"}},
        "responseElements": null, "requestID": "r-1", "eventID": "795b929e-9a9a-40fd-aa7b-5bf55eb561a4",
        "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management",
        "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY}],
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    })
}

/// The call with members set; null takes one away.
fn changed(changes: &Value) -> Value {
    let mut event = call();
    for (pointer, value) in changes.as_object().expect("an object") {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = event.pointer_mut(parent).expect("a place").as_object_mut();
        let parent = parent.expect("an object");
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), value.clone());
        }
    }
    event
}

/// Puts CloudTrail's own log with the call, and another object with what a pipeline made of it.
fn put(context: &Context, event: &Value) {
    let folder = "own/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/01";
    let name = "111122223333_CloudTrail_us-east-1_20260301T1010Z_AAAAAAAAAAAAAAAA.json";
    fs::create_dir_all(context.path().join(folder)).expect("a folder");
    fs::create_dir_all(context.path().join("made")).expect("a folder");
    let own = json!({"Records": [call()]}).to_string();
    fs::write(context.path().join(folder).join(name), own).expect("a log");
    fs::write(context.path().join("made/e.json"), event.to_string()).expect("an object");
}

/// Runs that read both objects, in each order and in one.
const RUNS: [&[&[&str]]; 3] = [
    &[&["ingest", "own"], &["ingest", "made"]],
    &[&["ingest", "made"], &["ingest", "own"]],
    &[&["ingest", "own", "made"]],
];

/// What each report counts, and the notes of all.
fn counted(context: &Context) -> (Vec<i64>, String) {
    let mut notes = String::new();
    let mut counts = Vec::new();
    for (words, column) in [
        (&["report", "who-used", "--key", KEY][..], "successes"),
        (&["report", "operations"], "successes"),
        (&["report", "top-callers"], "uses"),
        (
            &["report", "top-callers", "--since", "2026-03-01T09:00:00Z"],
            "uses",
        ),
    ] {
        let words = [words, &["--format", "json"]].concat();
        let said = context.run(&words);
        assert_eq!(said.code, 0, "{said}");
        let rows: Vec<Value> = serde_json::from_slice(&said.raw.stdout).expect("rows");
        counts.push(
            rows.iter()
                .map(|row| row[column].as_i64().expect("a count"))
                .sum(),
        );
        notes.push_str(&said.stderr);
    }
    let uses = "select count(*) as n from key_uses where kind = 'use'";
    counts.push(context.rows(uses)[0]["n"].as_i64().expect("a count"));
    let protected = "select coalesce(sum(count), 0) as n from resources_by_key";
    counts.push(context.rows(protected)[0]["n"].as_i64().expect("a count"));
    (counts, notes)
}

#[test]
fn a_call_in_another_packing_is_one_call() {
    let mut strings = call();
    strings["readOnly"] = json!("true");
    strings["managementEvent"] = json!("true");
    let mut made = vec![
        // Nulls dropped, and whole members; members added, at the top and within; nulls added.
        changed(&json!({"/responseElements": null})),
        strings,
        changed(&json!({"/@timestamp": "2026-03-01T10:10:00Z", "/p_any_ips": ["192.0.2.7"]})),
        changed(&json!({"/tlsDetails": null, "/userAgent": null})),
        changed(&json!({"/userIdentity/tags": {"team": "x"}, "/readOnly": 1})),
        changed(&json!({"/requestParameters/keySpec": "x", "/additionalEventData": {}})),
    ];
    let mut nulls = call();
    nulls["errorCode"] = Value::Null;
    nulls["errorMessage"] = Value::Null;
    made.push(nulls);
    for (number, event) in made.iter().enumerate() {
        let context = Context::new();
        put(&context, event);
        // All orders for the first, one for each other.
        for (order, runs) in RUNS
            .iter()
            .enumerate()
            .filter(|(order, _)| number == 0 || order == &(number % 3))
        {
            let _absent = fs::remove_dir_all(context.store());
            for run in *runs {
                let said = context.run(run);
                assert_eq!(said.code, 0, "{said}");
            }
            let told = format!("{event} in order {order}");
            if number == 0 {
                let (counts, notes) = counted(&context);
                assert_eq!(counts, [1; 6], "{told}");
                assert!(!notes.contains(NOTE), "{told}: {notes}");
            }
            // Both are evidence, and what CloudTrail itself delivered is told.
            let rows = context.rows(
                "select (select count(*) from kms_events) as held, (select count(*) from id_conflicts) as conflicts,
                   (select user_agent from key_uses) as agent, (select tls_version from key_uses) as tls",
            );
            let expected =
                json!([{"held": 2, "conflicts": 1, "agent": "aws-sdk/1.0", "tls": "TLSv1.3"}]);
            assert_eq!(json!(rows), expected, "{told}");
        }
    }
}

/// Read again, merged, read again: nothing is counted anew.
#[test]
fn a_call_in_three_packings_stays_one_call() {
    let context = Context::new();
    put(&context, &changed(&json!({"/responseElements": null})));
    let third = changed(&json!({"/@version": "1"}));
    fs::write(context.path().join("made/f.json"), third.to_string()).expect("an object");
    for words in [
        &["ingest", "made"][..],
        &["ingest", "own"],
        &["compact"],
        &["ingest", "made", "own"],
    ] {
        let said = context.run(words);
        assert_eq!(said.code, 0, "{said}");
        let uses = "select count(*) as n from key_uses";
        assert_eq!(context.rows(uses)[0]["n"], json!(1), "{said}");
    }
    assert_eq!(counted(&context).0, [1; 6]);
    assert_eq!(
        context.rows("select contents from id_conflicts")[0]["contents"],
        json!(3)
    );
}

/// Whatever decides an answer differs: a forged record hides no real one.
#[test]
fn different_calls_under_one_id_all_count_and_a_note_says_so() {
    for (number, change) in [
        json!({"/resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": OTHER_KEY}]}),
        json!({"/userIdentity/sessionContext/sessionIssuer/arn": "arn:aws:iam::111122223333:role/other"}),
        json!({"/eventName": "Encrypt"}),
        json!({"/errorCode": "AccessDenied"}),
        json!({"/eventTime": "2026-03-01T10:00:01Z"}),
        json!({"/requestParameters/encryptionContext/aws:s3:arn": "arn:aws:s3:::c/o"}),
        json!({"/requestParameters/keyId": "alias/x"}),
        json!({"/awsRegion": "eu-west-1"}),
        json!({"/userIdentity/invokedBy": "s3.amazonaws.com"}),
        json!({"/requestParameters/dryRun": true}),
    ]
    .iter()
    .map(changed)
    .enumerate()
    {
        let context = Context::new();
        put(&context, &change);
        for run in RUNS[number % 3] {
            let said = context.run(run);
            assert_eq!(said.code, 0, "{said}");
        }
        let rows = context.rows("select count(*) as n from key_uses");
        assert_eq!(rows[0]["n"], json!(2), "{change}");
        for words in [&["report", "top-callers"][..], &["report", "who-used", "--key", KEY]] {
            let said = context.run(words);
            assert!(said.stderr.contains(NOTE) || said.stdout.contains(NOTE), "{change}\n{said}");
        }
    }
}
