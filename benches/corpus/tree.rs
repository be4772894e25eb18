//! Mode `tree`: big trees for the benches, written by several threads, with the answers that matter for them.
//!
//! Threads take objects from one counter and add up apart; sums, minima and maxima do not depend on who did what.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use libdeflater::{CompressionLvl, Compressor};

use crate::event::Table;
use crate::json::{Json, map};
use crate::render::{self, Deck, Drawn, Place};
use crate::rng::Rng;
use crate::shelf::{Object, start, write_below};
use crate::templates;
use crate::time;
use crate::world::{CALLERS, Sizes, World};

/// Keys for which the callers are told.
const TOP_KEYS: usize = 10;

/// What a thread packs objects with: buffers that it keeps, and libdeflate, which is several times as fast as zlib.
struct Packer {
    compressor: Compressor,
    text: Vec<u8>,
    gzip: Vec<u8>,
}

/// What a thread has counted.
struct Count {
    keys: Vec<KeyCount>,
    /// Uses by key and caller.
    pairs: Vec<u64>,
    outcomes: BTreeMap<&'static str, u64>,
    totals: Totals,
}

#[derive(Clone, Default)]
struct Totals {
    events: u64,
    kms: u64,
    trail: u64,
    not_wanted: u64,
    kms_duplicates: u64,
    trail_duplicates: u64,
    text_bytes: u64,
    gzip_bytes: u64,
}

#[derive(Clone)]
struct KeyCount {
    seen: u64,
    uses: u64,
    first: i64,
    last: i64,
}

/// Writes the tree and its answers below `root`; says what was written.
pub(crate) fn write(root: &Path, sizes: Sizes, level: i32, threads: usize) -> io::Result<String> {
    start(root)?;
    let level =
        CompressionLvl::new(level).map_err(|_wrong| io::Error::other("no level of gzip"))?;
    let world = World::new(sizes);
    let decks = [Deck::new(templates::others()), Deck::new(templates::kms())];
    let objects = world.sizes.events.div_ceil(world.sizes.events_per_object);
    let next = AtomicU64::new(0);
    let work = || -> io::Result<Count> {
        let mut count = Count::new(&world);
        let mut packer = Packer {
            compressor: Compressor::new(level),
            text: Vec::new(),
            gzip: Vec::new(),
        };
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= objects {
                return Ok(count);
            }
            write_object(
                root,
                &world,
                &decks,
                (number, objects),
                &mut packer,
                &mut count,
            )?;
        }
    };
    let mut sum = Count::new(&world);
    thread::scope(|scope| -> io::Result<()> {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            sum.add(&worker.join().expect("a worker does not panic")?);
        }
        Ok(())
    })?;
    let (counts, answers) = sum.answers(&world, objects);
    write_below(root, "answers.json", answers.pretty().as_bytes())?;
    Ok(counts.pretty())
}

fn write_object(
    root: &Path,
    world: &World,
    decks: &[Deck; 2],
    (number, objects): (u64, u64),
    packer: &mut Packer,
    count: &mut Count,
) -> io::Result<()> {
    let sizes = &world.sizes;
    let place = Place::of(world, number, objects);
    let events = sizes
        .events_per_object
        .min(sizes.events - number * sizes.events_per_object);
    let text = &mut packer.text;
    text.clear();
    text.extend_from_slice(b"{\"Records\":[");
    let mut repeats = Rng::new(sizes.seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
    for event in 0..events {
        let (drawn, mut rng) = render::draw(world, decks, &place, event);
        render::push(world, &place, &drawn, &mut rng, text);
        text.push(b',');
        count.event(&drawn);
        if repeats.chance(sizes.duplicates) {
            // A record of this account's object before, or of this object where it is the first.
            let streams = world.streams.len() as u64;
            let (from, below) = if number >= streams {
                (
                    Place::of(world, number - streams, objects),
                    sizes.events_per_object,
                )
            } else {
                (Place::of(world, number, objects), event + 1)
            };
            let (drawn, mut rng) = render::draw(world, decks, &from, repeats.below(below));
            render::push(world, &from, &drawn, &mut rng, text);
            text.push(b',');
            count.duplicate(&drawn);
        }
    }
    text.pop();
    text.extend_from_slice(b"]}");
    let suffix = Rng::of(sizes.seed, &format!("object {number}")).object_suffix();
    let object = Object::log(
        &place.stream.account,
        place.stream.region,
        place.delivered(),
        suffix,
    );
    let bytes = packer.pack()?;
    count.totals.gzip_bytes += bytes.len() as u64;
    write_below(root, &object.path(), bytes)?;
    count.totals.text_bytes += packer.text.len() as u64;
    Ok(())
}

impl Packer {
    /// The text as one gzip member.
    fn pack(&mut self) -> io::Result<&[u8]> {
        let most = self.compressor.gzip_compress_bound(self.text.len());
        if self.gzip.len() < most {
            self.gzip.resize(most, 0);
        }
        let len = self
            .compressor
            .gzip_compress(&self.text, &mut self.gzip)
            .map_err(io::Error::other)?;
        Ok(&self.gzip[..len])
    }
}

impl Count {
    fn new(world: &World) -> Self {
        let unseen = KeyCount {
            seen: 0,
            uses: 0,
            first: i64::MAX,
            last: i64::MIN,
        };
        Self {
            keys: vec![unseen; world.keys.len()],
            pairs: vec![0; world.keys.len() * CALLERS],
            outcomes: BTreeMap::new(),
            totals: Totals::default(),
        }
    }

    fn event(&mut self, drawn: &Drawn<'_>) {
        self.totals.events += 1;
        match drawn.template.table {
            Table::NotWanted => {
                self.totals.not_wanted += 1;
                return;
            }
            Table::Trail => {
                self.totals.trail += 1;
                return;
            }
            Table::Kms => self.totals.kms += 1,
        }
        *self.outcomes.entry(drawn.template.outcome).or_default() += 1;
        let both = [drawn.key, drawn.destination];
        for &key in &both[..=usize::from(drawn.template.has_destination)] {
            let count = &mut self.keys[key];
            count.seen += 1;
            if drawn.template.is_use {
                count.uses += 1;
                count.first = count.first.min(drawn.time);
                count.last = count.last.max(drawn.time);
                self.pairs[key * CALLERS + drawn.caller] += 1;
            }
        }
    }

    fn duplicate(&mut self, drawn: &Drawn<'_>) {
        self.totals.events += 1;
        // A copy of a record that nobody keeps is one more record that nobody keeps.
        match drawn.template.table {
            Table::Kms => self.totals.kms_duplicates += 1,
            Table::Trail => self.totals.trail_duplicates += 1,
            Table::NotWanted => self.totals.not_wanted += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.keys.iter_mut().zip(&other.keys) {
            mine.seen += theirs.seen;
            mine.uses += theirs.uses;
            mine.first = mine.first.min(theirs.first);
            mine.last = mine.last.max(theirs.last);
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            *mine += theirs;
        }
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        let (mine, theirs) = (&mut self.totals, &other.totals);
        mine.events += theirs.events;
        mine.kms += theirs.kms;
        mine.trail += theirs.trail;
        mine.not_wanted += theirs.not_wanted;
        mine.kms_duplicates += theirs.kms_duplicates;
        mine.trail_duplicates += theirs.trail_duplicates;
        mine.text_bytes += theirs.text_bytes;
        mine.gzip_bytes += theirs.gzip_bytes;
    }

    fn answers(&self, world: &World, objects: u64) -> (Json, Json) {
        let totals = &self.totals;
        let counts = map![
            "objects" => int(objects),
            "text_bytes" => int(totals.text_bytes),
            "gzip_bytes" => int(totals.gzip_bytes),
            "events_read" => int(totals.events),
            "kms_events" => int(totals.kms),
            "trail_events" => int(totals.trail),
            "not_wanted" => int(totals.not_wanted),
            "duplicates" => int(totals.kms_duplicates + totals.trail_duplicates),
            "kms_duplicates" => int(totals.kms_duplicates),
        ];
        let mut seen: Vec<usize> = (0..self.keys.len())
            .filter(|key| self.keys[*key].seen > 0)
            .collect();
        seen.sort_by_key(|&key| (std::cmp::Reverse(self.keys[key].uses), &world.keys[key].arn));
        let keys = seen.iter().map(|&key| {
            let count = &self.keys[key];
            let used = count.uses > 0;
            map![
                "key_arn" => &world.keys[key].arn, "uses" => int(count.uses), "records" => int(count.seen),
                "first_use" => used.then(|| time::iso(count.first)), "last_use" => used.then(|| time::iso(count.last)),
            ]
        });
        let top = seen.iter().take(TOP_KEYS).map(|&key| {
            map!["key_arn" => &world.keys[key].arn, "uses" => int(self.keys[key].uses), "by_caller" => self.callers(world, key)]
        });
        let never = seen
            .iter()
            .filter(|key| self.keys[**key].uses == 0)
            .map(|&key| Json::from(&world.keys[key].arn));
        let outcomes = self
            .outcomes
            .iter()
            .map(|(outcome, count)| ((*outcome).to_owned(), int(*count)));
        let times = || self.keys.iter().filter(|key| key.uses > 0);
        let answers = map![
            "format" => 1_i64,
            "counts" => counts.clone(),
            "kms_by_outcome" => Json::Map(outcomes.collect()),
            "first_use" => times().map(|key| key.first).min().map(time::iso),
            "last_use" => times().map(|key| key.last).max().map(time::iso),
            "top_keys" => Json::List(top.collect()),
            "never_used" => Json::List(never.collect()),
            "keys" => Json::List(keys.collect()),
        ];
        (counts, answers)
    }

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

fn int(count: u64) -> Json {
    Json::Int(i64::try_from(count).expect("a count below 2^63"))
}
