//! A type's name says which one it is: no two modules have a type of the same name.

use std::collections::BTreeMap;

use super::{code, fault, files};

/// The types of the configuration file, which are named as its sections are.
const CONFIG: &str = "src/cli/config/";

#[test]
fn no_two_types_share_a_name() {
    let faults = shared_names(&files("src", "rs"));
    assert!(faults.is_empty(), "\n{faults}");
}

/// The faults of types that have the name of another file's.
fn shared_names(files: &[(String, String)]) -> String {
    let mut faults = String::new();
    let mut known: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| !path.starts_with(CONFIG)) {
        for (line, text) in code(text) {
            let Some(name) = declared(text) else {
                continue;
            };
            match known.get(&name) {
                Some((other, at)) if other != path => fault(
                    &mut faults,
                    path,
                    line,
                    &format!("`{name}` is also a type of {other}:{at}"),
                    "give it a name that says which of the two it is",
                ),
                _ => {
                    known.insert(name, (path, line));
                }
            }
        }
    }
    faults
}

/// The type that a line declares for its module; types inside of functions, traits and tests are indented.
fn declared(line: &str) -> Option<String> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let mut words = line.split_whitespace().peekable();
    if words.next_if(|word| word.starts_with("pub")) == Some("pub(in") {
        words.next();
    }
    let is_type = matches!(words.next()?, "struct" | "enum" | "trait" | "type");
    let name: String = words
        .next()?
        .chars()
        .take_while(|letter| letter.is_alphanumeric())
        .collect();
    is_type.then_some(name)
}

#[test]
fn shared_names_are_found() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let faults = shared_names(&[
        file("src/a.rs", "pub struct Named;\n\n    struct Indented;\n"),
        file(
            "src/b.rs",
            "// struct Named\nenum Held<'a> {\n}\nstruct Indented;\n",
        ),
        file(
            "src/c.rs",
            "pub(super) type Named = u8;\npub(in crate::c) trait Held {}\n",
        ),
        file("src/cli/config/d.rs", "struct Named;\n"),
    ]);
    let expected = "src/c.rs:1: `Named` is also a type of src/a.rs:1, give it a name that says which of the two it is\n\
                    src/c.rs:2: `Held` is also a type of src/b.rs:2, give it a name that says which of the two it is\n";
    assert_eq!(faults, expected);
}
