//! The shell: `keytrail sql` on a terminal, without a statement.
//!
//! Enters: lines from a terminal. Leaves: rows, on the terminal through a pager or in a file. Each statement
//! is answered over the newest state of the store: the session is made again when a table has a newer
//! version, else kept. An error ends a statement, never the shell, nor the statements behind it; lines that come
//! while one runs wait for their turn. Ctrl-C ends a statement that runs, with what waits behind it, and forgets
//! one that is being typed.

mod command;
mod completion;
mod describe;
mod history;
mod outlet;
mod pager;
mod running;
mod statement;

use std::io::IsTerminal as _;

use rustyline::Editor;
use rustyline::config::{Behavior, CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;

pub(super) use self::command::description;
pub(super) use self::describe::described;

use self::command::ShellCommand;
use self::completion::{Helpful, Names};
use self::history::History;
use self::outlet::Outlet;
use self::pager::Pager;
use self::running::{Interrupts, ShellQuestion};
use self::statement::ShellInput;
use super::ExitStatus;
use super::args::OutputArgs;
use super::error::{print, to_stderr};
use super::notes;
use super::queries::QueriesChoice;
use super::session::StoreChoice;
use crate::catalog::Note;
use crate::service::Reader;
use crate::store::Store;

const PROMPT: &str = "keytrail> ";
/// Statements kept in the history.
const HISTORY_ENTRIES_MAX: usize = 1000;

/// What an input leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Stay,
    /// Ctrl-C: what was entered behind it is forgotten, as the terminal itself forgets what it has not handed over.
    Stopped,
    Leave,
}

/// What a question is answered with.
struct Desk {
    store: Store,
    reader: Reader,
    /// The notes on the store, which come with every answer; none until they are known.
    notes: Option<Vec<Note>>,
    outlet: Outlet,
}

/// Everything between two prompts.
struct Shell {
    desk: Desk,
    interrupts: Interrupts,
    is_timed: bool,
}

pub(super) async fn run(
    place: &StoreChoice,
    queries: &QueriesChoice,
    output: OutputArgs,
) -> anyhow::Result<ExitStatus> {
    let queries = queries.load()?;
    let store = place.open().await?;
    let reader = Reader::open(&store, queries).await?;
    let mut shell = Shell {
        desk: Desk {
            outlet: Outlet::new(place, output, Pager::chosen())?,
            store,
            notes: Some(notes::of_store(&reader).await?),
            reader,
        },
        interrupts: Interrupts::listen()?,
        is_timed: false,
    };
    let mut editor = editor(FileHistory::default())?;
    editor.set_helper(Some(Helpful::new(shell.desk.names().await?)));
    let mut history = History::chosen();
    history.load(&mut editor);
    to_stderr(&format!(
        "keytrail {}; \\? for help, \\q to leave\n",
        env!("CARGO_PKG_VERSION")
    ));
    loop {
        shell.interrupts.forget();
        // The thread waits for the keyboard; what runs beside it goes on.
        match tokio::task::block_in_place(|| editor.readline(PROMPT)) {
            Ok(text) => {
                history.add(&mut editor, &text);
                match Box::pin(shell.take(&text)).await {
                    Next::Stay => {}
                    Next::Stopped => editor = emptied(editor)?,
                    Next::Leave => break,
                }
                if let (Ok(names), Some(helper)) = (shell.desk.names().await, editor.helper_mut()) {
                    helper.names = names;
                }
            }
            // Ctrl-C: what was typed is forgotten.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ExitStatus::Success)
}

/// The editor without the lines that it has read ahead.
fn emptied(
    mut editor: Editor<Helpful, FileHistory>,
) -> anyhow::Result<Editor<Helpful, FileHistory>> {
    let history = std::mem::take(editor.history_mut());
    let names = editor
        .helper_mut()
        .map(|helper| std::mem::take(&mut helper.names));
    let mut editor = self::editor(history)?;
    editor.set_helper(names.map(Helpful::new));
    Ok(editor)
}

fn editor(history: FileHistory) -> anyhow::Result<Editor<Helpful, FileHistory>> {
    // Where the rows go to a file, the prompt is still for the terminal.
    let behavior = if std::io::stdout().is_terminal() {
        Behavior::Stdio
    } else {
        Behavior::PreferTerm
    };
    let config = Config::builder()
        .behavior(behavior)
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY_ENTRIES_MAX)?
        .build();
    Ok(Editor::with_history(config, history)?)
}

impl Shell {
    /// Takes what was entered, one input after the other. An error ends its own input alone.
    async fn take(&mut self, text: &str) -> Next {
        for input in statement::split(text).0 {
            let done = match input {
                ShellInput::Farewell => return Next::Leave,
                ShellInput::Statement(statement) => {
                    self.answer(ShellQuestion::Statement(statement)).await
                }
                ShellInput::Command(command) => match ShellCommand::parse(command) {
                    Ok(command) => self.obey(command).await,
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(Next::Stay) => {}
                Ok(next) => return next,
                Err(error) => print(&error),
            }
        }
        Next::Stay
    }
}

impl Desk {
    /// Sees to it that the reader is over the newest state of the store.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        if self.reader.refresh(&self.store).await? {
            // Ctrl-C may come before the new ones are known.
            self.notes = None;
        }
        if self.notes.is_none() {
            self.notes = Some(notes::of_store(&self.reader).await?);
        }
        Ok(())
    }

    /// Prints the notes on the store.
    fn say_notes(&self) {
        notes::print(self.notes.as_deref().unwrap_or_default());
    }

    /// The names that can be completed.
    async fn names(&self) -> anyhow::Result<Names> {
        Names::of(&self.reader).await
    }
}
