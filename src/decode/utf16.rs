//! Text in UTF-16, as Windows PowerShell writes what is redirected into a file.
//!
//! Enters: bytes, piece by piece. Leaves: UTF-8. A unit that is half a pair, which UTF-8 cannot express,
//! becomes a byte that no UTF-8 has, so that the record it is in is rejected and not altered.

/// A byte that is never part of UTF-8.
const NO_UTF8: u8 = 0xff;

/// The state between two pieces.
#[derive(Debug)]
pub(super) struct Utf16 {
    unit: fn([u8; 2]) -> u16,
    /// What may go on in the next piece: half a unit, half a pair.
    rest: Vec<u8>,
}

impl Utf16 {
    /// Whether text begins with the byte order mark of UTF-16, or with JSON in it.
    pub(super) fn detect(text: &[u8]) -> Option<Self> {
        let unit: fn([u8; 2]) -> u16 = match text {
            [0xff, 0xfe, ..] => u16::from_le_bytes,
            [0xfe, 0xff, ..] => u16::from_be_bytes,
            [b'{' | b'[' | b'"', 0, next, 0, ..] if *next != 0 => u16::from_le_bytes,
            [0, b'{' | b'[' | b'"', 0, next, ..] if *next != 0 => u16::from_be_bytes,
            _ => return None,
        };
        Some(Self {
            unit,
            rest: Vec::new(),
        })
    }

    /// Adds the next piece to `text`.
    pub(super) fn convert(&mut self, piece: &[u8], is_end: bool, text: &mut Vec<u8>) {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        if !is_end {
            self.rest = bytes.split_off(self.whole_len(&bytes));
        }
        let (units, half) = bytes.as_chunks::<2>();
        let mut utf8 = [0; 4];
        for character in char::decode_utf16(units.iter().map(|&unit| (self.unit)(unit))) {
            match character {
                Ok(character) => text.extend(character.encode_utf8(&mut utf8).bytes()),
                Err(_) => text.push(NO_UTF8),
            }
        }
        if !half.is_empty() {
            text.push(NO_UTF8);
        }
    }

    /// How much of these bytes no following byte changes.
    fn whole_len(&self, bytes: &[u8]) -> usize {
        let (units, _) = bytes.as_chunks::<2>();
        let is_half = units
            .last()
            .is_some_and(|&unit| (0xd800..0xdc00).contains(&(self.unit)(unit)));
        2 * (units.len() - usize::from(is_half))
    }
}

#[cfg(test)]
mod tests {
    use super::Utf16;

    fn check(wide: &[u16], expected: &[u8]) {
        let orders: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
        for order in orders {
            let bytes: Vec<u8> = [0xfeff]
                .iter()
                .chain(wide)
                .flat_map(|&unit| order(unit))
                .collect();
            for step in [1, 2, 3, 5, bytes.len()] {
                let mut utf16 = Utf16::detect(&bytes).expect("a mark");
                let mut text = Vec::new();
                let pieces: Vec<&[u8]> = bytes.chunks(step).collect();
                for (index, piece) in pieces.iter().enumerate() {
                    utf16.convert(piece, index + 1 == pieces.len(), &mut text);
                }
                assert_eq!(text, [b"\xef\xbb\xbf", expected].concat(), "by {step}");
            }
        }
    }

    #[test]
    fn text_becomes_utf8_and_what_is_no_text_no_utf8() {
        check(
            &"{\"ä\":\"😀\"}".encode_utf16().collect::<Vec<_>>(),
            "{\"ä\":\"😀\"}".as_bytes(),
        );
        check(&[0x61, 0xd800, 0x62], b"a\xffb");
        check(&[0xdc00, 0xd83d], b"\xff\xff");
        let mut half = Utf16::detect(b"\xff\xfea\0b").expect("a mark");
        let mut text = Vec::new();
        half.convert(b"a\0b", true, &mut text);
        assert_eq!(text, b"a\xff");
    }

    #[test]
    fn json_without_a_mark_is_known_by_its_zeros() {
        for (text, is_wide) in [
            (b"{\0\"\0".as_slice(), true),
            (b"\0[\0{", true),
            (b"{\"a\"", false),
            (b"{\0\0\0", false),
            (b"{\0", false),
            (b"", false),
        ] {
            assert_eq!(Utf16::detect(text).is_some(), is_wide, "{text:?}");
        }
    }
}
