//! What is told of accounts from outside of the logs.
//!
//! Enters: a list of accounts as CSV. Leaves: a dated snapshot in the table `accounts`, of which the newest
//! counts; earlier ones stay.

mod accounts;
mod error;
mod import;

pub use accounts::{Account, AccountList};
pub use error::InventoryError;
pub use import::{Import, import_accounts};
