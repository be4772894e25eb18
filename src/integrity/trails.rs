//! What is known of trails: their ARNs, and when one of them wrote no digests.
//!
//! Enters: `trail_events` and `trails`. Leaves: answers about one name of a trail, or one time.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::{col, lit};
use serde_json::Value;

use super::digest::TrailName;
use super::error::IntegrityError;
use super::ledger::{HOUR, Object};
use crate::schema::{TRAIL_EVENTS, TRAILS};
use crate::sql::Cells;
use crate::store::{Store, read_columns};

/// What is known of one trail.
#[derive(Debug, Default)]
struct TrailDigests {
    /// Whether it is said to be of one account alone.
    is_of_one_account: bool,
    /// When digests were switched on or off, and when they were seen to be.
    changes: BTreeSet<(i64, DigestSwitch)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DigestSwitch {
    /// Digests are off from here on.
    Off,
    /// Digests were seen to be off.
    SeenOff,
    /// Digests are on from here on.
    On,
}

/// All trails, by ARN.
#[derive(Debug, Default)]
pub(super) struct Trails(BTreeMap<String, TrailDigests>);

impl Trails {
    pub(super) async fn load(store: &Store) -> Result<Self, IntegrityError> {
        const COLUMNS: [&str; 7] = [
            "event_name",
            "event_time",
            "error_code",
            "recipient_account_id",
            "region",
            "request",
            "response",
        ];
        const DESCRIBED: [&str; 4] = [
            "trail_arn",
            "taken_at",
            "is_validation_enabled",
            "is_organization",
        ];
        let mut trails = Self::default();
        let is_of_trails = col("event_source").eq(lit("cloudtrail.amazonaws.com"));
        let events = store.snapshot(&TRAIL_EVENTS).await?;
        read_columns(events, &COLUMNS, Some(is_of_trails), |batch| {
            let cells = Cells(&batch);
            for row in 0..batch.num_rows() {
                trails.add_event(&cells, row);
            }
        })
        .await?;
        read_columns(store.snapshot(&TRAILS).await?, &DESCRIBED, None, |batch| {
            let cells = Cells(&batch);
            for row in 0..batch.num_rows() {
                trails.add_description(&cells, row);
            }
        })
        .await?;
        Ok(trails)
    }

    fn add_event(&mut self, cells: &Cells<'_>, row: usize) -> Option<()> {
        if cells.text("error_code", row).is_some() {
            return None;
        }
        let json =
            |column| -> Option<Value> { serde_json::from_str(&cells.text(column, row)?).ok() };
        let name = cells.text("event_name", row)?;
        let time = cells.long("event_time", row)?;
        let request = json("request")?;
        let response = json("response").unwrap_or_default();
        let asked = request
            .get("enableLogFileValidation")
            .and_then(Value::as_bool);
        let change = match (name.as_str(), asked) {
            ("CreateTrail" | "UpdateTrail", Some(true)) => Some(DigestSwitch::On),
            ("CreateTrail", _) | ("UpdateTrail", Some(false)) => Some(DigestSwitch::Off),
            _ => None,
        };
        let named = request.get("name").and_then(Value::as_str)?;
        let arn = match response.get("trailARN").and_then(Value::as_str) {
            Some(arn) => arn.to_owned(),
            None if named.starts_with("arn:") => named.to_owned(),
            // A change is asked for in the trail's home region.
            None => {
                let (region, account) = (
                    cells.text("region", row)?,
                    cells.text("recipient_account_id", row)?,
                );
                arn(&region, &account, named)
            }
        };
        let trail = self.0.entry(arn).or_default();
        let organization = response.get("isOrganizationTrail").and_then(Value::as_bool);
        trail.is_of_one_account |= organization == Some(false);
        trail.changes.extend(change.map(|change| (time, change)));
        Some(())
    }

    fn add_description(&mut self, cells: &Cells<'_>, row: usize) -> Option<()> {
        let trail = self.0.entry(cells.text("trail_arn", row)?).or_default();
        trail.is_of_one_account |= cells.flag("is_organization", row) == Some(false);
        // That digests were seen to be on says nothing of the time before.
        if !cells.flag("is_validation_enabled", row)? {
            trail
                .changes
                .insert((cells.long("taken_at", row)?, DigestSwitch::SeenOff));
        }
        Some(())
    }

    /// The trail that may have delivered a log without a digest, since validation was off.
    pub(super) fn without_digests(&self, log: &Object) -> Option<&str> {
        let time = log.delivery_time?;
        let is_eligible = |arn: &str, trail: &TrailDigests| {
            let owner = arn.split(':').nth(4);
            owner == log.account_id.as_deref()
                || (log.organization_id.is_some() && !trail.is_of_one_account)
        };
        let mut trails = self.0.iter();
        trails
            .find(|(arn, trail)| is_eligible(arn, trail) && trail.is_off(time))
            .map(|(arn, _)| arn.as_str())
    }

    /// The ARN of the trail that a digest's name says, where only one can be meant.
    pub(super) fn arn(&self, digest: &Object, name: &TrailName) -> Option<String> {
        let account = digest.account_id.as_deref()?;
        if digest.organization_id.is_none() {
            return Some(arn(&name.home_region, account, &name.name));
        }
        // The trail of an organization belongs to another account than most of its digests.
        let mut known = self.0.keys().filter(|arn| {
            let mut parts = arn.split(':').skip(3);
            parts.next() == Some(&name.home_region)
                && parts.nth(1).and_then(|part| part.strip_prefix("trail/")) == Some(&name.name)
        });
        let first = known.next()?;
        known.next().is_none().then(|| first.clone())
    }
}

impl TrailDigests {
    fn is_off(&self, time: i64) -> bool {
        let mut before = self.changes.iter().take_while(|(at, _)| *at <= time);
        let last = before.by_ref().last();
        let next = self.changes.iter().find(|(at, _)| *at > time);
        let is_seen_later = matches!(next, Some((_, DigestSwitch::SeenOff)));
        match last {
            Some((_, DigestSwitch::Off | DigestSwitch::SeenOff)) => true,
            // The first digest begins up to an hour after they were switched on.
            Some((at, DigestSwitch::On)) => time - at < HOUR || is_seen_later,
            None => is_seen_later,
        }
    }
}

fn arn(region: &str, account: &str, name: &str) -> String {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}")
}
