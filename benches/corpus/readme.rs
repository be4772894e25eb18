//! The README of the sample: how it is made, how many records it holds, what is planted and where.

use std::fmt::Write;

use crate::json::Json;

const HEAD: &str = "# sample-logs: a small CloudTrail tree with known answers

Synthetic: no line of it comes from a real account. Made by the corpus generator that lives with the benches,
from a seed and nothing else, so the same command gives the same bytes again:

```sh
rm -r sample-logs/AWSLogs
cargo run --release --example corpus -- sample --out sample-logs --seed SEED
```

`AWSLogs/` is the tree as an organization trail delivers it to S3 and the only folder to ingest; `answers.json` and
this file lie beside it. Three accounts: 111122223333 runs a shop, 444455556666 a data lake, 777788889999 holds the
logs. Two regions, ten days from 2026-03-01 to 2026-03-10, three rounds of deliveries a day, and one file that is
28 days late. Objects that are planted as a whole say so in the 16 characters that end their name.
";

const FORMAT: &str = "
## answers.json

Counted by the generator from what it knows of each event, not by reading the files back.

- `counts`: `events_read` = `kms_events` + `trail_events` + `not_wanted` + `duplicates` + `rejected_records`. Events are
  read from `CloudTrail` and `CloudTrail-NetworkActivity` objects, from the damaged one its complete records. `kms_events`
  and `trail_events` are rows that are kept. A record that never ends is in `incomplete_records`, in nothing else.
- `kms_events`, `trail_events`: the kept rows by name, outcome, caller, account, region, date (UTC) and label.
- `keys`: one entry per key ARN that any kept event names. `uses` counts operations: successful cryptographic calls
  (AWS's list for last usage), a cross-account use once and under the caller's own record, a corrected event through its
  correction, `ReEncrypt` once for each key. `use_records` counts the kept rows instead. All `by_…`, `sessions` (distinct
  sessions per caller) and `resources` are over `uses`; `by_invoked_by` leaves out direct calls. `resources` are the
  encryption context's values that name one, S3 objects folded to their bucket, and the instances of
  `aws:ec2-infrastructure`. `failures` are rows by outcome (a dry run is listed there, and is no failure),
  `other_calls` are rows that are no use. `name` is the generator's name for the key and appears nowhere in the logs.
- `unused`: keys with no use from `since` on, which is so many days before the newest kept event; `last_use` null is never.
- `throttled`: the throttled calls, and for each account, region and second who called how often.
- `denied`, `aliases`, `used_through_alias`, `cross_account`, `id_conflicts`, `corrections`: one row each.
- `damaged`: where the record begins that never ends, in bytes of the text; `duplicates`, `rejected`, `planted`: object and
  number of the record in it, from 0. Which of two copies counts as the duplicate depends on the order of reading.
- `objects`: every object with its records.

## Planted

The first place of each; `answers.json` lists up to three.

| what | records | first in (record) |
|---|---|---|
";

/// The whole text.
pub(crate) fn text(seed: u64, counts: &Json, answers: &Json) -> String {
    let mut out = HEAD.replace("SEED", &seed.to_string());
    out.push_str("\n| | |\n|---|---|\n");
    for (name, value) in members(counts) {
        let value = match value {
            Json::Map(kinds) => {
                let kinds: Vec<String> = kinds
                    .iter()
                    .map(|(kind, count)| format!("{kind} {}", count.compact()))
                    .collect();
                kinds.join(", ")
            }
            other => other.compact(),
        };
        writeln!(out, "| {} | {value} |", name.replace('_', " ")).expect("writing to a string");
    }
    out.push_str(FORMAT);
    let planted = members(answers)
        .iter()
        .find(|(name, _)| name == "planted")
        .map(|(_, value)| value);
    if let Some(Json::List(kinds)) = planted {
        for kind in kinds {
            let first = member(kind, "first").and_then(|first| {
                if let Json::List(rows) = first {
                    rows.first()
                } else {
                    None
                }
            });
            let place = first.map(|row| {
                let object = text_of(row, "object").unwrap_or_default();
                let name = object.rsplit('/').next().unwrap_or_default();
                format!(
                    "`{name}` ({})",
                    member(row, "record").map(Json::compact).unwrap_or_default()
                )
            });
            let count = member(kind, "records")
                .map(Json::compact)
                .unwrap_or_default();
            let what = text_of(kind, "what").unwrap_or_default();
            writeln!(out, "| {what} | {count} | {} |", place.unwrap_or_default())
                .expect("writing to a string");
        }
    }
    out.push_str("\nPlanted as whole objects: `EmptyRecordsFile` (no records), `PlainJsonNotGzip`, `TwoGzipMembers01`,\n`LateBy28Days0001`, `DuplicateNextDay`, `PreviousDayEvent`, and `BrokenCutMidJson`: whole gzip around JSON that stops\nin the middle of a record, the one broken file. A digest, an insight, an aggregate and a network activity object lie in\ntheir own folders. The one rejected record has an eventTime that nobody can read.\n");
    out
}

fn members(json: &Json) -> &[(String, Json)] {
    if let Json::Map(members) = json {
        members
    } else {
        &[]
    }
}

fn member<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    members(json)
        .iter()
        .find(|(member, _)| member == name)
        .map(|(_, value)| value)
}

fn text_of<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    match member(json, name) {
        Some(Json::Text(text)) => Some(text),
        _ => None,
    }
}
