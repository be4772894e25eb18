//! JSON values of every sort for property tests, and every way to write them.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::json::{Json, Units, units};

/// How many cases a property is tried on.
const CASES: u32 = 200;

/// Tries a property on cases that are the same in every run.
pub(crate) fn for_all<S: Strategy>(
    values: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    if let Err(error) = TestRunner::new_with_rng(config, rng).run(&values, property) {
        panic!("{error}");
    }
}

/// A source of choices that are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("64 bits");
        usize::try_from(self.next() % bound).expect("64 bits")
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// Text with every sort of character, unpaired surrogates among them if asked for.
pub(crate) fn text(with_lone: bool) -> impl Strategy<Value = Units> {
    let unit = prop_oneof![
        8 => (0x20_u16..0x7f).prop_map(|unit| vec![unit]),
        1 => (0_u16..0x20).prop_map(|unit| vec![unit]),
        2 => prop::sample::select(vec![0x22_u16, 0x5c, 0x2f, 0x7f, 0xfffd, 0xfeff, 0x2028])
            .prop_map(|unit| vec![unit]),
        2 => (0x80_u16..0xd800).prop_map(|unit| vec![unit]),
        1 => any::<char>().prop_map(|character| units(&character.to_string())),
        1 => (0xd800_u16..0xe000).prop_map(move |unit| vec![if with_lone { unit } else { 0x41 }]),
    ];
    prop::collection::vec(unit, 0..12).prop_map(|parts| parts.concat())
}

/// A number, as JSON may write it.
fn number() -> impl Strategy<Value = Json> {
    prop::string::string_regex("-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?")
        .expect("a sound pattern")
        .prop_map(Json::Number)
}

/// Any value, a few levels deep. Names come from a small set, so that they repeat.
pub(crate) fn value(with_lone: bool) -> impl Strategy<Value = Json> + Clone {
    let leaf = prop_oneof![
        Just(Json::Null),
        Just(Json::True),
        Just(Json::False),
        number(),
        text(with_lone).prop_map(Json::Text),
        prop::sample::select(vec![
            "kms.amazonaws.com",
            "true",
            "arn:aws:kms:us-east-1:1:key/k",
            "",
            "null",
            "2026-03-01T12:00:00Z",
        ])
        .prop_map(Json::text),
    ];
    let name = prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "ARN", "keyId", "eventSource", "encryptionContext", "aws:s3:arn", ""])
            .prop_map(units),
        1 => text(with_lone),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(Json::Object),
        ]
    })
    .boxed()
}

/// Writes a value in one of the many ways that are the same value.
pub(crate) fn write(value: &Json, choices: &mut Choices) -> String {
    let mut out = String::new();
    write_value(value, choices, &mut out);
    out
}

fn write_value(value: &Json, choices: &mut Choices, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::True => out.push_str("true"),
        Json::False => out.push_str("false"),
        Json::Number(number) => out.push_str(number),
        Json::Text(text) => write_units(text, choices, out),
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_space(choices, out);
                write_value(element, choices, out);
                write_space(choices, out);
            }
            write_space(choices, out);
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (name, value)) in shuffled(members, choices).into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_space(choices, out);
                write_units(name, choices, out);
                write_space(choices, out);
                out.push(':');
                write_space(choices, out);
                write_value(value, choices, out);
                write_space(choices, out);
            }
            write_space(choices, out);
            out.push('}');
        }
    }
}

/// The members in another order, in which equal names keep theirs.
fn shuffled<'a>(members: &'a [(Units, Json)], choices: &mut Choices) -> Vec<&'a (Units, Json)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, choices.below(last + 1));
    }
    let mut result: Vec<usize> = order.clone();
    for (place, &index) in order.iter().enumerate() {
        let name = &members[index].0;
        let nth = order[..place]
            .iter()
            .filter(|&&other| members[other].0 == *name)
            .count();
        let mut same = (0..members.len()).filter(|&other| members[other].0 == *name);
        result[place] = same.nth(nth).expect("as many as there are");
    }
    result.into_iter().map(|index| &members[index]).collect()
}

fn write_space(choices: &mut Choices, out: &mut String) {
    while choices.once_in(4) {
        out.push([' ', '\n', '\t', '\r'][choices.below(4)]);
    }
}

fn write_units(text: &[u16], choices: &mut Choices, out: &mut String) {
    out.push('"');
    for decoded in char::decode_utf16(text.iter().copied()) {
        match decoded {
            Ok(character) => write_character(character, choices, out),
            Err(lone) => write_escape(lone.unpaired_surrogate(), choices, out),
        }
    }
    out.push('"');
}

fn write_character(character: char, choices: &mut Choices, out: &mut String) {
    let short = match character {
        '"' => Some('"'),
        '\\' => Some('\\'),
        '/' => Some('/'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    let may_stand = character >= ' ' && character != '"' && character != '\\';
    if may_stand && !choices.once_in(6) {
        out.push(character);
    } else if let Some(short) = short
        && !choices.once_in(3)
    {
        out.push('\\');
        out.push(short);
    } else {
        for &unit in character.encode_utf16(&mut [0; 2]).iter() {
            write_escape(unit, choices, out);
        }
    }
}

fn write_escape(unit: u16, choices: &mut Choices, out: &mut String) {
    if choices.once_in(2) {
        write!(out, "\\u{unit:04x}").expect("a string takes all");
    } else {
        write!(out, "\\u{unit:04X}").expect("a string takes all");
    }
}

/// Changes one place in a value; the result may by chance be the same.
pub(crate) fn tweak(value: &mut Json, choices: &mut Choices) {
    match value {
        Json::Array(elements) if !elements.is_empty() && !choices.once_in(5) => {
            let place = choices.below(elements.len());
            match choices.below(6) {
                0 => elements.truncate(place),
                1 => elements.rotate_left(1),
                _ => tweak(&mut elements[place], choices),
            }
        }
        Json::Object(members) if !members.is_empty() && !choices.once_in(5) => {
            let place = choices.below(members.len());
            match choices.below(8) {
                0 => drop(members.remove(place)),
                // Sometimes only an order that is free changes, sometimes that of equal names.
                1 => members.rotate_left(1),
                2 => members[place].0.push(0x61),
                3 => members.push(members[place].clone()),
                _ => tweak(&mut members[place].1, choices),
            }
        }
        Json::Text(text) => match choices.below(3) {
            0 => text.push(0xd800),
            1 => text.push(0x20),
            _ => *value = Json::Null,
        },
        Json::Number(number) if !number.contains(['.', 'e', 'E']) => number.push_str(".0"),
        _ => *value = Json::text(if choices.once_in(2) { "" } else { "null" }),
    }
}
