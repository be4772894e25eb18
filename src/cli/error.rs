//! How an error is shown: once, with its causes on one line, and its hints below.

use std::error::Error;
use std::io::{self, Write as _};

use anyhow::Chain;
use datafusion::error::DataFusionError;
use tracing::Level;

use super::logging;
use super::session::error_width;
use crate::render::visible;
use crate::render::wrapped;
use crate::service::ServiceError;
use crate::sql::plainly;
use crate::store::StoreError;

/// What is between a message and its hint.
const HINT: &str = "\n\nhint: ";

/// Prints an error to standard error.
pub(super) fn print(error: &anyhow::Error) {
    tell(Level::ERROR, error.as_ref());
}

/// Prints what went wrong in addition to the work that was done.
pub(super) fn print_warning(warning: &StoreError) {
    tell(Level::WARN, warning);
}

fn tell(level: Level, error: &(dyn Error + 'static)) {
    let mut messages: Vec<String> = Vec::new();
    let mut hints = Vec::new();
    for cause in Chain::new(error) {
        let engine = engine(cause);
        let text = engine.map_or_else(|| cause.to_string(), plainly);
        let (message, hint) = match text.split_once(HINT) {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => without_list(text),
        };
        // Some libraries put the text of a cause into their own.
        if messages.last().is_none_or(|last| !last.contains(&message)) {
            messages.push(message);
        }
        hints.extend(hint.filter(|hint| !hints.contains(hint)));
        if engine.is_some() {
            // What the engine's own causes say is in it.
            break;
        }
    }
    let message = messages.join(": ");
    if logging::is_json() {
        let hint = (!hints.is_empty()).then(|| hints.join("; "));
        logging::say(level, &message, hint.as_deref());
        return;
    }
    let word = if level == Level::ERROR {
        "error"
    } else {
        "warning"
    };
    let mut text = format!("{word}: {message}\n");
    for hint in hints {
        text.push_str("\nhint: ");
        text.push_str(&hint);
        text.push('\n');
    }
    to_stderr(&text);
}

/// The cause as an error of the SQL engine, if it is one.
fn engine<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a DataFusionError> {
    if let Some(ServiceError::Engine(engine)) = cause.downcast_ref() {
        return Some(engine);
    }
    let boxed = cause.downcast_ref::<Box<DataFusionError>>();
    boxed
        .map(Box::as_ref)
        .or_else(|| cause.downcast_ref::<DataFusionError>())
}

/// The engine's message without its list of all columns, where that is longer than a reader can use.
fn without_list(text: String) -> (String, Option<String>) {
    const LIST_BYTES_MAX: usize = 400;
    match text.split_once("\nValid fields are ") {
        Some((said, list)) if list.len() > LIST_BYTES_MAX => {
            let hint = "`keytrail schema` lists all columns, and so does `\\d NAME` in the shell";
            (said.to_owned(), Some(hint.to_owned()))
        }
        _ => (text, None),
    }
}

/// Prints a text to standard error, safe for a terminal, or says its lines as events where that is the format.
pub(super) fn to_stderr(text: &str) {
    if logging::is_json() {
        logging::say_lines(text);
        return;
    }
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        safe.push_str(&visible(line));
        safe.push_str(end);
    }
    let text = wrapped(&safe, error_width());
    // Where standard error is gone, there is nowhere to say so.
    drop(io::stderr().write_all(text.as_bytes()));
}

/// Prints to standard output.
pub(super) fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whether the reader of our output has gone, which is no failure.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = match cause.downcast_ref() {
            Some(ServiceError::Sink(error)) => Some(error),
            _ => cause.downcast_ref::<io::Error>(),
        };
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
