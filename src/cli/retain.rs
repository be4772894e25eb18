//! `keytrail retain`: rows that are old enough, given up.

use std::fmt::Write as _;

use super::ExitStatus;
use super::args::RetainArgs;
use super::error::to_stdout;
use super::events::HOST;
use super::numbers::grouped;
use super::session::StoreChoice;
use crate::ingest::Retained;
use crate::render::visible;
use crate::service::{RetainOptions, retain};

pub(super) async fn run(place: &StoreChoice, args: RetainArgs) -> anyhow::Result<ExitStatus> {
    let options = RetainOptions {
        events: args.events,
        usage: args.usage,
        hold: args.hold,
        release: args.release,
    };
    let done = Box::pin(retain(&place.at(), &options, HOST)).await?;
    to_stdout(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(&done)?)
    } else {
        describe(&done)
    })?;
    Ok(ExitStatus::Success)
}

/// What is kept and what was removed, for people.
fn describe(retained: &Retained) -> String {
    let mut text = String::new();
    for (what, horizon) in [
        ("events kept from", &retained.events_horizon),
        ("usage kept from", &retained.usage_horizon),
    ] {
        let horizon = horizon.as_deref().unwrap_or("the first on");
        let _infallible = writeln!(text, "{what:<22}  {horizon}");
    }
    for key in &retained.held {
        let _infallible = writeln!(text, "{:<22}  {}", "held", visible(key));
    }
    for removed in &retained.removed {
        let _infallible = writeln!(
            text,
            "{:<22}{:>12} rows removed",
            removed.table,
            grouped(removed.rows)
        );
    }
    text
}
