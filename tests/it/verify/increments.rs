//! What was proven is not read again, until the object changes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use keytrail::integrity::Verified;

use super::bench::{Bench, Watched, options};
use crate::organization::{Fault, Kind, Plan, Spot};

/// A trail whose logs were ingested before its digests, so that the ledger has no hash of them.
fn unhashed(plan: &Plan) -> Bench {
    let bench = Bench::new(plan);
    let folders = |kind: &str| -> Vec<PathBuf> {
        let organization = bench.trail.root.join("AWSLogs").join(plan.organization);
        plan.accounts
            .iter()
            .map(|account| organization.join(account).join(kind))
            .collect()
    };
    bench.ingest_paths(&folders("CloudTrail"));
    bench.ingest_paths(&folders("CloudTrail-Digest"));
    bench
}

fn verify(bench: &Bench, source: &Watched) -> Verified {
    bench.verify_from(source, &bench.keys(), &options())
}

#[test]
fn a_second_run_reads_nothing() {
    let plan = Plan::new(1, 2, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = unhashed(&plan.with([
        Fault::TamperedLog(spot),
        Fault::DroppedLog(Spot { hour: 6, ..spot }),
        Fault::BadSignature(Spot { hour: 9, ..spot }),
    ]));
    let source = Watched::default();
    let first = verify(&bench, &source);
    let opened = source.take();
    // Those that no good digest names need no hash.
    let is_named = |status: Option<&str>| matches!(status, Some("verified" | "hash_mismatch"));
    let named: Vec<String> = bench
        .trail
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Log && is_named(object.status))
        .map(|object| object.key.clone())
        .collect();
    let mut read: Vec<String> = opened.iter().map(|location| bench.key(location)).collect();
    read.sort();
    let mut sorted = named.clone();
    sorted.sort();
    assert_eq!(read, sorted);
    assert_eq!(first.objects_read, named.len() as u64);
    assert_eq!(first.signatures_checked, 2 * 25);
    assert_eq!(first.wrong.len(), 3);

    let said = bench.said();
    let second = verify(&bench, &source);
    assert_eq!(source.take(), Vec::<String>::new());
    // The digest that is not proven is looked at again.
    assert_eq!((second.objects_read, second.signatures_checked), (0, 1));
    assert_eq!(second.changes, 0);
    assert_eq!(bench.said(), said);
    assert_eq!((second.digests, second.logs), (first.digests, first.logs));
    assert_eq!(second.wrong, first.wrong);
}

#[test]
fn a_proof_ends_with_the_object_that_it_was_of() {
    let plan = Plan::new(1, 1, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = unhashed(&plan);
    let source = Watched::default();
    verify(&bench, &source);
    source.take();

    // Another time alone: it is read again, and is as it was.
    let touched = bench.trail.log(spot);
    let file = fs::File::options()
        .write(true)
        .open(bench.trail.path(touched))
        .expect("it is there");
    let modified = file
        .metadata()
        .expect("metadata")
        .modified()
        .expect("a time");
    file.set_modified(modified + Duration::from_secs(60))
        .expect("it is set");
    bench.ingest_paths(&[bench.trail.path(touched)]);
    let again = verify(&bench, &source);
    assert_eq!(source.take().len(), 1);
    assert_eq!(again.wrong, []);

    // Another content in a file of another size, ingested again.
    let changed = bench.trail.log(Spot { hour: 6, ..spot });
    fs::write(bench.trail.path(changed), b"{\"Records\":[]}").expect("it is written");
    bench.ingest_paths(&[bench.trail.path(changed)]);
    let after = verify(&bench, &source);
    assert_eq!(source.take().len(), 1);
    let wrong: Vec<_> = after
        .wrong
        .iter()
        .map(|finding| (bench.key(&finding.location), finding.status))
        .collect();
    assert_eq!(wrong, [(changed.key.clone(), "hash_mismatch")]);
    assert_eq!(after.changes, 1);
}

#[test]
fn what_has_changed_since_it_was_ingested_is_not_judged() {
    let plan = Plan::new(1, 1, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = unhashed(&plan);
    let (changed, gone) = (
        bench.trail.log(spot),
        bench.trail.log(Spot { hour: 5, ..spot }),
    );
    fs::write(bench.trail.path(changed), b"{\"Records\":[]}").expect("it is written");
    fs::remove_file(bench.trail.path(gone)).expect("it is there");
    let verified = bench.verify();
    assert_eq!(verified.wrong, []);
    let unread: Vec<_> = verified
        .unread
        .iter()
        .map(|finding| (bench.key(&finding.location), finding.message.as_str()))
        .collect();
    assert_eq!(unread.len(), 2);
    assert_eq!(unread[0].0, changed.key);
    assert!(
        unread[0]
            .1
            .starts_with("it has changed since it was ingested"),
        "{unread:?}"
    );
    assert_eq!(unread[1].0, gone.key);
    assert!(verified.is_incomplete());
    let said = bench.said();
    assert!(!said.contains_key(&changed.key) && !said.contains_key(&gone.key));
}

#[test]
fn damaged_gzip_is_no_match_and_is_not_read_twice() {
    let plan = Plan::new(1, 1, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = Bench::new(&plan);
    let cut = bench.trail.log(spot);
    let path = bench.trail.path(cut);
    let bytes = fs::read(&path).expect("it is there");
    fs::write(&path, &bytes[..bytes.len() - 20]).expect("it is written");
    bench.ingest();
    let source = Watched::default();
    for reads in [1, 0] {
        let verified = verify(&bench, &source);
        assert_eq!(source.take().len(), reads);
        let [finding] = verified.wrong.as_slice() else {
            panic!("{:?}", verified.wrong);
        };
        assert_eq!(bench.key(&finding.location), cut.key);
        assert_eq!(finding.status, "hash_mismatch");
        assert_eq!(finding.message, "its gzip ends in the middle");
    }
}
