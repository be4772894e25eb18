//! The values of the configuration, typed: a field for each key of [`SETTINGS`](super::settings::SETTINGS).

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use crate::ingest::Span;
use crate::render::Zone;

/// What the file and the environment set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    pub(super) store: Option<PathBuf>,
    pub(super) queries: Option<PathBuf>,
    pub(super) threads: Option<u16>,
    pub(super) accounts: Option<Accounts>,
    pub(super) aws: Aws,
    pub(super) queue: Queue,
    pub(super) ingest: Ingest,
    pub(super) limits: Limits,
    pub(super) retention: Retention,
    pub(super) output: Output,
}

/// Where the accounts are.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Accounts {
    /// In a CSV file.
    File(PathBuf),
    /// Here.
    Entries(Vec<Entry>),
}

/// An account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) ou: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) environment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Aws {
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) endpoint_url: Option<String>,
    pub(super) path_style: Option<bool>,
    pub(super) requester_pays: Option<bool>,
    pub(super) store: AwsStore,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AwsStore {
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) endpoint_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) url: Option<String>,
    pub(super) buckets: Option<Vec<String>>,
    pub(super) batch_objects: Option<u32>,
    pub(super) batch_seconds: Option<u32>,
    pub(super) visibility_seconds: Option<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Ingest {
    pub(super) lookback_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "limits are named for what they bound"
)]
pub(super) struct Limits {
    pub(super) record_bytes_max: Option<usize>,
    pub(super) depth_max: Option<usize>,
    pub(super) object_bytes_max: Option<u64>,
    pub(super) ratio_max: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Retention {
    #[serde(deserialize_with = "parsed")]
    pub(super) events: Option<Span>,
    #[serde(deserialize_with = "parsed")]
    pub(super) usage: Option<Span>,
    pub(super) hold: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Output {
    #[serde(deserialize_with = "parsed")]
    pub(super) time_zone: Option<Zone>,
}

/// A value that is written as a string.
fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}
