//! Public keys: from a file, and from CloudTrail, which here is a server of a few lines.

use serde_json::Value;

use super::bench::{Bench, options};
use crate::context::Context;
use crate::organization::{Organization, Plan};
use crate::servers::{OWNER, Stub, Told, credentials};

/// CloudTrail, as far as ListPublicKeys goes: it answers with what it was given for the region that a request
/// is signed for.
fn cloudtrail(answer: impl Fn(&str) -> Told + Send + 'static) -> Stub {
    Stub::start(move |call| {
        let is_period = call.body["StartTime"].as_f64() < call.body["EndTime"].as_f64();
        assert!(call.operation == "ListPublicKeys" && is_period, "{call:?}");
        answer(&call.region)
    })
}

/// The regions asked for, in order, since they were last taken.
fn asked(cloudtrail: &Stub) -> Vec<String> {
    let calls = cloudtrail.take_calls().into_iter();
    calls.map(|call| call.region).collect()
}

/// The printed list as the service itself answers: times are numbers.
fn answer(trail: &Organization) -> String {
    let text = std::fs::read(&trail.public_keys).expect("the keys");
    let mut list: Value = serde_json::from_slice(&text).expect("JSON");
    let key = &mut list["PublicKeyList"][0];
    key["ValidityStartTime"] = 1_767_225_600.into();
    key["ValidityEndTime"] = 1_798_761_600.into();
    list.to_string()
}

#[test]
fn cloudtrail_is_asked_in_the_region_of_the_digests() {
    let context = Context::new();
    let mut plan = Plan::new(1, 2, 1);
    plan.hours = 3;
    let trail = plan.write(&context.path().join("copy"));
    context.run(&["ingest", "copy/AWSLogs"]);
    let list = answer(&trail);
    let cloudtrail = cloudtrail(move |_region| (200, list.clone()));
    let run = |words: &[&str]| {
        let mut command = context.command(words);
        command
            .envs(credentials(OWNER))
            .env("AWS_ENDPOINT_URL_CLOUDTRAIL", &cloudtrail.url)
            .output()
            .expect("it runs")
    };
    let output = run(&["verify", "--json"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        told["digests"],
        serde_json::json!({"chain_start": 2, "valid": 6})
    );
    assert_eq!(asked(&cloudtrail), ["eu-west-1", "us-east-1"]);
    // What is proven needs no key.
    let again = run(&["verify"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(asked(&cloudtrail), Vec::<String>::new());
}

/// Where a region's digests are signed with a key that only the trail's home lists.
#[test]
fn the_home_region_is_asked_for_what_the_region_does_not_list() {
    let context = Context::new();
    let mut plan = Plan::new(1, 2, 1);
    plan.hours = 3;
    let trail = plan.write(&context.path().join("copy"));
    context.run(&[
        "ingest",
        &format!(
            "copy/AWSLogs/{}/{}/CloudTrail-Digest/eu-west-1",
            plan.organization, plan.accounts[0]
        ),
    ]);
    let list = answer(&trail);
    let cloudtrail = cloudtrail(move |region| match region {
        "us-east-1" => (200, list.clone()),
        _ => (200, r#"{"PublicKeyList":[]}"#.to_owned()),
    });
    let mut command = context.command(&["verify", "--endpoint-url", &cloudtrail.url, "--json"]);
    let output = command.envs(credentials(OWNER)).output().expect("it runs");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        told["digests"],
        serde_json::json!({"chain_start": 1, "valid": 3})
    );
    assert_eq!(asked(&cloudtrail), ["eu-west-1", "us-east-1"]);
}

#[test]
fn a_refusal_says_what_must_be_allowed() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 2;
    plan.write(&context.path().join("copy"));
    context.run(&["ingest", "copy/AWSLogs"]);
    let cloudtrail = cloudtrail(|_region| {
        (400, r#"{"__type":"AccessDeniedException","message":"not authorized to perform: cloudtrail:ListPublicKeys"}"#.to_owned())
    });
    let mut command = context.command(&["verify", "--endpoint-url", &cloudtrail.url]);
    let output = command.envs(credentials(OWNER)).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("the public keys of `us-east-1` cannot be listed"),
        "{stderr}"
    );
    assert!(
        stderr.contains("not authorized to perform: cloudtrail:ListPublicKeys"),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: `cloudtrail:ListPublicKeys` must be allowed"),
        "{stderr}"
    );
}

/// A job that lost its credentials.
#[test]
fn without_credentials_it_says_so_in_short() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 2;
    plan.write(&context.path().join("copy"));
    context.run(&["ingest", "copy/AWSLogs"]);
    let mut command = context.command(&["verify"]);
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "us-east-1");
    let output = command.output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    assert!(
        lines[0].len() < 160 && lines[0].contains("credentials"),
        "{stderr}"
    );
    assert!(lines[2].starts_with("hint: "), "{stderr}");
}

#[test]
fn keys_of_somebody_else_prove_nothing() {
    let bench = Bench::new(&Plan::new(1, 1, 1));
    bench.ingest();
    let mut keys = keytrail::integrity::PublicKeys::default();
    let list = r#"{"PublicKeyList":[{"Value":"Zm9v","Fingerprint":"00"}]}"#;
    keys.add_file("keys", list.as_bytes()).expect("a list");
    let keys = keytrail::integrity::KeySource::Given(keys);
    let verified = bench.verify_from(&keytrail::source::Files, &keys, &options());
    assert!(
        verified
            .wrong
            .iter()
            .all(|finding| finding.status == "unknown_key")
    );
    assert_eq!(verified.wrong.len(), 25);
    // With the right ones all is well again.
    assert_eq!(bench.verify().wrong, []);
}
