//! What the key of a log object says of it ("CloudTrail log file name format", CloudTrail user guide):
//! `AWSLogs/[o-…/]<account>/<kind>/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>_<id>.json.gz`.

use chrono::NaiveDateTime;

use crate::decode::ObjectKind;

/// The facts in an object's path; all of them may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathFacts {
    /// The kind of log.
    pub kind: Option<ObjectKind>,
    /// The account.
    pub account_id: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The organization.
    pub organization_id: Option<String>,
    /// When the object was delivered, in microseconds.
    pub delivery_time: Option<i64>,
}

impl PathFacts {
    /// Reads a path with `/` between its parts.
    #[must_use]
    pub fn read(path: &str) -> Self {
        let mut facts = Self::default();
        let parts: Vec<&str> = path.split('/').collect();
        if let Some(at) = parts.iter().rposition(|part| kind(part).is_some()) {
            facts.kind = kind(parts[at]);
            facts.account_id = at
                .checked_sub(1)
                .map(|before| parts[before])
                .filter(|part| is_account(part))
                .map(str::to_owned);
            facts.region = parts
                .get(at + 1)
                .filter(|part| is_region(part))
                .map(|&part| part.to_owned());
            facts.organization_id = at
                .checked_sub(2)
                .map(|before| parts[before])
                .filter(|part| part.starts_with("o-"))
                .map(str::to_owned);
        }
        facts.read_name(parts.last().copied().unwrap_or_default());
        facts
    }

    /// Reads the name of the file, which is there when the folders are not.
    fn read_name(&mut self, name: &str) {
        let parts: Vec<&str> = name.split('_').collect();
        let [account, kind_part, region, ..] = parts.as_slice() else {
            return;
        };
        let Some(kind) = kind(kind_part).filter(|_| is_account(account)) else {
            return;
        };
        self.kind.get_or_insert(kind);
        self.account_id.get_or_insert_with(|| (*account).to_owned());
        if is_region(region) {
            self.region.get_or_insert_with(|| (*region).to_owned());
        }
        self.delivery_time = parts.iter().find_map(|part| time(part));
    }
}

fn kind(part: &str) -> Option<ObjectKind> {
    match part {
        "CloudTrail" => Some(ObjectKind::Log),
        "CloudTrail-Digest" => Some(ObjectKind::Digest),
        "CloudTrail-Insight" => Some(ObjectKind::Insight),
        "CloudTrail-NetworkActivity" => Some(ObjectKind::NetworkActivity),
        "CloudTrail-Aggregated" => Some(ObjectKind::Aggregated),
        _ => None,
    }
}

pub(super) fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_region(part: &str) -> bool {
    part.contains('-') && part.ends_with(|last: char| last.is_ascii_digit())
}

/// `20230710T1240Z` of logs, `20150817T150131Z` of digests.
fn time(part: &str) -> Option<i64> {
    let part = part.split('.').next()?;
    ["%Y%m%dT%H%MZ", "%Y%m%dT%H%M%SZ"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(part, form).ok())
        .map(|time| time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::PathFacts;
    use crate::decode::{ObjectKind, parse_event_time};

    #[test]
    fn organization_trails() {
        let facts = PathFacts::read(
            "logs/AWSLogs/o-exampleorg/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T1205Z_AbCdEfGhIjKlMnOp.json.gz",
        );
        assert_eq!(facts.kind, Some(ObjectKind::Log));
        assert_eq!(facts.account_id.as_deref(), Some("111122223333"));
        assert_eq!(facts.region.as_deref(), Some("eu-west-1"));
        assert_eq!(facts.organization_id.as_deref(), Some("o-exampleorg"));
        assert_eq!(
            facts.delivery_time,
            parse_event_time("2026-03-01T12:05:00Z")
        );
    }

    #[test]
    fn digests_and_strangers() {
        let facts = PathFacts::read(
            "111122223333_CloudTrail-Digest_us-east-2_my_trail_us-east-2_20150817T150131Z.json.gz",
        );
        assert_eq!(facts.kind, Some(ObjectKind::Digest));
        assert_eq!(
            facts.delivery_time,
            parse_event_time("2015-08-17T15:01:31Z")
        );
        assert_eq!(PathFacts::read("events/one.json"), PathFacts::default());
    }
}
