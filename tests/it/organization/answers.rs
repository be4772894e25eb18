//! What is there, and what verification must find, from what was planted.

use std::collections::BTreeMap;

use super::deliveries::{Delivery, Naming};
use super::digests::Signed;
use super::{Fault, HOUR_SECS, Kind, Object, Plan};

/// The objects of one account and region, with their answers.
pub(super) fn of(
    plan: &Plan,
    account: &'static str,
    region: &'static str,
    deliveries: &[Delivery],
    digests: &[Signed],
) -> Vec<Object> {
    let within = |window: i64, is_it: fn(&Fault) -> Option<&super::Span>| {
        let mut spans = plan.faults.iter().filter_map(is_it);
        spans.any(|span| span.holds(account, region, window))
    };
    let is_gap = |window| {
        within(window, |fault| match fault {
            Fault::Gap(span) => Some(span),
            _ => None,
        })
    };
    let is_archived = |window| {
        within(window, |fault| match fault {
            Fault::Archived(span) => Some(span),
            _ => None,
        })
    };
    let mut objects = Vec::new();
    // By log: the status of the digest that names it, where there is one to read.
    let mut named: BTreeMap<&str, &'static str> = BTreeMap::new();
    for digest in digests {
        let is_dropped = matches!(digest.fault, Some(Fault::DroppedDigest(_)));
        let object = Object {
            kind: if digest.is_backfill {
                Kind::BackfillDigest
            } else {
                Kind::Digest
            },
            account,
            region,
            key: digest.key.clone(),
            delivered: plan.window_start(digest.window) + HOUR_SECS,
            window: digest.window,
            events: None,
            is_there: !is_dropped && !is_gap(digest.window),
            is_archived: is_archived(digest.window),
            status: None,
        };
        let status = digest_status(digest, &objects);
        let is_judged = object.is_there && !object.is_archived;
        if is_judged {
            named.extend(digest.names.iter().map(|key| (key.as_str(), status)));
        }
        objects.push(Object {
            status: is_judged.then_some(status),
            ..object
        });
    }
    for delivery in deliveries {
        let is_dropped = matches!(
            delivery.fault,
            Some(Fault::DroppedLog(_) | Fault::Hidden(_))
        );
        let object = Object {
            kind: Kind::Log,
            account,
            region,
            key: delivery.key.clone(),
            delivered: delivery.delivered,
            window: delivery.window,
            events: Some(delivery.events),
            is_there: !is_dropped && !is_gap(delivery.window),
            is_archived: is_archived(delivery.window),
            status: None,
        };
        let digest = named.get(delivery.key.as_str()).copied();
        let status = log_status(delivery, &object, digest);
        objects.push(Object { status, ..object });
    }
    objects.sort_by(|left, right| left.key.cmp(&right.key));
    objects
}

/// `before` are those of the same account and region before it.
fn digest_status(digest: &Signed, before: &[Object]) -> &'static str {
    match digest.fault {
        Some(
            Fault::BadSignature(_)
            | Fault::TamperedDigest(_)
            | Fault::NoJson(_)
            | Fault::SwappedDigests(..),
        ) => return "bad_signature",
        Some(Fault::UnknownKey(_)) => return "unknown_key",
        _ => {}
    }
    let Some(previous) = &digest.previous else {
        return "chain_start";
    };
    let kind = if digest.is_backfill {
        Kind::BackfillDigest
    } else {
        Kind::Digest
    };
    let mut chain = before.iter().filter(|object| object.kind == kind);
    match before.iter().find(|object| object.key == *previous) {
        Some(previous) if previous.is_there && previous.is_archived => "chain_start",
        Some(previous) if previous.is_there => "valid",
        _ if chain.any(|object| object.is_there) => "chain_broken",
        _ => "chain_start",
    }
}

fn log_status(
    delivery: &Delivery,
    object: &Object,
    digest: Option<&'static str>,
) -> Option<&'static str> {
    let is_signed = matches!(digest, Some("valid" | "chain_start" | "chain_broken"));
    if !object.is_there || object.is_archived {
        return is_signed.then_some("missing");
    }
    Some(match digest {
        _ if delivery.naming == Naming::Never => "not_in_digest",
        Some(_) if is_signed && matches!(delivery.fault, Some(Fault::TamperedLog(_))) => {
            "hash_mismatch"
        }
        Some("valid" | "chain_start") => "verified",
        _ => "not_in_digest",
    })
}
