//! What AWS itself tells of trails, regions and members.
//!
//! Enters: how AWS is reached. Leaves: [`Told`], and what was refused, a line each: that stays unknown.

use std::collections::BTreeMap;

use aws_config::{Region, SdkConfig};
use aws_sdk_account::Client as AccountClient;
use aws_sdk_cloudtrail::Client as TrailClient;
use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_organizations::Client as OrganizationClient;
use aws_sdk_sts::Client as IdentityClient;

use super::InventoryError;
use super::answers;
use super::trails::{Member, Told, Trail};
use crate::aws::{client_config, in_short};

/// Where an account is asked for its regions if no region is configured.
const DEFAULT_REGION: &str = "us-east-1";

/// Of how many objects the refusal of one operation is told by name.
const REFUSED_SHOWN_MAX: usize = 5;

/// The answer of an account that is in no organization, which is no refusal.
const NO_ORGANIZATION: &str = "AWSOrganizationsNotInUseException";

/// What was asked, and what was refused.
#[derive(Debug, Default)]
pub struct Pulled {
    /// What was told.
    pub told: Told,
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
/// [`InventoryError::Aws`] where AWS cannot be reached, [`InventoryError::Identity`] where it knows nobody by these
/// credentials.
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
        Err(SdkError::ServiceError(refusal)) => Err(InventoryError::Identity {
            code: refusal.err().code().unwrap_or("refused").to_owned(),
            message: refusal.err().message().unwrap_or_default().to_owned(),
        }),
        Err(error) => Err(unreachable("sts GetCallerIdentity", &error)),
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
        let own = client_config!(aws_sdk_organizations, config);
        let client = OrganizationClient::from_conf(own.build());
        let asker = self.account.clone();
        let described = client.describe_organization().send().await;
        let described = self.answer(
            "organizations DescribeOrganization by",
            &asker,
            false,
            described,
        )?;
        let organization = described
            .as_ref()
            .and_then(|described| described.organization());
        let Some(id) = organization.and_then(|organization| organization.id()) else {
            return Ok(());
        };
        let mut pages = client.list_accounts().into_paginator().send();
        let mut members = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = self.answer("organizations ListAccounts of", id, false, page)? else {
                return Ok(());
            };
            members.extend(page.accounts().iter().map(|member| {
                Member {
                    account_id: member.id().unwrap_or_default().to_owned(),
                    name: member.name().map(str::to_owned),
                    status: (member.state().map(|state| state.as_str().to_owned()))
                        .or_else(|| status_of_member(member)),
                    joined_at: member.joined_timestamp().and_then(answers::micros),
                }
            }));
        }
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
        let own = client_config!(aws_sdk_account, config);
        let client = AccountClient::from_conf(own.build());
        let request = client
            .list_regions()
            .set_account_id((!is_own).then(|| account.to_owned()));
        let mut pages = request.into_paginator().send();
        let mut regions = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = self.answer("account ListRegions of", account, is_own, page)? else {
                return Ok(());
            };
            regions.extend(page.regions().iter().filter_map(|region| {
                let status = region.region_opt_status()?.as_str().to_owned();
                Some((region.region_name()?.to_owned(), status))
            }));
        }
        self.told
            .regions
            .insert(account.to_owned(), regions.into_iter().collect());
        Ok(())
    }

    /// The trails that a region knows, those of other regions and of the organization included.
    async fn descriptions(
        &mut self,
        config: &SdkConfig,
        region: &str,
    ) -> Result<(), InventoryError> {
        let request = trail_client(config, region).describe_trails();
        let described = request.include_shadow_trails(true).send().await;
        let operation = "cloudtrail DescribeTrails in";
        let Some(described) = self.answer(operation, region, true, described)? else {
            return Ok(());
        };
        for trail in described.trail_list() {
            let Some(arn) = trail.trail_arn() else {
                continue;
            };
            let text = |text: Option<&str>| text.map(str::to_owned);
            self.told.trails.insert(
                arn.to_owned(),
                Trail {
                    home_region: text(trail.home_region()),
                    bucket: text(trail.s3_bucket_name()),
                    prefix: text(trail.s3_key_prefix()),
                    is_multi_region: trail.is_multi_region_trail(),
                    is_organization: trail.is_organization_trail(),
                    is_validation_enabled: trail.log_file_validation_enabled(),
                    ..Trail::default()
                },
            );
        }
        Ok(())
    }

    /// Selectors and status of a trail, which its home region tells.
    async fn details(&mut self, config: &SdkConfig, arn: &str) -> Result<(), InventoryError> {
        let home = (self.told.trails.get(arn)).and_then(|trail| trail.home_region.clone());
        let home = home.or_else(|| arn.split(':').nth(3).map(str::to_owned));
        let client = trail_client(config, &home.unwrap_or_default());
        let selectors = client.get_event_selectors().trail_name(arn).send().await;
        let is_own = arn.split(':').nth(4) == Some(self.account.as_str());
        let operation = "cloudtrail GetEventSelectors of";
        let selectors = self.answer(operation, arn, is_own, selectors)?;
        let status = client.get_trail_status().name(arn).send().await;
        let status = self.answer("cloudtrail GetTrailStatus of", arn, is_own, status)?;
        let trail = self.told.trails.entry(arn.to_owned()).or_default();
        trail.selectors = selectors.map(|selectors| answers::selectors(arn, &selectors));
        if let Some(status) = status {
            trail.take_status(&answers::status(&status));
        }
        Ok(())
    }

    /// An answer; none where AWS refused it, which is noted; `is_own` says that the account asked for what is its own.
    fn answer<T, E, R>(
        &mut self,
        operation: &'static str,
        object: &str,
        is_own: bool,
        result: Result<T, SdkError<E, R>>,
    ) -> Result<Option<T>, InventoryError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
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

fn trail_client(config: &SdkConfig, region: &str) -> TrailClient {
    let region = Region::new(region.to_owned());
    let own = client_config!(aws_sdk_cloudtrail, config);
    TrailClient::from_conf(own.region(region).build())
}

fn unreachable(operation: &str, error: &(dyn std::error::Error + 'static)) -> InventoryError {
    InventoryError::Aws {
        operation: operation.to_owned(),
        message: in_short(error),
    }
}

/// Older endpoints tell the status of a member and not its state.
fn status_of_member(member: &aws_sdk_organizations::types::Account) -> Option<String> {
    member.status().map(|status| status.as_str().to_owned())
}
