//! The objects of buckets.
//!
//! Enters: how AWS is reached, addresses of buckets, or keys by name. Leaves: listings, and the bytes of
//! objects, fetched ahead of the threads that decode them. Nothing here knows what is inside an object.

mod address;
mod ahead;
mod error;
mod get;
mod layout;
mod list;
mod page;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Region, ResponseChecksumValidation};
use aws_sdk_s3::types::RequestPayer;
use tokio::runtime::Handle;

pub use address::BucketAddress;
pub use error::BucketError;
pub use list::{IsDue, Narrowed};

use super::{At, Files, Opened, ReadFault, Source, SourceObject};
use crate::aws::{Access, Refusal, client_config};
use ahead::Ahead;

/// Attempts at one call, the first among them.
const ATTEMPTS_MAX: u32 = 8;
/// The first wait between two attempts; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The first byte of an answer, not the whole of it.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// Where a bucket is first looked for if no region is set; S3 names the right one.
const DEFAULT_REGION: &str = "us-east-1";

/// Reads the objects of buckets, and files too. It is made on the runtime that its calls are to run on.
#[derive(Debug)]
pub struct S3 {
    calls: Arc<Calls>,
    runtime: Handle,
    ahead: Ahead,
}

/// The clients, one for each region that a bucket turned out to be in.
#[derive(Debug)]
struct Calls {
    config: aws_sdk_s3::Config,
    /// Clients of buckets that are in another region than the configured one.
    moved: Mutex<HashMap<String, Client>>,
    client: Client,
    payer: Option<RequestPayer>,
    /// Whether listings tell which archived objects are restored; other servers than AWS's own may not.
    is_restore_listed: AtomicBool,
}

impl S3 {
    /// A source that reaches AWS like this.
    #[must_use]
    pub fn new(config: &SdkConfig, access: &Access) -> Self {
        let is_elsewhere = config.endpoint_url().is_some();
        let mut builder = client_config!(aws_sdk_s3, config)
            .force_path_style(access.is_path_style || is_elsewhere)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS_MAX)
                    .with_initial_backoff(FIRST_WAIT)
                    .with_max_backoff(WAIT_MAX),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_WITHIN)
                    .read_timeout(ANSWER_WITHIN)
                    .build(),
            )
            // Logs are gzip, which has a checksum of its own.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if config.region().is_none() {
            builder = builder.region(Region::new(DEFAULT_REGION));
        }
        let config = builder.build();
        Self {
            calls: Arc::new(Calls {
                client: Client::from_conf(config.clone()),
                config,
                moved: Mutex::default(),
                payer: access
                    .is_requester_paying
                    .then_some(RequestPayer::Requester),
                is_restore_listed: AtomicBool::new(!is_elsewhere),
            }),
            runtime: Handle::current(),
            ahead: Ahead::default(),
        }
    }
}

impl Calls {
    fn client(&self, bucket: &str) -> Client {
        let moved = self.moved();
        moved.get(bucket).unwrap_or(&self.client).clone()
    }

    fn moved(&self) -> MutexGuard<'_, HashMap<String, Client>> {
        // A map of clients is whole even after a panic.
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a bucket into the region where it is; false if that is not named, or was tried already.
    fn follow(&self, bucket: &str, refusal: &Refusal) -> bool {
        let Some(region) = &refusal.region else {
            return false;
        };
        let mut moved = self.moved();
        if moved.contains_key(bucket) {
            return false;
        }
        let config = self.config.to_builder().region(Region::new(region.clone()));
        moved.insert(bucket.to_owned(), Client::from_conf(config.build()));
        true
    }
}

impl Source for S3 {
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault> {
        if let Some(fault) = &object.fault {
            return Err(fault.clone());
        }
        match &object.at {
            At::File(_) => Files.open(object),
            At::S3 { .. } => self.ahead.take(object, &self.runtime, &self.calls),
        }
    }

    fn begin(&self) {
        self.ahead.begin();
    }

    fn fetch_ahead(&self, objects: &mut dyn Iterator<Item = &SourceObject>) {
        self.ahead.fetch(objects, &self.runtime, &self.calls);
    }

    fn end(&self) {
        self.ahead.end();
    }
}
