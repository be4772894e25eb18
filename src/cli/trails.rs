//! `keytrail trails`: what is known of trails, regions and members; asked of AWS, or imported.

use std::fs;

use anyhow::Context as _;
use chrono::DateTime;

use super::ExitStatus;
use super::args::{TrailsAction, TrailsArgs, TrailsImportArgs};
use super::clock::now_micros;
use super::error::{print_warnings, to_stderr, to_stdout};
use super::queries::Queries;
use super::session::{StoreChoice, destination};
use crate::aws::Access;
use crate::inventory::{Document, Import, Told, pull, write_told};
use crate::render::{visible, write_stream};

pub(super) async fn run(place: &StoreChoice, args: TrailsArgs) -> anyhow::Result<ExitStatus> {
    match args.action {
        Some(TrailsAction::Pull(aws)) => {
            let config = Access::from(aws).load().await;
            let taken_at = now_micros();
            let pulled = pull(&config).await?;
            write(place, &pulled.told, taken_at, "aws").await?;
            for refused in pulled.refused() {
                to_stderr(&format!("warning: refused, and so not known: {refused}\n"));
            }
            Ok(if pulled.is_lacking {
                ExitStatus::Incomplete
            } else {
                ExitStatus::Success
            })
        }
        Some(TrailsAction::Import(args)) => import(place, &args).await,
        None => {
            let destination = destination(place, &args.output)?;
            let store = place.open().await?;
            let queries = Queries::embedded()?;
            let (session, _pins) = queries.session(&store).await?;
            let list = queries.library.status("status-trails")?;
            let stream = session.query(&list.sql).await?;
            write_stream(stream, args.output.rendering(), &destination).await?;
            Ok(ExitStatus::Success)
        }
    }
}

async fn import(place: &StoreChoice, args: &TrailsImportArgs) -> anyhow::Result<ExitStatus> {
    let taken_at = match &args.taken_at {
        None => now_micros(),
        Some(text) => DateTime::parse_from_rfc3339(text)
            .with_context(|| format!("`{}` is no time as 2026-03-01T00:00:00Z", visible(text)))?
            .timestamp_micros(),
    };
    let mut documents = Vec::new();
    let mut sources = Vec::new();
    for (trail, file) in args.files() {
        let shown = file.display().to_string();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{shown}`"))?;
        sources.push(shown.clone());
        documents.push(Document {
            shown,
            trail: trail.map(str::to_owned),
            text,
        });
    }
    let told = Told::read(&documents, args.account.as_deref())?;
    write(place, &told, taken_at, &sources.join(" ")).await?;
    Ok(ExitStatus::Success)
}

async fn write(
    place: &StoreChoice,
    told: &Told,
    taken_at: i64,
    source: &str,
) -> anyhow::Result<()> {
    let store = place.create().await?;
    let run_id = uuid::Uuid::new_v4().to_string();
    let import = Import {
        run_id: &run_id,
        started_at: now_micros(),
        source,
    };
    let done = write_told(&store, told, taken_at, &import).await;
    print_warnings(&store);
    done?;
    to_stdout(&format!("{}\n", told.summary()))?;
    Ok(())
}
