//! What is delivered when: the logs of one account and region.

use super::json::{ALL, Origin, about_trail, decrypt, log, other, written};
use super::{Change, DELAY_SECS, Fault, HOUR_SECS, Hidden, LeftOut, Plan, Spot};
use crate::corpus::rng::Rng;
use crate::corpus::time::{day_folder, minute_stamp};

/// In which digest a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// In that of its window.
    Ordinary,
    /// In a backfill digest of its window.
    Backfill,
    /// In none.
    Never,
}

/// A log as CloudTrail made it.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) key: String,
    pub(super) delivered: i64,
    pub(super) window: i64,
    pub(super) events: (i64, i64),
    pub(super) text: String,
    pub(super) naming: Naming,
    /// What was planted in the file, if something was.
    pub(super) fault: Option<Fault>,
}

/// When the first events of an hour happen.
pub(super) fn first_time(plan: &Plan, hour: i64) -> i64 {
    plan.hour(hour) + 25 * 60
}

/// All logs of one account and region, in the order of their delivery.
pub(super) fn of(plan: &Plan, account: &'static str, region: &'static str) -> Vec<Delivery> {
    let stream = Stream {
        plan,
        account,
        region,
    };
    let mut deliveries = Vec::new();
    for hour in 0..plan.hours {
        let is_silent = plan.faults.iter().any(|fault| match fault {
            Fault::Quiet(span) => span.holds(account, region, hour),
            Fault::Stopped(from, until) => (*from..*until).contains(&hour),
            _ => false,
        });
        if is_silent {
            continue;
        }
        let first = first_time(plan, hour);
        if !plan.is_silent(first) {
            stream.first_of(hour, first, &mut deliveries);
        }
        let second = first + 33 * 60;
        if !plan.is_silent(second) {
            stream.deliver(second, 0, None, &mut deliveries);
        }
    }
    if (account, region) == (plan.accounts[0], plan.home_region) {
        stream.about_the_trail(&mut deliveries);
    }
    deliveries
        .sort_by(|left, right| (left.delivered, &left.key).cmp(&(right.delivered, &right.key)));
    deliveries
}

#[derive(Clone, Copy)]
struct Stream<'a> {
    plan: &'a Plan,
    account: &'static str,
    region: &'static str,
}

impl Stream<'_> {
    /// The log of minute 25, with what is planted there.
    fn first_of(self, hour: i64, time: i64, deliveries: &mut Vec<Delivery>) {
        let here = Spot {
            account: self.account,
            region: self.region,
            hour,
        };
        let mut late_secs = 0;
        let mut planted = None;
        let mut naming = None;
        for fault in &self.plan.faults {
            match fault {
                Fault::Late(spot, hours) if *spot == here => late_secs = hours * HOUR_SECS,
                Fault::Backfill(spot) if *spot == here => naming = Some(Naming::Backfill),
                Fault::TamperedLog(spot) | Fault::Recompressed(spot) | Fault::DroppedLog(spot)
                    if *spot == here =>
                {
                    planted = Some(fault.clone());
                }
                Fault::Forged(spot) if *spot == here => {
                    let before = deliveries.len();
                    self.deliver(time + 60, 0, Some(Naming::Never), deliveries);
                    deliveries[before].fault = Some(fault.clone());
                }
                Fault::SameId(spot) if *spot == here => {
                    const LATER_SECS: i64 = 60;
                    let event = decrypt(Origin {
                        account: self.account,
                        region: self.region,
                        time,
                    });
                    let other = event.replace("198.51.100.7", "198.51.100.9");
                    let never = Some(Naming::Never);
                    deliveries.push(self.delivery(&[other], (time, time), LATER_SECS, never));
                }
                _ => {}
            }
        }
        self.deliver(time, late_secs, naming, deliveries);
        if let Some(delivery) = deliveries.last_mut()
            && planted.is_some()
        {
            delivery.fault = planted;
        }
    }

    fn deliver(
        self,
        time: i64,
        late_secs: i64,
        naming: Option<Naming>,
        deliveries: &mut Vec<Delivery>,
    ) {
        let (account, region) = (self.account, self.region);
        let origin = Origin {
            account,
            region,
            time,
        };
        let last = time + 7;
        let later = Origin {
            time: last,
            ..origin
        };
        let hour = (time - self.plan.start).div_euclid(HOUR_SECS);
        let left_out = match self.plan.hidden(time) {
            Some(Change::LeavesOut(left_out)) => Some(left_out),
            _ => self.plan.left_out(hour),
        };
        let events = match left_out {
            None => [decrypt(origin), other(later)],
            Some(LeftOut::KmsBasic | LeftOut::KmsAdvanced) => [other(origin), other(later)],
            Some(LeftOut::Reads) => [written(origin), written(later)],
        };
        deliveries.push(self.delivery(&events, (time, last), late_secs, naming));
    }

    fn delivery(
        self,
        events: &[String],
        (from, until): (i64, i64),
        late_secs: i64,
        naming: Option<Naming>,
    ) -> Delivery {
        let plan = self.plan;
        let delivered = from + DELAY_SECS + late_secs;
        let window = plan.window(delivered);
        let is_off = plan.faults.iter().any(|fault| {
            matches!(fault, Fault::ValidationOff(from, until) if (*from..*until).contains(&window))
        });
        Delivery {
            key: self.key(delivered, from),
            delivered,
            window,
            events: (from, until),
            text: log(events),
            naming: if is_off {
                Naming::Never
            } else {
                naming.unwrap_or(Naming::Ordinary)
            },
            fault: None,
        }
    }

    fn key(self, delivered: i64, from: i64) -> String {
        let Self {
            plan,
            account,
            region,
        } = self;
        let random = Rng::of(0, &format!("{} {account} {region} {from}", plan.trail)).bits();
        let (prefix, organization) = (plan.prefix, plan.organization);
        let (folder, time) = (day_folder(delivered), minute_stamp(delivered));
        format!(
            "{prefix}AWSLogs/{organization}/{account}/CloudTrail/{region}/{folder}/{account}_CloudTrail_{region}_{time}_{random:016x}.json.gz"
        )
    }

    /// What somebody does to the trail, each in a log of its own.
    fn about_the_trail(self, deliveries: &mut Vec<Delivery>) {
        for fault in &self.plan.faults {
            if let Fault::Hidden(hidden) = fault {
                self.about_what_it_hides(*hidden, deliveries);
            }
            let changes = match fault {
                Fault::Stopped(from, until) => {
                    [(*from, "StopLogging", ""), (*until, "StartLogging", "")]
                }
                Fault::ValidationOff(from, until) => [
                    (*from, "UpdateTrail", r#""enableLogFileValidation":false"#),
                    (*until, "UpdateTrail", r#""enableLogFileValidation":true"#),
                ],
                Fault::LeavesOut(from, until, left_out) => [
                    (*from, "PutEventSelectors", left_out.selectors()),
                    (*until, "PutEventSelectors", ALL),
                ],
                _ => continue,
            };
            for (hour, name, more) in changes.into_iter().filter(|(hour, ..)| *hour >= 0) {
                let time = self.plan.hour(hour);
                let event = about_trail(self.plan, name, more, time);
                deliveries.push(self.delivery(&[event], (time, time), 0, None));
            }
        }
    }

    /// Each change in a log of its own, of which the first is lost.
    fn about_what_it_hides(self, hidden: Hidden, deliveries: &mut Vec<Delivery>) {
        let changes = match hidden.change {
            Change::LeavesOut(left_out) => vec![
                ("PutEventSelectors", left_out.selectors(), hidden.from),
                ("PutEventSelectors", ALL, hidden.until),
            ],
            Change::Stops => vec![
                ("StopLogging", "", hidden.from),
                ("StartLogging", "", hidden.until),
            ],
            // What the trail was made anew with is logged by none.
            Change::Deletes => vec![
                ("DeleteTrail", "", hidden.from),
                ("StartLogging", "", hidden.until),
            ],
        };
        for (number, (name, more, time)) in changes.into_iter().enumerate() {
            let event = about_trail(self.plan, name, more, time);
            let fault = (number == 0).then_some(Fault::Hidden(hidden));
            deliveries.push(Delivery {
                fault,
                ..self.delivery(&[event], (time, time), 0, None)
            });
        }
    }
}
