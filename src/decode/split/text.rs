//! Records that are text: strings with an event in them, and lines of an export of CloudWatch Logs.

use super::resync::FIRST_OF_STRING;
use super::{Packing, Piece, SplitState, Splitter, Step, Verdict};
use crate::decode::scan::Scanned;
use crate::decode::skip::skip_value;

/// A mark that says that a text is UTF-8, which tools also put between texts that they join.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The time that each line of an export begins with; `0` is any digit.
const LINE_TIME: &[u8] = b"0000-00-00T00:00:00.000Z";

impl Splitter {
    /// A string where a record should be.
    pub(super) fn string<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let offset = self.base + at as u64;
        match skip_value(self.classifier, window, at, is_end) {
            // A string that lost its end takes the first quote of the next one for it.
            Scanned::End(end) if !is_end && window.len() < end - 1 + FIRST_OF_STRING.len() => {
                Step::Wait(at)
            }
            Scanned::End(end) => {
                let text = &window[at..end];
                let verdict = sink(if text.len() > self.record_bytes_max {
                    Piece::TooLong { offset }
                } else {
                    Piece::Record {
                        offset,
                        text,
                        is_plain: false,
                    }
                });
                if verdict == Verdict::Broken && window[end - 1..].starts_with(FIRST_OF_STRING) {
                    sink(Piece::Damage {
                        offset,
                        record: None,
                    });
                    self.after_resync(window, end - 1);
                    return Step::Go(end - 1);
                }
                self.after_record();
                Step::Go(end)
            }
            Scanned::More(_) if window.len() - at <= self.record_bytes_max => Step::Wait(at),
            Scanned::More(_) => {
                sink(Piece::TooLong { offset });
                self.state = SplitState::Lost;
                Step::Go(at + 1)
            }
            Scanned::Damage(bad) => self.damage(window, bad, None, sink),
        }
    }

    /// Text at the top that is neither an object, nor an array, nor a string.
    pub(super) fn top_text<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let text = &window[at..];
        if text.starts_with(BYTE_ORDER_MARK) {
            return Step::Go(at + BYTE_ORDER_MARK.len());
        }
        if line_time(text).is_some() && (is_end || text.len() > LINE_TIME.len()) {
            self.packing.get_or_insert(Packing::Export);
            return self.line(window, at, is_end, sink);
        }
        let may_become = BYTE_ORDER_MARK.starts_with(text) || is_time_begun(text);
        if may_become && !is_end {
            return Step::Wait(at);
        }
        self.other_value(window, at, is_end, sink)
    }

    /// One line of an export.
    pub(super) fn line<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let offset = self.base + at as u64;
        let end = match memchr::memchr(b'\n', &window[at..]) {
            Some(length) => at + length,
            None if is_end => window.len(),
            None if window.len() - at <= self.record_bytes_max => return Step::Wait(at),
            None => {
                sink(Piece::TooLong { offset });
                self.state = SplitState::LongLine;
                return Step::Go(window.len());
            }
        };
        let text = &window[at..end];
        sink(if text.len() > self.record_bytes_max {
            Piece::TooLong { offset }
        } else {
            Piece::Line { offset, text }
        });
        Step::Go(end)
    }

    /// The rest of a line that is too long.
    pub(super) fn long_line(&mut self, window: &[u8], at: usize) -> Step {
        let Some(length) = memchr::memchr(b'\n', &window[at..]) else {
            return Step::Wait(window.len());
        };
        self.state = SplitState::Top;
        Step::Go(at + length)
    }
}

/// What follows the time that a line of an export begins with.
pub(crate) fn line_time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = line.split_at_checked(LINE_TIME.len())?;
    let is_end = rest.first().is_none_or(u8::is_ascii_whitespace);
    (is_end && is_time_begun(time)).then_some(rest)
}

/// Whether this may be the beginning of such a time.
fn is_time_begun(text: &[u8]) -> bool {
    text.len() <= LINE_TIME.len()
        && text.iter().zip(LINE_TIME).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
}
