//! What can be proven of the logs: that each is the one that CloudTrail wrote, and that none is missing.
//!
//! Enters: the ledger with the digests in it, public keys, and a source for what was never hashed. Leaves: rows
//! of `verifications`, and what was [`Verified`]. A digest vouches for the logs that it names, its signature
//! for the digest, and each digest for the one before it.
//!
//! **Architecture invariant:** nothing is called proven that was not: a log is verified only by a digest whose
//! signature is good and that is linked to the one before it, or is the first. What was proven is bound to size
//! and entity tag (or time) of the object, and is not read again until they change.

mod address;
mod binding;
mod chain;
mod digest;
mod error;
mod gaps;
mod hashing;
mod keys;
mod ledger;
mod logs;
mod named;
mod options;
mod prior;
mod proof;
mod record;
mod run;
mod signatures;
mod status;
mod trails;

pub use error::IntegrityError;
pub use keys::{KeySource, PublicKeys};
pub use options::VerificationOptions;
pub use proof::NO_SIGNATURE;
pub use run::verify;
pub use signatures::{FetchedSignatures, fetch_signatures};
pub use status::{DigestStatus, Finding, LogStatus, Verified};
