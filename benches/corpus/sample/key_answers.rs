//! The known answers per key: uses by caller, operation and resource, failures, and who is unused since when.
//!
//! A use is one successful cryptographic operation on one key: a cross-account use counts once, a corrected event
//! counts through its correction, and `ReEncrypt` uses two keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::event::Event;
use crate::corpus::json::{Json, map};
use crate::corpus::time;
use crate::sample::answers::{Tally, tally};

/// Windows in days for which unused keys are listed.
const WINDOWS_DAYS: [i64; 3] = [5, 7, 30];
/// A last use must lie this far from the edge of a window, so that no rounding can change the answer.
const MARGIN_SECS: i64 = 6 * 3600;
/// The encryption context members that name a resource.
const RESOURCE_MEMBERS: [&str; 8] = [
    "aws:s3:arn",
    "aws:ebs:id",
    "aws:rds:db-id",
    "aws:dynamodb:tableName",
    "aws:lambda:FunctionArn",
    "aws:cloudtrail:arn",
    "SecretARN",
    "PARAMETER_ARN",
];

/// One entry per key that any event names, by ARN.
pub(crate) fn keys(kms: &[&Event], names: &BTreeMap<String, String>) -> Json {
    let rows = known(kms).into_iter().map(|arn| {
        let operations = operations(kms, &arn);
        let records = kms.iter().filter(|event| event.is_use() && names_key(event, &arn)).count();
        let others = kms.iter().filter(|event| !event.is_cryptographic() && names_key(event, &arn));
        let failed = kms.iter().filter(|event| event.outcome() != "success" && names_key(event, &arn));
        let roles = tally(&operations, |event| role(event, &arn).to_owned());
        let times = || operations.iter().map(|event| event.time);
        map![
            "key_arn" => &arn,
            "name" => names.get(&arn).cloned(),
            "uses" => operations.len(),
            "use_records" => records,
            "first_use" => times().min().map(time::iso),
            "last_use" => times().max().map(time::iso),
            "by_caller" => tally(&operations, |event| event.who.caller.clone()),
            "by_event_name" => tally(&operations, |event| event.name.clone()),
            "by_key_role" => roles,
            "by_invoked_by" => tally(operations.iter().filter(|event| event.who.invoked_by.is_some()), |event| event.who.invoked_by.clone().unwrap_or_default()),
            "by_use_label" => tally(&operations, |event| event.label.to_owned()),
            "sessions" => sessions(&operations),
            "resources" => resources(&operations),
            "failures" => tally(failed, |event| event.outcome().to_owned()),
            "other_calls" => tally(others, |event| event.name.clone()),
        ]
    });
    Json::List(rows.collect())
}

/// Keys without a use in the last days before the newest event.
pub(crate) fn unused(kms: &[&Event], newest: i64) -> Json {
    let windows = WINDOWS_DAYS.iter().map(|days| {
        let since = newest - days * time::DAY_SECS;
        let mut rows = Vec::new();
        for arn in known(kms) {
            let last = operations(kms, &arn).iter().map(|event| event.time).max();
            if let Some(last) = last {
                assert!(
                    (last - since).abs() > MARGIN_SECS,
                    "{arn} was last used too near {}",
                    time::iso(since)
                );
            }
            if last.is_none_or(|last| last < since) {
                rows.push(map!["key_arn" => arn, "last_use" => last.map(time::iso)]);
            }
        }
        map!["days" => *days, "since" => time::iso(since), "keys" => rows]
    });
    Json::List(windows.collect())
}

/// Every key that an event names, by whatever means.
fn known(kms: &[&Event]) -> BTreeSet<String> {
    kms.iter()
        .flat_map(|event| [&event.key, &event.destination])
        .flatten()
        .cloned()
        .collect()
}

fn names_key(event: &Event, arn: &str) -> bool {
    [&event.key, &event.destination]
        .into_iter()
        .flatten()
        .any(|key| key == arn)
}

fn operations<'a>(kms: &[&'a Event], arn: &str) -> Vec<&'a Event> {
    let uses = kms
        .iter()
        .copied()
        .filter(|event| event.is_use() && names_key(event, arn));
    uses.filter(|event| event.not_an_operation.is_none())
        .collect()
}

fn role(event: &Event, arn: &str) -> &'static str {
    match &event.destination {
        None => "only",
        Some(destination) if destination == arn => "destination",
        Some(_) => "source",
    }
}

/// How many sessions each caller used the key in.
fn sessions(operations: &[&Event]) -> Json {
    let pairs: BTreeSet<(&str, &str)> = operations
        .iter()
        .filter_map(|event| Some((event.who.caller.as_str(), event.who.session.as_deref()?)))
        .collect();
    let mut sessions = Tally::new();
    for (caller, _) in pairs {
        *sessions.entry(caller.to_owned()).or_default() += 1;
    }
    sessions.into()
}

/// Uses by resource as the encryption context names it, S3 objects folded to their bucket, and EC2 instances.
fn resources(operations: &[&Event]) -> Json {
    let mut tally: BTreeMap<(String, String), i64> = BTreeMap::new();
    for event in operations {
        for (member, value) in event
            .context
            .iter()
            .filter(|(member, _)| RESOURCE_MEMBERS.contains(&member.as_str()))
        {
            let value = match value.strip_prefix("arn:aws:s3:::") {
                Some(path) => format!("arn:aws:s3:::{}", path.split('/').next().unwrap_or(path)),
                None => value.clone(),
            };
            *tally.entry((member.clone(), value)).or_default() += 1;
        }
        if let Some(instance) = &event.who.instance {
            *tally
                .entry((
                    "session of aws:ec2-infrastructure".to_owned(),
                    instance.clone(),
                ))
                .or_default() += 1;
        }
    }
    let rows = tally
        .into_iter()
        .map(|((from, value), uses)| map!["from" => from, "value" => value, "uses" => uses]);
    Json::List(rows.collect())
}
