//! What is shown: the summary, exit codes, hints.

use std::fs;

use insta::assert_snapshot;

use crate::context::{Context, joined};
use crate::organization::{Fault, Plan, Spot};

#[test]
fn what_is_wrong_is_listed() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 12;
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 2,
    };
    let faults = [
        Fault::TamperedLog(spot),
        Fault::DroppedLog(Spot { hour: 4, ..spot }),
        Fault::DroppedDigest(Spot { hour: 8, ..spot }),
        Fault::Forged(Spot { hour: 6, ..spot }),
    ];
    plan.with(faults).write(&context.path().join("copy"));
    context.run(&["ingest", "copy/AWSLogs"]);
    let verify = ["verify", "--public-keys", "copy/public-keys.json"];
    let transcripts = [
        context.run(&verify),
        context.run(&[&verify[..], &["--from", "2026-03-02"]].concat()),
        context.run(&["verify", "--from", "2026-03-02", "--to", "2026-03-01"]),
        context.run(&["verify", "--account", "prod"]),
    ];
    let figures = &transcripts[0].stdout;
    let figures = figures.lines().take_while(|line| !line.is_empty());
    // The fingerprint differs each time, and stands in no line here.
    assert!(figures.into_iter().all(|line| line.len() <= 80));
    assert_snapshot!("what_is_wrong", joined(&transcripts));
}

#[test]
fn silence_about_digests_is_told() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 3;
    let trail = plan.write(&context.path().join("copy"));
    for object in &trail.objects {
        let sidecar = format!("{}.sig.json", trail.path(object).display());
        fs::remove_file(sidecar).ok();
    }
    context.run(&[
        "ingest",
        &format!(
            "copy/AWSLogs/{}/{}/CloudTrail",
            plan.organization, plan.accounts[0]
        ),
    ]);
    let without = context.run(&["verify", "--public-keys", "copy/public-keys.json"]);
    context.run(&["ingest", "copy/AWSLogs"]);
    let unsigned = context.run(&["verify", "--public-keys", "copy/public-keys.json"]);
    assert_snapshot!("without_digests", joined(&[without, unsigned]));
}
