//! What is refused, and in which words: each says what to do.

use super::{event_ids, ingest, ingest_as, key, log};
use crate::context::{Context, Transcript, joined};
use crate::servers::{Action, LISTER, OWNER, Proxy, credentials, moto, seaweed};

/// What was told, without what differs from run to run.
fn told(done: Vec<Transcript>, hidden: &[(&str, &str)]) -> String {
    let mut text = joined(&done);
    for (from, to) in hidden {
        text = text.replace(from, to);
    }
    text
}

#[test]
fn addresses_that_are_wrong() {
    let server = seaweed();
    let bucket = server.bucket();
    bucket.put("AWSLogs/x.json", log("one"));
    let context = Context::new();
    let run = |words: &[&str]| ingest(&context, &server.url, words);
    let closed = "http://127.0.0.1:9";
    let done = vec![
        run(&["s3://"]),
        run(&["s3://no-such-bucket"]),
        run(&[&bucket.url("AWSLog")]),
        run(&[&bucket.url(""), "--from=2026-03-02", "--to=2026-03-01"]),
        run(&[&bucket.url(""), "--account=production"]),
        run(&["sample-logs", "--from=2026-03-02"]),
        ingest(&context, closed, &[&bucket.url("")]),
    ];
    insta::assert_snapshot!(told(
        done,
        &[(&server.url, "[SERVER]"), (&bucket.name, "[BUCKET]")]
    ));
}

/// Nor does one make another store than the one that was meant.
#[test]
fn an_address_that_is_mistyped_makes_no_store() {
    let server = seaweed();
    let bucket = server.bucket();
    bucket.put("AWSLogs/x.json", log("one"));
    let context = Context::new();
    for address in ["s3://no-such-bucket", &bucket.url("AWSLog")] {
        let done = ingest(&context, &server.url, &[address]);
        assert_eq!(done.code, 2, "{done}");
        assert!(!context.store().exists(), "{done}");
    }
    let done = ingest_as(
        &context,
        ("AKIANOBODY", "a secret"),
        &server.url,
        &[&bucket.url("")],
    );
    assert_eq!(done.code, 2, "{done}");
    assert!(!context.store().exists(), "{done}");
    // The right one makes it, and a mistyped one leaves it as it is.
    let done = ingest(&context, &server.url, &[&bucket.url("AWSLogs")]);
    assert_eq!(done.code, 0, "{done}");
    ingest(&context, &server.url, &[&bucket.url("AWSLog")]);
    assert_eq!(event_ids(&context), ["one"]);
}

#[test]
fn identities_that_may_not() {
    let server = seaweed();
    let bucket = server.bucket();
    bucket.put("AWSLogs/x.json", log("one"));
    let context = Context::new();
    let address = bucket.url("");
    let run = |identity| ingest_as(&context, identity, &server.url, &[&address]);
    let mut none = credentials(OWNER);
    none.retain(|(name, _)| !name.contains("KEY"));
    let done = vec![
        run(("AKIANOBODY", "a secret")),
        run((OWNER.0, "not the secret")),
        run(LISTER),
        context.run_in(&["ingest", "--endpoint-url", &server.url, &address], &none),
        context.run_in(
            &[
                "ingest",
                "--endpoint-url",
                &server.url,
                &address,
                "--profile",
                "nobody",
            ],
            &none,
        ),
    ];
    insta::assert_snapshot!(told(
        done,
        &[(&server.url, "[SERVER]"), (&bucket.name, "[BUCKET]")]
    ));
    assert_eq!(event_ids(&context), Vec::<String>::new());
}

#[test]
fn what_a_server_refuses() {
    let bucket = moto().bucket();
    bucket.put(
        &key("111122223333", "eu-west-1", "2026/03/01", "one"),
        log("one"),
    );
    let context = Context::new();
    let list = |status, code: &'static str, message: &'static str| {
        let proxy = Proxy::start(&moto().url, move |request| {
            if request.is_listing() {
                Action::error(status, code, message)
            } else {
                Action::Pass
            }
        });
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        told(
            vec![done],
            &[(&proxy.url, "[SERVER]"), (&bucket.name, "[BUCKET]")],
        )
    };
    let read = |status, code: &'static str, message: &'static str| {
        let proxy = Proxy::start(&moto().url, move |request| {
            if request.is_read() {
                Action::error(status, code, message)
            } else {
                Action::Pass
            }
        });
        let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
        told(
            vec![done],
            &[(&proxy.url, "[SERVER]"), (&bucket.name, "[BUCKET]")],
        )
    };
    let texts = [
        list(400, "ExpiredToken", "The provided token has expired."),
        list(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        list(
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:ListBucket",
        ),
        list(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ),
        read(
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/0 because no identity-based policy allows the kms:Decrypt action",
        ),
        read(403, "AccessDenied", "Access Denied"),
        read(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's access tier",
        ),
        read(
            400,
            "KMS.DisabledException",
            "arn:aws:kms:eu-west-1:111122223333:key/0 is disabled.",
        ),
    ];
    insta::assert_snapshot!(texts.join("\n"));
    // Whatever it was, it is tried again.
    let done = ingest(&context, &moto().url, &[&bucket.url("")]);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(event_ids(&context), ["one"]);
}

#[test]
fn a_bucket_in_another_region_is_followed() {
    let bucket = moto().bucket();
    bucket.put("AWSLogs/x.json", log("one"));
    let proxy = Proxy::start(&moto().url, |request| {
        // Signed for the region that was configured.
        let is_strange = request
            .header("authorization")
            .is_some_and(|signed| signed.contains("/us-east-1/"));
        if is_strange {
            Action::Answer(
                301,
                vec![("x-amz-bucket-region", "eu-central-1".to_owned())],
                b"<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>"
                    .to_vec(),
            )
        } else {
            Action::Pass
        }
    });
    let context = Context::new();
    let done = ingest(&context, &proxy.url, &[&bucket.url("")]);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(event_ids(&context), ["one"]);
    let strange = proxy.count(|request| {
        request
            .header("authorization")
            .is_some_and(|signed| signed.contains("/us-east-1/"))
    });
    assert_eq!(strange, 1, "it is asked in the wrong region once");
}

#[test]
fn who_asks_may_pay() {
    let bucket = moto().bucket();
    bucket.put("AWSLogs/x.json", log("one"));
    let proxy = Proxy::start(&moto().url, |_request| Action::Pass);
    let context = Context::new();
    let done = ingest(&context, &proxy.url, &[&bucket.url(""), "--requester-pays"]);
    assert_eq!(done.code, 0, "{done}");
    let paid = proxy.count(|request| request.header("x-amz-request-payer") == Some("requester"));
    assert_eq!(paid, proxy.requests().len());
}
