//! One opened object, decoded: whole where it is small, as a stream otherwise.

use std::io::Read as _;

use crate::decode::{Decoder, Input, ObjectId, ObjectReport, Rows};
use crate::source::SourceObject;

/// Objects up to this size are read into memory at once.
const WHOLE_OBJECT_BYTES_MAX: u64 = 64 << 20;

/// Why a worker stopped.
#[derive(Debug)]
pub(super) enum DecodeStop {
    /// Columns could not be built.
    Arrow(arrow::error::ArrowError),
    /// Nobody listens any more: the run has ended with an error of its own.
    Closed,
}

impl From<arrow::error::ArrowError> for DecodeStop {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Arrow(error)
    }
}

pub(super) fn decode(
    mut file: Box<dyn std::io::Read>,
    object: &SourceObject,
    id: ObjectId<'_>,
    decoder: &mut Decoder,
    buffer: &mut Vec<u8>,
    hand_over: &mut dyn FnMut(Rows) -> Result<(), DecodeStop>,
) -> Result<ObjectReport, DecodeStop> {
    if object.size_bytes > WHOLE_OBJECT_BYTES_MAX {
        return decoder.decode(id, Input::Stream(&mut file), hand_over);
    }
    buffer.clear();
    buffer.reserve(usize::try_from(object.size_bytes).unwrap_or_default() + 1);
    match file
        .by_ref()
        .take(WHOLE_OBJECT_BYTES_MAX + 1)
        .read_to_end(buffer)
    {
        Ok(_len) if buffer.len() as u64 <= WHOLE_OBJECT_BYTES_MAX => {
            decoder.decode(id, Input::Whole(buffer), hand_over)
        }
        // It has grown since it was listed.
        Ok(_len) => {
            let mut whole = buffer.as_slice().chain(file);
            decoder.decode(id, Input::Stream(&mut whole), hand_over)
        }
        // What was read before the error may hold whole records.
        Err(error) => {
            let mut broken = buffer.as_slice().chain(Failing(Some(error)));
            decoder.decode(id, Input::Stream(&mut broken), hand_over)
        }
    }
}

/// A reader that fails with the error that a file failed with.
struct Failing(Option<std::io::Error>);

impl std::io::Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
        Err(self
            .0
            .take()
            .unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()))
    }
}
