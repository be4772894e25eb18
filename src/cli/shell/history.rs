//! What was entered, kept in a file of the user's own.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rustyline::Editor;
use rustyline::history::{DefaultHistory, History as _};

use super::super::notes;
use super::completion::Helpful;
use crate::catalog::Note;

/// Where the history is kept; nowhere after it could not be, which is said once.
pub(super) struct History {
    path: Option<PathBuf>,
}

impl History {
    /// `KEYTRAIL_HISTORY`, else `keytrail/history` in the directory for the state of programs.
    pub(super) fn chosen() -> Self {
        let variables = ["KEYTRAIL_HISTORY", "XDG_STATE_HOME", "HOME"].map(env::var_os);
        Self {
            path: place(variables),
        }
    }

    /// Reads what was entered in earlier shells.
    pub(super) fn load(&mut self, editor: &mut Editor<Helpful, DefaultHistory>) {
        let Some(path) = self.path.clone() else {
            return;
        };
        let loaded = make_folder(&path).map_err(Into::into).and_then(|()| {
            if path.exists() {
                // What cannot be written to is not kept in memory only to be lost.
                fs::File::options().append(true).open(&path)?;
                editor.history_mut().load(&path)
            } else {
                Ok(())
            }
        });
        if let Err(error) = loaded {
            self.give_up(&path, &error);
        }
    }

    /// Keeps an entry at once, so that it outlives a shell that is killed.
    pub(super) fn add(&mut self, editor: &mut Editor<Helpful, DefaultHistory>, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let kept = editor.add_history_entry(text);
        let Some(path) = self.path.clone() else {
            return;
        };
        let kept = kept.and_then(|_is_new| editor.append_history(&path));
        if let Err(error) = kept {
            self.give_up(&path, &error);
        }
    }

    fn give_up(&mut self, path: &Path, error: &dyn std::fmt::Display) {
        let text = format!(
            "history is not saved: cannot use `{}`: {error}",
            path.display()
        );
        notes::print(&[Note::new("shell-history", None, text)]);
        self.path = None;
    }
}

/// The file, by the three variables; none where the first is empty or all are missing.
fn place([own, state, home]: [Option<OsString>; 3]) -> Option<PathBuf> {
    if let Some(own) = own {
        return Some(PathBuf::from(own)).filter(|path| !path.as_os_str().is_empty());
    }
    let directory = |variable: Option<OsString>| {
        // A relative one would lead elsewhere from each directory; the standard says to ignore it.
        variable
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = directory(state).or_else(|| Some(directory(home)?.join(".local/state")))?;
    Some(state.join("keytrail/history"))
}

/// Makes the folder of the file, for this user alone.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_first_variable_that_says_where_counts() {
        #[track_caller]
        fn check(variables: [&str; 3], expected: &str) {
            // A dash stands for a variable that is not set.
            let variables = variables.map(|text| (text != "-").then(|| text.into()));
            let found = place(variables).map(|path| path.display().to_string());
            assert_eq!(found.as_deref().unwrap_or_default(), expected);
        }
        check(["/h", "/s", "/home/a"], "/h");
        check(["", "/s", "/home/a"], "");
        check(["-", "/s", "/home/a"], "/s/keytrail/history");
        check(
            ["-", "s", "/home/a"],
            "/home/a/.local/state/keytrail/history",
        );
        check(
            ["-", "-", "/home/a"],
            "/home/a/.local/state/keytrail/history",
        );
        check(["-", "-", "-"], "");
    }
}
