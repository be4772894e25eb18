//! What is known of accounts and trails from outside of the logs.
//!
//! Enters: a list of accounts as CSV; answers of AWS about trails, regions and members, asked for or from files.
//! Leaves: dated rows, of which the newest count; earlier ones stay.

mod accounts;
mod error;
mod import;
mod pull;
mod trails;
mod write;

pub use accounts::{Account, AccountList};
pub use error::InventoryError;
pub use import::{Import, import_accounts};
pub use pull::{Pulled, pull};
pub use trails::{Described, Document, OrganizationMember, TrailDescription};
pub use write::write_descriptions;
