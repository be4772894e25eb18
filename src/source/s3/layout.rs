//! Where in CloudTrail's layout a folder is, by its name alone:
//! `[prefix/]AWSLogs/[o-…/]<account>/<kind>/<region>/YYYY/MM/DD/` ("CloudTrail log file name format",
//! CloudTrail user guide).

use chrono::NaiveDate;

use crate::decode::is_account;
use crate::source::path::{
    ROOT, is_cloudtrail, is_hive_account, is_organization, is_region, is_service,
};

/// How far below the address `AWSLogs` is looked for.
const ABOVE_MAX: usize = 3;

/// How deep in the layout a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Above `AWSLogs`, this many folders below where the listing began, or the layout was left.
    Above(usize),
    /// `AWSLogs/`
    Root,
    /// `AWSLogs/o-…/`
    Organization,
    /// The folder of an account.
    Account,
    /// The folder of a kind of logs.
    Kind,
    /// The folder of a region.
    Region,
    /// The folder of a year.
    Year(i32),
    /// The folder of a month.
    Month(i32, u32),
    /// The folder of a day of delivery.
    Day(NaiveDate),
    /// No folder of the layout, or one below it: listed flat.
    Flat,
}

/// What a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    /// One to look into.
    Into(Level),
    /// Logs of another service.
    Foreign,
    /// Nothing that the layout knows.
    Stranger,
}

impl Level {
    /// The level of a prefix that ends in a slash, or is empty. The last `AWSLogs` begins the layout: a trail's own
    /// prefix may hold one too.
    pub(super) fn of(prefix: &str) -> Self {
        let parts: Vec<&str> = prefix.split_terminator('/').collect();
        let Some(root) = parts.iter().rposition(|part| *part == ROOT) else {
            return Self::Above(0);
        };
        let mut level = Self::Root;
        for part in &parts[root + 1..] {
            level = match level.child(part) {
                Folder::Into(level) => level,
                // What the user names is wanted, in any case.
                Folder::Foreign => return Self::Flat,
                Folder::Stranger => match level.beside() {
                    Self::Flat => return Self::Flat,
                    _ => Self::Above(0),
                },
            };
        }
        level
    }

    /// What a folder of this name is at this level.
    pub(super) fn child(self, name: &str) -> Folder {
        let level = match self {
            _ if name == ROOT => Some(Self::Root),
            Self::Root if is_organization(name) => Some(Self::Organization),
            Self::Root | Self::Organization if is_account(name) => Some(Self::Account),
            Self::Root if is_hive_account(name) => return Folder::Foreign,
            Self::Account if is_cloudtrail(name) => Some(Self::Kind),
            Self::Account if is_service(name) => return Folder::Foreign,
            Self::Kind if is_region(name) => Some(Self::Region),
            Self::Region => number(name, 4).map(Self::Year),
            Self::Year(year) => number(name, 2)
                .filter(|month| (1..=12).contains(month))
                .map(|month| Self::Month(year, month)),
            Self::Month(year, month) => number(name, 2)
                .and_then(|day| NaiveDate::from_ymd_opt(year, month, day))
                .map(Self::Day),
            _ => None,
        };
        level.map_or(Folder::Stranger, Folder::Into)
    }

    /// The level of a folder at this level that the layout does not know: it may be the prefix of another trail.
    pub(super) fn beside(self) -> Self {
        match self {
            Self::Above(depth) if depth < ABOVE_MAX => Self::Above(depth + 1),
            Self::Root | Self::Organization | Self::Account | Self::Kind | Self::Region => {
                Self::Above(1)
            }
            _ => Self::Flat,
        }
    }

    /// Whether listing a folder of this level flat would list the layout below it again.
    pub(super) fn holds_accounts(self) -> bool {
        matches!(self, Self::Root | Self::Organization | Self::Account)
    }
}

/// A number with this many digits.
fn number<T: std::str::FromStr>(text: &str, digits: usize) -> Option<T> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{Folder, Level};

    #[test]
    fn levels() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        for (prefix, level) in [
            ("", Level::Above(0)),
            ("trails/", Level::Above(0)),
            ("trails/AWSLogs/", Level::Root),
            ("AWSLogs/o-abc/", Level::Organization),
            ("AWSLogs/o-abc/111122223333/", Level::Account),
            ("AWSLogs/111122223333/CloudTrail/", Level::Kind),
            (
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/",
                Level::Region,
            ),
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/",
                Level::Year(2026),
            ),
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/",
                Level::Month(2026, 3),
            ),
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/",
                Level::Day(day),
            ),
            ("AWSLogs/111122223333/Config/", Level::Flat),
            ("AWSLogs/111122223333/cloudtrail/", Level::Above(0)),
            ("AWSLogs/audit/2026/", Level::Above(0)),
            ("AWSLogs/111122223333/cloudtrail/AWSLogs/", Level::Root),
            (
                "AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/AWSLogs/444455556666/",
                Level::Account,
            ),
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/13/",
                Level::Flat,
            ),
        ] {
            assert_eq!(Level::of(prefix), level, "{prefix}");
        }
        assert_eq!(Level::Account.child("vpcflowlogs"), Folder::Foreign);
        assert_eq!(Level::Account.child("CloudTrail-Lake"), Folder::Foreign);
        assert_eq!(
            Level::Account.child("CloudTrail-New"),
            Folder::Into(Level::Kind)
        );
        assert_eq!(Level::Account.child("cloudtrail"), Folder::Stranger);
        for level in [
            Level::Root,
            Level::Account,
            Level::Region,
            Level::Year(2026),
        ] {
            assert_eq!(level.child("AWSLogs"), Folder::Into(Level::Root));
        }
        assert_eq!(Level::Month(2026, 2).child("30"), Folder::Stranger);
    }
}
