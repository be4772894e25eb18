//! What can go wrong with a list of accounts.

use std::fmt::Write as _;

use crate::store::StoreError;

/// The most faults of one list that are told.
const FAULTS_SHOWN_MAX: usize = 20;

/// Why a list was not taken; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The list is not as it must be.
    #[error("{}", told(.0))]
    List(Vec<String>),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows do not fit the table.
    #[error("cannot make rows of `accounts`")]
    Arrow(#[from] arrow::error::ArrowError),
}

fn told(faults: &[String]) -> String {
    let mut text = "the list of accounts is not taken".to_owned();
    for fault in faults.iter().take(FAULTS_SHOWN_MAX) {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\n  {fault}");
    }
    if faults.len() > FAULTS_SHOWN_MAX {
        let _infallible = write!(text, "\n  and {} more", faults.len() - FAULTS_SHOWN_MAX);
    }
    text
}
