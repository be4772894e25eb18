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

use self::command::Command;
use self::completion::{Helpful, Names};
use self::history::History;
use self::outlet::Outlet;
use self::pager::Pager;
use self::running::{Interrupts, Question};
use self::statement::Input;
use super::ExitStatus;
use super::args::OutputArgs;
use super::error::{print, to_stderr};
use super::notes;
use super::queries::{Queries, QueriesChoice};
use super::session::StoreChoice;
use crate::sql::Session;
use crate::store::{Pins, Store};

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

/// A session over one state of the store, and that state.
struct Opened {
    session: Session,
    pins: Pins,
    versions: Vec<u64>,
    /// What must be said beside every answer from it.
    notes: String,
}

/// What a question is answered with.
struct Desk {
    store: Store,
    queries: Queries,
    opened: Opened,
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
    let queries = Queries::chosen(queries)?;
    let store = place.open().await?;
    let opened = open(&store, &queries).await?;
    let mut shell = Shell {
        desk: Desk {
            outlet: Outlet::new(place, output, Pager::chosen())?,
            store,
            queries,
            opened,
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

async fn open(store: &Store, queries: &Queries) -> anyhow::Result<Opened> {
    let pins = store.pin().await?;
    Opened::over(pins, queries).await
}

impl Opened {
    async fn over(pins: Pins, queries: &Queries) -> anyhow::Result<Self> {
        Ok(Self {
            session: queries.over(&pins).await?,
            notes: notes::of_store(&pins).await?,
            versions: versions(&pins),
            pins,
        })
    }
}

fn versions(pins: &Pins) -> Vec<u64> {
    pins.iter().map(crate::store::Snapshot::version).collect()
}

impl Shell {
    /// Takes what was entered, one input after the other. An error ends its own input alone.
    async fn take(&mut self, text: &str) -> Next {
        for input in statement::split(text).0 {
            let done = match input {
                Input::Farewell => return Next::Leave,
                Input::Statement(statement) => self.answer(Question::Statement(statement)).await,
                Input::Command(command) => match Command::parse(command) {
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
    /// Sees to it that the session is over the newest state of the store.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        let pins = self.store.pin().await?;
        if versions(&pins) != self.opened.versions {
            self.opened = Opened::over(pins, &self.queries).await?;
        }
        Ok(())
    }

    /// The names that can be completed.
    async fn names(&self) -> anyhow::Result<Names> {
        Names::of(&self.opened.session, &self.queries).await
    }
}
