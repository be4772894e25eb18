//! Records as JSON: our own tape against simd-json, over the same bytes.
//!
//! In: KMS records, each a text of its own, which must not change: the store keeps parts of it as they are written.
//! simd-json unescapes in its input, so it gets a copy. Both keep their buffers from record to record. `parse` makes
//! a tape; `parse and read` reads what identifies a use, too, in one pass over the members, as the decoder does.

#[expect(dead_code, reason = "the command writes trees of every kind")]
#[path = "corpus/mod.rs"]
mod corpus;
#[expect(dead_code, reason = "the decoder reads more of it")]
#[path = "../src/decode/json.rs"]
mod json;

use std::hint::black_box;

use corpus::render::Source;
use corpus::tree::Texts;
use corpus::world::Sizes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::value::RawValue;
use simd_json::prelude::ValueAsScalar as _;
use simd_json::{Buffers, INPUT_PADDING, fill_tape_padded, tape};

const RECORDS: u64 = 1500;
/// As deep as the decoder allows.
const DEPTH_MAX: usize = 256;
/// Members that identify a use, and those that have some of them inside.
const TEXTS: [&str; 12] = [
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "eventID",
    "requestID",
    "recipientAccountId",
    "sourceIPAddress",
    "errorCode",
    "accessKeyId",
    "arn",
    "keyId",
];
const OBJECTS: [&str; 4] = [
    "userIdentity",
    "sessionContext",
    "sessionIssuer",
    "requestParameters",
];

/// The texts of the records of an object.
fn records() -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Log<'a> {
        #[serde(borrow, rename = "Records")]
        records: Vec<&'a RawValue>,
    }
    let source = Source::new(Sizes::one_object(RECORDS, 100));
    let text = Texts::of(&source, 0).log;
    let log: Log<'_> = serde_json::from_slice(&text).expect("a log");
    log.records
        .iter()
        .map(|record| record.get().to_owned())
        .collect()
}

/// Our tape; answers the bytes of what was read.
fn ours(records: &[String], tape: &mut json::Tape, is_read: bool) -> usize {
    fn read(value: json::Value<'_>) -> usize {
        let members = value.members().map(|(name, value)| match name.raw() {
            name if TEXTS.contains(&name) => value.text().map_or(0, |text| text.len()),
            name if OBJECTS.contains(&name) => read(value),
            _ => 0,
        });
        members.sum()
    }
    let mut bytes = 0;
    for record in records {
        // The decoder checks a record's encoding before it parses it.
        let text = std::str::from_utf8(black_box(record.as_bytes())).expect("UTF-8");
        let value = black_box(tape.parse(text, DEPTH_MAX).expect("JSON"));
        bytes += if is_read { read(value) } else { 0 };
    }
    bytes
}

/// The buffers of simd-json.
struct Scratch {
    input: Vec<u8>,
    buffers: Buffers,
    tape: simd_json::Tape<'static>,
}

/// The same with simd-json.
fn theirs(records: &[String], scratch: &mut Scratch, is_read: bool) -> usize {
    fn read(value: tape::Value<'_, '_>) -> usize {
        let members = value
            .as_object()
            .into_iter()
            .flat_map(|object| object.iter());
        let bytes = members.map(|(name, value)| match name {
            name if TEXTS.contains(&name) => value.as_str().map_or(0, str::len),
            name if OBJECTS.contains(&name) => read(value),
            _ => 0,
        });
        bytes.sum()
    }
    let Scratch {
        input,
        buffers,
        tape,
    } = scratch;
    let mut bytes = 0;
    for record in records {
        let text = black_box(record.as_bytes());
        input.clear();
        input.extend_from_slice(text);
        input.resize(text.len() + INPUT_PADDING, 0);
        let mut filled = std::mem::replace(tape, simd_json::Tape(Vec::new())).reset();
        fill_tape_padded(input, text.len(), buffers, &mut filled).expect("JSON");
        let value = black_box(filled.as_value());
        bytes += if is_read { read(value) } else { 0 };
        *tape = filled.reset();
    }
    bytes
}

fn parse(criterion: &mut Criterion) {
    let records = records();
    let mut tape = json::Tape::default();
    let mut scratch = Scratch {
        input: Vec::new(),
        buffers: Buffers::with_max_depth(4096, DEPTH_MAX),
        tape: simd_json::Tape(Vec::new()),
    };
    assert_eq!(
        ours(&records, &mut tape, true),
        theirs(&records, &mut scratch, true),
        "both find the same"
    );
    for (name, is_read) in [("parse", false), ("parse and read", true)] {
        let mut group = criterion.benchmark_group(name);
        let bytes: usize = records.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function("our tape", |bencher| {
            bencher.iter(|| ours(&records, &mut tape, is_read));
        });
        group.bench_function("simd-json", |bencher| {
            bencher.iter(|| theirs(&records, &mut scratch, is_read));
        });
        group.finish();
    }
}

criterion_group!(benches, parse);
criterion_main!(benches);
