//! Splits the text of a log object into records, in any packing.
//!
//! Enters: the uncompressed text, in pieces. Leaves: [`Piece`]s in order. Known packings: an object
//! with an array `Records`, `Events`, `events` or `logEvents`, an array, one bare object, objects one
//! after the other, events as strings, and lines of a time and an event. Where the text is damaged,
//! every record before the damage counts, and reading goes on at the next place where a record
//! certainly begins.

mod resync;
mod text;

use super::classify::Classifier;
use super::json::{self, Tape};
use super::scan::{Scan, Scanned};
use super::skip::{SEPARATOR_BYTES_MAX, after_separator, skip_space, skip_value};

pub(crate) use text::line_time;

/// The member that every event of CloudTrail begins with; its quotes cannot be in a string.
const FIRST_MEMBER: &[u8] = br#""eventVersion""#;

/// How much is kept of searched text, so that a beginning across two pieces is found.
const RESYNC_KEEP_BYTES: usize = 4096;

/// So much text may be looked at twice, for the sake of records that damage seems to have swallowed;
/// from then on a record is taken to end where the next one certainly begins. Without this, text in
/// which no record ever closes would be read to its end once for each of them.
const AGAIN_BYTES_MAX: u64 = 64 << 20;

/// How records are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// `{"Records":[…]}`.
    Records,
    /// `{"Events":[…]}`, as LookupEvents answers.
    Events,
    /// `{"events":[…]}`, as FilterLogEvents and GetLogEvents answer.
    Filtered,
    /// `{"messageType":"DATA_MESSAGE",…,"logEvents":[…]}`, as CloudWatch Logs sends to a subscriber.
    LogEvents,
    /// Lines of a time and a message, as an export of CloudWatch Logs writes them.
    Export,
    /// `[…]`.
    Array,
    /// A bare object, or several.
    Bare,
}

/// What was found in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// An object that is complete, or a string that may hold one. `offset` is its place in the
    /// uncompressed text; where `is_plain`, it contains no backslash.
    Record {
        offset: u64,
        text: &'a [u8],
        is_plain: bool,
    },
    /// A line of an export, without its end.
    Line { offset: u64, text: &'a [u8] },
    /// A value that should be a record, but is no object.
    NotObject { offset: u64 },
    /// A record longer than the limit.
    TooLong { offset: u64 },
    /// The text is no JSON from `offset` on; `record` is where the record began that it tears.
    Damage { offset: u64, record: Option<u64> },
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was read, or was not wanted.
    Sound,
    /// It is no JSON: what looks like one record may have swallowed others.
    Broken,
}

/// The state between two pieces of one object's text.
#[derive(Debug)]
pub(crate) struct Splitter {
    classifier: Classifier,
    record_bytes_max: usize,
    /// Offset of the window's first byte.
    base: u64,
    packing: Option<Packing>,
    state: SplitState,
    /// The value that is being scanned.
    scan: Option<Open>,
    /// How much text has been looked at twice.
    again_bytes: u64,
    /// Whether no bare object so far has gone over the end of a line.
    is_by_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SplitState {
    /// Before a top-level value.
    Top,
    /// In an object at the top, before the first member or behind the array of records.
    Members { is_first: bool },
    /// Among records; `is_after` says whether one has just ended.
    Elements { is_after: bool, is_first: bool },
    /// In a line that is too long to keep.
    LongLine,
    /// Behind damage, before the next certain record.
    Lost,
}

/// A value that has begun.
#[derive(Debug)]
struct Open {
    scan: Scan,
    /// Where it begins in the window, unless it is too long to keep.
    start: Option<usize>,
    start_offset: u64,
    at: usize,
}

/// What one step led to.
enum Step {
    /// Go on at this place.
    Go(usize),
    /// More text is needed; all before this place is done with.
    Wait(usize),
}

impl Splitter {
    pub(crate) fn new(classifier: Classifier, record_bytes_max: usize) -> Self {
        Self {
            classifier,
            record_bytes_max,
            base: 0,
            packing: None,
            state: SplitState::Top,
            scan: None,
            again_bytes: 0,
            is_by_line: true,
        }
    }

    /// How the records are packed, as far as seen.
    pub(crate) fn packing(&self) -> Option<Packing> {
        self.packing
    }

    /// Looks at the text; answers how much of `window` is done with and need not be given again.
    pub(crate) fn push<'w>(
        &mut self,
        window: &'w [u8],
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> usize {
        let mut at = 0;
        if self.base == 0 && self.packing.is_none() && window.starts_with(b"\xef\xbb\xbf") {
            at = 3;
        }
        let done = loop {
            let step = if self.scan.is_some() {
                self.scan_record(window, is_end, sink)
            } else {
                match self.state {
                    SplitState::Top => self.top(window, at, is_end, sink),
                    SplitState::Members { is_first } => {
                        self.members(window, at, is_first, is_end, sink)
                    }
                    SplitState::Elements { is_after, is_first } => {
                        self.elements(window, at, (is_after, is_first), is_end, sink)
                    }
                    SplitState::LongLine => self.long_line(window, at),
                    SplitState::Lost => self.resync(window, at, is_end),
                }
            };
            match step {
                Step::Go(next) => at = next,
                Step::Wait(done) => break if is_end { window.len() } else { done },
            }
        };
        if let Some(open) = &mut self.scan {
            open.at -= done;
            open.start = open.start.map(|start| start - done);
        }
        self.base += done as u64;
        done
    }

    fn top<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let at = skip_space(window, at);
        match window.get(at) {
            None => Step::Wait(at),
            Some(_) if self.packing == Some(Packing::Export) => self.line(window, at, is_end, sink),
            Some(b'[') => {
                self.packing.get_or_insert(Packing::Array);
                self.state = SplitState::Elements {
                    is_after: false,
                    is_first: true,
                };
                Step::Go(at + 1)
            }
            Some(b'{') => self.top_object(window, at, is_end, sink),
            Some(b'"') => {
                self.packing.get_or_insert(Packing::Bare);
                self.string(window, at, is_end, sink)
            }
            Some(_) => self.top_text(window, at, is_end, sink),
        }
    }

    /// Decides whether an object at the top packs records or is one.
    fn top_object<'w>(
        &mut self,
        window: &'w [u8],
        start: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let (known, is_known_end) = self.known(window, start, start, is_end);
        match self.walk_members(known, start + 1, true, is_known_end) {
            Walk::Array(packing, at) => {
                self.packing = Some(packing);
                self.state = SplitState::Elements {
                    is_after: false,
                    is_first: true,
                };
                Step::Go(at)
            }
            Walk::More if window.len() - start <= self.record_bytes_max => Step::Wait(start),
            // One object, or one that is damaged or too long, which the scan will find.
            walk @ (Walk::End(_) | Walk::More | Walk::Damage(_)) => {
                if let Walk::Damage(bad) = walk {
                    self.again_bytes += (bad - start) as u64;
                }
                self.packing.get_or_insert(Packing::Bare);
                self.open(start);
                self.scan_record(window, is_end, sink)
            }
        }
    }

    /// Behind the array of records, up to the end of the object around it.
    fn members<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_first: bool,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let at = skip_space(window, at);
        match self.walk_members(window, at, is_first, is_end) {
            Walk::Array(_, at) => {
                self.state = SplitState::Elements {
                    is_after: false,
                    is_first: true,
                };
                Step::Go(at)
            }
            Walk::End(at) => {
                self.state = SplitState::Top;
                Step::Go(at)
            }
            Walk::More if window.len() - at <= self.record_bytes_max => Step::Wait(at),
            Walk::More => self.damage(window, window.len(), None, sink),
            Walk::Damage(bad) => self.damage(window, bad, None, sink),
        }
    }

    fn elements<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        (is_after, is_first): (bool, bool),
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let at = skip_space(window, at);
        let Some(&byte) = window.get(at) else {
            return if is_end {
                self.damage(window, at, None, sink)
            } else {
                Step::Wait(at)
            };
        };
        match byte {
            b',' if is_after => {
                self.state = SplitState::Elements {
                    is_after: false,
                    is_first: false,
                };
                Step::Go(at + 1)
            }
            b']' if is_after || is_first => {
                self.state = if self.packing == Some(Packing::Array) {
                    SplitState::Top
                } else {
                    SplitState::Members { is_first: false }
                };
                Step::Go(at + 1)
            }
            b'{' if !is_after => {
                self.open(at);
                self.scan_record(window, is_end, sink)
            }
            b'"' if !is_after => self.string(window, at, is_end, sink),
            _ if is_after && window.len() - at < SEPARATOR_BYTES_MAX && !is_end => Step::Wait(at),
            _ if is_after => {
                let step = self.damage(window, at, None, sink);
                match after_separator(window, at, FIRST_MEMBER) {
                    Some(next) => {
                        self.after_resync(window, next);
                        Step::Go(next)
                    }
                    None => step,
                }
            }
            _ => self.other_value(window, at, is_end, sink),
        }
    }

    /// A value that is no object, where a record should be.
    fn other_value<'w>(
        &mut self,
        window: &'w [u8],
        at: usize,
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        match skip_value(self.classifier, window, at, is_end) {
            Scanned::End(end) => {
                sink(Piece::NotObject {
                    offset: self.base + at as u64,
                });
                self.after_record();
                Step::Go(end)
            }
            Scanned::More(_) if window.len() - at <= self.record_bytes_max => Step::Wait(at),
            Scanned::More(bad) | Scanned::Damage(bad) => self.damage(window, bad, None, sink),
        }
    }

    fn open(&mut self, start: usize) {
        self.scan = Some(Open {
            scan: Scan::new(),
            start: Some(start),
            start_offset: self.base + start as u64,
            at: start,
        });
    }

    fn scan_record<'w>(
        &mut self,
        window: &'w [u8],
        is_end: bool,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let Some(mut open) = self.scan.take() else {
            return Step::Go(0);
        };
        let offset = open.start_offset;
        let (known, is_known_end) = match open.start {
            Some(start) => self.known(window, start, open.at, is_end),
            None => (window, is_end),
        };
        match open.scan.run(self.classifier, known, open.at, is_known_end) {
            Scanned::End(end) if window[end - 1] != b'}' => self.torn(window, end - 1, &open, sink),
            Scanned::End(end) => {
                let Some(start) = open.start else {
                    sink(Piece::TooLong { offset });
                    self.after_record();
                    return Step::Go(end);
                };
                let text = &window[start..end];
                if self.packing == Some(Packing::Bare) && self.is_by_line {
                    self.is_by_line = memchr::memchr(b'\n', text).is_none();
                }
                let is_long = text.len() > self.record_bytes_max;
                if is_long && self.next_record(window, start + 1, end).is_some() {
                    return self.torn(window, end, &open, sink);
                }
                let piece = if is_long {
                    Piece::TooLong { offset }
                } else {
                    let is_plain = !open.scan.has_backslash();
                    Piece::Record {
                        offset,
                        text,
                        is_plain,
                    }
                };
                if sink(piece) == Verdict::Broken
                    && let Some(next) = self.next_record(window, start + 1, end)
                {
                    // What looked like one record contains the beginning of another.
                    sink(Piece::Damage {
                        offset,
                        record: None,
                    });
                    self.after_resync(window, next);
                    self.again_bytes += (end - next) as u64;
                    return Step::Go(next);
                }
                self.after_record();
                Step::Go(end)
            }
            Scanned::Damage(bad) => self.torn(window, bad, &open, sink),
            Scanned::More(next) => {
                open.at = next;
                let is_long = open
                    .start
                    .is_some_and(|start| next - start > self.record_bytes_max);
                if is_long {
                    if let Some(start) = open.start
                        && self.next_record(window, start + 1, window.len()).is_some()
                    {
                        return self.torn(window, next, &open, sink);
                    }
                    open.start = None;
                }
                let done = open.start.unwrap_or(next);
                self.scan = Some(open);
                Step::Wait(done)
            }
        }
    }

    /// Damage inside a record: look for the next one from where this one began.
    fn torn<'w>(
        &mut self,
        window: &'w [u8],
        bad: usize,
        open: &Open,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        let fault = open
            .start
            .map_or(bad, |start| self.first_fault(window, start, bad));
        sink(Piece::Damage {
            offset: self.base + fault as u64,
            record: Some(open.start_offset),
        });
        self.state = SplitState::Lost;
        let Some(start) = open.start else {
            return Step::Go(bad.min(window.len()));
        };
        self.again_bytes += (bad - start) as u64;
        Step::Go(start + 1)
    }

    /// Where the record that begins at `start` breaks the grammar. The scan looks at strings and depth
    /// alone: a lost brace shows there only where everything has ended, long after the next record.
    fn first_fault(&self, window: &[u8], start: usize, bad: usize) -> usize {
        let Some(next) = self.next_record(window, start + 1, bad) else {
            return bad;
        };
        let text = &window[start..next];
        if text.len() > self.record_bytes_max {
            return bad;
        }
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
        };
        match Tape::default().parse(text, usize::MAX) {
            Err(json::JsonFault::Syntax(at)) => start + at,
            Ok(_) | Err(json::JsonFault::TooDeep) => bad,
        }
    }

    /// The text in which the value at `start` may end, and whether that is all of it.
    fn known<'w>(
        &self,
        window: &'w [u8],
        start: usize,
        at: usize,
        is_end: bool,
    ) -> (&'w [u8], bool) {
        if self.again_bytes <= AGAIN_BYTES_MAX {
            return (window, is_end);
        }
        // What is before `at` has been searched, but for a beginning that was cut.
        let from = at.saturating_sub(RESYNC_KEEP_BYTES).max(start + 1);
        match self.next_record(window, from, window.len()) {
            Some(next) => (&window[..next], true),
            None => (window, is_end),
        }
    }

    fn damage<'w>(
        &mut self,
        window: &'w [u8],
        bad: usize,
        record: Option<u64>,
        sink: &mut dyn FnMut(Piece<'w>) -> Verdict,
    ) -> Step {
        sink(Piece::Damage {
            offset: self.base + bad as u64,
            record,
        });
        self.state = SplitState::Lost;
        Step::Go(bad.min(window.len()))
    }

    fn after_record(&mut self) {
        if let SplitState::Elements { .. } = self.state {
            self.state = SplitState::Elements {
                is_after: true,
                is_first: false,
            };
        }
    }

    /// Walks the members of an object from `at` to its end, or to an array of records.
    fn walk_members(&self, window: &[u8], at: usize, mut is_first: bool, is_end: bool) -> Walk {
        let from = at;
        let mut at = at;
        loop {
            at = skip_space(window, at);
            match window.get(at) {
                None if is_end => return Walk::Damage(at),
                None => return Walk::More,
                Some(b'}') => return Walk::End(at + 1),
                Some(b',') if !is_first => at = skip_space(window, at + 1),
                Some(_) if is_first => {}
                Some(_) => return Walk::Damage(at),
            }
            is_first = false;
            if !matches!(window.get(at), Some(b'"') | None) {
                return Walk::Damage(at);
            }
            let name = at;
            at = match skip_value(self.classifier, window, at, is_end) {
                Scanned::End(end) => skip_space(window, end),
                Scanned::More(_) => return Walk::More,
                Scanned::Damage(bad) => return Walk::Damage(bad),
            };
            let name = &window[name..at];
            match window.get(at) {
                Some(b':') => at = skip_space(window, at + 1),
                None if !is_end => return Walk::More,
                _ => return Walk::Damage(at),
            }
            if window.get(at) == Some(&b'[') {
                match name.trim_ascii() {
                    br#""Records""# => return Walk::Array(Packing::Records, at + 1),
                    br#""Events""# => return Walk::Array(Packing::Events, at + 1),
                    br#""events""# => return Walk::Array(Packing::Filtered, at + 1),
                    br#""logEvents""# if !is_control(&window[from..at]) => {
                        return Walk::Array(Packing::LogEvents, at + 1);
                    }
                    _ => {}
                }
            }
            at = match skip_value(self.classifier, window, at, is_end) {
                Scanned::End(end) => end,
                Scanned::More(_) => return Walk::More,
                Scanned::Damage(bad) => return Walk::Damage(bad),
            };
        }
    }
}

/// Whether these are the first members of what CloudWatch Logs sends to try a destination out.
fn is_control(members: &[u8]) -> bool {
    memchr::memmem::find(members, br#""CONTROL_MESSAGE""#).is_some()
}

/// Where a walk over members stopped.
enum Walk {
    /// Inside an array of records, behind its bracket.
    Array(Packing, usize),
    /// Behind the object.
    End(usize),
    More,
    Damage(usize),
}
