//! What a person, a timer or a socket can ask for: one file for each.
//!
//! Enters: plain options, and a [`Host`] with the clock and a sink. Leaves: an outcome that serde can write, and
//! [`ServiceEvent`]s through the sink while the work goes on. A store is asked through a [`Reader`], whose rows stream.
//!
//! **Architecture invariant:** nothing here prints, reads the environment or the clock, or knows how an outcome is
//! rendered.

mod archived;
mod check;
mod error;
mod forget;
mod host;
mod ingest;
mod inventory;
mod listing;
mod mistyped;
mod open;
mod options;
mod original;
mod queries;
mod queue;
mod reader;
mod report;
mod retain;
mod settle;
mod status;
mod upkeep;
mod verify;

pub use archived::{Archived, ArchivedClass};
pub use check::{QueryCheck, check_queries};
pub use error::ServiceError;
pub use forget::{ForgetOutcome, UnknownObject, forget};
pub use host::{Host, ServiceEvent};
pub use ingest::ingest;
pub use inventory::{
    AccountsImported, AnswerFile, TrailsImport, TrailsWritten, import_account_list, import_trails,
    pull_trails,
};
pub use open::StoreAt;
pub use options::{Decoding, IngestOptions};
pub use queries::Queries;
pub use queue::{QueueOptions, QueueOutcome, ingest_queue};
pub use reader::{Reader, file_locations};
pub use report::{Answer, Hole, Judgment, Question, ReportWarning, Requirement};
pub use retain::{RetainOptions, retain};
pub use settle::{SettledDays, settle};
pub use status::{LateDays, RunStatus, Status, StatusCount, StatusLine, TableStatus};
pub use upkeep::{UpkeepOutcome, VacuumOptions, compact, vacuum};
pub use verify::{Verification, VerifyOptions, verify};
