//! What the key of a log object says of it ("CloudTrail log file name format", CloudTrail user guide):
//! `AWSLogs/[o-…/]<account>/<kind>/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>_<id>.json.gz`.

use chrono::NaiveDateTime;

use super::ending::is_log_ending;
use crate::decode::{ObjectKind, is_account};

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

/// The folder that CloudTrail's layout begins with; a trail's own prefix may hold one too, so the last counts.
pub(super) const ROOT: &str = "AWSLogs";
/// How the kinds begin that are CloudTrail's.
const CLOUDTRAIL: &str = "CloudTrail";
/// Services that write below `AWSLogs/<account>/`, by the folder that each writes into; where a name shows the
/// service, by that too. What a service that is not here writes is read, and its content decides.
const SERVICES: [&str; 19] = [
    "BedrockModelInvocationLogs",
    "CloudFront",
    "CloudTrail-Lake",
    "Config",
    "EventBusLogs",
    "GuardDuty",
    "KafkaBrokerLogs",
    "KiroLogs",
    "Macie",
    "QDeveloperLogs",
    "VpcLattice",
    "WAFLogs",
    "elasticloadbalancing",
    "globalaccelerator",
    "network-firewall",
    "redshift",
    "vpcdnsquerylogs",
    "vpcflowlogs",
    "waflogs",
];
/// What codes of regions name before their number.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];
/// How the folders begin of flow logs with partitions as Hive names them.
const HIVE_ACCOUNT: &str = "aws-account-id=";

impl PathFacts {
    /// Reads a path with `/` between its parts.
    #[must_use]
    pub fn read(path: &str) -> Self {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut facts = Self::default();
        facts.read_folders(&below_root(folders));
        facts.read_name(name);
        facts
    }

    /// Reads the folders, of which one counts as that of a kind only where the layout goes on around it.
    fn read_folders(&mut self, parts: &[&str]) {
        let before = |at: usize| at.checked_sub(1).map(|before| parts[before]);
        let account = |at: usize| before(at).filter(|part| is_account(part));
        let region = |at: usize| parts.get(at + 1).copied().filter(|part| is_region(part));
        let is_layout = |at: &usize| {
            kind(parts[*at]).is_some() && (account(*at).is_some() || region(*at).is_some())
        };
        let Some(at) = (0..parts.len()).rfind(is_layout) else {
            return;
        };
        self.kind = kind(parts[at]);
        self.account_id = account(at).map(str::to_owned);
        self.region = region(at).map(str::to_owned);
        self.organization_id = at
            .checked_sub(2)
            .map(|before| parts[before])
            .filter(|part| is_organization(part))
            .map(str::to_owned);
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
        // CloudTrail wrote the name; the folders may be those of a copy, or a trail's own prefix.
        let is_same = self.kind.is_none_or(|told| told == kind)
            && self
                .account_id
                .as_deref()
                .is_none_or(|told| told == *account);
        if !is_same {
            *self = Self::default();
        }
        self.kind = Some(kind);
        self.account_id = Some((*account).to_owned());
        if is_region(region) {
            self.region = Some((*region).to_owned());
        }
        self.delivery_time = parts.iter().find_map(|part| time(part));
    }
}

/// Who wrote an object, as far as its path says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// CloudTrail: what cannot be read of it is missing.
    CloudTrail,
    /// Another service, which writes into the same bucket.
    Other,
    /// Anybody; the content decides.
    Unknown,
}

impl Writer {
    /// Reads a path with `/` between its parts.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_named = name.contains("_CloudTrail_") || name.contains("_CloudTrail-");
        let facts = PathFacts::read(path);
        // A folder called CloudTrail is CloudTrail's own in the place that it has in the layout alone.
        let is_placed =
            facts.kind.is_some() && facts.account_id.is_some() && facts.region.is_some();
        if is_named || is_placed {
            return Self::CloudTrail;
        }
        let mut named = name.split('_');
        let is_service_name = named.next().is_some_and(is_account)
            && named.next().is_some_and(is_service)
            && named.next().is_some();
        if is_service_name || is_service_folder(folders) {
            Self::Other
        } else {
            Self::Unknown
        }
    }
}

/// Whether folders are those of another service, below `AWSLogs/<account>/`.
fn is_service_folder(folders: &str) -> bool {
    if !folders.split('/').any(|part| part == ROOT) {
        return false;
    }
    let below = below_root(folders);
    let mut below = below.iter().skip_while(|part| is_organization(part));
    match below.next() {
        Some(part) if is_account(part) => below.next().is_some_and(|part| is_service(part)),
        Some(part) => is_hive_account(part),
        None => false,
    }
}

/// The folders below the last that CloudTrail's layout can begin with; all of them where there is none.
fn below_root(folders: &str) -> Vec<&str> {
    let parts: Vec<&str> = folders.split('/').collect();
    let root = parts.iter().rposition(|part| *part == ROOT);
    parts[root.map_or(0, |at| at + 1)..].to_vec()
}

/// The kind of logs in a folder of this name.
pub(super) fn kind(part: &str) -> Option<ObjectKind> {
    match part {
        CLOUDTRAIL => Some(ObjectKind::Log),
        "CloudTrail-Digest" => Some(ObjectKind::Digest),
        "CloudTrail-Insight" => Some(ObjectKind::Insight),
        "CloudTrail-NetworkActivity" => Some(ObjectKind::NetworkActivity),
        "CloudTrail-Aggregated" => Some(ObjectKind::Aggregated),
        _ => None,
    }
}

/// Whether a folder of an account is CloudTrail's, also of a kind that is not known yet.
pub(super) fn is_cloudtrail(part: &str) -> bool {
    part.starts_with(CLOUDTRAIL) && !is_service(part)
}

pub(super) fn is_service(part: &str) -> bool {
    SERVICES.contains(&part)
}

pub(super) fn is_hive_account(part: &str) -> bool {
    part.starts_with(HIVE_ACCOUNT)
}

pub(super) fn is_organization(part: &str) -> bool {
    part.starts_with("o-")
}

/// Whether a text is the code of a region: `eu-west-1`, `us-gov-east-1`, `ap-southeast-5`. All of them name a
/// direction and end in a number.
pub(super) fn is_region(part: &str) -> bool {
    let mut parts = part.rsplit('-');
    let is_number = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_placed = parts.next().is_some_and(is_number)
        && parts.next().is_some_and(|part| DIRECTIONS.contains(&part));
    let areas: Vec<&str> = parts.collect();
    is_placed && (1..=2).contains(&areas.len()) && areas.into_iter().all(is_word)
}

/// `20230710T1240Z` of logs, `20150817T150131Z` of digests.
fn time(part: &str) -> Option<i64> {
    let part = part.split('.').next()?;
    ["%Y%m%dT%H%MZ", "%Y%m%dT%H%M%SZ"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(part, form).ok())
        .map(|time| time.and_utc().timestamp_micros())
}

/// Whether a key is like that of a log: its name ends like one, and no other service wrote it.
#[must_use]
pub fn is_log_key(key: &str) -> bool {
    is_log_ending(key) && Writer::of(key) != Writer::Other
}

#[cfg(test)]
mod tests {
    use super::{PathFacts, Writer};
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

    /// The last `AWSLogs/` begins the layout: a trail's own prefix may have one too.
    #[test]
    fn prefixes_that_look_like_the_layout() {
        let layout = "AWSLogs/o-exampleorg/111122223333/CloudTrail/eu-west-1/2026/03/01";
        let name = "111122223333_CloudTrail_eu-west-1_20260301T1205Z_AbCdEfGhIjKlMnOp.json.gz";
        for prefix in [
            "AWSLogs/",
            "AWSLogs/o-other/",
            "AWSLogs/444455556666/CloudTrail-Digest/us-east-1/2020/01/01/",
            "AWSLogs/444455556666/Config/us-east-1/",
            "CloudTrail-Digest/",
            "444455556666/CloudTrail-Insight/us-east-1/",
        ] {
            for path in [
                format!("{prefix}{layout}/{name}"),
                format!("s3://b/{prefix}{layout}/x.json"),
            ] {
                let facts = PathFacts::read(&path);
                let told = (
                    facts.kind,
                    facts.account_id,
                    facts.region,
                    facts.organization_id,
                );
                let text = |text: &str| Some(text.to_owned());
                let right = (
                    Some(ObjectKind::Log),
                    text("111122223333"),
                    text("eu-west-1"),
                    text("o-exampleorg"),
                );
                assert_eq!(told, right, "{path}");
                assert_eq!(Writer::of(&path), Writer::CloudTrail, "{path}");
            }
            // A copy without its folders has the name alone.
            let facts = PathFacts::read(&format!("{prefix}{name}"));
            let told = (facts.kind, facts.region.as_deref());
            assert_eq!(told, (Some(ObjectKind::Log), Some("eu-west-1")), "{prefix}");
        }
        let other = "AWSLogs/444455556666/CloudTrail/us-east-1/AWSLogs/111122223333/Config/eu-west-1/2026/3/1/x.json.gz";
        assert_eq!(PathFacts::read(other), PathFacts::default());
        assert_eq!(Writer::of(other), Writer::Other);
    }

    #[test]
    fn regions() {
        for region in [
            "us-east-1",
            "ap-southeast-5",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "mx-central-1",
            "eu-west-10",
        ] {
            assert!(super::is_region(region), "{region}");
        }
        for other in [
            "run-3",
            "my-run-3",
            "backup-2026",
            "east-1",
            "us-east-1a",
            "US-EAST-1",
            "us-east-",
            "2026-03-01",
            "o-exampleorg1",
            "vpc-0a1",
            "-east-1",
        ] {
            assert!(!super::is_region(other), "{other}");
        }
    }

    #[test]
    fn a_folder_is_of_a_kind_only_in_the_layout() {
        for path in [
            "CloudTrail/run-3/notes.json",
            "CloudTrail/2026-03-01/notes.json",
            "logs/CloudTrail-Digest/backup-2026/x.json",
            "home/CloudTrail/accounts.json",
            "CloudTrail/x/y.json",
            "CloudTrail-Digest/notes.json",
        ] {
            assert_eq!(PathFacts::read(path), PathFacts::default(), "{path}");
            assert_eq!(Writer::of(path), Writer::Unknown, "{path}");
        }
    }

    #[test]
    fn what_other_services_write_is_no_log() {
        for log in [
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/05/x.json.gz",
            "p/AWSLogs/o-example/111122223333/CloudTrail-Digest/us-east-1/2026/03/05/x.json.gz",
            "AWSLogs/111122223333/Config/copies/111122223333_CloudTrail_us-east-1_20260301T1205Z_x.json.gz",
            "old-111122223333_CloudTrail_us-east-1_20260301T1205Z_x.json.gz",
        ] {
            assert!(super::is_log_key(log), "{log}");
            assert_eq!(Writer::of(log), Writer::CloudTrail, "{log}");
        }
        for unknown in [
            "AWSLogs/flat.json.gz",
            "copied/x.json",
            "AWSLogs/111122223333/x.json.gz",
            "AWSLogs/111122223333/SomethingNew/us-east-1/x.json.gz",
            "111122223333_backup.json",
            "home/111122223333/Config/x.json",
        ] {
            assert!(super::is_log_key(unknown), "{unknown}");
            assert_eq!(Writer::of(unknown), Writer::Unknown, "{unknown}");
        }
        for other in [
            "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/03/05/x.log.gz",
            "AWSLogs/o-example/111122223333/Config/us-east-1/2026/3/5/x.json.gz",
            "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile",
            "AWSLogs/111122223333/CloudTrail-Lake/Query/2026/03/01/1a2b/result_1.csv.gz",
            "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/x.log.gz",
            "flat/111122223333_elasticloadbalancing_us-east-1_app.x.log.gz",
            "flat/111122223333_Config_us-east-1_ConfigHistory_AWS::CloudTrail::Trail_20260301T100000Z.json.gz",
        ] {
            assert!(!super::is_log_key(other), "{other}");
            assert_eq!(Writer::of(other), Writer::Other, "{other}");
        }
        for ending in [
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/05/",
            "picture.png",
        ] {
            assert!(!super::is_log_key(ending), "{ending}");
        }
    }
}
