//! `keytrail trails`: what is known of trails, regions and members; asked of AWS, or imported.

use anyhow::Context as _;
use chrono::DateTime;

use super::ExitStatus;
use super::args::{TrailsAction, TrailsArgs, TrailsImportArgs};
use super::error::{to_stderr, to_stdout};
use super::events::HOST;
use super::session::{StoreChoice, destination};
use crate::render::{visible, write_stream};
use crate::service::{AnswerFile, Queries, Reader, TrailsImport, import_trails, pull_trails};

pub(super) async fn run(place: &StoreChoice, args: TrailsArgs) -> anyhow::Result<ExitStatus> {
    match args.action {
        Some(TrailsAction::Pull(aws)) => {
            let done = Box::pin(pull_trails(&place.at(), &aws.into(), HOST)).await?;
            to_stdout(&format!("{}\n", done.summary))?;
            for refused in &done.refused {
                to_stderr(&format!("warning: refused, and so not known: {refused}\n"));
            }
            Ok(if done.is_lacking {
                ExitStatus::Incomplete
            } else {
                ExitStatus::Success
            })
        }
        Some(TrailsAction::Import(args)) => {
            let done = import_trails(&place.at(), &import(&args)?, HOST).await?;
            to_stdout(&format!("{}\n", done.summary))?;
            Ok(ExitStatus::Success)
        }
        None => {
            let destination = destination(place, &args.output)?;
            let store = place.open().await?;
            let reader = Reader::open(&store, Queries::embedded()?).await?;
            let stream = reader.trails().await?;
            write_stream(stream, args.output.rendering(), &destination).await?;
            Ok(ExitStatus::Success)
        }
    }
}

fn import(args: &TrailsImportArgs) -> anyhow::Result<TrailsImport> {
    let taken_at = match &args.taken_at {
        None => None,
        Some(text) => Some(
            DateTime::parse_from_rfc3339(text)
                .with_context(|| format!("`{}` is no time as 2026-03-01T00:00:00Z", visible(text)))?
                .timestamp_micros(),
        ),
    };
    let files = args.files().map(|(trail, path)| AnswerFile {
        trail: trail.map(str::to_owned),
        path,
    });
    Ok(TrailsImport {
        files: files.collect(),
        account: args.account.clone(),
        taken_at,
    })
}
