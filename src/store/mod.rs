//! The tables, kept as Delta Lake.
//!
//! Enters: record batches. Leaves: commits that happen exactly once, and pinned snapshots to read.
//!
//! **Architecture invariant:** this is the only code that names Delta, and it calls neither its
//! UPDATE, DELETE, MERGE nor its `optimize`. Tables only grow, but for what the user's own retention
//! gives up; a commit to an event table carries the application transaction `ingest`, so that two writers
//! who de-duplicated against the same snapshot never both succeed.

mod bucket;
mod cells;
mod commit;
mod compact;
mod dedupe;
mod encode;
mod error;
mod expire;
mod files;
mod log;
mod place;
mod provider;
mod retention;
mod retold;
mod rewrite;
mod stamp;
mod sums;
mod sync;
mod table;
mod tiers;
mod vacuum;

pub use bucket::{Clock, Refusal};
pub use cells::rows;
pub use commit::{Appended, Rows, Transaction};
pub use compact::{Compacted, Compaction};
pub use dedupe::SeenEvents;
pub use error::StoreError;
pub use expire::Expired;
pub use files::{DataFile, look_up, read_columns, read_texts};
pub use place::Place;
pub use provider::SnapshotProvider;
pub use retention::{Hold, KEPT_OPERATIONS, Retention};
pub use retold::Retold;
pub use stamp::{Stamp, stamp};
pub use sync::DurableFileSystem;
pub use table::{Pins, Snapshot, Store};
pub use vacuum::Vacuumed;

/// The application transaction of commits to the event tables.
pub const INGEST: &str = "ingest";
/// The application transaction of commits to the roll-ups: the `ingest` commit counted last.
pub const ROLLUP: &str = "rollup";
/// The application transaction of commits that remove rows beyond the horizon: the `ingest` commit that
/// the roll-ups had counted last before it.
const RETAIN: &str = "retain";
/// The application transaction of compactions, which exclude each other by it.
const COMPACT: &str = "compact";
