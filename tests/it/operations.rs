//! Operations of KMS from log to answer: those of 2026-10, and those that nobody knows yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::context::Context;

const KEYS: [&str; 3] = [
    "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111",
    "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222",
    "arn:aws:kms:eu-west-1:111122223333:key/33333333-3333-3333-3333-333333333333",
];

/// A call on a key as CloudTrail records it.
fn call(number: usize, day: u32, name: &str, key: usize) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": format!("2026-11-{day:02}T08:00:00Z"),
        "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
        "eventID": format!("00000000-0000-0000-0000-{number:012}"), "eventType": "AwsApiCall", "readOnly": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/app", "accountId": "111122223333"},
        "requestParameters": {"keyId": KEYS[key], "encapsulationAlgorithm": "ML_KEM_768"},
        "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEYS[key]}],
    })
}

/// The first key decapsulates each day of the month, the second was called by an unknown operation, the third is idle.
fn store() -> Context {
    let context = Context::new();
    let mut records: Vec<Value> = (1..=30)
        .map(|day| call(day as usize, day, "Decapsulate", 0))
        .collect();
    records.extend((1..=3).map(|day| call(100 + day as usize, day + 20, "FutureCrypt", 1)));
    records.push(call(201, 1, "CreateKey", 1));
    records.push(call(202, 1, "CreateKey", 2));
    records.push(call(203, 2, "GetKeyLastUsage", 2));
    fs::write(
        context.path().join("log.json"),
        json!({"Records": records}).to_string(),
    )
    .expect("a log");
    let ingest = context.run(&["ingest", "log.json"]);
    assert_eq!(ingest.code, 0, "{ingest}");
    context
}

#[test]
fn a_key_that_decapsulates_is_used() {
    let context = store();
    let since = ["--since", "2026-11-10", "--format", "json"];
    let unused = context.json(&[&["report", "unused-keys"][..], &since].concat());
    let told: Vec<_> = unused.iter().map(|row| row["key_arn"].as_str()).collect();
    assert_eq!(told, [Some(KEYS[2])]);
    let said = context.run(&["report", "unused-keys", "--since", "2026-11-10"]);
    let left_out = format!(
        "left out, may have been used by operations that this version of keytrail does not know: 1 ({} by FutureCrypt)",
        KEYS[1]
    );
    assert!(said.stdout.contains(&left_out), "{said}");
    let used = context.json(&["report", "who-used", "--key", KEYS[0], "--format", "json"]);
    let told: Vec<_> = used
        .iter()
        .map(|row| (&row["kind"], &row["operations"], &row["successes"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("use"), &json!("Decapsulate 30"), &json!(30))]
    );
}

#[test]
fn status_shows_what_no_list_knows() {
    let context = store();
    let status = context.run(&["status"]);
    let (_, told) = status
        .stdout
        .split_once("\nunknown operations")
        .expect("a section");
    let line = told.lines().nth(1).expect("a line");
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["FutureCrypt", "3"]
    );
    let status = context.run(&["status", "--json"]).raw.stdout;
    let status: Value = serde_json::from_slice(&status).expect("JSON");
    assert_eq!(
        status["unknown_operations"],
        json!([{"what": "FutureCrypt", "count": 3}])
    );
    // The sample logs have none.
    let known = Context::with_samples().run(&["status"]);
    assert!(!known.stdout.contains("unknown operations"), "{known}");
}

/// The names that are kept here are those of the SDK that they say; where this machine has the sources of another one,
/// keytrail knows its operations too.
#[test]
fn operations_of_the_sdk_are_known() {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    let list = include_str!("../../data/kms-operations.csv");
    let known: BTreeSet<&str> = lines(list)
        .filter_map(|line| line.split(',').next())
        .collect();
    let kept = include_str!("../data/aws-sdk-kms-operations.txt");
    let package = kept.lines().next().and_then(|line| line.strip_prefix("# "));
    let package = package.expect("name and version").replace(' ', "-");
    let kept: BTreeSet<&str> = lines(kept).collect();
    for sources in sources() {
        let found = operations(&sources.join("src/operation"));
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        let unknown: Vec<_> = found.difference(&known).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", sources.display());
        if sources.ends_with(&package) {
            assert_eq!(kept, found, "{package}");
        }
    }
}

/// The folders of aws-sdk-kms in cargo's registry, if there are any.
fn sources() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let registries = registries.into_iter().flatten().flatten();
    registries
        .filter_map(|registry| fs::read_dir(registry.path()).ok())
        .flatten()
        .flatten()
        .map(|package| package.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("aws-sdk-kms-"))
        })
        .collect()
}

/// The names by which the SDK's operations are sent.
fn operations(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the SDK's operations");
    let files = files.map(|file| file.expect("it can be listed").path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source");
            let (_, after) = text
                .split_once("orchestrator::Metadata::new(")
                .expect("a name");
            let name = after.split('"').nth(1).expect("a name");
            name.to_owned()
        })
        .collect()
}
