//! Damaged input of every sort: no panic, no row that is no JSON, no record twice, and every record
//! before the damage.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::decoded::{Decoded, decode, event, gunzip, gzip, kms_event};
use crate::writing::{Choices, for_all};

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Flip(u8),
    Replace(u8),
    Delete(usize),
    Insert(Vec<u8>),
    Truncate,
}

fn change() -> impl Strategy<Value = Change> {
    let structure = prop::sample::select(br#""\{}[],:"#.to_vec());
    prop_oneof![
        3 => (0_u8..8).prop_map(|bit| Change::Flip(1 << bit)),
        3 => structure.clone().prop_map(Change::Replace),
        3 => (1_usize..400).prop_map(Change::Delete),
        3 => prop::collection::vec(prop_oneof![structure, any::<u8>()], 1..6).prop_map(Change::Insert),
        1 => Just(Change::Truncate),
    ]
}

/// Applies changes from the last place to the first; answers the first.
fn apply(bytes: &mut Vec<u8>, mut changes: Vec<(prop::sample::Index, Change)>) -> usize {
    let len = bytes.len();
    changes.sort_by_key(|(place, _)| std::cmp::Reverse(place.index(len)));
    let mut first = len;
    for (place, change) in changes {
        let place = place.index(len);
        first = first.min(place);
        match change {
            Change::Flip(bits) => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= bits;
                }
            }
            Change::Replace(with) => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = with;
                }
            }
            Change::Delete(count) => {
                let from = place.min(bytes.len());
                let to = (place + count).min(bytes.len());
                bytes.drain(from..to);
            }
            Change::Insert(some) => {
                let place = place.min(bytes.len());
                bytes.splice(place..place, some);
            }
            Change::Truncate => bytes.truncate(place),
        }
    }
    first
}

/// A document of KMS events and others, with the end of each KMS event.
fn document(seed: u64) -> (String, Vec<(String, usize)>) {
    let mut choices = Choices(seed);
    let (open, between, close) = [
        ("{\"Records\":[", ",", "]}"),
        ("[", ",\n", "]"),
        ("", "\n", "\n"),
        ("{\"a\":[1],\"Records\" : [ ", " , ", " ] , \"z\":{} }"),
    ][choices.below(4)];
    let mut text = open.to_owned();
    let mut kms = Vec::new();
    let count = 1 + choices.below(8);
    for index in 0..count {
        if index > 0 {
            text.push_str(between);
        }
        let id = format!("event-{index}");
        if choices.once_in(3) {
            text.push_str(&event("s3.amazonaws.com", "GetObject", &id));
        } else {
            text.push_str(&kms_event(&id));
            kms.push((id, text.len()));
        }
    }
    text.push_str(close);
    (text, kms)
}

/// What each original KMS event of the document hashes to.
fn hashes(kms: &[(String, usize)]) -> HashMap<Vec<u8>, String> {
    kms.iter()
        .map(|(id, _)| {
            let decoded = decode(kms_event(id).as_bytes());
            (decoded.kms_rows()[0].hash(), id.clone())
        })
        .collect()
}

/// The ids of the originals among the rows, each at most once.
fn found(
    decoded: &Decoded,
    originals: &HashMap<Vec<u8>, String>,
) -> Result<Vec<String>, TestCaseError> {
    let mut found = Vec::new();
    for row in decoded.kms_rows() {
        if let Some(id) = originals.get(&row.hash()) {
            prop_assert!(!found.contains(id), "{} comes twice", id);
            found.push(id.clone());
        }
    }
    Ok(found)
}

type Changes = Vec<(prop::sample::Index, Change)>;

fn changes() -> impl Strategy<Value = (u64, Changes)> {
    let change = (any::<prop::sample::Index>(), change());
    (any::<u64>(), prop::collection::vec(change, 1..4))
}

#[test]
fn damaged_text_gives_all_that_stands_before_the_damage_and_nothing_twice() {
    for_all(changes(), |(seed, changes)| {
        let (text, kms) = document(seed);
        let mut bytes = text.into_bytes();
        let first = apply(&mut bytes, changes);
        // Whether read at once, in pieces or out of a gzip: `decode` compares the first two.
        let decoded = decode(&bytes);
        let zipped = decode(&gzip(&bytes));
        prop_assert_eq!(&zipped.originals, &decoded.originals);
        prop_assert_eq!(&zipped.report, &decoded.report);
        let found = found(&decoded, &hashes(&kms))?;
        for (id, end) in &kms {
            // What follows a number or a word may change it; what follows an object does not.
            prop_assert!(
                *end > first || found.contains(id),
                "{} of {}",
                id,
                String::from_utf8_lossy(&bytes)
            );
        }
        Ok(())
    });
}

#[test]
fn a_damaged_gzip_gives_all_that_stands_before_the_damage_and_nothing_twice() {
    for_all(changes(), |(seed, changes)| {
        let (text, kms) = document(seed);
        let mut bytes = gzip(text.as_bytes());
        apply(&mut bytes, changes);
        let decoded = decode(&bytes);
        let same = gunzip(&bytes)
            .iter()
            .zip(text.as_bytes())
            .take_while(|(left, right)| left == right)
            .count();
        let found = found(&decoded, &hashes(&kms))?;
        for (id, end) in &kms {
            prop_assert!(*end > same || found.contains(id), "{}", id);
        }
        Ok(())
    });
}

#[test]
fn one_damaged_record_costs_no_other() {
    for_all((2_usize..7, any::<u64>()), |(count, seed)| {
        let mut choices = Choices(seed);
        let events: Vec<String> = (0..count).map(|id| kms_event(&id.to_string())).collect();
        let torn = choices.below(count);
        let mut bytes = b"{\"Records\":[".to_vec();
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            let mut event = event.clone().into_bytes();
            if index == torn {
                // A byte of the first half, where no array is open that could take in what follows.
                let place = choices.below(event.len() / 2);
                if choices.once_in(2) {
                    event.remove(place);
                } else {
                    event[place] = br#""\{}[],:"#[choices.below(8)];
                }
            }
            bytes.extend_from_slice(&event);
        }
        bytes.extend_from_slice(b"]}");
        let ids = decode(&bytes).ids();
        for id in (0..count).filter(|&id| id != torn) {
            let count = ids.iter().filter(|found| **found == id.to_string()).count();
            prop_assert_eq!(count, 1, "{} in {}", id, String::from_utf8_lossy(&bytes));
        }
        Ok(())
    });
}

#[test]
fn damage_where_a_stream_is_cut_is_seen_alike() {
    const PIECE_BYTES: usize = 1 << 20;
    let events: Vec<String> = (0..4).map(|id| kms_event(&id.to_string())).collect();
    let torn = events[1].replace(r#"Alice""#, "Alice");
    let filler = event("s3.amazonaws.com", "GetObject", "filler");
    // The text is cut at every few bytes of the torn record and of its neighbors.
    for cut in (0..events[0].len() * 4).step_by(61) {
        let padding = "a".repeat(PIECE_BYTES - filler.len() - cut);
        let filler = filler.replace("Alice", &padding);
        for second in [&events[1], &torn] {
            let text = format!(
                "[{filler},{},{second},{},{}]",
                events[0], events[2], events[3]
            );
            // `decode` compares what comes from memory with what comes from a stream.
            let mut ids = decode(text.as_bytes()).ids();
            ids.retain(|id| id != "1");
            assert_eq!(ids, ["0", "2", "3"], "cut at {cut}");
        }
    }
}
