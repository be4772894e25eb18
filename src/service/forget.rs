//! Stop counting objects in the ledger that are not logs.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use super::error::ServiceError;
use super::host::Host;
use super::open::StoreAt;
use crate::catalog::nearest;
use crate::ingest::{Forgotten, NotForgotten, forget as forget_objects, unread};

/// The objects that were forgotten, and those that could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ForgetOutcome {
    /// The objects forgotten and kept.
    pub done: Forgotten,
    /// The first name that matches no object of the ledger.
    pub unknown: Option<UnknownObject>,
    /// The first object that is kept although it was named itself. In a folder, logs are kept and the rest is forgotten.
    pub refused: Option<NotForgotten>,
}

/// An object that was never ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownObject {
    /// Where it would be.
    pub location: String,
    /// The nearest objects that could not be read in full.
    pub nearest: Vec<String>,
}

/// Forgets objects, named by paths or locations, and those below folders.
///
/// # Errors
/// If the store fails.
pub async fn forget(
    place: &StoreAt,
    objects: &[String],
    host: Host<'_>,
) -> Result<ForgetOutcome, ServiceError> {
    let store = place.open().await?;
    let asked: Vec<String> = objects.iter().map(|object| location(object)).collect();
    let run_id = uuid::Uuid::new_v4().to_string();
    let done = forget_objects(&store, &asked, &run_id, host.now()).await?;
    host.emit_warnings(&store)?;
    let is_found = |asked: &str| {
        let kept = done.kept.iter().map(|kept| &kept.location);
        let mut known = done.objects.iter().chain(kept);
        known.any(|known| known == asked || (asked.ends_with('/') && known.starts_with(asked)))
    };
    let mut unknown = None;
    if let Some(location) = asked.iter().find(|asked| !is_found(asked)) {
        let unread = unread(&store).await?;
        unknown = Some(UnknownObject {
            location: location.clone(),
            nearest: nearest(location, unread.iter().map(String::as_str)),
        });
    }
    let is_refused =
        |kept: &&NotForgotten| asked.contains(&kept.location) || done.objects.is_empty();
    let refused = done.kept.iter().find(is_refused).cloned();
    Ok(ForgetOutcome {
        done,
        unknown,
        refused,
    })
}

/// An object as the ledger names it. A directory ends in a slash; the file may be there no more.
fn location(typed: &str) -> String {
    if ["s3://", "file://"]
        .iter()
        .any(|scheme| typed.starts_with(scheme))
    {
        return typed.to_owned();
    }
    let path = Path::new(typed);
    let absolute = canonical(path).unwrap_or_else(|| path.to_path_buf());
    let is_folder = typed.ends_with('/') || absolute.is_dir();
    let url = if is_folder {
        Url::from_directory_path(&absolute)
    } else {
        Url::from_file_path(&absolute)
    };
    url.map_or_else(|()| typed.to_owned(), String::from)
}

/// The path without links, as far as it is there.
fn canonical(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(real) = std::fs::canonicalize(there) {
            return Some(
                missing
                    .iter()
                    .rev()
                    .fold(real, |path, name| path.join(name)),
            );
        }
        missing.push(there.file_name()?.to_owned());
        there = there.parent()?;
    }
}
