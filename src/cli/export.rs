//! `keytrail export`: all rows of a table or view, in a file; or where the files of a table are.
//!
//! The rows are written as they are read, in no order, and the file appears when it is whole.

use anyhow::anyhow;

use super::args::ExportArgs;
use super::error::{to_stderr, to_stdout};
use super::ingest::grouped;
use super::queries::{Queries, QueriesChoice};
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::catalog::nearest;
use crate::render::{Destination, Format, OutputError, visible, write_stream};
use crate::schema;

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    args: ExportArgs,
) -> anyhow::Result<ExitStatus> {
    // Clap takes no command with neither.
    let Some(to) = args.to else {
        return list_files(place, &args.table).await;
    };
    let Some(format) = args.format.or_else(|| Format::of(&to)) else {
        return Err(OutputError::UnknownEnding { path: to }.into());
    };
    place.spares(&to)?;
    let destination = Destination::File(to);
    destination.accepts(format)?;
    let store = place.open().await?;
    let queries = Queries::chosen(queries)?;
    let (session, pins) = queries.session(&store).await?;
    if !session.relations().contains(&args.table) {
        let names = queries.public_relations(&session);
        return Err(unknown(&args.table, names, "table or view"));
    }
    let stream = session
        .query(&format!("SELECT * FROM \"{}\"", args.table))
        .await?;
    let rows = write_stream(stream, format, &destination).await?;
    to_stderr(&format!("{} rows\n", grouped(rows)));
    to_stderr(&notes::of_store(&pins).await?);
    Ok(ExitStatus::Success)
}

/// Prints where the data files of a table are, a line each: those that its log names, and no others.
async fn list_files(place: &StoreChoice, name: &str) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let pins = store.pin().await?;
    let Some(table) = schema::table(name) else {
        let tables = schema::TABLES.iter().map(|table| table.name.to_owned());
        return Err(unknown(name, tables.collect(), "table"));
    };
    let mut locations = pins.get(table).locations()?;
    locations.sort();
    let lines = locations.iter().map(|location| format!("{location}\n"));
    to_stdout(&lines.collect::<String>())?;
    Ok(ExitStatus::Success)
}

fn unknown(name: &str, names: Vec<String>, what: &str) -> anyhow::Error {
    let near = nearest(name, names.iter().map(String::as_str));
    let hint = if near.is_empty() { names } else { near };
    anyhow!(
        "no {what} is called `{}`\n\nhint: {}",
        visible(name),
        hint.join(", ")
    )
}
