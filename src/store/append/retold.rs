//! Events of which the store gets another record with the same id.
//!
//! Enters: new rows, and the rows that a table has under their ids. Leaves: for each row what it is to those. One event
//! may come in several packings: without its nulls, with booleans as text, with members that a pipeline added. Then
//! its records differ, and tell one call. Records that differ in what decides an answer are different calls: a forged
//! one must not hide a real one.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};

/// What decides an answer: whose call, of what, on which key and resource, when, and what became of it. The view
/// `replacements` parts records by the same columns.
pub(in crate::store) const DECISIVE: [&str; 16] = [
    "event_id",
    "recipient_account_id",
    "event_time",
    "event_name",
    "event_type",
    "region",
    "caller",
    "invoked_by",
    "key_arn",
    "key_as_typed",
    "destination_key_arn",
    "destination_key_as_typed",
    "outcome",
    "is_dry_run",
    "resource_list",
    "is_correction",
];

/// What a record is to those that are known under its id and account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retold {
    /// There is none.
    #[default]
    No,
    /// One of them is about the same call.
    SameCall,
    /// All of them tell other calls.
    OtherCall,
}

/// A number for an event id.
pub(in crate::store) fn id_bits(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// The numbers of the ids of some rows, in order.
pub(in crate::store) fn ids(rows: &RecordBatch) -> Vec<u64> {
    texts(rows, "event_id").map_or_else(Vec::new, |ids| {
        ids.iter()
            .map(|id| id_bits(id.unwrap_or_default()))
            .collect()
    })
}

/// The rows whose ids are among these.
pub(in crate::store) fn of_ids(
    rows: &RecordBatch,
    wanted: &HashSet<u64>,
) -> Result<RecordBatch, ArrowError> {
    let is_wanted: Vec<bool> = ids(rows).iter().map(|id| wanted.contains(id)).collect();
    filter_record_batch(rows, &BooleanArray::from(is_wanted))
}

/// What is known under some ids.
pub(in crate::store) struct KnownEvent {
    converter: RowConverter,
    calls: HashMap<String, Vec<OwnedRow>>,
}

impl KnownEvent {
    /// Nothing yet; the rows to come have the columns of these.
    pub(in crate::store) fn new(rows: &RecordBatch) -> Result<Self, ArrowError> {
        let fields = columns(rows)?.into_iter();
        let fields = fields.map(|column| SortField::new(column.data_type().clone()));
        Ok(Self {
            converter: RowConverter::new(fields.collect())?,
            calls: HashMap::new(),
        })
    }

    /// Adds the rows that `is_meant` names, in order, and answers what each was to those before it.
    pub(in crate::store) fn add(
        &mut self,
        rows: &RecordBatch,
        is_meant: impl Fn(usize) -> bool,
    ) -> Result<Vec<Retold>, ArrowError> {
        let facts = self.converter.convert_columns(&columns(rows)?)?;
        let (Some(ids), Some(accounts)) =
            (texts(rows, "event_id"), texts(rows, "recipient_account_id"))
        else {
            return Ok(Vec::new());
        };
        let is_correction = rows["is_correction"].as_boolean();
        let mut told = vec![Retold::No; rows.num_rows()];
        for (row, told) in told.iter_mut().enumerate() {
            if !is_meant(row) {
                continue;
            }
            let account = accounts.is_valid(row).then(|| accounts.value(row));
            let key = format!("{} {}", account.unwrap_or_default(), ids.value(row));
            let known = self.calls.entry(key).or_default();
            let call = facts.row(row);
            let is_known = known.iter().any(|known| known.row() == call);
            // A correction is parted from others of the same record by itself.
            *told = match (known.is_empty() || is_correction.value(row), is_known) {
                (true, _) => Retold::No,
                (false, true) => Retold::SameCall,
                (false, false) => Retold::OtherCall,
            };
            if !is_known {
                known.push(call.owned());
            }
        }
        Ok(told)
    }
}

fn columns(rows: &RecordBatch) -> Result<Vec<arrow::array::ArrayRef>, ArrowError> {
    let schema = rows.schema();
    DECISIVE
        .iter()
        .map(|name| Ok(rows.column(schema.index_of(name)?).clone()))
        .collect()
}

fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt::<i32>()
}
