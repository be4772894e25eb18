//! `keytrail demo`: the embedded sample logs, ingested and asked.

use std::path::Path;

use anyhow::Context as _;
use clap::Parser as _;
use include_dir::{Dir, include_dir};

use super::args::{Args, Command, DemoArgs, IngestArgs, ReportArgs, StatusArgs};
use super::error::to_stdout;
use super::ingest::{describe, ingest_into};
use super::queries::QueriesChoice;
use super::session::StoreChoice;
use super::{ExitStatus, report, status};

static SAMPLE_LOGS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/sample-logs/AWSLogs");

pub(super) async fn run(place: &StoreChoice, _args: DemoArgs) -> anyhow::Result<ExitStatus> {
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let logs = scratch.path().join("AWSLogs");
    extract(&logs)?;
    let directory = place
        .chosen()
        .unwrap_or_else(|| scratch.path().join("keytrail-store"));
    let choice = StoreChoice::new(Some(directory));
    let queries = QueriesChoice::default();
    let store = choice.create().await?;

    say("keytrail ingest sample-logs/AWSLogs")?;
    let options = ingest_options(&logs)?;
    to_stdout(&describe(&ingest_into(&store, &options).await?))?;
    say("keytrail report who-used --key 8b402961-4718-43ca-8f94-e4fd57328e34")?;
    report::run(
        &choice,
        &queries,
        report_options(&["who-used", "--key", "8b402961-4718-43ca-8f94-e4fd57328e34"])?,
    )
    .await?;
    say("keytrail report unused-keys --days 7")?;
    report::run(
        &choice,
        &queries,
        report_options(&["unused-keys", "--days", "7"])?,
    )
    .await?;
    say("keytrail report throttled-callers")?;
    report::run(&choice, &queries, report_options(&["throttled-callers"])?).await?;
    say("keytrail status")?;
    status::run(&choice, StatusArgs::default()).await?;
    // The broken file is planted, and was shown.
    Ok(ExitStatus::Success)
}

fn extract(to: &Path) -> anyhow::Result<()> {
    let wrote = || format!("cannot write the sample logs to `{}`", to.display());
    std::fs::create_dir_all(to).with_context(wrote)?;
    SAMPLE_LOGS.extract(to).with_context(wrote)
}

/// Shows the command whose output follows.
fn say(command: &str) -> anyhow::Result<()> {
    Ok(to_stdout(&format!("\n$ {command}\n"))?)
}

fn ingest_options(logs: &Path) -> anyhow::Result<IngestArgs> {
    let words = ["keytrail".as_ref(), "ingest".as_ref(), logs.as_os_str()];
    match Args::try_parse_from(words)?.command {
        Command::Ingest(options) => Ok(options),
        _ => unreachable!("`ingest` was typed"),
    }
}

fn report_options(words: &[&str]) -> anyhow::Result<ReportArgs> {
    let words = ["keytrail", "report"].iter().chain(words);
    match Args::try_parse_from(words)?.command {
        Command::Report(options) => Ok(*options),
        _ => unreachable!("`report` was typed"),
    }
}
