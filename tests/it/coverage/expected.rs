//! What must be said of every hour, from what was planted.
//!
//! Enters: a trail that was written. Leaves: by account, region and hour a state and the reasons, by the words
//! of the issue: deliveries go on for the hour and a quarter more, the digests of the hour and of the 24 after
//! it prove it, and what is wrong touches the hours whose events it may hold.

use std::collections::{BTreeMap, BTreeSet};

use super::planted::{ASKED, JOINED, LEFT, LISTED_EARLY, NEVER_ENABLED, SILENT, SILENT_REGION};
use crate::organization::{Fault, HOUR_SECS, Kind, LeftOut, Object, Organization, Plan, Spot};

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

/// What may hold of an hour, in the order of the states.
pub(super) const REASONS: [&str; 12] = [
    "account_not_in_organization",
    "region_not_enabled",
    "logging_stopped",
    "kms_excluded",
    "write_only",
    "archived",
    "gap",
    "partial (missing file)",
    "partial (hash mismatch)",
    "partial (id conflict)",
    "selectors_unknown",
    "not_verified",
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
    // Before the first list nobody enabled or disabled it, as far back as the logs tell of such calls.
    let listed = plan.hour(LISTED_EARLY);
    let disabled = [plan.accounts[0], plan.accounts[3]].map(|account| {
        let unbroken = Stream::of(trail, account, plan.home_region).unbroken();
        let mut holding = unbroken.into_iter();
        let found = holding.find(|(from, until)| (*from..=*until).contains(&listed));
        found.expect("its logs").0
    });
    let disabled = disabled.into_iter().max().unwrap_or(listed);
    add(plan.accounts[3], NEVER_ENABLED, &|hour| {
        let mut reasons = nothing();
        if plan.hour(hour) >= disabled {
            reasons.insert("region_not_enabled");
        }
        reasons
    });
    for region in &plan.regions {
        add(SILENT, region, &|_| nothing());
    }
    answers
}

fn answer(reasons: &BTreeSet<&'static str>) -> Answer {
    let told: Vec<&str> = REASONS
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
    account: &'static str,
    region: &'static str,
    objects: Vec<&'a Object>,
    stretches: Vec<(i64, i64)>,
    unproven: BTreeSet<i64>,
    read_times: Vec<i64>,
}

impl<'a> Stream<'a> {
    fn of(trail: &'a Organization, account: &'static str, region: &'static str) -> Self {
        let plan = &trail.plan;
        let objects: Vec<&Object> = trail
            .objects
            .iter()
            .filter(|object| (object.account, object.region) == (account, region))
            .collect();
        let unproven = (-1..=plan.hours + FOLLOWING + 2)
            .filter(|window| !is_proven(&objects, *window))
            .collect();
        let read_times = objects
            .iter()
            .filter(|object| object.is_there && !object.is_archived)
            .filter_map(|object| Some(object.events?.0))
            .filter(|time| plan.left_out(hour_of(plan, *time)).is_none())
            .collect();
        Self {
            stretches: stretches(plan, &objects),
            plan,
            account,
            region,
            objects,
            unproven,
            read_times,
        }
    }

    /// From when to when a change in it cannot have been missed.
    fn unbroken(&self) -> Vec<(i64, i64)> {
        let mut broken: Vec<(i64, i64)> = self
            .objects
            .iter()
            .filter_map(|object| fault(self.plan, object))
            .map(|(_, first, last)| (first, last + 1))
            .collect();
        // Nobody knows what was changed while the trail did not log.
        broken.extend(self.plan.faults.iter().filter_map(|fault| match fault {
            Fault::Stopped(from, until) => Some((self.plan.hour(*from), self.plan.hour(*until))),
            _ => None,
        }));
        broken.sort_unstable();
        let mut unbroken = Vec::new();
        for (from, until) in &self.stretches {
            let mut since = *from;
            for (first, last) in &broken {
                if (since..*until).contains(first) {
                    unbroken.push((since, *first));
                    since = *last;
                }
            }
            if since < until - DELAY_SECS {
                unbroken.push((since, until - DELAY_SECS));
            }
        }
        unbroken
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
        // It was enabled until the last delivery at least, and in the list before the last one.
        let last = self.stretches.last().map_or(0, |(_, end)| *end);
        holds(
            "region_not_enabled",
            is_of(3)
                && self.region == plan.regions[2]
                && hour > hour_of(plan, last - 1)
                && hour >= ASKED,
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
        let here = Spot {
            account: self.account,
            region: self.region,
            hour,
        };
        holds(
            "partial (id conflict)",
            plan.faults.contains(&Fault::SameId(here)),
        );
        let is_reading =
            setting == Some(Setting::All) || selectors.are_shown(plan, hour, &self.read_times);
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

/// A read before the next change tells from the last change on until one that leaves reads out.
struct Span {
    from: i64,
    changed: i64,
    until: i64,
}

/// What is known of the trail's selectors.
struct Selectors {
    /// From when to when they are known, in seconds.
    known: Vec<(i64, i64)>,
    /// In which time a KMS read shows that reads were logged.
    spans: Vec<Span>,
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
        let told = plan.hour(ASKED);
        let mut known = Vec::new();
        for (from, until) in owner.unbroken() {
            let range = from..until;
            let is_told = range.contains(&told) || is_beginning_told && from < plan.hour(1);
            let mut changed = changes.iter().map(|hour| plan.hour(*hour));
            let first = changed.find(|time| range.contains(time));
            let since = if is_told { Some(from) } else { first };
            known.extend(since.map(|since| (since, until)));
        }
        let mut spans = Vec::new();
        for (from, until) in owner.unbroken() {
            let within = changes.iter().map(|hour| plan.hour(*hour));
            let within = within.filter(|time| (from + 1..until).contains(time));
            for since in [from].into_iter().chain(within) {
                let mut later = changes.iter().filter(|hour| plan.hour(**hour) > since);
                let changed = later.clone().next().map_or(until, |hour| plan.hour(*hour));
                let next = later.find(|hour| plan.left_out(**hour).is_some());
                spans.push(Span {
                    from: since,
                    changed: changed.min(until),
                    until: next.map_or(until, |hour| plan.hour(*hour).min(until)),
                });
            }
        }
        Self { known, spans }
    }

    /// Whether a KMS read of the day shows that reads were logged in all of an hour.
    fn are_shown(&self, plan: &Plan, hour: i64, read_times: &[i64]) -> bool {
        let (begin, end) = (plan.hour(hour), plan.hour(hour + 1));
        let day = |time: i64| hour_of(plan, time).div_euclid(24);
        self.spans.iter().any(|span| {
            let told = span.from..span.changed;
            let is_told = |time: &i64| day(*time) == day(begin) && told.contains(time);
            span.from <= begin && end <= span.until && read_times.iter().any(is_told)
        })
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
