//! Where reading goes on behind damage.
//!
//! Enters: text in which the records can no longer be found by their structure. Leaves: the next place
//! where one certainly begins.

use memchr::memmem::Finder;

use super::{FIRST_MEMBER, Packing, RESYNC_KEEP_BYTES, SplitState, Splitter, Step};
use crate::decode::skip::{before_space, skip_space};

/// Where each object has a line of its own, this begins one: no string contains the end of a line.
const LINE_OF_OBJECT: &[u8] = b"\n{\"";

/// How a string begins that contains an event: no string contains its first quote.
pub(super) const FIRST_OF_STRING: &[u8] = br#""{\"eventVersion\""#;

/// The member that the envelope of CloudWatch Logs begins with.
const ENVELOPE: &[u8] = br#""messageType""#;

impl Packing {
    /// The members that a record begins with, in the order of how likely they are.
    fn first_members(self) -> &'static [&'static [u8]] {
        match self {
            Self::Records | Self::Array | Self::Bare | Self::Export => &[FIRST_MEMBER],
            // The events of these are text, in which every quote has a backslash before it.
            Self::Events => &[br#""EventId""#, FIRST_MEMBER],
            Self::Filtered => &[br#""logStreamName""#, br#""eventId""#, br#""timestamp""#],
            Self::LogEvents => &[br#""id""#, ENVELOPE],
        }
    }
}

impl Splitter {
    pub(super) fn resync(&mut self, window: &[u8], at: usize, is_end: bool) -> Step {
        if let Some(next) = self.next_record(window, at, window.len()) {
            self.after_resync(window, next);
            Step::Go(next)
        } else if is_end {
            Step::Wait(window.len())
        } else {
            Step::Wait(at.max(window.len().saturating_sub(RESYNC_KEEP_BYTES)))
        }
    }

    /// Where the next record certainly begins, between `from` and `to`.
    pub(super) fn next_record(&self, window: &[u8], from: usize, to: usize) -> Option<usize> {
        let text = &window[from.min(to)..to];
        let by_line = (self.packing == Some(Packing::Bare) && self.is_by_line)
            .then(|| Finder::new(LINE_OF_OBJECT).find(text))
            .flatten()
            .map(|found| from + found + 1);
        let names = self
            .packing
            .map_or(&[FIRST_MEMBER] as &[&[u8]], Packing::first_members);
        let by_name = names.iter().filter_map(|name| {
            Finder::new(name).find_iter(text).find_map(|found| {
                let start = before_space(window, from + found)?;
                let is_start = window[start] == b'{' && start >= from;
                (is_start && self.is_between(window, start)).then_some(start)
            })
        });
        let by_string = self.has_strings().then(|| {
            Finder::new(FIRST_OF_STRING)
                .find_iter(text)
                .map(|found| from + found)
                .find(|&start| self.is_between(window, start))
        });
        by_name.chain(by_string.flatten()).chain(by_line).min()
    }

    /// Whether what comes before `start` is what comes before a record.
    fn is_between(&self, window: &[u8], start: usize) -> bool {
        let Some(before) = before_space(window, start) else {
            return false;
        };
        match window[before] {
            b',' | b'[' => true,
            // Between bare objects there is nothing but the end of a line, or not even that.
            b'}' if matches!(self.packing, Some(Packing::Bare | Packing::LogEvents)) => true,
            _ => self.packing == Some(Packing::Bare) && window[before + 1..start].contains(&b'\n'),
        }
    }

    fn has_strings(&self) -> bool {
        matches!(self.packing, Some(Packing::Array | Packing::Bare))
    }

    pub(super) fn after_resync(&mut self, window: &[u8], next: usize) {
        let is_envelope = self.packing == Some(Packing::LogEvents)
            && window[skip_space(window, next + 1)..].starts_with(ENVELOPE);
        self.state = match self.packing {
            Some(Packing::Bare | Packing::Export) | None => SplitState::Top,
            Some(_) if is_envelope => SplitState::Top,
            Some(_) => SplitState::Elements {
                is_after: false,
                is_first: false,
            },
        };
    }
}
