//! The ledger as verification needs it: the latest attempt at each object.
//!
//! Enters: a snapshot of `log_file_events`. Leaves: objects by location, in the order of their locations.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;

use super::address::{Address, at};
use super::binding::Binding;
use super::error::IntegrityError;
use super::prior::Priors;
use crate::source::SourceObject;
use crate::sql::Cells;
use crate::store::{Snapshot, read_columns};

/// What is to be judged; what is not said excludes nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct DeliveryWindow {
    /// From this time of delivery on, in microseconds.
    pub(super) from: Option<i64>,
    /// Up to this time, which is not in it.
    pub(super) until: Option<i64>,
    pub(super) accounts: BTreeSet<String>,
    pub(super) regions: BTreeSet<String>,
}

/// What the latest attempt at an object came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadState {
    /// It was read, in full or in part.
    Read,
    Unreadable,
    Archived,
    /// It is none of CloudTrail's, or was forgotten: it does not count.
    Gone,
}

/// What an object is to verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LedgerKind {
    Digest,
    /// A log of management and data events.
    Log,
    /// Another file that CloudTrail delivers; digests need not name it.
    OtherLog,
}

/// One object of the ledger.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) location: String,
    pub(super) address: Address,
    pub(super) kind: LedgerKind,
    pub(super) state: ReadState,
    pub(super) account_id: Option<String>,
    pub(super) region: Option<String>,
    pub(super) organization_id: Option<String>,
    pub(super) delivery_time: Option<i64>,
    pub(super) binding: Binding,
    pub(super) storage_class: Option<String>,
    pub(super) message: Option<String>,
    pub(super) sha256: Option<String>,
    /// For digests: its hour, if it names one.
    pub(super) hour: Option<(i64, i64)>,
    pub(super) signature: Option<String>,
    /// For digests of the window: what it says.
    pub(super) content: Option<String>,
    attempt: i64,
}

const COLUMNS: [&str; 18] = [
    "location",
    "attempt",
    "state",
    "kind",
    "account_id",
    "region",
    "organization_id",
    "delivery_time",
    "size_bytes",
    "etag",
    "modified_at",
    "storage_class",
    "message",
    "sha256",
    "digest_start_time",
    "digest_end_time",
    "digest_signature",
    "digest_content",
];

/// An hour, in microseconds.
pub(super) const HOUR: i64 = 3_600_000_000;

/// Reads the objects of the accounts and regions of a window; the content only of digests of its time.
pub(super) async fn load(
    snapshot: Snapshot,
    window: &DeliveryWindow,
) -> Result<Vec<Object>, IntegrityError> {
    let mut latest = HashMap::new();
    read_columns(snapshot, &COLUMNS, None, |batch| {
        add(&mut latest, &batch, window);
    })
    .await?;
    let is_held = |(_, object): &(String, Object)| object.state != ReadState::Gone;
    let sorted: BTreeMap<String, Object> = latest.into_iter().filter(is_held).collect();
    Ok(sorted.into_values().collect())
}

fn add(latest: &mut HashMap<String, Object>, batch: &RecordBatch, window: &DeliveryWindow) {
    let cells = Cells(batch);
    for row in 0..batch.num_rows() {
        let Some(object) = object(&cells, row, window) else {
            continue;
        };
        match latest.get_mut(&object.location) {
            Some(known) if known.attempt > object.attempt => {}
            Some(known) => *known = object,
            None => {
                latest.insert(object.location.clone(), object);
            }
        }
    }
}

fn object(cells: &Cells<'_>, row: usize, window: &DeliveryWindow) -> Option<Object> {
    let state = match cells.text("state", row)?.as_str() {
        "unreadable" => ReadState::Unreadable,
        "archived" => ReadState::Archived,
        "foreign" | "forgotten" => ReadState::Gone,
        _ => ReadState::Read,
    };
    let kind = match cells.text("kind", row)?.as_str() {
        "digest" => LedgerKind::Digest,
        "log" => LedgerKind::Log,
        "insight" | "aggregated" | "network_activity" => LedgerKind::OtherLog,
        // It replaces what an earlier attempt took it for.
        _ if state == ReadState::Gone => LedgerKind::OtherLog,
        _ => return None,
    };
    let location = cells.text("location", row)?;
    let mut object = Object {
        address: Address::of_location(&location),
        location,
        kind,
        state,
        account_id: cells.text("account_id", row),
        region: cells.text("region", row),
        organization_id: cells.text("organization_id", row),
        delivery_time: cells.long("delivery_time", row),
        binding: Binding {
            size_bytes: cells.long("size_bytes", row),
            etag: cells.text("etag", row),
            modified_at: cells.long("modified_at", row),
        },
        storage_class: cells.text("storage_class", row),
        message: cells.text("message", row),
        sha256: cells.text("sha256", row),
        hour: None,
        signature: None,
        content: None,
        attempt: cells.long("attempt", row)?,
    };
    if !window.holds_place(&object) {
        return None;
    }
    if kind == LedgerKind::Digest {
        let told = cells
            .long("digest_start_time", row)
            .zip(cells.long("digest_end_time", row));
        object.hour = told.or_else(|| object.delivery_time.map(|end| (end - HOUR, end)));
        object.signature = cells.text("digest_signature", row);
        if window.holds_digest(&object) {
            object.content = cells.text("digest_content", row);
        }
    }
    Some(object)
}

impl DeliveryWindow {
    fn holds_place(&self, object: &Object) -> bool {
        let is_in = |chosen: &BTreeSet<String>, value: &Option<String>| {
            chosen.is_empty() || value.as_ref().is_some_and(|value| chosen.contains(value))
        };
        is_in(&self.accounts, &object.account_id) && is_in(&self.regions, &object.region)
    }

    fn is_whole(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }

    /// Whether a log is to be judged.
    pub(super) fn holds_log(&self, object: &Object) -> bool {
        self.holds_time(object.delivery_time)
    }

    /// Whether something delivered then is in the window; what has no time is only in one without bounds.
    pub(super) fn holds_time(&self, time: Option<i64>) -> bool {
        self.is_whole()
            || time.is_some_and(|time| {
                self.from.is_none_or(|from| from <= time)
                    && self.until.is_none_or(|until| time < until)
            })
    }

    /// Whether a digest is to be judged: its hour has a part in the window.
    pub(super) fn holds_digest(&self, object: &Object) -> bool {
        self.is_whole()
            || object.hour.is_some_and(|(start, end)| {
                self.from.is_none_or(|from| from < end)
                    && self.until.is_none_or(|until| start < until)
            })
    }
}

impl Object {
    /// The hash in the ledger, or that of an earlier verification of the same object.
    pub(super) fn known_sha256<'a>(&'a self, priors: &'a Priors) -> Option<&'a str> {
        self.sha256.as_deref().or_else(|| {
            let prior = priors.get(&self.location)?;
            let is_same = prior.binding.is_same(&self.binding);
            prior.sha256.as_deref().filter(|_| is_same)
        })
    }

    /// As what it is read again.
    pub(super) fn to_source(&self) -> SourceObject {
        SourceObject {
            location: self.location.clone(),
            at: at(&self.location),
            size_bytes: self
                .binding
                .size_bytes
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or(0),
            modified_at: self.binding.modified_at,
            etag: self.binding.etag.clone(),
            storage_class: self.storage_class.clone(),
            fault: None,
        }
    }
}
