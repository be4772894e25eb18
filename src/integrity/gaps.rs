//! Why a log is in no digest.
//!
//! Enters: all digests of the ledger with what was judged of them, and trails. Leaves: a [`GapReason`], or none where
//! there is no good one: then the log is not one that the trail delivered, or is not as it was named.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::digest::TrailName;
use super::ledger::{HOUR, LedgerKind, Object, ReadState};
use super::named::NamedLogs;
use super::status::DigestStatus;
use super::trails::Trails;

/// A reason, and what is said about this one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GapReason {
    pub(super) group: &'static str,
    pub(super) detail: String,
}

/// A digest is there two hours after the first log that it names was delivered, else it is late.
const DUE_AFTER: i64 = 2 * HOUR;
/// The name of a log has the minute of its delivery.
const MINUTE: i64 = HOUR / 60;

/// An account and a region.
type AccountRegion<'a> = (Option<&'a str>, Option<&'a str>);
/// Where a trail delivers: a bucket and a prefix, or a directory, and an organization.
type Tree<'a> = (&'a str, Option<&'a str>);
/// The hour of a digest.
type Hour<'a> = (i64, i64, &'a Object);

/// The hours of all digests.
pub(super) struct Gaps<'a> {
    /// By account and region, in their order.
    hours: BTreeMap<AccountRegion<'a>, Vec<Hour<'a>>>,
    /// Where digests lie, or logs that they name.
    trees: HashSet<Tree<'a>>,
    trails: &'a Trails,
    /// What was judged of digests, by location.
    judged: HashMap<&'a str, DigestStatus>,
    now: i64,
}

impl<'a> Gaps<'a> {
    pub(super) fn new(
        objects: &'a [Object],
        named: &NamedLogs<'_>,
        judged: HashMap<&'a str, DigestStatus>,
        trails: &'a Trails,
        now: i64,
    ) -> Self {
        let mut hours: BTreeMap<AccountRegion<'a>, Vec<Hour<'a>>> = BTreeMap::new();
        for object in objects
            .iter()
            .filter(|object| object.kind == LedgerKind::Digest)
        {
            // A backfill digest comes in addition to the one of its hour.
            let is_backfill =
                TrailName::read(&object.address.tail).is_some_and(|trail| trail.is_backfill);
            if let Some((start, end)) = object.hour.filter(|_| !is_backfill) {
                let place = (object.account_id.as_deref(), object.region.as_deref());
                hours.entry(place).or_default().push((start, end, object));
            }
        }
        for hours in hours.values_mut() {
            hours.sort_by_key(|(start, end, object)| (*start, *end, &object.location));
        }
        let is_of_digests = |object: &&Object| {
            object.kind == LedgerKind::Digest || named.of(object).next().is_some()
        };
        Self {
            trees: objects.iter().filter(is_of_digests).map(tree).collect(),
            hours,
            trails,
            judged,
            now,
        }
    }

    /// Why no digest names a log.
    pub(super) fn why(&self, log: &Object) -> Option<GapReason> {
        let reason = |group, detail: String| Some(GapReason { group, detail });
        if log.kind == LedgerKind::OtherLog {
            return reason(
                "digests need not name it",
                "it contains no management events".to_owned(),
            );
        }
        let Some(time) = log.delivery_time.filter(|_| log.account_id.is_some()) else {
            return reason("its name is not that of a delivered log", String::new());
        };
        if let Some(trail) = self.trails.without_digests(log) {
            return reason("validation was switched off", format!("for {trail}"));
        }
        let place = (log.account_id.as_deref(), log.region.as_deref());
        let Some(hours) = self.hours.get(&place) else {
            return reason(
                "the store has no digest of its account and region",
                String::new(),
            );
        };
        // What another trail delivers is in none of these digests.
        if !self.trees.contains(&tree(log)) {
            return reason("the store has no digest of this trail", String::new());
        }
        let until = time + MINUTE;
        let around = || {
            hours
                .iter()
                .filter(|(start, end, _)| *start < until && time < *end)
        };
        let mut covered = time;
        for (start, end, digest) in around() {
            let status = match self.judged.get(digest.location.as_str()) {
                Some(status) if status.is_signed() => None,
                Some(status) => Some(status.word()),
                None if digest.state == ReadState::Archived => Some("archived"),
                None => Some("not readable"),
            };
            if let Some(status) = status {
                let name = digest.address.name();
                return reason(
                    "the digest of its hour proves nothing",
                    format!("{status}: {name}"),
                );
            }
            if *start <= covered {
                covered = covered.max(*end);
            }
        }
        if covered >= until {
            return None;
        }
        if self.now < time + DUE_AFTER {
            return reason("its digest is not due yet", String::new());
        }
        let is_first = hours.first().is_some_and(|(start, ..)| until <= *start);
        let is_last = hours.iter().all(|(_, end, _)| *end < until);
        reason(
            match (is_first, is_last) {
                (true, _) => "it is older than the first digest in the store",
                (_, true) => "it is newer than the last digest in the store",
                _ => "the store lacks the digest of its hour",
            },
            String::new(),
        )
    }
}

fn tree(object: &Object) -> Tree<'_> {
    let root = object.address.root.as_str();
    (root, object.organization_id.as_deref())
}

impl GapReason {
    pub(super) fn text(&self) -> String {
        if self.detail.is_empty() {
            self.group.to_owned()
        } else {
            format!("{}: {}", self.group, self.detail)
        }
    }
}
