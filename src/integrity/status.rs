//! What verification says: a status for each object, and the whole in figures.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStatus {
    /// A digest that can be believed names it with this hash.
    Verified,
    /// A digest names it with another hash.
    HashMismatch,
    /// No digest that can be believed names it.
    NotInDigest,
    /// A digest names it, and the store does not have it.
    Missing,
}

/// What a digest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestStatus {
    /// Its signature is good, and the digest before it is the one that it names.
    Valid,
    /// Its signature is good, and there is nothing that it could be linked to.
    ChainStart,
    /// Its signature is good, and the digest before it is missing or another one.
    ChainBroken,
    /// It is not what was signed, or nothing shows that it is.
    BadSignature,
    /// It is signed by a key that is not among CloudTrail's.
    UnknownKey,
}

impl LogStatus {
    /// The word of the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::HashMismatch => "hash_mismatch",
            Self::NotInDigest => "not_in_digest",
            Self::Missing => "missing",
        }
    }
}

impl DigestStatus {
    /// The word of the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ChainStart => "chain_start",
            Self::ChainBroken => "chain_broken",
            Self::BadSignature => "bad_signature",
            Self::UnknownKey => "unknown_key",
        }
    }

    /// Whether the digest's signature is good.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Valid | Self::ChainStart | Self::ChainBroken)
    }

    /// Whether the logs that it names are proven by it.
    #[must_use]
    pub fn is_believed(self) -> bool {
        matches!(self, Self::Valid | Self::ChainStart)
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The object; of one that is missing, where it should be.
    pub location: String,
    /// Its status.
    pub status: &'static str,
    /// What is wrong, in words.
    pub message: String,
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The run.
    pub run_id: String,
    /// Digests, by status.
    pub digests: BTreeMap<DigestStatus, u64>,
    /// Logs, by status; those that are missing only because they are archived are not among them.
    pub logs: BTreeMap<LogStatus, u64>,
    /// Logs that are in no digest for a reason that is known, by the reason.
    pub unproven: BTreeMap<String, u64>,
    /// Digests that are archived.
    pub digests_archived: u64,
    /// Logs that are archived.
    pub logs_archived: u64,
    /// Objects read in this run, since the ledger had no hash of them.
    pub objects_read: u64,
    /// Signatures checked in this run.
    pub signatures_checked: u64,
    /// Rows written: what is new or has changed.
    pub changes: u64,
    /// What is wrong, each object once.
    pub wrong: Vec<Finding>,
    /// What could not be read now, and is not judged for it.
    pub unread: Vec<Finding>,
}

impl Verified {
    /// Whether something is wrong.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// Whether there was nothing to judge: no digest, no log, and none that is archived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
            && self.logs.is_empty()
            && self.digests_archived == 0
            && self.logs_archived == 0
            && self.unread.is_empty()
    }

    /// Whether something could not be judged; without a digest nothing can be.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.unread.is_empty() || self.digests.is_empty()
    }
}
