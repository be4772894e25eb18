//! `keytrail sql`: one statement, read-only.

use std::io::Read as _;

use anyhow::Context as _;

use super::ExitStatus;
use super::args::SqlArgs;
use super::output::write_stream;
use super::session::{Queries, StoreChoice, destination};

pub(super) async fn run(place: &StoreChoice, args: SqlArgs) -> anyhow::Result<ExitStatus> {
    let destination = destination(args.output.output);
    destination.accepts(args.output.format)?;
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
    let queries = Queries::embedded()?;
    let (session, _pins) = queries.session(&store).await?;
    let stream = session.query(&statement).await?;
    write_stream(stream, args.output.format, &destination).await?;
    Ok(ExitStatus::Success)
}
