//! Which days are listed: those asked for, never listed, or where something may still arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use keytrail::schema::LISTINGS;
use keytrail::store::{Place, Store, rows};

use super::{event_ids, key, log, summary};
use crate::context::Context;
use crate::servers::{Action, Bucket, Proxy, both, moto};

/// The folders that a proxy saw listed, of days only, and how many calls there were in all.
fn days_listed(proxy: &Proxy, from: usize) -> (Vec<String>, usize) {
    let requests = proxy.requests();
    let listings: Vec<_> = requests[from..]
        .iter()
        .filter(|request| request.is_listing())
        .collect();
    let mut days: Vec<String> = listings
        .iter()
        .filter(|request| !request.target.contains("delimiter="))
        .filter_map(|request| {
            let prefix = request.target.split("prefix=").nth(1)?.split('&').next()?;
            Some(prefix.replace("%2F", "/"))
        })
        .collect();
    days.sort();
    (days, listings.len())
}

fn folder(account: &str, region: &str, day: &str) -> String {
    format!("AWSLogs/{account}/CloudTrail/{region}/{day}/")
}

fn pass(url: &str) -> Proxy {
    Proxy::start(url, |_request| Action::Pass)
}

fn put(bucket: &Bucket, account: &str, region: &str, day: &str) {
    let name = format!("{account} {region} {day}");
    bucket.put(&key(account, region, day, "x"), log(&name));
}

#[test]
fn what_is_not_asked_for_is_not_listed() {
    for server in both() {
        let bucket = server.bucket();
        for account in ["111122223333", "444455556666"] {
            for region in ["eu-west-1", "us-east-1"] {
                for day in ["2025/12/31", "2026/02/28", "2026/03/01", "2026/03/02"] {
                    put(&bucket, account, region, day);
                }
            }
        }
        let proxy = pass(&server.url);
        let context = Context::new();
        let words = [
            &*bucket.url(""),
            "--account=444455556666",
            "--log-region=eu-west-1",
            "--from=2026-02-28",
            "--to=2026-03-01",
        ];
        let done = summary(&context, &proxy.url, &words);
        assert_eq!(done["objects_seen"], 2, "{}", server.name);
        let (days, calls) = days_listed(&proxy, 0);
        let expected =
            ["2026/02/28", "2026/03/01"].map(|day| folder("444455556666", "eu-west-1", day));
        assert_eq!(days, expected, "{}", server.name);
        // The bucket, AWSLogs, account, kind, region, year, two months; two days.
        assert_eq!(calls, 10, "{}", server.name);
        let narrowed = [
            "444455556666 eu-west-1 2026/02/28",
            "444455556666 eu-west-1 2026/03/01",
        ];
        assert_eq!(event_ids(&context), narrowed, "{}", server.name);
        // What was left out was not listed, and comes with the next run.
        let done = summary(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done["objects_new"], 14, "{}", server.name);
    }
}

#[test]
fn a_day_is_listed_again_only_while_logs_may_arrive_or_one_is_to_be_tried_again() {
    let server = moto();
    let bucket = server.bucket();
    let old = "2020/05/17";
    put(&bucket, "111122223333", "eu-west-1", old);
    let failing = key("111122223333", "eu-west-1", "2020/05/18", "failing");
    bucket.put(&failing, log("failing"));
    // The tests know no clock: a day that is far ahead is one that is not over.
    let recent = "2099/01/01";
    put(&bucket, "111122223333", "eu-west-1", recent);
    let is_refusing = Arc::new(AtomicBool::new(true));
    let refusing = is_refusing.clone();
    let proxy = Proxy::start(&server.url, move |request| {
        let is_failing = request.is_read() && request.target.contains("failing");
        if is_failing && refusing.load(Ordering::Relaxed) {
            Action::error(403, "AccessDenied", "Access Denied")
        } else {
            Action::Pass
        }
    });
    let context = Context::new();
    let address = bucket.url("AWSLogs/");
    let first = summary(&context, &proxy.url, &[&address]);
    assert_eq!(first["objects_new"], 3);
    assert_eq!(first["objects_rejected"], 1);
    let day = |day| folder("111122223333", "eu-west-1", day);
    let all = vec![day(old), day("2020/05/18"), day(recent)];
    assert_eq!(days_listed(&proxy, 0).0, all);
    let rows = "select day, objects from listings order by day";
    let listed = |day: &str| serde_json::json!({"day": day, "objects": 1});
    let expected = [
        listed("2020-05-17"),
        listed("2020-05-18"),
        listed("2099-01-01"),
    ];
    assert_eq!(context.rows(rows), expected);

    is_refusing.store(false, Ordering::Relaxed);
    let second = summary(&context, &server.url, &[&address]);
    assert_eq!(second["objects_seen"], 2, "the old day is settled");
    assert_eq!(second["objects_rejected"], 0);
    assert_eq!(event_ids(&context).len(), 3);

    let seen = proxy.requests().len();
    let third = summary(&context, &proxy.url, &[&address]);
    assert_eq!(third["objects_known"], 1);
    assert_eq!(days_listed(&proxy, seen).0, [day(recent)]);
    let seen = proxy.requests().len();
    summary(&context, &proxy.url, &[&address, "--all"]);
    assert_eq!(days_listed(&proxy, seen).0, all);
    // Three runs of one date are three looks at the same thing.
    assert_eq!(context.rows(rows), expected);
}

#[test]
fn a_log_named_by_a_digest_is_fetched_whatever_its_day() {
    for server in both() {
        let bucket = server.bucket();
        put(&bucket, "111122223333", "eu-west-1", "2020/05/17");
        let context = Context::new();
        let address = bucket.url("AWSLogs/");
        summary(&context, &server.url, &[&address]);
        // Years late, into a day that nobody lists any more.
        let late = key("111122223333", "eu-west-1", "2020/05/17", "late");
        bucket.put(&late, log("late"));
        let digest = serde_json::json!({
            "awsAccountId": "111122223333",
            "digestStartTime": "2098-12-31T23:00:00Z",
            "digestEndTime": "2099-01-01T00:00:00Z",
            "digestS3Bucket": bucket.name, "digestS3Object": "x",
            "logFiles": [
                {"s3Bucket": bucket.name, "s3Object": late, "hashValue": "00", "hashAlgorithm": "SHA-256"},
                {"s3Bucket": bucket.name, "s3Object": late.replace("late", "gone"), "hashValue": "00"},
                {"s3Bucket": "another", "s3Object": late, "hashValue": "00"},
            ],
        });
        let name = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2099/01/01/\
                    111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20990101T000000Z.json";
        bucket.put(name, digest.to_string());
        summary(&context, &server.url, &[&address]);
        // What is read from elsewhere in between changes nothing.
        let elsewhere = context.path().join("elsewhere.json");
        std::fs::write(elsewhere, r#"{"Records":[]}"#).expect("a log");
        assert_eq!(context.run(&["ingest", "elsewhere.json"]).code, 0);
        let done = summary(&context, &server.url, &[&address]);
        assert_eq!(done["objects_new"], 1, "{}: {done}", server.name);
        assert_eq!(done["rejects"], serde_json::json!([]), "{}", server.name);
        let expected = ["111122223333 eu-west-1 2020/05/17", "late"];
        assert_eq!(event_ids(&context), expected, "{}", server.name);
    }
}

#[tokio::test]
async fn days_that_were_not_listed_since_logs_may_have_arrived_are_told() {
    let context = Context::with_samples();
    let place = Place::directory(&context.store()).expect("a store");
    let store = Box::pin(Store::open(place)).await.expect("it opens");
    let day = NaiveDate::from_ymd_opt(2020, 5, 17).expect("a day");
    let (early, late) = (34, 36);
    for (prefix, listed_after) in [("a/", early), ("b/", early), ("b/", late), ("c/", late)] {
        let row = rows(&LISTINGS, &[()], |(), column| match column {
            "prefix" => prefix.into(),
            "day" => day.to_epoch_days().into(),
            "listed_at" => {
                let days = i64::from(day.to_epoch_days()) + listed_after;
                (days * 86_400_000_000).into()
            }
            "objects" => 1.into(),
            _ => "run".into(),
        });
        let row = row.expect("a row");
        store
            .append_rows(&LISTINGS, &row, "batch", 0)
            .await
            .expect("it is appended");
    }
    let status = context.run(&["status"]);
    let expected = "late    1 folders of days from 2020-05-17 to 2020-05-17 were last listed when logs could still \
                    arrive: ingest their bucket again\n";
    assert!(status.stdout.contains(expected), "{status}");
}
