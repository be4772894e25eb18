//! Which call comes next: who does what with which key.
//!
//! In: the world, and randomness. Out: calls to draw from. In real logs a few *workloads* (one caller, one key, one
//! operation) make nearly all events: of so many, each as often as one over its rank to the power of 2.5. Flat traffic
//! draws caller, key and operation apart, so that any of them comes with any other: the worst case for what counts them.

use crate::corpus::event::Table;
use crate::corpus::rng::{Rng, Weighted};
use crate::corpus::templates::{self, Caller, Choice, Template};
use crate::corpus::world::{CLOUDTRAIL, EC2, PARTNER, Stream, World};

/// Buckets, tables, secrets and so on of one kind.
pub(crate) const FEW: u64 = 24;
/// In a million calls, those that no workload makes.
const ODD: u64 = 1000;

/// A call before its time: what is done, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Of KMS calls, or of those of other services.
    pub(crate) template: usize,
    pub(crate) key: usize,
    pub(crate) destination: usize,
    pub(crate) caller: usize,
    pub(crate) alias: usize,
    /// Which bucket, table, secret.
    pub(crate) few: u64,
}

/// Calls to draw from.
pub(crate) struct Traffic {
    pub(crate) kms: Vec<Template>,
    pub(crate) others: Vec<Template>,
    kms_deck: Weighted<usize>,
    others_deck: Weighted<usize>,
    /// By stream; nothing where the traffic is flat.
    workloads: Vec<Weighted<Call>>,
}

impl Traffic {
    pub(crate) fn new(world: &World) -> Self {
        let mut kms = templates::kms();
        if !world.sizes.is_plain {
            kms.extend(templates::intricate());
        }
        if world
            .streams
            .iter()
            .any(|stream| stream.shared.items().is_empty())
        {
            kms.retain(|template| template.choice != Choice::Shared);
        }
        let others = templates::others();
        let mut traffic = Self {
            kms_deck: deck(&kms, |_| true),
            others_deck: deck(&others, |_| true),
            kms,
            others,
            workloads: Vec::new(),
        };
        if !world.sizes.is_flat {
            let streams = world.streams.iter();
            traffic.workloads = streams
                .map(|stream| traffic.workloads(world, stream))
                .collect();
        }
        traffic
    }

    /// A call, and what it is made from.
    pub(crate) fn draw(&self, world: &World, stream: usize, rng: &mut Rng) -> (&Template, Call) {
        let place = &world.streams[stream];
        if !rng.chance(world.sizes.kms_share) {
            let call = choose(&self.others, *self.others_deck.draw(rng), place, None, rng);
            return (&self.others[call.template], call);
        }
        let call = match self.workloads.get(stream) {
            Some(workloads) if !rng.chance(ODD) => *workloads.draw(rng),
            _ => choose(&self.kms, *self.kms_deck.draw(rng), place, None, rng),
        };
        (&self.kms[call.template], call)
    }

    /// The workloads of a stream. Every key has one, and every alias and every key that another account uses as well.
    fn workloads(&self, world: &World, stream: &Stream) -> Weighted<Call> {
        let name = format!("workloads of {} {}", stream.account, stream.region);
        let mut rng = Rng::of(world.sizes.seed, &name);
        let of = |is_wanted: fn(&Template) -> bool| deck(&self.kms, is_wanted);
        let usual = of(|template| {
            template.choice == Choice::Popular && template.caller != Caller::CloudTrail
        });
        let deliveries = of(|template| template.caller == Caller::CloudTrail);
        let described = of(|template| template.choice == Choice::Any);
        let copied = of(|template| template.choice == Choice::Shared);
        let typed = of(|template| template.choice == Choice::Alias);
        let mut calls = Vec::new();
        let mut add = |deck: &Weighted<usize>, key: Option<usize>| {
            calls.push(choose(
                &self.kms,
                *deck.draw(&mut rng),
                stream,
                key,
                &mut rng,
            ));
        };
        for (rank, key) in stream.used.items().iter().enumerate() {
            // What a trail delivers is encrypted: in real logs, by far most of all calls.
            add(if rank == 0 { &deliveries } else { &usual }, Some(*key));
            if stream.shared.items().contains(key) {
                add(&copied, Some(*key));
            }
            if stream.aliases.len() * rank % stream.used.items().len() < stream.aliases.len() {
                add(&typed, None);
            }
        }
        // Somebody looks at each of them now and then.
        for key in &stream.keys {
            add(&described, Some(*key));
        }
        let weights = (1_u128..).map(|rank| (1_u128 << 50) / rank.pow(5).isqrt() + 1);
        let weights = weights.map(|weight| u64::try_from(weight).expect("at most 2^50 and one"));
        Weighted::new(calls.into_iter().zip(weights))
    }
}

/// Numbers of templates, by weight.
fn deck(templates: &[Template], is_wanted: impl Fn(&Template) -> bool) -> Weighted<usize> {
    let numbered = templates.iter().enumerate();
    let wanted = numbered.filter(|(_, template)| is_wanted(template));
    Weighted::new(wanted.map(|(number, template)| (number, template.weight)))
}

/// Makes a call of a template, with this key or one that is drawn.
fn choose(
    templates: &[Template],
    number: usize,
    stream: &Stream,
    key: Option<usize>,
    rng: &mut Rng,
) -> Call {
    let template = &templates[number];
    let key = key.unwrap_or_else(|| match template.choice {
        Choice::Any => *rng.pick(&stream.keys),
        Choice::Shared => *stream.shared.draw(rng),
        _ => *stream.used.draw(rng),
    });
    Call {
        template: number,
        key,
        destination: if template.has_destination {
            other_key(stream, key, rng)
        } else {
            key
        },
        caller: match template.caller {
            Caller::Ec2 => EC2,
            Caller::CloudTrail => CLOUDTRAIL,
            Caller::Partner => PARTNER + World::role_of(key, rng),
            Caller::Role if template.table == Table::Kms => World::role_of(key, rng),
            Caller::Role => World::any_role(rng),
        },
        alias: rng.index(stream.aliases.len().max(1)),
        few: rng.below(FEW).min(rng.below(FEW)),
    }
}

/// The destination of a `ReEncrypt` is another key where the stream has one.
fn other_key(stream: &Stream, key: usize, rng: &mut Rng) -> usize {
    let drawn = *stream.used.draw(rng);
    if drawn != key {
        return drawn;
    }
    let is_first = stream.keys[0] == key;
    stream.keys[usize::from(is_first && stream.keys.len() > 2)]
}
