//! Places that are no store of this keytrail: each is refused with a message that says why, and left as
//! it was.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::corpus::Corpus;
use super::harness::{Bench, block_on, ingest_soundly, tree};

/// Commands that read a store.
const READERS: [&[&str]; 4] = [
    &["status"],
    &["sql", "SELECT 1"],
    &["report", "unused-keys"],
    &["event", "0"],
];

fn keytrail(store: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keytrail"))
        .arg("--store")
        .arg(store)
        .args(arguments)
        .env_remove("KEYTRAIL_STORE")
        .output()
        .expect("keytrail runs")
}

/// Runs a command that must fail, with this message, the store's path shown as `STORE`.
fn refused(store: &Path, arguments: &[&str], message: &str) {
    let output = keytrail(store, arguments);
    let stderr = String::from_utf8(output.stderr).expect("text");
    let shown = stderr.replace(&store.display().to_string(), "STORE");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    assert_eq!(shown, message, "{arguments:?}");
}

fn every_command_is_refused(bench: &Bench, store: &Path, message: &str) {
    let logs = bench.root().join("logs");
    let before = tree(bench.root());
    let ingest = ["ingest", logs.to_str().expect("a path of letters")];
    for arguments in READERS.into_iter().chain([&ingest as &[&str]]) {
        refused(store, arguments, message);
    }
    assert_eq!(tree(bench.root()), before, "nothing was touched");
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let mut bench = Bench::new(Corpus::new(1));
    let store = bench.new_store();
    block_on(ingest_soundly(&store, &bench.logs));
    let first = store.join("kms_events/_delta_log/00000000000000000000.json");
    let text = fs::read_to_string(&first).expect("a commit");
    let newer = text.replace(r#""keytrail.format":"1""#, r#""keytrail.format":"2""#);
    assert_ne!(text, newer);
    fs::write(&first, newer).expect("a commit");
    every_command_is_refused(
        &bench,
        &store,
        "error: the store has format 2, and this keytrail knows formats up to 1: \
         it was written by a newer keytrail\n",
    );
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let mut bench = Bench::new(Corpus::new(2));
    let store = bench.new_store();
    fs::write(store.join("notes.txt"), "mine").expect("a file");
    let message = "error: `STORE` is not a keytrail store: it contains `notes.txt`\n";
    every_command_is_refused(&bench, &store, message);

    let store = bench.new_store();
    fs::create_dir(store.join("photos")).expect("a folder");
    fs::write(store.join("photos/1.jpg"), "mine").expect("a file");
    let message = "error: `STORE` is not a keytrail store: it contains `photos`\n";
    every_command_is_refused(&bench, &store, message);
}

/// A folder of a table's name does not make a store.
#[test]
fn another_delta_table_is_refused() {
    let mut bench = Bench::new(Corpus::new(3));
    let store = bench.new_store();
    block_on(ingest_soundly(&store, &bench.logs));
    let first = store.join("kms_events/_delta_log/00000000000000000000.json");
    let text = fs::read_to_string(&first).expect("a commit");
    let other = text.replace("keytrail.format", "other.format");
    assert_ne!(text, other);
    fs::write(&first, other).expect("a commit");
    every_command_is_refused(
        &bench,
        &store,
        "error: table `kms_events` of the store is not keytrail's: \
         it has no property `keytrail.format`\n",
    );
}

#[test]
fn a_file_is_no_store() {
    let mut bench = Bench::new(Corpus::new(4));
    let store = bench.new_store().join("file");
    fs::write(&store, "mine").expect("a file");
    let message = "error: `STORE` cannot be used as a store: not a directory\n";
    every_command_is_refused(&bench, &store, message);
}

#[test]
fn commands_that_read_do_not_make_a_store() {
    let mut bench = Bench::new(Corpus::new(5));
    let empty = bench.new_store();
    let missing = empty.join("missing");
    let before = tree(bench.root());
    let message = "error: there is no keytrail store at `STORE`\n\nhint: `keytrail ingest PATH --store DIR` \
                   makes one; `--store` or KEYTRAIL_STORE names it\n";
    for arguments in READERS {
        refused(&missing, arguments, message);
        refused(&empty, arguments, message);
    }
    assert_eq!(tree(bench.root()), before);
    assert!(!missing.exists());
    assert_eq!(fs::read_dir(&empty).expect("a directory").count(), 0);
}
