//! A process that is killed by SIGKILL, at a call to the store or at one to the source of the logs; then
//! a run without faults: the store is exact.
//!
//! The process is this test binary again: the same test, told by its environment what to do.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::corpus::Corpus;
use super::exact::{Attempts, check};
use super::harness::{Bench, block_on, copy_tree, ingest_from, ingest_soundly};
use super::source_double::{FaultSource, SourceFault};
use super::store_double::{Fault, FaultStore};
use super::unfinished::{check_said, check_silent};
use crate::corpus::rng::Rng;

const SEEDS: u64 = 50;
const SIGKILL: i32 = 9;
/// Where the logs are, where the store is, and what ends the child.
const LOGS: &str = "KEYTRAIL_TEST_KILL_LOGS";
const STORE: &str = "KEYTRAIL_TEST_KILL_STORE";
const FAULT: &str = "KEYTRAIL_TEST_KILL_FAULT";
/// All children read the same tree.
const CORPUS: u64 = 10;
/// What an earlier run has ingested, for every second seed.
const FIRST_RUN: [usize; 4] = [0, 2, 6, 7];

#[test]
fn a_process_killed_anywhere_leaves_the_store_exact() {
    if let Some(logs) = std::env::var_os(LOGS) {
        return be_the_child(Path::new(&logs));
    }
    let mut bench = Bench::new(Corpus::new(CORPUS));
    let nothing = bench.new_store();
    let first_run = bench.new_store();
    block_on(ingest_soundly(&first_run, &bench.paths(&FIRST_RUN)));
    let templates = [&nothing, &first_run].map(|template| {
        let store = bench.new_store();
        copy_tree(template, &store);
        let double = FaultStore::new(Fault::None);
        let source = FaultSource::new(SourceFault::None);
        block_on(ingest_from(&store, &double, &source, &bench.logs)).expect("a sound run");
        (template, double.calls(), source.calls())
    });
    let mut killed = 0;
    for seed in 1..=SEEDS {
        let (template, store_calls, source_calls) = templates[usize::from(seed % 2 == 0)];
        let before = if seed % 2 == 0 { &FIRST_RUN[..] } else { &[] };
        let store = bench.new_store();
        copy_tree(template, &store);
        let mut chance = Rng::new(seed);
        // One seed of five is killed at the source.
        let fault = if seed % 5 == 0 {
            format!("source {}", 1 + chance.below(source_calls))
        } else {
            let moment = ["before", "after"][usize::from(chance.below(2) == 0)];
            format!("{moment} {}", 1 + chance.below(store_calls))
        };
        let status = spawn_child(&bench.root().join("logs"), &store, &fault);
        killed += u64::from(status.signal() == Some(SIGKILL));
        assert!(
            status.success() || status.signal() == Some(SIGKILL),
            "seed {seed}, {fault}: the child ended with {status}"
        );
        block_on(async {
            let hint = format!("seed {seed}, killed {fault} of {store_calls} calls");
            check_said(&store, &bench.corpus, before, &hint).await;
            ingest_soundly(&store, &bench.logs).await;
            check_silent(&store, &hint).await;
            check(
                &store,
                &bench.corpus,
                &bench.corpus.all(),
                Attempts::One,
                &hint,
            )
            .await;
        });
        fs::remove_dir_all(&store).expect("a directory of ours");
    }
    // Runs do not make exactly as many calls each time, so a child may come to its end.
    assert!(killed >= SEEDS - 5, "only {killed} of {SEEDS} were killed");
}

fn spawn_child(logs: &Path, store: &Path, fault: &str) -> std::process::ExitStatus {
    let (_crate, module) = module_path!()
        .split_once("::")
        .expect("a module of this binary");
    let name = format!("{module}::a_process_killed_anywhere_leaves_the_store_exact");
    Command::new(std::env::current_exe().expect("this binary"))
        .args([&name, "--exact", "--nocapture"])
        .env(LOGS, logs)
        .env(STORE, store)
        .env(FAULT, fault)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a child")
}

/// Ingests, and is killed on the way.
fn be_the_child(root: &Path) {
    let store = PathBuf::from(std::env::var_os(STORE).expect("a store"));
    let fault = std::env::var(FAULT).expect("a fault");
    let words: Vec<&str> = fault.split(' ').collect();
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let corpus = Corpus::new(CORPUS);
    let logs: Vec<PathBuf> = corpus
        .files
        .iter()
        .map(|file| root.join(&file.name))
        .collect();
    let (store_fault, source_fault) = match words.as_slice() {
        ["before", call] => (Fault::KillBefore(number(call)), SourceFault::None),
        ["after", call] => (Fault::KillAfter(number(call)), SourceFault::None),
        ["source", call] => (Fault::None, SourceFault::KillBefore(number(call))),
        words => panic!("no fault: {words:?}"),
    };
    let double = FaultStore::new(store_fault);
    let source = FaultSource::new(source_fault);
    block_on(ingest_from(&store, &double, &source, &logs)).expect("only a kill ends it");
}
