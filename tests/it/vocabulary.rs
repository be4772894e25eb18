//! Columns of closed vocabularies have declared values only, over the sample logs and over logs with everything odd
//! that the program has a word for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use keytrail::schema::{TABLES, VIEW_VOCABULARIES};
use serde_json::{Value, json};

use crate::context::Context;
use crate::decoded::{gzip, records};
use crate::organization::{Fault, Plan, Span, Spot};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/8b402961-4718-43ca-8f94-e4fd57328e34";
const OTHER: &str = "arn:aws:kms:us-east-1:111122223333:key/0ca8413e-4718-43ca-8f94-e4fd57328e34";

/// Declared values that nothing here writes: table and column, and the values.
const NAMED: &[&str] = &["id", "alias", "alias_unproven", "shared"];
const NOT_WRITTEN: &[(&str, &str, &[&str])] = &[
    // The odd logs do not say what their names mean; the tests of views and of settling do.
    ("key_uses", "resolution", NAMED),
    ("uses_daily", "resolution", NAMED),
    // Only a bucket has archived objects, and only Ctrl-C or a failing roll-up ends a run so.
    ("log_file_events", "state", &["archived"]),
    ("runs", "outcome", &["behind", "interrupted"]),
    // AWS says so while a region is switched.
    ("account_regions", "opt_status", &["ENABLING", "DISABLING"]),
    // No rule of an audit is there yet.
    (
        "finding_events",
        "severity",
        &["critical", "high", "medium", "low", "info"],
    ),
    (
        "finding_events",
        "state",
        &["open", "suppressed", "resolved"],
    ),
];

#[test]
fn the_sample_logs_have_declared_values_only() {
    let context = Context::with_samples();
    let found = stored(&context);
    assert_eq!(strangers(&found), "");
    let outcomes = &found[&("kms_events", "outcome")];
    assert!(outcomes.contains("success") && outcomes.contains("denied"));
    assert_eq!(strangers_of_views(&context), "");
}

/// Also, each declared value is written, but for those that are known not to be.
#[test]
fn odd_logs_have_declared_values_only() {
    let context = Context::new();
    write_odd_logs(&context);
    let found = stored(&context);
    assert_eq!(strangers(&found), "");
    let mut missing = Vec::new();
    for ((table, column), values) in declared() {
        let is_known = |value: &&&str| {
            NOT_WRITTEN
                .iter()
                .any(|(of, at, known)| (*of, *at) == (table, column) && known.contains(value))
        };
        let written = &found[&(table, column)];
        let lacking = values.iter().filter(|value| !written.contains(**value));
        for value in lacking.filter(|value| !is_known(value)) {
            missing.push(format!("{table}.{column}: {value}"));
        }
    }
    assert!(missing.is_empty(), "never written: {missing:#?}");
    assert_eq!(strangers_of_views(&context), "");
}

type Found = BTreeMap<(&'static str, &'static str), BTreeSet<String>>;

/// The closed columns of the tables.
fn declared() -> Vec<((&'static str, &'static str), &'static [&'static str])> {
    let columns = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| (table.name, column)));
    let closed = columns.filter(|(_, column)| !column.values.is_empty());
    closed
        .map(|(table, column)| ((table, column.name), column.values))
        .collect()
}

/// The values that the tables have.
fn stored(context: &Context) -> Found {
    let mut found: Found = declared()
        .into_iter()
        .map(|(column, _)| (column, BTreeSet::new()))
        .collect();
    let parts = found.keys().map(|(table, column)| {
        format!(
            "SELECT '{table}' AS \"table\", '{column}' AS \"column\", {column} AS value FROM {table} \
             WHERE {column} IS NOT NULL GROUP BY {column}"
        )
    });
    let statement = parts.collect::<Vec<_>>().join(" UNION ALL ");
    for row in context.rows(&statement) {
        let text = |name: &str| row[name].as_str().expect("text").to_owned();
        let (table, column) = (text("table"), text("column"));
        let values = found
            .iter_mut()
            .find(|((of, at), _)| (*of, *at) == (table.as_str(), column.as_str()));
        values.expect("a closed column").1.insert(text("value"));
    }
    found
}

/// Values that are not declared.
fn strangers(found: &Found) -> String {
    let mut strangers = String::new();
    for (column, values) in declared() {
        let found = found[&column].iter();
        for value in found.filter(|value| !values.contains(&value.as_str())) {
            let _infallible = writeln!(strangers, "{column:?}: {value}");
        }
    }
    strangers
}

/// The same of the views that the documentation of a vocabulary names.
fn strangers_of_views(context: &Context) -> String {
    let mut strangers = String::new();
    let mut views = 0;
    for vocabulary in VIEW_VOCABULARIES {
        // Reports take parameters, and a macro is no relation.
        if vocabulary.doc.contains("(report") || vocabulary.doc.contains("(macro") {
            continue;
        }
        let mut known: BTreeSet<&str> = vocabulary.values.iter().copied().collect();
        if vocabulary.doc.contains("besides the states of the ledger") {
            let states = declared();
            let states = states
                .iter()
                .find(|(column, _)| *column == ("log_file_events", "state"));
            known.extend(states.expect("a closed column").1);
        }
        let column = vocabulary.column;
        // Every second piece is between backticks.
        for view in vocabulary.doc.split('`').skip(1).step_by(2) {
            views += 1;
            let rows = context.rows(&format!("SELECT DISTINCT {column} AS value FROM {view}"));
            let values = rows.iter().filter_map(|row| row["value"].as_str());
            for value in values.filter(|value| !known.contains(value)) {
                let _infallible = writeln!(strangers, "{view}.{column}: {value}");
            }
        }
    }
    assert!(views > 10, "{views} views are named");
    strangers
}

/// Ingests, verifies and forgets everything that there is a word for.
fn write_odd_logs(context: &Context) {
    let write = |name: &str, bytes: &[u8]| {
        let path = context.path().join("odd").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    let mut number = 0;
    let mut event = |name: &str, members: Value| {
        number += 1;
        event(number, name, &members)
    };
    write("calls.json", records(&odd_calls(&mut event)).as_bytes());
    for (shape, text) in packings(&mut event) {
        write(&format!("{shape}.json"), text.as_bytes());
    }
    let log = records(&[event("Decrypt", json!({})), event("Decrypt", json!({}))]);
    let day = format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/03/01");
    let torn = |name: &str, length: usize| {
        let name = format!("{day}/{ACCOUNT}_CloudTrail_us-east-1_20260301T1205Z_{name}.json.gz");
        write(&name, &gzip(&log.as_bytes()[..length]));
    };
    torn("DAMAGEDDAMAGEDDA", log.len() - 30);
    torn("REJECTEDREJECTED", 30);
    for (kind, category) in [
        ("insight", "Insight"),
        ("aggregated", "Aggregated"),
        ("network", "NetworkActivity"),
    ] {
        let text = event("Decrypt", json!({"eventCategory": category}));
        write(&format!("{kind}.json"), records(&[text]).as_bytes());
    }
    write("empty.json", b"{\"Records\":[]}");
    write("accounts.json", b"{\"id\":1,\"name\":\"a\"}");
    let nowhere = context.path().join("odd/nowhere.json");
    std::os::unix::fs::symlink("/nothing/is/here", nowhere).expect("a link");

    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 14;
    let (account, region) = (plan.accounts[0], plan.regions[0]);
    let spot = |hour| Spot {
        account,
        region,
        hour,
    };
    let faults = [
        Fault::TamperedLog(spot(2)),
        Fault::DroppedLog(spot(4)),
        Fault::Forged(spot(6)),
        Fault::DroppedDigest(spot(8)),
        Fault::UnknownKey(spot(10)),
        Fault::BadSignature(spot(12)),
        Fault::Gap(Span {
            account,
            region,
            from: 5,
            until: 6,
        }),
    ];
    plan.with(faults).write(&context.path().join("copy"));

    let regions = ["ENABLED", "ENABLED_BY_DEFAULT", "DISABLED"]
        .map(|status| json!({"RegionName": status.to_lowercase(), "RegionOptStatus": status}));
    let regions = json!({ "Regions": regions });
    fs::write(context.path().join("regions.json"), regions.to_string()).expect("a file");
    let import = context.run(&["trails", "import", "regions.json", "--account", ACCOUNT]);
    assert_eq!(import.code, 0, "{import}");

    for words in [
        &["ingest", "odd", "copy/AWSLogs"][..],
        &["ingest", "sample-logs/AWSLogs/o-examplorg1/777788889999"],
        &["verify", "--public-keys", "copy/public-keys.json"],
        &["forget", "odd/nowhere.json"],
    ] {
        let done = context.run(words);
        assert!(!done.stderr.contains("error:"), "{done}");
    }
}

/// An event of KMS; members of an object replace those of an ordinary one, and null takes one away.
fn event(number: u32, name: &str, members: &Value) -> String {
    let mut event = json!({
        "eventVersion": "1.11", "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "eventTime": format!("2026-03-01T12:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventID": format!("odd-{number}"), "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/Alice"), "accountId": ACCOUNT},
        "resources": [{"ARN": KEY, "accountId": ACCOUNT, "type": "AWS::KMS::Key"}],
    });
    for (name, value) in members.as_object().expect("members") {
        event[name] = value.clone();
    }
    let members = event.as_object_mut().expect("an object");
    members.retain(|_, value| !value.is_null());
    event.to_string()
}

/// A call for every outcome, every way to name a key, everything that is done with a resource.
fn odd_calls(event: &mut dyn FnMut(&str, Value) -> String) -> Vec<String> {
    let mut calls = Vec::new();
    for code in [
        "DryRunOperationException",
        "ThrottlingException",
        "DisabledException",
        "InvalidCiphertextException",
        "NotFoundException",
        "KMSInternalException",
        "NobodyKnowsThisException",
    ] {
        calls.push(event("Decrypt", json!({ "errorCode": code })));
    }
    for policy in [
        "no identity-based policy allows it",
        "no resource-based policy allows it",
        "of a service control policy",
        "of a resource control policy",
        "of a permissions boundary",
        "of a session policy",
        "of a VPC endpoint policy",
        "it may not",
    ] {
        let members = json!({"errorCode": "AccessDenied", "errorMessage": policy});
        calls.push(event("Decrypt", members));
    }
    for members in [
        json!({"resources": null, "responseElements": {"keyMetadata": {"arn": OTHER}}}),
        json!({"resources": null, "serviceEventDetails": {"keyId": OTHER}}),
        json!({"resources": null, "requestParameters": {"keyId": OTHER}}),
        json!({"resources": null, "errorCode": "AccessDenied", "errorMessage": format!("not authorized on {OTHER}")}),
        json!({"resources": null, "requestParameters": {"keyId": "alias/odd"}}),
        json!({"userAgent": "keytrail/1.0"}),
        json!({"recipientAccountId": "444455556666"}),
    ] {
        calls.push(event("Decrypt", members));
    }
    calls.push(event("GenerateRandom", json!({"resources": null})));
    let both = json!([{"ARN": KEY}, {"ARN": OTHER}]);
    calls.push(event("ReEncrypt", json!({ "resources": both })));
    let same = json!([{"ARN": KEY}, {"ARN": KEY}]);
    calls.push(event("ReEncrypt", json!({ "resources": same })));
    let of = |context: Value| json!({"requestParameters": {"encryptionContext": context}});
    let object = of(json!({"aws:s3:arn": "arn:aws:s3:::bucket/object"}));
    for name in [
        "GenerateDataKey",
        "Decrypt",
        "CreateGrant",
        "NobodyKnowsThis",
    ] {
        calls.push(event(name, object.clone()));
    }
    let mut delivery = of(json!({
        "aws:cloudtrail:arn": format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/t"),
        "aws:s3:arn": "arn:aws:s3:::bucket/log",
    }));
    delivery["userIdentity"] =
        json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"});
    calls.push(event("GenerateDataKey", delivery));
    for name in ["CreateAlias", "UpdateAlias", "Decrypt", "DeleteAlias"] {
        let typed = json!({"aliasName": "alias/odd", "targetKeyId": KEY, "keyId": "alias/odd"});
        calls.push(event(name, json!({ "requestParameters": typed })));
    }
    let endpoint = json!({
        "eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "vpcEndpointId": "vpce-0a",
    });
    calls.push(event("Decrypt", endpoint));
    calls
}

/// Events in every packing, by its name.
fn packings(event: &mut dyn FnMut(&str, Value) -> String) -> Vec<(&'static str, String)> {
    let mut one = || event("Decrypt", json!({}));
    let quoted = |text: &str| Value::from(text).to_string();
    let bridged = format!(
        r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.kms","detail":{}}}"#,
        one()
    );
    let sent = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"{ACCOUNT}","logGroup":"g","logStream":"s","logEvents":[{{"id":"1","timestamp":1772366400000,"message":{}}}]}}"#,
        quoted(&one())
    );
    vec![
        ("array", format!("[{}]", one())),
        ("event", one()),
        ("ndjson", format!("{}\n{}\n", one(), one())),
        (
            "strings",
            format!("[{},{}]", quoted(&one()), quoted(&one())),
        ),
        (
            "lookup_events",
            format!(r#"{{"Events":[{{"CloudTrailEvent":{}}}]}}"#, quoted(&one())),
        ),
        ("event_bridge", bridged),
        ("cloudwatch_logs", sent),
        (
            "cloudwatch_export",
            format!(
                "2026-03-01T12:00:00.000Z {}\n2026-03-01T12:00:01.000Z {}\n",
                one(),
                one()
            ),
        ),
    ]
}
