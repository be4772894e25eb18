//! Randomness that is the same on every machine: xoshiro256++ seeded through splitmix64, and the ids made from it.
//!
//! In: a seed, and a text or a number that names what is made. Out: numbers, UUIDs, AWS-like ids.
//! Knows neither the clock nor the operating system's randomness.

/// A small, fast generator (xoshiro256++ by Blackman and Vigna, public domain).
#[derive(Clone, Debug)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self([0; 4].map(|_: u64| splitmix(&mut state)))
    }

    /// A generator of its own for the thing that `text` names: asking again gives the same ids again.
    pub(crate) fn of(seed: u64, text: &str) -> Self {
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(seed ^ hash.rotate_left(17))
    }

    /// The next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 to `bound - 1`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// An index into something of length `len`.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("smaller than a length")
    }

    /// A number from `low` to `high - 1`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below((high - low).unsigned_abs()))
            .expect("smaller than the range")
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// True `parts` times in a million.
    pub(crate) fn chance(&mut self, parts_per_million: u64) -> bool {
        self.below(1_000_000) < parts_per_million
    }

    /// A version 4 UUID as text.
    pub(crate) fn uuid(&mut self) -> String {
        let mut out = Vec::with_capacity(36);
        self.push_uuid(&mut out);
        String::from_utf8(out).expect("hex digits and hyphens")
    }

    /// Appends a version 4 UUID.
    pub(crate) fn push_uuid(&mut self, out: &mut Vec<u8>) {
        let high = self.bits() & 0xffff_ffff_ffff_0fff | 0x4000;
        let low = self.bits() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        let mut bytes = [0_u8; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        for (index, byte) in bytes.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            push_hex(byte, out);
        }
    }

    /// `len` characters, each one of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// `len` lower-case hex digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.text(b"0123456789abcdef", len)
    }

    /// An IAM-like id: a prefix such as `AROA` and 17 characters, or `ASIA` and 16.
    pub(crate) fn iam_id(&mut self, prefix: &str) -> String {
        let len = if prefix.starts_with("AS") || prefix.starts_with("AK") {
            16
        } else {
            17
        };
        format!("{prefix}{}", self.text(BASE32, len))
    }

    /// The 16 characters that end a log object's name.
    pub(crate) fn object_suffix(&mut self) -> String {
        self.text(BASE62, 16)
    }
}

/// Things to draw from, some more often than others.
pub(crate) struct Weighted<T> {
    items: Vec<T>,
    /// The sums of the weights.
    sums: Vec<u64>,
}

impl<T> Weighted<T> {
    /// Items with their weights.
    pub(crate) fn new(weighted: impl IntoIterator<Item = (T, u64)>) -> Self {
        let mut sum = 0;
        let (items, sums) = weighted
            .into_iter()
            .map(|(item, weight)| {
                sum += weight;
                (item, sum)
            })
            .unzip();
        Self { items, sums }
    }

    /// One of them.
    pub(crate) fn draw(&self, rng: &mut Rng) -> &T {
        let total = *self.sums.last().expect("there is something to draw");
        let drawn = rng.below(total);
        &self.items[self.sums.partition_point(|sum| *sum <= drawn)]
    }

    /// All of them, in the order in which they were given.
    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }
}

/// The alphabet of IAM ids.
pub(crate) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The alphabet of log object names and request ids.
pub(crate) const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends a byte as two hex digits.
pub(crate) fn push_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
