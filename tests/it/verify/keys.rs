//! Public keys: from a file, and from CloudTrail, which here is a server of a few lines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::bench::{Bench, options};
use crate::context::Context;
use crate::organization::{Organization, Plan};
use crate::servers::{OWNER, credentials};

/// CloudTrail, as far as ListPublicKeys goes: it answers with what it was given for the region that a request
/// is signed for.
struct CloudTrail {
    url: String,
    /// The regions asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
}

impl CloudTrail {
    fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = asked.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let Some(region) = request(&stream) else {
                    continue;
                };
                heard.lock().expect("no panic").push(region.clone());
                let (code, body) = answer(&region);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {code} told\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .expect("it is written");
            }
        });
        Self { url, asked }
    }
}

/// Reads a request, and answers the region that it is signed for.
fn request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut region, mut is_asked) = (0, None, false);
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a number"),
            "authorization" => region = value.split('/').nth(2).map(str::to_owned),
            "x-amz-target" => is_asked = value.ends_with(".ListPublicKeys"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert!(is_asked && body["StartTime"].as_f64() < body["EndTime"].as_f64());
    region
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
    let cloudtrail = CloudTrail::start(move |_region| (200, list.clone()));
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
    let asked = || std::mem::take(&mut *cloudtrail.asked.lock().expect("no panic"));
    assert_eq!(asked(), ["eu-west-1", "us-east-1"]);
    // What is proven needs no key.
    let again = run(&["verify"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(asked(), Vec::<String>::new());
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
    let cloudtrail = CloudTrail::start(move |region| match region {
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
    assert_eq!(
        *cloudtrail.asked.lock().expect("no panic"),
        ["eu-west-1", "us-east-1"]
    );
}

#[test]
fn a_refusal_says_what_must_be_allowed() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 2;
    plan.write(&context.path().join("copy"));
    context.run(&["ingest", "copy/AWSLogs"]);
    let cloudtrail = CloudTrail::start(|_region| {
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
