//! Where the bytes of log objects come from.
//!
//! Enters: paths. Leaves: a list of objects with size and time, and what their paths say of them.
//! Nothing here knows what is inside an object.

mod directory;
mod path;

pub use directory::{Listing, SourceObject, list};
pub use path::PathFacts;
