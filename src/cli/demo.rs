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

/// Where the demo's logs are, and its store unless another was chosen. It stays, so that what was shown can be typed.
const FOLDER: &str = "keytrail-demo";

pub(super) async fn run(place: &StoreChoice, _args: DemoArgs) -> anyhow::Result<ExitStatus> {
    let folder = Path::new(FOLDER);
    let logs = folder.join("AWSLogs");
    extract(&SAMPLE_LOGS, &logs)?;
    let choice = place.or_directory(folder.join("store"));
    let queries = QueriesChoice::default();
    let shown = choice.shown();

    say(&format!(
        "keytrail ingest {} --store {shown}",
        logs.display()
    ))?;
    let options = ingest_options(&logs)?;
    to_stdout(&describe(&ingest_into(&choice, &options, None).await?))?;
    for words in REPORTS {
        say(&format!(
            "keytrail report {} --store {shown}",
            words.join(" ")
        ))?;
        report::run(&choice, &queries, report_options(words)?).await?;
    }
    say(&format!("keytrail status --store {shown}"))?;
    status::run(&choice, StatusArgs::default()).await?;
    to_stdout(&format!(
        "\nTry these commands yourself, or others: the store is `{shown}`, the sample logs are in `{}`.\n",
        logs.display()
    ))?;
    // The broken file is planted, and was shown.
    Ok(ExitStatus::Success)
}

/// The reports that are shown.
const REPORTS: [&[&str]; 3] = [
    &["who-used", "--key", "8b402961-4718-43ca-8f94-e4fd57328e34"],
    &["unused-keys", "--days", "7"],
    &["throttled-callers"],
];

/// Writes the files that are not there yet: a second demo finds the first one's logs unchanged, and so known.
fn extract(logs: &Dir<'_>, to: &Path) -> anyhow::Result<()> {
    let wrote = || format!("cannot write the sample logs to `{}`", to.display());
    std::fs::create_dir_all(to).with_context(wrote)?;
    for folder in logs.dirs() {
        let name = folder.path().file_name().unwrap_or_default();
        extract(folder, &to.join(name))?;
    }
    for file in logs.files() {
        let path = to.join(file.path().file_name().unwrap_or_default());
        let is_there = std::fs::read(&path).is_ok_and(|held| held == file.contents());
        if !is_there {
            std::fs::write(&path, file.contents()).with_context(wrote)?;
        }
    }
    Ok(())
}

/// Shows the command whose output follows.
fn say(command: &str) -> anyhow::Result<()> {
    Ok(to_stdout(&format!("\n$ {command}\n"))?)
}

fn ingest_options(logs: &Path) -> anyhow::Result<IngestArgs> {
    let words = ["keytrail".as_ref(), "ingest".as_ref(), logs.as_os_str()];
    match Args::try_parse_from(words)?.command {
        Command::Ingest(options) => Ok(*options),
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
