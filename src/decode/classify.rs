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
    /// What may come right before a string: white space, an opening bracket, a comma, a colon.
    pub(crate) lead: u64,
}

/// A way to classify, chosen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Classifier {
    /// Only made by [`Classifier::detect`] after it has seen that the CPU has what [`Avx2`] needs.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable,
}

/// Work on blocks that is compiled once for each way to classify, so that nothing is called in its loop.
/// Implementations of `run` are `#[inline(always)]`, or they are not compiled for the CPU at hand.
pub(crate) trait Kernel {
    type Output;
    fn run<C: Classify>(self, classify: C) -> Self::Output;
}

/// One way to classify.
pub(crate) trait Classify: Copy {
    /// Classifies a block.
    fn classify(self, block: &[u8; BLOCK]) -> Masks;

    /// Each bit becomes the parity of itself and all bits below it.
    fn prefix_xor(self, bits: u64) -> u64;
}

impl Classifier {
    /// The fastest way that this CPU has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("popcnt")
        {
            return Self::Avx2(Avx2(()));
        }
        Self::Portable
    }

    /// Runs a kernel.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            // SAFETY: an `Avx2` exists only where the CPU has all these features.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => unsafe { run_avx2(kernel, avx2) },
            Self::Portable => kernel.run(Portable),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,pclmulqdq,popcnt")]
fn run_avx2<K: Kernel>(kernel: K, avx2: Avx2) -> K::Output {
    kernel.run(avx2)
}

/// Portable code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

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

impl Classify for Portable {
    #[inline]
    fn classify(self, block: &[u8; BLOCK]) -> Masks {
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

    #[inline]
    fn prefix_xor(self, mut bits: u64) -> u64 {
        bits ^= bits << 1;
        bits ^= bits << 2;
        bits ^= bits << 4;
        bits ^= bits << 8;
        bits ^= bits << 16;
        bits ^ bits << 32
    }
}

/// AVX2 and what comes with it. Proof that the CPU was asked: the field is private to this module.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::inline_always,
    reason = "only code that is inlined into `run_avx2` is compiled for AVX2"
)]
impl Classify for Avx2 {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: an `Avx2` exists only where the CPU has AVX2.
        unsafe { avx2(block) }
    }

    #[inline(always)]
    fn prefix_xor(self, bits: u64) -> u64 {
        // SAFETY: an `Avx2` exists only where the CPU has PCLMULQDQ.
        unsafe { clmul(bits) }
    }
}

/// A product without carries by all ones (after Langdale and Lemire, "Parsing Gigabytes of JSON per
/// Second").
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "pclmulqdq")]
#[inline]
fn clmul(bits: u64) -> u64 {
    use std::arch::x86_64::{
        _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
    };
    let product =
        _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits.cast_signed()), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product).cast_unsigned()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn avx2(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_setr_epi8, _mm256_shuffle_epi8,
    };

    let (halves, _none) = block.as_chunks::<32>();
    let vector_of = |half: &[u8; 32]| {
        // SAFETY: the half has 32 bytes, and the load needs no alignment.
        unsafe { _mm256_loadu_si256(std::ptr::from_ref(half).cast()) }
    };
    let halves = [vector_of(&halves[0]), vector_of(&halves[1])];
    let bits = |vectors: [__m256i; 2]| {
        let [low, high] =
            vectors.map(|vector| u64::from(_mm256_movemask_epi8(vector).cast_unsigned()));
        low | high << 32
    };
    let is = |byte: u8| {
        let byte = _mm256_set1_epi8(byte.cast_signed());
        halves.map(|vector| _mm256_cmpeq_epi8(vector, byte))
    };
    // Setting 0x20 folds `[` onto `{` and `]` onto `}`; no other byte folds onto those two.
    let folded = |byte: u8| {
        let fold = _mm256_set1_epi8(0x20);
        let byte = _mm256_set1_epi8(byte.cast_signed());
        halves.map(|vector| _mm256_cmpeq_epi8(_mm256_or_si256(vector, fold), byte))
    };
    let either = |left: [__m256i; 2], right: [__m256i; 2]| {
        [
            _mm256_or_si256(left[0], right[0]),
            _mm256_or_si256(left[1], right[1]),
        ]
    };
    // The table has, at the low four bits of each byte wanted, that byte itself (after Langdale and
    // Lemire, "Parsing Gigabytes of JSON per Second"): 0x20, 0x3a, 0x2c, 0x09, 0x0a, 0x0d. Both 0x3a
    // and 0x0a end in a, so the colon has its own comparison. Bytes from 0x80 shuffle to zero and
    // never match, being no zero themselves; so -1 fills the places of no byte.
    let table = _mm256_setr_epi8(
        0x20, -1, -1, -1, -1, -1, -1, -1, -1, 0x09, 0x0a, -1, 0x2c, 0x0d, -1, -1, //
        0x20, -1, -1, -1, -1, -1, -1, -1, -1, 0x09, 0x0a, -1, 0x2c, 0x0d, -1, -1,
    );
    let space_or_comma =
        halves.map(|vector| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, vector), vector));
    let open = folded(b'{');
    let lead = either(either(space_or_comma, is(b':')), open);
    Masks {
        quote: bits(is(b'"')),
        backslash: bits(is(b'\\')),
        open: bits(open),
        close: bits(folded(b'}')),
        lead: bits(lead),
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Classifier, Classify, Kernel, Masks};

    struct Both<'a>(&'a [u8; BLOCK], u64);

    impl Kernel for Both<'_> {
        type Output = (Masks, u64);

        fn run<C: Classify>(self, classify: C) -> (Masks, u64) {
            (classify.classify(self.0), classify.prefix_xor(self.1))
        }
    }

    #[test]
    fn both_ways_give_the_same_bits_for_every_byte_at_every_place() {
        let classifier = Classifier::detect();
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut block = [b'x'; BLOCK];
                block[place] = byte;
                let bits = u64::from(byte) << (place % 56) | 1 << place;
                assert_eq!(
                    classifier.run(Both(&block, bits)),
                    Classifier::Portable.run(Both(&block, bits)),
                    "{byte} at {place}"
                );
            }
        }
    }
}
