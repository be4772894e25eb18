//! What is signed: the digests of one account and region, and what is planted in them.

use std::collections::BTreeMap;

use super::deliveries::{Delivery, Naming};
use super::json::{Before, Named, digest, sidecar, signed};
use super::signing::{LISTED, UNLISTED, hash};
use super::{Fault, HOUR_SECS, Plan, Spot};
use crate::corpus::time::{day_folder, second_stamp};

/// A digest, as it lies there.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) key: String,
    pub(super) window: i64,
    pub(super) is_backfill: bool,
    pub(super) text: String,
    pub(super) signature: String,
    /// The key of the one before it, as it was signed.
    pub(super) previous: Option<String>,
    /// The keys of the logs that it names, as it was signed.
    pub(super) names: Vec<String>,
    /// What was planted in it, if something was.
    pub(super) fault: Option<Fault>,
}

/// All digests of one account and region: the ordinary ones, then the backfill ones, each in their order.
pub(super) fn of(
    plan: &Plan,
    account: &'static str,
    region: &'static str,
    deliveries: &[Delivery],
) -> Vec<Signed> {
    let stream = Stream {
        plan,
        account,
        region,
    };
    let named = |naming| {
        let mut windows: BTreeMap<i64, Vec<Named>> = BTreeMap::new();
        for delivery in deliveries
            .iter()
            .filter(|delivery| delivery.naming == naming)
        {
            let name = (
                delivery.key.clone(),
                hash(delivery.text.as_bytes()),
                delivery.events,
            );
            windows.entry(delivery.window).or_default().push(name);
        }
        windows
    };
    let ordinary = named(Naming::Ordinary);
    let mut digests = Vec::new();
    let mut before = None;
    for window in 0..=plan.hours {
        let logs = ordinary.get(&window).map_or(&[][..], Vec::as_slice);
        if stream.is_written(window, logs) {
            digests.push(stream.sign(window, false, &mut before, logs));
        } else {
            before = None;
        }
    }
    let mut before = None;
    for (window, logs) in &named(Naming::Backfill) {
        digests.push(stream.sign(*window, true, &mut before, logs));
    }
    stream.swap(&mut digests);
    digests
}

#[derive(Clone, Copy)]
struct Stream<'a> {
    plan: &'a Plan,
    account: &'static str,
    region: &'static str,
}

impl Stream<'_> {
    /// Without logging or validation there is no digest, but for what was delivered after the stop.
    fn is_written(self, window: i64, logs: &[Named]) -> bool {
        let start = self.plan.window_start(window);
        let is_logging = !self.plan.is_silent(start) || !logs.is_empty();
        is_logging
            && self.plan.faults.iter().all(|fault| match fault {
                Fault::ValidationOff(from, until) => !(*from..*until).contains(&window),
                Fault::Stopped(from, until) => {
                    let stopped = self.plan.hour(*from)..self.plan.hour(*until);
                    !stopped.contains(&start) || !logs.is_empty()
                }
                _ => true,
            })
    }

    fn sign(
        self,
        window: i64,
        is_backfill: bool,
        before: &mut Option<Before>,
        logs: &[Named],
    ) -> Signed {
        let Self {
            plan,
            account,
            region,
        } = self;
        let here = Spot {
            account,
            region,
            hour: window,
        };
        let fault = plan.faults.iter().find(|fault| {
            matches!(
                fault,
                Fault::BadSignature(spot)
                    | Fault::TamperedDigest(spot)
                    | Fault::UnknownKey(spot)
                    | Fault::NoJson(spot)
                    | Fault::DroppedDigest(spot)
                    if *spot == here && !is_backfill
            )
        });
        let signer = if matches!(fault, Some(Fault::UnknownKey(_))) {
            &UNLISTED
        } else {
            &LISTED
        };
        let key = self.key(window, is_backfill);
        let previous = before.take();
        let text = digest(plan, account, &key, window, signer, previous.as_ref(), logs);
        let hash = hash(text.as_bytes());
        let signature = signer.sign(&signed(plan, &key, window, &hash, previous.as_ref()));
        *before = Some(Before {
            key: key.clone(),
            hash,
            signature: signature.clone(),
        });
        let mut signed = Signed {
            key,
            window,
            is_backfill,
            text,
            signature,
            previous: previous.as_ref().map(|before| before.key.clone()),
            names: logs.iter().map(|(key, ..)| key.clone()).collect(),
            fault: fault.cloned(),
        };
        match fault {
            Some(Fault::BadSignature(_)) => {
                let other = if signed.signature.starts_with('0') {
                    "1"
                } else {
                    "0"
                };
                signed.signature.replace_range(..1, other);
            }
            Some(Fault::TamperedDigest(_)) => {
                let kept = &logs[..logs.len().checked_sub(1).expect("a log to leave out")];
                signed.text = digest(
                    plan,
                    account,
                    &signed.key,
                    window,
                    signer,
                    previous.as_ref(),
                    kept,
                );
            }
            Some(Fault::NoJson(_)) => signed.text = "this is no digest".to_owned(),
            _ => {}
        }
        signed
    }

    fn key(self, window: i64, is_backfill: bool) -> String {
        let Self {
            plan,
            account,
            region,
        } = self;
        let end = plan.window_start(window) + HOUR_SECS;
        let (folder, time) = (day_folder(end), second_stamp(end));
        let (prefix, organization) = (plan.prefix, plan.organization);
        let (trail, home) = (plan.trail, plan.home_region);
        let suffix = if is_backfill { "_backfill" } else { "" };
        format!(
            "{prefix}AWSLogs/{organization}/{account}/CloudTrail-Digest/{region}/{folder}/{account}_CloudTrail-Digest_{region}_{trail}_{home}_{time}{suffix}.json.gz"
        )
    }

    fn swap(self, digests: &mut [Signed]) {
        for fault in &self.plan.faults {
            let Fault::SwappedDigests(spot, other) = fault else {
                continue;
            };
            if (spot.account, spot.region) != (self.account, self.region) {
                continue;
            }
            let place = |window: i64| {
                let mut found = digests.iter();
                found
                    .position(|digest| digest.window == window && !digest.is_backfill)
                    .expect("a digest to swap")
            };
            let (left, right) = (place(spot.hour), place(*other));
            let kept = digests[left].clone();
            digests[left].text = digests[right].text.clone();
            digests[left].signature = digests[right].signature.clone();
            digests[right].text = kept.text;
            digests[right].signature = kept.signature;
            for place in [left, right] {
                digests[place].fault = Some(fault.clone());
            }
        }
    }
}

impl Signed {
    /// What lies beside it.
    pub(super) fn sidecar(&self) -> String {
        sidecar(&self.signature)
    }
}
