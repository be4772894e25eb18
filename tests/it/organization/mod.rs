//! An organization trail as CloudTrail delivers it: logs and signed digests in S3's key layout, with planted
//! faults and the answers known of them. It shares no code with the program, and knows nothing of it; times and ids
//! are those of the one generator, `benches/corpus`, whose trees have traffic but no digests.
//!
//! Enters: a [`Plan`]. Leaves: files below a directory, and an [`Organization`] that tells of each object what
//! it is, where it stands and what verification must find, also of those that are not there.
//!
//! The trail: in each hour of each account and region, events at minute 25 and at minute 58 (a KMS read event
//! and one of another service each), delivered five minutes later in one log each; so the later ones stand in
//! the digest of the next hour. A digest covers a *window*: window `w` goes from [`WINDOW_OFFSET_SECS`] after
//! hour `w` of the plan on, for an hour; hours and windows are counted from the start of the plan.
//! Empty windows have digests too. Beside each digest lies its signature (`<digest>.sig.json`), and
//! `public-keys.json` at the root is what `aws cloudtrail list-public-keys` prints. `StopLogging`,
//! `StartLogging`, `UpdateTrail` and `PutEventSelectors` are logged in the first account's home region.
//!
//! To plant something new: a variant of [`Fault`]; `deliveries.rs` decides what is delivered when,
//! `digests.rs` what is signed and how, `answers.rs` what must be found. [`Organization::objects`] holds the
//! raw facts by which an answer for each hour can be computed: event times, windows, what is there.

mod answers;
mod checks;
mod deliveries;
mod digests;
mod json;
mod signing;
mod write;

use std::path::{Path, PathBuf};

pub(crate) use crate::corpus::time::{iso as shown, seconds_of};

/// How much later than the full hour a window begins.
pub(crate) const WINDOW_OFFSET_SECS: i64 = 91;
/// An hour.
pub(crate) const HOUR_SECS: i64 = 3600;
/// How long after its events a log is delivered.
pub(crate) const DELAY_SECS: i64 = 300;

/// What is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The organization's id.
    pub(crate) organization: &'static str,
    /// The bucket that the digests name.
    pub(crate) bucket: &'static str,
    /// What stands before `AWSLogs/`, with its slash; may be empty.
    pub(crate) prefix: &'static str,
    /// The trail's name.
    pub(crate) trail: &'static str,
    /// The trail's home region.
    pub(crate) home_region: &'static str,
    /// The accounts; the first one owns the trail.
    pub(crate) accounts: Vec<&'static str>,
    /// The regions.
    pub(crate) regions: Vec<&'static str>,
    /// The first hour, in seconds since 1970.
    pub(crate) start: i64,
    /// For how many hours.
    pub(crate) hours: i64,
    /// What goes wrong.
    pub(crate) faults: Vec<Fault>,
}

impl Plan {
    /// So many accounts, regions and days from 2026-03-01 on, without a fault.
    pub(crate) fn new(accounts: usize, regions: usize, days: i64) -> Self {
        const ACCOUNTS: [&str; 4] = [
            "111122223333",
            "222233334444",
            "333344445555",
            "444455556666",
        ];
        const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
        Self {
            organization: "o-examplorg1",
            bucket: "example-trail-bucket",
            prefix: "",
            trail: "organization-trail",
            home_region: REGIONS[0],
            accounts: ACCOUNTS[..accounts].to_vec(),
            regions: REGIONS[..regions].to_vec(),
            start: 1_772_323_200,
            hours: days * 24,
            faults: Vec::new(),
        }
    }

    /// The same with these faults.
    pub(crate) fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// What the trail leaves out in an hour.
    pub(crate) fn left_out(&self, hour: i64) -> Option<LeftOut> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::LeavesOut(from, until, left_out) if (*from..*until).contains(&hour) => {
                Some(*left_out)
            }
            _ => None,
        })
    }

    /// What the trail hides at a time.
    pub(crate) fn hidden(&self, time: i64) -> Option<Change> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::Hidden(hidden) if (hidden.from..hidden.until).contains(&time) => {
                Some(hidden.change)
            }
            _ => None,
        })
    }

    /// Whether it logs nothing at a time, in seconds since 1970.
    pub(crate) fn is_silent(&self, time: i64) -> bool {
        matches!(self.hidden(time), Some(Change::Stops | Change::Deletes))
    }

    /// The trail's ARN.
    pub(crate) fn trail_arn(&self) -> String {
        let (region, owner, trail) = (self.home_region, self.accounts[0], self.trail);
        format!("arn:aws:cloudtrail:{region}:{owner}:trail/{trail}")
    }

    /// The time at which an hour begins, in seconds since 1970.
    pub(crate) fn hour(&self, hour: i64) -> i64 {
        self.start + hour * HOUR_SECS
    }

    /// The window in which something was delivered.
    pub(crate) fn window(&self, delivered: i64) -> i64 {
        (delivered - self.start - WINDOW_OFFSET_SECS).div_euclid(HOUR_SECS)
    }

    /// When a window begins.
    pub(crate) fn window_start(&self, window: i64) -> i64 {
        self.hour(window) + WINDOW_OFFSET_SECS
    }

    /// Writes the tree below a directory.
    pub(crate) fn write(&self, root: &Path) -> Organization {
        write::write(self, root)
    }
}

/// An hour, or a window, of one account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) hour: i64,
}

/// Hours, or windows, `from..until` of one account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Span {
    pub(crate) fn holds(&self, account: &str, region: &str, hour: i64) -> bool {
        (self.account, self.region) == (account, region) && (self.from..self.until).contains(&hour)
    }
}

/// What is planted. Where a log is meant, it is that of minute 25 of the hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The logs delivered in these windows and their digests are not there.
    Gap(Span),
    /// One byte inside of an event of the log is another one.
    TamperedLog(Spot),
    /// The log is compressed anew: the same text in other bytes.
    Recompressed(Spot),
    /// The log is not there; its digest names it.
    DroppedLog(Spot),
    /// The digest of the window is not there.
    DroppedDigest(Spot),
    /// The digests of two windows stand in each other's place, with their signatures.
    SwappedDigests(Spot, i64),
    /// A byte of the digest's signature is another one.
    BadSignature(Spot),
    /// The digest of the window is changed: it does not name its last log any more. The signature is as it was.
    TamperedDigest(Spot),
    /// The digest is signed, correctly, by a key that CloudTrail does not list.
    UnknownKey(Spot),
    /// The digest is no JSON.
    NoJson(Spot),
    /// A log that the trail never wrote, delivered beside that of the hour.
    Forged(Spot),
    /// A log that the trail never wrote, with an event of the hour's log that says something else.
    SameId(Spot),
    /// Nothing happens in these hours: the digests are empty.
    Quiet(Span),
    /// The log is delivered so many hours later.
    Late(Spot, i64),
    /// The trail is stopped from hour to hour, everywhere; the chain begins anew.
    Stopped(i64, i64),
    /// Logs and digests of these windows lie where they cannot be read: the files are there, and marked.
    Archived(Span),
    /// Validation is off in these windows, everywhere: logs in no digest; the chain begins anew.
    ValidationOff(i64, i64),
    /// The log is not in the digest of its window but in a backfill digest.
    Backfill(Spot),
    /// The trail leaves some of KMS out from hour to hour, everywhere; what began before hour 0 is in no log.
    LeavesOut(i64, i64, LeftOut),
    /// The trail does not show some of KMS for a while, and the log that says so is not there.
    Hidden(Hidden),
}

/// What a trail does not show from time to time, in seconds since 1970, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) change: Change,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// By what a trail does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// PutEventSelectors.
    LeavesOut(LeftOut),
    /// StopLogging.
    Stops,
    /// DeleteTrail; then it is made anew.
    Deletes,
}

/// What a trail leaves out, and by which selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// KMS, by basic selectors.
    KmsBasic,
    /// KMS, by advanced selectors.
    KmsAdvanced,
    /// Reads, by basic selectors.
    Reads,
}

impl LeftOut {
    /// The member of PutEventSelectors that says it, with its value.
    pub(crate) fn selectors(self) -> &'static str {
        match self {
            Self::KmsBasic => {
                r#""eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":["kms.amazonaws.com"]}]"#
            }
            Self::KmsAdvanced => {
                r#""advancedEventSelectors":[{"name":"management","fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"eventSource","notEquals":["kms.amazonaws.com"]}]}]"#
            }
            Self::Reads => {
                r#""eventSelectors":[{"readWriteType":"WriteOnly","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":[]}]"#
            }
        }
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Log,
    Digest,
    BackfillDigest,
}

/// One object of the trail, there or not.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    /// Its key, from the prefix on.
    pub(crate) key: String,
    /// When it was delivered, in seconds since 1970; for a digest, the end of its window.
    pub(crate) delivered: i64,
    /// The window in which a log was delivered, or that a digest covers.
    pub(crate) window: i64,
    /// Of a log: the first and the last time of its events, in seconds since 1970.
    pub(crate) events: Option<(i64, i64)>,
    /// Whether the file is there.
    pub(crate) is_there: bool,
    /// Whether it must be told as archived.
    pub(crate) is_archived: bool,
    /// What verification must find, if it is to judge the object: the words of the ledger.
    pub(crate) status: Option<&'static str>,
}

/// A trail that was written.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) plan: Plan,
    /// The directory with `AWSLogs` in it, or the first part of the prefix.
    pub(crate) root: PathBuf,
    /// What `aws cloudtrail list-public-keys` prints.
    pub(crate) public_keys: PathBuf,
    /// Everything that the trail wrote, also what is not there any more, by account, region and key.
    pub(crate) objects: Vec<Object>,
}

impl Organization {
    /// Where an object is, or was.
    pub(crate) fn path(&self, object: &Object) -> PathBuf {
        self.root.join(&object.key)
    }

    /// The digest of a window.
    pub(crate) fn digest(&self, spot: Spot) -> &Object {
        self.find(Kind::Digest, spot, |object| object.window == spot.hour)
    }

    /// The log with the events of minute 25 of an hour.
    pub(crate) fn log(&self, spot: Spot) -> &Object {
        let time = deliveries::first_time(&self.plan, spot.hour);
        self.find(Kind::Log, spot, |object| {
            object.events.is_some_and(|(from, _)| from == time)
        })
    }

    fn find(&self, kind: Kind, spot: Spot, is_it: impl Fn(&Object) -> bool) -> &Object {
        let mut found = self.objects.iter().filter(|object| {
            (object.kind, object.account, object.region) == (kind, spot.account, spot.region)
        });
        found
            .find(|object| is_it(object))
            .unwrap_or_else(|| panic!("no {kind:?} at {spot:?}"))
    }
}
