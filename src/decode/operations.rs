//! The operations of KMS, each with what it does to the key: `data/kms-operations.csv`.
//!
//! Enters: the CSV file, compiled in. Leaves: look-ups by name. This is the only list; SQL reads it through functions.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an operation is to the key that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationClass {
    /// A cryptographic operation.
    Use,
    /// A change, and no use.
    Management,
    /// Neither a change nor a use.
    Read,
}

impl OperationClass {
    const ALL: [Self; 3] = [Self::Use, Self::Management, Self::Read];

    /// The word for it in the file and in SQL.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Management => "management",
            Self::Read => "read",
        }
    }
}

/// A line of the list.
#[derive(Debug)]
pub struct Operation {
    /// The event's name.
    pub name: &'static str,
    /// Its class.
    pub class: OperationClass,
    /// `encrypt` or `decrypt`, of a use.
    pub direction: Option<&'static str>,
    traits: &'static str,
}

impl Operation {
    /// Whether it has a trait of the list.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.traits.split(' ').any(|known| known == name)
    }
}

/// The list, parsed at first use.
static OPERATIONS: LazyLock<(Vec<Operation>, HashMap<&str, usize>)> = LazyLock::new(|| {
    let list: Vec<Operation> = include_str!("../../data/kms-operations.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(operation)
        .collect();
    let names = list.iter().enumerate();
    let places = names.map(|(place, known)| (known.name, place)).collect();
    (list, places)
});

fn operation(line: &'static str) -> Option<Operation> {
    let mut columns = line.split(',');
    let (name, class) = (columns.next()?, columns.next()?);
    let direction = columns.next().filter(|direction| !direction.is_empty());
    Some(Operation {
        name,
        class: OperationClass::ALL
            .into_iter()
            .find(|known| known.word() == class)?,
        direction,
        traits: columns.next().unwrap_or_default(),
    })
}

/// All operations that are known, by name.
#[must_use]
pub fn operations() -> &'static [Operation] {
    &OPERATIONS.0
}

/// The operation of that name; `None` for one that this version does not know, which may be a use.
#[must_use]
pub fn known_operation(name: &str) -> Option<&'static Operation> {
    let (list, places) = &*OPERATIONS;
    places.get(name).map(|place| &list[*place])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OperationClass, known_operation, operations};

    /// The names in a file with one a line and comments.
    fn names(text: &str) -> BTreeSet<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = names(include_str!("../../data/kms-operations.csv"));
        assert_eq!(operations().len(), lines.len());
        let known: BTreeSet<_> = operations().iter().map(|known| known.name).collect();
        assert_eq!(known.len(), lines.len(), "a name is there twice");
        for known in operations() {
            let is_use = known.class == OperationClass::Use;
            assert_eq!(known.direction.is_some(), is_use, "{}", known.name);
            let direction = known.direction.unwrap_or("encrypt");
            assert!(["encrypt", "decrypt"].contains(&direction), "{direction}");
            for word in known.traits.split(' ').filter(|word| !word.is_empty()) {
                assert!(
                    ["opens", "context", "attestation"].contains(&word),
                    "{word}"
                );
            }
        }
    }

    /// What cannot be called, but is logged, is all that the list has beyond the SDK.
    #[test]
    fn the_list_is_that_of_the_newest_sdk() {
        let sdk = names(include_str!("../../tests/data/aws-sdk-kms-operations.txt"));
        let known: BTreeSet<_> = operations().iter().map(|known| known.name).collect();
        let unknown: Vec<_> = sdk.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let logged: Vec<_> = known.difference(&sdk).copied().collect();
        assert_eq!(
            logged,
            [
                "DeleteExpiredKeyMaterial",
                "DeleteKey",
                "RotateKey",
                "SynchronizeMultiRegionKey"
            ]
        );
    }

    /// AWS's list of the operations that GetKeyLastUsage reports.
    #[test]
    fn the_uses_are_those_by_which_kms_tells_a_last_use() {
        let of = |direction| {
            let uses = operations().iter();
            let uses = uses.filter(move |known| known.direction == Some(direction));
            uses.map(|known| known.name).collect::<Vec<_>>()
        };
        assert_eq!(
            of("decrypt"),
            [
                "Decapsulate",
                "Decrypt",
                "DeriveSharedSecret",
                "ReEncrypt",
                "Verify",
                "VerifyMac"
            ]
        );
        assert_eq!(
            of("encrypt"),
            [
                "Encapsulate",
                "Encrypt",
                "GenerateDataKey",
                "GenerateDataKeyPair",
                "GenerateDataKeyPairWithoutPlaintext",
                "GenerateDataKeyWithoutPlaintext",
                "GenerateMac",
                "Sign"
            ]
        );
    }

    #[test]
    fn what_is_in_no_list_is_unknown() {
        for name in ["", "Encapsulat", "encapsulate", "GenerateDataKey2"] {
            assert!(known_operation(name).is_none(), "{name}");
        }
        let reads = ["GetKeyLastUsage", "DescribeKey", "ListKeyRotations"];
        for name in reads {
            let known = known_operation(name).expect(name);
            assert_eq!(known.class, OperationClass::Read, "{name}");
        }
    }
}
