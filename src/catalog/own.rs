//! A user's own query files: what they may be called, and what is wrong with them.
//!
//! Enters: files of a user's directory. Leaves: a library with them. A file that cannot be used keeps its name, so that a
//! statement that reads it fails, and no other.

use std::borrow::Cow;

use super::file::File;
use super::library::{QueryFolder, place_of};
use super::macros::body_fault;
use super::{CatalogError, Library, Query};

impl Library {
    /// Adds a user's own file of `macros/`, `reports/` or `views/`, or overrides the one of the same name.
    ///
    /// `path` is as for [`Library::add`], `shown` is what messages call the file. The other folders
    /// decide what is written, what `status` tells and what a filter means, so nobody's own files are taken
    /// from there.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where it is ill-formed, or a view has the name of a table or a scope. What reads a query
    /// of its name fails with the same error.
    pub fn add_own(&mut self, path: &str, shown: &str, text: &str) -> Result<bool, CatalogError> {
        let Some((folder, id)) = own_place(path) else {
            return Ok(false);
        };
        self.refuse_name(folder, id, shown)?;
        match checked(folder, shown, text) {
            Ok(()) => {
                let file = File::new(shown.to_owned(), Cow::Owned(text.to_owned()));
                self.insert_own(folder, id, file);
                Ok(true)
            }
            Err(fault) => {
                let file = File::unusable(shown.to_owned(), fault.clone());
                self.insert_own(folder, id, file);
                Err(fault)
            }
        }
    }

    /// Adds a user's own file that cannot be read: what reads a query of its name fails.
    pub fn add_unreadable(&mut self, path: &str, shown: &str, fault: CatalogError) {
        let place = own_place(path);
        let place = place.filter(|(folder, id)| self.refuse_name(*folder, id, shown).is_ok());
        if let Some((folder, id)) = place {
            self.insert_own(folder, id, File::unusable(shown.to_owned(), fault));
        }
    }

    /// What is wrong with the user's own files, each fault once.
    #[must_use]
    pub fn own_faults(&self) -> Vec<CatalogError> {
        let mut faults = Vec::new();
        for (folder, id) in &self.own {
            let read = match folder {
                QueryFolder::Macros => self.own_macros.check(id),
                QueryFolder::Views => self.readable_view(id).map(|_view| ()),
                _ => self.report(id).map(|_report| ()),
            };
            // A fault of a macro is that of everything that calls it.
            if let Err(fault) = read
                && !faults.contains(&fault)
            {
                faults.push(fault);
            }
        }
        faults
    }

    fn insert_own(&mut self, folder: QueryFolder, id: &str, file: File) {
        self.insert(folder, id, file.own());
        self.own.push((folder, id.to_owned()));
        if folder == QueryFolder::Views {
            self.own_views.insert(id.to_owned());
        }
    }

    /// # Errors
    /// If no file of the user's own can have that name there.
    fn refuse_name(
        &mut self,
        folder: QueryFolder,
        id: &str,
        shown: &str,
    ) -> Result<(), CatalogError> {
        let problem = match folder {
            QueryFolder::Views if crate::schema::table(id).is_some() => {
                format!("duplicate name: `{id}` is a table of the store")
            }
            QueryFolder::Views if self.scopes.contains_key(id) => {
                format!("duplicate name: `{id}` is what the filters of a report leave")
            }
            QueryFolder::Views if self.own_views.contains(id) => {
                let other = self.views.get(id).map_or("", File::path);
                let problem = format!("duplicate name: `{id}` is also the view in {other}");
                let fault = CatalogError::of_file(shown, problem);
                // Neither is the one that is meant.
                let file = File::unusable(shown.to_owned(), fault.clone());
                self.views.insert(id.to_owned(), file.own());
                return Err(fault);
            }
            QueryFolder::Views | QueryFolder::Macros if !is_name(id) => {
                let what = if folder == QueryFolder::Views {
                    "view"
                } else {
                    "macro"
                };
                format!("`{id}` cannot name a {what}: use a-z, 0-9 and _")
            }
            QueryFolder::Macros if self.macros.has(id) => {
                format!("duplicate name: `{id}` is a macro of keytrail's own")
            }
            QueryFolder::Reports if id == "check" => {
                "`check` cannot name a report: `keytrail report check` is a command".to_owned()
            }
            _ => return Ok(()),
        };
        Err(CatalogError::of_file(shown, problem))
    }
}

/// The folder and the id of a file of a user's own.
fn own_place(path: &str) -> Option<(QueryFolder, &str)> {
    place_of(path).filter(|(folder, _)| {
        matches!(
            folder,
            QueryFolder::Macros | QueryFolder::Reports | QueryFolder::Views
        )
    })
}

fn is_name(id: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    id.chars().all(is_letter)
}

/// # Errors
/// If the header of a file, or the body of a macro, is ill-formed.
fn checked(folder: QueryFolder, shown: &str, text: &str) -> Result<(), CatalogError> {
    let query = Query::parse(shown, text)?;
    let fault = (folder == QueryFolder::Macros)
        .then(|| body_fault(&query.sql))
        .flatten();
    match fault {
        None => Ok(()),
        Some(problem) => Err(CatalogError::Header {
            path: query.path,
            line: query.line,
            problem,
        }),
    }
}
