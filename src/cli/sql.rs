//! `keytrail sql`: one statement, read-only; or the shell, where nobody has written one.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;

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
    let store = place.open().await?;
    let reader = Reader::open(&store, queries.load()?).await?;
    let stream = reader.session().query(&statement).await?;
    write_stream(stream, args.output.rendering(), &destination).await?;
    to_stderr(&notes::of_store(&reader).await?);
    Ok(ExitStatus::Success)
}
