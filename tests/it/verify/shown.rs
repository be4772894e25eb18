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

/// A second trail without validation delivers for the same account, for the account alone or under another prefix.
#[test]
fn logs_of_a_trail_without_digests_are_told_as_such() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 6;
    let trail = plan.write(&context.path().join("copy"));
    let spot = |hour| Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour,
    };
    let own = trail
        .log(spot(2))
        .key
        .replace(&format!("{}/", plan.organization), "");
    let elsewhere = format!("second/{}", trail.log(spot(3)).key);
    for (key, hour) in [(&own, 2), (&elsewhere, 3)] {
        // Another trail's file of the same events: its name has other letters at random.
        let place = trail.root.join(key.replace(".json.gz", "").as_str());
        let place = format!(
            "{}x.json.gz",
            &place.display().to_string()[..place.display().to_string().len() - 1]
        );
        fs::create_dir_all(std::path::Path::new(&place).parent().expect("a folder"))
            .expect("a folder");
        fs::copy(trail.path(trail.log(spot(hour))), place).expect("a copy");
    }
    context.run(&["ingest", "copy"]);
    let verified = context.run(&["verify", "--public-keys", "copy/public-keys.json"]);
    assert_eq!(verified.code, 0, "{verified}");
    let reasons = "SELECT reason, count(*) AS logs FROM verified_files WHERE status = 'not_in_digest' GROUP BY reason";
    assert_eq!(
        context.rows(reasons),
        [serde_json::json!({"reason": "the store has no digest of this trail", "logs": 2})]
    );
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

/// "Nothing wrong" is said where something was proven, and with what was not.
#[test]
fn what_is_not_proven_is_not_called_right() {
    let context = Context::new();
    let mut plan = Plan::new(1, 1, 1);
    plan.hours = 4;
    let trail = plan.write(&context.path().join("copy"));
    let verify = ["verify", "--public-keys", "copy/public-keys.json"];
    let last = |words: &[&str]| {
        let told = context.run(words);
        let line = told.stdout.lines().last().unwrap_or_default().to_owned();
        (told.code, line, told.stderr)
    };
    context.run(&["ingest", "copy/AWSLogs"]);
    let (code, line, told) = last(&verify);
    assert_eq!(
        (code, line.as_str(), told.as_str()),
        (0, "wrong: nothing", "")
    );
    let (code, line, told) = last(&[&verify[..], &["--from", "2030-01-01"]].concat());
    assert_eq!(
        (code, line.as_str()),
        (
            2,
            "nothing verified: the store has no log or digest of this window"
        )
    );
    assert_eq!(
        told,
        "warning: there was nothing to verify, so the exit code is 2\n"
    );
    // A log that another trail, one without digests, delivered.
    let spot = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 2,
    };
    let log = trail.log(spot);
    let key = log.key.replace(&format!("{}/", plan.organization), "");
    let other = trail.root.join(key.replace(".json.gz", "x.json.gz"));
    fs::create_dir_all(other.parent().expect("a folder")).expect("a folder");
    fs::copy(trail.path(log), other).expect("a copy");
    context.run(&["ingest", "copy/AWSLogs"]);
    let (code, line, _) = last(&verify);
    assert_eq!(code, 0);
    let logs = trail
        .objects
        .iter()
        .filter(|object| object.key.contains("/CloudTrail/"))
        .count()
        + 1;
    assert_eq!(
        line,
        format!("wrong: nothing; 1 of {logs} logs are not proven, for the reasons above")
    );
    // An object that was hashed by no one, and cannot be read now.
    let unread = Context::new();
    let trail = plan.write(&unread.path().join("copy"));
    unread.run(&["ingest", "copy/AWSLogs", "--no-hash"]);
    fs::remove_file(trail.path(trail.log(spot))).expect("it was there");
    let told = unread.run(&verify);
    assert_eq!(told.code, 2, "{told}");
    let line = told.stdout.lines().last();
    assert_eq!(
        line,
        Some("wrong: nothing in what could be read; 1 objects could not be read now"),
        "{told}"
    );
    assert_eq!(
        told.stderr,
        "warning: not everything could be read, so the exit code is 2\n"
    );
}
