//! From the bytes of an object to its text: gzip of any number of members, or plain.
//!
//! Enters: a whole buffer, or a stream. Leaves: text in UTF-8, piece by piece, and at the end the [`InflateFault`] that
//! stopped it, if one did. All text before the fault has been given.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::utf16::Utf16;

/// How much text is made at once from a stream.
const PIECE_BYTES: usize = 1 << 20;
/// How much is read at once from a stream.
const INPUT_BYTES: usize = 1 << 16;
/// The compression ratio is of no concern before so much text has been made.
const RATIO_FREE_BYTES: u64 = 64 << 20;
/// A gzip within a gzip is kept whole, up to this length.
const NESTED_BYTES_MAX: usize = 64 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Magic and method of a gzip member.
const MEMBER_START: [u8; 3] = [0x1f, 0x8b, 8];

/// What stopped the text before its end.
#[derive(Debug)]
pub(crate) enum InflateFault {
    /// The gzip ends in the middle.
    Truncated,
    /// The gzip is corrupt, or its checksum is wrong.
    Corrupt,
    /// Bytes that are no gzip follow the gzip.
    Trailing,
    /// The gzip contains a gzip that is too large to be kept, or contains a third.
    Nested,
    /// More text than the limit for one object.
    TooMuchText,
    /// A higher compression ratio than the limit.
    Ratio,
    /// The bytes could not be read.
    Read(io::Error),
}

/// Limits on the text of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLimits {
    pub(crate) object_bytes_max: u64,
    pub(crate) ratio_max: u64,
}

/// Whether these bytes are gzip, by their beginning.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP_MAGIC)
}

/// Inflates a whole gzip of one member into `text`, in one call of libdeflate.
///
/// Answers false, with `text` of no meaning, where the slow way must look: several members, damage,
/// sizes that lie, or more than `whole_bytes_max`.
pub(crate) fn inflate_whole(
    inflater: &mut libdeflater::Decompressor,
    gzip: &[u8],
    text: &mut Vec<u8>,
    whole_bytes_max: usize,
) -> bool {
    let Some((rest, size)) = gzip.split_last_chunk::<4>() else {
        return false;
    };
    let size = u32::from_le_bytes(*size) as usize;
    if size > whole_bytes_max || rest.len() < MEMBER_START.len() {
        return false;
    }
    // A second member would be skipped in silence, so anything that could begin one is looked at
    // the slow way. The last four bytes are checked below: bytes behind the member change them.
    if memchr::memmem::find(&rest[MEMBER_START.len()..], &MEMBER_START).is_some() {
        return false;
    }
    text.resize(size, 0);
    inflater.gzip_decompress(gzip, text) == Ok(size)
}

/// A gzip within a gzip, as where both CloudWatch Logs and Firehose compress.
pub(crate) struct Nested {
    pub(crate) gzip: Vec<u8>,
    /// What the limits of both together leave to it.
    pub(crate) limits: TextLimits,
    /// What cut it.
    pub(crate) fault: Option<InflateFault>,
}

/// Text from a stream.
pub(crate) struct TextStream<'a> {
    reader: &'a mut dyn Read,
    input: Box<[u8]>,
    /// The part of `input` that is yet to be used.
    unread: std::ops::Range<usize>,
    is_input_end: bool,
    mode: Mode,
    /// Whether a piece of text has been made.
    is_begun: bool,
    /// Where the text is UTF-16, which becomes UTF-8.
    utf16: Option<Utf16>,
    limits: TextLimits,
    bytes_in: u64,
    bytes_out: u64,
}

enum Mode {
    /// Nothing has been seen.
    Unknown,
    Plain,
    Member(Box<Decompress>),
    BetweenMembers,
}

impl<'a> TextStream<'a> {
    pub(crate) fn new(reader: &'a mut dyn Read, limits: TextLimits) -> Self {
        Self {
            reader,
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            unread: 0..0,
            is_input_end: false,
            mode: Mode::Unknown,
            is_begun: false,
            utf16: None,
            limits,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Adds about [`PIECE_BYTES`] of text to `window`; true at the end of the text.
    ///
    /// What precedes a fault is in `window` when the fault is answered.
    pub(crate) fn fill(&mut self, window: &mut Vec<u8>) -> Result<bool, InflateFault> {
        let start = window.len();
        window.resize(start + PIECE_BYTES, 0);
        let mut end = start;
        let result = self.fill_slice(window, &mut end);
        // Text beyond the limit is dropped, so that the same object gives the same rows however it is
        // read.
        let over = self.bytes_out.saturating_sub(self.limits.object_bytes_max);
        window.truncate(end.saturating_sub(usize_of(over)).max(start));
        if !std::mem::replace(&mut self.is_begun, true) {
            self.utf16 = Utf16::detect(&window[start..]);
        }
        if let Some(utf16) = &mut self.utf16 {
            let wide = window.split_off(start);
            utf16.convert(&wide, !matches!(result, Ok(false)), window);
        }
        result
    }

    /// Reads the gzip that is the text of this one, of which the first piece is there.
    pub(crate) fn nested(
        mut self,
        (mut gzip, mut filled): (Vec<u8>, Result<bool, InflateFault>),
    ) -> Result<Nested, InflateFault> {
        while matches!(filled, Ok(false)) {
            if gzip.len() > NESTED_BYTES_MAX {
                return Err(InflateFault::Nested);
            }
            filled = self.fill(&mut gzip);
        }
        let used = self.bytes_in - self.unread.len() as u64;
        let ratio_left = self.limits.ratio_max.saturating_mul(used) / (gzip.len() as u64).max(1);
        Ok(Nested {
            gzip,
            limits: TextLimits {
                ratio_max: ratio_left.max(1),
                ..self.limits
            },
            fault: filled.err(),
        })
    }

    fn fill_slice(&mut self, window: &mut [u8], end: &mut usize) -> Result<bool, InflateFault> {
        while *end < window.len() {
            if self.unread.is_empty() && !self.is_input_end {
                self.read()?;
            }
            match &mut self.mode {
                Mode::Unknown => {
                    self.read_magic()?;
                    self.mode = if is_gzip(&self.input[self.unread.clone()]) {
                        Mode::BetweenMembers
                    } else {
                        Mode::Plain
                    };
                }
                Mode::Plain => {
                    if self.unread.is_empty() {
                        return Ok(true);
                    }
                    let len = self.unread.len().min(window.len() - *end);
                    let from = self.unread.start;
                    window[*end..*end + len].copy_from_slice(&self.input[from..from + len]);
                    self.unread.start += len;
                    *end += len;
                    self.count(len)?;
                }
                Mode::BetweenMembers => {
                    if self.next_member()? {
                        return Ok(true);
                    }
                }
                Mode::Member(inflate) => {
                    let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                    let result = inflate.decompress(
                        &self.input[self.unread.clone()],
                        &mut window[*end..],
                        FlushDecompress::None,
                    );
                    let used = usize_of(inflate.total_in() - before_in);
                    let made = usize_of(inflate.total_out() - before_out);
                    self.unread.start += used;
                    *end += made;
                    self.count(made)?;
                    match result {
                        Err(_) => return Err(InflateFault::Corrupt),
                        Ok(Status::StreamEnd) => self.mode = Mode::BetweenMembers,
                        Ok(Status::Ok | Status::BufError) => {
                            if used == 0 && made == 0 && self.is_input_end {
                                return Err(InflateFault::Truncated);
                            }
                        }
                    }
                }
            }
        }
        Ok(false)
    }

    /// Looks at what is before or between gzip members; true at the end of the input.
    fn next_member(&mut self) -> Result<bool, InflateFault> {
        // A tape's padding with zeros is no damage.
        let zeros = self.input[self.unread.clone()]
            .iter()
            .take_while(|&&byte| byte == 0)
            .count();
        self.unread.start += zeros;
        if self.unread.is_empty() {
            return Ok(self.is_input_end);
        }
        self.read_magic()?;
        if is_gzip(&self.input[self.unread.clone()]) {
            const WINDOW_BITS: u8 = 15;
            self.mode = Mode::Member(Box::new(Decompress::new_gzip(WINDOW_BITS)));
            Ok(false)
        } else {
            Err(InflateFault::Trailing)
        }
    }

    /// Sees to it that two bytes can be looked at, if there are two.
    fn read_magic(&mut self) -> Result<(), InflateFault> {
        while self.unread.len() < GZIP_MAGIC.len() && !self.is_input_end {
            self.input.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            self.read()?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), InflateFault> {
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        loop {
            match self.reader.read(&mut self.input[self.unread.end..]) {
                Ok(len) => {
                    self.is_input_end = len == 0;
                    self.unread.end += len;
                    self.bytes_in += len as u64;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(InflateFault::Read(error)),
            }
        }
    }

    fn count(&mut self, made: usize) -> Result<(), InflateFault> {
        self.bytes_out += made as u64;
        if self.bytes_out > self.limits.object_bytes_max {
            return Err(InflateFault::TooMuchText);
        }
        let used = self.bytes_in - self.unread.len() as u64;
        if self.bytes_out > RATIO_FREE_BYTES
            && self.bytes_out > used.saturating_mul(self.limits.ratio_max)
        {
            return Err(InflateFault::Ratio);
        }
        Ok(())
    }
}

/// Lengths of parts of a buffer always fit.
fn usize_of(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
