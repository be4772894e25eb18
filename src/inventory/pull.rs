//! What AWS itself says about trails, regions and members.
//!
//! Enters: how AWS is reached. Leaves: [`Described`], and what was refused, a line each: that stays unknown.

use std::collections::BTreeMap;

use aws_config::{Region, SdkConfig};
use aws_sdk_sts::Client as IdentityClient;
use aws_sdk_sts::error::{ProvideErrorMetadata as _, SdkError};
use serde_json::json;

use super::InventoryError;
use super::trails::{Described, OrganizationMember, region};
use crate::aws::{
    ACCOUNT, Api, Attempt, CLOUDTRAIL, CallError, Meaning, OPTIONS, ORGANIZATIONS, Refusal,
    Service, client_config, in_short,
};

/// The region that is asked if none is configured.
const DEFAULT_REGION: &str = "us-east-1";

/// The most objects that are named for a refused operation.
const REFUSED_SHOWN_MAX: usize = 5;

/// The answer of an account that is in no organization, which is no refusal.
const NO_ORGANIZATION: &str = "AWSOrganizationsNotInUseException";

/// What was asked, and what was refused.
#[derive(Debug, Default)]
pub struct Pulled {
    /// What was answered.
    pub told: Described,
    /// Whether the account itself was refused its trails or regions. An organization, its members and its trails are
    /// for few to see.
    pub is_lacking: bool,
    /// By operation and AWS' code: of which objects.
    refused: BTreeMap<(&'static str, String), Vec<String>>,
    /// Who asks.
    account: String,
}

/// Asks AWS for the trails of the account, for their selectors and status, for its enabled regions, and where it may for
/// the members of its organization and their regions.
///
/// # Errors
/// [`InventoryError::Identity`] where AWS does not say whose credentials these are, [`InventoryError::Aws`] where it
/// does not answer a later call.
pub async fn pull(config: &SdkConfig) -> Result<Pulled, InventoryError> {
    let configured = config.region().cloned();
    let configured = configured.unwrap_or_else(|| Region::new(DEFAULT_REGION));
    let config = &(config.to_builder()).region(configured.clone()).build();
    let mut pulled = Pulled {
        account: identity(config).await?,
        ..Pulled::default()
    };
    pulled.organization(config).await?;
    let account = pulled.account.clone();
    pulled.regions(config, &account).await?;
    let enabled = pulled.told.regions.get(&account);
    let enabled = enabled.into_iter().flatten();
    let mut regions: Vec<String> = enabled
        .filter(|(_, status)| status.as_str() != "DISABLED")
        .map(|(region, _)| region.clone())
        .collect();
    if regions.is_empty() {
        regions.push(configured.to_string());
    }
    for region in regions {
        pulled.descriptions(config, &region).await?;
    }
    let arns: Vec<String> = pulled.told.trails.keys().cloned().collect();
    for arn in arns {
        pulled.details(config, &arn).await?;
    }
    Ok(pulled)
}

/// The account whose credentials these are.
async fn identity(config: &SdkConfig) -> Result<String, InventoryError> {
    let own = client_config!(aws_sdk_sts, config);
    let client = IdentityClient::from_conf(own.build());
    match client.get_caller_identity().send().await {
        Ok(identity) => Ok(identity.account().unwrap_or_default().to_owned()),
        Err(error) => {
            let attempt = Attempt {
                what: "cannot get the caller's identity",
                action: Some("sts:GetCallerIdentity"),
                allow: "everyone may call it, unless a policy denies it",
                absent: Meaning::Other,
                options: &OPTIONS,
            };
            Err(Refusal::of(&error, &attempt).into())
        }
    }
}

impl Pulled {
    /// What was refused: a line for each operation and code, with the objects that it was refused for.
    pub fn refused(&self) -> impl Iterator<Item = String> {
        self.refused.iter().map(|((operation, code), objects)| {
            let named: Vec<&str> = objects.iter().map(String::as_str).collect();
            let shown = named.len().min(REFUSED_SHOWN_MAX);
            let more = match named.len() - shown {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = named[..shown].join(", ");
            format!("{operation} {named}{more}: {code}")
        })
    }

    /// The members of the organization.
    async fn organization(&mut self, config: &SdkConfig) -> Result<(), InventoryError> {
        let api = api(&ORGANIZATIONS, config);
        let asker = self.account.clone();
        let operation = "organizations DescribeOrganization by";
        let described = api.call("DescribeOrganization", &json!({})).await;
        let described = self.answer(operation, &asker, false, described)?;
        let described = described.unwrap_or_default();
        let Some(id) = described["Organization"]["Id"].as_str() else {
            return Ok(());
        };
        let operation = "organizations ListAccounts of";
        let listed = api.list("ListAccounts", json!({}), "Accounts").await;
        let Some(listed) = self.answer(operation, id, false, listed)? else {
            return Ok(());
        };
        let members: Option<Vec<OrganizationMember>> =
            listed.iter().map(OrganizationMember::read).collect();
        let members = members.ok_or_else(|| InventoryError::Aws {
            operation: format!("{operation} {id}"),
            message: "an account in the answer has no Id".to_owned(),
        })?;
        for member in &members {
            if member.account_id != asker {
                self.regions(config, &member.account_id).await?;
            }
        }
        self.told.members.insert(id.to_owned(), members);
        Ok(())
    }

    /// The regions of an account; that of another is named in the request.
    async fn regions(&mut self, config: &SdkConfig, account: &str) -> Result<(), InventoryError> {
        let is_own = account == self.account;
        let input = if is_own {
            json!({})
        } else {
            json!({ "AccountId": account })
        };
        let api = api(&ACCOUNT, config);
        let listed = api.list("ListRegions", input, "Regions").await;
        let listed = self.answer("account ListRegions of", account, is_own, listed)?;
        if let Some(listed) = listed {
            let regions = listed.iter().filter_map(region).collect();
            self.told.regions.insert(account.to_owned(), regions);
        }
        Ok(())
    }

    /// The trails that a region knows, those of other regions and of the organization included.
    async fn descriptions(
        &mut self,
        config: &SdkConfig,
        region: &str,
    ) -> Result<(), InventoryError> {
        let api = Api::new(&CLOUDTRAIL, config, region);
        let input = json!({ "includeShadowTrails": true });
        let described = api.call("DescribeTrails", &input).await;
        let operation = "cloudtrail DescribeTrails in";
        let described = self.answer(operation, region, true, described)?;
        let described = described.unwrap_or_default();
        for trail in described["trailList"].as_array().into_iter().flatten() {
            self.told.take_description(trail);
        }
        Ok(())
    }

    /// Selectors and status of a trail, which its home region knows.
    async fn details(&mut self, config: &SdkConfig, arn: &str) -> Result<(), InventoryError> {
        let home = (self.told.trails.get(arn)).and_then(|trail| trail.home_region.clone());
        let home = home.or_else(|| arn.split(':').nth(3).map(str::to_owned));
        let api = Api::new(&CLOUDTRAIL, config, &home.unwrap_or_default());
        let is_own = arn.split(':').nth(4) == Some(self.account.as_str());
        let input = json!({ "TrailName": arn });
        let selectors = api.call("GetEventSelectors", &input).await;
        let operation = "cloudtrail GetEventSelectors of";
        let selectors = self.answer(operation, arn, is_own, selectors)?;
        let status = api.call("GetTrailStatus", &json!({ "Name": arn })).await;
        let status = self.answer("cloudtrail GetTrailStatus of", arn, is_own, status)?;
        let trail = self.told.trails.entry(arn.to_owned()).or_default();
        trail.selectors = selectors;
        if let Some(status) = status {
            trail.take_status(&status);
        }
        Ok(())
    }

    /// An answer; none where AWS refused it, which is noted; `is_own` says that the account asked for what is its own.
    fn answer<T>(
        &mut self,
        operation: &'static str,
        object: &str,
        is_own: bool,
        result: Result<T, CallError>,
    ) -> Result<Option<T>, InventoryError> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(SdkError::ServiceError(refusal)) => {
                let code = refusal.err().code().unwrap_or("refused");
                if code != NO_ORGANIZATION {
                    self.is_lacking |= is_own;
                    let refused = self.refused.entry((operation, code.to_owned()));
                    refused.or_default().push(object.to_owned());
                }
                Ok(None)
            }
            Err(error) => Err(unreachable(&format!("{operation} {object}"), &error)),
        }
    }
}

/// A service in the configured region.
fn api(service: &'static Service, config: &SdkConfig) -> Api {
    let region = config.region().map_or(DEFAULT_REGION, Region::as_ref);
    Api::new(service, config, region)
}

fn unreachable(operation: &str, error: &(dyn std::error::Error + 'static)) -> InventoryError {
    InventoryError::Aws {
        operation: operation.to_owned(),
        message: in_short(error),
    }
}
