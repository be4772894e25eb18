//! The named questions: query files, their parameters, and how they are run.
//!
//! Enters: the files under `queries/` and a [`sql::Session`](crate::sql::Session) in which the tables
//! and views stand. Leaves: an [`Outcome`] whose rows stream. A report is a query file whose rows are
//! rendered; nothing here renders, prints, or reads the clock or the environment, and nothing
//! knows how a table is kept. What a user typed reaches SQL only as a bound parameter.

mod bind;
mod check;
mod deleted;
mod error;
mod explain;
mod filter;
mod key;
mod logs;
mod names;
mod notes;
mod pages;
mod placeholder;
mod reads;
mod run;
mod values;
mod window;

#[cfg(test)]
mod tests;

pub use bind::Request;
pub use check::{check, column_faults, statement_fault};
pub use error::ReportError;
pub(crate) use error::option;
pub use explain::{Explained, explain};
pub use filter::{Filters, account_names};
pub use key::{KeyDirectory, KeyScope, ResolvedKey, resolve_key};
pub use logs::LogPeriod;
pub(crate) use pages::{ADDED_COLUMNS, described, typed};
pub use pages::{reports_page, views_page};
pub use run::{Caveats, Outcome, run};
pub use window::{Placement, Window};
