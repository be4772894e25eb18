//! What was found before: the latest row of `verifications` for each object.

use std::collections::HashMap;

use super::binding::Binding;
use super::error::IntegrityError;
use crate::sql::Cells;
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

/// Parts of reasons as earlier versions wrote them, and as they are now: a finding whose words alone are others is not new.
const REWORDED: [(&str, &str); 13] = [
    (
        "no digest names it, though those of its hour are held and good: no digest of its trail is held, or no trail",
        "no digest names it, although those of its hour are in the store and good: the store has no digest of its \
         trail, or no trail",
    ),
    (
        "the digest before it is not held: ",
        "the store lacks the digest before it: ",
    ),
    (
        "nothing before it is held: ",
        "the store has nothing before it: ",
    ),
    (
        "it holds no management events",
        "it contains no management events",
    ),
    (
        "no digest of its account and region is held",
        "the store has no digest of its account and region",
    ),
    (
        "no digest of this trail is held",
        "the store has no digest of this trail",
    ),
    ("the first digest held", "the first digest in the store"),
    ("the last digest held", "the last digest in the store"),
    (
        "the digest of its hour is not held",
        "the store lacks the digest of its hour",
    ),
    (
        "it is not held, and named by ",
        "it is not in the store, but named by ",
    ),
    (
        "no signature is held of it",
        "the store lacks its signature",
    ),
    (
        "its signature is of an unknown kind, ",
        "its signature has an unknown algorithm, ",
    ),
    (
        "its hashes are of an unknown kind",
        "its hashes have an unknown algorithm",
    ),
];

/// A stored reason in the words of this version.
fn reworded(reason: String) -> String {
    let mut changed = REWORDED.iter().filter(|(old, _)| reason.contains(old));
    match changed.next() {
        Some((old, new)) => reason.replacen(old, new, 1),
        None => reason,
    }
}

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
                reason: cells.text("reason", row).map(reworded),
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

#[cfg(test)]
mod tests {
    use super::{REWORDED, reworded};

    #[test]
    fn no_words_of_an_earlier_version_are_taken_for_others() {
        for (old, new) in REWORDED {
            let said = |words: &str| format!("a.json.gz: {words}, b.json.gz");
            assert_eq!(reworded(said(old)), said(new));
            assert_eq!(reworded(said(new)), said(new));
        }
    }

    #[test]
    fn reasons_of_earlier_versions_are_read_in_the_words_of_this_one() {
        for (old, new) in [
            (
                "nothing before it is held: a.json.gz would be next",
                "the store has nothing before it: a.json.gz would be next",
            ),
            (
                "it is older than the first digest held",
                "it is older than the first digest in the store",
            ),
            ("its digest is not due yet", "its digest is not due yet"),
        ] {
            assert_eq!(reworded(old.to_owned()), new);
            assert_eq!(reworded(new.to_owned()), new);
        }
    }
}
