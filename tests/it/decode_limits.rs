//! Limits: each is named when it rejects, and memory stays flat however long an object is.

use std::io::{self, Read};

use arrow::error::ArrowError;
use keytrail::decode::{Decoder, Input, Limits, ObjectId};

use crate::decoded::{decode, decode_input, decode_within, event, gzip, kms_event, records};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// An event with `depth` arrays in it.
fn deep(source: &str, id: &str, depth: usize) -> String {
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    event(source, "Decrypt", id)
        .replace(r#""resources""#, &format!(r#""deep":{nested},"resources""#))
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    let limits = Limits::default();
    assert_eq!(limits.record_bytes_max, 16 << 20);
    assert_eq!(limits.depth_max, 256);
    assert_eq!(limits.object_bytes_max, 64 << 30);
}

#[test]
fn nesting_too_deep_rejects_a_wanted_record_by_name() {
    let text = records(&[
        kms_event("0"),
        deep("kms.amazonaws.com", "deep", 10_000),
        kms_event("1"),
    ]);
    let decoded = decode(text.as_bytes());
    assert_eq!(decoded.ids(), ["0", "1"]);
    assert_eq!(
        (decoded.reason(), decoded.report.rejected),
        ("record_depth", 1)
    );
    assert_eq!(decoded.report.limit.as_deref(), Some("depth_max=256"));
    assert!(decoded.report.rejects[0].message.contains("depth_max=256"));
    // Alone, it is still too deep, and not of a wrong shape.
    let alone = decode(records(&[deep("kms.amazonaws.com", "deep", 10_000)]).as_bytes());
    assert_eq!(
        (alone.report.state(), alone.reason()),
        ("rejected", "record_depth")
    );
    // The event itself is the first of the 256.
    for (depth, state) in [(255, "ok"), (256, "rejected")] {
        let text = deep("kms.amazonaws.com", "deep", depth);
        assert_eq!(decode(text.as_bytes()).report.state(), state, "{depth}");
    }
}

#[test]
fn nesting_in_records_that_nobody_wants_is_no_fault() {
    let other = deep("s3.amazonaws.com", "deep", 10_000);
    for events in [
        vec![other.clone()],
        vec![other.clone(), kms_event("0")],
        vec![kms_event("0"), other.clone()],
    ] {
        let decoded = decode(records(&events).as_bytes());
        assert_eq!(
            (decoded.report.state(), decoded.report.not_wanted),
            ("ok", 1)
        );
        assert_eq!(decoded.report.kms_records as usize, events.len() - 1);
        assert_eq!(decoded.report.kind.word(), "log");
    }
}

#[test]
fn a_record_that_is_too_long_is_rejected_by_name() {
    let limits = limits(|limits| limits.record_bytes_max = 2_000);
    let long = kms_event("long").replace("Alice", &"a".repeat(3_000));
    let text = records(&[kms_event("0"), long.clone(), kms_event("1")]);
    let decoded = decode_within(limits, text.as_bytes());
    assert_eq!(decoded.ids(), ["0", "1"]);
    assert_eq!(
        (decoded.reason(), decoded.report.rejected),
        ("record_bytes", 1)
    );
    assert_eq!(
        decoded.report.limit.as_deref(),
        Some("record_bytes_max=2000")
    );
    assert_eq!(decode(text.as_bytes()).ids(), ["0", "long", "1"]);
    // Longer than what a stream holds at once, and of another service.
    let huge =
        event("s3.amazonaws.com", "GetObject", "huge").replace("Alice", &"a".repeat(3 << 20));
    let text = records(&[kms_event("0"), huge, kms_event("1")]);
    let decoded = decode_within(limits, text.as_bytes());
    assert_eq!(decoded.ids(), ["0", "1"]);
    assert_eq!(decoded.reason(), "record_bytes");
}

#[test]
fn the_default_record_limit_is_16_mib() {
    let fits = kms_event("fits");
    let fits = fits.replace(
        "Alice",
        &"a".repeat((16 << 20) - fits.len() + "Alice".len()),
    );
    assert_eq!(fits.len(), 16 << 20);
    let long = fits.replace("fits", "long-").replace("/a", "/");
    let text = format!("[{fits},{long},{}]", kms_event("last"));
    let decoded = decode(text.as_bytes());
    assert_eq!(decoded.ids(), ["fits", "last"]);
    assert_eq!(
        decoded.report.limit.as_deref(),
        Some("record_bytes_max=16777216")
    );
}

#[test]
fn an_object_with_too_much_text_gives_what_stands_before_the_limit() {
    let events: Vec<String> = (0..20).map(|id| kms_event(&id.to_string())).collect();
    let text = records(&events);
    let limits = limits(|limits| limits.object_bytes_max = 5_000);
    for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        let decoded = decode_within(limits, &bytes);
        assert_eq!(
            (decoded.report.state(), decoded.reason()),
            ("damaged", "object_bytes")
        );
        assert_eq!(
            decoded.report.limit.as_deref(),
            Some("object_bytes_max=5000")
        );
        let begun = text[..5_000].matches("eventVersion").count();
        let expected: Vec<String> = (0..begun - 1).map(|id| id.to_string()).collect();
        assert_eq!(decoded.ids(), expected);
        assert_eq!(decoded.report.json_bytes, 5_000);
    }
    let exact = Limits {
        object_bytes_max: text.len() as u64,
        ..limits
    };
    assert_eq!(decode_within(exact, text.as_bytes()).report.state(), "ok");
}

#[test]
fn a_gzip_bomb_is_stopped_and_named() {
    let mut bomb = records(&[kms_event("0")]).into_bytes();
    bomb.pop();
    bomb.resize(200 << 20, b' ');
    let bomb = gzip(&bomb);
    assert!(bomb.len() < 1 << 20);
    let decoded = decode_input(Limits::default(), Input::Whole(&bomb));
    assert_eq!(decoded.ids(), ["0"]);
    assert_eq!(decoded.reason(), "compression_ratio");
    assert_eq!(decoded.report.limit.as_deref(), Some("ratio_max=500"));
    // Soon after the ratio is looked at, and long before the end.
    assert!(decoded.report.json_bytes < 80 << 20);
    let generous = limits(|limits| limits.ratio_max = 5_000);
    let decoded = decode_input(generous, Input::Whole(&bomb));
    assert_eq!(decoded.reason(), "json_truncated");
}

/// Makes a document of many records while it is read.
struct Endless {
    record: Vec<u8>,
    left: usize,
    unread: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            if self.left == 0 {
                return Ok(0);
            }
            self.left -= 1;
            self.unread.extend_from_slice(&self.record);
            self.unread.push(if self.left == 0 { b']' } else { b',' });
        }
        let len = buffer.len().min(self.unread.len());
        buffer[..len].copy_from_slice(&self.unread[..len]);
        self.unread.drain(..len);
        Ok(len)
    }
}

#[test]
fn rows_of_a_long_object_are_handed_over_in_pieces() {
    // One wanted record and much that is not, again and again.
    let other = event("s3.amazonaws.com", "GetObject", "other");
    let mut block = kms_event("wanted").replace("Alice", &"a".repeat(6_000));
    for _ in 0..200 {
        block = format!("{block},{other}");
    }
    const BLOCKS: usize = 3_700;
    let block_bytes = block.len();
    let mut text = Endless {
        record: block.into_bytes(),
        left: BLOCKS,
        unread: b"[".to_vec(),
    };
    assert!(block_bytes * BLOCKS > 300 << 20);
    let mut batches = Vec::new();
    let mut decoder = Decoder::new(Limits::default());
    let id = ObjectId {
        object_id: "long",
        path_kind: None,
        is_dated: true,
    };
    let report = decoder
        .decode(id, Input::Stream(&mut text), &mut |rows| {
            batches.push((rows.kms.num_rows(), rows.kms.get_array_memory_size()));
            Ok::<_, ArrowError>(())
        })
        .expect("columns can be built");
    let rest = decoder.take().expect("columns can be built").kms.num_rows();
    assert_eq!(report.state(), "ok");
    assert!(report.is_conserved());
    assert_eq!(
        (report.kms_records as usize, report.not_wanted as usize),
        (BLOCKS, 200 * BLOCKS)
    );
    assert_eq!(report.json_bytes as usize, (block_bytes + 1) * BLOCKS + 1);
    let handed: usize = batches.iter().map(|(rows, _)| rows).sum();
    assert_eq!(handed + rest, BLOCKS);
    assert!(batches.len() >= 2, "{batches:?}");
    assert!(
        batches.iter().all(|(_, bytes)| *bytes < 100 << 20),
        "{batches:?}"
    );
}

#[test]
fn records_that_never_close_cost_no_more_than_their_length() {
    // Each beginning could be a record that has swallowed all that follow; reading on to the end for
    // each would take hours.
    for (beginning, between) in [
        (
            r#"{"eventVersion":"1.11","eventSource":"kms.amazonaws.com","#,
            ",",
        ),
        (r#"{"eventVersion":"1.11","x":["#, ","),
        (r#"{"eventVersion":"1.11","x":[{"#, "\n"),
    ] {
        let damaged = format!("{beginning}{between}").repeat((2 << 20) / beginning.len());
        let text = if between == "," {
            format!(
                r#"{{"Records":[{},{damaged}{}]}}"#,
                kms_event("0"),
                kms_event("1")
            )
        } else {
            format!("{}\n{damaged}{}\n", kms_event("0"), kms_event("1"))
        };
        for input in [
            Input::Whole(text.as_bytes()),
            Input::Stream(&mut text.as_bytes()),
        ] {
            let decoded = decode_input(Limits::default(), input);
            assert_eq!(
                decoded.ids(),
                ["0", "1"],
                "{beginning}: {:?}",
                decoded.report.damage
            );
            assert_eq!(decoded.report.state(), "damaged");
        }
    }
}
