//! Which bytes of a block of JSON are quotes, backslashes, brackets and the like.
//!
//! Enters: 64 bytes. Leaves: one bit per byte and class. Two implementations give the same bits: AVX2
//! where the CPU has it, and portable code everywhere else. This is the only module with `unsafe`.
#![expect(
    unsafe_code,
    reason = "AVX2 loads, and the call of an AVX2 function behind run-time detection"
)]

/// Bytes that are classified at once.
pub(crate) const BLOCK: usize = 64;

/// One bit per byte of a block, the lowest for the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Masks {
    pub(crate) quote: u64,
    pub(crate) backslash: u64,
    /// `{` and `[`.
    pub(crate) open: u64,
    /// `}` and `]`.
    pub(crate) close: u64,
    /// What may stand right before a string: white space, an opening bracket, a comma, a colon.
    pub(crate) lead: u64,
}

/// A way to classify, chosen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Classifier {
    /// Only made by [`Classifier::detect`] after it has seen that the CPU has AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(Detected),
    Portable,
}

/// Proof that the CPU was asked: its field is private to this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detected(());

impl Classifier {
    /// The fastest way that this CPU has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Self::Avx2(Detected(()));
        }
        Self::Portable
    }

    /// Classifies a block.
    #[inline]
    pub(crate) fn classify(self, block: &[u8; BLOCK]) -> Masks {
        match self {
            // SAFETY: `Detected` exists only where the CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => unsafe { avx2(block) },
            Self::Portable => portable(block),
        }
    }
}

const QUOTE: u8 = 1;
const BACKSLASH: u8 = 2;
const OPEN: u8 = 4;
const CLOSE: u8 = 8;
const LEAD: u8 = 16;

/// The classes of each byte.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    classes[b'"' as usize] = QUOTE;
    classes[b'\\' as usize] = BACKSLASH;
    classes[b'{' as usize] = OPEN | LEAD;
    classes[b'[' as usize] = OPEN | LEAD;
    classes[b'}' as usize] = CLOSE;
    classes[b']' as usize] = CLOSE;
    classes[b',' as usize] = LEAD;
    classes[b':' as usize] = LEAD;
    classes[b' ' as usize] = LEAD;
    classes[b'\t' as usize] = LEAD;
    classes[b'\n' as usize] = LEAD;
    classes[b'\r' as usize] = LEAD;
    classes
};

fn portable(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks {
        quote: 0,
        backslash: 0,
        open: 0,
        close: 0,
        lead: 0,
    };
    for (index, &byte) in block.iter().enumerate() {
        let class = CLASSES[usize::from(byte)];
        let bit = |of: u8| u64::from(class & of != 0) << index;
        masks.quote |= bit(QUOTE);
        masks.backslash |= bit(BACKSLASH);
        masks.open |= bit(OPEN);
        masks.close |= bit(CLOSE);
        masks.lead |= bit(LEAD);
    }
    masks
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_setr_epi8, _mm256_shuffle_epi8,
    };

    let (halves, _none) = block.as_chunks::<32>();
    let load = |half: &[u8; 32]| {
        // SAFETY: the half has 32 bytes, and the load needs no alignment.
        unsafe { _mm256_loadu_si256(std::ptr::from_ref(half).cast()) }
    };
    let (low, high) = (load(&halves[0]), load(&halves[1]));
    let both = |test: &dyn Fn(__m256i) -> __m256i| {
        let bits = |vector| u64::from(_mm256_movemask_epi8(vector).cast_unsigned());
        bits(test(low)) | bits(test(high)) << 32
    };
    let is = |byte: u8| {
        let byte = _mm256_set1_epi8(byte.cast_signed());
        both(&|vector| _mm256_cmpeq_epi8(vector, byte))
    };
    // Setting 0x20 folds `[` onto `{` and `]` onto `}`; no other byte folds onto those two.
    let folded = |byte: u8| {
        let fold = _mm256_set1_epi8(0x20);
        let byte = _mm256_set1_epi8(byte.cast_signed());
        both(&|vector| _mm256_cmpeq_epi8(_mm256_or_si256(vector, fold), byte))
    };
    // The table holds, at the low four bits of each byte wanted, that byte itself (after Langdale and
    // Lemire, "Parsing Gigabytes of JSON per Second"): 0x20, 0x3a, 0x2c, 0x09, 0x0a, 0x0d. Both 0x3a
    // and 0x0a end in a, so the colon has its own comparison. Bytes from 0x80 shuffle to zero and
    // never match, being no zero themselves; so -1 fills the places of no byte.
    let table = _mm256_setr_epi8(
        0x20, -1, -1, -1, -1, -1, -1, -1, -1, 0x09, 0x0a, -1, 0x2c, 0x0d, -1, -1, //
        0x20, -1, -1, -1, -1, -1, -1, -1, -1, 0x09, 0x0a, -1, 0x2c, 0x0d, -1, -1,
    );
    let space_or_comma =
        both(&|vector| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, vector), vector));
    let open = folded(b'{');
    Masks {
        quote: is(b'"'),
        backslash: is(b'\\'),
        open,
        close: folded(b'}'),
        lead: space_or_comma | is(b':') | open,
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Classifier, portable};

    #[test]
    fn both_ways_give_the_same_bits_for_every_byte_at_every_place() {
        let classifier = Classifier::detect();
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut block = [b'x'; BLOCK];
                block[place] = byte;
                assert_eq!(
                    classifier.classify(&block),
                    portable(&block),
                    "{byte} at {place}"
                );
            }
        }
    }
}
