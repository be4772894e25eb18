//! How these tests ingest a trail and verify it: the library, as the command line drives it, without its clock.
//!
//! Enters: a trail that was written. Leaves: what was found, by the keys of the objects.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{Array as _, AsArray as _};
use futures::TryStreamExt as _;
use keytrail::catalog::Library;
use keytrail::decode::Limits;
use keytrail::ingest::{self, Progress, Summary};
use keytrail::integrity::{self, KeySource, PublicKeys, VerificationOptions, Verified};
use keytrail::schema::TRAILS;
use keytrail::source::{self, Files, Opened, ReadFault, Source, SourceObject};
use keytrail::sql::Session;
use keytrail::store::{Place, Store, rows};
use tempfile::TempDir;

use crate::organization::{Organization, Plan};

/// 2026-04-15T00:00:00Z, long after everything that is delivered here.
pub(crate) const NOW: i64 = 1_776_211_200_000_000;

/// A trail, and a store for it.
pub(crate) struct Bench {
    pub(crate) trail: Organization,
    pub(crate) store: Store,
    runtime: tokio::runtime::Runtime,
    directory: TempDir,
}

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said {
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) digest: String,
    pub(crate) trail_arn: String,
}

impl Bench {
    /// Writes a trail, and makes an empty store.
    pub(crate) fn new(plan: &Plan) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let trail = plan.write(&directory.path().join("copy"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let place = Place::create_directory(&directory.path().join("store")).expect("a place");
        let store = runtime
            .block_on(Box::pin(Store::create(place)))
            .expect("a store");
        Self {
            trail,
            store,
            runtime,
            directory,
        }
    }

    /// Where the store is.
    pub(crate) fn place(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Ingests all that the trail wrote.
    pub(crate) fn ingest(&self) -> Summary {
        let first = self.trail.objects[0]
            .key
            .split('/')
            .next()
            .expect("a folder")
            .to_owned();
        self.ingest_paths(&[self.trail.root.join(first)])
    }

    /// Ingests these files and directories; what is planted as archived is listed as that.
    pub(crate) fn ingest_paths(&self, paths: &[PathBuf]) -> Summary {
        let mut listing = source::list(paths);
        let archived: HashSet<PathBuf> = self
            .trail
            .objects
            .iter()
            .filter(|object| object.is_archived)
            .map(|object| self.trail.path(object))
            .collect();
        for object in &mut listing.objects {
            if let source::At::File(path) = &object.at
                && archived.contains(path)
            {
                object.storage_class = Some("GLACIER".to_owned());
                object.fault = Some(ReadFault::Archived("GLACIER".to_owned()));
            }
        }
        let options = ingest::RunOptions {
            limits: Limits::default(),
            hashing: ingest::Hashing::WithDigests,
            threads: 2,
            run_id: uuid::Uuid::new_v4().to_string(),
            started_at: NOW,
            sources: Vec::new(),
            input: None,
            stop: std::sync::Arc::default(),
        };
        let library = Arc::new(Library::embedded().expect("queries"));
        let progress = Progress::default();
        let now = || NOW;
        let run = ingest::run(
            &self.store,
            &library,
            &Files,
            listing,
            &options,
            &progress,
            &now,
        );
        self.runtime.block_on(Box::pin(run)).expect("a sound run")
    }

    /// The keys that CloudTrail lists.
    pub(crate) fn keys(&self) -> KeySource {
        let mut keys = PublicKeys::default();
        let text = std::fs::read(&self.trail.public_keys).expect("the keys");
        keys.add_file("keys", &text).expect("keys");
        KeySource::Given(keys)
    }

    /// Verifies everything.
    pub(crate) fn verify(&self) -> Verified {
        self.verify_from(&Files, &self.keys(), &options())
    }

    /// Verifies through a source double.
    pub(crate) fn verify_from(
        &self,
        source: &dyn Source,
        keys: &KeySource,
        options: &VerificationOptions,
    ) -> Verified {
        let run = integrity::verify(&self.store, source, keys, options, &|| NOW);
        self.runtime
            .block_on(Box::pin(run))
            .expect("a verification")
    }

    /// Says of a trail of the organization whether it writes digests, as its description does.
    pub(crate) fn describe_trail(&self, trail_arn: &str, is_validating: bool) {
        let row = rows(&TRAILS, &[()], |(), column| match column {
            "trail_arn" => trail_arn.into(),
            "taken_at" => NOW.into(),
            "is_validation_enabled" => is_validating.into(),
            "is_organization" => true.into(),
            "run_id" => "described".into(),
            _ => serde_json::Value::Null,
        })
        .expect("a row");
        let append = self
            .store
            .append_rows(&TRAILS, &row, "described", NOW / 1000);
        self.runtime.block_on(append).expect("it is written");
    }

    /// The key of a location.
    pub(crate) fn key(&self, location: &str) -> String {
        key(location, &self.trail.root)
    }

    /// What the view `verified_files` says, by key.
    pub(crate) fn said(&self) -> BTreeMap<String, Said> {
        self.runtime
            .block_on(Box::pin(self.read()))
            .expect("the view")
    }

    async fn read(&self) -> anyhow::Result<BTreeMap<String, Said>> {
        let library = Arc::new(Library::embedded()?);
        let pins = self.store.pin().await?;
        let session = Box::pin(Session::open(&pins, &library)).await?;
        let sql = "SELECT location, status, reason, digest_location, trail_arn FROM verified_files";
        let batches: Vec<_> = session.query(sql).await?.try_collect().await?;
        let mut said = BTreeMap::new();
        for batch in batches {
            let text = |column: usize, row: usize| {
                let column = batch.column(column).as_string::<i32>();
                if column.is_null(row) {
                    String::new()
                } else {
                    column.value(row).to_owned()
                }
            };
            for row in 0..batch.num_rows() {
                let one = Said {
                    status: text(1, row),
                    reason: text(2, row),
                    digest: text(3, row),
                    trail_arn: text(4, row),
                };
                let again = said.insert(self.key(&text(0, row)), one);
                assert_eq!(again, None, "one row for each object");
            }
        }
        Ok(said)
    }
}

/// Everything, without a bound.
pub(crate) fn options() -> VerificationOptions {
    VerificationOptions {
        from: None,
        until: None,
        accounts: BTreeSet::new(),
        regions: BTreeSet::new(),
        limits: Limits::default(),
        threads: 2,
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: NOW,
    }
}

/// The key of a location below a directory.
pub(crate) fn key(location: &str, root: &Path) -> String {
    let url = url::Url::from_directory_path(root)
        .expect("a path")
        .to_string();
    location.strip_prefix(&url).unwrap_or(location).to_owned()
}

/// Files that remembers which of them were opened.
#[derive(Default)]
pub(crate) struct Watched(Mutex<Vec<String>>);

impl Watched {
    /// The locations opened since the last call, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut opened = std::mem::take(&mut *self.0.lock().expect("no panic"));
        opened.sort();
        opened
    }
}

impl Source for Watched {
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault> {
        self.0
            .lock()
            .expect("no panic")
            .push(object.location.clone());
        Files.open(object)
    }
}
