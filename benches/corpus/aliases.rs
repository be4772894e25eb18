//! The aliases of a stream: which key each means at what time, and the calls that change it.
//!
//! In: the keys that are used, and the time that the tree covers. Out: changes in the order of time.

/// One alias for so many keys.
const KEYS_PER_ALIAS: usize = 10;
/// How often an alias moves, at about equal distances.
const MOVES: i64 = 3;

/// An alias: what happened to it.
pub(crate) struct Alias {
    pub(crate) changes: Vec<Change>,
}

/// One call about an alias.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub(crate) time: i64,
    pub(crate) operation: Operation,
    /// The key that it means afterwards or, for a deletion, meant before.
    pub(crate) key: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Alias {
    /// The key that the alias means at that time, if it exists then.
    pub(crate) fn key_at(&self, time: i64) -> Option<usize> {
        let done = self.changes.partition_point(|change| change.time <= time);
        let last = self.changes[..done].last()?;
        (last.operation != Operation::Delete).then_some(last.key)
    }
}

/// The aliases of a stream whose keys in use are these. The first one is deleted once, and created again later.
pub(crate) fn of_stream(used: &[usize], start: i64, span: i64) -> Vec<Alias> {
    (0..used.len().div_ceil(KEYS_PER_ALIAS))
        .map(|number| {
            let key = |period: usize| used[(number * 11 + period * 7) % used.len()];
            let mut changes = vec![Change {
                time: start,
                operation: Operation::Create,
                key: key(0),
            }];
            let mut before = key(0);
            for period in 1..=MOVES {
                let index = usize::try_from(period).expect("a small number");
                let later = i64::try_from(number * 977).expect("a small number") % (span / 16);
                let time = start + span * period / (MOVES + 1) + later;
                let key = key(index);
                if number == 0 && period == 2 {
                    let again = time + span / 32;
                    changes.extend(
                        [
                            (time, Operation::Delete, before),
                            (again, Operation::Create, key),
                        ]
                        .map(|(time, operation, key)| Change {
                            time,
                            operation,
                            key,
                        }),
                    );
                } else if key != before {
                    let operation = Operation::Update;
                    changes.push(Change {
                        time,
                        operation,
                        key,
                    });
                }
                before = key;
            }
            Alias { changes }
        })
        .collect()
}
