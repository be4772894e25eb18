//! Logging to standard error: `-v`, `KEYTRAIL_LOG`, `--log-format`.
//!
//! Enters: the options, and the variable of the environment. Leaves: a subscriber for the events and spans of all
//! stages; none if no log is wanted, so that they cost nothing then. In the JSON format everything that keytrail
//! writes to standard error is an event, its errors, warnings and notes included.

use std::env::VarError;
use std::io::{self, Write};

use anyhow::bail;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, debug, error, info, warn};
use tracing_subscriber::filter::{Directive, EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use super::args::{LogFormat, LoggingArgs};
use crate::catalog::{Note, nearest};
use crate::render::{json_visible, visible};

/// Directives of a filter, as `tracing_subscriber` reads them.
const VARIABLE: &str = "KEYTRAIL_LOG";

/// What `-vv` shows of libraries. To Delta's kernel a table that is not there yet is an error.
const LIBRARIES: &str = "warn,buoyant_kernel=off";

/// The target of keytrail's own messages. Only the JSON format has events of it, and has them whatever the filter.
pub(super) const MESSAGE: &str = "keytrail::message";

/// Installs what the options and the environment ask for.
///
/// # Errors
/// If the variable has a directive that cannot be parsed. The format is installed all the same.
pub(super) fn install(args: LoggingArgs) -> anyhow::Result<()> {
    let chosen = variable().and_then(|variable| directives(args.verbose, &variable));
    let (directives, chosen) = match chosen {
        Ok(directives) => (directives, Ok(())),
        Err(error) => (String::new(), Err(error)),
    };
    if args.log_format == LogFormat::Text && directives.is_empty() {
        return chosen;
    }
    let messages = match args.log_format {
        LogFormat::Text => LevelFilter::OFF,
        LogFormat::Json => LevelFilter::INFO,
    };
    let filter = EnvFilter::builder().parse(format!("{directives},{MESSAGE}={messages}"))?;
    let harmless = filter_fn(is_harmless).with_max_level_hint(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Lines(args.log_format))
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match args.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Not filters of the layer alone: asking them whether something is enabled may cost the event that comes next.
    let subscriber = Registry::default().with(layer).with(filter).with(harmless);
    tracing::subscriber::set_global_default(subscriber)?;
    debug!(version = env!("CARGO_PKG_VERSION"), "keytrail started");
    chosen
}

/// Whether log lines may come between what is drawn on a terminal.
pub(super) fn is_on() -> bool {
    tracing::dispatcher::has_been_set()
}

/// Whether keytrail's messages are events, too.
pub(super) fn is_json() -> bool {
    tracing::enabled!(target: MESSAGE, Level::ERROR)
}

/// Says a message as an event.
pub(super) fn say(level: Level, message: &str, hint: Option<&str>) {
    match level {
        Level::ERROR => error!(target: MESSAGE, hint, "{message}"),
        Level::WARN => warn!(target: MESSAGE, hint, "{message}"),
        _ => info!(target: MESSAGE, hint, "{message}"),
    }
}

/// Says a note as an event.
pub(super) fn say_note(note: &Note) {
    let Note { code, count, text } = note;
    info!(target: MESSAGE, code, count, "{text}");
}

/// Says each line of a text as an event; a hint belongs to the line before it.
pub(super) fn say_lines(text: &str) {
    const HINT: &str = "hint: ";
    let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let hint = lines.next_if(|next| next.starts_with(HINT));
        let (level, message) = level_of(line);
        say(level, message, hint.map(|hint| &hint[HINT.len()..]));
    }
}

/// The level that a line's first word says, and the rest of it.
fn level_of(line: &str) -> (Level, &str) {
    for (word, level) in [("error: ", Level::ERROR), ("warning: ", Level::WARN)] {
        if let Some(message) = line.strip_prefix(word) {
            return (level, message);
        }
    }
    (Level::INFO, line)
}

fn variable() -> anyhow::Result<String> {
    match std::env::var(VARIABLE) {
        Ok(text) => Ok(text),
        Err(VarError::NotPresent) => Ok(String::new()),
        Err(VarError::NotUnicode(text)) => {
            bail!("{VARIABLE} is not UTF-8: `{}`", text.to_string_lossy())
        }
    }
}

/// The directives of the variable, then that of `-v`: the last of two with one target counts.
fn directives(verbosity: u8, variable: &str) -> anyhow::Result<String> {
    let typed = variable.split(',').map(str::trim);
    let typed: Vec<&str> = typed.filter(|directive| !directive.is_empty()).collect();
    if let Some(wrong) = typed.iter().find(|directive| !is_directive(directive)) {
        bail!(
            "{VARIABLE} has a directive that cannot be parsed: `{wrong}`; expected a level (off, error, warn, info, \
             debug, trace) or TARGET=LEVEL, separated by commas\n\nhint: for example \
             {VARIABLE}=info,keytrail::store=debug"
        );
    }
    let libraries = (verbosity > 1).then_some(LIBRARIES);
    let own = match verbosity {
        0 => None,
        1 => Some("keytrail=info"),
        2 => Some("keytrail=debug"),
        _ => Some("keytrail=trace"),
    };
    let all = libraries.into_iter().chain(typed).chain(own);
    Ok(all.collect::<Vec<_>>().join(","))
}

/// Whether a filter can be made of it. A single word that is nearly a level would be a target that nothing has.
fn is_directive(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // What other programs take for a level, or for any.
    const NO_TARGETS: [&str; 8] = [
        "all", "false", "none", "on", "quiet", "true", "verbose", "warning",
    ];
    if text.parse::<Directive>().is_err() {
        return false;
    }
    if text.parse::<LevelFilter>().is_ok() || text.contains('[') {
        return true;
    }
    let target = text.split_once('=').map_or(text, |(target, _)| target);
    let is_path = target.split("::").all(|name| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    });
    let is_mistyped = target == text
        && (NO_TARGETS.contains(&text.to_ascii_lowercase().as_str())
            || !nearest(text, LEVELS).is_empty());
    is_path && !is_mistyped
}

/// Libraries log signed requests and credentials as they are, at the level `trace` only, which is never shown.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    const OWN: &str = env!("CARGO_PKG_NAME");
    let target = metadata.target().strip_prefix(OWN);
    let is_own = target.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    is_own || *metadata.level() <= Level::DEBUG
}

/// Standard error, an event at a time.
#[derive(Debug, Clone, Copy)]
struct Lines(LogFormat);

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for Lines {
    // An event comes in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = safe(self.0, &String::from_utf8_lossy(bytes));
        // Where standard error is gone, there is nowhere to say so.
        drop(io::stderr().lock().write_all(line.as_bytes()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line, without anything that a terminal would act on: libraries write what they were sent as it is.
fn safe(format: LogFormat, event: &str) -> String {
    const NO_MESSAGE: &str = "{\"message\":\"\",";
    let event = event.strip_suffix('\n').unwrap_or(event);
    match format {
        LogFormat::Text => format!("{}\n", visible(event)),
        // Some events of libraries are fields alone.
        LogFormat::Json if !event.contains("\"message\":") => {
            let fields = event.strip_prefix('{').unwrap_or(event);
            format!("{NO_MESSAGE}{}\n", json_visible(fields))
        }
        LogFormat::Json => format!("{}\n", json_visible(event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_after_the_variable() {
        #[track_caller]
        fn check(verbosity: u8, variable: &str, expected: &str) {
            let directives = directives(verbosity, variable).expect("directives");
            assert_eq!(directives, expected);
        }
        check(0, "", "");
        check(0, " , ", "");
        check(1, "", "keytrail=info");
        check(2, "", "warn,buoyant_kernel=off,keytrail=debug");
        check(9, "", "warn,buoyant_kernel=off,keytrail=trace");
        check(0, "keytrail::store=debug", "keytrail::store=debug");
        check(2, "info", "warn,buoyant_kernel=off,info,keytrail=debug");
        check(
            1,
            "aws_config=debug, [run]=trace",
            "aws_config=debug,[run]=trace,keytrail=info",
        );
    }

    #[test]
    fn a_directive_that_cannot_be_parsed_is_named() {
        for wrong in [
            "keytrail=loud",
            "errors",
            "inf",
            "keytrail::store=debug info",
            "=debug",
            "warning",
            "true",
            "9",
            "info debug",
            "info;debug",
            "trace|info",
            "keytrail.store=debug",
            "[run",
        ] {
            let refused = directives(1, &format!("info,{wrong}"));
            let refused = refused.expect_err(wrong).to_string();
            let expected = format!("KEYTRAIL_LOG has a directive that cannot be parsed: `{wrong}`");
            assert!(refused.starts_with(&expected), "{refused}");
        }
        for right in ["INFO", "3", "hyper", "aws_config", "keytrail", "off"] {
            assert!(is_directive(right), "{right}");
        }
    }

    #[test]
    fn an_event_is_one_line_that_no_terminal_acts_on() {
        let event = "a\nb\u{1b}[2J\r\u{9b}\u{202e}\n";
        assert_eq!(
            safe(LogFormat::Text, event),
            "a\\nb\\x1b[2J\\r\\u{9b}\\u{202e}\n"
        );
        assert_eq!(
            safe(LogFormat::Json, "{\"message\":\"\u{9b}\u{202e}\"}\n"),
            "{\"message\":\"\\u009b\\u202e\"}\n"
        );
        let without = safe(
            LogFormat::Json,
            "{\"level\":\"WARN\",\"error\":\"it broke\"}\n",
        );
        assert_eq!(
            without,
            "{\"message\":\"\",\"level\":\"WARN\",\"error\":\"it broke\"}\n"
        );
    }

    #[test]
    fn the_first_word_of_a_line_says_its_level() {
        for (line, level, message) in [
            ("error: it broke", Level::ERROR, "it broke"),
            ("warning: careful", Level::WARN, "careful"),
            ("12 rows", Level::INFO, "12 rows"),
        ] {
            assert_eq!(level_of(line), (level, message));
        }
    }
}
