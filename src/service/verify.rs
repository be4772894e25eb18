//! What can be proven of the logs.

use std::path::PathBuf;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;
use tokio::runtime::Handle;

use super::error::ServiceError;
use super::host::Host;
use super::mistyped::refuse_unknown;
use super::open::StoreAt;
use crate::aws::Access;
use crate::decode::Limits;
use crate::ingest::{Unfinished, unfinished};
use crate::integrity::{
    KeySource, PublicKeys, VerificationOptions, Verified, verify as verify_store,
};
use crate::source::{At, Files, Opened, ReadFault, S3, Source, SourceObject};

/// What to verify, and how.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The first day of delivery.
    pub from: Option<NaiveDate>,
    /// The last day of delivery.
    pub to: Option<NaiveDate>,
    /// Only these accounts; all if empty.
    pub accounts: Vec<String>,
    /// Only these regions; all if empty.
    pub regions: Vec<String>,
    /// Files of public keys, as the AWS CLI prints them; without any, AWS is asked.
    pub public_keys: Vec<PathBuf>,
    /// How the buckets and CloudTrail are reached.
    pub access: Access,
    /// Threads that read, hash and check.
    pub threads: usize,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The findings and figures.
    pub verified: Verified,
    /// Ingests that have not read everything: a log that was not ingested yet may be named as missing.
    pub unfinished_runs: Vec<Unfinished>,
}

/// Verifies the log objects of a window, and records changed findings.
///
/// # Errors
/// If the store fails, or public keys are needed and cannot be fetched. A faulty object is a finding, not an error.
pub async fn verify(
    place: &StoreAt,
    options: &VerifyOptions,
    host: Host<'_>,
) -> Result<Verification, ServiceError> {
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from > to
    {
        return Err(ServiceError::NoDays {
            from: from.to_string(),
            later: "comes after",
            to: to.to_string(),
        });
    }
    let store = place.open().await?;
    refuse_unknown(&store, &options.accounts, &options.regions).await?;
    let keys = keys(options)?;
    let last = options.to;
    let until = last.and_then(|day| day.checked_add_days(Days::new(1)));
    let run = VerificationOptions {
        from: options.from.map(midnight),
        until: until.map(midnight),
        accounts: options.accounts.iter().cloned().collect(),
        regions: options.regions.iter().cloned().collect(),
        limits: Limits::default(),
        threads: options.threads.max(1),
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: host.now(),
    };
    let source = Everywhere {
        access: options.access.clone(),
        runtime: Handle::current(),
        s3: OnceLock::new(),
    };
    let verified = verify_store(&store, &source, &keys, &run, host.clock).await;
    host.emit_warnings(&store)?;
    Ok(Verification {
        verified: verified?,
        unfinished_runs: unfinished(&store.pin().await?).await?,
    })
}

fn keys(options: &VerifyOptions) -> Result<KeySource, ServiceError> {
    if options.public_keys.is_empty() {
        return Ok(KeySource::Aws(options.access.clone()));
    }
    let mut keys = PublicKeys::default();
    for path in &options.public_keys {
        let bytes = std::fs::read(path).map_err(ServiceError::reading(path))?;
        keys.add_file(&path.display().to_string(), &bytes)?;
    }
    Ok(KeySource::Given(keys))
}

/// Files, and buckets: AWS is reached only if an object of a bucket is to be read.
struct Everywhere {
    access: Access,
    runtime: Handle,
    s3: OnceLock<S3>,
}

impl Source for Everywhere {
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault> {
        match &object.at {
            At::File(_) => Files.open(object),
            At::S3 { .. } => {
                let connect = || {
                    let config = self.runtime.block_on(self.access.load());
                    let _entered = self.runtime.enter();
                    S3::new(&config, &self.access)
                };
                self.s3.get_or_init(connect).open(object)
            }
        }
    }
}

/// In microseconds.
fn midnight(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}
