//! What a run did, in numbers.

use serde::Serialize;

/// An object that could not be taken in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The object.
    pub location: String,
    /// `damaged`, `rejected` or `unreadable`.
    pub state: String,
    /// Why, as a short code.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// Whether an earlier run found the same.
    pub is_known: bool,
}

/// A roll-up that could not be brought up to date with the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollupBehind {
    /// Its table.
    pub table: String,
    /// Why, in words.
    pub message: String,
}

/// The numbers of a run: records = `not_wanted` + `rejected` + `expired` + `duplicates` +
/// `rows_written`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The run.
    pub run_id: String,
    /// Objects listed.
    pub objects_seen: u64,
    /// New and changed objects among them, which were to be read.
    pub objects_planned: u64,
    /// Of these, objects not read, since the run was asked to end.
    pub objects_left: u64,
    /// Objects read in this run.
    pub objects_new: u64,
    /// Objects not read again.
    pub objects_known: u64,
    /// Objects of this run that could not be taken in full.
    pub objects_rejected: u64,
    /// Objects that an earlier run could not take in full, not read again.
    pub objects_rejected_known: u64,
    /// Objects whose storage class needs a restore before they can be read.
    pub objects_archived: u64,
    /// Objects of other services, by name or by content; a folder that was not listed counts as one.
    pub objects_foreign: u64,
    /// One of them.
    pub foreign_example: Option<String>,
    /// Objects and folders of a bucket outside of what the options ask for.
    pub left_out: u64,
    /// One of them.
    pub left_out_example: Option<String>,
    /// Days of a bucket that were listed in full before, and not again.
    pub days_settled: u64,
    /// Files skipped for their names.
    pub files_ignored: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// Bytes of JSON.
    pub json_bytes: u64,
    /// Records read, those of insight and aggregated objects among them.
    pub records: u64,
    /// KMS events among them.
    pub kms_records: u64,
    /// Events for `trail_events` among them.
    pub trail_records: u64,
    /// Records of no concern.
    pub not_wanted: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Records older than the retention horizon.
    pub expired: u64,
    /// Wanted records that were there already.
    pub duplicates: u64,
    /// Rows written to `kms_events` and `trail_events`.
    pub rows_written: u64,
    /// The objects that could not be taken in full, and paths that could not be listed.
    pub rejects: Vec<Rejected>,
    /// The roll-ups that lack events which are stored.
    pub rollups_behind: Vec<RollupBehind>,
}

impl Summary {
    /// Whether something new or changed could not be ingested.
    #[must_use]
    pub fn has_new_rejects(&self) -> bool {
        self.rejects.iter().any(|reject| !reject.is_known)
    }

    /// Whether all that was looked at is foreign.
    #[must_use]
    pub fn has_found_nothing(&self) -> bool {
        let found = self.objects_new + self.objects_known + self.objects_archived;
        found + self.days_settled == 0 && self.rejects.is_empty()
    }

    /// Whether there is something to see to: new rejects, or a roll-up that failed.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.has_new_rejects() || !self.rollups_behind.is_empty()
    }

    /// Whether the run was asked to end before it had read everything.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.objects_left > 0
    }

    /// Counts an object of another service.
    pub(super) fn add_foreign(&mut self, location: &str) {
        self.objects_foreign += 1;
        self.foreign_example
            .get_or_insert_with(|| location.to_owned());
    }

    /// Whether every record is accounted for.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.records
            == self.not_wanted + self.rejected + self.expired + self.duplicates + self.rows_written
    }
}
