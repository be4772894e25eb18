//! Connections that break, servers that refuse for a while, objects that change or vanish meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{event_ids, ingest, key, log, summary};
use crate::context::Context;
use crate::servers::{Action, Bucket, Proxy, Server, both};

const DAY: &str = "2026/03/01";

fn name(name: &str) -> String {
    key("111122223333", "eu-west-1", DAY, name)
}

fn bucket_of(server: &'static Server, names: &[&str]) -> Bucket {
    let bucket = server.bucket();
    for one in names {
        bucket.put(&name(one), log(one));
    }
    bucket
}

/// The state and the message of an object in the ledger.
fn state(context: &Context, name: &str) -> (String, String) {
    let rows = context.rows(&format!(
        "select state, coalesce(message, '') as message from log_files where location like '%_{name}.json'"
    ));
    let text = |name: &str| rows[0][name].as_str().expect("a text").to_owned();
    (text("state"), text("message"))
}

#[test]
fn a_read_that_is_cut_goes_on_where_it_was() {
    for server in both() {
        // Large enough to be streamed.
        let bucket = server.bucket();
        let padding = "x".repeat(5 << 20);
        let record = log("streamed");
        let inner = &record[1..record.len() - 1];
        let text = format!(r#"{{"a":"{padding}",{inner},"z":"{padding}"}}"#);
        bucket.put(&name("streamed"), text.clone());
        bucket.put(&name("small"), log("small"));
        let proxy = Proxy::start(&server.url, |request| {
            if !request.is_read() {
                return Action::Pass;
            }
            match request.header("range") {
                None if request.target.contains("small") => Action::CutAfter(100),
                None => Action::CutAfter(3 << 20),
                Some("bytes=100-") => Action::CutAfter(1),
                Some(_) => Action::Pass,
            }
        });
        let context = Context::new();
        let done = summary(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done["rejects"], json!([]), "{}", server.name);
        assert_eq!(
            event_ids(&context),
            ["small", "streamed"],
            "{}",
            server.name
        );
        assert_eq!(
            done["json_bytes"],
            text.len() + log("small").len(),
            "{}",
            server.name
        );
        let ranges = proxy.count(|request| {
            request.header("range").is_some() && request.header("if-match").is_some()
        });
        assert!(ranges >= 3, "{}: {ranges}", server.name);
    }
}

#[test]
fn a_read_that_is_cut_every_time_leaves_nothing_and_is_tried_again() {
    for server in both() {
        let bucket = bucket_of(server, &["cut", "whole"]);
        let proxy = Proxy::start(&server.url, |request| {
            if request.is_read() && request.target.contains("cut") {
                Action::CutAfter(0)
            } else {
                Action::Pass
            }
        });
        let context = Context::new();
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done.code, 2, "{done}");
        assert_eq!(event_ids(&context), ["whole"], "{}", server.name);
        let (state, message) = state(&context, "cut");
        assert_eq!(state, "unreadable");
        assert!(
            message.contains("the connection was cut after 0 bytes, 6 times"),
            "{message}"
        );
        let done = summary(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done["objects_new"], 1, "{}", server.name);
        assert_eq!(event_ids(&context), ["cut", "whole"], "{}", server.name);
    }
}

#[test]
fn a_server_that_asks_to_slow_down_is_asked_again() {
    for server in both() {
        let names: Vec<String> = (0..12).map(|number| format!("e{number:02}")).collect();
        let bucket = bucket_of(
            server,
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let refused = AtomicUsize::new(0);
        let proxy = Proxy::start(&server.url, move |request| {
            if request.number % 2 == 0 && refused.fetch_add(1, Ordering::Relaxed) < 12 {
                Action::error(503, "SlowDown", "Please reduce your request rate.")
            } else {
                Action::Delay(Duration::from_millis(5))
            }
        });
        let context = Context::new();
        let done = summary(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done["rejects"], json!([]), "{}", server.name);
        assert_eq!(event_ids(&context), names, "{}", server.name);
    }
}

#[test]
fn an_object_that_vanishes_meanwhile_is_told() {
    for server in both() {
        let bucket = Arc::new(bucket_of(server, &["vanishing", "staying"]));
        let harmed = bucket.clone();
        let proxy = Proxy::start(&server.url, move |request| {
            if request.is_read() && request.target.contains("vanishing") {
                harmed.delete(&name("vanishing"));
            }
            Action::Pass
        });
        let context = Context::new();
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done.code, 2, "{done}");
        let (state, message) = state(&context, "vanishing");
        assert_eq!(state, "unreadable", "{}", server.name);
        assert_eq!(
            message,
            "reading failed: it has vanished since it was listed"
        );
        assert_eq!(event_ids(&context), ["staying"], "{}", server.name);
        // It is told once; what is gone cannot be tried again.
        let done = ingest(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done.code, 0, "{done}");
    }
}

#[test]
fn an_object_is_read_only_as_it_was_listed() {
    for server in both() {
        let bucket = bucket_of(server, &["one"]);
        let proxy = Proxy::start(&server.url, |request| {
            if request.is_listing() {
                Action::Change(Box::new(|body| {
                    let text = String::from_utf8(body).expect("XML");
                    let parts: Vec<&str> = text.split("ETag>").collect();
                    match parts.as_slice() {
                        [before, _, after] => {
                            format!(
                                "{before}ETag>\"00000000000000000000000000000000\"</ETag>{after}"
                            )
                        }
                        _ => text,
                    }
                    .into_bytes()
                }))
            } else {
                Action::Pass
            }
        });
        let context = Context::new();
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done.code, 2, "{done}");
        assert_eq!(
            state(&context, "one"),
            (
                "unreadable".to_owned(),
                "reading failed: it has changed since it was listed".to_owned()
            ),
            "{}",
            server.name
        );
        let done = summary(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(done["objects_new"], 1, "{}", server.name);
        assert_eq!(event_ids(&context), ["one"], "{}", server.name);
    }
}

#[test]
fn a_folder_that_cannot_be_listed_is_told_and_listed_next_time() {
    for server in both() {
        let bucket = bucket_of(server, &["one"]);
        bucket.put(
            &key("111122223333", "eu-west-1", "2026/03/02", "two"),
            log("two"),
        );
        let proxy = Proxy::start(&server.url, |request| {
            if request.is_listing() && request.target.contains("03%2F02") {
                Action::error(403, "AccessDenied", "Access Denied")
            } else {
                Action::Pass
            }
        });
        let context = Context::new();
        let done = summary(&context, &proxy.url, &[&bucket.url("")]);
        let location = bucket.url("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/");
        assert_eq!(
            done["rejects"][0]["location"],
            Value::String(location),
            "{}",
            server.name
        );
        assert_eq!(event_ids(&context), ["one"], "{}", server.name);
        let days = context.rows("select day from listings");
        assert_eq!(days, [json!({"day": "2026-03-01"})], "{}", server.name);
        summary(&context, &server.url, &[&bucket.url("")]);
        assert_eq!(event_ids(&context), ["one", "two"], "{}", server.name);
    }
}
