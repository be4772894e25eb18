//! The query files: headers, dependencies, scopes, and what a user's directory adds.
//!
//! Enters: the files under `queries/`, compiled in, and texts of a user's own. Leaves: a [`Library`] of [`Query`]s, and
//! statements put together from them. Nothing here runs a statement, and nothing knows a store.

mod columns;
mod error;
mod file;
mod header;
mod item;
mod layer;
mod library;
mod macros;
mod nearest;
mod note;
mod order;
mod own;
mod parts;
mod relation;
mod scope;
mod tokens;

pub use columns::ColumnFault;
pub use error::CatalogError;
pub(crate) use error::{hint, printable};
pub use header::{Parameter, ParameterKind, Query};
pub use layer::{LAYERS, view_at};
pub use library::Library;
pub(crate) use nearest::nearest;
pub use note::{NOTE_CODES, Note};
pub(crate) use note::{code_fault, codes_in};
pub use relation::{NEW_EVENTS, Relation, stacked, unstacked};
pub(crate) use scope::{Origin, Scoped};
