//! Any text, plain and as gzip of one member and of two: the same records, the same rows, the same damage.

#![no_main]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/decoded.rs"]
mod decoded;

use decoded::{decode, gzip};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    // What begins like gzip is not plain text.
    if text.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let plain = decode(text);
    let (head, tail) = text.split_at(text.len() / 2);
    let mut packed = vec![gzip(text)];
    // An object without text is empty however it is packed; a member without text is no object.
    if !head.is_empty() {
        packed.push([gzip(head), gzip(tail)].concat());
    }
    for gzip in packed {
        let inflated = decode(&gzip);
        assert_eq!(inflated.originals, plain.originals);
        let (left, right) = (&inflated.report, &plain.report);
        assert_eq!(left.records, right.records);
        assert_eq!(left.rejected, right.rejected);
        assert_eq!(left.rejects, right.rejects);
        assert_eq!(left.not_wanted, right.not_wanted);
        assert_eq!(left.json_bytes, right.json_bytes);
    }
});
