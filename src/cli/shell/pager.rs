//! A program to read through what does not fit the terminal: `PAGER`, else `less -S` where it is.
//!
//! Enters: text. Leaves: the same on the terminal, through the pager as soon as it is longer or wider than
//! the terminal, and not before.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use unicode_width::UnicodeWidthStr as _;

use super::super::notes;
use crate::catalog::Note;

/// The pager, as it was chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Pager {
    words: Vec<String>,
}

impl Pager {
    /// That of the environment. An empty `PAGER`, and `cat`, mean none.
    pub(super) fn chosen() -> Self {
        let words: Vec<String> = match env::var("PAGER") {
            Ok(line) => line.split_whitespace().map(str::to_owned).collect(),
            Err(_not_set) if is_there("less") => vec!["less".to_owned(), "-S".to_owned()],
            Err(_not_set) => Vec::new(),
        };
        let is_cat = words.first().is_some_and(|word| name(word) == "cat");
        Self {
            words: if is_cat { Vec::new() } else { words },
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it shows wide lines by scrolling sideways, so that rows need not be broken.
    pub(super) fn scrolls(&self) -> bool {
        let has_flag = |word: &str| word.starts_with('-') && word.contains('S');
        let is_less = self.words.first().is_some_and(|word| name(word) == "less");
        let from_environment =
            env::var("LESS").is_ok_and(|flags| flags.split_whitespace().any(has_flag));
        is_less && (from_environment || self.words.iter().skip(1).any(|word| has_flag(word)))
    }

    fn start(&self) -> io::Result<Child> {
        let Some((program, words)) = self.words.split_first() else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped());
        if env::var_os("LESSCHARSET").is_none() {
            // Our text is UTF-8, whatever the locale.
            command.env("LESSCHARSET", "utf-8");
        }
        command.spawn()
    }
}

/// The last part of the path of a program.
fn name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a program of that name can be found.
fn is_there(program: &str) -> bool {
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    env::split_paths(&path).any(|folder| folder.join(Path::new(program)).is_file())
}

/// The terminal, behind a pager where that is needed.
pub(super) struct Paged {
    pager: Pager,
    size: (usize, usize),
    state: State,
    lines: usize,
    /// What has come of the line that is not ended yet.
    line: Vec<u8>,
}

enum State {
    /// It may still fit.
    Held(Vec<u8>),
    Paging(Child),
    Direct,
}

impl Paged {
    /// `size` is that of the terminal, its columns first.
    pub(super) fn new(pager: &Pager, size: (usize, usize)) -> Self {
        let state = if pager.is_none() {
            State::Direct
        } else {
            State::Held(Vec::new())
        };
        Self {
            pager: pager.clone(),
            size,
            state,
            lines: 0,
            line: Vec::new(),
        }
    }

    /// Writes what was held, and waits until the reader has left the pager.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.state, State::Direct) {
            State::Held(held) => io::stdout().write_all(&held)?,
            State::Paging(child) => wait(child)?,
            State::Direct => {}
        }
        io::stdout().flush()
    }

    /// Whether the text, with what came before it, is more than the terminal shows.
    fn exceeds(&mut self, text: &[u8]) -> bool {
        let (columns, rows) = self.size;
        let mut is_wide = false;
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.lines += 1;
                is_wide |= String::from_utf8_lossy(&self.line).trim_end().width() > columns;
                self.line.clear();
            }
        }
        // A line is left for the prompt.
        is_wide || self.lines >= rows
    }

    fn begin(&mut self, held: &[u8]) -> io::Result<()> {
        match self.pager.start() {
            Ok(child) => {
                self.state = State::Paging(child);
                self.write_all(held)
            }
            Err(error) => {
                let pager = self.pager.words.join(" ");
                let text = format!("cannot run the pager `{pager}`: {error}");
                notes::print(&[Note::new("pager", None, text)]);
                self.state = State::Direct;
                io::stdout().write_all(held)
            }
        }
    }
}

/// Closes the pager's input, and waits for it to end.
fn wait(mut child: Child) -> io::Result<()> {
    drop(child.stdin.take());
    child.wait().map(|_how_it_ended| ())
}

impl Write for Paged {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let is_held = matches!(self.state, State::Held(_));
        let exceeds = is_held && self.exceeds(text);
        match &mut self.state {
            State::Held(held) => {
                held.extend_from_slice(text);
                if exceeds {
                    let held = std::mem::take(held);
                    self.begin(&held)?;
                }
            }
            State::Paging(child) => match &mut child.stdin {
                Some(stdin) => stdin.write_all(text)?,
                None => return Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            },
            State::Direct => io::stdout().write_all(text)?,
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Held(_) => Ok(()),
            State::Paging(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
            State::Direct => io::stdout().flush(),
        }
    }
}

impl Drop for Paged {
    /// A statement that failed or was stopped leaves the reader to what has come so far.
    fn drop(&mut self) {
        if let State::Paging(child) = std::mem::replace(&mut self.state, State::Direct) {
            // Whether the pager ended well is of no concern any more.
            drop(wait(child));
        }
    }
}
