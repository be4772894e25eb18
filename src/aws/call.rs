//! Calls of services of which one or two operations are needed, made of the same parts as the SDK's own clients.
//!
//! Enters: a service, a region, an operation and its input as JSON. Leaves: the answer as JSON, or a [`CallError`].
//! Credentials, signatures, retries and timeouts are those of the SDK.

use std::fmt;

use aws_config::{Region, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{
    DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor,
};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::endpoint::{
    EndpointFuture, EndpointResolverParams, ResolveEndpoint,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{FrozenLayer, Layer};
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use serde_json::Value;

use super::agent::UserAgent;
use super::contact::Contact;
use super::endpoint::{self, Configured, Service};
use super::logged::CallLog;
use crate::decode::parse_json;

/// Why there is no answer.
pub type CallError = SdkError<ErrorAnswer, HttpResponse>;

/// A service, ready to be called for one region.
#[derive(Debug)]
pub struct Api(Operation<ApiRequest, Value, ErrorAnswer>);

#[derive(Debug)]
struct ApiRequest {
    operation: &'static str,
    input: String,
}

impl Api {
    /// Nothing is asked of AWS yet.
    #[must_use]
    pub fn new(service: &'static Service, config: &SdkConfig, region: &str) -> Self {
        let url = configured_url(service, config);
        let endpoint = endpoint::endpoint(
            service,
            region,
            Configured {
                url: url.as_deref(),
                is_fips: config.use_fips().unwrap_or(false),
                is_dual_stack: config.use_dual_stack().unwrap_or(false),
            },
        );
        let signing_region = match &endpoint {
            Ok(endpoint) => &endpoint.signing_region,
            Err(_refused_when_called) => region,
        };
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(service, config, signing_region))
            .with_runtime_components(components(config, ResolvedEndpoint(endpoint)));
        let mut operation = Operation::builder()
            // Retries of one service and region share a budget.
            .service_name(format!("{}-{region}", service.name))
            .operation_name("call")
            .serializer(move |request: ApiRequest| serialize(service, request))
            .deserializer(deserialize)
            .runtime_plugin(plugin);
        if let Some(version) = config.behavior_version() {
            operation = operation.behavior_version(version);
        }
        Self(operation.build())
    }

    /// Calls an operation.
    ///
    /// # Errors
    /// [`SdkError::ServiceError`] if the service refuses; any other if it does not answer.
    pub async fn call(&self, operation: &'static str, input: &Value) -> Result<Value, CallError> {
        let input = input.to_string();
        self.0.invoke(ApiRequest { operation, input }).await
    }

    /// Calls an operation for all pages of a list; `items` is the member of the answer that has them.
    ///
    /// # Errors
    /// As for [`Api::call`], whichever page it is.
    pub async fn list(
        &self,
        operation: &'static str,
        mut input: Value,
        items: &str,
    ) -> Result<Vec<Value>, CallError> {
        let mut listed = Vec::new();
        loop {
            let mut page = self.call(operation, &input).await?;
            if let Some(Value::Array(items)) = page.get_mut(items).map(Value::take) {
                listed.extend(items);
            }
            let token = page["NextToken"].as_str().unwrap_or_default();
            if token.is_empty() {
                return Ok(listed);
            }
            if input["NextToken"] == token {
                let problem = "the answer names its own page as the next one";
                return Err(SdkError::construction_failure(problem));
            }
            input["NextToken"] = token.into();
        }
    }
}

/// Another server than the service's own, named for all services or for this one.
fn configured_url(service: &Service, config: &SdkConfig) -> Option<String> {
    let general = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return general;
    }
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = |services: &dyn LoadServiceConfig| services.load_config(key);
    config.service_config().and_then(own).or(general)
}

fn settings(service: &Service, config: &SdkConfig, signing_region: &str) -> FrozenLayer {
    let mut settings = Layer::new("keytrail");
    settings.store_put(AuthSchemeOptionResolverParams::new(()));
    settings.store_put(EndpointResolverParams::new(()));
    settings.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(signing_region.to_owned()))),
        name: Some(SigningName::from_static(service.name)),
        ..SigV4OperationSigningConfig::default()
    });
    settings.store_put(ApiMetadata::new(service.name, env!("CARGO_PKG_VERSION")));
    if let Some(name) = config.app_name() {
        settings.store_put(name.clone());
    }
    if let Some(retries) = config.retry_config() {
        settings.store_put(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        settings.store_put(timeouts.clone());
    }
    if let Some(protection) = config.stalled_stream_protection() {
        settings.store_put(protection);
    }
    if let Some(is_disabled) = config.disable_clock_skew_correction() {
        settings.store_put(DisableClockSkewCorrection::from(is_disabled));
    }
    settings.freeze()
}

fn components(config: &SdkConfig, endpoint: ResolvedEndpoint) -> RuntimeComponentsBuilder {
    let contact = Contact::default();
    let mut components = RuntimeComponentsBuilder::new("keytrail")
        .with_http_client(config.http_client())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source())
        .with_identity_cache(config.identity_cache())
        .with_endpoint_resolver(Some(endpoint))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
            sigv4::SCHEME_ID,
        ])))
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(StalledStreamProtectionInterceptor::default())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(RecursionDetectionInterceptor::new())
        .with_interceptor(UserAgent)
        .with_interceptor(CallLog)
        .with_interceptor(contact.clone())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(TransientErrorClassifier::<ErrorAnswer>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<ErrorAnswer>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<ErrorAnswer>::new())
        .with_retry_classifier(contact);
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
    }
    components
}

/// The endpoint, or why there is none, which every call says.
#[derive(Debug)]
struct ResolvedEndpoint(Result<endpoint::Endpoint, String>);

impl ResolveEndpoint for ResolvedEndpoint {
    fn resolve_endpoint<'a>(&'a self, _params: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(match &self.0 {
            Ok(endpoint) => Ok(Endpoint::builder().url(endpoint.url.clone()).build()),
            Err(problem) => Err(problem.clone().into()),
        })
    }
}

fn serialize(service: &Service, request: ApiRequest) -> Result<HttpRequest, BoxError> {
    let ApiRequest { operation, input } = request;
    let length = input.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(input));
    request.set_method("POST")?;
    let headers = request.headers_mut();
    headers.try_insert("content-length", length)?;
    if let Some(target) = service.target {
        headers.try_insert("content-type", "application/x-amz-json-1.1")?;
        headers.try_insert("x-amz-target", format!("{target}.{operation}"))?;
        request.set_uri("/")?;
    } else {
        headers.try_insert("content-type", "application/json")?;
        let (first, rest) = operation.split_at(1);
        request.set_uri(format!("/{}{rest}", first.to_ascii_lowercase()))?;
    }
    Ok(request)
}

fn deserialize(response: &HttpResponse) -> Result<Value, OrchestratorError<ErrorAnswer>> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        let header = response.headers().get("x-amzn-errortype");
        let refusal = ErrorAnswer::read(response.status().as_u16(), header, body);
        return Err(OrchestratorError::operation(refusal));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    parse_json(body).map_err(|error| {
        OrchestratorError::response(format!("the answer is not JSON: {error}").into())
    })
}

/// What a service says when it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    status: u16,
    metadata: ErrorMetadata,
}

impl ErrorAnswer {
    /// The code is in the body or in a header, perhaps with a namespace before it and a URL after it. A body that is not
    /// the service's own, such as that of a proxy, has none.
    fn read(status: u16, header: Option<&str>, body: &[u8]) -> Self {
        let body: Value = parse_json(body).unwrap_or_default();
        let text = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str());
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = header.or_else(|| text(&["code", "__type"])) {
            let code = code.split(':').next().unwrap_or_default();
            metadata = metadata.code(code.split_once('#').map_or(code, |(_, code)| code));
        }
        if let Some(message) = text(&["message", "Message", "errorMessage"]) {
            metadata = metadata.message(message);
        }
        Self {
            status,
            metadata: metadata.build(),
        }
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message(), self.code()) {
            (Some(message), Some(code)) => write!(f, "{message} ({code})"),
            (Some(said), None) | (None, Some(said)) => f.write_str(said),
            (None, None) => write!(f, "HTTP status {}", self.status),
        }
    }
}

impl std::error::Error for ErrorAnswer {}

impl ProvideErrorMetadata for ErrorAnswer {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

#[cfg(test)]
mod tests;
