//! Signatures that a copy has lost, and those fetched from the bucket.

use std::fs;

use super::bench::{Bench, Watched, options};
use crate::context::Context;
use crate::organization::{Fault, Kind, Object, Organization, Plan, Spot};
use crate::servers::{self, Extra, OWNER, credentials};

fn sidecar(trail: &Organization, digest: &Object) -> std::path::PathBuf {
    format!("{}.sig.json", trail.path(digest).display()).into()
}

fn digests(trail: &Organization) -> impl Iterator<Item = &Object> {
    trail
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Digest && object.is_there)
}

/// Each digest holds the signature of the one before it, so only the last one needs its own.
#[test]
fn the_next_digest_tells_a_lost_signature() {
    let plan = Plan::new(1, 1, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = Bench::new(&plan.with([Fault::TamperedDigest(spot)]));
    let last = bench.trail.digest(Spot { hour: 24, ..spot });
    for digest in digests(&bench.trail).filter(|digest| digest.key != last.key) {
        fs::remove_file(sidecar(&bench.trail, digest)).expect("it is there");
    }
    bench.ingest();
    let verified = bench.verify();
    let wrong: Vec<_> = verified
        .wrong
        .iter()
        .map(|finding| (bench.key(&finding.location), finding.status))
        .collect();
    assert_eq!(
        wrong,
        [(bench.trail.digest(spot).key.clone(), "bad_signature")]
    );
}

#[test]
fn a_digest_without_any_signature_proves_nothing_until_there_is_one() {
    let plan = Plan::new(1, 1, 1);
    let bench = Bench::new(&plan);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 24,
    };
    let last = bench.trail.digest(spot);
    let kept = fs::read(sidecar(&bench.trail, last)).expect("it is there");
    for digest in digests(&bench.trail) {
        fs::remove_file(sidecar(&bench.trail, digest)).expect("it is there");
    }
    bench.ingest();
    let verified = bench.verify();
    let [finding] = verified.wrong.as_slice() else {
        panic!("{:?}", verified.wrong);
    };
    assert_eq!(bench.key(&finding.location), last.key);
    assert_eq!(
        (finding.status, finding.message.as_str()),
        ("bad_signature", "the store lacks its signature")
    );
    let unproven = bench
        .said()
        .into_values()
        .filter(|said| said.status == "not_in_digest");
    assert_eq!(unproven.count(), 1);

    // What comes later is found without another ingest.
    fs::write(sidecar(&bench.trail, last), kept).expect("it is written");
    let source = Watched::default();
    let again = bench.verify_from(&source, &bench.keys(), &options());
    assert_eq!(again.wrong, []);
    let opened: Vec<_> = source
        .take()
        .iter()
        .map(|location| bench.key(location))
        .collect();
    assert_eq!(opened, std::slice::from_ref(&last.key));
}

#[test]
fn signatures_are_fetched_from_the_bucket() {
    for server in servers::both() {
        let bucket = server.bucket();
        let context = Context::new();
        let mut plan = Plan::new(1, 1, 1);
        plan.hours = 6;
        let trail = plan.write(&context.path().join("copy"));
        for digest in digests(&trail) {
            let text = fs::read(sidecar(&trail, digest)).expect("it is there");
            let told: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            let signature = told["signature"].as_str().expect("a signature");
            let extra = Extra {
                metadata: &[
                    ("signature", signature),
                    ("signature-algorithm", "SHA256withRSA"),
                ],
                ..Extra::default()
            };
            bucket.put_with(&format!("pre/{}", digest.key), "never read", &extra);
            fs::remove_file(sidecar(&trail, digest)).expect("it is there");
        }
        let first = digests(&trail).next().expect("a digest");
        bucket.delete(&format!("pre/{}", first.key));
        let url = bucket.url("pre");
        let words = [
            "fetch-signatures",
            &url,
            "copy",
            "--endpoint-url",
            &server.url,
            "--path-style",
        ];
        let run = || {
            let mut command = context.command(&words);
            let output = command.envs(credentials(OWNER)).output().expect("it runs");
            (
                output.status.code(),
                String::from_utf8(output.stdout).expect("UTF-8"),
                context.filtered(&output.stderr),
            )
        };
        let (code, stdout, stderr) = run();
        assert_eq!(
            stdout,
            "signatures written               6\nthere already                    0\n"
        );
        let failed = format!(
            "warning: no signature for `copy/{}`: it is not in the bucket under that prefix\n",
            first.key
        );
        assert_eq!((code, stderr), (Some(2), failed));
        let (_, stdout, _) = run();
        assert_eq!(
            stdout,
            "signatures written               0\nthere already                    6\n"
        );

        // The first digest is proven by the one after it.
        context.run(&["ingest", "copy/AWSLogs"]);
        let verify = context.run(&["verify", "--public-keys", "copy/public-keys.json"]);
        assert_eq!(verify.code, 0, "{verify}");
    }
}

#[test]
fn what_is_no_copy_of_a_bucket_is_refused() {
    let context = Context::new();
    fs::create_dir(context.path().join("empty")).expect("a directory");
    let empty = context.run(&["fetch-signatures", "s3://bucket/logs", "empty"]);
    assert_eq!(empty.code, 2, "{empty}");
    assert!(
        empty
            .stderr
            .starts_with("error: no digest is below `empty`"),
        "{empty}"
    );
    let typed = context.run(&["fetch-signatures", "bucket/logs", "empty"]);
    assert_eq!(typed.code, 2, "{typed}");
    assert!(
        typed.stderr.contains("it is written as s3://bucket/prefix"),
        "{typed}"
    );
}

#[test]
fn a_signature_that_is_no_json_is_told_and_tried_again() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 2;
    let trail = plan.write(&context.path().join("copy"));
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 1,
    };
    let beside = sidecar(&trail, trail.digest(spot));
    let kept = fs::read(&beside).expect("it is there");
    fs::write(&beside, "no JSON").expect("it is written");
    let words = ["ingest", "copy/AWSLogs"];
    let ingest = context.run(&words);
    assert_eq!(ingest.code, 2, "{ingest}");
    let told = format!(
        "unreadable: reading failed: the signature in {}",
        context.filtered(beside.as_os_str().as_encoded_bytes())
    );
    assert!(ingest.stdout.contains(&told), "{ingest}");
    let verify = ["verify", "--public-keys", "copy/public-keys.json"];
    let unread = context.run(&verify);
    assert_eq!(unread.code, 2, "{unread}");
    assert!(
        unread
            .stdout
            .contains("could not be read now, and are not judged"),
        "{unread}"
    );
    fs::write(&beside, kept).expect("it is written");
    assert_eq!(context.run(&words).code, 0);
    assert_eq!(context.run(&verify).code, 0);
}
