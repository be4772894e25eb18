//! The query files: those of `queries/`, compiled in, and what a user's directory adds or overrides.
//!
//! Enters: files. Leaves: reports, views, scopes and roll-ups by name. A file is read, and the macros that it calls are put
//! into it, when it is first asked for; nothing is run.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, DirEntry, include_dir};

use super::file::File;
use super::layer::view_at;
use super::macros::Macros;
use super::nearest::nearest;
use super::{CatalogError, Query};
use super::{NEW_EVENTS, Relation, stacked};

static QUERIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// The files of a folder, by the ids of their queries.
pub(super) type QueryFiles = BTreeMap<String, File>;

/// All query files, by folder and id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    pub(super) reports: QueryFiles,
    pub(super) views: QueryFiles,
    pub(super) scopes: QueryFiles,
    rollups: QueryFiles,
    status: QueryFiles,
    explain: QueryFiles,
    /// The macros of keytrail itself, for its own files: no answer depends on a macro of the user's.
    pub(super) macros: Macros,
    /// These and the user's own, for the files of the user.
    pub(super) own_macros: Macros,
    /// The files that are the user's own, in the order in which they were added.
    pub(super) own: Vec<(QueryFolder, String)>,
    /// The views that are the user's own.
    pub(super) own_views: BTreeSet<String>,
}

/// A folder of query files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryFolder {
    Reports,
    Views,
    Scopes,
    Rollups,
    Status,
    Explain,
    Macros,
}

/// The folder of a file and the id of its query; `None` where it is none of the library's.
pub(super) fn place_of(path: &str) -> Option<(QueryFolder, &str)> {
    if let Some((_, id)) = view_at(path) {
        return Some((QueryFolder::Views, id));
    }
    let (folder, name) = path.split_once('/')?;
    let folder = match folder {
        "reports" => QueryFolder::Reports,
        "scopes" => QueryFolder::Scopes,
        "rollups" => QueryFolder::Rollups,
        "status" => QueryFolder::Status,
        "explain" => QueryFolder::Explain,
        "macros" => QueryFolder::Macros,
        _ => return None,
    };
    let id = name.strip_suffix(".sql")?;
    (!id.contains('/')).then_some((folder, id))
}

impl Library {
    /// The queries that are compiled in.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where one of the files is no text, which the tests rule out.
    pub fn embedded() -> Result<Self, CatalogError> {
        let mut library = Self::default();
        let mut folders = vec![&QUERIES];
        while let Some(folder) = folders.pop() {
            for entry in folder.entries() {
                match entry {
                    DirEntry::Dir(inner) => folders.push(inner),
                    DirEntry::File(file) => {
                        let path = file.path().to_string_lossy().replace('\\', "/");
                        let shown = format!("queries/{path}");
                        let Some(text) = file.contents_utf8() else {
                            let problem = "it is not UTF-8".to_owned();
                            return Err(CatalogError::of_file(&shown, problem));
                        };
                        if let Some((folder, id)) = place_of(&path) {
                            library.insert(folder, id, File::new(shown, Cow::Borrowed(text)));
                        }
                    }
                }
            }
        }
        Ok(library)
    }

    /// Adds a file of `reports/`, `views/`, `scopes/`, `rollups/`, `status/`, `explain/` or `macros/`, or overrides the
    /// one of the same name.
    ///
    /// `path` is relative to the directory of queries. Returns whether the file was taken: one that is
    /// not `<folder>/<id>.sql` of a known folder, or `views/<layer>/<id>.sql`, is none of the library's.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where it is ill-formed.
    pub fn add(&mut self, path: &str, text: &str) -> Result<bool, CatalogError> {
        let unified = path.replace('\\', "/");
        let Some((folder, id)) = place_of(&unified) else {
            return Ok(false);
        };
        let shown = format!("queries/{unified}");
        let _unfinished = Query::parse(&shown, text)?;
        self.insert(folder, id, File::new(shown, Cow::Owned(text.to_owned())));
        Ok(true)
    }

    pub(super) fn insert(&mut self, folder: QueryFolder, id: &str, file: File) {
        let files = match folder {
            QueryFolder::Reports => &mut self.reports,
            QueryFolder::Views => &mut self.views,
            QueryFolder::Scopes => &mut self.scopes,
            QueryFolder::Rollups => &mut self.rollups,
            QueryFolder::Status => &mut self.status,
            QueryFolder::Explain => &mut self.explain,
            QueryFolder::Macros => {
                if !file.is_own() {
                    self.macros.insert(id, file.clone());
                }
                return self.own_macros.insert(id, file);
            }
        };
        files.insert(id.to_owned(), file);
    }

    /// The query of a file, ready to run.
    pub(super) fn read<'a>(&'a self, file: &'a File) -> Result<&'a Query, CatalogError> {
        file.query(|query| self.finished(file, query))
    }

    /// The query with the macros that it calls put into its statements, and the query of the roll-up that it recounts in
    /// front of its own.
    fn finished(&self, file: &File, mut query: Query) -> Result<Query, CatalogError> {
        let macros = if file.is_own() {
            &self.own_macros
        } else {
            &self.macros
        };
        macros.expand(&mut query)?;
        let recounted = query.recounts.take();
        let recounted = recounted.and_then(|(name, events)| Some((self.rollup(&name)?, events)));
        if let Some((rollup, events)) = recounted {
            query.sql = format!(
                "WITH {NEW_EVENTS} AS (SELECT * FROM {events}),\n\nnew_{} AS (\n{}\n)\n\n{}",
                rollup.id, rollup.sql, query.sql
            );
        }
        Ok(query)
    }

    /// A statement of the code with the macros that it calls put into it.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where a call is wrong, which the tests rule out.
    pub(crate) fn with_macros(&self, sql: &str) -> Result<String, CatalogError> {
        let expanded = self.macros.expanded(sql);
        expanded.map_err(|fault| fault.at("macros/", 1))
    }

    /// All reports that can be used, by name.
    pub fn reports(&self) -> impl Iterator<Item = &Query> {
        let files = self.reports.values();
        files.filter_map(|file| self.read(file).ok())
    }

    /// The report of that name.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`] with the nearest names, or all where none is near; and what is wrong with its file.
    pub fn report(&self, name: &str) -> Result<&Query, CatalogError> {
        if let Some(file) = self.reports.get(name) {
            return self.read(file);
        }
        let known = || self.reports.keys().map(String::as_str);
        let mut candidates = nearest(name, known());
        if candidates.is_empty() {
            candidates = known().map(str::to_owned).collect();
        }
        Err(CatalogError::UnknownReport {
            name: name.to_owned(),
            candidates,
        })
    }

    /// The roll-up query of that table, which reads `new_kms_events`. One that adds up the rows of another one has the
    /// query of that one in front of it, as the relation `new_<table>`.
    #[must_use]
    pub fn rollup(&self, table: &str) -> Option<&Query> {
        let file = self.rollups.get(table)?;
        let query = file.query(|query| {
            let mut query = self.finished(file, query)?;
            for lower in &query.depends {
                if let Some(lower) = self.rollup(lower) {
                    query.sql = stacked(&Relation::from(lower), &query.sql);
                }
            }
            Ok(query)
        });
        query.ok()
    }

    /// One of the queries behind `keytrail status`.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`].
    pub fn status(&self, name: &str) -> Result<&Query, CatalogError> {
        self.one_of(&self.status, name)
    }

    /// One of the queries behind `keytrail report --explain`.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`].
    pub fn explain(&self, name: &str) -> Result<&Query, CatalogError> {
        self.one_of(&self.explain, name)
    }

    fn one_of<'a>(&'a self, files: &'a QueryFiles, name: &str) -> Result<&'a Query, CatalogError> {
        match files.get(name) {
            Some(file) => self.read(file),
            None => Err(CatalogError::UnknownReport {
                name: name.to_owned(),
                candidates: files.keys().cloned().collect(),
            }),
        }
    }

    /// The names of all views.
    pub fn view_names(&self) -> impl Iterator<Item = &str> {
        self.views.keys().map(String::as_str)
    }

    /// Whether a view has that name.
    #[must_use]
    pub fn has_view(&self, name: &str) -> bool {
        self.views.contains_key(name)
    }

    /// The view of that name, if it can be used.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&Query> {
        self.read(self.views.get(name)?).ok()
    }

    /// The view of that name, if there is one.
    ///
    /// # Errors
    /// What is wrong with its file.
    pub fn readable_view(&self, name: &str) -> Result<Option<&Query>, CatalogError> {
        let file = self.views.get(name);
        file.map(|file| self.read(file)).transpose()
    }

    /// The scope of that name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<&Query> {
        self.read(self.scopes.get(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Library;

    fn view(id: &str, depends: &str) -> String {
        let depends = if depends.is_empty() {
            String::new()
        } else {
            format!("-- depends: {depends}\n")
        };
        format!("-- id: {id}\n-- title: t\n-- description: d\n{depends}SELECT 1")
    }

    fn library(views: &[(&str, &str)]) -> Library {
        let mut library = Library::default();
        for (path, depends) in views {
            let id = path.rsplit('/').next().unwrap_or(path);
            let taken = library
                .add(&format!("views/{path}.sql"), &view(id, depends))
                .expect("a view");
            assert!(taken, "{id}");
        }
        library
    }

    #[test]
    fn the_embedded_queries_are_well_formed() {
        let library = Library::embedded().expect("good headers");
        let reports: Vec<&str> = library.reports().map(|report| report.id.as_str()).collect();
        for name in ["throttled-callers", "unused-keys", "who-used"] {
            assert!(reports.contains(&name), "{name} of {reports:?}");
        }
        for report in library.reports() {
            let last = report.sql.lines().last().unwrap_or_default();
            assert!(
                last.starts_with("ORDER BY "),
                "{}: rows are unordered",
                report.path
            );
        }
        for table in crate::schema::ROLLUPS.map(|table| table.name) {
            assert!(library.rollup(table).is_some(), "{table}");
        }
        assert!(library.views().expect("an order").len() >= 10);
    }

    /// They are read when they are asked for, so a fault of one shows nowhere else.
    #[test]
    fn every_embedded_file_can_be_read() {
        let library = Library::embedded().expect("files of text");
        let folders = [
            &library.reports,
            &library.views,
            &library.scopes,
            &library.status,
            &library.explain,
        ];
        for file in folders.into_iter().flat_map(|files| files.values()) {
            let query = library.read(file).expect("a good file");
            assert_eq!(query.recounts, None);
        }
        for table in library.rollups.keys() {
            assert!(library.rollup(table).is_some(), "{table}");
        }
        let names = library.macros.names();
        assert!(names.clone().count() >= 40);
        for name in names {
            assert_eq!(library.macros.check(name), Ok(()));
        }
        let recounted = library.view("replaced_resources").expect("a view");
        assert!(
            recounted
                .sql
                .starts_with("WITH new_kms_events AS (SELECT * FROM replaced_records),")
        );
        let stacked = library.rollup("usage_monthly").expect("a roll-up");
        assert!(stacked.sql.starts_with("WITH new_usage_daily AS ("));
    }

    #[test]
    fn views_stand_after_what_they_read() {
        let library = library(&[("a", "c, b"), ("b", "c"), ("c", ""), ("d", "a")]);
        let order: Vec<&str> = library
            .views()
            .expect("an order")
            .into_iter()
            .map(|view| view.id.as_str())
            .collect();
        assert_eq!(order, ["c", "b", "a", "d"]);
    }

    #[test]
    fn circles_and_missing_views_are_errors() {
        let error = library(&[("a", "b"), ("b", "a")])
            .views()
            .expect_err("a circle")
            .to_string();
        assert_eq!(
            error,
            "queries/views/b.sql: `b` depends on `a`, which is in turn depending on it"
        );
        let error = library(&[("a", "x")])
            .views()
            .expect_err("a gap")
            .to_string();
        assert_eq!(
            error,
            "queries/views/a.sql: `a` depends on `x`, which is not a view"
        );
    }

    #[test]
    fn a_circle_is_told_once_of_the_users_own_file_and_the_other_views_stand() {
        let mut library = library(&[("a", "b"), ("b", "c"), ("c", ""), ("d", "a"), ("e", "c")]);
        let own = view("c", "a");
        assert!(
            library
                .add_own("views/c.sql", "own/c.sql", &own)
                .expect("a view")
        );
        assert!(library.add("views/f.sql", &view("f", "")).expect("a view"));
        let (sound, faults) = library.sound_views();
        let sound: Vec<&str> = sound.iter().map(|view| view.id.as_str()).collect();
        assert_eq!(sound, ["f"]);
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            ["own/c.sql: `c` depends on `a`, which is in turn depending on it"]
        );
    }

    #[test]
    fn views_are_found_in_layers_and_flat_and_once_in_a_users_directory() {
        let mut library = library(&[("facts/a", ""), ("b", "a")]);
        assert_eq!(
            library.view("a").expect("a view").path,
            "queries/views/facts/a.sql"
        );
        assert_eq!(library.views().expect("an order").len(), 2);
        let mut own =
            |path: &str, id: &str| library.add_own(path, &format!("own/{path}"), &view(id, ""));
        assert!(own("views/a.sql", "a").expect("a view"));
        assert!(own("views/usage/b.sql", "b").expect("a view"));
        assert!(!own("views/other/c.sql", "c").expect("not read"));
        let error = own("views/b.sql", "b").expect_err("two of a name");
        assert_eq!(
            error.to_string(),
            "own/views/b.sql:1: duplicate name: `b` is also the view in own/views/usage/b.sql"
        );
    }

    #[test]
    fn unknown_reports_name_the_nearest() {
        let library = Library::embedded().expect("good headers");
        let error = library
            .report("who-use")
            .expect_err("no such report")
            .to_string();
        assert_eq!(
            error,
            "no report is called `who-use`\n\nhint: nearest\n  who-used"
        );
        let error = library
            .report("\u{1b}[31m")
            .expect_err("no such report")
            .to_string();
        assert!(
            error.starts_with("no report is called `\\u{1b}[31m`") && error.contains("unused-keys"),
            "{error}"
        );
    }

    #[test]
    fn a_users_file_overrides_and_strange_files_are_left() {
        let mut library = Library::embedded().expect("good headers");
        let text = "-- id: who-used\n-- title: mine\n-- description: d\nSELECT 1 ORDER BY 1";
        assert!(library.add("reports/who-used.sql", text).expect("a report"));
        assert_eq!(library.report("who-used").expect("a report").title, "mine");
        for path in [
            "README.md",
            "reports/README.md",
            "reports/old/who-used.sql",
            "other/a.sql",
        ] {
            assert!(!library.add(path, "no header").expect("not read"), "{path}");
        }
    }
}
