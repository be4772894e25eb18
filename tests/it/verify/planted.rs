//! Everything planted is found and named, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::Bench;
use crate::organization::{Fault, Kind, Object, Organization, Plan, Span, Spot};

/// What must be found, by key.
fn expected(trail: &Organization) -> BTreeMap<&str, &str> {
    let judged = |object: &'_ Object| object.status.is_some();
    let judged = trail.objects.iter().filter(|object| judged(object));
    judged
        .map(|object| (object.key.as_str(), object.status.unwrap_or_default()))
        .collect()
}

/// Everything that can be planted in three days of two accounts and two regions.
fn plan() -> Plan {
    let plan = Plan::new(2, 2, 3);
    let spot = |account: usize, region: usize, hour| Spot {
        account: plan.accounts[account],
        region: plan.regions[region],
        hour,
    };
    let span = |account: usize, region: usize, from, until| Span {
        account: plan.accounts[account],
        region: plan.regions[region],
        from,
        until,
    };
    let faults = [
        Fault::Gap(span(0, 0, 5, 8)),
        Fault::TamperedLog(spot(0, 0, 12)),
        Fault::Recompressed(spot(0, 0, 14)),
        Fault::DroppedLog(spot(0, 0, 16)),
        Fault::Late(spot(0, 0, 18), 30),
        Fault::Forged(spot(0, 0, 21)),
        Fault::DroppedDigest(spot(0, 1, 10)),
        Fault::SwappedDigests(spot(0, 1, 14), 17),
        Fault::SwappedDigests(spot(0, 1, 20), 21),
        Fault::BadSignature(spot(0, 1, 24)),
        Fault::TamperedDigest(spot(0, 1, 27)),
        Fault::UnknownKey(spot(0, 1, 30)),
        Fault::NoJson(spot(0, 1, 33)),
        Fault::TamperedLog(spot(0, 1, 30)),
        Fault::DroppedDigest(spot(1, 0, 0)),
        Fault::Quiet(span(1, 0, 4, 20)),
        Fault::Backfill(spot(1, 0, 22)),
        Fault::Backfill(spot(1, 0, 25)),
        Fault::Archived(span(1, 1, 3, 30)),
        Fault::Late(spot(1, 1, 10), 25),
        Fault::Stopped(40, 44),
        Fault::ValidationOff(50, 55),
    ];
    plan.clone().with(faults)
}

#[test]
fn everything_planted_is_found_and_nothing_else() {
    let bench = Bench::new(&plan());
    bench.ingest();
    let verified = bench.verify();
    let said = bench.said();
    let found: BTreeMap<&str, &str> = said
        .iter()
        .map(|(key, said)| (key.as_str(), said.status.as_str()))
        .collect();
    let expected = expected(&bench.trail);
    for (key, status) in &expected {
        let found = found.get(key).copied();
        assert_eq!(found, Some(*status), "{key}: {:?}", said.get(*key));
    }
    let invented: Vec<_> = found
        .keys()
        .filter(|key| !expected.contains_key(*key))
        .collect();
    assert!(invented.is_empty(), "{invented:?}");

    // What is wrong is named once: not the logs that lost their proof by a digest that is named itself, nor
    // those that are archived or were written while validation was off.
    let is_wrong = |object: &&Object| match object.status {
        Some("verified" | "valid" | "chain_start") | None => false,
        Some("missing") => !object.is_archived,
        Some("not_in_digest") => is_forged(&bench.trail, object),
        Some(_) => true,
    };
    let wrong: BTreeSet<&str> = bench
        .trail
        .objects
        .iter()
        .filter(is_wrong)
        .map(|object| object.key.as_str())
        .collect();
    let named: Vec<String> = verified
        .wrong
        .iter()
        .map(|finding| bench.key(&finding.location))
        .collect();
    assert_eq!(
        named.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        wrong
    );
    assert_eq!(named.len(), wrong.len());
    assert_eq!(verified.unread, []);
    let archived = bench
        .trail
        .objects
        .iter()
        .filter(|object| object.is_archived && object.is_there);
    let (logs, digests): (Vec<_>, Vec<_>) = archived.partition(|object| object.kind == Kind::Log);
    assert_eq!(verified.logs_archived, logs.len() as u64);
    assert_eq!(verified.digests_archived, digests.len() as u64);
}

fn is_forged(trail: &Organization, object: &Object) -> bool {
    trail.plan.faults.iter().any(|fault| {
        matches!(fault, Fault::Forged(spot) if trail.log(*spot).window == object.window
            && (spot.account, spot.region) == (object.account, object.region))
            && object.status == Some("not_in_digest")
    })
}

#[test]
fn reasons_are_told() {
    let bench = Bench::new(&plan());
    bench.ingest();
    bench.verify();
    let said = bench.said();
    let plan = &bench.trail.plan;
    let reason = |object: &Object| said[&object.key].reason.as_str();
    let spot = |account: usize, region: usize, hour| Spot {
        account: plan.accounts[account],
        region: plan.regions[region],
        hour,
    };
    let digest = |spot: Spot| bench.trail.digest(spot);
    let log = |spot: Spot| bench.trail.log(spot);
    let check = |object: &Object, expected: &str| {
        assert!(
            reason(object).contains(expected),
            "{}: {}",
            object.key,
            reason(object)
        );
    };
    // The digest before it is named.
    let before = |spot: Spot| {
        let key = &digest(spot).key;
        key.rsplit('/').next().expect("a name").to_owned()
    };
    check(
        digest(spot(0, 0, 8)),
        &format!("lacks the digest before it: {}", before(spot(0, 0, 7))),
    );
    check(
        digest(spot(0, 1, 11)),
        &format!("lacks the digest before it: {}", before(spot(0, 1, 10))),
    );
    check(
        digest(spot(0, 1, 14)),
        &format!("it says that it is {}", digest(spot(0, 1, 17)).key),
    );
    check(
        digest(spot(0, 1, 24)),
        "its text is not what its signature was made for",
    );
    check(digest(spot(0, 1, 30)), "no public key has its fingerprint");
    check(digest(spot(0, 0, 55)), "it names no digest before it");
    check(
        digest(spot(1, 0, 1)),
        &format!("the store has nothing before it: {}", before(spot(1, 0, 0))),
    );
    check(
        digest(spot(1, 1, 30)),
        "the digest before it could not be read",
    );
    check(log(spot(0, 0, 12)), "its hash is ");
    check(
        log(spot(0, 0, 16)),
        &format!(
            "it is not in the store, but named by {}",
            before(spot(0, 0, 16))
        ),
    );
    check(
        log(spot(0, 0, 51)),
        &format!("validation was switched off: for {}", plan.trail_arn()),
    );
    check(
        log(spot(0, 1, 10)),
        "the store lacks the digest of its hour",
    );
    check(
        log(spot(0, 1, 24)),
        "the digest that names it is bad_signature",
    );
    check(
        log(spot(0, 1, 30)),
        "the digest that names it is unknown_key",
    );
    check(
        log(spot(0, 1, 33)),
        "the digest of its hour proves nothing: bad_signature",
    );
    check(
        log(spot(1, 0, 0)),
        "it is older than the first digest in the store",
    );
    // A log was delivered later than the stretch that is archived, and another one within it.
    assert_eq!(said[&log(spot(1, 1, 10)).key].status, "verified");
    let arn = &said[&log(spot(0, 0, 14)).key].trail_arn;
    assert_eq!(*arn, plan.trail_arn());
}

#[test]
fn a_window_judges_what_was_delivered_in_it() {
    let plan = Plan::new(2, 2, 3);
    let one = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 30,
    };
    let next = Spot { hour: 60, ..one };
    let bench = Bench::new(&plan.with([Fault::TamperedLog(one), Fault::TamperedLog(next)]));
    bench.ingest();
    let plan = &bench.trail.plan;
    let mut options = super::bench::options();
    options.from = Some(plan.hour(24) * 1_000_000);
    options.until = Some(plan.hour(48) * 1_000_000);
    options.accounts.insert(plan.accounts[0].to_owned());
    options.regions.insert(plan.regions[0].to_owned());
    let verified = bench.verify_from(&keytrail::source::Files, &bench.keys(), &options);
    let within: BTreeSet<&str> = bench
        .trail
        .objects
        .iter()
        .filter(|object| {
            (object.account, object.region) == (one.account, one.region)
                && match object.kind {
                    Kind::Log => {
                        (plan.hour(24)..plan.hour(48)).contains(&(object.delivered / 60 * 60))
                    }
                    // Its hour has a part in the day.
                    _ => (plan.hour(24) + 1..plan.hour(49)).contains(&object.delivered),
                }
        })
        .map(|object| object.key.as_str())
        .collect();
    let said = bench.said();
    assert_eq!(
        said.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        within
    );
    let wrong: Vec<String> = verified
        .wrong
        .iter()
        .map(|finding| bench.key(&finding.location))
        .collect();
    assert_eq!(wrong, [bench.trail.log(one).key.clone()]);
    // The digest before the first one is held, and not of the window.
    let first = bench.trail.digest(Spot { hour: 23, ..one });
    assert_eq!(said[&first.key].status, "valid");
}
