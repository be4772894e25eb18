//! Whether a server was ever reached: one that never was is given up soon, as its address is more likely wrong than
//! the network is. One that has answered is asked as often as its client is configured to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Connections to a server that never answered that may be refused.
const REFUSED_MAX: u32 = 2;

/// What is known of one server. It is to be among the interceptors and the classifiers of retries of a client.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    is_made: Arc<AtomicBool>,
    refused: Arc<AtomicU32>,
}

impl Contact {
    /// The server has answered.
    pub fn made(&self) {
        self.is_made.store(true, Ordering::Relaxed);
    }

    /// No connection came about; whether it is worth another attempt. One that took long is not, as a wait is what
    /// a connection is given time for.
    #[must_use]
    pub fn is_worth_another(&self, is_timeout: bool) -> bool {
        if self.is_made.load(Ordering::Relaxed) {
            return true;
        }
        let refused = 1 + self.refused.fetch_add(1, Ordering::Relaxed);
        !is_timeout && refused < REFUSED_MAX
    }
}

impl Intercept for Contact {
    fn name(&self) -> &'static str {
        "contact"
    }

    fn read_before_deserialization(
        &self,
        _context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.made();
        Ok(())
    }
}

impl ClassifyRetry for Contact {
    fn name(&self) -> &'static str {
        "contact"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let outcome = context.output_or_error();
        let connecting = match outcome {
            Some(Err(error)) => error.as_connector_error(),
            Some(Ok(_)) | None => None,
        };
        match connecting {
            Some(error) if !self.is_worth_another(error.is_timeout()) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Contact;

    #[test]
    fn a_server_that_never_answered_is_given_up_soon() {
        let contact = Contact::default();
        assert!(contact.is_worth_another(false));
        assert!(!contact.is_worth_another(false));
        assert!(!Contact::default().is_worth_another(true));
    }

    #[test]
    fn a_server_that_has_answered_is_asked_again() {
        let contact = Contact::default();
        contact.made();
        for _attempt in 0..10 {
            assert!(contact.is_worth_another(false));
            assert!(contact.is_worth_another(true));
        }
    }
}
