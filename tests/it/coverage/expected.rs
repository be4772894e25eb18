//! What must be said of every hour, from what was planted.
//!
//! Enters: a trail that was written. Leaves: by account, region and hour a state and the reasons, by the words
//! of the issue: deliveries go on for the hour and a quarter more, the digests of the hour and of the 24 after
//! it prove it, and what is wrong touches the hours whose events it may hold.

use std::collections::{BTreeMap, BTreeSet};

use super::planted::{ASKED, JOINED, LEFT, NEVER_ENABLED, SILENT, SILENT_REGION};
use crate::organization::{Fault, HOUR_SECS, Kind, LeftOut, Object, Organization, Plan};

/// Account, region, and the hour as it is counted in the plan.
pub(super) type Place = (String, String, i64);
/// The state, and all reasons.
pub(super) type Answer = (String, String);

/// How far apart deliveries may be.
const GAP_SECS: i64 = 3600;
/// How long after an hour deliveries must go on.
const DELAY_SECS: i64 = 900;
/// How many windows after that of the hour must be proven.
const FOLLOWING: i64 = 24;

/// What holds of an hour, in the order of the states.
const STATES: [&str; 14] = [
    "account_not_in_organization",
    "region_not_enabled",
    "logging_stopped",
    "kms_excluded",
    "write_only",
    "archived",
    "gap",
    "partial (damaged or rejected)",
    "partial (missing file)",
    "partial (hash mismatch)",
    "partial (id conflict)",
    "selectors_unknown",
    "not_verified",
    "",
];

/// Every hour; `is_beginning_told` if somebody tells that KMS was left out before the first log.
pub(super) fn of(trail: &Organization, is_beginning_told: bool) -> BTreeMap<Place, Answer> {
    let plan = &trail.plan;
    let selectors = Selectors::of(trail, is_beginning_told);
    let mut answers = BTreeMap::new();
    let mut add = |account: &str, region: &str, of: &dyn Fn(i64) -> BTreeSet<&'static str>| {
        // The last window ends in the hour after that in which it begins.
        for hour in 0..=plan.hours + 1 {
            let place = (account.to_owned(), region.to_owned(), hour);
            answers.insert(place, answer(&of(hour)));
        }
    };
    for account in &plan.accounts {
        for region in &plan.regions {
            let stream = Stream::of(trail, account, region);
            add(account, region, &|hour| stream.reasons(hour, &selectors));
        }
    }
    let nothing = || BTreeSet::from(["gap", "selectors_unknown", "not_verified"]);
    add(plan.accounts[0], SILENT_REGION, &|_| nothing());
    add(plan.accounts[3], NEVER_ENABLED, &|_| {
        let mut reasons = nothing();
        reasons.insert("region_not_enabled");
        reasons
    });
    for region in &plan.regions {
        add(SILENT, region, &|_| nothing());
    }
    answers
}

fn answer(reasons: &BTreeSet<&'static str>) -> Answer {
    let told: Vec<&str> = STATES
        .into_iter()
        .filter(|reason| reasons.contains(reason))
        .collect();
    let state = match told.first() {
        None => "complete_verified",
        Some(&"not_verified") => "complete_unverified",
        Some(reason) => reason.split(' ').next().unwrap_or_default(),
    };
    (state.to_owned(), told.join(", "))
}

/// One account and region.
struct Stream<'a> {
    plan: &'a Plan,
    account: &'a str,
    region: &'a str,
    objects: Vec<&'a Object>,
    stretches: Vec<(i64, i64)>,
    unproven: BTreeSet<i64>,
    read_hours: BTreeSet<i64>,
}

impl<'a> Stream<'a> {
    fn of(trail: &'a Organization, account: &'a str, region: &'a str) -> Self {
        let plan = &trail.plan;
        let objects: Vec<&Object> = trail
            .objects
            .iter()
            .filter(|object| (object.account, object.region) == (account, region))
            .collect();
        let unproven = (-1..=plan.hours + FOLLOWING + 2)
            .filter(|window| !is_proven(&objects, *window))
            .collect();
        let read_hours = objects
            .iter()
            .filter(|object| object.is_there && !object.is_archived)
            .filter_map(|object| Some(hour_of(plan, object.events?.0)))
            .filter(|hour| plan.left_out(*hour).is_none())
            .collect();
        Self {
            stretches: stretches(plan, &objects),
            plan,
            account,
            region,
            objects,
            unproven,
            read_hours,
        }
    }

    fn reasons(&self, hour: i64, selectors: &Selectors) -> BTreeSet<&'static str> {
        let plan = self.plan;
        let mut reasons = BTreeSet::new();
        let mut holds = |reason: &'static str, holds: bool| {
            if holds {
                reasons.insert(reason);
            }
        };
        let is_of = |index: usize| self.account == plan.accounts[index];
        holds(
            "account_not_in_organization",
            is_of(2) && hour < JOINED || is_of(1) && hour >= LEFT,
        );
        // It was enabled until the last delivery at least.
        let last = self.stretches.last().map_or(0, |(_, end)| *end);
        holds(
            "region_not_enabled",
            is_of(3) && self.region == plan.regions[2] && hour > hour_of(plan, last - 1),
        );
        holds("logging_stopped", is_stopped(plan, hour));
        let setting = selectors.of_hour(plan, hour);
        holds("kms_excluded", setting == Some(Setting::Excluded));
        holds("write_only", setting == Some(Setting::WriteOnly));
        let begin = plan.hour(hour);
        let end = begin + HOUR_SECS;
        let is_delivered = self
            .stretches
            .iter()
            .any(|(from, until)| *from <= begin && end + DELAY_SECS <= *until);
        holds("gap", !is_delivered);
        for object in &self.objects {
            if let Some((reason, from, until)) = fault(plan, object) {
                holds(reason, from < end && begin <= until);
            }
        }
        let day = |hour: i64| hour.div_euclid(24);
        let is_read_that_day = self.read_hours.iter().any(|read| day(*read) == day(hour));
        let is_reading = setting == Some(Setting::All)
            || self.read_hours.contains(&hour)
            || is_read_that_day && !selectors.changes.iter().any(|at| day(*at) == day(hour));
        holds("selectors_unknown", setting.is_none() && !is_reading);
        let mut windows = hour - 1..=hour + FOLLOWING;
        holds(
            "not_verified",
            windows.any(|window| self.unproven.contains(&window)),
        );
        reasons
    }
}

fn hour_of(plan: &Plan, time: i64) -> i64 {
    (time - plan.start).div_euclid(HOUR_SECS)
}

fn is_stopped(plan: &Plan, hour: i64) -> bool {
    plan.faults.iter().any(
        |fault| matches!(fault, Fault::Stopped(from, until) if (*from..*until).contains(&hour)),
    )
}

/// Whether a digest can be read, and is what was signed.
fn is_digest(object: &Object) -> bool {
    let is_signed = matches!(
        object.status,
        Some("valid" | "chain_start" | "chain_broken")
    );
    object.kind == Kind::Digest && object.is_there && !object.is_archived && is_signed
}

/// Whether the digest of a window is proven, and everything that it names is held as it was.
fn is_proven(objects: &[&Object], window: i64) -> bool {
    let is_wrong = |object: &Object| {
        object.kind == Kind::Log && matches!(object.status, Some("missing" | "hash_mismatch"))
    };
    let mut of_window = objects.iter().filter(|object| object.window == window);
    of_window
        .clone()
        .any(|object| is_digest(object) && matches!(object.status, Some("valid" | "chain_start")))
        && !of_window.any(|object| is_wrong(object))
}

/// From when to when deliveries go on.
fn stretches(plan: &Plan, objects: &[&Object]) -> Vec<(i64, i64)> {
    let mut deliveries: Vec<(i64, i64)> = objects
        .iter()
        .filter(|object| object.is_there)
        .filter_map(|object| match object.kind {
            Kind::Log => Some((object.delivered, object.delivered)),
            Kind::Digest if is_digest(object) || object.is_archived => {
                let start = plan.window_start(object.window);
                Some((start, start + HOUR_SECS))
            }
            _ => None,
        })
        .collect();
    deliveries.sort_unstable();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for (from, until) in deliveries {
        match stretches.last_mut() {
            // A digest that is gone leaves an hour.
            Some((_, reached)) if from < *reached + GAP_SECS => *reached = until.max(*reached),
            _ => stretches.push((from, until)),
        }
    }
    stretches
}

/// What is wrong with an object, with the first and last time of the events that it may hold.
fn fault(plan: &Plan, object: &Object) -> Option<(&'static str, i64, i64)> {
    let (first, last) = object.events.unwrap_or_default();
    match (object.kind, object.status) {
        (Kind::Log, Some("missing")) if !object.is_archived => {
            Some(("partial (missing file)", first, last))
        }
        (Kind::Log, Some("hash_mismatch")) => Some(("partial (hash mismatch)", first, last)),
        // A digest that can be read tells the times of an archived log.
        (Kind::Log, Some(_)) if object.is_archived => Some(("archived", first, last)),
        (Kind::Log, _) if object.is_archived => {
            Some(("archived", object.delivered - HOUR_SECS, object.delivered))
        }
        (Kind::Digest, _) if object.is_archived => {
            let start = plan.window_start(object.window);
            Some(("archived", start, start + HOUR_SECS - 1))
        }
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    All,
    WriteOnly,
    Excluded,
}

/// What is known of the trail's selectors.
struct Selectors {
    /// From when to when they are known, in seconds.
    known: Vec<(i64, i64)>,
    /// The hours at whose beginning they changed.
    changes: BTreeSet<i64>,
}

impl Selectors {
    /// They are known from the first change or description in a stretch of the owner's logs: a change tells
    /// what is so from then on, a description also what was before it.
    fn of(trail: &Organization, is_beginning_told: bool) -> Self {
        let plan = &trail.plan;
        let changes: BTreeSet<i64> = plan
            .faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::LeavesOut(from, until, _) => Some([*from, *until]),
                _ => None,
            })
            .flatten()
            .filter(|hour| *hour >= 0)
            .collect();
        let owner = Stream::of(trail, plan.accounts[0], plan.home_region);
        let told = [plan.hour(ASKED)];
        let known = owner.stretches.iter().filter_map(|(from, until)| {
            let range = *from..*until;
            let is_told = told.iter().any(|time| range.contains(time))
                || is_beginning_told && *from < plan.hour(1);
            let mut changed = changes.iter().map(|hour| plan.hour(*hour));
            let first = changed.find(|time| range.contains(time));
            let since = if is_told { Some(*from) } else { first };
            Some((since?, until - DELAY_SECS))
        });
        Self {
            known: known.collect(),
            changes,
        }
    }

    /// What is known of an hour: that something was left out in a part of it, or nothing in all of it.
    fn of_hour(&self, plan: &Plan, hour: i64) -> Option<Setting> {
        let (begin, end) = (plan.hour(hour), plan.hour(hour + 1));
        let within = |(from, until): &&(i64, i64)| *from < end && begin < *until;
        let (from, until) = self.known.iter().find(within)?;
        match plan.left_out(hour) {
            Some(LeftOut::KmsBasic | LeftOut::KmsAdvanced) => Some(Setting::Excluded),
            Some(LeftOut::Reads) => Some(Setting::WriteOnly),
            None => (*from <= begin && end <= *until).then_some(Setting::All),
        }
    }
}
