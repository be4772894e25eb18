//! `keytrail export`: all rows of a table or view, in a file.
//!
//! The rows are written as they are read, in no order, and the file appears when it is whole.

use std::path::Path;

use anyhow::bail;

use super::args::ExportArgs;
use super::error::to_stderr;
use super::ingest::grouped;
use super::output::{Destination, Format, visible, write_stream};
use super::queries::{Queries, QueriesChoice};
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::report::nearest;

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    args: ExportArgs,
) -> anyhow::Result<ExitStatus> {
    let Some(format) = format_of(&args.to) else {
        bail!(
            "the ending of `{}` does not say how to write it: use .parquet, .csv, .ndjson, .json or .md",
            args.to.display()
        );
    };
    place.spares(&args.to)?;
    let destination = Destination::File(args.to);
    destination.accepts(format)?;
    let store = place.open().await?;
    let queries = Queries::chosen(queries)?;
    let (session, pins) = queries.session(&store).await?;
    let names = session.relations();
    if !names.contains(&args.table) {
        let near = nearest(&args.table, names.iter().map(String::as_str));
        let hint = if near.is_empty() { names } else { near };
        bail!(
            "no table or view is called `{}`\n\nhint: {}",
            visible(&args.table),
            hint.join(", ")
        );
    }
    let stream = session
        .query(&format!("SELECT * FROM \"{}\"", args.table))
        .await?;
    let rows = write_stream(stream, format, &destination).await?;
    to_stderr(&format!("{} rows\n", grouped(rows)));
    to_stderr(&notes::of_store(&pins).await?);
    Ok(ExitStatus::Success)
}

/// The format that the name of a file says.
pub(super) fn format_of(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "parquet" => Format::Parquet,
        "csv" => Format::Csv,
        "ndjson" | "jsonl" => Format::Ndjson,
        "json" => Format::Json,
        "md" => Format::Markdown,
        _ => return None,
    })
}
