//! The whole month.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::expected::{self, Answer, Place};
use super::planted;
use super::told::Teller;
use crate::context::{Context, Transcript};
use crate::organization::{HOUR_SECS, Plan, seconds_of, shown};
use crate::verify::bench::Bench;

/// The month, ingested and verified by the program.
struct Month {
    bench: Bench,
    context: Context,
    store: String,
}

impl Month {
    fn new() -> Self {
        let bench = Bench::new(&planted::plan());
        let context = Context::new();
        let store = bench.place().display().to_string();
        // Files cannot be archived, so these are listed as a bucket would list them, and are gone then.
        let archived: Vec<PathBuf> = bench
            .trail
            .objects
            .iter()
            .filter(|object| object.is_archived && object.is_there)
            .map(|object| bench.trail.path(object))
            .collect();
        bench.ingest_paths(&archived);
        for file in archived {
            fs::remove_file(file).expect("it was there");
        }
        let month = Self {
            bench,
            context,
            store,
        };
        let logs = month.bench.trail.root.join("AWSLogs");
        let ingested = month.run(&["ingest", &logs.display().to_string()]);
        // One digest is no JSON.
        assert_eq!(ingested.code, 2, "{ingested}");
        let keys = month.bench.trail.public_keys.display().to_string();
        let verified = month.run(&["verify", "--public-keys", &keys]);
        assert_eq!(verified.code, 1, "{verified}");
        month
    }

    fn plan(&self) -> &Plan {
        &self.bench.trail.plan
    }

    fn teller(&self) -> Teller<'_> {
        Teller {
            context: &self.context,
            store: &self.store,
            plan: self.plan(),
        }
    }

    fn run(&self, words: &[&str]) -> Transcript {
        self.context
            .run(&[&["--store", self.store.as_str()], words].concat())
    }

    /// What the relation says, and that no hour stands there twice.
    fn said(&self) -> BTreeMap<Place, Answer> {
        let statement = "SELECT account, region, to_char(hour, '%Y-%m-%dT%H:%M:%SZ') AS hour, state, \
                         coalesce(reasons, '') AS reasons FROM coverage ORDER BY account, region, hour";
        let words = [
            "--store",
            &self.store,
            "sql",
            statement,
            "--format",
            "ndjson",
        ];
        let transcript = self.context.run(&words);
        assert_eq!(transcript.code, 0, "{transcript}");
        let mut said = BTreeMap::new();
        for line in transcript.stdout.lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("a row");
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            let hour = (seconds_of(&text("hour")) - self.plan().start) / HOUR_SECS;
            let place = (text("account"), text("region"), hour);
            let again = said.insert(place, (text("state"), text("reasons")));
            assert_eq!(again, None, "one row for each hour");
        }
        said
    }

    /// Judges hours of the plan.
    fn require(&self, (from, until): (i64, i64), more: &[&str]) -> Transcript {
        let [since, until] = [from, until].map(|hour| shown(self.plan().hour(hour)));
        let words = ["report", "coverage", "--require", "complete-verified"];
        let window = ["--since", since.as_str(), "--until", until.as_str()];
        self.run(&[&words[..], &window, more].concat())
    }
}

/// Fails with the stretches in which the answers differ.
#[track_caller]
fn check(said: &BTreeMap<Place, Answer>, expected: &BTreeMap<Place, Answer>) {
    let mut faults: Vec<String> = Vec::new();
    let mut last: Option<(Place, Option<&Answer>, Option<&Answer>)> = None;
    let places: BTreeSet<&Place> = said.keys().chain(expected.keys()).collect();
    for place in places {
        let (found, wanted) = (said.get(place), expected.get(place));
        if found == wanted {
            continue;
        }
        let (account, region, hour) = place;
        let before = (account.clone(), region.clone(), hour - 1);
        if last != Some((before, found, wanted)) {
            faults.push(format!(
                "{account} {region} from hour {hour}: {found:?} instead of {wanted:?}"
            ));
        }
        last = Some((place.clone(), found, wanted));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_hour_of_a_month_is_what_was_planted() {
    let month = Month::new();
    let trail = &month.bench.trail;
    month.teller().tell_all();
    check(&month.said(), &expected::of(trail, false));
    month.teller().tell_of_the_beginning();
    check(&month.said(), &expected::of(trail, true));

    let plan = month.plan();
    let clean = ["--account", plan.accounts[0], "--region", plan.regions[1]];
    let proven = month.require((331, 690), &clean);
    assert_eq!(proven.code, 0, "{proven}");
    assert!(
        proven.stderr.ends_with("every hour is complete-verified\n"),
        "{proven}"
    );
    let whole = month.require((207, 690), &[]);
    assert_eq!(whole.code, 1, "{whole}");
    // The first account's region of which nothing is delivered, and the one of which a digest is gone in silence.
    for hole in [
        "111122223333 ap-southeast-2 from 2026-03-13T11:00:00Z to 2026-03-13T14:00:00Z: gap\n",
        "111122223333 eu-north-1 from 2026-03-09T15:00:00Z to 2026-03-29T18:00:00Z: gap\n",
    ] {
        assert!(whole.stderr.contains(hole), "{whole}");
    }
}

/// Everything that can be said of an hour is said of one, but what needs more than a month.
#[test]
fn nothing_is_left_unplanted() {
    let directory = tempfile::tempdir().expect("a directory");
    let trail = planted::plan().write(directory.path());
    let mut said = BTreeSet::new();
    for is_beginning_told in [false, true] {
        let answers = expected::of(&trail, is_beginning_told);
        let streams = 4 * 3 + 2 + 3;
        assert_eq!(answers.len(), streams * 722);
        for (state, reasons) in answers.into_values() {
            said.insert(state);
            said.extend(reasons.split(", ").map(str::to_owned));
        }
    }
    for reason in expected::REASONS {
        assert!(said.contains(reason), "{reason}");
    }
    for state in ["complete_verified", "complete_unverified", "partial", "gap"] {
        assert!(said.contains(state), "{state}");
    }
}
