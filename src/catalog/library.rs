//! The query files: those of `queries/`, compiled in, and what a user's directory adds or overrides.
//!
//! Enters: files. Leaves: reports by name, views in the order in which they can be created, roll-ups by
//! name. This module parses and sorts; it runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use super::layer::view_at;
use super::macros::{Macros, body_fault};
use super::nearest::nearest;
use super::{CatalogError, Query};
use super::{NEW_EVENTS, Relation, stacked};

static QUERIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// All query files, by folder and id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    reports: BTreeMap<String, Query>,
    views: BTreeMap<String, Query>,
    scopes: BTreeMap<String, Query>,
    rollups: BTreeMap<String, Query>,
    status: BTreeMap<String, Query>,
    explain: BTreeMap<String, Query>,
    macros: BTreeMap<String, Query>,
    expander: Macros,
    /// The views that are the user's own.
    own_views: BTreeSet<String>,
}

impl Library {
    /// The queries that are compiled in.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where one of them is ill-formed, which the tests rule out.
    pub fn embedded() -> Result<Self, CatalogError> {
        let mut library = Self::default();
        let mut folders = vec![&QUERIES];
        while let Some(folder) = folders.pop() {
            for entry in folder.entries() {
                match entry {
                    DirEntry::Dir(inner) => folders.push(inner),
                    DirEntry::File(file) => {
                        if let (Some(path), Some(text)) =
                            (file.path().to_str(), file.contents_utf8())
                        {
                            library.add(path, text)?;
                        }
                    }
                }
            }
        }
        library.expand_macros()?;
        library.stack_rollups();
        Ok(library)
    }

    /// Puts the macros into all statements.
    fn expand_macros(&mut self) -> Result<(), CatalogError> {
        let fault = |(path, problem)| CatalogError::Header {
            path,
            line: 1,
            problem,
        };
        self.expander = Macros::new(&self.macros).map_err(fault)?;
        let expander = &self.expander;
        let folders = [
            &mut self.reports,
            &mut self.views,
            &mut self.scopes,
            &mut self.rollups,
            &mut self.status,
            &mut self.explain,
        ];
        for query in folders.into_iter().flat_map(|folder| folder.values_mut()) {
            expander
                .expand(query)
                .map_err(|problem| fault((query.path.clone(), problem)))?;
        }
        Ok(())
    }

    /// A statement of the code with the macros that it calls put into it.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where a call is wrong, which the tests rule out.
    pub(crate) fn with_macros(&self, sql: &str) -> Result<String, CatalogError> {
        let expanded = self.expander.expanded(sql);
        expanded.map_err(|problem| CatalogError::Header {
            path: "macros/".to_owned(),
            line: 1,
            problem,
        })
    }

    /// Gives a roll-up that adds up the rows of another one the query of that one, as the relation `new_<table>`.
    fn stack_rollups(&mut self) {
        let all = self.rollups.clone();
        for rollup in self.rollups.values_mut() {
            for lower in rollup.depends.iter().filter_map(|name| all.get(name)) {
                rollup.sql = stacked(&Relation::from(lower), &rollup.sql);
            }
        }
        self.stack_views();
    }

    /// Gives a view that counts other events as a roll-up does the query of that one, once.
    fn stack_views(&mut self) {
        for view in self.views.values_mut() {
            let Some((name, events)) = view.recounts.take() else {
                continue;
            };
            if let Some(rollup) = self.rollups.get(&name) {
                view.sql = format!(
                    "WITH {NEW_EVENTS} AS (SELECT * FROM {events}),\n\nnew_{name} AS (\n{}\n)\n\n{}",
                    rollup.sql, view.sql
                );
            }
        }
    }

    /// Adds a file of `reports/`, `views/`, `scopes/`, `rollups/`, `status/` or `explain/`, or overrides the one
    /// of the same name.
    ///
    /// `path` is relative to the directory of queries. Returns whether the file was taken: one that is
    /// not `<folder>/<id>.sql` of a known folder, or `views/<layer>/<id>.sql`, is none of the library's.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where it is ill-formed.
    pub fn add(&mut self, path: &str, text: &str) -> Result<bool, CatalogError> {
        let unified = path.replace('\\', "/");
        self.insert(&unified, &format!("queries/{unified}"), text)
    }

    /// Adds a user's own file of `macros/`, `reports/` or `views/`, or overrides the one of the same name.
    ///
    /// `path` is as for [`Library::add`], `shown` is what messages call the file. The other folders
    /// decide what is written, what `status` tells and what a filter means, so nobody's own files are taken
    /// from there.
    ///
    /// # Errors
    /// [`CatalogError::Header`] where it is ill-formed, or a view has the name of a table or a scope.
    pub fn add_own(&mut self, path: &str, shown: &str, text: &str) -> Result<bool, CatalogError> {
        if let Some((_, name)) = view_at(path) {
            let fault = |problem: String| CatalogError::Header {
                path: shown.to_owned(),
                line: 1,
                problem,
            };
            if crate::schema::table(name).is_some() {
                return Err(fault(format!(
                    "duplicate name: `{name}` is a table of the store"
                )));
            }
            if self.scopes.contains_key(name) {
                return Err(fault(format!(
                    "duplicate name: `{name}` is what the filters of a report leave"
                )));
            }
            if let Some(other) = self.view(name).filter(|_| self.own_views.contains(name)) {
                return Err(fault(format!(
                    "duplicate name: `{name}` is also the view in {}",
                    other.path
                )));
            }
            let is_name = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            };
            if !name.chars().all(is_name) {
                return Err(fault(format!(
                    "`{name}` cannot name a view: use a-z, 0-9 and _"
                )));
            }
        } else if let Some(name) = path.strip_prefix("macros/") {
            let name = name.strip_suffix(".sql").unwrap_or(name);
            if self.macros.contains_key(name) {
                return Err(CatalogError::Header {
                    path: shown.to_owned(),
                    line: 1,
                    problem: format!("duplicate name: `{name}` is a macro of keytrail's own"),
                });
            }
            let is_taken = self.insert(path, shown, text)?;
            if let Some(query) = self.macros.get(name)
                && let Some(problem) = body_fault(&query.sql)
            {
                return Err(CatalogError::Header {
                    path: shown.to_owned(),
                    line: query.line,
                    problem,
                });
            }
            self.expander =
                Macros::new(&self.macros).map_err(|(path, problem)| CatalogError::Header {
                    path,
                    line: 1,
                    problem,
                })?;
            return Ok(is_taken);
        } else if path == "reports/check.sql" {
            return Err(CatalogError::Header {
                path: shown.to_owned(),
                line: 1,
                problem: "`check` cannot name a report: `keytrail report check` is a command"
                    .to_owned(),
            });
        } else if !path.starts_with("reports/") {
            return Ok(false);
        }
        let is_taken = self.insert(path, shown, text)?;
        if let Some((_, name)) = view_at(path).filter(|_| is_taken) {
            self.own_views.insert(name.to_owned());
        }
        self.stack_views();
        Ok(is_taken)
    }

    fn insert(&mut self, path: &str, shown: &str, text: &str) -> Result<bool, CatalogError> {
        let Some((folder, name)) = path.split_once('/') else {
            return Ok(false);
        };
        let queries = match folder {
            "reports" => &mut self.reports,
            "views" => &mut self.views,
            "scopes" => &mut self.scopes,
            "rollups" => &mut self.rollups,
            "status" => &mut self.status,
            "explain" => &mut self.explain,
            "macros" => &mut self.macros,
            _ => return Ok(false),
        };
        let is_statement = Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "sql");
        let is_nested = name.contains('/') && view_at(path).is_none();
        if !is_statement || is_nested {
            return Ok(false);
        }
        let mut query = Query::parse(shown, text)?;
        let expanded = self.expander.expand(&mut query);
        expanded.map_err(|problem| CatalogError::Header {
            path: shown.to_owned(),
            line: query.line,
            problem,
        })?;
        queries.insert(query.id.clone(), query);
        Ok(true)
    }

    /// All reports, by name.
    pub fn reports(&self) -> impl Iterator<Item = &Query> {
        self.reports.values()
    }

    /// The report of that name.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`] with the nearest names, or all where none is near.
    pub fn report(&self, name: &str) -> Result<&Query, CatalogError> {
        self.reports.get(name).ok_or_else(|| {
            let known = || self.reports.keys().map(String::as_str);
            let mut candidates = nearest(name, known());
            if candidates.is_empty() {
                candidates = known().map(str::to_owned).collect();
            }
            CatalogError::UnknownReport {
                name: name.to_owned(),
                candidates,
            }
        })
    }

    /// The roll-up query of that table, which reads `new_kms_events`.
    #[must_use]
    pub fn rollup(&self, table: &str) -> Option<&Query> {
        self.rollups.get(table)
    }

    /// One of the queries behind `keytrail status`.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`].
    pub fn status(&self, name: &str) -> Result<&Query, CatalogError> {
        self.status
            .get(name)
            .ok_or_else(|| CatalogError::UnknownReport {
                name: name.to_owned(),
                candidates: self.status.keys().cloned().collect(),
            })
    }

    /// One of the queries behind `keytrail report --explain`.
    ///
    /// # Errors
    /// [`CatalogError::UnknownReport`].
    pub fn explain(&self, name: &str) -> Result<&Query, CatalogError> {
        self.explain
            .get(name)
            .ok_or_else(|| CatalogError::UnknownReport {
                name: name.to_owned(),
                candidates: self.explain.keys().cloned().collect(),
            })
    }

    /// The names of all views.
    pub fn view_names(&self) -> impl Iterator<Item = &str> {
        self.views.keys().map(String::as_str)
    }

    /// The view of that name.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&Query> {
        self.views.get(name)
    }

    /// The scope of that name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<&Query> {
        self.scopes.get(name)
    }

    /// The scopes among those names and what they depend on, each after those that it reads.
    ///
    /// # Errors
    /// [`CatalogError::Dependency`] where one reads what is neither a view nor a scope, or itself.
    pub(crate) fn scopes(&self, names: &BTreeSet<&str>) -> Result<Vec<&Query>, CatalogError> {
        let mut order = Vec::new();
        let mut done = BTreeSet::new();
        for (name, scope) in &self.scopes {
            if names.contains(name.as_str()) {
                let relations = [&self.scopes, &self.views];
                self.place(relations, scope, &mut Vec::new(), &mut done, &mut order)?;
            }
        }
        order.retain(|query| self.scopes.contains_key(&query.id));
        Ok(order)
    }

    /// All views, each after those that it reads; otherwise by name.
    ///
    /// # Errors
    /// [`CatalogError::Dependency`] where one reads a view that is not there, or itself.
    pub fn views(&self) -> Result<Vec<&Query>, CatalogError> {
        let mut order = Vec::with_capacity(self.views.len());
        let mut done = BTreeSet::new();
        for view in self.views.values() {
            self.place([&self.views], view, &mut Vec::new(), &mut done, &mut order)?;
        }
        Ok(order)
    }

    /// The views that can be created, each after those that it reads, and why others cannot: each cause once, not again
    /// for every view that reads what is at fault.
    #[must_use]
    pub fn sound_views(&self) -> (Vec<&Query>, Vec<CatalogError>) {
        let mut order = Vec::with_capacity(self.views.len());
        let mut done = BTreeSet::new();
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        let mut faults = Vec::new();
        for view in self.views.values() {
            let mut path = Vec::new();
            if let Err(fault) = self.place([&self.views], view, &mut path, &mut done, &mut order) {
                if path.iter().all(|name| !failed.contains(name)) {
                    faults.push(fault);
                }
                failed.extend(path);
            }
        }
        (order, faults)
    }

    /// Puts a query into the order, what it reads first; what it reads is one of the relations. After an error,
    /// `path` has all queries that cannot be placed because of it.
    fn place<'a, const N: usize>(
        &self,
        relations: [&'a BTreeMap<String, Query>; N],
        query: &'a Query,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
        order: &mut Vec<&'a Query>,
    ) -> Result<(), CatalogError> {
        if done.contains(query.id.as_str()) {
            return Ok(());
        }
        let known = |name: &str| relations.iter().find_map(|known| known.get(name));
        path.push(&query.id);
        for name in &query.depends {
            let fault = |query: &Query, name: &str, problem| CatalogError::Dependency {
                path: query.path.clone(),
                view: query.id.clone(),
                dependency: name.to_owned(),
                problem,
            };
            if let Some(start) = path.iter().position(|before| before == name) {
                let circle = &path[start..];
                // Ours make no circle alone: it is told of the user's own file.
                let own = circle
                    .iter()
                    .position(|view| self.own_views.contains(*view));
                let at = own.unwrap_or(circle.len() - 1);
                let next = circle[(at + 1) % circle.len()];
                let query = known(circle[at]).unwrap_or(query);
                return Err(fault(query, next, "in turn depending on it"));
            }
            let needed = known(name).ok_or_else(|| fault(query, name, "not a view"))?;
            self.place(relations, needed, path, done, order)?;
        }
        path.pop();
        done.insert(&query.id);
        order.push(query);
        Ok(())
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
