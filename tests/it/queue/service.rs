//! A call that waits for messages, until it is told to stop.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{TestQueue, created, drain, figures, put_samples, words};
use crate::context::Context;
use crate::servers::{Action, OWNER, Proxy, credentials, moto};
use crate::store_s3::{Done, done};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(context: &Context, words: &[&str]) -> Child {
    let mut command = context.command(words);
    command.envs(credentials(OWNER)).stdin(Stdio::null());
    command.spawn().expect("the program starts")
}

/// Asks until it is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}: not in time");
        std::thread::yield_now();
    }
}

fn terminate(child: Child) -> Done {
    let status = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
    done(child.wait_with_output().expect("the program ends"))
}

#[test]
fn what_has_come_is_committed_when_it_is_told_to_stop() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "/2026/03/07/");
    let service = start(&context, &words(&queue.url, &["--batch-seconds", "3600"]));
    for key in &keys {
        queue.send(&created(&bucket, &[key]));
    }
    until("the messages are held", || {
        queue.counts() == (0, keys.len() as u64)
    });
    let done = terminate(service);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("stopping"), "{done:?}");
    assert_eq!(queue.left(), 0, "{done:?}");
    assert_eq!(figures(&context)[0]["objects"], keys.len(), "{done:?}");
}

#[test]
fn a_service_without_messages_stops_at_once() {
    let (context, queue) = (Context::new(), TestQueue::new());
    let proxy = Proxy::start(&moto().url, |_request| Action::Pass);
    let url = queue.url.replace(&moto().url, &proxy.url);
    let service = start(&context, &words(&url, &[]));
    until("it asks for messages", || !proxy.requests().is_empty());
    let done = terminate(service);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{done:?}");
}

#[test]
fn batches_are_committed_as_they_fill() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "/2026/03/0");
    let more = ["--batch-objects", "20", "--batch-seconds", "3600"];
    let service = start(&context, &words(&queue.url, &more));
    for key in &keys {
        queue.send(&created(&bucket, &[key]));
    }
    let full = (keys.len() / 20 * 20) as u64;
    until("full batches are gone", || {
        queue.left() <= keys.len() as u64 - full
    });
    let done = terminate(service);
    assert_eq!((done.code, queue.left()), (0, 0), "{done:?}");
    assert!(done.stdout.lines().count() > keys.len() / 20, "{done:?}");
    assert_eq!(figures(&context)[0]["objects"], keys.len());
}

/// A batch that is open for longer than messages are hidden keeps them all the same.
#[test]
fn messages_are_held_while_their_batch_is_open() {
    let (context, queue, bucket) = (Context::new(), TestQueue::new(), moto().bucket());
    let keys = put_samples(&bucket, "/2026/03/01/");
    let proxy = Proxy::start(&moto().url, |_request| Action::Pass);
    let url = queue.url.replace(&moto().url, &proxy.url);
    let more = ["--visibility-seconds", "3", "--batch-seconds", "3600"];
    let service = start(&context, &words(&url, &more));
    queue.send(&created(&bucket, &[&keys[0]]));
    let held = || {
        proxy.count(|request| {
            let target = request.header("x-amz-target").unwrap_or_default();
            target.ends_with("ChangeMessageVisibilityBatch")
        })
    };
    // Once a second; the message would be free again after three.
    until("it is held on", || held() >= 5);
    assert_eq!(queue.counts(), (0, 1), "nobody else gets it");
    let done = terminate(service);
    assert_eq!((done.code, queue.left()), (0, 0), "{done:?}");
}

#[test]
fn a_queue_that_is_not_there_is_told() {
    let context = Context::new();
    let mut queue = TestQueue::new();
    queue.url.push_str("-not");
    let told = drain(&context, &queue, &[]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.stderr.contains("cannot receive messages of `http"),
        "{told:?}"
    );
    assert!(
        told.stderr
            .contains("the queue does not exist\n\nhint: check the queue's URL"),
        "{told:?}"
    );
    let words = ["ingest", "--queue", "my-queue"];
    let told = context.run(&words);
    assert_eq!(told.code, 2, "{told}");
    assert!(told.stderr.contains("is not the URL of a queue"), "{told}");
    let told = context.run(&["ingest", "--queue", "https://q/1/x", "sample-logs"]);
    assert!(told.stderr.contains("cannot be used with"), "{told}");
}
