//! What is to be verified, and how.

use std::collections::BTreeSet;

use crate::decode::Limits;

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct VerificationOptions {
    /// From this time of delivery on, in microseconds.
    pub from: Option<i64>,
    /// Up to this time of delivery, which is not in it.
    pub until: Option<i64>,
    /// Only these accounts; none means all.
    pub accounts: BTreeSet<String>,
    /// Only these regions; none means all.
    pub regions: BTreeSet<String>,
    /// Limits on what is read.
    pub limits: Limits,
    /// Threads that read, hash and check.
    pub threads: usize,
    /// The run's id.
    pub run_id: String,
    /// When it began, in microseconds.
    pub started_at: i64,
}
