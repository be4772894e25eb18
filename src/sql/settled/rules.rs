//! That the rules by which facts are made have a number of their own.

use std::collections::{BTreeSet, VecDeque};

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use sha2::{Digest as _, Sha256};

use super::RULES;
use crate::catalog::Library;
use crate::decode::operations;

/// The number of the rules, and a hash of them as far as they are SQL or the list of operations.
const KNOWN: (i64, &str) = (1, "5c1c06c28c83ef94");

/// Facts that are stored are read as long as the number is the same; if the rules change and it does not, old facts are
/// mixed with new ones.
#[test]
fn other_rules_have_another_number() {
    let library = Library::embedded().expect("good headers");
    let mut hash = Sha256::new();
    let mut seen = BTreeSet::new();
    let mut waiting = VecDeque::from(["computed_uses", "counted_uses"]);
    let mut texts = BTreeSet::new();
    while let Some(name) = waiting.pop_front() {
        if let Some(view) = library.view(name).filter(|_| seen.insert(name)) {
            waiting.extend(view.depends.iter().map(String::as_str));
            // Comments and blanks say nothing.
            let tokens = Tokenizer::new(&GenericDialect {}, &view.sql).tokenize();
            let tokens = tokens.expect("SQL").into_iter();
            let words = tokens.filter(|token| !matches!(token, Token::Whitespace(_)));
            let words: Vec<String> = words.map(|word| word.to_string()).collect();
            texts.insert((name, words.join(" ")));
        }
    }
    assert!(seen.contains("live_key_events") && seen.contains("replacements"));
    for text in texts {
        hash.update(format!("{text:?}\n"));
    }
    for operation in operations() {
        hash.update(format!("{operation:?}\n"));
    }
    let found = hex::encode(&hash.finalize()[..8]);
    assert_eq!(
        (RULES, found.as_str()),
        KNOWN,
        "the rules have changed: raise RULES if facts may differ, and write both here"
    );
}
