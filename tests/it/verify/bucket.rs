//! A trail in a bucket: signatures come with the digests, and what was not hashed is fetched.

use std::fs;

use serde_json::Value;

use crate::context::Context;
use crate::organization::{Fault, Kind, Organization, Plan, Spot};
use crate::servers::{self, Bucket, Extra, OWNER, credentials};

/// Puts a trail into a bucket as CloudTrail does.
fn put(trail: &Organization, bucket: &Bucket, prefix: &str) {
    for object in trail.objects.iter().filter(|object| object.is_there) {
        let path = trail.path(object);
        let bytes = fs::read(&path).expect("it is there");
        let key = format!("{prefix}{}", object.key);
        if object.kind == Kind::Log {
            bucket.put(&key, bytes);
            continue;
        }
        let text = fs::read(format!("{}.sig.json", path.display())).expect("a signature");
        let told: Value = serde_json::from_slice(&text).expect("JSON");
        let signature = told["signature"].as_str().expect("a signature");
        let extra = Extra {
            metadata: &[
                ("signature", signature),
                ("signature-algorithm", "SHA256withRSA"),
            ],
            ..Extra::default()
        };
        bucket.put_with(&key, bytes, &extra);
    }
}

/// The digests name another bucket, and no prefix: the tree was copied.
#[test]
fn a_trail_in_a_bucket_is_proven() {
    for server in servers::both() {
        let bucket = server.bucket();
        let context = Context::new();
        let mut plan = Plan::new(1, 1, 1);
        plan.hours = 8;
        let spot = Spot {
            account: plan.accounts[0],
            region: plan.regions[0],
            hour: 3,
        };
        let dropped = Spot { hour: 5, ..spot };
        let plan = plan.with([Fault::TamperedLog(spot), Fault::DroppedLog(dropped)]);
        let trail = plan.write(&context.path().join("copy"));
        put(&trail, &bucket, "copied/");
        let run = |words: &[&str]| {
            let mut command = context.command(words);
            command
                .args(["--endpoint-url", &server.url])
                .envs(credentials(OWNER));
            command.output().expect("it runs")
        };
        let url = bucket.url("copied");
        let ingest = run(&["ingest", &url, "--no-hash"]);
        assert_eq!(
            ingest.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&ingest.stderr)
        );
        let verify = ["verify", "--json", "--public-keys", "copy/public-keys.json"];
        let mut reads = Vec::new();
        for _run in 0..2 {
            let output = run(&verify);
            assert_eq!(
                output.status.code(),
                Some(1),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(
                told["digests"],
                serde_json::json!({"chain_start": 1, "valid": 8})
            );
            let wrong: Vec<(&str, &str)> = told["wrong"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|finding| (finding["location"].as_str(), finding["status"].as_str()))
                .map(|(location, status)| (location.unwrap_or(""), status.unwrap_or("")))
                .collect();
            let at = |spot| bucket.url(&format!("copied/{}", trail.log(spot).key));
            assert_eq!(
                wrong,
                [(&*at(spot), "hash_mismatch"), (&*at(dropped), "missing")]
            );
            reads.push(told["objects_read"].as_u64().expect("a number"));
        }
        // Digests and logs, and nothing the second time.
        assert_eq!(reads, [9 + 15, 0]);
    }
}
