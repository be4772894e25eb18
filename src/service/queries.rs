//! The query files: ours, and those of a user's own directory.
//!
//! Enters: a directory with `reports/` and `views/`. Leaves: a library, and the sessions made with it.

use std::path::Path;
use std::sync::Arc;

use super::error::ServiceError;
use crate::catalog::{CatalogError, Library};
use crate::sql::Session;
use crate::store::Pins;

/// The queries, and what a session needs of them.
#[derive(Debug)]
pub struct Queries {
    /// The query files.
    pub library: Arc<Library>,
    /// What is wrong with the user's own files: a statement that uses one of them fails, and no other.
    pub faults: Vec<CatalogError>,
}

impl Queries {
    /// Ours alone, for everything that is stored: it must not depend on a user's directory.
    ///
    /// # Errors
    /// Never, where this program was tested.
    pub fn embedded() -> Result<Self, ServiceError> {
        Ok(Self {
            library: Arc::new(Library::embedded()?),
            faults: Vec::new(),
        })
    }

    /// Ours, with what a user's directory adds and overrides.
    ///
    /// # Errors
    /// If the directory cannot be listed.
    pub fn with_own(directory: &Path) -> Result<Self, ServiceError> {
        let mut library = Library::embedded()?;
        let files = query_files(directory)?;
        let added = files.iter().map(|file| file.add_to(&mut library));
        let mut faults: Vec<CatalogError> = added.filter_map(Result::err).collect();
        for fault in library.own_faults() {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        Ok(Self {
            library: Arc::new(library),
            faults,
        })
    }

    /// A session over pinned tables, with all views.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn over(&self, pins: &Pins) -> Result<Session, ServiceError> {
        Ok(Session::open(pins, &self.library).await?)
    }
}

/// An `.sql` file of a user's directory.
#[derive(Debug)]
pub(super) struct QueryFile {
    /// Where it is, for messages.
    pub(super) shown: String,
    /// Where it is in the directory, with slashes.
    pub(super) path: String,
    /// Its text, or its fault.
    pub(super) text: Result<String, CatalogError>,
}

impl QueryFile {
    /// Adds the file to a library; returns whether it was taken.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add_to(&self, library: &mut Library) -> Result<bool, CatalogError> {
        match &self.text {
            Ok(text) => library.add_own(&self.path, &self.shown, text),
            Err(fault) => {
                library.add_unreadable(&self.path, &self.shown, fault.clone());
                Err(fault.clone())
            }
        }
    }
}

/// The `.sql` files below a directory, in the order of their paths.
pub(super) fn query_files(directory: &Path) -> Result<Vec<QueryFile>, ServiceError> {
    if !directory.is_dir() {
        return Err(ServiceError::NoQueries {
            directory: directory.display().to_string(),
        });
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.map_err(|source| ServiceError::ListQueries {
            directory: directory.display().to_string(),
            source,
        })?;
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
            Err(error) => Err(fault(&shown, 1, format!("it cannot be read: {error}"))),
        };
        let path = entry.path().strip_prefix(directory).unwrap_or(entry.path());
        files.push(QueryFile {
            shown,
            path: path.to_string_lossy().replace('\\', "/"),
            text,
        });
    }
    Ok(files)
}

/// The text of a file, or the line on which it is none.
fn text(shown: &str, bytes: Vec<u8>) -> Result<String, CatalogError> {
    const MARK: &str = "\u{feff}";
    let text = String::from_utf8(bytes).map(|text| match text.strip_prefix(MARK) {
        Some(rest) => rest.to_owned(),
        None => text,
    });
    text.map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        fault(shown, line, "it is not UTF-8".to_owned())
    })
}

fn fault(shown: &str, line: usize, problem: String) -> CatalogError {
    CatalogError::Header {
        path: shown.to_owned(),
        line,
        problem,
    }
}
