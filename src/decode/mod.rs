//! Bytes to rows: inflate, split into records, look at `eventSource`, parse what is wanted, build
//! columns.
//!
//! Enters: the bytes of one log object, whole or as a stream. Leaves: record batches of `kms_events`
//! and `trail_events`, and an [`ObjectReport`] that accounts for every record. A damaged object is
//! never an error here: it gives what can be read, and a report that says what cannot.
//!
//! **Architecture invariant:** `decode` does no IO of its own and reads no clock; it does not know
//! where bytes come from (a stream is handed in) nor where rows go.

mod arn;
mod begin;
mod canonical;
mod classify;
mod columns;
mod context;
mod digest;
mod document;
mod event;
mod facts;
mod format;
mod hash;
mod identity;
mod inflate;
mod interest;
mod json;
mod key;
mod object;
mod operations;
mod original;
mod parse;
mod report;
mod scan;
mod shape;
mod skip;
mod split;
mod time;
mod utf16;

pub use arn::{KmsArn, is_key_arn};
pub use columns::STORE_COLUMNS;
pub use context::context_resources;
pub use digest::{DigestContent, DigestLog};
pub use document::{json_names, json_text};
pub use facts::trail_list_version;
pub use hash::{Unhashed, text_sha256};
pub use identity::{account_of, is_account};
pub use object::{Decoder, Input, Limits, ObjectId, Rows};
pub use operations::{Operation, OperationClass, known_operation, operations};
pub use original::{OriginalError, original_event};
pub use parse::parse_json;
pub use report::{DigestFacts, ObjectKind, ObjectReport, REJECTS_KEPT_MAX, Reason, Reject};
pub use time::{parse_event_time, parse_locale_date};

/// The version of this decoder. A newer one reads again what an older one rejected.
pub const DECODER_VERSION: i32 = 2;
