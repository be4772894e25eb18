//! The hash of an object's text, for objects that are to be proven and not read.
//!
//! Enters: the bytes of an object, as they come. Leaves: SHA-256 of its text in hex, or why there is none.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::Limits;
use super::inflate::{Fault, TextLimits, TextStream};
use crate::schema::hex;

/// Why a text has no hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unhashed {
    /// The bytes are not those of a whole text.
    Damaged(String),
    /// They could not be read to their end.
    Unread(String),
}

/// SHA-256 of the uncompressed text, in hex.
///
/// # Errors
/// If the gzip is damaged, or the bytes cannot be read, or are more than the limits allow.
pub fn text_sha256(reader: &mut dyn Read, limits: Limits) -> Result<String, Unhashed> {
    let text_limits = TextLimits {
        object_bytes_max: limits.object_bytes_max,
        ratio_max: limits.ratio_max,
    };
    let mut stream = TextStream::new(reader, text_limits);
    let mut hash = Sha256::new();
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let is_end = stream.fill(&mut piece).map_err(unhashed)?;
        hash.update(&piece);
        if is_end {
            return Ok(hex(&hash.finalize()));
        }
    }
}

fn unhashed(fault: Fault) -> Unhashed {
    match fault {
        Fault::Truncated => Unhashed::Damaged("its gzip ends in the middle".to_owned()),
        Fault::Corrupt => Unhashed::Damaged("its gzip is corrupt".to_owned()),
        Fault::Trailing => Unhashed::Damaged("bytes that are no gzip follow its gzip".to_owned()),
        Fault::TooMuchText => Unhashed::Unread("it holds more text than the limit".to_owned()),
        Fault::Ratio => Unhashed::Unread("its compression ratio is above the limit".to_owned()),
        Fault::Read(error) => Unhashed::Unread(error.to_string()),
    }
}
