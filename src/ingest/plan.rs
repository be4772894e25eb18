//! Which objects are to be read: what the ledger does not know, or knows as rejected for a reason that
//! may be gone.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, lit};

use super::error::IngestError;
use crate::decode::{DECODER_VERSION, Limits};
use crate::source::{ReadFault, SourceObject};
use crate::store::{Snapshot, look_up, read_columns};

/// What the ledger says of an object's latest attempt.
#[derive(Debug)]
struct LastAttempt {
    attempt: i64,
    size_bytes: i64,
    modified_at: Option<i64>,
    etag: Option<String>,
    /// Of the few that could not be read in full.
    failure: Option<Box<Failure>>,
}

/// Why an object could not be read in full.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    reject_limit: Option<String>,
    decoder_version: i32,
}

/// What is to be done with an object.
#[derive(Debug)]
pub(super) enum ObjectTask {
    /// Read it; the number of the attempt.
    Read { attempt: i64 },
    /// Read it again, though it has not changed: its last attempt could not be made.
    Retry { attempt: i64 },
    /// Leave it.
    Leave,
}

/// The latest attempts, by location.
#[derive(Debug, Default)]
pub(super) struct Ledger(HashMap<String, LastAttempt>);

const COLUMNS: [&str; 10] = [
    "location",
    "attempt",
    "state",
    "reason",
    "message",
    "size_bytes",
    "modified_at",
    "etag",
    "reject_limit",
    "decoder_version",
];

/// So few objects are looked up in the ledger by themselves, and not by reading all of it.
const LOOKED_UP_MAX: usize = 10_000;

impl Ledger {
    /// Reads what the ledger says of these objects, or of all where they are many.
    pub(super) async fn load(
        snapshot: Snapshot,
        objects: &[SourceObject],
    ) -> Result<Self, IngestError> {
        let mut known = HashMap::new();
        let each = |batch: RecordBatch| add(&mut known, &batch);
        if objects.len() <= LOOKED_UP_MAX {
            look_up(snapshot, &COLUMNS, those_of(objects), each).await?;
        } else {
            read_columns(snapshot, &COLUMNS, None, each).await?;
        }
        Ok(Self(known))
    }

    /// Why the latest attempt at an object could not read it in full.
    pub(super) fn failure(&self, location: &str) -> Option<&Failure> {
        self.0.get(location)?.failure.as_deref()
    }

    pub(super) fn task(&self, object: &SourceObject, limits: Limits) -> ObjectTask {
        let Some(known) = self.0.get(&object.location) else {
            return ObjectTask::Read { attempt: 1 };
        };
        let attempt = known.attempt + 1;
        // A restore, or a copy onto itself, gives the same content another time; the entity tag stays.
        let is_touched = match (&known.etag, &object.etag) {
            (Some(known), Some(now)) => known != now,
            _ => known.modified_at != object.modified_at,
        };
        let is_changed = u64::try_from(known.size_bytes) != Ok(object.size_bytes) || is_touched;
        match &known.failure {
            _ if is_changed => ObjectTask::Read { attempt },
            Some(failure) if failure.state == "forgotten" => ObjectTask::Read { attempt },
            Some(failure)
                if failure.decoder_version < DECODER_VERSION
                    || is_limit_changed(failure, limits) =>
            {
                ObjectTask::Read { attempt }
            }
            // What the listing says is archived needs no attempt.
            Some(failure) if failure.state == "archived" => match object.fault {
                Some(ReadFault::Archived(_)) => ObjectTask::Leave,
                _ => ObjectTask::Retry { attempt },
            },
            Some(failure) if failure.state == "unreadable" => ObjectTask::Retry { attempt },
            _ => ObjectTask::Leave,
        }
    }
}

/// The rows of some objects. Where all of them tell when they were delivered, so do their rows, and files of
/// other times are not opened.
fn those_of(objects: &[SourceObject]) -> Expr {
    let locations = objects.iter().map(|object| lit(object.location.as_str()));
    let named = col("location").in_list(locations.collect(), false);
    let bounds = |name: &str, low: ScalarValue, high: ScalarValue| {
        col(name).gt_eq(lit(low)).and(col(name).lt_eq(lit(high)))
    };
    let time = |micros| ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()));
    let times = objects.iter().map(|object| object.facts().delivery_time);
    let times: Option<Vec<i64>> = times.collect();
    let times = times.unwrap_or_default();
    let places = objects.iter().map(|object| object.location.as_str());
    let mut filter = named;
    if let (Some(low), Some(high)) = (places.clone().min(), places.max()) {
        filter = filter.and(bounds("location", low.into(), high.into()));
    }
    if let (Some(low), Some(high)) = (times.iter().min(), times.iter().max()) {
        let delivered = bounds("delivery_time", time(*low), time(*high));
        filter = filter.and(delivered.or(col("delivery_time").is_null()));
    }
    filter
}

/// Whether the limit that rejected an object now has another value.
fn is_limit_changed(failure: &Failure, limits: Limits) -> bool {
    let Some((name, value)) = failure
        .reject_limit
        .as_deref()
        .and_then(|limit| limit.split_once('='))
    else {
        return false;
    };
    let now = match name {
        "record_bytes_max" => limits.record_bytes_max.to_string(),
        "depth_max" => limits.depth_max.to_string(),
        "object_bytes_max" => limits.object_bytes_max.to_string(),
        "ratio_max" => limits.ratio_max.to_string(),
        _ => return false,
    };
    now != value
}

fn add(known: &mut HashMap<String, LastAttempt>, batch: &RecordBatch) {
    let columns: Vec<_> = COLUMNS
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .collect();
    let [
        location,
        attempt,
        state,
        reason,
        message,
        size,
        modified,
        etag,
        limit,
        version,
    ] = columns.as_slice()
    else {
        return;
    };
    let attempts = attempt.as_primitive::<Int64Type>();
    let sizes = size.as_primitive::<Int64Type>();
    let modified = modified.as_primitive::<TimestampMicrosecondType>();
    let versions = version.as_primitive::<Int32Type>();
    let locations = location.as_string::<i32>();
    let states = state.as_string::<i32>();
    known.reserve(batch.num_rows());
    for row in 0..batch.num_rows() {
        if locations.is_null(row) {
            continue;
        }
        let text = |column: &arrow::array::ArrayRef| {
            let column = column.as_string::<i32>();
            (!column.is_null(row)).then(|| column.value(row).to_owned())
        };
        let failure = (states.value(row) != "ok").then(|| {
            Box::new(Failure {
                state: states.value(row).to_owned(),
                reason: text(reason),
                message: text(message),
                reject_limit: text(limit),
                decoder_version: versions.value(row),
            })
        });
        let latest = LastAttempt {
            attempt: attempts.value(row),
            size_bytes: sizes.value(row),
            modified_at: (!modified.is_null(row)).then(|| modified.value(row)),
            etag: text(etag),
            failure,
        };
        match known.get_mut(locations.value(row)) {
            Some(known) if known.attempt > latest.attempt => {}
            Some(known) => *known = latest,
            None => {
                known.insert(locations.value(row).to_owned(), latest);
            }
        }
    }
}
