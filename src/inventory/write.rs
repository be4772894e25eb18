//! Descriptions, written as dated rows.

use serde_json::Value;

use super::trails::{Described, OrganizationMember, TrailDescription};
use super::{Import, InventoryError};
use crate::schema::{ACCOUNT_REGIONS, ORGANIZATION_ACCOUNTS, TRAILS, Table};
use crate::store::{Store, rows};

/// Writes the descriptions of `taken_at` (microseconds), and the run that did it.
///
/// # Errors
/// If the store cannot be written. Each table is written whole or not at all; the run is written last.
pub async fn write_descriptions(
    store: &Store,
    told: &Described,
    taken_at: i64,
    import: &Import<'_>,
) -> Result<(), InventoryError> {
    let common = |column: &str| match column {
        "taken_at" => taken_at.into(),
        "run_id" => import.run_id.into(),
        _ => Value::Null,
    };
    let trails: Vec<(&String, &TrailDescription)> = told.trails.iter().collect();
    append(
        store,
        &TRAILS,
        &trails,
        import,
        |(arn, trail), column| match column {
            "trail_arn" => arn.as_str().into(),
            "home_region" => trail.home_region.clone().into(),
            "bucket" => trail.bucket.clone().into(),
            "prefix" => trail.prefix.clone().into(),
            "is_multi_region" => trail.is_multi_region.into(),
            "is_organization" => trail.is_organization.into(),
            "is_logging" => trail.is_logging.into(),
            "logging_changed_at" => trail.logging_changed_at.into(),
            "is_validation_enabled" => trail.is_validation_enabled.into(),
            "selectors" => trail.selectors.as_ref().map(Value::to_string).into(),
            "status" => trail.status.as_ref().map(Value::to_string).into(),
            column => common(column),
        },
    )
    .await?;
    let regions: Vec<[&str; 3]> = (told.regions.iter())
        .flat_map(|(account, regions)| {
            let regions = regions.iter();
            regions.map(|(region, status)| [account.as_str(), region, status])
        })
        .collect();
    append(
        store,
        &ACCOUNT_REGIONS,
        &regions,
        import,
        |region, column| match column {
            "account_id" => region[0].into(),
            "region" => region[1].into(),
            "opt_status" => region[2].into(),
            column => common(column),
        },
    )
    .await?;
    let members: Vec<(&String, &OrganizationMember)> = (told.members.iter())
        .flat_map(|(organization, members)| {
            members.iter().map(move |member| (organization, member))
        })
        .collect();
    append(
        store,
        &ORGANIZATION_ACCOUNTS,
        &members,
        import,
        |(organization, member), column| match column {
            "organization_id" => organization.as_str().into(),
            "account_id" => member.account_id.clone().into(),
            "name" => member.name.clone().into(),
            "status" => member.status.clone().into(),
            "joined_at" => member.joined_at.into(),
            column => common(column),
        },
    )
    .await?;
    let run = import.record("trails", None);
    Ok(store.record_run(&run, import.run_id).await?)
}

async fn append<T>(
    store: &Store,
    table: &'static Table,
    items: &[T],
    import: &Import<'_>,
    cell: impl Fn(&T, &str) -> Value,
) -> Result<(), InventoryError> {
    if items.is_empty() {
        return Ok(());
    }
    let rows = rows(table, items, cell)?;
    let now_millis = import.started_at / 1000;
    store
        .append_rows(table, &rows, import.run_id, now_millis)
        .await?;
    Ok(())
}
