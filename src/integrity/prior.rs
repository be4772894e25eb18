//! What was found before: the latest row of `verifications` for each object.

use std::collections::HashMap;

use super::binding::Binding;
use super::cells::Cells;
use super::error::IntegrityError;
use crate::store::{Snapshot, read_columns};

/// The latest finding about an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prior {
    pub(super) seq: i64,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) binding: Binding,
    pub(super) sha256: Option<String>,
    pub(super) digest_location: Option<String>,
    pub(super) trail_arn: Option<String>,
}

/// All of them, by location.
pub(super) type Priors = HashMap<String, Prior>;

const COLUMNS: [&str; 10] = [
    "location",
    "seq",
    "status",
    "reason",
    "size_bytes",
    "etag",
    "modified_at",
    "sha256",
    "digest_location",
    "trail_arn",
];

pub(super) async fn load(snapshot: Snapshot) -> Result<Priors, IntegrityError> {
    let mut priors = Priors::new();
    read_columns(snapshot, &COLUMNS, None, |batch| {
        let cells = Cells(&batch);
        for row in 0..batch.num_rows() {
            let (Some(location), Some(seq), Some(status)) = (
                cells.text("location", row),
                cells.long("seq", row),
                cells.text("status", row),
            ) else {
                continue;
            };
            if priors
                .get(&location)
                .is_some_and(|known: &Prior| known.seq > seq)
            {
                continue;
            }
            let prior = Prior {
                seq,
                status,
                reason: cells.text("reason", row),
                binding: Binding {
                    size_bytes: cells.long("size_bytes", row),
                    etag: cells.text("etag", row),
                    modified_at: cells.long("modified_at", row),
                },
                sha256: cells.text("sha256", row),
                digest_location: cells.text("digest_location", row),
                trail_arn: cells.text("trail_arn", row),
            };
            priors.insert(location, prior);
        }
    })
    .await?;
    Ok(priors)
}
