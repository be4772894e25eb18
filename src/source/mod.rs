//! Where the bytes of log objects come from.
//!
//! Enters: paths, or buckets. Leaves: a list of objects with size and time, what their paths say of them, and their
//! bytes. Nothing here knows what is inside an object.

mod directory;
mod encoded;
mod ending;
mod input;
mod listing;
mod object;
mod path;
pub mod queue;
mod s3;
mod signature;

pub use directory::{Files, list};
pub use input::RunInput;
pub use listing::{Failed, ListedDay, Listing, NamedInput, Skipped, Why};
pub use object::{At, Opened, ReadFault, Signature, SourceObject};
pub use path::{PathFacts, Writer, is_log_key};
pub use s3::{BucketAddress, BucketError, IsDue, Narrowed, S3};
pub use signature::signature_path;

/// Where objects are read from; called from many threads at once.
pub trait Source: Sync {
    /// Begins to read an object.
    ///
    /// # Errors
    /// If it cannot be read. A read that breaks later fails in the reader.
    fn open(&self, object: &SourceObject) -> Result<Opened, ReadFault>;

    /// A run begins, and will fetch ahead.
    fn begin(&self) {}

    /// Fetches objects ahead, in the order in which they will be opened; called once a run, on a thread of its
    /// own. Returns when all are under way, or the run has ended.
    fn fetch_ahead(&self, _objects: &mut dyn Iterator<Item = &SourceObject>) {}

    /// The run has ended: what was fetched ahead is not wanted any more.
    fn end(&self) {}
}
