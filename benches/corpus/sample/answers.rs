//! The known answers of the sample, counted from the facts of each event and never from the text that was written.
//!
//! In: the objects with their events. Out: `answers.json`. `key_answers` counts what is told per key.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::event::{Event, Fate, Table};
use crate::corpus::json::{Json, map};
use crate::corpus::shelf::{Form, Object, Written};
use crate::corpus::time;
use crate::sample::key_answers;

/// Counts by name.
pub(crate) type Tally = BTreeMap<String, i64>;

/// An object with what was written of it.
pub(crate) type Shelved<'a> = (&'a Object, &'a Written);

/// Everything that a correct reader finds.
pub(crate) fn all(seed: u64, shelf: &[Shelved<'_>], names: &BTreeMap<String, String>) -> Json {
    let kept = kept(shelf);
    let kms: Vec<&Event> = kept
        .iter()
        .copied()
        .filter(|event| event.table == Table::Kms)
        .collect();
    let newest = kept
        .iter()
        .map(|event| event.time)
        .max()
        .unwrap_or_default();
    let oldest = kept
        .iter()
        .map(|event| event.time)
        .min()
        .unwrap_or_default();
    map![
        "format" => 1_i64,
        "seed" => i64::try_from(seed).expect("a seed below 2^63"),
        "first_event_time" => time::iso(oldest),
        "last_event_time" => time::iso(newest),
        "counts" => counts(shelf),
        "kms_events" => kms_events(&kms),
        "trail_events" => trail_events(&kept),
        "keys" => key_answers::keys(&kms, names),
        "unused" => key_answers::unused(&kms, newest),
        "throttled" => throttled(&kms),
        "denied" => denied(&kms),
        "aliases" => aliases(&kms),
        "used_through_alias" => used_through_alias(&kms),
        "cross_account" => cross_account(&kms),
        "id_conflicts" => id_conflicts(&kms),
        "corrections" => corrections(&kms),
        "damaged" => damaged(shelf),
        "duplicates" => records_of(shelf, Fate::Duplicate),
        "rejected" => records_of(shelf, Fate::Rejected),
        "planted" => planted(shelf),
        "objects" => objects(shelf),
    ]
}

/// How many records there are, and what becomes of them.
pub(crate) fn counts(shelf: &[Shelved<'_>]) -> Json {
    let mut kinds = Tally::new();
    for (object, _) in shelf {
        *kinds.entry(object.kind.to_owned()).or_default() += 1;
    }
    let events: Vec<&Event> = shelf
        .iter()
        .flat_map(|(object, _)| &object.events)
        .collect();
    let fate = |fate| events.iter().filter(|event| event.fate == fate).count();
    let table = |table| {
        events
            .iter()
            .filter(|event| event.fate == Fate::Kept && event.table == table)
            .count()
    };
    let damaged = shelf
        .iter()
        .filter(|(_, written)| written.damage_offset.is_some())
        .count();
    let text_bytes: usize = shelf.iter().map(|(_, written)| written.text_bytes).sum();
    map![
        "objects" => shelf.len(),
        "objects_by_kind" => kinds,
        "text_bytes" => text_bytes,
        "events_read" => events.len(),
        "kms_events" => table(Table::Kms),
        "trail_events" => table(Table::Trail),
        "not_wanted" => table(Table::NotWanted),
        "duplicates" => fate(Fate::Duplicate),
        "rejected_records" => fate(Fate::Rejected),
        "damaged_objects" => damaged,
        "incomplete_records" => damaged,
    ]
}

/// Adds up one name per event.
pub(crate) fn tally<'a>(
    events: impl IntoIterator<Item = &'a &'a Event>,
    name: impl Fn(&Event) -> String,
) -> Tally {
    let mut tally = Tally::new();
    for event in events {
        *tally.entry(name(event)).or_default() += 1;
    }
    tally
}

fn kept<'a>(shelf: &[Shelved<'a>]) -> Vec<&'a Event> {
    let events = shelf.iter().flat_map(|(object, _)| &object.events);
    let mut kept: Vec<&Event> = events
        .filter(|event| event.fate == Fate::Kept && event.table != Table::NotWanted)
        .collect();
    kept.sort_by(|a, b| (a.time, &a.id, &a.recipient).cmp(&(b.time, &b.id, &b.recipient)));
    kept
}

fn kms_events(kms: &[&Event]) -> Json {
    map![
        "by_event_name" => tally(kms, |event| event.name.clone()),
        "by_outcome" => tally(kms, |event| event.outcome().to_owned()),
        "by_caller" => tally(kms, |event| event.who.caller.clone()),
        "by_recipient_account" => tally(kms, |event| event.recipient.clone()),
        "by_region" => tally(kms, |event| event.region.clone()),
        "by_date" => tally(kms, |event| time::date(event.time)),
        "by_use_label" => tally(kms, |event| event.label.to_owned()),
        "distinct_callers" => tally(kms, |event| event.who.caller.clone()).len(),
        "without_key" => kms.iter().filter(|event| event.key.is_none()).count(),
        "without_event_id" => kms.iter().filter(|event| event.id.as_deref() == Some("")).count(),
    ]
}

fn trail_events(kept: &[&Event]) -> Json {
    let trail = kept.iter().filter(|event| event.table == Table::Trail);
    map!["by_event" => tally(trail, |event| format!("{} {}", event.source, event.name))]
}

/// Who was throttled, and who called how often in the same account, region and second.
fn throttled(kms: &[&Event]) -> Json {
    let place = |event: &Event| (event.recipient.clone(), event.region.clone(), event.time);
    let calls: Vec<&&Event> = kms
        .iter()
        .filter(|event| event.outcome() == "throttled")
        .collect();
    let seconds: BTreeSet<_> = calls.iter().map(|event| place(event)).collect();
    let seconds = seconds.into_iter().map(|(account, region, second)| {
        let same: Vec<&Event> = kms
            .iter()
            .copied()
            .filter(|event| event.recipient == account && event.region == region && event.time == second)
            .collect();
        let limited = |caller: &str| same.iter().filter(|event| event.who.caller == caller && event.outcome() == "throttled").count();
        let mut consumers: Vec<(String, i64)> = tally(&same, |event| event.who.caller.clone()).into_iter().collect();
        consumers.sort_by(|a, b| (-a.1, &a.0).cmp(&(-b.1, &b.0)));
        let consumers = consumers.into_iter().map(|(caller, calls)| {
            let throttled = limited(&caller);
            map!["caller" => caller, "calls" => calls, "throttled" => throttled]
        });
        map!["account" => account, "region" => region, "second" => time::iso(second), "consumers" => Json::List(consumers.collect())]
    });
    map![
        "calls" => calls.len(),
        "by_caller" => tally(calls.iter().copied(), |event| event.who.caller.clone()),
        "by_event_name" => tally(calls.iter().copied(), |event| event.name.clone()),
        "seconds" => Json::List(seconds.collect()),
    ]
}

fn denied(kms: &[&Event]) -> Json {
    let denied = kms.iter().filter(|event| event.outcome() == "denied");
    let rows = denied.map(|event| {
        let (code, message) = event.error.clone().expect("a denied call has an error");
        map![
            "time" => time::iso(event.time), "event_id" => event.id.clone(), "event_name" => &event.name,
            "caller" => &event.who.caller, "recipient_account" => &event.recipient, "key_arn" => event.key.clone(),
            "key_as_typed" => event.typed.clone(), "error_code" => code, "error_message" => message,
        ]
    });
    Json::List(rows.collect())
}

fn aliases(kms: &[&Event]) -> Json {
    let moves = kms.iter().filter(|event| {
        matches!(
            event.name.as_str(),
            "CreateAlias" | "UpdateAlias" | "DeleteAlias"
        )
    });
    let rows = moves.map(|event| {
        let alias = event
            .resources
            .iter()
            .find(|resource| resource.1.contains(":alias/"));
        let alias = alias.map(|resource| resource.1.clone());
        map![
            "time" => time::iso(event.time), "event_name" => &event.name, "alias_arn" => alias,
            "key_arn" => event.key.clone(),
        ]
    });
    Json::List(rows.collect())
}

fn used_through_alias(kms: &[&Event]) -> Json {
    let typed = |event: &&&Event| {
        event.is_use()
            && event
                .typed
                .as_ref()
                .is_some_and(|typed| typed.contains("alias/"))
    };
    let uses = kms.iter().filter(typed);
    let uses = tally(uses, |event| {
        let typed = event.typed.clone().unwrap_or_default();
        format!("{typed} {}", event.key.clone().unwrap_or_default())
    });
    let rows = uses.into_iter().map(|(pair, uses)| {
        let (typed, key) = pair.split_once(' ').expect("two parts joined above");
        map!["key_as_typed" => typed, "key_arn" => key, "uses" => uses]
    });
    Json::List(rows.collect())
}

/// One operation with a record in the caller's and one in the owner's account.
fn cross_account(kms: &[&Event]) -> Json {
    let owners = kms.iter().filter(|event| {
        event
            .not_an_operation
            .is_some_and(|why| why.contains("cross-account"))
    });
    let rows = owners.map(|owner| {
        let twin = kms.iter().find(|event| event.shared_id == owner.shared_id && event.id != owner.id);
        let twin = twin.expect("the caller's record is planted with the owner's");
        map![
            "shared_event_id" => owner.shared_id.clone(), "time" => time::iso(owner.time), "event_name" => &owner.name,
            "key_arn" => owner.key.clone(), "owner_event_id" => owner.id.clone(),
            "owner_account" => &owner.recipient, "owner_sees_caller" => &owner.who.caller,
            "caller_event_id" => twin.id.clone(), "caller_account" => &twin.recipient, "caller" => &twin.who.caller,
        ]
    });
    Json::List(rows.collect())
}

fn id_conflicts(kms: &[&Event]) -> Json {
    let mut contents: BTreeMap<(String, String), i64> = BTreeMap::new();
    for event in kms {
        let id = event.id.clone().unwrap_or_default();
        *contents.entry((id, event.recipient.clone())).or_default() += 1;
    }
    let conflicts = contents
        .into_iter()
        .filter(|((id, _), contents)| *contents > 1 && !id.is_empty());
    let rows = conflicts.map(|((id, recipient), contents)| {
        map!["event_id" => id, "recipient_account" => recipient, "contents" => contents]
    });
    Json::List(rows.collect())
}

fn corrections(kms: &[&Event]) -> Json {
    let originals = kms.iter().filter(|event| {
        event
            .not_an_operation
            .is_some_and(|why| why.contains("correction"))
    });
    let rows = originals.map(|original| {
        let corrected = kms
            .iter()
            .find(|event| event.request_id == original.request_id && event.id != original.id);
        let corrected = corrected.expect("the correction is planted with the original");
        map!["original_event_id" => original.id.clone(), "event_id" => corrected.id.clone()]
    });
    Json::List(rows.collect())
}

fn damaged(shelf: &[Shelved<'_>]) -> Json {
    let damaged = shelf
        .iter()
        .filter(|(_, written)| written.damage_offset.is_some());
    let rows = damaged.map(|(object, written)| {
        map![
            "object" => object.path(), "complete_records" => object.events.len(),
            "incomplete_record_offset" => written.damage_offset, "text_bytes" => written.text_bytes,
        ]
    });
    Json::List(rows.collect())
}

fn records_of(shelf: &[Shelved<'_>], fate: Fate) -> Json {
    listed(shelf, |event| event.fate == fate)
}

fn planted(shelf: &[Shelved<'_>]) -> Json {
    let mut shown = Tally::new();
    // Bursts and daily events would fill pages: the first three of a kind say where to look.
    let few = shelf
        .iter()
        .flat_map(|(object, _)| object.events.iter().map(move |event| (object, event)));
    let mut rows = Vec::new();
    for (object, event) in few {
        let Some(what) = event.planted else { continue };
        let seen = shown.entry(what.to_owned()).or_default();
        *seen += 1;
        if *seen <= 3 {
            rows.push((what, row(object, event)));
        }
    }
    rows.sort_by_key(|(what, _)| *what);
    let mut kinds: Vec<Json> = Vec::new();
    for (what, count) in shown {
        let records = rows
            .iter()
            .filter(|(kind, _)| *kind == what)
            .map(|(_, row)| row.clone());
        kinds.push(
            map!["what" => &what, "records" => count, "first" => Json::List(records.collect())],
        );
    }
    Json::List(kinds)
}

fn listed(shelf: &[Shelved<'_>], wanted: impl Fn(&Event) -> bool) -> Json {
    let rows = shelf.iter().flat_map(|(object, _)| {
        object
            .events
            .iter()
            .filter(|event| wanted(event))
            .map(|event| row(object, event))
    });
    Json::List(rows.collect())
}

/// Where a record is: object, its number in the object (from 0), and its id.
fn row(object: &Object, event: &Event) -> Json {
    let record = object
        .events
        .iter()
        .position(|other| std::ptr::eq(other, event));
    let id = event.id.clone().filter(|id| !id.is_empty());
    map!["object" => object.path(), "record" => record, "event_name" => &event.name, "event_id" => id]
}

fn objects(shelf: &[Shelved<'_>]) -> Json {
    let rows = shelf.iter().map(|(object, written)| {
        let count = |table, fate| {
            object.events.iter().filter(|event| event.fate == fate && event.table == table).count()
        };
        let form = match object.form {
            Form::Gzip => "gzip",
            Form::TwoMembers => "gzip of two members",
            Form::Plain => "plain",
            Form::CutInside(_) => "gzip of damaged JSON",
            Form::NotEvents(_) => "gzip, no log of events",
        };
        map![
            "object" => object.path(), "form" => form, "text_bytes" => written.text_bytes,
            "records" => object.events.len(), "kms_events" => count(Table::Kms, Fate::Kept),
            "trail_events" => count(Table::Trail, Fate::Kept), "not_wanted" => count(Table::NotWanted, Fate::Kept),
        ]
    });
    Json::List(rows.collect())
}
