//! The roll-ups, worked out a second time from the rows of `kms_events`, in plain Rust.
//!
//! Enters: rows of `kms_events`, or of a roll-up. Leaves: sums by dimensions, which must be equal.
//! Nothing here reads the roll-ups' own queries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::harness::Row;

/// What a roll-up keeps for equal dimensions. Times are ISO 8601, so their order is the texts'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    count: u64,
    first_time: String,
    last_time: String,
    hours_mask: u32,
}

impl Sum {
    /// The last event that it counts.
    pub(crate) fn last_time(&self) -> &str {
        &self.last_time
    }
}

/// Sums by dimensions.
pub(crate) type Sums = BTreeMap<Vec<Option<String>>, Sum>;

const USAGE_DIMENSIONS: [&str; 12] = [
    "event_date",
    "key",
    "key_role",
    "caller",
    "event_name",
    "outcome",
    "invoked_by",
    "recipient_account_id",
    "region",
    "record_role",
    "is_correction",
    "use_label",
];

const MONTH_DIMENSIONS: [&str; 7] = [
    "key",
    "key_role",
    "event_name",
    "outcome",
    "recipient_account_id",
    "region",
    "is_correction",
];

const RESOURCE_DIMENSIONS: [&str; 5] = [
    "key",
    "service",
    "resource",
    "direction",
    "caller_account_id",
];

/// The rows of `usage_daily`, equal dimensions added up.
pub(crate) fn usage_of_table(rows: &[Row]) -> Sums {
    sums_of_table(rows, &USAGE_DIMENSIONS, |row| {
        u32::try_from(row.number("hours_mask")).expect("24 bits")
    })
}

/// The rows of `usage_monthly`, equal dimensions added up, the month last.
pub(crate) fn months_of_table(rows: &[Row]) -> Sums {
    months(rows, |row| row.text("event_month").to_owned())
}

/// The rows of `usage_daily`, added up to months.
pub(crate) fn months_of_usage(rows: &[Row]) -> Sums {
    let is_counted = |row: &&Row| row.get("record_role") != Some("network");
    let counted: Vec<Row> = rows.iter().filter(is_counted).cloned().collect();
    months(&counted, |row| row.text("event_date")[..7].to_owned())
}

fn months(rows: &[Row], month: impl Fn(&Row) -> String) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        for (mut dimensions, sum) in
            sums_of_table(std::slice::from_ref(row), &MONTH_DIMENSIONS, |_row| 0)
        {
            dimensions.push(Some(month(row)));
            add(&mut sums, dimensions, sum);
        }
    }
    sums
}

/// The rows of `key_resources`, equal dimensions added up.
pub(crate) fn resources_of_table(rows: &[Row]) -> Sums {
    sums_of_table(rows, &RESOURCE_DIMENSIONS, |_row| 0)
}

fn sums_of_table(rows: &[Row], dimensions: &[&str], hours: impl Fn(&Row) -> u32) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let dimensions = dimensions.iter().map(|column| row.owned(column)).collect();
        let sum = Sum {
            count: row.number("count"),
            first_time: row.text("first_time").to_owned(),
            last_time: row.text("last_time").to_owned(),
            hours_mask: hours(row),
        };
        add(&mut sums, dimensions, sum);
    }
    sums
}

fn add(sums: &mut Sums, dimensions: Vec<Option<String>>, sum: Sum) {
    match sums.get_mut(&dimensions) {
        None => {
            sums.insert(dimensions, sum);
        }
        Some(old) => {
            old.count += sum.count;
            old.first_time = sum.first_time.min(std::mem::take(&mut old.first_time));
            old.last_time = sum.last_time.max(std::mem::take(&mut old.last_time));
            old.hours_mask |= sum.hours_mask;
        }
    }
}

fn one(event: &Row, has_hours: bool) -> Sum {
    let time = event.text("event_time");
    // `2026-03-01T17:...`
    let hour: u32 = time[11..13].parse().expect("an hour");
    Sum {
        count: 1,
        first_time: time.to_owned(),
        last_time: time.to_owned(),
        hours_mask: if has_hours { 1 << hour } else { 0 },
    }
}

/// What `usage_daily` must hold for these events: one record for each key of each.
pub(crate) fn usage_of_events(events: &[Row]) -> Sums {
    let mut sums = Sums::new();
    for event in events {
        let (key, second) = keys(event);
        let first_role = match (&key, &second) {
            (None, _) => "none",
            (Some(key), Some(second)) if key == second => "both",
            (Some(_), Some(_)) => "source",
            (Some(_), None) => "only",
        };
        let mut sides = vec![(key, first_role)];
        if second.is_some() {
            sides.push((second, "destination"));
        }
        for (key, role) in sides {
            let recipient = event.get("recipient_account_id");
            let owner = key.as_deref().and_then(account_of);
            let is_copy =
                matches!((owner, recipient), (Some(owner), Some(recipient)) if owner != recipient);
            let dimensions = USAGE_DIMENSIONS
                .iter()
                .map(|&name| match name {
                    "key" => key.clone(),
                    "key_role" => Some(role.to_owned()),
                    "outcome" if event.text("is_dry_run") == "true" => Some("dry_run".to_owned()),
                    "record_role" => Some(record_role(event, is_copy).to_owned()),
                    "use_label" => Some(event.get(name).unwrap_or("none").to_owned()),
                    name => event.owned(name),
                })
                .collect();
            add(&mut sums, dimensions, one(event, true));
        }
    }
    sums
}

/// What a VPC endpoint tells of a call that went on to KMS stands apart.
fn record_role(event: &Row, is_copy: bool) -> &'static str {
    let is_network = event
        .get("event_type")
        .is_some_and(|kind| kind.starts_with("AwsVpceEvent"));
    let is_network = is_network && event.get("key_arn").is_none();
    match (is_network && event.text("outcome") != "denied", is_copy) {
        (true, _) => "network",
        (false, true) => "caller_copy",
        (false, false) => "owner",
    }
}

/// What `key_resources` must hold for these events: each resource once an event, key and direction.
pub(crate) fn resources_of_events(events: &[Row]) -> Sums {
    let mut sums = Sums::new();
    for event in events {
        let is_counted = event.text("outcome") == "success" && event.text("is_dry_run") == "false";
        let (Some(direction), true) = (direction(event.get("event_name")), is_counted) else {
            continue;
        };
        let (key, second) = keys(event);
        let is_two_sided = event.get("event_name") == Some("ReEncrypt");
        let source = named(event.get("encryption_context"));
        let destination = named(event.get("destination_encryption_context"));
        let mut uses = BTreeSet::new();
        for resource in event.get("resource_list").unwrap_or_default().lines() {
            let (is_here, is_there) = if is_two_sided {
                let here = source.contains(resource);
                let there = destination.contains(resource);
                (here || !there, there || !here)
            } else {
                (true, false)
            };
            let (service, folded) = place(resource, event.get("service"));
            if let (true, Some(key)) = (is_here, &key) {
                uses.insert((key.clone(), service.clone(), folded.clone(), direction));
            }
            if let (true, Some(key)) = (is_there, &second) {
                uses.insert((key.clone(), service, folded, "encrypt"));
            }
        }
        for (key, service, resource, direction) in uses {
            let dimensions = vec![
                Some(key),
                service,
                Some(resource),
                Some(direction.to_owned()),
                event.owned("caller_account_id"),
            ];
            add(&mut sums, dimensions, one(event, false));
        }
    }
    sums
}

/// The first and the second key of an event, by ARN or else as typed.
fn keys(event: &Row) -> (Option<String>, Option<String>) {
    let either = |arn, typed| event.owned(arn).or_else(|| event.owned(typed));
    (
        either("key_arn", "key_as_typed"),
        either("destination_key_arn", "destination_key_as_typed"),
    )
}

fn account_of(key: &str) -> Option<&str> {
    let account = key.strip_prefix("arn:")?.split(':').nth(3)?;
    (!account.is_empty()).then_some(account)
}

fn direction(event_name: Option<&str>) -> Option<&'static str> {
    match event_name? {
        "CreateGrant" => Some("grant"),
        "Decrypt" | "ReEncrypt" | "Verify" | "VerifyMac" | "DeriveSharedSecret" => Some("decrypt"),
        name if name == "Encrypt" || name == "Sign" || name.starts_with("Generate") => {
            Some("encrypt")
        }
        _ => None,
    }
}

/// The resources that an encryption context names: ARNs as they stand, the rest `<service>:<value>`.
fn named(context: Option<&str>) -> BTreeSet<String> {
    let Some(context) = context else {
        return BTreeSet::new();
    };
    let context: Value = serde_json::from_str(context).expect("JSON");
    let members = context.as_object().expect("an object");
    let named = members.iter().filter_map(|(name, value)| {
        let value = value.as_str()?;
        let is_arn = value.starts_with("arn:");
        let mut lines = include_str!("../../../data/context-resources.csv").lines();
        let service = lines.find_map(|line| {
            let (known, service) = line.split_once(',')?;
            (known == name && !line.starts_with('#')).then_some(service)
        });
        match service {
            Some(service) if !is_arn => Some(format!("{service}:{value}")),
            Some(_) => Some(value.to_owned()),
            None => (is_arn && name.starts_with("aws:")).then(|| value.to_owned()),
        }
    });
    named.collect()
}

/// The service of a resource, and the resource or its bucket.
fn place(resource: &str, service_of_event: Option<&str>) -> (Option<String>, String) {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "s3", _, _, _] => {
            let bucket = resource.split('/').next().unwrap_or(resource);
            (Some("s3.amazonaws.com".to_owned()), bucket.to_owned())
        }
        ["arn", _, service, ..] => (
            Some(format!("{service}.amazonaws.com")),
            resource.to_owned(),
        ),
        [service, ..] if service.ends_with(".amazonaws.com") => {
            (Some((*service).to_owned()), resource.to_owned())
        }
        _ => (service_of_event.map(str::to_owned), resource.to_owned()),
    }
}
