//! What begins with a backslash.
//!
//! Enters: the text behind it. Leaves: a [`ShellCommand`], or an error that says what is accepted; and what each
//! command does.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use clap::Parser as _;

use super::super::args::{Args, Command as Typed, ReportArgs};
use super::super::error::{to_stderr, to_stdout};
use super::super::session::terminal_width;
use super::super::{report, report_help};
use super::running::ShellQuestion;
use super::{Next, Shell};
use crate::render::wrapped;
use crate::render::{Format, visible};

/// The commands, for the help and for completion.
pub(super) const COMMANDS: [(&str, &str, &str); 9] = [
    ("d", "[NAME]", "tables and views; the columns of one"),
    ("reports", "", "the named questions"),
    (
        "report",
        "NAME [OPTIONS]",
        "ask one, as `keytrail report` does",
    ),
    (
        "format",
        "[NAME]",
        "table, csv, json, ndjson, markdown or parquet",
    ),
    (
        "o",
        "[FILE]",
        "write rows to a file, or to the terminal again",
    ),
    (
        "timing",
        "",
        "tell how long each statement takes, or no longer",
    ),
    (
        "refresh",
        "",
        "look for newer data; each statement does so itself",
    ),
    ("?", "", "this"),
    ("q", "", "leave, as Ctrl-D does"),
];

/// A command as it was typed.
#[derive(Debug)]
pub(super) enum ShellCommand {
    Describe(Option<String>),
    Reports,
    Report(Box<ReportArgs>),
    ReportHelp(String),
    Format(Option<Format>),
    Output(Option<PathBuf>),
    Timing,
    Refresh,
    Help,
    Quit,
}

impl ShellCommand {
    /// Reads what stands behind the backslash.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let words = words(text)?;
        let (name, rest) = match words.split_first() {
            Some((name, rest)) => (name.trim_end_matches(';'), rest),
            None => ("", &[][..]),
        };
        if name == "report" && !rest.is_empty() {
            return report_command(rest);
        }
        let argument = match rest {
            [] => None,
            [argument] => Some(argument.trim_end_matches(';').to_owned()),
            _ => bail!(
                "`\\{}` takes one word\n\nhint: `\\?` lists what there is",
                visible(name)
            ),
        };
        let argument = argument.filter(|argument| !argument.is_empty());
        let is_alone = argument.is_none();
        Ok(match name {
            "d" => Self::Describe(argument),
            "o" => Self::Output(argument.map(PathBuf::from)),
            "format" => Self::Format(argument.map(|name| format(&name)).transpose()?),
            "reports" | "report" if is_alone => Self::Reports,
            "timing" if is_alone => Self::Timing,
            "refresh" if is_alone => Self::Refresh,
            "?" | "h" | "help" if is_alone => Self::Help,
            "q" | "quit" if is_alone => Self::Quit,
            _ => bail!(
                "`\\{}` is no command\n\nhint: `\\?` lists what there is",
                visible(text.trim())
            ),
        })
    }
}

/// `\d` in place of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Description {
    /// The table or view that it asks for; all of them, if none.
    pub(in crate::cli) name: Option<String>,
}

/// The description that a text asks for in place of a statement; `None` for a statement.
///
/// # Errors
/// If it is another command: they change the shell, or have a command of their own.
pub(in crate::cli) fn description(text: &str) -> anyhow::Result<Option<Description>> {
    let Some(command) = text.trim().strip_prefix('\\') else {
        return Ok(None);
    };
    match ShellCommand::parse(command)? {
        ShellCommand::Describe(name) => Ok(Some(Description { name })),
        _ => bail!(
            "`\\{}` works only in the shell\n\nhint: `keytrail sql` opens it on a terminal; `keytrail report` runs and lists reports",
            visible(command.trim())
        ),
    }
}

fn format(name: &str) -> anyhow::Result<Format> {
    <Format as clap::ValueEnum>::from_str(name, true).map_err(|_unknown| {
        anyhow!(
            "`{}` is no format: use table, csv, json, ndjson, markdown or parquet",
            visible(name)
        )
    })
}

fn report_command(words: &[String]) -> anyhow::Result<ShellCommand> {
    let line = ["keytrail", "report"].into_iter().map(OsString::from);
    let line: Vec<OsString> = line.chain(words.iter().map(OsString::from)).collect();
    if let Some((name, _args, _typed)) = report_help::asked(&line) {
        return Ok(ShellCommand::ReportHelp(name));
    }
    let args = Args::try_parse_from(line).map_err(|error| {
        let text = error.render().to_string();
        anyhow!(text.trim().trim_start_matches("error: ").to_owned())
    })?;
    match args.command {
        Typed::Report(args) if args.action.is_none() && args.output.output.is_none() => {
            Ok(ShellCommand::Report(args))
        }
        _ => {
            bail!("only questions can be asked here\n\nhint: `\\o FILE` writes the rows to a file")
        }
    }
}

/// The words of a line; quotes of either kind hold one together.
fn words(text: &str) -> anyhow::Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            Some(_) | None => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        bail!("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

fn help() -> String {
    let mut text =
        "A statement ends with `;` and may take several lines. Tab completes.\n".to_owned();
    for (name, argument, meaning) in COMMANDS {
        let typed = format!("\\{name} {argument}");
        let _infallible = writeln!(text, "  {typed:<24}{meaning}");
    }
    text.push_str(
        "Lines typed or pasted ahead wait for their turn. Ctrl-C stops a statement and\n\
         forgets what waits behind it, or forgets the one being typed.\n",
    );
    text
}

impl Shell {
    /// Does what a command says.
    pub(super) async fn obey(&mut self, command: ShellCommand) -> anyhow::Result<Next> {
        match command {
            ShellCommand::Quit => return Ok(Next::Leave),
            ShellCommand::Help => to_stdout(&help())?,
            ShellCommand::Reports => {
                let list = report::list(self.desk.reader.library());
                to_stdout(&wrapped(&list, terminal_width()))?;
            }
            ShellCommand::ReportHelp(name) => {
                report_help::print(self.desk.reader.library(), &name)?;
            }
            ShellCommand::Report(args) => return self.answer(ShellQuestion::Report(&args)).await,
            ShellCommand::Describe(name) => self.desk.describe(name.as_deref()).await?,
            ShellCommand::Format(None) => {
                to_stderr(&format!("format: {}\n", self.desk.outlet.format_name()));
            }
            ShellCommand::Format(Some(format)) => self.desk.outlet.set_format(format)?,
            ShellCommand::Output(path) => self.desk.outlet.redirect(path)?,
            ShellCommand::Timing => {
                self.is_timed = !self.is_timed;
                let state = if self.is_timed { "on" } else { "off" };
                to_stderr(&format!("timing: {state}\n"));
            }
            ShellCommand::Refresh => self.desk.refresh().await?,
        }
        Ok(Next::Stay)
    }
}

#[cfg(test)]
mod tests {
    use super::{Description, ShellCommand, description, words};

    #[test]
    fn quotes_hold_words_together() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(words(text).expect("whole quotes"), expected);
        }
        check("", &[]);
        check(" o  a b ", &["o", "a", "b"]);
        check("o 'a b' \"c'd\" e''f ''", &["o", "a b", "c'd", "ef", ""]);
        assert!(words("o 'a").is_err());
    }

    #[test]
    fn the_help_of_a_report_is_a_command() {
        let command = ShellCommand::parse("report who-used --help").expect("a command");
        assert!(matches!(command, ShellCommand::ReportHelp(name) if name == "who-used"));
        assert!(ShellCommand::parse("report who-used --nope --help").is_err());
    }

    #[test]
    fn a_description_can_stand_in_place_of_a_statement() {
        let found = |text| description(text).expect("a description or a statement");
        let of = |name: Option<&str>| {
            let name = name.map(str::to_owned);
            Some(Description { name })
        };
        assert_eq!(found("select 1"), None);
        assert_eq!(found("\\d\n"), of(None));
        assert_eq!(found(" \\d keys;\n"), of(Some("keys")));
        let error = description("\\timing\n").expect_err("not there");
        let error = error.to_string();
        assert!(
            error.starts_with("`\\timing` works only in the shell\n"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_command_is_told() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let error = ShellCommand::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        check("", "`\\` is no command");
        check("x", "`\\x` is no command");
        check("q now", "`\\q now` is no command");
        check("d a b", "`\\d` takes one word");
        check("format xml", "`xml` is no format");
        check("report check dir", "only questions can be asked here");
        check("report who-used -o x", "only questions can be asked here");
        check("report who-used --nope", "unexpected argument '--nope'");
    }
}
