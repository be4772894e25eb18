//! No misspelled word, in American English.

use std::process::Command;

use crate::context::REPOSITORY;
use crate::python::python;

/// The checker, which is a program in a Python wheel.
const TYPOS: &str = "typos==1.52.0";

/// What it finds in a folder, a line each.
fn misspelled(folder: &str) -> String {
    let python = python("typos", &[TYPOS]);
    let checked = Command::new(python.with_file_name("typos"))
        .args(["--format", "brief", "--config"])
        .arg(format!("{REPOSITORY}/typos.toml"))
        .arg(folder)
        .output()
        .expect("the checker starts");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let failed = String::from_utf8_lossy(&checked.stderr);
    assert!(failed.is_empty(), "{failed}");
    said
}

#[test]
fn words_are_spelled_right() {
    assert_eq!(misspelled(REPOSITORY), "");
}

#[test]
fn a_wrong_word_is_found() {
    let folder = tempfile::tempdir().expect("a directory");
    // In parts, so that this file has no wrong word itself.
    let text = format!("a {} word\n", ["w", "rod"].concat());
    std::fs::write(folder.path().join("page.md"), text).expect("a file");
    let said = misspelled(&folder.path().to_string_lossy());
    assert!(said.contains("page.md:1:"), "{said}");
}
