//! The README of the sample: how it is made, how many records it holds, what is planted and where.

use std::fmt::Write;

use crate::corpus::json::Json;

const HEAD: &str = "# sample-logs: a small CloudTrail tree with known answers

Synthetic: no line comes from a real account. The corpus generator in `benches/` makes it from a seed and nothing else,
so the same command produces the same bytes again:

```sh
rm -r sample-logs/AWSLogs
cargo run --release --example corpus -- sample --out sample-logs --seed SEED
```

`AWSLogs/` is the tree as an organization trail delivers it to S3, and the only folder to ingest; `answers.json` and
this file are next to it. Three accounts: 111122223333 runs a shop, 444455556666 a data lake, 777788889999 has the
logs. Two regions, ten days from 2026-03-01 to 2026-03-10, three rounds of deliveries a day, and one file that is
28 days late. Objects that are planted as a whole are named so in the last 16 characters of their names.
";

const FORMAT: &str = "
## answers.json

The generator counts these from its own knowledge of each event, not by reading the files back.

- `counts`: `events_read` = `kms_events` + `trail_events` + `not_wanted` + `duplicates` + `rejected_records`. Events are
  read from `CloudTrail` and `CloudTrail-NetworkActivity` objects; of the damaged one, only the complete records.
  `kms_events` and `trail_events` are rows that are stored. A record that never ends is in `incomplete_records` only.
- `kms_events`, `trail_events`: the stored rows by name, outcome, caller, account, region, date (UTC) and label.
- `keys`: one entry per key ARN that any stored event names. `uses` counts operations: successful cryptographic calls
  (AWS's list for last usage), a cross-account use once and under the caller's own record, a corrected event through its
  correction, `ReEncrypt` once for each key. `use_records` counts the stored rows instead. All `by_…`, `sessions` (distinct
  sessions per caller) and `resources` are over `uses`; `by_invoked_by` leaves out direct calls. `resources` are the
  values of the encryption context that name one, S3 objects folded to their bucket, and the instances of
  `aws:ec2-infrastructure`. `failures` are rows by outcome (dry runs are listed there, but are no failures),
  `other_calls` are rows that are not uses. `name` is the generator's name for the key and appears nowhere in the logs.
- `unused`: keys without a use at or after `since`, N days before the newest stored event; `last_use` null means never.
- `throttled`: the throttled calls, and for each account, region and second the callers with their counts.
- `denied`, `aliases`, `used_through_alias`, `cross_account`, `id_conflicts`, `corrections`: one row each.
- `damaged`: where the record that never ends begins, in bytes of the text; `duplicates`, `rejected`, `planted`: object and
  number of the record in it, from 0. Which of two copies counts as the duplicate depends on the order of reading.
- `objects`: every object with its records.

## Planted

The first occurrence of each; `answers.json` lists up to three.

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
    out.push_str("\nPlanted as whole objects: `EmptyRecordsFile` (no records), `PlainJsonNotGzip`, `TwoGzipMembers01`,\n`LateBy28Days0001`, `DuplicateNextDay`, `PreviousDayEvent`, and `BrokenCutMidJson`: complete gzip around JSON that stops\nin the middle of a record, the one broken file. A digest, an insight, an aggregate and a network activity object are in\ntheir own folders. The one rejected record has an unreadable eventTime.\n");
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
