//! One call of a big tree, and the bytes of its records.
//!
//! Everything about a call follows from the seed, the number of its object and its number in it; so any thread can
//! make any of its records: its own, that in the log of the caller's account, a correction that is delivered later,
//! the same once more.

use crate::corpus::aliases::{Change, Operation};
use crate::corpus::rng::{BASE32, BASE62, Rng, push_hex};
use crate::corpus::templates::{self, Choice, Name, Part, Slot, Template};
use crate::corpus::time;
use crate::corpus::traffic::{Call, FEW, Traffic};
use crate::corpus::world::{Sizes, Stream, World, account_id};

/// The first objects are delivered so long after their events end.
const DELAY_SECS: i64 = 300;
/// Sessions of one role at a time.
const SESSIONS: u64 = 20;
/// In a million uses, those that are corrected later, and those that are marked as delivered late.
const CORRECTED: u64 = 1000;
const LATE: u64 = 500;
/// In a million direct calls of `Decrypt`, those that a VPC endpoint logs as well; it denies one more for every third.
const BY_ENDPOINT: u64 = 50_000;

/// Where calls come from.
pub(crate) struct Source {
    pub(crate) world: World,
    traffic: Traffic,
    without_alias: Template,
    of_alias: [Template; 3],
    of_endpoint: [Template; 2],
}

/// A call with its time, apart from the bytes of its records.
pub(crate) struct Drawn<'a> {
    pub(crate) template: &'a Template,
    pub(crate) call: Call,
    pub(crate) time: i64,
    session: u64,
    /// What its ids follow from.
    ids: u64,
    is_late: bool,
    pub(crate) is_corrected: bool,
    pub(crate) is_by_endpoint: bool,
}

/// A record of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// In the log of the key's account.
    Own,
    /// In the log of the caller's.
    Copy,
    /// Of its own, once more, with other data.
    Correction,
}

/// A record while it is written.
struct Draft<'a> {
    drawn: &'a Drawn<'a>,
    record: Record,
    stream: &'a Stream,
    /// What differs between sessions, objects of a bucket, and buckets.
    session: u64,
    path: u64,
    few: u64,
}

/// Where an object is: its stream, and the time that its events fill.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) number: u64,
    pub(crate) stream: &'a Stream,
    pub(crate) stream_index: usize,
    start: i64,
    end: i64,
}

impl Source {
    pub(crate) fn new(sizes: Sizes) -> Self {
        let world = World::new(sizes);
        Self {
            traffic: Traffic::new(&world),
            world,
            without_alias: templates::without_alias(),
            of_alias: [Operation::Create, Operation::Update, Operation::Delete]
                .map(templates::of_alias),
            of_endpoint: [false, true].map(templates::of_endpoint),
        }
    }

    /// The place of the object of that number.
    pub(crate) fn place(&self, number: u64) -> Place<'_> {
        let world = &self.world;
        let streams = world.streams.len() as u64;
        let stream_index = usize::try_from(number % streams).expect("below the number of streams");
        let slots = i64::try_from(world.objects / streams).expect("a count of objects");
        let slot = i64::try_from(number / streams).expect("below the number of slots");
        let (start, span) = (world.sizes.start, world.sizes.span());
        Place {
            number,
            stream: &world.streams[stream_index],
            stream_index,
            start: start + span * slot / slots,
            end: start + span * (slot + 1) / slots,
        }
    }

    /// The object before this one in its stream.
    pub(crate) fn before(&self, place: &Place<'_>) -> Option<Place<'_>> {
        let streams = self.world.streams.len() as u64;
        Some(self.place(place.number.checked_sub(streams)?))
    }

    /// The object of that time whose stream shares keys with this one's.
    pub(crate) fn sharing(&self, place: &Place<'_>) -> Option<Place<'_>> {
        let stream = place.stream.sharing? as u64;
        Some(self.place(place.number - place.stream_index as u64 + stream))
    }

    /// All calls of an object; each with the randomness that its bytes begin with.
    pub(crate) fn calls<'a>(&'a self, place: &Place<'a>) -> impl Iterator<Item = (Drawn<'a>, Rng)> {
        let place = *place;
        (0..self.world.calls(place.number)).map(move |number| self.draw(&place, number))
    }

    /// Decides what the call of that number is.
    pub(crate) fn draw(&self, place: &Place<'_>, number: u64) -> (Drawn<'_>, Rng) {
        let sizes = &self.world.sizes;
        let mixed = place.number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let mut rng = Rng::new(sizes.seed.rotate_left(32) ^ mixed);
        let time = rng.between(place.start, place.end.max(place.start + 1));
        let (mut template, mut call) = self.traffic.draw(&self.world, place.stream_index, &mut rng);
        if template.choice == Choice::Alias {
            match place.stream.aliases[call.alias].key_at(time) {
                Some(key) => call.key = key,
                None => template = &self.without_alias,
            }
        }
        let is_alone = template.copy.is_none();
        let mut drawn = Drawn {
            template,
            call,
            time,
            session: rng.below(SESSIONS),
            ids: rng.bits(),
            is_late: false,
            is_corrected: false,
            is_by_endpoint: false,
        };
        if !sizes.is_plain {
            drawn.is_late = template.is_use && rng.chance(LATE);
            drawn.is_corrected = template.is_use && is_alone && rng.chance(CORRECTED);
            drawn.is_by_endpoint = template.is_use
                && is_alone
                && template.is_direct
                && template.name == "Decrypt"
                && rng.chance(BY_ENDPOINT);
        }
        (drawn, rng)
    }

    /// The calls about aliases in the time of an object.
    pub(crate) fn changes<'a>(
        &'a self,
        place: &Place<'a>,
    ) -> impl Iterator<Item = (Drawn<'a>, Rng)> {
        let place = *place;
        let aliases = place.stream.aliases.iter().enumerate();
        let changes = aliases.flat_map(|(alias, history)| {
            history.changes.iter().map(move |change| (alias, *change))
        });
        changes
            .filter(move |(_, change)| (place.start..place.end).contains(&change.time))
            .map(move |(alias, change)| self.change(&place, alias, change))
    }

    fn change(&self, place: &Place<'_>, alias: usize, change: Change) -> (Drawn<'_>, Rng) {
        let name = format!("alias {} {alias} {}", place.stream_index, change.time);
        let mut rng = Rng::of(self.world.sizes.seed, &name);
        let call = Call {
            template: 0,
            key: change.key,
            destination: change.key,
            caller: 0,
            alias,
            few: 0,
        };
        let drawn = Drawn {
            template: &self.of_alias[change.operation as usize],
            call,
            time: change.time,
            session: 0,
            ids: rng.bits(),
            is_late: false,
            is_corrected: false,
            is_by_endpoint: false,
        };
        (drawn, rng)
    }

    /// What the VPC endpoint logs of a call that it let through and, for every third, of one that it denied.
    pub(crate) fn by_endpoint<'a>(&'a self, drawn: &Drawn<'a>) -> impl Iterator<Item = Drawn<'a>> {
        let count = 1 + usize::from(drawn.ids.is_multiple_of(3));
        let drawn = Drawn {
            is_late: false,
            ..*drawn
        };
        self.of_endpoint[..count]
            .iter()
            .zip(1_u64..)
            .map(move |(template, number)| Drawn {
                template,
                ids: drawn.ids.wrapping_add(number),
                ..drawn
            })
    }

    /// Writes a record.
    pub(crate) fn push(
        &self,
        place: &Place<'_>,
        drawn: &Drawn<'_>,
        record: Record,
        rng: &mut Rng,
        out: &mut Vec<u8>,
    ) {
        let Drawn { call, .. } = drawn;
        let day = drawn.time.div_euclid(time::DAY_SECS).unsigned_abs();
        let mut session = Rng::new(
            (call.caller as u64) << 40
                ^ drawn.session << 32
                ^ day
                ^ (place.stream.account_index as u64) << 48,
        );
        let draft = Draft {
            drawn,
            record,
            stream: place.stream,
            session: session.bits(),
            path: rng.bits(),
            few: (call.few + u64::from(record == Record::Correction)) % FEW,
        };
        let parts = match (record, &drawn.template.copy) {
            (Record::Copy, Some(copy)) => copy,
            _ => &drawn.template.parts,
        };
        for part in parts {
            match part {
                Part::Fixed(bytes) => out.extend_from_slice(bytes),
                Part::Slot(slot) => self.fill(*slot, &draft, rng, out),
            }
        }
    }

    fn fill(&self, slot: Slot, draft: &Draft<'_>, rng: &mut Rng, out: &mut Vec<u8>) {
        let Draft {
            drawn,
            record,
            stream,
            session,
            ..
        } = *draft;
        let mut text = |text: &str| out.extend_from_slice(text.as_bytes());
        match slot {
            Slot::World(name) => text(self.text(stream, &drawn.call, name)),
            Slot::CallerAccount => text(&account_id(self.world.partner(stream.account_index))),
            Slot::Alias => text(&format!("alias/app-{}", drawn.call.alias)),
            Slot::Time => text(&time::iso(drawn.time)),
            Slot::Created => text(&time::iso(drawn.time.div_euclid(3600) * 3600 - 59)),
            Slot::Number => text(&rng.between(100, 900_000).to_string()),
            Slot::Uuid => rng.push_uuid(out),
            Slot::EventId => drawn.push_event_id(record, out),
            Slot::RequestId => drawn.push_id(3, out),
            Slot::SharedId => drawn.push_id(4, out),
            Slot::Addendum => drawn.push_addendum(record, out),
            Slot::Session => push_bytes_hex(session, 8, out),
            Slot::AccessKey => {
                text("ASIA");
                push_letters(session, BASE32, 16, out);
            }
            Slot::Ip => push_ip(session, out),
            Slot::Instance => {
                text("i-0");
                push_bytes_hex(session.rotate_left(9), 8, out);
            }
            Slot::Path => push_path(draft.path, out),
            Slot::Few => push_few(draft.few, out),
            Slot::Request => push_letters(rng.bits(), BASE32, 16, out),
            Slot::Opaque => {
                for _ in 0..4 {
                    push_letters(rng.bits(), BASE62, 9, out);
                }
            }
        }
    }

    /// What the world knows of a call.
    fn text<'a>(&'a self, stream: &'a Stream, call: &Call, name: Name) -> &'a str {
        let world = &self.world;
        let role = world.role(stream.account_index, call.caller);
        match name {
            Name::Account => &stream.account,
            Name::Region => stream.region,
            Name::Key => &world.keys[call.key].id,
            Name::Material => &world.keys[call.key].material,
            Name::OtherKey => &world.keys[call.destination].id,
            Name::OtherMaterial => &world.keys[call.destination].material,
            Name::Role => &role.name,
            Name::RoleId => &role.id,
        }
    }
}

impl Drawn<'_> {
    /// The keys that the call is about.
    pub(crate) fn keys(&self) -> impl Iterator<Item = usize> {
        let has_key = self.template.choice != Choice::None;
        let key = has_key.then_some(self.call.key);
        let destination = self
            .template
            .has_destination
            .then_some(self.call.destination);
        key.into_iter().chain(destination)
    }

    fn push_event_id(&self, record: Record, out: &mut Vec<u8>) {
        self.push_id(record as u64, out);
    }

    fn push_id(&self, which: u64, out: &mut Vec<u8>) {
        Rng::new(self.ids ^ which << 56).push_uuid(out);
    }

    fn push_addendum(&self, record: Record, out: &mut Vec<u8>) {
        if record == Record::Correction {
            out.extend_from_slice(br#""addendum":{"reason":"UPDATED_DATA","updatedFields":"requestParameters","originalRequestID":""#);
            self.push_id(3, out);
            out.extend_from_slice(br#"","originalEventID":""#);
            self.push_event_id(Record::Own, out);
            out.extend_from_slice(br#""},"#);
        } else if self.is_late {
            out.extend_from_slice(br#""addendum":{"reason":"DELIVERY_DELAY"},"#);
        }
    }
}

impl Place<'_> {
    /// Delivered after its last event, each stream some seconds after the other.
    pub(crate) fn delivered(&self) -> i64 {
        self.end.max(self.start + 1)
            + DELAY_SECS
            + i64::try_from(self.stream_index % 60).expect("below 60")
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
