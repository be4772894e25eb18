//! What is logged of each attempt of a call, within the span of its caller: the request, and the answer.
//!
//! Of a request that is the method, the host and the path; of an answer its status, size and id. Other headers and the
//! query are left out: they carry signatures and tokens.

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use tracing::{Level, debug, enabled};
use url::Url;

use super::in_short;

/// Headers in which services say which request an answer is of.
const REQUEST_IDS: [&str; 2] = ["x-amz-request-id", "x-amzn-requestid"];

/// Logs each attempt of a call. It is to be among the interceptors of every client.
#[derive(Debug, Clone, Copy)]
pub struct CallLog;

impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "log"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if enabled!(Level::DEBUG) {
            let request = context.request();
            let url = Url::parse(request.uri()).ok();
            debug!(
                method = request.method(),
                host = url.as_ref().and_then(Url::host_str),
                path = url.as_ref().map(Url::path),
                attempt = request.headers().get("amz-sdk-request"),
                "request"
            );
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let headers = response.headers();
        debug!(
            status = response.status().as_u16(),
            bytes = headers.get("content-length"),
            request_id = REQUEST_IDS.iter().find_map(|name| headers.get(*name)),
            "answer"
        );
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = context.output_or_error().and_then(Result::err);
        if let Some(error) = failed.and_then(|error| error.as_connector_error()) {
            debug!(error = in_short(error), "no answer");
        }
        Ok(())
    }
}
