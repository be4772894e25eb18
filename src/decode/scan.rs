//! Where a JSON value ends, found block by block.
//!
//! Enters: text that begins with `{` or `[`, in pieces if need be. Leaves: the end of that value, or
//! the place where the text cannot be JSON. It tracks strings and depth alone; names and values are
//! the parser's matter. A string that begins where none may begin is damage: that is how a lost quote
//! is noticed at once and not at the end of the file.

use super::classify::{BLOCK, Classifier, Classify, Kernel};

/// The state between two pieces of one value.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    depth: u64,
    /// All ones inside a string.
    in_string: u64,
    /// 1 if the next byte is escaped.
    escaped: u64,
    /// 1 if a string may begin at the next byte.
    lead: u64,
    /// All backslashes so far, one over the other.
    backslashes: u64,
}

/// What a scan found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// The value ends before this place.
    End(usize),
    /// The value goes on; continue here with more text.
    More(usize),
    /// The text is no JSON from about this place on.
    Damage(usize),
}

impl Scan {
    /// Ready for the first byte of a value.
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            in_string: 0,
            escaped: 0,
            lead: 1,
            backslashes: 0,
        }
    }

    /// Whether there has been a backslash; in the block of the end, one behind the end counts too.
    pub(crate) fn has_backslash(&self) -> bool {
        self.backslashes != 0
    }

    /// Looks at `text` from `at` on; at its end, `is_end` says whether more will come.
    pub(crate) fn run(
        &mut self,
        classifier: Classifier,
        text: &[u8],
        at: usize,
        is_end: bool,
    ) -> Scanned {
        let (found, scan) = classifier.run(Run {
            scan: self.clone(),
            text,
            at,
            is_end,
        });
        *self = scan;
        found
    }

    #[expect(
        clippy::inline_always,
        reason = "only code that is inlined is compiled for the CPU at hand"
    )]
    #[inline(always)]
    fn block<C: Classify>(&mut self, classify: C, block: &[u8; BLOCK]) -> ScanStep {
        let masks = classify.classify(block);
        self.backslashes |= masks.backslash;
        let escaped = self.escapes(masks.backslash);
        let quote = masks.quote & !escaped;
        // Ones from each opening quote up to its closing one.
        let string = classify.prefix_xor(quote) ^ self.in_string;
        self.in_string = (string.cast_signed() >> 63).cast_unsigned();
        let misplaced = quote & string & !(masks.lead << 1 | self.lead);
        self.lead = masks.lead >> 63;
        let bad = misplaced | masks.backslash & !string;
        let open = masks.open & !string;
        let close = masks.close & !string;
        if u64::from(close.count_ones()) >= self.depth
            && let Some(bit) = self.last_close(open, close)
        {
            return if bad.trailing_zeros() < bit {
                ScanStep::Damage(bad.trailing_zeros() as usize)
            } else {
                ScanStep::End(bit as usize)
            };
        }
        if bad != 0 {
            return ScanStep::Damage(bad.trailing_zeros() as usize);
        }
        self.depth += u64::from(open.count_ones());
        self.depth -= u64::from(close.count_ones());
        ScanStep::Next
    }

    /// The bracket that closes the value, if it is in this block.
    fn last_close(&self, open: u64, close: u64) -> Option<u32> {
        let mut rest = close;
        let mut closed = 0;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            closed += 1;
            let before = open & ((1 << bit) - 1);
            if self.depth + u64::from(before.count_ones()) <= closed {
                return Some(bit);
            }
        }
        None
    }

    /// Bytes that a backslash makes ordinary (after simdjson's scanner of escapes).
    fn escapes(&mut self, backslash: u64) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if backslash == 0 {
            return std::mem::take(&mut self.escaped);
        }
        let potential = backslash & !self.escaped;
        let maybe = potential << 1;
        let codes = (maybe | ODD).wrapping_sub(potential) ^ ODD;
        let escaped = codes ^ (backslash | self.escaped);
        self.escaped = (codes & backslash) >> 63;
        escaped
    }
}

enum ScanStep {
    Next,
    End(usize),
    Damage(usize),
}

/// One run of a scan over text.
struct Run<'a> {
    scan: Scan,
    text: &'a [u8],
    at: usize,
    is_end: bool,
}

#[expect(
    clippy::inline_always,
    reason = "only code that is inlined is compiled for the CPU at hand"
)]
impl Kernel for Run<'_> {
    type Output = (Scanned, Scan);

    #[inline(always)]
    fn run<C: Classify>(self, classify: C) -> (Scanned, Scan) {
        let Self {
            mut scan,
            text,
            mut at,
            is_end,
        } = self;
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
            match scan.block(classify, block) {
                ScanStep::Next => at += BLOCK,
                ScanStep::End(bit) => return (Scanned::End(at + bit + 1), scan),
                ScanStep::Damage(bit) => return (Scanned::Damage(at + bit), scan),
            }
        }
        if !is_end {
            return (Scanned::More(at), scan);
        }
        let rest = text.get(at..).unwrap_or_default();
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let found = match scan.block(classify, &block) {
            ScanStep::End(bit) => Scanned::End(at + bit + 1),
            ScanStep::Damage(bit) if bit < rest.len() => Scanned::Damage(at + bit),
            ScanStep::Damage(_) | ScanStep::Next => Scanned::Damage(text.len()),
        };
        (found, scan)
    }
}

#[cfg(test)]
mod tests {
    use super::{Scan, Scanned};
    use crate::decode::classify::Classifier;

    fn check(text: &str, expected: Scanned) {
        for classifier in [Classifier::detect(), Classifier::Portable] {
            let whole = Scan::new().run(classifier, text.as_bytes(), 0, true);
            assert_eq!(whole, expected, "{text}");
            // In pieces of every length, the answer is the same.
            for step in [1, 7, 63, 64, 65, 200] {
                let mut scan = Scan::new();
                let (mut at, mut end) = (0, 0);
                let found = loop {
                    end = (end + step).min(text.len());
                    match scan.run(classifier, &text.as_bytes()[..end], at, end == text.len()) {
                        Scanned::More(next) => at = next,
                        found => break found,
                    }
                };
                assert_eq!(found, expected, "{text} by {step}");
            }
        }
    }

    #[test]
    fn values_end_where_they_close() {
        check("{}", Scanned::End(2));
        check(r#"{"a":[1,{"b":"}"}]} ,{"#, Scanned::End(19));
        check(r#"{"a":"\"}","b":"\\"}"#, Scanned::End(20));
        let long = format!(r#"{{"a":"{}","b":[[[]]]}}x"#, "\\\\\\\"".repeat(50));
        check(&long, Scanned::End(long.len() - 1));
    }

    #[test]
    fn text_that_stops_is_damaged_at_its_end() {
        check(r#"{"a":"#, Scanned::Damage(5));
        check(r#"{"a":"b"#, Scanned::Damage(7));
    }

    #[test]
    fn a_lost_quote_is_noticed() {
        check(r#"{"a":"b,"c":"d"}"#, Scanned::Damage(10));
        check(r#"{"a\":1}"#, Scanned::Damage(8));
        check(r#"{\"a":1}"#, Scanned::Damage(1));
    }
}
