//! How AWS is reached: credentials, region, endpoint.
//!
//! Enters: what the user chose. Leaves: a configuration that every client of the SDK is made from, with the
//! standard chain of credentials (environment, profile, SSO, web identity, containers, instances) behind it.
//! Services of which little is needed have an [`Api`] instead of a client of the SDK. Nothing here knows what a service is
//! asked for.

mod agent;
mod call;
mod cause;
mod contact;
mod endpoint;
mod logged;
mod profile;
mod refusal;

pub use agent::UserAgent;
pub use call::{Api, CallError, ErrorAnswer};
pub(crate) use cause::causes;
pub use cause::in_short;
pub use contact::Contact;
pub use endpoint::{ACCOUNT, CLOUDTRAIL, ORGANIZATIONS, Service};
pub use logged::CallLog;
pub use refusal::{AccessOptions, Attempt, Meaning, OPTIONS, Refusal, Reply};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use profile::ChosenProfile;

/// The configuration of a client of a service's SDK: every call carries keytrail's name and is logged, and a server
/// that never answered is given up soon.
macro_rules! client_config {
    ($sdk:ident, $config:expr) => {{
        let contact = $crate::aws::Contact::default();
        $sdk::config::Builder::from($config)
            .interceptor($crate::aws::UserAgent)
            .interceptor($crate::aws::CallLog)
            .interceptor(contact.clone())
            .retry_classifier(contact)
    }};
}
pub(crate) use client_config;

/// The name under which a role's sessions are opened, and seen in CloudTrail.
const SESSION_NAME: &str = "keytrail";

/// How AWS is to be reached. What is not said is found as every tool of AWS finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The ARN of a role to assume.
    pub role_arn: Option<String>,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// Another server than AWS's own, as a URL.
    pub endpoint_url: Option<String>,
    /// Whether the bucket is in the path of a URL and not in the host's name.
    pub is_path_style: bool,
    /// Whether the requester pays for what is read.
    pub is_requester_paying: bool,
}

impl Access {
    /// The configuration for clients of the SDK. Nothing is asked of AWS before the first call needs it.
    pub async fn load(&self) -> SdkConfig {
        let mut config = self.loader().load().await;
        if let Some(profile) = &self.profile {
            // A profile that was asked for wins over credentials of the environment.
            let chosen = ChosenProfile::new(profile, config.region().cloned());
            let chosen = SharedCredentialsProvider::new(chosen);
            config = config.into_builder().credentials_provider(chosen).build();
        }
        let Some(role_arn) = &self.role_arn else {
            return config;
        };
        let mut role = AssumeRoleProvider::builder(role_arn)
            .session_name(SESSION_NAME)
            .configure(&config);
        if let Some(external_id) = &self.external_id {
            role = role.external_id(external_id);
        }
        let role = SharedCredentialsProvider::new(role.build().await);
        config.into_builder().credentials_provider(role).build()
    }

    fn loader(&self) -> aws_config::ConfigLoader {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint_url) = &self.endpoint_url {
            loader = loader.endpoint_url(endpoint_url);
        }
        loader
    }
}
