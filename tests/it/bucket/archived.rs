//! Objects that need a restore: seen, told, never read, and taken when they are restored.

use aws_sdk_s3::types::{RestoreRequest, StorageClass};
use serde_json::json;

use super::{event_ids, ingest, key, log, summary};
use crate::context::Context;
use crate::servers::{Action, Extra, Proxy, moto, wait};

#[test]
fn archived_objects_are_told_and_taken_when_restored() {
    let server = moto();
    let bucket = server.bucket();
    let put = |name: &str, class: Option<StorageClass>| {
        let key = key("111122223333", "eu-west-1", "2020/03/01", name);
        let extra = Extra {
            storage_class: class,
            ..Extra::default()
        };
        bucket.put_with(&key, log(name), &extra);
        key
    };
    put("warm", None);
    put("instant", Some(StorageClass::GlacierIr));
    let cold = put("cold", Some(StorageClass::Glacier));
    put("deep", Some(StorageClass::DeepArchive));
    let proxy = Proxy::start(&server.url, |_request| Action::Pass);
    let context = Context::new();
    let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
    // They are known and told; nothing is amiss.
    assert_eq!(done.code, 0, "{done}");
    assert!(
        done.stdout.contains("objects archived                 2"),
        "{done}"
    );
    assert_eq!(event_ids(&context), ["instant", "warm"]);
    let is_cold_read = |request: &crate::servers::Request| {
        request.is_read() && (request.target.contains("cold") || request.target.contains("deep"))
    };
    assert_eq!(proxy.count(is_cold_read), 0, "they are never read");
    let status = context.run(&["status", "--archived"]);
    let status = status.to_string().replace(&bucket.name, "[BUCKET]");
    insta::assert_snapshot!(status);

    let again = summary(&context, &server.url, &[&bucket.url("")]);
    assert_eq!(again["objects_archived"], 2);
    assert_eq!(again["objects_new"], 0);
    let rows = "select state, storage_class, count(*) as n from log_file_events group by 1, 2 order by 1, 2";
    let row =
        |state: &str, class: Option<&str>| json!({"state": state, "storage_class": class, "n": 1});
    let expected = [
        row("archived", Some("DEEP_ARCHIVE")),
        row("archived", Some("GLACIER")),
        row("ok", Some("GLACIER_IR")),
        row("ok", None),
    ];
    assert_eq!(context.rows(rows), expected, "no run adds a row");

    let restore = server
        .client()
        .restore_object()
        .bucket(&bucket.name)
        .key(&cold);
    let request = RestoreRequest::builder().days(1).build();
    wait(async move {
        restore
            .restore_request(request)
            .send()
            .await
            .expect("it is restored");
    });
    let restored = summary(&context, &server.url, &[&bucket.url("")]);
    assert_eq!(restored["objects_archived"], 1, "{restored}");
    assert_eq!(event_ids(&context), ["cold", "instant", "warm"]);
}

#[test]
fn an_archive_tier_shows_only_when_the_object_is_read() {
    let server = moto();
    let bucket = server.bucket();
    bucket.put(
        &key("111122223333", "eu-west-1", "2020/03/01", "tiered"),
        log("tiered"),
    );
    let proxy = Proxy::start(&server.url, |request| {
        if request.is_read() {
            Action::error(
                403,
                "InvalidObjectState",
                "The operation is not valid for the object's access tier",
            )
        } else {
            Action::Pass
        }
    });
    let context = Context::new();
    for _run in 0..2 {
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        assert_eq!(done.code, 0, "{done}");
        assert!(
            done.stdout.contains("objects archived                 1"),
            "{done}"
        );
    }
    assert_eq!(
        context.rows("select state from log_file_events"),
        [json!({"state": "archived"})]
    );
    let done = summary(&context, &server.url, &[&bucket.url("")]);
    assert_eq!(done["objects_archived"], 0, "{done}");
    assert_eq!(event_ids(&context), ["tiered"]);
}
