//! One record of a big tree: which template, which key, which caller, and the bytes.
//!
//! Everything about a record follows from the seed, the number of its object and its number in it; so any thread can
//! make any record, and a duplicate is made by making the record once more.

use crate::event::Table;
use crate::rng::{BASE32, BASE62, Rng, push_hex};
use crate::templates::{Caller, Part, Slot, Template};
use crate::time;
use crate::world::{CLOUDTRAIL, EC2, Stream, World};

/// Start of every tree: 1 April 2025.
const START: [i64; 3] = [2025, 4, 1];
/// The first objects are delivered so long after their events end.
const DELAY_SECS: i64 = 300;
/// Sessions of one role at a time.
const SESSIONS: u64 = 20;
/// Buckets, tables, secrets and so on of one kind.
const FEW: u64 = 24;

/// The templates with the sums of their weights.
pub(crate) struct Deck {
    templates: Vec<Template>,
    sums: Vec<u64>,
}

/// What a record is, apart from its bytes.
pub(crate) struct Drawn<'a> {
    pub(crate) template: &'a Template,
    pub(crate) time: i64,
    pub(crate) key: usize,
    pub(crate) destination: usize,
    pub(crate) caller: usize,
    session: u64,
    few: u64,
}

/// Where an object stands: its stream, and the time its events fill.
pub(crate) struct Place<'a> {
    pub(crate) number: u64,
    pub(crate) stream: &'a Stream,
    pub(crate) stream_index: usize,
    start: i64,
    end: i64,
}

impl Deck {
    /// A deck to draw from by weight.
    pub(crate) fn new(templates: Vec<Template>) -> Self {
        let mut sum = 0;
        let sums = templates.iter().map(|template| {
            sum += template.weight;
            sum
        });
        Self {
            sums: sums.collect(),
            templates,
        }
    }

    fn draw(&self, rng: &mut Rng) -> &Template {
        let total = *self.sums.last().expect("a deck has templates");
        let drawn = rng.below(total);
        &self.templates[self.sums.partition_point(|sum| *sum <= drawn)]
    }
}

impl<'a> Place<'a> {
    /// The place of the object of that number among `objects`.
    pub(crate) fn of(world: &'a World, number: u64, objects: u64) -> Self {
        let streams = world.streams.len() as u64;
        let stream_index = usize::try_from(number % streams).expect("below the number of streams");
        let slots = i64::try_from(objects.div_ceil(streams)).expect("a count of objects");
        let slot = i64::try_from(number / streams).expect("below the number of slots");
        let span = world.sizes.days * time::DAY_SECS;
        let start = time::at(START, [0, 0, 0]) + span * slot / slots;
        let end = (time::at(START, [0, 0, 0]) + span * (slot + 1) / slots).max(start + 1);
        Self {
            number,
            stream: &world.streams[stream_index],
            stream_index,
            start,
            end,
        }
    }

    /// Delivered after its last event, each stream some seconds after the other.
    pub(crate) fn delivered(&self) -> i64 {
        self.end + DELAY_SECS + i64::try_from(self.stream_index % 60).expect("below 60")
    }
}

/// Decides what the record of that number in that object is; `rng` then stands where its bytes begin.
pub(crate) fn draw<'a>(
    world: &World,
    decks: &'a [Deck; 2],
    place: &Place<'_>,
    number: u64,
) -> (Drawn<'a>, Rng) {
    let mixed = place.number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    let mut rng = Rng::new(world.sizes.seed.rotate_left(32) ^ mixed);
    let is_kms = rng.chance(world.sizes.kms_share);
    let template = decks[usize::from(is_kms)].draw(&mut rng);
    let key = if template.any_key {
        *rng.pick(&place.stream.keys)
    } else {
        World::popular_key(place.stream, &mut rng)
    };
    let destination = if template.has_destination {
        other_key(place.stream, key, &mut rng)
    } else {
        key
    };
    let caller = match template.caller {
        Caller::Ec2 => EC2,
        Caller::CloudTrail => CLOUDTRAIL,
        Caller::Role if template.table == Table::Kms => World::role_of(key, &mut rng),
        Caller::Role => World::any_role(&mut rng),
    };
    let drawn = Drawn {
        template,
        time: rng.between(place.start, place.end),
        key,
        destination,
        caller,
        session: rng.below(SESSIONS),
        few: rng.below(FEW).min(rng.below(FEW)),
    };
    (drawn, rng)
}

/// The destination of a `ReEncrypt` is another key where the stream has one.
fn other_key(stream: &Stream, key: usize, rng: &mut Rng) -> usize {
    let drawn = World::popular_key(stream, rng);
    if drawn != key {
        return drawn;
    }
    let at = stream
        .keys
        .iter()
        .position(|other| *other == key)
        .expect("the key is one of the stream's");
    stream.keys[usize::from(at == 0 && stream.keys.len() > 2)]
}

/// Writes the record.
pub(crate) fn push(
    world: &World,
    place: &Place<'_>,
    drawn: &Drawn<'_>,
    rng: &mut Rng,
    out: &mut Vec<u8>,
) {
    let stream = place.stream;
    let role = &world.roles[stream.account_index][drawn.caller % EC2];
    let day = drawn.time.div_euclid(time::DAY_SECS).unsigned_abs();
    let mut session = Rng::new(
        (drawn.caller as u64) << 40
            ^ drawn.session << 32
            ^ day
            ^ (stream.account_index as u64) << 48,
    );
    let session_bits = session.bits();
    let path = rng.bits();
    for part in &drawn.template.parts {
        let slot = match part {
            Part::Fixed(bytes) => {
                out.extend_from_slice(bytes);
                continue;
            }
            Part::Slot(slot) => slot,
        };
        match slot {
            Slot::Uuid => rng.push_uuid(out),
            Slot::Time => out.extend_from_slice(time::iso(drawn.time).as_bytes()),
            Slot::Created => {
                out.extend_from_slice(
                    time::iso(drawn.time.div_euclid(3600) * 3600 - 59).as_bytes(),
                );
            }
            Slot::Account => out.extend_from_slice(stream.account.as_bytes()),
            Slot::Region => out.extend_from_slice(stream.region.as_bytes()),
            Slot::Key => out.extend_from_slice(world.keys[drawn.key].id.as_bytes()),
            Slot::Material => out.extend_from_slice(world.keys[drawn.key].material.as_bytes()),
            Slot::OtherKey => out.extend_from_slice(world.keys[drawn.destination].id.as_bytes()),
            Slot::OtherMaterial => {
                out.extend_from_slice(world.keys[drawn.destination].material.as_bytes());
            }
            Slot::Role => out.extend_from_slice(role.name.as_bytes()),
            Slot::RoleId => out.extend_from_slice(role.id.as_bytes()),
            Slot::Session => push_bytes_hex(session_bits, 8, out),
            Slot::AccessKey => {
                out.extend_from_slice(b"ASIA");
                push_letters(session_bits, BASE32, 16, out);
            }
            Slot::Ip => push_ip(session_bits, out),
            Slot::Instance => {
                out.extend_from_slice(b"i-0");
                push_bytes_hex(session_bits.rotate_left(9), 8, out);
            }
            Slot::Path => push_path(path, out),
            Slot::Few => push_few(drawn.few, out),
            Slot::Number => out.extend_from_slice(rng.between(100, 900_000).to_string().as_bytes()),
            Slot::Request => push_letters(rng.bits(), BASE32, 16, out),
            Slot::Opaque => {
                for _ in 0..4 {
                    push_letters(rng.bits(), BASE62, 9, out);
                }
            }
        }
    }
}

fn push_bytes_hex(bits: u64, bytes: usize, out: &mut Vec<u8>) {
    for byte in &bits.to_be_bytes()[..bytes] {
        push_hex(*byte, out);
    }
}

fn push_letters(mut bits: u64, alphabet: &[u8], count: usize, out: &mut Vec<u8>) {
    let len = alphabet.len() as u64;
    for _ in 0..count {
        out.push(alphabet[usize::try_from(bits % len).expect("an index into the alphabet")]);
        bits = (bits / len) ^ bits.rotate_left(23);
    }
}

fn push_ip(bits: u64, out: &mut Vec<u8>) {
    let [a, b, c, ..] = bits.to_be_bytes();
    out.extend_from_slice(format!("10.{}.{}.{}", a % 16, b % 32, c).as_bytes());
}

/// `year=2026/part-0000-1a2b3c4d.parquet`: most of a path is alike.
fn push_path(bits: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"tables/events/day=");
    push_few(bits % FEW, out);
    out.extend_from_slice(b"/part-");
    push_bytes_hex(bits, 5, out);
    out.extend_from_slice(b"-snappy.parquet");
}

fn push_few(number: u64, out: &mut Vec<u8>) {
    const WORDS: [&str; 8] = [
        "invoice", "profile", "basket", "ledger", "picture", "session", "archive", "metrics",
    ];
    out.extend_from_slice(WORDS[usize::try_from(number % 8).expect("below 8")].as_bytes());
    out.push(b'-');
    out.extend_from_slice((10 + number).to_string().as_bytes());
}
