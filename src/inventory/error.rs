//! What can go wrong with descriptions of accounts and trails.

use std::fmt::Write as _;

use crate::aws::Refusal;
use crate::store::StoreError;

/// The most faults of one list that are shown.
const FAULTS_SHOWN_MAX: usize = 20;

/// Why a list was not taken; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The list is not as it must be.
    #[error("{}", told(.0))]
    List(Vec<String>),
    /// An answer of AWS in a file is none, or does not tell what it is about.
    #[error("`{path}` is not taken: {problem}")]
    Document {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// AWS did not answer.
    #[error(
        "aws does not answer {operation}: {message}\n\nhint: check the network, `--endpoint-url` and `--region`; credentials come from the environment, SSO, a container or an instance, or from the profile that `--profile` names"
    )]
    Aws {
        /// The service and the operation.
        operation: String,
        /// Why.
        message: String,
    },
    /// AWS does not say whose credentials these are.
    #[error(transparent)]
    Identity(#[from] Refusal),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows do not fit the table.
    #[error("cannot build rows")]
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
