//! Any bytes as an object: gunzip, split, decode.
//!
//! Nothing panics, every record is accounted for, every row gives its event back as JSON, and reading whole and reading
//! in pieces agree; `decoded` asserts all of it, here as in the tests.

#![no_main]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/decoded.rs"]
mod decoded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoded::decode(bytes);
});
