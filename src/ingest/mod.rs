//! From a list of objects to rows in the store: each object decoded once, each event kept once; and the
//! rows' way out, when the user's retention gives them up.
//!
//! Enters: a listing, a store, the queries of the roll-ups. Leaves: commits, in the order events,
//! roll-ups, ledger, and a [`Summary`]. Decoding runs on threads of its own; commits are serial.
//!
//! **Architecture invariant:** the ledger is committed last, so it never claims what the other tables
//! do not hold; nothing is skipped for its place in an order, so a run that was cut off is simply run
//! again. That it was cut off is known: a run is recorded before its first row, and again at its end.

mod batch;
mod error;
mod foreign;
mod forget;
mod ledger;
mod listed;
mod object;
mod options;
mod plan;
mod retain;
mod rollups;
mod run;
mod runs;
mod settle;
mod summary;
mod unfinished;
mod workers;

pub use error::IngestError;
pub use foreign::strangers;
pub use forget::{Forgotten, NotForgotten, forget, unread};
pub use listed::Listed;
pub use options::{Hashing, Progress, RunOptions};
pub use retain::{Retain, Retained, Span, retain};
pub use run::run;
pub use settle::{Settle, Settled, settle};
pub use summary::{Rejected, RollupBehind, Summary};
pub use unfinished::{Unfinished, unfinished};
