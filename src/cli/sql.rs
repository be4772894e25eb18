//! `keytrail sql`: one statement, read-only, or `\d`; or the shell, where nobody has written one.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::args::SqlArgs;
use super::error::to_stderr;
use super::queries::QueriesChoice;
use super::session::{StoreChoice, destination};
use super::{ExitStatus, notes, shell};
use crate::render::write_stream;
use crate::service::Reader;

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    args: SqlArgs,
) -> anyhow::Result<ExitStatus> {
    let is_asked = args.statement.is_some() || args.file.is_some();
    if !is_asked && std::io::stdin().is_terminal() {
        return Box::pin(shell::run(place, queries, args.output)).await;
    }
    let destination = destination(place, &args.output)?;
    let statement = match (args.statement, args.file) {
        (Some(statement), _) => statement,
        (None, Some(path)) => std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?,
        (None, None) => {
            let mut statement = String::new();
            std::io::stdin()
                .read_to_string(&mut statement)
                .context("cannot read the statement from standard input")?;
            statement
        }
    };
    let description = shell::description(&statement)?;
    let store = place.open().await?;
    let reader = Reader::open(&store, queries.load()?).await?;
    let stream = match description {
        None => reader.session().query(&statement).await?,
        Some(asked) => {
            let (heading, rows) = shell::described(&reader, asked.name.as_deref()).await?;
            to_stderr(&heading);
            Box::pin(RecordBatchStreamAdapter::new(
                rows.schema(),
                stream::iter([Ok(rows)]),
            ))
        }
    };
    write_stream(stream, args.output.rendering(), &destination).await?;
    notes::print(&notes::of_store(&reader).await?);
    Ok(ExitStatus::Success)
}
