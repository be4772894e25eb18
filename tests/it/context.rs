//! A directory of its own, and the program run in it: what the tests of the command line are written with.
//!
//! Enters: the words of a command. Leaves: a [`Transcript`] of exit code, standard output and standard
//! error, in which what differs from run to run (paths, ids of runs, times of runs, sizes of files) is
//! replaced. Nothing here knows what the program should answer.

use std::fmt;
use std::io::{PipeWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
const KEYTRAIL: &str = env!("CARGO_BIN_EXE_keytrail");

/// The checkout.
pub(crate) const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A directory with `sample-logs` in it, in which commands run with a clean environment.
pub(crate) struct Context {
    directory: TempDir,
    path: PathBuf,
}

impl Context {
    /// A directory without a store.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().canonicalize().expect("it exists");
        let logs = Path::new(REPOSITORY).join("sample-logs");
        std::os::unix::fs::symlink(logs, path.join("sample-logs")).expect("a link to the samples");
        Self { directory, path }
    }

    /// A directory whose `keytrail-store` holds the sample logs.
    pub(crate) fn with_samples() -> Self {
        let context = Self::new();
        let ingest = context.run(&["ingest", "sample-logs/AWSLogs"]);
        // The broken file is planted.
        assert_eq!(ingest.code, 2, "{ingest}");
        context
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The default store.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("keytrail-store")
    }

    /// Runs the program with these words.
    pub(crate) fn run(&self, words: &[&str]) -> Transcript {
        self.run_with(words, "")
    }

    /// Runs the program with this text on standard input.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Transcript {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin
            .write_all(input.as_bytes())
            .expect("short texts fit into the pipe");
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        self.transcript(words, output)
    }

    /// Runs the program with these variables in its environment.
    pub(crate) fn run_in(&self, words: &[&str], environment: &[(String, String)]) -> Transcript {
        let mut command = self.command(words);
        let environment = environment.iter().map(|(name, value)| (name, value));
        let output = command.envs(environment).output();
        self.transcript(words, output.expect("the program runs"))
    }

    /// Runs the program with its standard output going there.
    pub(crate) fn run_into(&self, words: &[&str], stdout: impl Into<Stdio>) -> Transcript {
        let mut command = self.command(words);
        let child = command.stdout(stdout).spawn().expect("the program starts");
        // It holds the other end of the pipe until it is dropped.
        drop(command);
        let output = child.wait_with_output().expect("the program ends");
        self.transcript(words, output)
    }

    /// Runs `keytrail sql` and answers its rows.
    pub(crate) fn rows(&self, statement: &str) -> Vec<Value> {
        self.json(&["sql", statement, "--format", "json"])
    }

    /// Runs a command that prints an array as JSON, and answers its elements.
    pub(crate) fn json(&self, words: &[&str]) -> Vec<Value> {
        let transcript = self.run(words);
        assert_eq!(transcript.code, 0, "{transcript}");
        serde_json::from_slice(&transcript.raw.stdout).expect("an array")
    }

    /// The program, about to be run in the directory with nothing of our environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(KEYTRAIL);
        command
            .args(words)
            .current_dir(&self.path)
            .env_clear()
            .env("TMPDIR", &self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn transcript(&self, words: &[&str], raw: Output) -> Transcript {
        Transcript {
            command: shown(words),
            code: raw.status.code().expect("no signal ended it"),
            stdout: self.filtered(&raw.stdout),
            stderr: self.filtered(&raw.stderr),
            raw,
        }
    }

    /// The text, with everything replaced that differs from run to run.
    pub(crate) fn filtered(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes)
            .replace(&*self.path.to_string_lossy(), "[DIR]")
            .replace(&*self.directory.path().to_string_lossy(), "[DIR]")
            .replace(REPOSITORY, "[REPO]");
        let text = mask(&text, "/.tmp", 6, "[RANDOM]");
        let text = mask(&text, "/.keytrail-", 6, "[RANDOM]");
        let text = mask(&text, "\"run_id\": \"", 36, "[RUN ID]");
        let text = mask(&text, "\"started_at\": \"", 20, "[TIME OF THE RUN]");
        let text = mask(&text, "_horizon\": \"", 20, "[HORIZON]");
        let mut filtered = String::with_capacity(text.len());
        let mut previous = "";
        for line in text.split_inclusive('\n') {
            filtered.push_str(&filtered_status(line, previous));
            previous = line;
        }
        filtered
    }
}

/// One command and what came of it.
pub(crate) struct Transcript {
    pub(crate) command: String,
    pub(crate) code: i32,
    /// Standard output, filtered.
    pub(crate) stdout: String,
    /// Standard error, filtered.
    pub(crate) stderr: String,
    /// Both as they came.
    pub(crate) raw: Output,
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "$ {}\n----- exit code: {}\n----- stdout\n{}----- stderr\n{}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}

/// The transcripts of several commands, one below the other.
pub(crate) fn joined(transcripts: &[Transcript]) -> String {
    let texts: Vec<String> = transcripts.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

/// A pipe whose reader has gone already.
pub(crate) fn broken_pipe() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer
}

/// The command as it would be typed.
fn shown(words: &[&str]) -> String {
    let mut text = "keytrail".to_owned();
    for word in words {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
        let quote = match word {
            word if !word.is_empty() && word.chars().all(is_plain) => "",
            word if word.contains('"') => "'",
            _ => "\"",
        };
        text.extend([" ", quote, word, quote]);
    }
    text
}

/// Replaces so many characters behind each occurrence of a text.
fn mask(text: &str, before: &str, count: usize, mask: &str) -> String {
    let mut parts = text.split(before);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(before);
        masked.push_str(mask);
        masked.extend(part.chars().skip(count));
    }
    masked
}

/// A line of `status`: file sizes depend on the lengths of paths and on random ids, and runs on the clock.
fn filtered_status(line: &str, previous: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [table, _, _, bytes]
            if keytrail::schema::table(table).is_some() && !bytes.starts_with('r') =>
        {
            let width = bytes.len().max("[BYTES]".len());
            let line = line.trim_end();
            let head = line[..line.len() - bytes.len()].trim_end();
            let gap = line.len() - head.len() - width;
            format!("{head}{:gap$}{:>width$}\n", "", "[BYTES]")
        }
        [
            "note[logs-end]:",
            "the",
            "logs",
            "ended",
            days,
            "days",
            "ago,",
            ..,
        ] => line.replace(&format!("ended {days} days"), "ended [DAYS] days"),
        ["lag", "the", "last", "delivery", ..] => "lag     [LAG]\n".to_owned(),
        ["\"told\":", "\"the", "last", "delivery", ..] => "      \"told\": \"[LAG]\"\n".to_owned(),
        [time, "ingest" | "retain", ..] if time.ends_with('Z') => {
            line.replace(time, "[TIME OF THE RUN...]")
        }
        ["events", "kept", "from", time]
        | ["usage", "kept", "from", time]
        | ["kept", "events", "from", time, "on"]
        | ["kept", "usage", "from", time, "on"]
            if time.ends_with('Z') =>
        {
            line.replace(time, "[HORIZON]")
        }
        ["\"bytes\":", bytes] if previous.contains("\"files\": ") => {
            line.replace(*bytes, "[BYTES]")
        }
        _ => line.to_owned(),
    }
}
