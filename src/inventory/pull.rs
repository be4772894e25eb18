//! What AWS itself tells of trails, regions and members.
//!
//! Enters: how AWS is reached. Leaves: [`Told`], and what was refused, a line each: that stays unknown.

use aws_config::{Region, SdkConfig};
use aws_sdk_account::Client as AccountClient;
use aws_sdk_cloudtrail::Client as TrailClient;
use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector};
use aws_sdk_organizations::Client as OrganizationClient;
use serde_json::{Map, Value, json};

use super::InventoryError;
use super::trails::{Member, Told, Trail};

/// Where an account is asked for its regions if no region is configured.
const DEFAULT_REGION: &str = "us-east-1";

/// What was asked, and what was refused.
#[derive(Debug, Default)]
pub struct Pulled {
    /// What was told.
    pub told: Told,
    /// What was refused, with AWS' code.
    pub refused: Vec<String>,
}

/// Asks AWS for the trails of the account, for their selectors and status, for its enabled regions, and where it may for
/// the members of its organization and their regions.
///
/// # Errors
/// [`InventoryError::Aws`] where AWS cannot be reached, or knows nobody by these credentials.
pub async fn pull(config: &SdkConfig) -> Result<Pulled, InventoryError> {
    let mut pulled = Pulled::default();
    let configured = config
        .region()
        .map_or_else(|| DEFAULT_REGION.to_owned(), ToString::to_string);
    let identity = aws_sdk_sts::Client::new(config)
        .get_caller_identity()
        .send()
        .await;
    let identity = identity.map_err(|error| unreachable("sts GetCallerIdentity", error))?;
    let account = identity.account().unwrap_or_default().to_owned();
    pulled.organization(config, &account).await?;
    pulled.regions(config, &account).await?;
    let enabled = pulled.told.regions.get(&account);
    let enabled = enabled.into_iter().flatten();
    let mut regions: Vec<String> = enabled
        .filter(|(_, status)| status.as_str() != "DISABLED")
        .map(|(region, _)| region.clone())
        .collect();
    if regions.is_empty() {
        regions.push(configured);
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

impl Pulled {
    /// The members of the organization.
    async fn organization(
        &mut self,
        config: &SdkConfig,
        account: &str,
    ) -> Result<(), InventoryError> {
        let client = OrganizationClient::new(config);
        let described = client.describe_organization().send().await;
        let described = self.answer("organizations DescribeOrganization", described)?;
        let organization = described
            .as_ref()
            .and_then(|described| described.organization());
        let Some(id) = organization.and_then(|organization| organization.id()) else {
            return Ok(());
        };
        let mut pages = client.list_accounts().into_paginator().send();
        let mut members = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = self.answer("organizations ListAccounts", page)? else {
                return Ok(());
            };
            members.extend(page.accounts().iter().map(|member| {
                Member {
                    account_id: member.id().unwrap_or_default().to_owned(),
                    name: member.name().map(str::to_owned),
                    status: (member.state().map(|state| state.as_str().to_owned()))
                        .or_else(|| status_of_member(member)),
                    joined_at: member.joined_timestamp().and_then(micros),
                }
            }));
        }
        for member in &members {
            if member.account_id != account {
                self.regions_of(config, &member.account_id, Some(&member.account_id))
                    .await?;
            }
        }
        self.told.members.insert(id.to_owned(), members);
        Ok(())
    }

    async fn regions(&mut self, config: &SdkConfig, account: &str) -> Result<(), InventoryError> {
        self.regions_of(config, account, None).await
    }

    /// The regions of an account; that of another is named in the request.
    async fn regions_of(
        &mut self,
        config: &SdkConfig,
        account: &str,
        named: Option<&str>,
    ) -> Result<(), InventoryError> {
        let client = AccountClient::new(config);
        let request = client
            .list_regions()
            .set_account_id(named.map(str::to_owned));
        let mut pages = request.into_paginator().send();
        let mut regions = Vec::new();
        let operation = format!("account ListRegions of {account}");
        while let Some(page) = pages.next().await {
            let Some(page) = self.answer(&operation, page)? else {
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
        let operation = format!("cloudtrail DescribeTrails in {region}");
        let Some(described) = self.answer(&operation, described)? else {
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
        let selectors =
            self.answer(&format!("cloudtrail GetEventSelectors of {arn}"), selectors)?;
        let status = client.get_trail_status().name(arn).send().await;
        let status = self.answer(&format!("cloudtrail GetTrailStatus of {arn}"), status)?;
        let trail = self.told.trails.entry(arn.to_owned()).or_default();
        trail.selectors = selectors.map(|selectors| {
            json!({
                "TrailARN": arn,
                "EventSelectors": selectors.event_selectors().iter().map(basic).collect::<Vec<_>>(),
                "AdvancedEventSelectors":
                    selectors.advanced_event_selectors().iter().map(advanced).collect::<Vec<_>>(),
            })
        });
        if let Some(status) = status {
            trail.take_status(&status_of(&status));
        }
        Ok(())
    }

    /// An answer; none where AWS refused it, which is noted.
    fn answer<T, E, R>(
        &mut self,
        operation: &str,
        result: Result<T, SdkError<E, R>>,
    ) -> Result<Option<T>, InventoryError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(SdkError::ServiceError(refusal)) => {
                let code = refusal.err().code().unwrap_or("refused");
                self.refused.push(format!("{operation}: {code}"));
                Ok(None)
            }
            Err(error) => Err(unreachable(operation, error)),
        }
    }
}

fn trail_client(config: &SdkConfig, region: &str) -> TrailClient {
    let region = Region::new(region.to_owned());
    TrailClient::from_conf(
        aws_sdk_cloudtrail::config::Builder::from(config)
            .region(region)
            .build(),
    )
}

fn unreachable<E, R>(operation: &str, error: SdkError<E, R>) -> InventoryError
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    InventoryError::Aws {
        operation: operation.to_owned(),
        source: Box::new(error),
    }
}

fn basic(selector: &EventSelector) -> Value {
    let resources = selector.data_resources().iter();
    let resources =
        resources.map(|resource| json!({"Type": resource.r#type(), "Values": resource.values()}));
    json!({
        "ReadWriteType": selector.read_write_type().map(aws_sdk_cloudtrail::types::ReadWriteType::as_str),
        "IncludeManagementEvents": selector.include_management_events(),
        "DataResources": resources.collect::<Vec<_>>(),
        "ExcludeManagementEventSources": selector.exclude_management_event_sources(),
    })
}

fn advanced(selector: &AdvancedEventSelector) -> Value {
    let fields = selector.field_selectors().iter().map(|field| {
        let conditions = [
            ("Equals", field.equals()),
            ("StartsWith", field.starts_with()),
            ("EndsWith", field.ends_with()),
            ("NotEquals", field.not_equals()),
            ("NotStartsWith", field.not_starts_with()),
            ("NotEndsWith", field.not_ends_with()),
        ];
        let mut told = Map::new();
        told.insert("Field".to_owned(), field.field().into());
        let given = conditions
            .into_iter()
            .filter(|(_, texts)| !texts.is_empty());
        told.extend(given.map(|(name, texts)| (name.to_owned(), texts.to_vec().into())));
        Value::Object(told)
    });
    json!({"Name": selector.name(), "FieldSelectors": fields.collect::<Vec<_>>()})
}

fn status_of(status: &GetTrailStatusOutput) -> Value {
    let time = |time: Option<&aws_sdk_cloudtrail::primitives::DateTime>| {
        time.map(aws_sdk_cloudtrail::primitives::DateTime::secs)
    };
    json!({
        "IsLogging": status.is_logging(),
        "StartLoggingTime": time(status.start_logging_time()),
        "StopLoggingTime": time(status.stop_logging_time()),
        "LatestDeliveryTime": time(status.latest_delivery_time()),
        "LatestDeliveryError": status.latest_delivery_error(),
        "LatestDigestDeliveryTime": time(status.latest_digest_delivery_time()),
        "LatestDigestDeliveryError": status.latest_digest_delivery_error(),
    })
}

fn micros(time: &aws_sdk_organizations::primitives::DateTime) -> Option<i64> {
    time.secs().checked_mul(1_000_000)
}

/// Older endpoints tell the status of a member and not its state.
fn status_of_member(member: &aws_sdk_organizations::types::Account) -> Option<String> {
    member.status().map(|status| status.as_str().to_owned())
}
