//! A change of a trail that leaves uses of keys out, and is lost with the only log that says so.
//!
//! Enters: trails of one account and two regions, each with such a change at another minute of an hour; of some, the
//! digest that names the log is lost too, or its signature is bad. Leaves: that no hour in a part of which something was left
//! out is called complete, and that all others are that can be.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::organization::{
    Change, DELAY_SECS, Fault, HOUR_SECS, Hidden, LeftOut, Plan, Spot, WINDOW_OFFSET_SECS,
    seconds_of,
};

/// What is lost of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// The log.
    Log,
    /// The log, and the digest that names it.
    Digest,
    /// The log, and the signature of the digest is bad.
    Signature,
}

const LOSSES: [Loss; 3] = [Loss::Log, Loss::Digest, Loss::Signature];
const CHANGES: [Change; 4] = [
    Change::LeavesOut(LeftOut::KmsBasic),
    Change::LeavesOut(LeftOut::Reads),
    Change::Stops,
    Change::Deletes,
];
const MINUTES: [i64; 3] = [20, 70, 170];
/// The hour of the change: the day before must be proven, where a digest is lost.
const HOUR: i64 = 29;
const HOURS: i64 = 60;
/// How long before the digest of a lost one the events may be that it named.
const LATENESS_SECS: i64 = 900;
/// How many digests after that of an hour must be proven.
const FOLLOWING: i64 = 24;

/// One trail.
struct Case {
    plan: Plan,
    hidden: Hidden,
    loss: Loss,
}

impl Case {
    fn new(number: usize, minute: i64, change: Change, loss: Loss, minutes: i64) -> Self {
        let leaked = |text: String| -> &'static str { text.leak() };
        let mut plan = Plan::new(1, 2, 1);
        plan.hours = HOURS;
        plan.accounts = vec![leaked(format!("{:012}", 700_000_000_000 + number))];
        plan.organization = leaked(format!("o-hiddencase{number:03}"));
        plan.trail = leaked(format!("trail-{number}"));
        // Nothing else happens in that second.
        let from = plan.hour(HOUR) + minute * 60 + 13;
        let hidden = Hidden {
            change,
            from,
            until: from + minutes * 60,
        };
        let spot = Spot {
            account: plan.accounts[0],
            region: plan.home_region,
            hour: plan.window(from + DELAY_SECS),
        };
        let fault = match loss {
            Loss::Log => None,
            Loss::Digest => Some(Fault::DroppedDigest(spot)),
            Loss::Signature => Some(Fault::BadSignature(spot)),
        };
        let faults = [Fault::Hidden(hidden)].into_iter().chain(fault);
        Self {
            plan: plan.with(faults),
            hidden,
            loss,
        }
    }

    fn hour_of(&self, time: i64) -> i64 {
        (time - self.plan.start).div_euclid(HOUR_SECS)
    }

    fn is_hidden(&self, hour: i64) -> bool {
        let begin = self.plan.hour(hour);
        self.hidden.from < begin + HOUR_SECS && begin < self.hidden.until
    }

    /// The hours before that anybody can know of, and those of them that are proven.
    fn before(&self) -> (std::ops::Range<i64>, std::ops::Range<i64>) {
        let window = self.plan.window(self.hidden.from + DELAY_SECS);
        // Late deliveries may have been in the digest that is lost, or in one that the trail did not write.
        let settled = 1..window - FOLLOWING;
        match self.loss {
            // A silent trail's digests cease with it, so that what its logs told before may stay unproven.
            Loss::Log if self.is_silent() => (1..HOUR, 1..1),
            Loss::Log => (1..HOUR, 1..HOUR),
            Loss::Digest | Loss::Signature => {
                let lost = self.hour_of(self.plan.window_start(window) - LATENESS_SECS);
                (1..lost.min(HOUR), settled)
            }
        }
    }

    fn is_silent(&self) -> bool {
        matches!(self.hidden.change, Change::Stops | Change::Deletes)
    }

    /// The hours after that are proven: a KMS read event of the day shows that reads were logged again.
    fn after(&self) -> std::ops::Range<i64> {
        let window = self.plan.window(self.hidden.from + DELAY_SECS);
        let told = self.hour_of(self.hidden.until + HOUR_SECS - 1);
        // The chain begins anew two windows after a digest that is lost.
        let from = if self.loss == Loss::Log {
            told
        } else {
            told.max(window + 3)
        };
        // The region's own digests cease with the trail, and begin anew with it.
        let from = if self.is_silent() { from + 1 } else { from };
        from..HOURS - FOLLOWING - 1
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, loss) in LOSSES.into_iter().enumerate() {
        for minute in (0..60).step_by(5) {
            let number = cases.len();
            let step = usize::try_from(minute).expect("small") / 5;
            let change = CHANGES[(step + place) % CHANGES.len()];
            let minutes = MINUTES[(step / CHANGES.len() + place) % MINUTES.len()];
            cases.push(Case::new(number, minute, change, loss, minutes));
        }
    }
    cases
}

/// The states of all hours, by account and region.
fn said(context: &Context) -> BTreeMap<(String, String, i64), String> {
    let statement =
        "SELECT account, region, to_char(hour, '%Y-%m-%dT%H:%M:%SZ') AS hour, state FROM coverage";
    let start = Plan::new(1, 1, 1).start;
    let rows = context.rows(statement).into_iter().map(|row| {
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let hour = (seconds_of(&text("hour")) - start) / HOUR_SECS;
        ((text("account"), text("region"), hour), text("state"))
    });
    rows.collect()
}

#[test]
fn what_a_lost_change_leaves_out_is_in_no_complete_hour() {
    const { assert!(WINDOW_OFFSET_SECS < DELAY_SECS) };
    let context = Context::new();
    let root = context.path().join("copy");
    let cases = cases();
    let mut keys = None;
    for case in &cases {
        keys = Some(case.plan.write(&root).public_keys);
    }
    let keys = keys.expect("a trail").display().to_string();
    let ingested = context.run(&["ingest", "copy/AWSLogs"]);
    assert_eq!(ingested.code, 0, "{ingested}");
    let verified = context.run(&["verify", "--public-keys", &keys]);
    assert_eq!(verified.code, 1, "{verified}");
    let said = said(&context);
    let mut faults = Vec::new();
    for case in &cases {
        let Case { plan, hidden, loss } = case;
        for region in &plan.regions {
            let (known, proven) = case.before();
            for hour in 0..HOURS {
                let place = (plan.accounts[0].to_owned(), (*region).to_owned(), hour);
                let state = said.get(&place).map_or("none", String::as_str);
                // What the home region lacks is told there by itself.
                let is_other = *region != plan.home_region;
                let is_wrong = if case.is_hidden(hour) {
                    state.starts_with("complete")
                } else if is_other && (proven.contains(&hour) || case.after().contains(&hour)) {
                    state != "complete_verified"
                } else {
                    is_other && known.contains(&hour) && !state.starts_with("complete")
                };
                if is_wrong {
                    let (from, until) = (hidden.from - plan.start, hidden.until - plan.start);
                    faults.push(format!(
                        "{:?} and {loss:?} lost, {:02}:{:02} to {:02}:{:02}: {region} hour {hour} is {state}",
                        hidden.change,
                        from / HOUR_SECS,
                        from / 60 % 60,
                        until / HOUR_SECS,
                        until / 60 % 60,
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
