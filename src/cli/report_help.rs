//! `keytrail report NAME --help`: what a report answers, which parameters it takes, and what its columns mean.
//!
//! Enters: a command line. Leaves: the text. Where the line names no report, the help is clap's own.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, CommandFactory as _, FromArgMatches as _};

use super::ExitStatus;
use super::args::{Args, Command};
use super::config::{self, Typed};
use super::error::to_stdout;
use super::queries::QueriesChoice;
use super::session::terminal_width;
use crate::catalog::{Library, Query};
use crate::render::{visible, wrapped};
use crate::report::{ADDED_COLUMNS, described, typed};

/// The report whose help is asked for, the arguments, and which of them were typed; `None` where clap's own help is meant.
pub(super) fn asked(line: &[OsString]) -> Option<(String, Args, Typed)> {
    let help = Arg::new("help").short('h').long("help");
    let command = Args::command().mut_subcommand("report", |report| {
        let report = report.disable_help_flag(true);
        report.arg(help.action(ArgAction::SetTrue))
    });
    let matches = command.try_get_matches_from(line).ok()?;
    let (_, of_report) = matches.subcommand().filter(|(name, _)| *name == "report")?;
    if !of_report.get_flag("help") {
        return None;
    }
    let args = Args::from_arg_matches(&matches).ok()?;
    let name = match &args.command {
        Command::Report(report) if report.action.is_none() => report.name.clone()?,
        _ => return None,
    };
    Some((name, args, Typed::new(&matches)))
}

/// Prints the help of a report; the configuration may say where it is.
pub(super) fn run(name: &str, args: Args, typed: &Typed) -> anyhow::Result<ExitStatus> {
    let queries: QueriesChoice = config::applied(args, typed)?.queries.into();
    print(&queries.load_for(name)?.library, name)?;
    Ok(ExitStatus::Success)
}

/// Prints the help of a report of the library.
pub(super) fn print(library: &Library, name: &str) -> anyhow::Result<()> {
    to_stdout(&text(library.report(name)?, terminal_width()))?;
    Ok(())
}

fn text(report: &Query, width: Option<usize>) -> String {
    let paragraph = |text: &str| wrapped(&visible(text), width) + "\n";
    let mut help = paragraph(&report.title);
    help.push('\n');
    help.push_str(&paragraph(&report.description));
    // Writing to a String cannot fail.
    let required = report.parameters.iter().filter(|one| one.is_required);
    let required: Vec<String> = required.map(|one| format!(" {}", typed(one))).collect();
    let _infallible = writeln!(
        help,
        "\nUsage: keytrail report {}{} [OPTIONS]",
        visible(&report.id),
        required.concat()
    );
    if !report.parameters.is_empty() {
        help.push_str("\nParameters:\n");
        let parameters = report.parameters.iter();
        let parameters: Vec<_> = parameters.map(|one| (typed(one), described(one))).collect();
        help.push_str(&definitions(&parameters, width));
    }
    if !report.columns.is_empty() {
        help.push_str("\nColumns:\n");
        help.push_str(&definitions(&report.columns, width));
    }
    help.push('\n');
    help.push_str(&paragraph(ADDED_COLUMNS));
    help.push('\n');
    help.push_str(&paragraph(
        "Options for all reports (window, filters, output): keytrail report --help",
    ));
    help
}

/// Names with their meanings, set in two columns.
fn definitions(entries: &[(String, String)], width: Option<usize>) -> String {
    let longest = entries.iter().map(|(name, _)| name.chars().count()).max();
    let longest = longest.unwrap_or(0);
    let room = width.map(|width| width.saturating_sub(longest + 4));
    let mut text = String::new();
    for (name, meaning) in entries {
        let meaning = wrapped(&visible(meaning), room);
        let mut name: &str = &visible(name);
        for line in meaning.lines() {
            let _infallible = writeln!(text, "  {name:longest$}  {line}");
            name = "";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{asked, text};
    use crate::catalog::Query;

    #[test]
    fn a_report_is_described_on_a_narrow_terminal() {
        let query = "-- id: q\n-- title: A title\n-- description: It answers.\n\
            -- param key: key, required. Which key.\n-- column caller: who called, as in kms_events\n\
            SELECT 1 ORDER BY 1";
        let report = Query::parse("reports/q.sql", query).expect("a good header");
        let shown = text(&report, Some(30));
        let expected = "A title\n\nIt answers.\n\nUsage: keytrail report q --key <KEY> [OPTIONS]\n\n\
            Parameters:\n  --key <KEY>  Which key. Required.\n\n\
            Columns:\n  caller  who called, as in\n          kms_events\n\n";
        assert!(shown.starts_with(expected), "{shown}");
        let wide = text(&report, None);
        assert!(
            wide.contains("\n  caller  who called, as in kms_events\n"),
            "{wide}"
        );
    }

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let line: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let found = asked(&line).map(|(name, _, _)| name);
        assert_eq!(found.as_deref(), expected, "{line:?}");
    }

    #[test]
    fn only_a_report_by_name_has_a_help_of_its_own() {
        check("keytrail report who-used --help", Some("who-used"));
        check("keytrail report -h who-used --key x", Some("who-used"));
        check("keytrail report who-used", None);
        check("keytrail report --help", None);
        check("keytrail report check --help", None);
        check("keytrail sql --help", None);
        check("keytrail --help", None);
    }
}
