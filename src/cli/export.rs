//! `keytrail export`: all rows of a table or view, in a file; or where the files of a table are.
//!
//! The rows are written as they are read, in no order, and the file appears when it is whole.

use super::args::ExportArgs;
use super::error::{to_stderr, to_stdout};
use super::numbers::grouped;
use super::queries::QueriesChoice;
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::render::{Destination, Format, OutputError, write_stream};
use crate::service::{Reader, file_locations};

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
    let reader = Reader::open(&store, queries.load()?).await?;
    let stream = reader.rows(&args.table).await?;
    let rows = write_stream(stream, format, &destination).await?;
    to_stderr(&format!("{} rows\n", grouped(rows)));
    notes::print(&notes::of_store(&reader).await?);
    Ok(ExitStatus::Success)
}

/// Prints where the data files of a table are, a line each: those that its log names, and no others.
async fn list_files(place: &StoreChoice, name: &str) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let locations = file_locations(&store, name).await?;
    let lines = locations.iter().map(|location| format!("{location}\n"));
    to_stdout(&lines.collect::<String>())?;
    Ok(ExitStatus::Success)
}
