//! What a bucket refuses, and what is told of it.

use super::{Done, Lake, done};
use crate::context::Context;
use crate::servers::{LISTER, OWNER, both, credentials, moto, seaweed};

#[track_caller]
fn check(told: &Done, says: &str, hint: &str) {
    assert_eq!(told.code, 2, "{told:?}");
    assert_eq!(told.stdout, "", "{told:?}");
    let first = told.stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("error: ") && first.contains(says),
        "{told:?}"
    );
    let hints: Vec<&str> = told
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("hint: "))
        .collect();
    assert!(hints.iter().any(|told| told.contains(hint)), "{told:?}");
    // One line of what, one of what helps; no XML, no URL of a request.
    assert!(
        told.stderr.lines().count() <= 3 && !told.stderr.contains('<'),
        "{told:?}"
    );
}

const INGEST: [&str; 2] = ["ingest", "sample-logs/AWSLogs"];

#[test]
fn a_bucket_that_is_not_there_is_told() {
    let context = Context::new();
    for server in both() {
        let lake = Lake::new(
            &context,
            "s3://no-such-bucket/store".to_owned(),
            &server.url,
        );
        for words in [&INGEST[..], &["status"]] {
            let told = lake.run(words);
            check(
                &told,
                "cannot use `s3://no-such-bucket/store` as a store: the bucket does not exist",
                "keytrail creates no bucket",
            );
        }
        let bucket = server.bucket();
        let lake = Lake::new(&context, bucket.url("nothing"), &server.url);
        check(
            &lake.run(&["status"]),
            "there is no keytrail store at `s3://",
            "keytrail ingest",
        );
    }
}

#[test]
fn a_prefix_with_something_else_in_it_is_left_alone() {
    let context = Context::new();
    for server in both() {
        let bucket = server.bucket();
        bucket.put("AWSLogs/x.json", "{}");
        for (prefix, entry) in [("", "AWSLogs"), ("AWSLogs", "x.json")] {
            let lake = Lake::new(&context, bucket.url(prefix), &server.url);
            let told = lake.run(&INGEST);
            assert_eq!(told.code, 2, "{told:?}");
            let says = format!("is not a keytrail store: it contains `{entry}`");
            assert!(told.stderr.contains(&says), "{told:?}");
        }
    }
}

#[test]
fn who_may_not_is_told_what_is_needed() {
    let context = Context::new();
    let bucket = seaweed().bucket();
    let mut lake = Lake::new(&context, bucket.url("store"), &bucket.server.url);
    lake.identity = LISTER;
    check(&lake.run(&INGEST), "access denied", "s3:PutObject");
    lake.identity = OWNER;
    assert_eq!(lake.run(&INGEST).code, 2);
    lake.identity = LISTER;
    check(
        &lake.run(&["sql", "select 1"]),
        "access denied",
        "s3:GetObject",
    );
    lake.identity = (OWNER.0, "another secret");
    check(
        &lake.run(&["status"]),
        "the AWS credentials are not valid",
        "--store-profile",
    );
    lake.identity = ("AKIANOBODY", "x");
    check(
        &lake.run(&["status"]),
        "the AWS credentials are not valid",
        "--store-profile",
    );
}

/// The store's profile counts for the store, whatever the environment has for the logs.
#[test]
fn a_store_may_have_credentials_of_its_own() {
    let context = Context::new();
    let bucket = seaweed().bucket();
    let place = bucket.url("store");
    let words = |profile: &'static str| {
        [
            "--store",
            &place,
            "--store-endpoint-url",
            &bucket.server.url,
            "--store-profile",
            profile,
            "--store-region",
            "us-east-1",
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let run = |profile, command: &[&str]| {
        let place = words(profile);
        let mut all: Vec<&str> = place.iter().map(String::as_str).collect();
        all.extend(command);
        let mut command = context.command(&all);
        // These may list and no more.
        command.envs(credentials(LISTER));
        let profiles = format!(
            "[lake]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            OWNER.0, OWNER.1
        );
        let file = context.path().join("credentials");
        std::fs::write(&file, profiles).expect("a file");
        command.env("AWS_SHARED_CREDENTIALS_FILE", &file);
        done(command.output().expect("the program runs"))
    };
    let first = run("lake", &INGEST);
    assert!(first.stdout.contains("rows written"), "{first:?}");
    assert_eq!(run("lake", &["sql", "select 1"]).code, 0);
    let told = run("nobody", &["status"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.stderr
            .contains("there are no AWS credentials: profile `nobody`: "),
        "{told:?}"
    );
}

#[test]
fn without_credentials_it_says_where_they_are_looked_for() {
    let context = Context::new();
    let server = moto();
    let words = [
        "--store",
        "s3://lake/store",
        "--store-endpoint-url",
        &server.url,
        "--store-region",
        "us-east-1",
        "status",
    ];
    let mut command = context.command(&words);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let told = done(command.output().expect("the program runs"));
    check(
        &told,
        "cannot use `s3://lake/store` as a store: there are no AWS credentials",
        "--store-profile",
    );
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let context = Context::new();
    let lake = Lake::new(&context, "s3://lake/store".to_owned(), "http://127.0.0.1:1");
    check(
        &lake.run(&["status"]),
        "cannot be reached",
        "--store-endpoint-url",
    );
}

#[test]
fn what_names_no_place_is_told() {
    let context = Context::new();
    for (store, says) in [
        ("s3://", "it is not s3://BUCKET"),
        ("s3://a bucket/x", "it is not s3://BUCKET"),
        ("s3://lake/50%", "a prefix with `%`"),
        ("s3://lake/a//b", "empty path segment"),
    ] {
        let lake = Lake::new(&context, store.to_owned(), "http://127.0.0.1:1");
        let told = lake.run(&["status"]);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.stderr.contains(says), "{told:?}");
    }
}
