//! The program, killed or asked to end at chosen requests of an ingest from a bucket, a queue and a directory:
//! `status`, reports and statements say what is missing until it was completed, and nothing after.
//!
//! A proxy sends the signal when the request comes, and holds what comes after until the signal was heeded, so that
//! no clock decides how far a run gets.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use keytrail::schema::TABLES;
use serde_json::Value;

use crate::bucket::{key, log};
use crate::context::Context;
use crate::queue::{TestQueue, created, drain, words as queue_words};
use crate::servers::{Action, Bucket, OWNER, Proxy, Request, credentials, moto};
use crate::store_s3::{Done, Lake, done};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Logs of a bucket or a queue.
const LOGS: usize = 40;

/// What is sent to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Kill,
    Interrupt,
    Terminate,
    /// Ctrl-C, and again when the first was heeded.
    InterruptTwice,
}

/// When it is sent: at a request, counted from 1 among those that count.
struct Trigger {
    at: usize,
    sent: Sent,
    seen: AtomicUsize,
    pid: OnceLock<u32>,
    /// Whether the program has said that it stops, or has ended.
    is_heeded: AtomicBool,
    is_over: AtomicBool,
    /// A file that the store has when the run is recorded, which a signal waits for: nothing is to be seen of one that
    /// was killed before.
    record: Option<PathBuf>,
}

impl Trigger {
    fn new(at: usize, sent: Sent, record: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            at,
            sent,
            seen: AtomicUsize::new(0),
            pid: OnceLock::new(),
            is_heeded: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            record,
        })
    }

    /// Takes a request that counts.
    fn take(&self) {
        let number = 1 + self.seen.fetch_add(1, Ordering::SeqCst);
        if number == self.at {
            self.wait_for_record();
            match self.sent {
                Sent::Kill => self.send("KILL"),
                Sent::Interrupt => self.send("INT"),
                Sent::Terminate => self.send("TERM"),
                Sent::InterruptTwice => {
                    self.send("INT");
                    until("the first was heeded", &self.is_heeded);
                    self.send("INT");
                }
            }
        }
        if number >= self.at {
            until("the signal was heeded", &self.is_heeded);
        }
        if number >= self.at && self.sent == Sent::InterruptTwice {
            until("the program has ended", &self.is_over);
        }
    }

    fn wait_for_record(&self) {
        let start = Instant::now();
        while self.record.as_ref().is_some_and(|path| !path.exists()) {
            assert!(start.elapsed() < PATIENCE, "the run is not recorded");
            thread::yield_now();
        }
    }

    fn send(&self, signal: &str) {
        let start = Instant::now();
        while self.pid.get().is_none() {
            assert!(start.elapsed() < PATIENCE, "the program was not started");
            thread::yield_now();
        }
        let pid = self.pid.get().expect("it is set").to_string();
        let status = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Runs the program, which ends by itself or by the signal.
    fn run(self: &Arc<Self>, context: &Context, words: &[&str]) -> Ended {
        let mut command = context.command(words);
        command.envs(credentials(OWNER));
        let mut child = command.spawn().expect("the program starts");
        self.pid.set(child.id()).expect("it runs once");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let trigger = self.clone();
        let reading = thread::spawn(move || {
            let mut text = String::new();
            for line in stderr.lines() {
                let line = line.expect("UTF-8");
                if line.starts_with("stopping") {
                    trigger.is_heeded.store(true, Ordering::SeqCst);
                }
                text.push_str(&line);
                text.push('\n');
            }
            trigger.is_over.store(true, Ordering::SeqCst);
            trigger.is_heeded.store(true, Ordering::SeqCst);
            text
        });
        let output = child.wait_with_output().expect("the program ends");
        Ended {
            code: output.status.code(),
            signal: output.status.signal(),
            stderr: reading.join().expect("no panic"),
        }
    }
}

#[track_caller]
fn until(what: &str, is_so: &AtomicBool) {
    let start = Instant::now();
    while !is_so.load(Ordering::SeqCst) {
        assert!(start.elapsed() < PATIENCE, "{what}: not in time");
        thread::yield_now();
    }
}

/// How the program ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    signal: Option<i32>,
    stderr: String,
}

impl Ended {
    #[track_caller]
    fn assert_is(&self, sent: Sent) {
        let expected = match sent {
            Sent::Kill => (None, Some(9)),
            Sent::Interrupt | Sent::InterruptTwice => (Some(130), None),
            Sent::Terminate => (Some(143), None),
        };
        assert_eq!((self.code, self.signal), expected, "{self:?}");
    }
}

/// A proxy that counts what a rule says.
fn proxy(trigger: &Arc<Trigger>, is_counted: fn(&Request) -> bool) -> Proxy {
    let trigger = trigger.clone();
    Proxy::start(&moto().url, move |request| {
        if is_counted(request) {
            trigger.take();
        }
        Action::Pass
    })
}

/// Asks a store with these words in front.
struct Asked<'a> {
    context: &'a Context,
    place: Vec<String>,
}

impl<'a> Asked<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            context,
            place: Vec::new(),
        }
    }

    fn run(&self, words: &[&str]) -> Done {
        let place = self.place.iter().map(String::as_str);
        let words: Vec<&str> = place.chain(words.iter().copied()).collect();
        let mut command = self.context.command(&words);
        command.envs(credentials(OWNER));
        done(command.output().expect("the program runs"))
    }

    fn number(&self, statement: &str) -> u64 {
        let done = self.run(&["sql", statement, "--format", "json"]);
        assert_eq!(done.code, 0, "{done:?}");
        let rows: Vec<Value> = serde_json::from_str(&done.stdout).expect("an array");
        rows[0]["n"].as_u64().expect("a number")
    }

    /// Runs that status names as unfinished.
    fn unfinished(&self) -> Vec<Value> {
        let done = self.run(&["status", "--json"]);
        assert_eq!(done.code, 0, "{done:?}");
        let status: Value = serde_json::from_str(&done.stdout).expect("JSON");
        status["unfinished_runs"]
            .as_array()
            .expect("an array")
            .clone()
    }

    /// What is said beside answers.
    fn notes(&self) -> [String; 2] {
        let report = self.run(&["report", "operations", "--format", "csv"]);
        let statement = self.run(&["sql", "select 1"]);
        [report, statement].map(|done| {
            assert_eq!(done.code, 0, "{done:?}");
            done.stderr
        })
    }

    /// Everything says that so many objects of so many are there; answers how many.
    #[track_caller]
    fn assert_unfinished(&self, planned: usize, word: &str) -> u64 {
        let read = self.number("select count(*) as n from log_files");
        let unfinished = self.unfinished();
        let [run] = unfinished.as_slice() else {
            panic!("{unfinished:?}")
        };
        assert_eq!(
            (&run["objects_planned"], &run["objects_done"]),
            (&planned.into(), &read.into())
        );
        let told = format!("{read} of {planned} objects {word} the ingest of ");
        let status = self.run(&["status"]);
        let first = status.stdout.lines().next().unwrap_or_default();
        assert!(first.contains(&told), "{told}: {status:?}");
        for note in self.notes() {
            assert!(note.contains("note[unfinished]: "), "{note}");
            assert!(note.contains(&told), "{told}: {note}");
        }
        read
    }

    /// Nothing says anything of the sort.
    #[track_caller]
    fn assert_finished(&self) {
        assert_eq!(self.unfinished(), Vec::<Value>::new());
        for note in self.notes() {
            assert!(!note.contains("the ingest of"), "{note}");
        }
        let status = self.run(&["status"]);
        assert!(status.stdout.starts_with("store   "), "{status:?}");
    }
}

/// The first commit to `runs` of a store on the disk.
fn record_of(context: &Context) -> PathBuf {
    let log = context.store().join("runs/_delta_log");
    log.join("00000000000000000001.json")
}

fn name(number: usize) -> String {
    let day = format!("2026/03/{:02}", 1 + number % 4);
    key("111122223333", "eu-west-1", &day, &format!("{number:03}"))
}

fn bucket_of_logs() -> Bucket {
    let bucket = moto().bucket();
    for number in 0..LOGS {
        bucket.put(&name(number), log(&format!("e{number}")));
    }
    bucket
}

#[test]
fn an_ingest_of_a_bucket_says_how_far_it_came() {
    let bucket = bucket_of_logs();
    for (at, sent) in [
        (1, Sent::Kill),
        (23, Sent::Kill),
        (1, Sent::Interrupt),
        (17, Sent::Interrupt),
        (30, Sent::Terminate),
        (9, Sent::InterruptTwice),
    ] {
        let context = Context::new();
        let asked = Asked::new(&context);
        let trigger = Trigger::new(at, sent, Some(record_of(&context)));
        let proxy = proxy(&trigger, Request::is_read);
        let url = bucket.url("");
        let words = |endpoint| {
            [
                "ingest",
                "--path-style",
                "--threads",
                "2",
                "--endpoint-url",
                endpoint,
                &url,
            ]
            .map(str::to_owned)
        };
        let first = words(&proxy.url);
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        let ended = trigger.run(&context, &first);
        ended.assert_is(sent);
        let is_asked = matches!(sent, Sent::Interrupt | Sent::Terminate);
        let word = if is_asked {
            "stored from"
        } else {
            "stored so far from"
        };
        let read = asked.assert_unfinished(LOGS, word);
        assert!(read < at as u64 + 2, "{at}, {sent:?}: {read} were read");
        let told = format!("interrupted: {read} of {LOGS} objects; run the same command again");
        assert_eq!(ended.stderr.contains(&told), is_asked, "{told}: {ended:?}");
        // A bucket whose days were not all read is not taken for listed.
        assert_eq!(asked.number("select count(*) as n from listings"), 0);

        let again = words(&moto().url);
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        let rest = asked.run(&again);
        assert_eq!(rest.code, 0, "{rest:?}");
        asked.assert_finished();
        let events = asked.number("select count(*) as n from kms_events");
        assert_eq!(events, LOGS as u64, "{at}, {sent:?}");
    }
}

#[test]
fn a_listing_that_is_interrupted_says_that_nothing_was_ingested() {
    let bucket = bucket_of_logs();
    for (at, sent, code) in [
        (1, Sent::Interrupt, 130),
        (2, Sent::Interrupt, 130),
        (1, Sent::Terminate, 143),
    ] {
        let context = Context::new();
        let trigger = Trigger::new(at, sent, None);
        let proxy = proxy(&trigger, |request| !request.is_read());
        let (endpoint, url) = (proxy.url.as_str(), bucket.url(""));
        let words = ["ingest", "--path-style", "--endpoint-url", endpoint, &url];
        let ended = trigger.run(&context, &words);
        assert_eq!(ended.code, Some(code), "{at}, {sent:?}: {ended:?}");
        assert_eq!(ended.stderr, "interrupted: nothing was ingested\n");
        assert!(!context.store().exists(), "{at}, {sent:?}");
    }
}

/// Puts the messages of all logs into a queue, ten logs each.
fn send(queue: &TestQueue, bucket: &Bucket) {
    let names: Vec<String> = (0..LOGS).map(name).collect();
    for some in names.chunks(10) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        queue.send(&created(bucket, &some));
    }
}

#[test]
fn an_ingest_of_a_queue_says_how_far_it_came() {
    let bucket = bucket_of_logs();
    for (at, sent) in [
        (1, Sent::Kill),
        (26, Sent::Kill),
        (14, Sent::InterruptTwice),
        (20, Sent::Interrupt),
        (20, Sent::Terminate),
    ] {
        let (context, queue) = (Context::new(), TestQueue::new());
        let asked = Asked::new(&context);
        send(&queue, &bucket);
        let trigger = Trigger::new(at, sent, Some(record_of(&context)));
        let proxy = proxy(&trigger, Request::is_read);
        // The queue is asked without it, the logs through it.
        let words: Vec<String> = queue_words(&queue.url, &["--until-empty"])
            .into_iter()
            .map(|word| {
                if word == moto().url {
                    proxy.url.clone()
                } else {
                    word.to_owned()
                }
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = trigger.run(&context, &words);
        ended.assert_is(sent);
        if matches!(sent, Sent::Interrupt | Sent::Terminate) {
            // What has been received is ingested to its end, whenever the signal comes.
            asked.assert_finished();
            assert!(
                ended.stderr.contains("interrupted: messages may be left"),
                "{ended:?}"
            );
        } else {
            let read = asked.assert_unfinished(LOGS, "stored so far from");
            assert!(read < at as u64, "{at}, {sent:?}: {read} were read");
            // They come again, though later than this test has time for.
            send(&queue, &bucket);
        }
        let rest = drain(&context, &queue, &[]);
        assert_eq!(rest.code, 0, "{rest:?}");
        asked.assert_finished();
        let events = asked.number("select count(*) as n from kms_events");
        assert_eq!(events, LOGS as u64, "{at}, {sent:?}");
    }
}

/// A directory into a store in a bucket, whose writes tell the moments.
#[test]
fn an_ingest_of_a_directory_killed_at_a_write_says_how_far_it_came() {
    let is_write: fn(&Request) -> bool = |request| request.method == "PUT";
    let ingest = ["ingest", "sample-logs/AWSLogs"];
    let writes = {
        let (context, bucket) = (Context::new(), moto().bucket());
        let counted = Proxy::start(&moto().url, |_request| Action::Pass);
        let lake = Lake::new(&context, bucket.url("store"), &counted.url);
        assert_eq!(lake.run(&ingest).code, 2, "a broken file is planted");
        counted.count(is_write)
    };
    // The condition of commits is tried out, and each table is made.
    let creation = 1 + TABLES.len();
    let mut unfinished = 0;
    for (seed, sent) in [
        (0, Sent::Kill),
        (1, Sent::Kill),
        (2, Sent::Interrupt),
        (3, Sent::Kill),
        (5, Sent::Kill),
        (8, Sent::Kill),
        (15, Sent::Kill),
    ] {
        let (context, bucket) = (Context::new(), moto().bucket());
        let at = (creation + seed + 1).min(writes);
        let trigger = Trigger::new(at, sent, None);
        let proxy = proxy(&trigger, is_write);
        let place = |endpoint: &str| {
            let words = [
                "--store",
                &bucket.url("store"),
                "--store-endpoint-url",
                endpoint,
            ];
            words.map(str::to_owned).to_vec()
        };
        let words: Vec<String> = place(&proxy.url)
            .into_iter()
            .chain(ingest.map(str::to_owned))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = trigger.run(&context, &words);
        let asked = Asked {
            context: &context,
            place: place(&moto().url),
        };
        let objects = 121;
        let read = asked.number("select count(*) as n from log_files");
        let events = asked.number("select count(*) as n from kms_events");
        let said = asked.unfinished();
        match said.as_slice() {
            [_run] => {
                unfinished += 1;
                let word = if ended.stderr.contains("interrupted: ") {
                    "stored from"
                } else {
                    "stored so far from"
                };
                asked.assert_unfinished(objects, word);
            }
            // Nothing of it can be seen yet, or all of it.
            _ => assert!(
                (read == 0 && events == 0) || read == objects as u64,
                "write {at}: {read} objects, {events} events without a word"
            ),
        }
        asked.run(&ingest);
        asked.assert_finished();
        assert_eq!(asked.number("select count(*) as n from kms_events"), 1182);
    }
    assert!(unfinished >= 3, "only {unfinished} were unfinished");
}

#[test]
fn a_queue_that_does_not_answer_makes_no_store() {
    let context = Context::new();
    let mut command = context.command(&[
        "ingest",
        "--queue",
        "http://127.0.0.1:1/1/logs",
        "--region",
        "us-east-1",
    ]);
    command.envs(credentials(OWNER));
    let told = done(command.output().expect("the program runs"));
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.stderr.contains("Connection refused"), "{told:?}");
    assert!(!context.store().exists());
}

/// Counted by a server that takes connections and says nothing.
#[test]
fn a_server_that_never_answered_is_given_up_soon() {
    for words in [
        &[
            "ingest",
            "s3://logs/AWSLogs",
            "--region",
            "us-east-1",
            "--endpoint-url",
        ][..],
        &[
            "--store",
            "s3://lake/x",
            "--store-region",
            "us-east-1",
            "status",
            "--store-endpoint-url",
        ],
        &["trails", "pull", "--region", "us-east-1", "--endpoint-url"],
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(connection);
            }
        });
        let context = Context::new();
        let mut command = context.command(&[words, &[&url]].concat());
        command.envs(credentials(OWNER));
        let told = done(command.output().expect("the program runs"));
        assert_eq!(told.code, 2, "{told:?}");
        assert!(!context.store().exists(), "{told:?}");
        let connections = connections.load(Ordering::SeqCst);
        assert!(
            connections <= 3,
            "{words:?}: {connections} connections, {told:?}"
        );
    }
}
