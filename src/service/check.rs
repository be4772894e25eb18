//! The faults of a directory of query files.
//!
//! The files are planned against the tables of a store without rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::error::ServiceError;
use super::queries::{QueryFile, query_files};
use crate::catalog::{CatalogError, Library, Query, Relation};
use crate::report::{self, statement_fault};
use crate::sql::Session;
use crate::store::Store;

/// The faults of query files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueryCheck {
    /// How many files there are.
    pub files: usize,
    /// Their faults, each with its file and line.
    pub faults: Vec<String>,
}

/// Checks the query files of a directory; they are planned against the tables of `scratch`, a store without rows.
///
/// # Errors
/// If the directory cannot be listed, or the tables not be made.
pub async fn check_queries(directory: &Path, scratch: &Store) -> Result<QueryCheck, ServiceError> {
    let files = query_files(directory)?;
    let mut library = Library::embedded()?;
    let mut faults = take(&mut library, &files);
    faults.extend(library.own_faults().iter().map(ToString::to_string));
    let session = tables(&library, scratch).await?;
    let own = (files.iter().map(|file| (file.shown.as_str(), file))).collect();
    let mut check = Check {
        library: &library,
        session: &session,
        own,
        faults,
        failed: BTreeSet::new(),
        broken: BTreeMap::new(),
    };
    check.views().await;
    check.reports().await;
    // Several reports read one scope: the same fault is listed once.
    let mut listed = BTreeSet::new();
    let mut faults = check.all_faults();
    faults.retain(|fault| listed.insert(fault.clone()));
    Ok(QueryCheck {
        files: files.len(),
        faults,
    })
}

/// A check under way.
struct Check<'a> {
    library: &'a Library,
    session: &'a Session,
    /// The user's own files, by their paths.
    own: BTreeMap<&'a str, &'a QueryFile>,
    faults: Vec<String>,
    /// The views that could not be made.
    failed: BTreeSet<&'a str>,
    /// The user's own views that queries of ours cannot read, by place: those queries, and what is wrong with the first.
    broken: BTreeMap<String, (Vec<&'a str>, String)>,
}

impl<'a> Check<'a> {
    /// All faults that were found.
    fn all_faults(self) -> Vec<String> {
        let mut faults = self.faults;
        for (place, (readers, problem)) in self.broken {
            let first = readers.first().copied().unwrap_or_default();
            let others = match readers.len() {
                0 | 1 => String::new(),
                number => format!(" and {} more", number - 1),
            };
            faults.push(format!(
                "{place}: `{first}`{others} cannot read it: {problem}"
            ));
        }
        faults
    }

    /// Makes the views, and notes the faults of the user's own.
    async fn views(&mut self) {
        let (sound, unsound) = self.library.sound_views();
        self.faults.extend(unsound.iter().map(ToString::to_string));
        self.failed = self.library.view_names().collect();
        for view in &sound {
            self.failed.remove(view.id.as_str());
        }
        for view in sound {
            // A fault is listed once, not again for each view that reads it.
            let mut read = view.depends.iter();
            if read.any(|name| self.failed.contains(name.as_str())) {
                self.failed.insert(&view.id);
                continue;
            }
            let registered = self.session.register_view(&Relation::from(view)).await;
            let own = self.own.get(view.path.as_str()).copied();
            if let Err(source) = registered {
                self.failed.insert(&view.id);
                let fault = statement_fault(view, &source);
                if own.is_some() {
                    let fault = unread_view(self.library, view, &fault.to_string());
                    self.faults.push(fault);
                } else {
                    self.note(view, &fault);
                }
            } else if let Some(file) = own {
                let text = file.text.as_deref().unwrap_or_default();
                let faults = undocumented(self.library, self.session, view, text).await;
                self.faults.extend(faults);
            }
        }
    }

    /// Notes the faults of the user's own reports, and of ours that read a view of the user's own.
    async fn reports(&mut self) {
        let library = self.library;
        for report in library.reports() {
            let file = self.own.get(report.path.as_str()).copied();
            let is_checked = file.is_some()
                || (self.failed.is_empty() && library.own_view_read(report).is_some());
            if !is_checked {
                continue;
            }
            // Line numbers of ours are those of the file in the repository.
            let text = file.and_then(|file| file.text.as_deref().ok());
            let text = text.unwrap_or_default();
            for fault in report::check(self.session, library, report, text).await {
                let said = fault.to_string();
                // What reads a view that is at fault is not at fault for it.
                if !self.failed.iter().any(|view| is_lack_of(view, &said)) {
                    self.note(report, &fault);
                }
            }
        }
    }

    /// Notes a fault that a query has: that of the user's own view, if one of our files fails because of it.
    fn note(&mut self, query: &'a Query, fault: &CatalogError) {
        let is_own = match fault {
            CatalogError::Header { path, .. } | CatalogError::Dependency { path, .. } => {
                self.own.contains_key(path.as_str())
            }
            CatalogError::UnknownReport { .. } => false,
        };
        let cause = self.library.own_view_read(query).filter(|_view| !is_own);
        let Some(cause) = cause else {
            self.faults.push(fault.to_string());
            return;
        };
        let place = format!("{}:{}", cause.path, cause.line);
        let (readers, _first) = self
            .broken
            .entry(place)
            .or_insert_with(|| (Vec::new(), fault.to_string()));
        if !readers.contains(&query.id.as_str()) {
            readers.push(&query.id);
        }
    }
}

/// Adds the files to the library; returns the faults of their headers and places.
fn take(library: &mut Library, files: &[QueryFile]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let text = file.text.as_deref().unwrap_or_default();
        if let Some((line, id, other)) = claimed(file, text, files) {
            faults.push(format!(
                "{}:{line}: duplicate name: `{id}` is the id of {other}",
                file.shown
            ));
            continue;
        }
        match file.add_to(library) {
            Ok(true) => {}
            Ok(false) => faults.push(format!(
                "{}:1: it is not read: put it in macros/, reports/ or views/ of the directory, not deeper",
                file.shown
            )),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    faults
}

/// Where a file claims an id that is another's by its name: the line, the id, and the other.
fn claimed<'a>(
    file: &'a QueryFile,
    text: &'a str,
    files: &'a [QueryFile],
) -> Option<(usize, &'a str, &'a str)> {
    let lines = text.lines().enumerate();
    let mut header = lines.take_while(|(_, line)| line.starts_with("--"));
    let (index, id) =
        header.find_map(|(index, line)| Some((index, line.strip_prefix("-- id:")?.trim())))?;
    let (folder, name) = file.path.split_once('/')?;
    let path = format!("{folder}/{id}.sql");
    let other = files.iter().find(|other| other.path == path)?;
    (name.strip_suffix(".sql") != Some(id)).then_some((index + 1, id, other.shown.as_str()))
}

/// A session with the tables and no view, in which the engine says where in a text a fault is.
async fn tables(library: &Library, store: &Store) -> Result<Session, ServiceError> {
    let session = Session::over_tables(&store.pin().await?, library).await?;
    let state = session.context().state_ref();
    let mut state = state.write();
    state.config_mut().options_mut().sql_parser.collect_spans = true;
    drop(state);
    Ok(session)
}

/// The fault of a view; in other words where what it reads is a view that it does not declare.
fn unread_view(library: &Library, view: &Query, fault: &str) -> String {
    let read = library.view_names().find(|name| is_lack_of(name, fault));
    let Some((place, name)) = fault.split_once(": ").map(|(place, _)| place).zip(read) else {
        return fault.to_owned();
    };
    if name == view.id {
        format!("{place}: `{name}` reads itself")
    } else {
        format!("{place}: `{name}` is a view: declare it with `-- depends: {name}`")
    }
}

/// Whether the fault is that this view is not there.
fn is_lack_of(view: &str, fault: &str) -> bool {
    fault.contains(&format!("table '{view}' not found"))
}

/// What is wrong with the column documentation of a view; `text` is that of its file.
async fn undocumented(
    library: &Library,
    session: &Session,
    view: &Query,
    text: &str,
) -> Vec<String> {
    let schema = match session.columns(&view.id).await {
        Ok(schema) => schema,
        Err(error) => return vec![format!("{}:{}: {error}", view.path, view.line)],
    };
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| &**field.name())
        .collect();
    let faults = report::column_faults(library, view, &columns, text);
    faults.iter().map(ToString::to_string).collect()
}
