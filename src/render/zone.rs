//! The time zone in which times are shown.
//!
//! Enters: the name of a zone, and instants. Leaves: RFC 3339 texts with the offset of that zone at that
//! instant, `Z` for UTC. Windows, days and dates stay UTC: only what is shown changes.

use std::str::FromStr;

use chrono::{DateTime, Offset as _, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::visible;
use crate::catalog::nearest;

/// A time zone of the IANA database; UTC where none is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The instant as a text, to the precision that it has.
    #[must_use]
    pub fn shown(self, time: DateTime<Utc>) -> String {
        let local = time.with_timezone(&self.0);
        if self.0 == Tz::UTC {
            local.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
        } else if local.offset().fix().local_minus_utc() % 60 == 0 {
            local.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
        } else {
            // Before standard time: the offset of a town has seconds, which RFC 3339 cannot say.
            time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
        }
    }

    /// Its name in the IANA database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether it is UTC, the zone of the logs.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self.0 == Tz::UTC
    }
}

/// Why a text names no time zone.
#[derive(Debug, thiserror::Error)]
#[error("no time zone is called `{name}`: give one of the IANA database{hint}")]
pub struct UnknownZone {
    name: String,
    nearest: Option<String>,
    hint: String,
}

impl UnknownZone {
    /// The zone with the most similar name, if one is similar.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        let text = text.trim();
        text.parse().map(Self).map_err(|_no_such_zone| {
            let near = nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
            let hint = if near.is_empty() {
                ", as Europe/Berlin or UTC".to_owned()
            } else {
                format!(", nearest: {}", near.join(", "))
            };
            UnknownZone {
                name: visible(text).into_owned(),
                nearest: near.into_iter().next(),
                hint,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn times_have_the_offset_of_their_instant() {
        #[track_caller]
        fn check(zone: &str, time: &str, expected: &str) {
            let zone: Zone = zone.parse().expect("a zone");
            let shown = zone.shown(time.parse().expect("a time"));
            assert_eq!(shown, expected);
            let back = chrono::DateTime::parse_from_rfc3339(&shown).expect("RFC 3339");
            assert_eq!(
                back,
                time.parse::<chrono::DateTime<chrono::Utc>>()
                    .expect("a time")
            );
        }
        check("UTC", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59Z");
        check(
            "Europe/Berlin",
            "2026-03-29T00:59:59Z",
            "2026-03-29T01:59:59+01:00",
        );
        check(
            "Europe/Berlin",
            "2026-03-29T01:00:00.5Z",
            "2026-03-29T03:00:00.500+02:00",
        );
        // The hour that comes twice: the offset tells which.
        check(
            "America/New_York",
            "2026-11-01T05:30:00Z",
            "2026-11-01T01:30:00-04:00",
        );
        check(
            "America/New_York",
            "2026-11-01T06:30:00Z",
            "2026-11-01T01:30:00-05:00",
        );
        check(
            "Asia/Kathmandu",
            "2026-01-01T00:00:00Z",
            "2026-01-01T05:45:00+05:45",
        );
        check(
            "Africa/Monrovia",
            "1960-01-01T00:00:00Z",
            "1960-01-01T00:00:00Z",
        );
    }

    #[test]
    fn a_zone_that_is_not_there_is_told_with_the_nearest() {
        for (text, expected) in [
            (
                "Berlin/Europe",
                "no time zone is called `Berlin/Europe`: give one of the IANA database, nearest: Europe/",
            ),
            ("Europe/Berlni", "nearest: Europe/Berlin"),
            ("", "as Europe/Berlin or UTC"),
            ("Mars/\u{1b}[31m", "no time zone is called `Mars/\\x1b[31m`"),
        ] {
            let error = text.parse::<Zone>().expect_err("no zone").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
