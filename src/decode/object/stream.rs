//! The slow way through an object: what is large, odd or damaged is read piece by piece.

use std::io::Read;

use arrow::error::ArrowError;
use sha2::{Digest as _, Sha256};

use super::{Decoder, Rows};
use crate::decode::format;
use crate::decode::inflate::{InflateFault, TextLimits, TextStream, is_gzip};
use crate::decode::split::Splitter;

impl Decoder {
    pub(super) fn stream<E: From<ArrowError>>(
        &mut self,
        reader: &mut dyn Read,
        splitter: &mut Splitter,
        hand_over: &mut dyn FnMut(Rows) -> Result<(), E>,
    ) -> Result<Option<InflateFault>, E> {
        let limits = TextLimits {
            object_bytes_max: self.limits.object_bytes_max,
            ratio_max: self.limits.ratio_max,
        };
        let mut stream = TextStream::new(reader, limits);
        let mut first = Vec::new();
        let filled = stream.fill(&mut first);
        if !is_gzip(&first) {
            return self.text(stream, (first, filled), splitter, hand_over);
        }
        let nested = match stream.nested((first, filled)) {
            Ok(nested) => nested,
            Err(fault) => return Ok(Some(fault)),
        };
        let mut gzip = nested.gzip.as_slice();
        let mut stream = TextStream::new(&mut gzip, nested.limits);
        let mut first = Vec::new();
        let filled = stream.fill(&mut first);
        if is_gzip(&first) {
            return Ok(Some(InflateFault::Nested));
        }
        let fault = self.text(stream, (first, filled), splitter, hand_over)?;
        Ok(nested.fault.or(fault))
    }

    /// Reads text, of which the first piece is there.
    fn text<E: From<ArrowError>>(
        &mut self,
        mut stream: TextStream<'_>,
        (mut window, mut filled): (Vec<u8>, Result<bool, InflateFault>),
        splitter: &mut Splitter,
        hand_over: &mut dyn FnMut(Rows) -> Result<(), E>,
    ) -> Result<Option<InflateFault>, E> {
        self.records.begin_text(&window);
        if let Some(format) = format::binary(&window) {
            self.records.report.json_bytes = window.len() as u64;
            self.records.start.keep(&window);
            self.records.start.search(&window);
            self.records.other_format(format);
            return Ok(filled.err());
        }
        let mut hash = self.is_hashing.then(Sha256::new);
        let mut before = 0;
        loop {
            if let Some(hash) = &mut hash {
                hash.update(&window[before..]);
            }
            let is_end = !matches!(filled, Ok(false));
            let records = &mut self.records;
            records.report.json_bytes += (window.len() - before) as u64;
            records.start.keep(&window[before..]);
            if records.events == 0 {
                records.start.search(&window[before..]);
            }
            let done = splitter.push(&window, is_end, &mut |piece| records.piece(piece));
            window.drain(..done);
            if self.is_full() {
                hand_over(self.take()?)?;
            }
            match filled {
                Ok(false) => {}
                Ok(true) => {
                    self.records.report.sha256 = hash.map(|hash| hex::encode(hash.finalize()));
                    return Ok(None);
                }
                Err(fault) => return Ok(Some(fault)),
            }
            before = window.len();
            filled = stream.fill(&mut window);
        }
    }
}
