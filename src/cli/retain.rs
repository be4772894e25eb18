//! `keytrail retain`: rows that are old enough, given up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ExitStatus;
use super::args::RetainArgs;
use super::error::to_stdout;
use super::events::HOST;
use super::numbers::grouped;
use super::session::StoreChoice;
use crate::ingest::Retained;
use crate::render::visible;
use crate::report::ReportError;
use crate::service::{RetainOptions, ServiceError, retain};

pub(super) async fn run(place: &StoreChoice, args: RetainArgs) -> anyhow::Result<ExitStatus> {
    let options = RetainOptions {
        events: args.events,
        usage: args.usage,
        hold: args.hold,
        release: args.release,
    };
    let done = Box::pin(retain(&place.at(), &options, HOST)).await;
    let done = done.map_err(|error| located(error, &args.configured))?;
    to_stdout(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(&done)?)
    } else {
        describe(&done)
    })?;
    Ok(ExitStatus::Success)
}

/// An error, with the place of the key that it is about, if that is in the configuration.
fn located(error: ServiceError, configured: &BTreeMap<String, String>) -> anyhow::Error {
    let key = match &error {
        ServiceError::Report(
            ReportError::InvalidKey { typed, .. }
            | ReportError::UnknownKey { typed, .. }
            | ReportError::AmbiguousKey { typed, .. },
        ) => Some(typed),
        _ => None,
    };
    match key.and_then(|key| configured.get(key)) {
        Some(place) => {
            let context = format!("{place}: `retention.hold`");
            anyhow::Error::from(error).context(context)
        }
        None => error.into(),
    }
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
        let _infallible = writeln!(text, "{:<22}  {}", "on hold", visible(key));
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
