//! The hash of an object's text, for objects that are to be proven and not read.
//!
//! Enters: the bytes of an object, as they come. Leaves: SHA-256 of its text in hex, or why there is none.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::Limits;
use super::inflate::{InflateFault, TextLimits, TextStream, is_gzip};

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
    let mut first = Vec::new();
    let filled = stream.fill(&mut first);
    if !is_gzip(&first) {
        return hashed(stream, first, filled).map_err(unhashed);
    }
    let nested = stream.nested((first, filled)).map_err(unhashed)?;
    if let Some(fault) = nested.fault {
        return Err(unhashed(fault));
    }
    let mut gzip = nested.gzip.as_slice();
    let mut stream = TextStream::new(&mut gzip, nested.limits);
    let mut first = Vec::new();
    let filled = stream.fill(&mut first);
    hashed(stream, first, filled).map_err(unhashed)
}

fn hashed(
    mut stream: TextStream<'_>,
    mut piece: Vec<u8>,
    mut filled: Result<bool, InflateFault>,
) -> Result<String, InflateFault> {
    let mut hash = Sha256::new();
    loop {
        hash.update(&piece);
        if filled? {
            return Ok(hex::encode(hash.finalize()));
        }
        piece.clear();
        filled = stream.fill(&mut piece);
    }
}

fn unhashed(fault: InflateFault) -> Unhashed {
    match fault {
        InflateFault::Truncated => Unhashed::Damaged("its gzip ends in the middle".to_owned()),
        InflateFault::Corrupt => Unhashed::Damaged("its gzip is corrupt".to_owned()),
        InflateFault::Trailing => {
            Unhashed::Damaged("bytes that are no gzip follow its gzip".to_owned())
        }
        InflateFault::Nested => {
            Unhashed::Unread("it is gzip within gzip, too large to read".to_owned())
        }
        InflateFault::TooMuchText => Unhashed::Unread("it has more text than the limit".to_owned()),
        InflateFault::Ratio => {
            Unhashed::Unread("its compression ratio is above the limit".to_owned())
        }
        InflateFault::Read(error) => Unhashed::Unread(error.to_string()),
    }
}
