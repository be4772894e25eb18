//! What typed key IDs and alias names mean, for telling whether that has changed since a day was settled.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::error::Result;
use datafusion::execution::SessionState;
use sha2::{Digest as _, Sha256};

use super::rows;
use crate::sql::cells::Cells;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const NAMES: &str = "SELECT name, account, region, key_arn, resolution, valid_from, valid_to, proven_from, proven_to \
                     FROM typed_names";

/// What each key ID and alias means, and when.
#[derive(Debug)]
pub(in crate::sql) struct TypedNames(BTreeMap<String, BTreeSet<NameMeaning>>);

/// Where a name leads, and from when to when; times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NameMeaning {
    /// Account, region, key and how it is known.
    target: [Option<String>; 4],
    valid: (i64, i64),
    proven: (i64, i64),
}

impl TypedNames {
    /// Reads them.
    pub(in crate::sql) async fn of(state: &SessionState) -> Result<Self> {
        let mut names: BTreeMap<String, BTreeSet<NameMeaning>> = BTreeMap::new();
        for batch in rows(state, NAMES).await? {
            let cells = Cells(&batch);
            for row in 0..batch.num_rows() {
                let Some(name) = cells.text("name", row) else {
                    continue;
                };
                let from = |column| cells.long(column, row).unwrap_or(i64::MIN);
                let to = |column| cells.long(column, row).unwrap_or(i64::MAX);
                let target = ["account", "region", "key_arn", "resolution"];
                names.entry(name).or_default().insert(NameMeaning {
                    target: target.map(|column| cells.text(column, row)),
                    valid: (from("valid_from"), to("valid_to")),
                    proven: (from("proven_from"), to("proven_to")),
                });
            }
        }
        Ok(Self(names))
    }

    /// A hash of what some names mean on a day, in any account and region; nothing where none was typed. What a name
    /// means on other days is not in it.
    pub(in crate::sql) fn meanings(&self, date: i32, typed: &BTreeSet<String>) -> Option<String> {
        if typed.is_empty() {
            return None;
        }
        let start = i64::from(date) * MICROS_PER_DAY;
        let end = start + MICROS_PER_DAY;
        let on_day = |(from, to): (i64, i64)| (from.clamp(start, end), to.clamp(start, end));
        let mut hash = Sha256::new();
        for name in typed {
            let meanings = self.0.get(name).into_iter().flatten();
            let meanings = meanings
                .filter(|told| told.valid.0 < end && told.valid.1 > start)
                .map(|told| (&told.target, on_day(told.valid), on_day(told.proven)));
            for meaning in meanings {
                hash.update(format!("{name:?} {meaning:?}\n"));
            }
        }
        Some(hex::encode(&hash.finalize()[..16]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{MICROS_PER_DAY, NameMeaning, TypedNames};

    #[test]
    fn a_name_is_told_by_what_it_means_on_the_day_alone() {
        let day = |days: i64| days * MICROS_PER_DAY;
        let meaning = |key: &str, valid, proven| NameMeaning {
            target: [None, None, Some(key.to_owned()), Some("alias".to_owned())],
            valid,
            proven,
        };
        let names = |meanings: &[NameMeaning]| {
            let meanings = meanings.iter().cloned().collect();
            TypedNames(BTreeMap::from([("alias/a".to_owned(), meanings)]))
        };
        let typed = BTreeSet::from(["alias/a".to_owned()]);
        let always = (i64::MIN, i64::MAX);
        let before = names(&[meaning("x", always, always)]);
        // The alias moves on day 5, and was last seen with its old key on day 3.
        let after = names(&[
            meaning("x", (i64::MIN, day(5) + 7), (i64::MIN, day(3) + 9)),
            meaning("y", (day(5) + 7, i64::MAX), (day(5) + 7, i64::MAX)),
        ]);
        let changed =
            (1..8).filter(|date| before.meanings(*date, &typed) != after.meanings(*date, &typed));
        assert_eq!(changed.collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(after.meanings(1, &BTreeSet::new()), None);
    }
}
