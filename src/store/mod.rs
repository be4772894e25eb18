//! The tables, kept as Delta Lake.
//!
//! Enters: record batches. Leaves: commits that happen exactly once, and pinned snapshots to read.
//!
//! **Architecture invariant:** this is the only code that names Delta, and it calls neither its
//! UPDATE, DELETE, MERGE nor its `optimize`. Tables only grow, but for what the user's own retention
//! gives up; a commit to an event table carries the application transaction `ingest`, so that two writers
//! who de-duplicated against the same snapshot never both succeed.

mod append;
mod compaction;
mod error;
mod place;
mod retention;
mod table;

pub use append::cells::rows;
pub use append::commit::{Appended, Attempts, CommitRows, Transaction};
pub use append::dedupe::SeenEvents;
pub use append::retold::Retold;
pub use append::run::RunRecord;
pub use append::stamp::{Stamp, stamp};
pub use compaction::compact::{Compacted, Compaction};
pub use compaction::days::{Days, Replaced};
pub use compaction::vacuum::Vacuumed;
pub use error::StoreError;
pub use place::Place;
pub use place::bucket::Clock;
pub use place::sync::DurableFileSystem;
pub use retention::expire::{CountedUpTo, Expired};
pub use retention::{Hold, KEPT_OPERATIONS, Retention};
pub use table::data_file::DataFile;
pub use table::files::{look_up, read_columns, read_texts};
pub use table::provider::SnapshotProvider;
pub use table::{Pins, Snapshot, Store};

/// The application transaction of commits to the event tables.
pub const INGEST: &str = "ingest";
/// The application transaction of commits to the roll-ups: the `ingest` commit counted last.
pub const ROLLUP: &str = "rollup";
/// The application transaction of commits that replace the facts of days, which exclude each other by it; in
/// `settlements`, the last of these whose names were checked (`checked`).
pub const SETTLE: &str = "settle";
/// The application transaction of `settlements`: the `ingest` commit up to which the names of all days were checked.
pub const CHECKED: &str = "checked";
/// The application transaction of commits that remove rows beyond the horizon: the `ingest` commit that
/// the roll-ups had counted last before it.
const RETAIN: &str = "retain";
/// The application transaction of the same commits: the first day, since 1970, that had no last settlement before it.
const LAST_SETTLED: &str = "last_settled";
/// The application transaction of compactions, which exclude each other by it.
const COMPACT: &str = "compact";
