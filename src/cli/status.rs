//! `keytrail status`: what the store holds, and what could not be read, for people.

use super::args::StatusArgs;
use super::clock::now_micros;
use super::error::to_stdout;
use super::numbers::grouped;
use super::session::StoreChoice;
use super::{ExitStatus, archived, notes};
use crate::render::visible;
use crate::service::{Queries, Reader, Status};

pub(super) async fn run(place: &StoreChoice, args: StatusArgs) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let reader = Reader::open(&store, Queries::embedded()?).await?;
    if args.archived {
        let archived = reader.archived().await?;
        to_stdout(&if args.json {
            format!("{}\n", serde_json::to_string_pretty(&archived)?)
        } else {
            archived::describe(&archived)
        })?;
        notes::print(&notes::of_store(&reader).await?);
        return Ok(ExitStatus::Success);
    }
    let status = reader.status(now_micros()).await?;
    if args.json {
        to_stdout(&format!("{}\n", serde_json::to_string_pretty(&status)?))?;
    } else {
        to_stdout(&describe(&status))?;
    }
    Ok(ExitStatus::Success)
}

/// How far back rows are kept, where that is not for ever.
fn retention(status: &Status) -> Vec<String> {
    let horizons = [
        ("events", &status.events_horizon),
        ("usage", &status.usage_horizon),
    ];
    let kept = horizons.into_iter().filter_map(|(what, horizon)| {
        let horizon = horizon.as_deref()?;
        Some(format!("kept    {what} from {horizon} on"))
    });
    let held = status.held.iter().map(|key| format!("on hold {key}"));
    kept.chain(held).collect()
}

/// How many days are settled, and how many are computed from their records.
fn settled(status: &Status) -> String {
    let days = status.days;
    let settled = format!("days    {} settled", grouped(days.settled));
    if days.computed == 0 {
        return settled;
    }
    let (computed, records) = (grouped(days.computed), grouped(days.computed_records));
    format!("{settled}, {computed} computed from {records} records")
}

/// Operations that may use keys without being counted as uses, if there are any.
fn unknown_operations(status: &Status) -> Vec<String> {
    if status.unknown_operations.is_empty() {
        return Vec::new();
    }
    let title = "unknown operations, in records (this version of keytrail does not know whether they use keys)";
    let counts = status.unknown_operations.iter();
    let counts =
        counts.map(|counted| format!("  {:<24}{:>12}", counted.what, grouped(counted.count)));
    [String::new(), title.to_owned()]
        .into_iter()
        .chain(counts)
        .collect()
}

fn describe(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&visible(&line));
        text.push('\n');
    };
    for run in &status.unfinished_runs {
        line(notes::said(run));
    }
    if !status.unfinished_runs.is_empty() {
        line(String::new());
    }
    line(format!("store   {}", status.store));
    line(match (&status.first_event, &status.last_event) {
        (Some(first), Some(last)) => format!("events  from {first} to {last}"),
        _ => "events  none".to_owned(),
    });
    for told in &status.logs {
        line(format!("{:<8}{}", told.what, told.told));
    }
    line(settled(status));
    retention(status).into_iter().for_each(&mut line);
    if let Some(late) = &status.late_days {
        line(format!(
            "late    {} folders of days from {} to {} were last listed when logs could still arrive: ingest their \
             bucket again",
            grouped(late.folders),
            late.first_day,
            late.last_day
        ));
    }
    line(String::new());
    line(format!(
        "{:<22}{:>10}{:>8}{:>14}",
        "table", "rows", "files", "bytes"
    ));
    for table in &status.tables {
        line(format!(
            "{:<22}{:>10}{:>8}{:>14}",
            table.table,
            grouped(table.rows),
            grouped(table.files),
            grouped(table.bytes)
        ));
    }
    for (title, counts) in [
        ("log objects", &status.objects),
        ("rejects", &status.rejects),
    ] {
        line(String::new());
        line(format!(
            "{title}{}",
            if counts.is_empty() { ": none" } else { "" }
        ));
        for counted in counts {
            line(format!(
                "  {:<24}{:>12}",
                counted.what,
                grouped(counted.count)
            ));
        }
    }
    for foreign in &status.foreign {
        line(String::new());
        line(format!(
            "objects that are not CloudTrail's: {}, such as {}",
            grouped(foreign.count),
            foreign.what
        ));
    }
    line(String::new());
    line(match status.id_conflicts {
        0 => "id conflicts: none".to_owned(),
        count => format!(
            "id conflicts: {} (keytrail sql \"select * from id_conflicts\")",
            grouped(count)
        ),
    });
    unknown_operations(status).into_iter().for_each(&mut line);
    line(String::new());
    line(format!(
        "{:<22}  {:<10}{:<8}{:>12}{:>16}",
        "last runs", "command", "outcome", "objects new", "rows written"
    ));
    let counted = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), grouped);
    for run in &status.runs {
        line(format!(
            "  {:<20}  {:<10}{:<8}{:>12}{:>16}",
            run.started_at,
            run.command,
            run.outcome,
            counted(run.objects_new),
            counted(run.rows_written)
        ));
    }
    text
}
