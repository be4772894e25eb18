//! Where the bytes of log objects come from.
//!
//! Enters: paths. Leaves: a list of objects with size and time, what their paths say of them, and their
//! bytes. Nothing here knows what is inside an object.

mod directory;
mod object;
mod path;
pub mod queue;

pub use directory::{Files, Listing, list};
pub use object::{At, Fault, Opened, Signature, SourceObject};
pub use path::PathFacts;

/// Where objects are read from; called from many threads at once.
pub trait Source: Sync {
    /// Begins to read an object.
    ///
    /// # Errors
    /// If it cannot be read. A read that breaks later fails in the reader.
    fn open(&self, object: &SourceObject) -> Result<Opened, Fault>;
}
