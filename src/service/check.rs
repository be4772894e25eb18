//! The faults of a directory of query files.
//!
//! The files are planned against the tables of a store without rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::error::ServiceError;
use super::queries::{Queries, QueryFile, query_files};
use crate::catalog::{Library, Query, Relation, Relations};
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
    let mut queries = Queries::embedded()?;
    let mut faults = take(&mut queries.library, &files);
    let session = tables(&queries, scratch).await?;
    let own: BTreeMap<&str, &QueryFile> =
        (files.iter().map(|file| (file.shown.as_str(), file))).collect();
    let (of_views, failed) = views(&queries.library, &session, &own).await;
    // Ours are looked at only where they may read the user's own views, and those are whole.
    let are_ours_checked =
        of_views.is_empty() && files.iter().any(|file| file.path.starts_with("views/"));
    faults.extend(of_views);
    for report in queries.library.reports() {
        let file = own.get(report.path.as_str());
        if file.is_none() && !are_ours_checked {
            continue;
        }
        // Line numbers of ours are those of the file in the repository.
        let text = file.and_then(|file| file.text.as_deref().ok());
        let text = text.unwrap_or_default();
        let found = report::check(&session, &queries.library, report, text).await;
        let found = found.iter().map(ToString::to_string);
        // What reads a view that is at fault is not at fault for it.
        faults.extend(found.filter(|fault| !failed.iter().any(|view| is_lack_of(view, fault))));
    }
    // Several reports read one scope: the same fault is listed once.
    let mut listed = BTreeSet::new();
    faults.retain(|fault| listed.insert(fault.clone()));
    Ok(QueryCheck {
        files: files.len(),
        faults,
    })
}

/// Adds the files to the library; returns the faults of their headers and places.
fn take(library: &mut Library, files: &[QueryFile]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let text = match &file.text {
            Ok(text) => text,
            Err(fault) => {
                faults.push(fault.clone());
                continue;
            }
        };
        if let Some((line, id, other)) = claimed(file, text, files) {
            faults.push(format!(
                "{}:{line}: duplicate name: `{id}` is the id of {other}",
                file.shown
            ));
            continue;
        }
        match library.add_own(&file.path, &file.shown, text) {
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
async fn tables(queries: &Queries, store: &Store) -> Result<Session, ServiceError> {
    let relations = Relations {
        views: Vec::new(),
        rollups: queries.rollups(),
    };
    let session = Session::open(&store.pin().await?, &relations).await?;
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

/// Makes the views; returns the faults of the user's own, and of ours that read them, and the views that could not be
/// made.
async fn views<'a>(
    library: &'a Library,
    session: &Session,
    own: &BTreeMap<&str, &QueryFile>,
) -> (Vec<String>, BTreeSet<&'a str>) {
    let (sound, unsound) = library.sound_views();
    let mut faults: Vec<String> = unsound.iter().map(ToString::to_string).collect();
    let mut failed: BTreeSet<&str> = library.view_names().collect();
    for view in &sound {
        failed.remove(view.id.as_str());
    }
    for view in sound {
        // A fault is listed once, not again for each view that reads it.
        if view
            .depends
            .iter()
            .any(|name| failed.contains(name.as_str()))
        {
            failed.insert(&view.id);
            continue;
        }
        let registered = session.register_view(&Relation::from(view)).await;
        if let Err(source) = registered {
            failed.insert(&view.id);
            let fault = statement_fault(view, &source);
            faults.push(match overridden(library, view, own) {
                Some(cause) if !own.contains_key(view.path.as_str()) => {
                    format!(
                        "{}:{}: `{}` cannot read it: {fault}",
                        cause.path, cause.line, view.id
                    )
                }
                _ => unread_view(library, view, &fault.to_string()),
            });
            continue;
        }
        if let Some(file) = own.get(view.path.as_str()) {
            let text = file.text.as_deref().unwrap_or_default();
            faults.extend(undocumented(library, session, view, text).await);
        }
    }
    (faults, failed)
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

/// The user's own view that one of ours reads, if it does.
fn overridden<'a>(
    library: &'a Library,
    view: &Query,
    own: &BTreeMap<&str, &QueryFile>,
) -> Option<&'a Query> {
    view.depends.iter().find_map(|name| {
        let read = library.view(name)?;
        if own.contains_key(read.path.as_str()) {
            Some(read)
        } else {
            overridden(library, read, own)
        }
    })
}
