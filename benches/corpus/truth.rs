//! What a correct reader answers about a big tree, counted while it is made.
//!
//! In: calls and records. Out: `answers.json`. A call counts once, whatever number of records it has; rows count
//! records. Threads count apart and add up: sums, minima and maxima do not depend on who did what.

use std::collections::BTreeMap;

use crate::corpus::event::Table;
use crate::corpus::json::{Json, map};
use crate::corpus::render::{Drawn, Record};
use crate::corpus::templates::UNKNOWN_OPERATION;
use crate::corpus::time;
use crate::corpus::world::{CALLERS, World};

/// What was counted.
pub(crate) struct Truth {
    keys: Vec<KeyCount>,
    /// Uses by key and caller.
    pairs: Vec<u64>,
    /// Uses of a key by operation, and rows by outcome.
    operations: BTreeMap<String, u64>,
    outcomes: BTreeMap<&'static str, u64>,
    totals: BTreeMap<&'static str, u64>,
}

#[derive(Clone)]
struct KeyCount {
    records: u64,
    uses: u64,
    /// Calls of an operation that may be a use.
    unknown: u64,
    /// A successful call names it.
    is_real: bool,
    first: i64,
    last: i64,
}

/// What is counted, in the order in which it is shown.
const TOTALS: [&str; 13] = [
    "objects",
    "text_bytes",
    "gzip_bytes",
    "events_read",
    "kms_events",
    "trail_events",
    "not_wanted",
    "duplicates",
    "kms_duplicates",
    "copies",
    "corrections",
    "alias_changes",
    "endpoint_records",
];

impl Truth {
    pub(crate) fn new(world: &World) -> Self {
        let unseen = KeyCount {
            records: 0,
            uses: 0,
            unknown: 0,
            is_real: false,
            first: i64::MAX,
            last: i64::MIN,
        };
        Self {
            keys: vec![unseen; world.keys.len()],
            pairs: vec![0; world.keys.len() * CALLERS],
            operations: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            totals: TOTALS.map(|name| (name, 0)).into(),
        }
    }

    /// Adds to one of the totals.
    pub(crate) fn total(&mut self, name: &'static str, count: usize) {
        *self.totals.entry(name).or_default() += count as u64;
    }

    /// A call.
    pub(crate) fn call(&mut self, drawn: &Drawn<'_>) {
        for key in drawn.keys() {
            let count = &mut self.keys[key];
            count.is_real |= drawn.template.outcome == "success";
            count.unknown += u64::from(drawn.template.name == UNKNOWN_OPERATION);
            if !drawn.template.is_use {
                continue;
            }
            count.uses += 1;
            count.first = count.first.min(drawn.time);
            count.last = count.last.max(drawn.time);
            self.pairs[key * CALLERS + drawn.call.caller] += 1;
            if let Some(uses) = self.operations.get_mut(&drawn.template.name) {
                *uses += 1;
            } else {
                self.operations.insert(drawn.template.name.clone(), 1);
            }
        }
    }

    /// A record that is read for the first time.
    pub(crate) fn record(&mut self, drawn: &Drawn<'_>, record: Record) {
        self.total("events_read", 1);
        match record {
            Record::Own => {}
            Record::Copy => self.total("copies", 1),
            Record::Correction => self.total("corrections", 1),
        }
        match drawn.template.table {
            Table::NotWanted => self.total("not_wanted", 1),
            Table::Trail => self.total("trail_events", 1),
            Table::Kms => {
                self.total("kms_events", 1);
                *self.outcomes.entry(drawn.template.outcome).or_default() += 1;
                for key in drawn.keys() {
                    self.keys[key].records += 1;
                }
            }
        }
    }

    /// A record that was read before.
    pub(crate) fn duplicate(&mut self, drawn: &Drawn<'_>) {
        self.total("events_read", 1);
        // A copy of a record that nobody keeps is one more record that nobody keeps.
        match drawn.template.table {
            Table::NotWanted => self.total("not_wanted", 1),
            Table::Trail => self.total("duplicates", 1),
            Table::Kms => {
                self.total("duplicates", 1);
                self.total("kms_duplicates", 1);
            }
        }
    }

    /// Adds what another thread has counted.
    pub(crate) fn add(&mut self, other: Self) {
        for (mine, theirs) in self.keys.iter_mut().zip(other.keys) {
            mine.records += theirs.records;
            mine.uses += theirs.uses;
            mine.unknown += theirs.unknown;
            mine.is_real |= theirs.is_real;
            mine.first = mine.first.min(theirs.first);
            mine.last = mine.last.max(theirs.last);
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(other.pairs) {
            *mine += theirs;
        }
        for (operation, uses) in other.operations {
            *self.operations.entry(operation).or_default() += uses;
        }
        for (mine, theirs) in [
            (&mut self.outcomes, other.outcomes),
            (&mut self.totals, other.totals),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    /// One of the totals.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.totals[name]
    }

    /// The totals.
    pub(crate) fn counts(&self) -> Json {
        let counts = TOTALS.map(|name| (name.to_owned(), int(self.totals[name])));
        Json::Map(counts.into())
    }

    /// All answers. A key is there if any record names it, those with most uses first.
    pub(crate) fn answers(&self, world: &World) -> Json {
        let mut seen: Vec<usize> = (0..self.keys.len())
            .filter(|key| self.keys[*key].records > 0)
            .collect();
        seen.sort_by_key(|&key| (std::cmp::Reverse(self.keys[key].uses), &world.keys[key].arn));
        let keys = seen.iter().map(|&key| {
            let count = &self.keys[key];
            let used = count.uses > 0;
            map![
                "key_arn" => &world.keys[key].arn, "uses" => int(count.uses), "records" => int(count.records),
                "unknown_calls" => int(count.unknown), "first_use" => used.then(|| time::iso(count.first)), "last_use" => used.then(|| time::iso(count.last)),
                "callers" => self.callers(world, key),
            ]
        });
        let is_unused = |key: &KeyCount| key.uses == 0 && key.unknown == 0 && key.is_real;
        let never = seen
            .iter()
            .filter(|key| is_unused(&self.keys[**key]))
            .map(|&key| Json::from(&world.keys[key].arn));
        let used = || self.keys.iter().filter(|key| key.uses > 0);
        map![
            "format" => 2_i64,
            "counts" => self.counts(),
            "kms_by_outcome" => ints(&self.outcomes),
            "uses_by_operation" => ints(&self.operations),
            "first_use" => used().map(|key| key.first).min().map(time::iso),
            "last_use" => used().map(|key| key.last).max().map(time::iso),
            "never_used" => Json::List(never.collect()),
            "keys" => Json::List(keys.collect()),
        ]
    }

    /// The uses of a key by caller.
    fn callers(&self, world: &World, key: usize) -> Json {
        let stream = &world.streams[key % world.streams.len()];
        let uses = &self.pairs[key * CALLERS..(key + 1) * CALLERS];
        let callers: BTreeMap<String, Json> = uses
            .iter()
            .enumerate()
            .filter(|(_, uses)| **uses > 0)
            .map(|(caller, uses)| (world.caller(stream, caller), int(*uses)))
            .collect();
        callers.into()
    }
}

fn ints<N: ToString>(counts: &BTreeMap<N, u64>) -> Json {
    let members = counts
        .iter()
        .map(|(name, count)| (name.to_string(), int(*count)));
    Json::Map(members.collect())
}

fn int(count: u64) -> Json {
    Json::Int(i64::try_from(count).expect("a count below 2^63"))
}
