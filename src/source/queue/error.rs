//! What can go wrong with a queue.

use std::error::Error as StdError;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use thiserror::Error;

use crate::aws::innermost;

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
    #[error("{operation} messages of `{url}` failed: {said}{hint}")]
    Call {
        /// What was tried.
        operation: &'static str,
        /// The queue's URL.
        url: String,
        /// What the service says.
        said: String,
        /// What helps, after `\n\nhint: `, or nothing.
        hint: String,
    },
}

impl QueueError {
    pub(super) fn call<E>(operation: &'static str, url: &str, error: &E) -> Self
    where
        E: StdError + MaybeMetadata + 'static,
    {
        let code = error.told_code().unwrap_or_default();
        let said = match error.told_message() {
            Some(message) if !code.is_empty() => format!("{message} ({code})"),
            Some(message) => message.to_owned(),
            None => innermost(error).to_string(),
        };
        let hint = match code {
            "AccessDenied" | "AccessDeniedException" => {
                "it needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue, and kms:Decrypt on the key of an encrypted one"
            }
            "AWS.SimpleQueueService.NonExistentQueue" | "QueueDoesNotExist" => {
                "check the queue's URL, its region and its account"
            }
            "ExpiredToken" | "ExpiredTokenException" => "sign in again, as with `aws sso login`",
            "InvalidClientTokenId" | "SignatureDoesNotMatch" | "InvalidAccessKeyId" => {
                "`--profile` names other credentials than those of the environment"
            }
            "" if said.contains("credential") => {
                "credentials come from the environment, a profile, SSO, a container or an instance; `--profile` names a profile"
            }
            _ => "",
        };
        Self::Call {
            operation,
            url: url.to_owned(),
            said,
            hint: if hint.is_empty() {
                String::new()
            } else {
                format!("\n\nhint: {hint}")
            },
        }
    }
}

/// Errors that may carry a code and a message of the service.
pub(super) trait MaybeMetadata {
    fn told_code(&self) -> Option<&str>;
    fn told_message(&self) -> Option<&str>;
}

impl<E: ProvideErrorMetadata, R> MaybeMetadata for aws_sdk_sqs::error::SdkError<E, R> {
    fn told_code(&self) -> Option<&str> {
        self.code()
    }

    fn told_message(&self) -> Option<&str> {
        self.message()
    }
}

impl MaybeMetadata for aws_sdk_sqs::error::BuildError {
    fn told_code(&self) -> Option<&str> {
        None
    }

    fn told_message(&self) -> Option<&str> {
        None
    }
}
