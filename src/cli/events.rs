//! The events of services as lines for people.

use std::io;

use super::clock::now_micros;
use super::error::{print_warning, to_stderr, to_stdout};
use super::notes;
use super::numbers::grouped;
use crate::catalog::Note;
use crate::render::visible;
use crate::service::{Host, ServiceEvent};

/// The clock of this computer, and a sink that prints.
pub(super) const HOST: Host<'static> = Host {
    clock: &now_micros,
    events: &show,
};

/// Prints an event.
pub(super) fn show(event: ServiceEvent<'_>) -> io::Result<()> {
    match event {
        ServiceEvent::StoreWarning(warning) => print_warning(warning),
        ServiceEvent::FilesSkipped { count, examples } => {
            let names: Vec<String> = examples
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            to_stderr(&format!(
                "warning: {} skipped: neither named like logs nor beginning like them: {}{}\n",
                files(count),
                names.join(", "),
                if count > names.len() as u64 {
                    ", …"
                } else {
                    ""
                }
            ));
        }
        ServiceEvent::MessageLeft { id, reason } => {
            let (id, reason) = (visible(id), visible(reason));
            to_stderr(&format!(
                "warning: message {id} is left in the queue: {reason}\n"
            ));
        }
        ServiceEvent::ObjectsSkipped { count, example } => {
            let example = visible(example);
            let text = match count {
                1 => format!("1 object skipped, not named like a log ({example})"),
                _ => format!(
                    "{} objects skipped, not named like logs ({example}, …)",
                    grouped(count as u64)
                ),
            };
            notes::print(&[Note::new("skipped", i64::try_from(count).ok(), text)]);
        }
        ServiceEvent::QueueRefused(refused) => to_stderr(&format!("warning: {refused}\n")),
        ServiceEvent::MessagesNotDeleted { count } => {
            to_stderr(&format!("warning: {count} messages could not be deleted\n"));
        }
        ServiceEvent::TableCompacted {
            table,
            files_removed,
            files_added,
        } => to_stdout(&format!(
            "{table:<18}{files_removed:>6} files merged into {files_added}\n"
        ))?,
        ServiceEvent::TableVacuumed {
            table,
            files,
            bytes,
        } => to_stdout(&format!(
            "{table:<18}{files:>6} files deleted, {} bytes\n",
            grouped(bytes)
        ))?,
        // The subcommands that get these show them themselves.
        ServiceEvent::Begun { .. } | ServiceEvent::BatchIngested { .. } => {}
    }
    Ok(())
}

fn files(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{} files", grouped(count)),
    }
}
