//! What can go wrong with a queue.

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata, SdkError};
use thiserror::Error;

use crate::aws::{Attempt, Meaning, OPTIONS, Refusal};

/// An error of a queue.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The URL is none of a queue.
    #[error(
        "`{url}` is not the URL of a queue\n\nhint: `aws sqs get-queue-url --queue-name NAME` prints it, as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
    )]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// The queue refused, or could not be reached.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A request could not be made.
    #[error("a request to the queue cannot be made")]
    Request(#[from] BuildError),
}

/// What is done with messages, and the permission that it takes.
type Deed = (&'static str, &'static str);

pub(super) const RECEIVE: Deed = ("cannot receive messages of", "sqs:ReceiveMessage");
pub(super) const DELETE: Deed = ("cannot delete messages of", "sqs:DeleteMessage");
pub(super) const EXTEND: Deed = (
    "cannot keep other consumers from messages of",
    "sqs:ChangeMessageVisibility",
);

/// A call about messages of a queue failed.
pub(super) fn refused<E>(
    (what, action): Deed,
    url: &str,
    error: &SdkError<E, HttpResponse>,
) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let attempt = Attempt {
        what: &format!("{what} `{url}`"),
        action: Some(action),
        allow: "allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue, and kms:Decrypt on \
                the key of an encrypted one",
        absent: Meaning::NoQueue,
        options: &OPTIONS,
    };
    Refusal::of(error, &attempt).into()
}
