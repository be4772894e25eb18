//! The credentials of a profile that was asked for by name.
//!
//! Enters: the profile. Leaves: its credentials, or that there are none, in words that name the profile and where it
//! was looked for: the SDK says of a profile that is not there no more than that a provider was not enabled.

use std::error::Error as _;

use aws_config::Region;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};

/// Where profiles are, as the SDK looks for them.
const FILES: &str = "~/.aws/config and ~/.aws/credentials, or the files that AWS_CONFIG_FILE and \
                     AWS_SHARED_CREDENTIALS_FILE name";

/// Asks the shared configuration for one profile.
#[derive(Debug)]
pub(super) struct ChosenProfile {
    name: String,
    files: ProfileFileCredentialsProvider,
}

impl ChosenProfile {
    pub(super) fn new(name: &str, region: Option<Region>) -> Self {
        let region = ProviderConfig::without_region().with_region(region);
        Self {
            name: name.to_owned(),
            files: ProfileFileCredentialsProvider::builder()
                .configure(&region)
                .profile_name(name)
                .build(),
        }
    }

    async fn ask(&self) -> Result {
        let answered = self.files.provide_credentials().await;
        answered.map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                let name = &self.name;
                let told = match error.source() {
                    Some(told) => told.to_string(),
                    None => format!("there is no profile `{name}` with credentials"),
                };
                CredentialsError::not_loaded(format!("{told} (looked for in {FILES})"))
            }
            other => other,
        })
    }
}

impl ProvideCredentials for ChosenProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}
