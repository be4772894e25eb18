//! Copies of a trail's tree: below a prefix, without its folders, two trails together.

use std::fs;

use super::bench::Bench;
use crate::organization::{Fault, Kind, Plan, Spot};

#[test]
fn a_prefix_is_part_of_the_keys() {
    let mut plan = Plan::new(1, 1, 1);
    plan.prefix = "logs/of the organization/";
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = Bench::new(&plan.with([
        Fault::TamperedLog(spot),
        Fault::DroppedLog(Spot { hour: 6, ..spot }),
    ]));
    bench.ingest();
    let verified = bench.verify();
    let wrong: Vec<_> = verified
        .wrong
        .iter()
        .map(|finding| finding.status)
        .collect();
    assert_eq!(wrong, ["hash_mismatch", "missing"]);
    // Where it should be, as a URL: a space is escaped in it.
    let missing = &verified.wrong[1].location;
    let path = url::Url::parse(missing)
        .expect("a URL")
        .to_file_path()
        .expect("a path");
    assert_eq!(
        path,
        bench.trail.path(bench.trail.log(Spot { hour: 6, ..spot }))
    );
}

/// People copy trees without what stands before `AWSLogs`, or files without any folder.
#[test]
fn folders_may_be_lost() {
    let mut plan = Plan::new(1, 1, 1);
    plan.prefix = "logs/";
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    for is_flat in [false, true] {
        let bench = Bench::new(&plan.clone().with([Fault::DroppedLog(spot)]));
        let copy = tempfile::tempdir().expect("a directory");
        for object in bench.trail.objects.iter().filter(|object| object.is_there) {
            let name = object.key.rsplit('/').next().expect("a name");
            let below = if is_flat {
                name
            } else {
                &object.key["logs/".len()..]
            };
            let path = copy.path().join(below);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::copy(bench.trail.path(object), &path).expect("it is copied");
            let signature = format!("{}.sig.json", bench.trail.path(object).display());
            if object.kind != Kind::Log {
                fs::copy(signature, format!("{}.sig.json", path.display())).expect("it is copied");
            }
        }
        bench.ingest_paths(&[copy.path().to_path_buf()]);
        let verified = bench.verify();
        let [missing] = verified.wrong.as_slice() else {
            panic!("{:?}", verified.wrong);
        };
        assert_eq!(missing.status, "missing");
        let key = &bench.trail.log(spot).key;
        let name = if is_flat {
            key.rsplit('/').next().expect("a name")
        } else {
            &key["logs/".len()..]
        };
        assert!(
            missing.location.ends_with(&format!("/{name}")),
            "{}",
            missing.location
        );
        assert_eq!(verified.digests.values().sum::<u64>(), 25);
    }
}

#[test]
fn a_digest_at_another_place_is_not_that_of_its_place() {
    let plan = Plan::new(1, 1, 1);
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 4,
    };
    let bench = Bench::new(&plan);
    let trail = &bench.trail;
    let (from, to) = (
        trail.path(trail.digest(spot)),
        trail.path(trail.digest(Spot { hour: 9, ..spot })),
    );
    for ending in ["", ".sig.json"] {
        let with = |path: &std::path::Path| format!("{}{ending}", path.display());
        fs::copy(with(&from), with(&to)).expect("it is copied");
    }
    bench.ingest();
    let verified = bench.verify();
    let [finding] = verified.wrong.as_slice() else {
        panic!("{:?}", verified.wrong);
    };
    assert_eq!(finding.status, "bad_signature");
    assert_eq!(
        finding.message,
        format!("it says that it is {}", trail.digest(spot).key)
    );
}

#[test]
fn two_trails_in_one_bucket_prove_each_its_own_logs() {
    let one = Plan::new(1, 2, 1);
    let mut other = one.clone();
    other.trail = "another_trail.2";
    other.home_region = "eu-west-1";
    let spot = Spot {
        account: one.accounts[0],
        region: one.regions[0],
        hour: 4,
    };
    let bench = Bench::new(&one);
    let second = other
        .with([Fault::TamperedLog(spot)])
        .write(&bench.trail.root);
    let summary = bench.ingest();
    // The same events, delivered twice.
    assert!(summary.duplicates > 0);
    let verified = bench.verify();
    let wrong: Vec<_> = verified
        .wrong
        .iter()
        .map(|finding| bench.key(&finding.location))
        .collect();
    assert_eq!(wrong, [second.log(spot).key.clone()]);
    let said = bench.said();
    for trail in [&bench.trail, &second] {
        for object in &trail.objects {
            let found = &said[&object.key];
            assert_eq!(Some(found.status.as_str()), object.status, "{}", object.key);
            if object.kind == Kind::Log {
                let name = format!("_{}_{}_", trail.plan.trail, trail.plan.home_region);
                assert!(found.digest.contains(&name), "{}", found.digest);
            }
        }
    }
}

/// Its logs cannot be told from forged ones until somebody says that it exists.
#[test]
fn a_trail_without_digests_beside_one_with_them_must_be_described() {
    let one = Plan::new(1, 1, 1);
    let mut other = one.clone();
    other.trail = "unvalidated";
    // What is done to it is logged elsewhere.
    other.home_region = "ap-south-1";
    let bench = Bench::new(&one);
    let second = other
        .with([Fault::ValidationOff(0, 25)])
        .write(&bench.trail.root);
    bench.ingest();
    let verified = bench.verify();
    let wrong: Vec<_> = verified
        .wrong
        .iter()
        .map(|finding| bench.key(&finding.location))
        .collect();
    let logs: Vec<_> = second
        .objects
        .iter()
        .map(|object| object.key.clone())
        .collect();
    assert_eq!(wrong, logs);
    bench.describe_trail(&second.plan.trail_arn(), false);
    let verified = bench.verify();
    assert_eq!(verified.wrong, []);
    assert_eq!(
        verified.unproven,
        [("validation was switched off".to_owned(), 48)].into()
    );
}
