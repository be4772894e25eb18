//! The days of the sample: when objects are delivered, and which object an event lands in.
//!
//! Three rounds of deliveries a day, each of the events of the ten minutes before it, so that few objects
//! cover ten days and events are as late as they really are.

use crate::corpus::event::Event;
use crate::corpus::rng::Rng;
use crate::corpus::shelf::Object;
use crate::corpus::time;
use crate::sample::cast::{AUDIT, Cast, IRELAND, LAKE, SHOP, VIRGINIA};

/// Days of ordinary traffic, from 1 March 2026.
pub(crate) const DAYS: i64 = 10;
/// An event reaches its object at the earliest and at the latest after so many seconds.
const LATENESS_SECS: std::ops::RangeInclusive<i64> = 45..=900;
/// Account, region and rounds of the objects of a day, with the events of other services and of KMS in each.
const STREAMS: [(&str, &str, &[usize], u64, u64); 5] = [
    (SHOP, VIRGINIA, &[0, 1, 2], 27, 17),
    (SHOP, IRELAND, &[0, 2], 13, 7),
    (LAKE, VIRGINIA, &[0, 1], 18, 7),
    (LAKE, IRELAND, &[1], 7, 4),
    (AUDIT, VIRGINIA, &[0, 1, 2], 7, 2),
];

/// The sample while it is put together.
pub(crate) struct Stage {
    pub(crate) cast: Cast,
    pub(crate) objects: Vec<Object>,
    /// The first so many objects are ordinary; what is planted as a file of its own comes after them.
    ordinary: usize,
}

impl Stage {
    /// All ordinary objects, still empty.
    pub(crate) fn new(seed: u64) -> Self {
        let mut stage = Self {
            cast: Cast::new(seed),
            objects: Vec::new(),
            ordinary: 0,
        };
        for day in 1..=DAYS {
            for (account, region, rounds, _, _) in STREAMS {
                for &round in rounds {
                    // The auditors' account gets what CloudTrail did for the others' objects, so it comes later.
                    let later_secs = if account == AUDIT { 300 } else { 0 };
                    let delivered = stage.round(day, round) + later_secs;
                    let suffix = stage.cast.rng.object_suffix();
                    stage
                        .objects
                        .push(Object::log(account, region, delivered, suffix));
                }
            }
        }
        stage.ordinary = stage.objects.len();
        stage
    }

    /// When a round of that day in March is delivered: on a minute divisible by five.
    pub(crate) fn round(&self, day: i64, round: usize) -> i64 {
        let clocks = [[2, 15, 0], [10, 40, 0], [18, 20, 0]];
        let mut rng = Rng::of(self.cast.seed, &format!("round {day} {round}"));
        time::at([2026, 3, day], clocks[round]) + 300 * rng.between(0, 6)
    }

    /// A moment before a round.
    pub(crate) fn before(&self, day: i64, round: usize, secs: i64) -> i64 {
        self.round(day, round) - secs
    }

    /// Numbers an event and puts it into the ordinary object that is delivered next.
    pub(crate) fn deliver(&mut self, event: Event) {
        let event = event.number(&mut self.cast.rng);
        let index = self.object_of(&event);
        self.objects[index].events.push(event);
    }

    /// The ordinary object that an event of that time lands in.
    pub(crate) fn object_of(&self, event: &Event) -> usize {
        let fits = |object: &Object| {
            object.account == event.recipient
                && object.region == event.region
                && LATENESS_SECS.contains(&(object.delivered - event.time))
        };
        let fitting = (0..self.ordinary).filter(|&index| fits(&self.objects[index]));
        fitting
            .min_by_key(|&index| self.objects[index].delivered)
            .unwrap_or_else(|| {
                panic!(
                    "nothing is delivered soon after {} in {} {}",
                    time::iso(event.time),
                    event.recipient,
                    event.region
                )
            })
    }

    /// Fills every ordinary object with everyday traffic.
    pub(crate) fn fill(&mut self) {
        for index in 0..self.ordinary {
            let Object {
                account,
                region,
                delivered,
                ..
            } = self.objects[index].clone();
            let stream = STREAMS
                .iter()
                .find(|stream| stream.0 == account && stream.1 == region);
            let stream = stream.expect("every ordinary object belongs to a stream");
            for (share, kms) in [(stream.3, false), (stream.4, true)] {
                let count = share * 3 / 4 + self.cast.rng.below(share / 2 + 1);
                for _ in 0..count {
                    let time = delivered - self.cast.rng.between(60, 620);
                    let event = if kms {
                        crate::sample::uses::draw(&mut self.cast, &account, &region, time)
                    } else {
                        crate::sample::others::draw(&mut self.cast, &account, &region, time)
                    };
                    self.objects[index].events.push(event);
                }
            }
        }
    }

    /// Files have no order: mixes the records of each ordinary object.
    pub(crate) fn shuffle(&mut self) {
        let Self {
            cast,
            objects,
            ordinary,
        } = self;
        for object in &mut objects[..*ordinary] {
            for last in (1..object.events.len()).rev() {
                let other = cast.rng.index(last + 1);
                object.events.swap(last, other);
            }
        }
    }

    /// The trail encrypts each object that it delivers: one `GenerateDataKey` in the account of the trail's key.
    pub(crate) fn encrypt_deliveries(&mut self) {
        let key = self.cast.key("org-trail");
        for index in 0..self.ordinary {
            let object = &self.objects[index];
            if object.account == AUDIT {
                continue;
            }
            let path = format!(
                "arn:aws:s3:::{}/{}",
                crate::sample::cast::LOG_BUCKET,
                object.path()
            );
            let delivered = object.delivered;
            let time = delivered + self.cast.rng.between(5, 50);
            let who = crate::corpus::identity::Identity::service("cloudtrail.amazonaws.com");
            let mut event = Event::kms("GenerateDataKey", who, &key, time)
                .in_context(&[
                    ("aws:cloudtrail:arn", crate::sample::cast::TRAIL_ARN),
                    ("aws:s3:arn", &path),
                ])
                .typed(&key.arn)
                .with("keySpec", "AES_256");
            event.label = "cloudtrail_delivery";
            event.shared_id = Some(self.cast.rng.uuid());
            self.deliver(event);
        }
    }
}
