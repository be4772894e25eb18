//! The query files: ours, and those of the user's own directory.
//!
//! Enters: a directory with `reports/` and `views/`. Leaves: a library, and the sessions made with it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::catalog::Library;
use crate::catalog::{Relation, Relations};
use crate::sql::Session;
use crate::store::{Pins, Place, Store};

/// The user's own directory of queries, if one was chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct QueriesChoice {
    directory: Option<PathBuf>,
}

impl QueriesChoice {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        // An empty variable is one that is not set.
        let directory = directory.filter(|path| !path.as_os_str().is_empty());
        Self { directory }
    }
}

/// The queries, and what a session needs of them.
pub(super) struct Queries {
    pub(super) library: Library,
}

impl Queries {
    /// Ours alone: what is written by them must not depend on who writes.
    pub(super) fn embedded() -> anyhow::Result<Self> {
        Ok(Self {
            library: Library::embedded()?,
        })
    }

    /// Ours, with what the user's directory adds and overrides.
    pub(super) fn chosen(choice: &QueriesChoice) -> anyhow::Result<Self> {
        let mut queries = Self::embedded()?;
        let Some(directory) = &choice.directory else {
            return Ok(queries);
        };
        for file in files(directory)? {
            let text = file.text.map_err(anyhow::Error::msg);
            let added = text.and_then(|text| {
                let library = &mut queries.library;
                Ok(library.add_own(&file.path, &file.shown, &text)?)
            });
            added.with_context(|| {
                let directory = directory.display();
                format!("the queries of `{directory}` cannot be used\n\nhint: `keytrail report check {directory}` tells all that is wrong")
            })?;
        }
        Ok(queries)
    }

    /// The tables and views that are listed and offered: all but those that only other queries read.
    pub(super) fn public_relations(&self, session: &Session) -> Vec<String> {
        let mut names = session.relations();
        names.retain(|name| !self.library.is_internal(name));
        names
    }

    /// The queries of the roll-ups.
    pub(super) fn rollups(&self) -> Vec<Relation<'_>> {
        crate::schema::ROLLUPS
            .into_iter()
            .filter_map(|table| self.library.rollup(table.name))
            .map(Relation::from)
            .collect()
    }

    /// A session over a store, with all views.
    pub(super) async fn session(&self, store: &Store) -> anyhow::Result<(Session, Pins)> {
        let pins = store.pin().await?;
        let session = self.over(&pins).await?;
        Ok((session, pins))
    }

    /// A session over pinned tables, with all views.
    pub(super) async fn over(&self, pins: &Pins) -> anyhow::Result<Session> {
        let relations = Relations {
            views: self
                .library
                .views()?
                .into_iter()
                .map(Relation::from)
                .collect(),
            rollups: self.rollups(),
        };
        Ok(Session::open(pins, &relations).await?)
    }
}

/// A store without rows, in a folder that is deleted when it is dropped: what is planned over it needs no data.
pub(super) async fn scratch_store() -> anyhow::Result<(TempDir, Store)> {
    let folder = tempfile::tempdir().context("cannot make a temporary directory")?;
    let store = Store::create(Place::create_directory(folder.path())?).await?;
    Ok((folder, store))
}

/// An `.sql` file of a user's directory.
pub(super) struct QueryFile {
    /// Where it is, for messages.
    pub(super) shown: String,
    /// Where it is in the directory, with slashes.
    pub(super) path: String,
    /// What it holds, or what is wrong with it.
    pub(super) text: Result<String, String>,
}

/// The `.sql` files below a directory, in the order of their paths.
pub(super) fn files(directory: &Path) -> anyhow::Result<Vec<QueryFile>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry
            .with_context(|| format!("cannot list the queries of `{}`", directory.display()))?;
        let is_query = entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "sql");
        if !is_query || entry.file_type().is_dir() {
            continue;
        }
        let shown = entry.path().display().to_string();
        let text = match std::fs::read(entry.path()) {
            Ok(bytes) => text(&shown, bytes),
            Err(error) => Err(format!("{shown}:1: it cannot be read: {error}")),
        };
        let path = entry.path().strip_prefix(directory).unwrap_or(entry.path());
        files.push(QueryFile {
            shown,
            path: path.to_string_lossy().replace('\\', "/"),
            text,
        });
    }
    anyhow::ensure!(
        directory.is_dir(),
        "`{}` is not a directory\n\nhint: queries are in macros/, reports/ and views/ of one",
        directory.display()
    );
    Ok(files)
}

/// The text of a file, or the line on which it is none.
fn text(shown: &str, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        format!("{shown}:{line}: it is not UTF-8")
    })
}
