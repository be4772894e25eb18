//! The SDK's chain of credentials (environment, profile, SSO, web identity, containers, instances, roles)
//! for the object store.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use object_store::aws::AwsCredential;
use object_store::{CredentialProvider, Result};
use tokio::sync::Mutex;

use super::Clock;
use super::refusal::no_credentials;
use crate::aws::{Access, causes};

/// Credentials are asked for anew so long before they expire: a request that is tried again goes on with
/// those that it began with.
const RENEWED_BEFORE_MICROS: i64 = 5 * 60 * 1_000_000;

/// The chain, and what it answered last.
#[derive(Debug)]
pub(super) struct CredentialChain {
    provider: Option<SharedCredentialsProvider>,
    /// The bucket that they are for.
    bucket: String,
    /// The profile that they are to come from, if one was named.
    profile: Option<String>,
    clock: Clock,
    latest: Mutex<Option<Latest>>,
}

#[derive(Debug)]
struct Latest {
    credential: Arc<AwsCredential>,
    /// In microseconds; without it they stay.
    expires_at: Option<i64>,
}

impl CredentialChain {
    pub(super) fn new(config: &SdkConfig, bucket: &str, access: &Access, clock: Clock) -> Self {
        Self {
            provider: config.credentials_provider(),
            bucket: bucket.to_owned(),
            profile: access.profile.clone(),
            clock,
            latest: Mutex::default(),
        }
    }

    /// That there are none; the SDK does not always name the profile.
    fn lacks(&self, reason: &str) -> object_store::Error {
        match &self.profile {
            Some(profile) => {
                no_credentials(&self.bucket, &format!("profile `{profile}`: {reason}"))
            }
            None => no_credentials(&self.bucket, reason),
        }
    }
}

#[async_trait]
impl CredentialProvider for CredentialChain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> Result<Arc<AwsCredential>> {
        // Held while the chain is asked, so that it is asked once and not by every request at once.
        let mut latest = self.latest.lock().await;
        if let Some(known) = latest.as_ref()
            && known
                .expires_at
                .is_none_or(|expires_at| (self.clock)() < expires_at - RENEWED_BEFORE_MICROS)
        {
            return Ok(known.credential.clone());
        }
        let Some(provider) = &self.provider else {
            return Err(self.lacks("there is no provider of them"));
        };
        let answered = match provider.provide_credentials().await {
            Ok(answered) => answered,
            Err(error) => {
                let reason = chain_text(&error);
                return Err(self.lacks(&reason));
            }
        };
        let credential = Arc::new(AwsCredential {
            key_id: answered.access_key_id().to_owned(),
            secret_key: answered.secret_access_key().to_owned(),
            token: answered.session_token().map(str::to_owned),
        });
        let expires_at = answered
            .expiry()
            .and_then(|expiry| expiry.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_micros()).ok());
        *latest = Some(Latest {
            credential: credential.clone(),
            expires_at,
        });
        Ok(credential)
    }
}

/// An error with its causes, the first line of each.
fn chain_text(error: &(dyn std::error::Error + 'static)) -> String {
    let first = |error: &(dyn std::error::Error + 'static)| {
        let said = error.to_string();
        // The default chain goes on with each provider that it tried.
        let line = said.lines().next().unwrap_or_default();
        line.trim_end_matches(". Attempted:").to_owned()
    };
    // The first says no more than that there is a cause.
    let is_alone = error.source().is_none();
    let mut text = String::new();
    for cause in causes(error).skip(usize::from(!is_alone)) {
        let said = first(cause);
        if text.is_empty() {
            text = said;
        } else if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
    }
    text
}
