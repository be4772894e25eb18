//! The errors that end a service.

use std::fmt::Display;
use std::io;

use datafusion::error::DataFusionError;
use thiserror::Error;

use crate::catalog::{CatalogError, printable};
use crate::decode::OriginalError;
use crate::ingest::IngestError;
use crate::integrity::IntegrityError;
use crate::inventory::InventoryError;
use crate::report::ReportError;
use crate::source::BucketError;
use crate::source::queue::QueueError;
use crate::sql::SqlError;
use crate::store::StoreError;

/// Where logs are.
pub(super) const LAYOUT_HINT: &str =
    "CloudTrail writes below `AWSLogs/`; name that folder, or one above it";

/// Why a service failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no store to ask.
    #[error(
        "{0}\n\nhint: `keytrail ingest PATH --store DIR` makes one; `--store` or KEYTRAIL_STORE names it"
    )]
    NoStore(String),
    /// The query files are wrong, or have no query of that name.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A session could not be made, or a statement not be run.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] Box<DataFusionError>),
    /// A report could not be answered.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A run of ingest, retain or forget failed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A verification failed.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// An import or a pull failed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A bucket could not be listed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// An event could not be put together again.
    #[error(transparent)]
    Original(#[from] OriginalError),
    /// Rows could not be read.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// The sink of the events failed. Everything committed before stays.
    #[error(transparent)]
    Sink(io::Error),
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Nothing that was found is a log.
    #[error("nothing found: {asked}; no object is a CloudTrail log\n\nhint: {LAYOUT_HINT}")]
    NoLogs {
        /// The paths, as typed.
        asked: String,
    },
    /// None of the paths can be read.
    #[error("{problem}\n\nhint: {hint}")]
    NothingToRead {
        /// What is wrong with each.
        problem: String,
        /// Where logs are, or what was not done.
        hint: &'static str,
    },
    /// Options that narrow the listing of a bucket, where none is listed.
    #[error(
        "`--from`, `--to`, `--account` and `--log-region` narrow the listing of a bucket, and none is named"
    )]
    NoBucketToNarrow,
    /// A text that is no address of a bucket.
    #[error("`{typed}` names no bucket\n\nhint: s3://BUCKET/PREFIX")]
    NoBucket {
        /// The text, as typed.
        typed: String,
    },
    /// A URL or an ARN where a path or a bucket is expected.
    #[error("cannot read `{typed}`; it is {what}\n\nhint: {hint}")]
    NotAPath {
        /// The text, as typed.
        typed: String,
        /// `a URL` or `an ARN`.
        what: &'static str,
        /// What could be meant.
        hint: String,
    },
    /// Days of which the first is after the last.
    #[error("`--from {from}` {later} `--to {to}`")]
    NoDays {
        /// The first day.
        from: String,
        /// How the two are compared.
        later: &'static str,
        /// The last day.
        to: String,
    },
    /// An account or a region without logs.
    #[error("nothing found: `{option} {value}`; no log in {searched} has it{hint}")]
    UnknownPlace {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// Where logs were looked for.
        searched: String,
        /// The nearest that there are, after `\n\nhint: `, or nothing.
        hint: String,
    },
    /// A retention without anything to do.
    #[error(
        "not given: what to keep\n\nhint: `--events 400d`, `--usage 7y`, `--hold KEY`, `--release KEY`"
    )]
    NothingToRetain,
    /// A key to release that has no hold.
    #[error("`{}` is not on hold", printable(key))]
    NotHeld {
        /// The key.
        key: String,
    },
    /// A vacuum that could take files that are in use.
    #[error(
        "keeping less than {safe} hours can take files from under a reader or writer that is still at work\n\nhint: `--force` does it all the same"
    )]
    KeepsTooLittle {
        /// The hours that are safe.
        safe: u32,
    },
    /// No table or view of that name.
    #[error("no {what} is called `{}`\n\nhint: {}", printable(name), names.join(", "))]
    UnknownRelation {
        /// `table`, or `table or view`.
        what: &'static str,
        /// The name, as typed.
        name: String,
        /// The nearest names, or all.
        names: Vec<String>,
    },
    /// An event that the store does not have.
    #[error(
        "the store has no event `{event_id}`\n\nhint: it has KMS events, and events of other services that `keytrail schema` lists under trail_events"
    )]
    UnknownEvent {
        /// The id.
        event_id: String,
    },
    /// An event time that no calendar has.
    #[error("an event time is out of range")]
    EventTime,
    /// A requirement on a report that cannot be required of anything.
    #[error("--require judges the report `{judged}` alone")]
    NotJudged {
        /// The report that can.
        judged: &'static str,
    },
    /// A parameter that was given twice.
    #[error("parameter `{}` is given twice", printable(parameter))]
    ParameterTwice {
        /// The parameter.
        parameter: String,
    },
    /// A directory of queries that is none.
    #[error(
        "`{directory}` is not a directory\n\nhint: queries are in macros/, reports/ and views/ of one"
    )]
    NoQueries {
        /// The path.
        directory: String,
    },
    /// A directory of queries that cannot be listed.
    #[error("cannot list the queries of `{directory}`")]
    ListQueries {
        /// The directory.
        directory: String,
        /// What the system says.
        #[source]
        source: walkdir::Error,
    },
}

impl From<DataFusionError> for ServiceError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl ServiceError {
    /// Nothing that was found at these paths is a log.
    pub fn no_logs(asked: impl IntoIterator<Item = impl Display>) -> Self {
        let asked = asked.into_iter().map(|path| format!("`{path}`"));
        Self::NoLogs {
            asked: asked.collect::<Vec<_>>().join(", "),
        }
    }

    /// The system's error on a file.
    pub(super) fn reading(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read {
            path: path.display().to_string(),
            source,
        }
    }
}
