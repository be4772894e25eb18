//! The files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use flate2::Compression;

use super::json::public_keys;
use super::signing::LISTED;
use super::{Fault, Object, Organization, Plan, answers, deliveries, digests};
use crate::corpus::shelf;

/// Writes the tree below a directory.
pub(super) fn write(plan: &Plan, root: &Path) -> Organization {
    fs::create_dir_all(root).expect("a directory");
    let root = root.canonicalize().expect("it exists");
    let keys = root.join("public-keys.json");
    fs::write(&keys, public_keys(&LISTED)).expect("the public keys");
    let streams: Vec<(&'static str, &'static str)> = plan
        .accounts
        .iter()
        .flat_map(|account| plan.regions.iter().map(|region| (*account, *region)))
        .collect();
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    let mut objects: Vec<Object> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                let (streams, root) = (&streams, &root);
                scope.spawn(move || {
                    let own = streams.iter().skip(first).step_by(threads);
                    own.flat_map(|(account, region)| stream(plan, root, account, region))
                        .collect::<Vec<Object>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("it was written"))
            .collect()
    });
    objects.sort_by(|left, right| {
        (left.account, left.region, &left.key).cmp(&(right.account, right.region, &right.key))
    });
    Organization {
        plan: plan.clone(),
        root,
        public_keys: keys,
        objects,
    }
}

/// One account and region.
fn stream(plan: &Plan, root: &Path, account: &'static str, region: &'static str) -> Vec<Object> {
    let logs = deliveries::of(plan, account, region);
    let digests = digests::of(plan, account, region, &logs);
    let objects = answers::of(plan, account, region, &logs, &digests);
    let there: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.is_there)
        .map(|object| object.key.as_str())
        .collect();
    let is_there = |key: &str| there.contains(key);
    let place = |key: &str| {
        let path = root.join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        path
    };
    for log in logs.iter().filter(|log| is_there(&log.key)) {
        let level = if matches!(log.fault, Some(Fault::Recompressed(_))) {
            9
        } else {
            1
        };
        let text = if matches!(log.fault, Some(Fault::TamperedLog(_))) {
            log.text.replacen("198.51.100.7", "198.51.100.8", 1)
        } else {
            log.text.clone()
        };
        gzip(&place(&log.key), &text, level);
    }
    for digest in digests.iter().filter(|digest| is_there(&digest.key)) {
        let path = place(&digest.key);
        gzip(&path, &digest.text, 1);
        let mut name = path.into_os_string();
        name.push(".sig.json");
        fs::write(name, digest.sidecar()).expect("a signature");
    }
    objects
}

fn gzip(path: &Path, text: &str, level: u32) {
    let bytes = shelf::gzip(text.as_bytes(), Compression::new(level)).expect("memory takes all");
    fs::write(path, bytes).expect("it is written");
}
