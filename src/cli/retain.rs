//! `keytrail retain`: rows that are old enough, given up.

use std::fmt::Write as _;

use anyhow::bail;
use arrow::array::{AsArray as _, RecordBatch};
use datafusion::prelude::{col, lit};

use super::ExitStatus;
use super::args::RetainArgs;
use super::clock::now_micros;
use super::error::{print_warnings, to_stdout};
use super::ingest::grouped;
use super::queries::Queries;
use super::session::StoreChoice;
use crate::ingest::{self, Retain, Retained};
use crate::render::visible;
use crate::report::{KeyScope, ReportError, resolve_key};
use crate::sql::Session;
use crate::store::Store;

pub(super) async fn run(place: &StoreChoice, args: RetainArgs) -> anyhow::Result<ExitStatus> {
    let is_idle = args.events.is_none() && args.usage.is_none();
    if is_idle && args.hold.is_empty() && args.release.is_empty() {
        bail!(
            "nothing is said of what to keep\n\nhint: `--events 400d`, `--usage 7y`, `--hold KEY`, `--release KEY`"
        );
    }
    let store = place.open().await?;
    let queries = Queries::embedded()?;
    let (holds, releases) = keys(&store, &queries, &args).await?;
    let options = Retain {
        events: args.events,
        usage: args.usage,
        holds,
        releases,
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: now_micros(),
    };
    let done = ingest::retain(&store, &queries.rollups(), &options, &now_micros).await;
    print_warnings(&store);
    let done = done?;
    to_stdout(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(&done)?)
    } else {
        describe(&done)
    })?;
    Ok(ExitStatus::Success)
}

/// The names to hold, each with its key, and the keys to release.
async fn keys(
    store: &Store,
    queries: &Queries,
    args: &RetainArgs,
) -> anyhow::Result<(Vec<(String, String)>, Vec<String>)> {
    if args.hold.is_empty() && args.release.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (session, pins) = queries.session(store).await?;
    let held = pins.retention()?.0.held_keys();
    let mut holds = Vec::new();
    for typed in &args.hold {
        let (key, names) = names(&session, typed).await?;
        holds.extend(names.into_iter().map(|name| (key.clone(), name)));
    }
    let mut releases = Vec::new();
    for typed in &args.release {
        let key = if held.contains(typed) {
            typed.clone()
        } else {
            names(&session, typed).await?.0
        };
        if !held.contains(&key) {
            bail!("`{}` is not held", visible(&key));
        }
        releases.push(key);
    }
    Ok((holds, releases))
}

/// How a key is told, and all values that name it in a row. A key ARN need not be in the logs yet.
async fn names(session: &Session, typed: &str) -> anyhow::Result<(String, Vec<String>)> {
    let resolved = match resolve_key(session, typed, &KeyScope::default()).await {
        Ok(resolved) => resolved,
        Err(ReportError::UnknownKey { .. }) if typed.contains(":key/") => {
            return Ok((typed.to_owned(), ids(&[typed.to_owned()])));
        }
        Err(error) => return Err(error.into()),
    };
    let mut names = resolved.names;
    names.extend(ids(&resolved.arns));
    // The aliases too, for the calls that failed before an ARN was known.
    let arns = resolved.arns.iter().map(lit).collect();
    let aliases = session.context().table("typed_names").await?;
    let aliases = aliases
        .filter(col("key_arn").in_list(arns, false))?
        .select_columns(&["name"])?
        .distinct()?;
    let batches: Vec<RecordBatch> = aliases.collect().await?;
    for batch in &batches {
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)?;
        names.extend(
            column
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned),
        );
    }
    names.sort();
    names.dedup();
    let key = match resolved.arns.as_slice() {
        [] => names.first().cloned().unwrap_or_else(|| typed.to_owned()),
        [arn] => arn.clone(),
        // The members of a multi-Region set have one id.
        [arn, ..] => id(arn).to_owned(),
    };
    Ok((key, names))
}

/// ARNs of keys, and the ids in them.
fn ids(arns: &[String]) -> Vec<String> {
    let both = arns.iter().flat_map(|arn| [arn.as_str(), id(arn)]);
    both.map(str::to_owned).collect()
}

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
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
