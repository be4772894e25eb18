//! What must be said beside every answer from a store, whatever was asked: one function for each note.
//!
//! Enters: a reader. Leaves: lines for standard error.

use super::numbers::grouped;
use crate::ingest::Unfinished;
use crate::service::{Reader, ServiceError};

/// Runs that are named one by one.
const RUNS_NAMED_MAX: usize = 3;

/// The notes on the state of a store, as lines; empty where all is well.
pub(super) async fn of_store(reader: &Reader) -> Result<String, ServiceError> {
    Ok(of_runs(&reader.unfinished().await?))
}

/// The notes on these runs, as lines.
pub(super) fn of_runs(runs: &[Unfinished]) -> String {
    lines(&of_unfinished(runs))
}

/// Notes, a line each.
pub(super) fn lines(notes: &[String]) -> String {
    notes
        .iter()
        .flat_map(|note| ["note: ", note, "\n"])
        .collect()
}

/// Ingests that did not read everything.
fn of_unfinished(runs: &[Unfinished]) -> Vec<String> {
    let mut notes: Vec<String> = runs.iter().take(RUNS_NAMED_MAX).map(told).collect();
    if runs.len() > RUNS_NAMED_MAX {
        notes.push(format!(
            "{} more ingests have not finished; see keytrail status",
            grouped((runs.len() - RUNS_NAMED_MAX) as u64)
        ));
    }
    notes
}

/// One of them, in a sentence.
pub(super) fn told(run: &Unfinished) -> String {
    let sources = match run.sources.as_slice() {
        [] => String::new(),
        [source] => format!(" of {source}"),
        [source, others @ ..] => format!(" of {source} and {} more", others.len()),
    };
    let began = run.began();
    let counted = format!(
        "{} of {} objects",
        grouped(run.objects_done),
        grouped(run.objects_planned)
    );
    if run.is_interrupted {
        format!(
            "the ingest{sources} that began {began} was interrupted: the store has {counted}; run it again to add \
             the rest"
        )
    } else {
        format!(
            "the ingest{sources} that began {began} has not finished: the store has {counted} so far; if it is no \
             longer running, run it again"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::of_unfinished;
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
        assert_eq!(
            of_unfinished(&[run(&["logs"], true), run(&["s3://b", "logs"], false)]),
            [
                "the ingest of logs that began 2026-03-15T00:00:00Z was interrupted: the store has 5,339 of 13,995 \
                 objects; run it again to add the rest",
                "the ingest of s3://b and 1 more that began 2026-03-15T00:00:00Z has not finished: the store has \
                 5,339 of 13,995 objects so far; if it is no longer running, run it again",
            ]
        );
    }

    #[test]
    fn many_runs_are_counted() {
        let runs = vec![run(&["q"], false); 5];
        let notes = of_unfinished(&runs);
        assert_eq!(notes.len(), 4);
        assert_eq!(
            notes[3],
            "2 more ingests have not finished; see keytrail status"
        );
        assert!(of_unfinished(&[]).is_empty());
    }
}
