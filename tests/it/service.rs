//! `keytrail::service` without the command line: a store is filled, asked and judged by a program of its own, whose
//! clock and sink are the test's.

use std::future::Future;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use keytrail::aws::Access;
use keytrail::decode::Limits;
use keytrail::ingest::Summary;
use keytrail::service::{
    Decoding, Host, IngestOptions, Queries, Question, Reader, Requirement, ServiceError,
    ServiceEvent, StoreAt, ingest,
};
use keytrail::source::Narrowed;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::context::REPOSITORY;

/// 2026-03-12T00:00:00Z, a day after the last of the sample logs.
const NOW: i64 = 1_773_273_600_000_000;

/// A directory for a store.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory }
    }

    fn place(&self) -> StoreAt {
        StoreAt {
            location: self.directory.path().join("store"),
            access: Access::default(),
            clock: || NOW,
        }
    }

    async fn ingest(
        &self,
        sink: &(dyn Fn(ServiceEvent<'_>) -> io::Result<()> + Sync),
    ) -> Result<Summary, ServiceError> {
        let options = IngestOptions {
            paths: vec![Path::new(REPOSITORY).join("sample-logs/AWSLogs")],
            narrowed: Narrowed::default(),
            lookback_days: 35,
            is_all: false,
            access: Access::default(),
            decoding: Decoding {
                limits: Limits::default(),
                hashing: None,
                threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            },
            stop: Arc::default(),
        };
        let host = Host {
            clock: &|| NOW,
            events: sink,
        };
        Box::pin(ingest(&self.place(), &options, host)).await
    }

    async fn reader(&self) -> Reader {
        let store = self.place().open().await.expect("a store");
        let queries = Queries::embedded().expect("our own queries");
        Reader::open(&store, queries).await.expect("its tables")
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// What the generator of the sample logs says of them.
fn planted() -> Value {
    let path: PathBuf = Path::new(REPOSITORY).join("sample-logs/answers.json");
    let text = std::fs::read(path).expect("the answers are there");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn logs_are_ingested_once_and_the_sink_hears_of_it() {
    let site = Site::new();
    let begun = Mutex::new(Vec::new());
    let sink = |event: ServiceEvent<'_>| {
        if let ServiceEvent::Begun { progress } = event {
            begun
                .lock()
                .expect("no test panics here")
                .push(progress.is_some());
        }
        Ok(())
    };
    let counts = &planted()["counts"];
    block_on(async {
        let first = site.ingest(&sink).await.expect("the sample logs");
        assert_eq!(json!(first.duplicates), counts["duplicates"]);
        let rows = counts["kms_events"]
            .as_u64()
            .zip(counts["trail_events"].as_u64());
        assert_eq!(
            Some(first.rows_written),
            rows.map(|(kms, trail)| kms + trail)
        );
        assert!(first.has_new_rejects(), "one file is planted broken");
        let second = site.ingest(&sink).await.expect("the sample logs again");
        assert_eq!((second.objects_new, second.rows_written), (0, 0));
        assert_eq!(second.objects_known, first.objects_new);
    });
    assert_eq!(
        begun.into_inner().expect("no test panics there"),
        [true, true]
    );
}

#[test]
fn a_sink_that_fails_ends_the_work_and_the_next_call_does_it() {
    let site = Site::new();
    block_on(async {
        let full = |_event: ServiceEvent<'_>| Err(io::Error::from(io::ErrorKind::StorageFull));
        let ended = site.ingest(&full).await.expect_err("the sink is full");
        assert!(matches!(ended, ServiceError::Sink(_)), "{ended}");
        let status = site.reader().await.status(NOW).await.expect("a status");
        assert_eq!((status.runs.len(), status.first_event), (0, None));
        let done = site.ingest(&|_event| Ok(())).await;
        assert!(done.expect("the sample logs").rows_written > 0);
    });
}

#[test]
fn a_store_is_asked_and_judged() {
    let site = Site::new();
    let planted = planted();
    block_on(async {
        let ingested = site.ingest(&|_event| Ok(())).await;
        ingested.expect("the sample logs");
        let reader = site.reader().await;

        let status = reader.status(NOW).await.expect("a status");
        let outcome = serde_json::to_value(&status).expect("it can be written");
        assert_eq!(outcome["first_event"], planted["first_event_time"]);
        assert_eq!(outcome["last_event"], planted["last_event_time"]);
        assert_eq!(outcome["unfinished_runs"], json!([]));
        let tables = status.tables.iter();
        let mut events = tables.filter(|table| table.table == "kms_events");
        let rows = events.next().map(|table| table.rows);
        assert_eq!(rows, planted["counts"]["kms_events"].as_u64());
        // The clock is the one that was handed in.
        let lag = status.logs.iter().find(|line| line.what == "lag");
        let lag = lag.map(|line| line.told.as_str());
        assert_eq!(lag, Some("the last delivery is 29 hours old"));

        let question =
            Question::new("who-used").with("key", "8b402961-4718-43ca-8f94-e4fd57328e34");
        let answer = reader.ask(&question, NOW).await.expect("a known key");
        assert_eq!(answer.warnings, []);
        let rows = answer.rows().await.expect("rows");
        assert!(rows.iter().any(|batch| batch.num_rows() > 0));

        let coverage = Question::new("coverage");
        let coverage = coverage.requiring(Requirement::Complete, NOW);
        let coverage = coverage.expect("coverage can be judged");
        // All logs of an hour are due 25 hours after it.
        assert_eq!(coverage.until.as_deref(), Some("2026-03-10T23:00:00+00:00"));
        let judged = reader.judge(&coverage, 1, NOW).await.expect("a judgment");
        let judgment = judged.expect("something is required");
        assert!(!judgment.is_met() && judgment.has_hours);
        let outcome = serde_json::to_value(&judgment).expect("it can be written");
        assert_eq!(outcome["required"], "complete");
        assert!(outcome["holes"][0]["account"].is_string(), "{outcome}");
        let nothing = reader.judge(&coverage, 0, NOW).await.expect("a judgment");
        assert!(!nothing.expect("something is required").is_met());
    });
}

#[test]
fn questions_that_cannot_be_asked_are_errors() {
    let site = Site::new();
    block_on(async {
        let missing = site.place().open().await.expect_err("nothing is there");
        assert!(matches!(missing, ServiceError::NoStore(_)), "{missing}");
        let unjudged = Question::new("who-used").requiring(Requirement::Complete, NOW);
        let unjudged = unjudged.expect_err("nothing can be required of it");
        assert_eq!(
            unjudged.to_string(),
            "--require judges the report `coverage` alone"
        );
        site.place().create().await.expect("an empty store");
        let reader = site.reader().await;
        let twice = Question::new("who-used").with("key", "a").with("key", "b");
        let twice = reader.ask(&twice, NOW).await.expect_err("a key twice");
        assert_eq!(twice.to_string(), "parameter `key` is given twice");
        let unknown = reader.rows("no_such").await.err().expect("no such table");
        assert!(matches!(unknown, ServiceError::UnknownRelation { .. }));
    });
}
