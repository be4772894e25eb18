//! The name under which every call of ours is logged.
//!
//! Reading a log that is encrypted with KMS is itself a use of the trail's key, and logged again: the decoder
//! knows our own calls by this name. The SDK's own setting for a name forbids its slash.

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// What is put before the name that the SDK gives itself.
const NAME: &str = concat!("keytrail/", env!("CARGO_PKG_VERSION"));

/// Puts keytrail's name into the user agent of each request. It is to be among the interceptors of every
/// client.
#[derive(Debug, Clone, Copy)]
pub struct UserAgent;

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "keytrail"
    }

    // The user agent is not signed, so it may change until the request is sent.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let named = match headers.get("user-agent") {
            // An attempt after the first finds the name there.
            Some(agent) if agent.starts_with(NAME) => return Ok(()),
            Some(agent) => format!("{NAME} {agent}"),
            None => NAME.to_owned(),
        };
        headers.insert("user-agent", named);
        Ok(())
    }
}
