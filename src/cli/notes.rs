//! Notes, on standard error: those on an answer, and those on the store that come with every answer.
//!
//! Enters: notes, or a reader. Leaves: a line for each note, `note[CODE]: TEXT`; in the JSON format of the log, an event
//! with the fields `code`, `count` and `message`.

use std::fmt::Write as _;

use super::error::to_stderr;
use super::logging;
use super::numbers::grouped;
use crate::catalog::Note;
use crate::ingest::Unfinished;
use crate::service::{Reader, ServiceError};

/// Runs that are named one by one.
const RUNS_NAMED_MAX: usize = 3;

/// Prints notes.
pub(super) fn print(notes: &[Note]) {
    if logging::is_json() {
        notes.iter().for_each(logging::say_note);
    } else {
        to_stderr(&lines(notes));
    }
}

/// Notes, a line each.
fn lines(notes: &[Note]) -> String {
    let mut text = String::new();
    for note in notes {
        let _infallible = writeln!(text, "note[{}]: {}", note.code, note.text);
    }
    text
}

/// The notes on the state of a store; empty if all is well.
pub(super) async fn of_store(reader: &Reader) -> Result<Vec<Note>, ServiceError> {
    Ok(of_runs(&reader.unfinished().await?))
}

/// The notes on ingests that did not read everything.
pub(super) fn of_runs(runs: &[Unfinished]) -> Vec<Note> {
    let note = |count: u64, text| Note::new("unfinished", i64::try_from(count).ok(), text);
    let named = runs.iter().take(RUNS_NAMED_MAX);
    let mut notes: Vec<Note> = named.map(|run| note(run.objects_done, said(run))).collect();
    if runs.len() > RUNS_NAMED_MAX {
        let more = (runs.len() - RUNS_NAMED_MAX) as u64;
        let count = grouped(more);
        let text = match more {
            1 => "1 more ingest has not finished; see keytrail status".to_owned(),
            _ => format!("{count} more ingests have not finished; see keytrail status"),
        };
        notes.push(note(more, text));
    }
    notes
}

/// An ingest that did not read everything, in a sentence.
pub(super) fn said(run: &Unfinished) -> String {
    let sources = match run.sources.as_slice() {
        [] => "an ingest".to_owned(),
        [source] => format!("the ingest of {source}"),
        [source, others @ ..] => format!("the ingest of {source} and {} more", others.len()),
    };
    let began = run.began();
    let counted = format!(
        "{} of {} objects",
        grouped(run.objects_done),
        grouped(run.objects_planned)
    );
    if run.is_interrupted {
        format!("{counted} stored from {sources} (interrupted, began {began}); run it again")
    } else {
        format!(
            "{counted} stored so far from {sources} (began {began}); if it is not running, run it again"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{lines, of_runs};
    use crate::ingest::Unfinished;

    fn run(sources: &[&str], is_interrupted: bool) -> Unfinished {
        Unfinished {
            run_id: "r".to_owned(),
            // 2026-03-15T00:00:00Z
            started_at: 1_773_532_800_000_000,
            is_interrupted,
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            objects_planned: 13_995,
            objects_done: 5_339,
        }
    }

    #[test]
    fn each_run_is_a_sentence() {
        let notes = of_runs(&[run(&["logs"], true), run(&["s3://b", "logs"], false)]);
        assert_eq!(
            lines(&notes),
            "note[unfinished]: 5,339 of 13,995 objects stored from the ingest of logs \
             (interrupted, began 2026-03-15T00:00:00Z); run it again\n\
             note[unfinished]: 5,339 of 13,995 objects stored so far from the ingest of s3://b and 1 more \
             (began 2026-03-15T00:00:00Z); if it is not running, run it again\n"
        );
        assert_eq!(notes[0].count, Some(5_339));
    }

    #[test]
    fn many_runs_are_counted() {
        let runs = vec![run(&["q"], false); 5];
        let notes = of_runs(&runs);
        assert_eq!(notes.len(), 4);
        let more = "2 more ingests have not finished; see keytrail status";
        assert_eq!((notes[3].count, notes[3].text.as_str()), (Some(2), more));
        let notes = of_runs(&runs[..4]);
        let more = "1 more ingest has not finished; see keytrail status";
        assert_eq!(notes[3].text, more);
        assert!(of_runs(&[]).is_empty());
    }
}
