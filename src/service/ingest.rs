//! Ingest of files, directories and buckets.
//!
//! Enters: paths, addresses of buckets, and how to read them. Leaves: a [`Summary`].

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::error::ServiceError;
use super::host::{Host, ServiceEvent};
use super::listing::{self, find};
use super::open::StoreAt;
use super::options::{Decoding, IngestOptions};
use super::queries::Queries;
use crate::ingest::{self, Hashing, Progress, RunOptions, Summary};
use crate::source::{BucketAddress, Listing, RunInput, Source};
use crate::store::Store;

/// Ingests the log objects that the store does not have yet. A store is created if there is none, but only after
/// something to ingest was found: a typo creates nothing.
///
/// # Errors
/// If none of the paths can be read, or the store fails. Everything committed before stays; the same call again does
/// the rest.
pub async fn ingest(
    place: &StoreAt,
    options: &IngestOptions,
    host: Host<'_>,
) -> Result<Summary, ServiceError> {
    // Before the listing: what arrives meanwhile may not be in it.
    let started_at = host.now();
    let store = place.existing().await?;
    let found = Box::pin(find(store.as_ref(), options, started_at)).await?;
    let store = match store {
        Some(store) => store,
        None => place.create().await?,
    };
    let listing::Inputs {
        source,
        listing,
        hashing,
    } = found;
    if listing.ignored_count > 0 {
        host.emit(ServiceEvent::FilesSkipped {
            count: listing.ignored_count,
            examples: &listing.ignored,
        })?;
    }
    let sources = options.paths.iter().map(|path| path.display().to_string());
    let found = RunInputs {
        source: &*source,
        listing,
        hashing,
        sources: sources.collect(),
        input: Some(input(options)),
        started_at,
        stop: options.stop.clone(),
    };
    let progress = Arc::new(Progress::default());
    host.emit(ServiceEvent::Begun {
        progress: Some(&progress),
    })?;
    ingest_found(&store, options.decoding, found, &progress, host).await
}

/// The paths in a form that does not depend on the working directory.
fn input(options: &IngestOptions) -> RunInput {
    let sources = options.paths.iter().map(|path| {
        let typed = path.to_string_lossy().into_owned();
        if BucketAddress::is_meant(&typed) {
            return typed;
        }
        let found = std::fs::canonicalize(path).or_else(|_missing| std::path::absolute(path));
        found.map_or(typed, |path| path.to_string_lossy().into_owned())
    });
    let (lookback, is_all) = (options.lookback_days, options.is_all);
    RunInput::new(sources, &options.narrowed, lookback, is_all)
}

/// Where the objects of a run are, and which they are.
pub(super) struct RunInputs<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) listing: Listing,
    pub(super) hashing: Hashing,
    /// The paths, as typed.
    pub(super) sources: Vec<String>,
    /// The same, if another run can be pointed at it.
    pub(super) input: Option<RunInput>,
    /// When the run began, in microseconds: before the listing.
    pub(super) started_at: i64,
    /// Becomes true when the run is to end early.
    pub(super) stop: Arc<AtomicBool>,
}

/// Ingests the objects that were found.
pub(super) async fn ingest_found(
    store: &Store,
    decoding: Decoding,
    found: RunInputs<'_>,
    progress: &Progress,
    host: Host<'_>,
) -> Result<Summary, ServiceError> {
    let queries = Queries::embedded()?;
    let options = RunOptions {
        limits: decoding.limits,
        hashing: found.hashing,
        threads: decoding.threads,
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: found.started_at,
        sources: found.sources,
        input: found.input,
        stop: found.stop,
    };
    let summary = ingest::run(
        store,
        &queries.library,
        found.source,
        found.listing,
        &options,
        progress,
        host.clock,
    )
    .await;
    let warned = host.emit_warnings(store);
    let summary = summary?;
    warned?;
    Ok(summary)
}
