//! What a query reads, and in which order: views and scopes, each after those that it depends on.

use std::collections::{BTreeSet, VecDeque};

use super::library::QueryFiles;
use super::tokens::{tokens, word};
use super::{CatalogError, Library, Query};

impl Library {
    /// The scopes among those names and what they depend on, each after those that it reads.
    ///
    /// # Errors
    /// [`CatalogError::Dependency`] where one reads what is neither a view nor a scope, or itself.
    pub(crate) fn scopes(&self, names: &BTreeSet<&str>) -> Result<Vec<&Query>, CatalogError> {
        self.placed(Order::of(self, &self.scopes, Some(&self.views)), names)
    }

    /// The same without the scopes that are kept, and without what only these depend on.
    ///
    /// # Errors
    /// As those of [`Library::scopes`].
    pub(crate) fn scopes_not_kept(
        &self,
        names: &BTreeSet<&str>,
    ) -> Result<Vec<&Query>, CatalogError> {
        let mut order = Order::of(self, &self.scopes, Some(&self.views));
        order.has_kept = false;
        self.placed(order, names)
    }

    fn placed<'a>(
        &'a self,
        mut order: Order<'a>,
        names: &BTreeSet<&str>,
    ) -> Result<Vec<&'a Query>, CatalogError> {
        for (name, file) in &self.scopes {
            if names.contains(name.as_str()) {
                order.place(self.read(file)?)?;
            }
        }
        Ok(order.placed)
    }

    /// All views, each after those that it reads; otherwise by name.
    ///
    /// # Errors
    /// [`CatalogError::Dependency`] where one reads a view that is not there, or itself; and what is wrong with a file.
    pub fn views(&self) -> Result<Vec<&Query>, CatalogError> {
        let mut order = Order::of(self, &self.views, None);
        for file in self.views.values() {
            order.place(self.read(file)?)?;
        }
        Ok(order.placed)
    }

    /// The views that can be created, each after those that it reads, and why others cannot: each cause once, not again
    /// for every view that reads what is at fault.
    #[must_use]
    pub fn sound_views(&self) -> (Vec<&Query>, Vec<CatalogError>) {
        let mut order = Order::of(self, &self.views, None);
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        let mut faults = Vec::new();
        for (name, file) in &self.views {
            let placed = self.read(file).and_then(|view| order.place(view));
            if let Err(fault) = placed {
                let mut path = std::mem::take(&mut order.path);
                if path.is_empty() {
                    path.push(name);
                }
                if path.iter().all(|name| !failed.contains(name)) {
                    faults.push(fault);
                }
                failed.extend(path);
            }
        }
        (order.placed, faults)
    }

    /// The user's own view that a query reads, also through others; none where it reads none.
    #[must_use]
    pub fn own_view_read(&self, query: &Query) -> Option<&Query> {
        if self.own_views.is_empty() {
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut waiting = VecDeque::from([query]);
        while let Some(query) = waiting.pop_front() {
            for name in self.reads(query) {
                let read = self.view(&name).or_else(|| self.scope(&name));
                let Some(read) = read.filter(|read| seen.insert(&read.id)) else {
                    continue;
                };
                if self.own_views.contains(&read.id) {
                    return Some(read);
                }
                waiting.push_back(read);
            }
        }
        None
    }

    /// What a view or a scope says that it reads; the words of a report, which does not say.
    fn reads(&self, query: &Query) -> Vec<String> {
        let is_report = self.reports.contains_key(&query.id);
        if !is_report {
            return query.depends.clone();
        }
        let statements = std::iter::once(&query.sql);
        let statements = statements.chain(query.beside().map(|(_, _, sql)| sql));
        let tokens = statements.flat_map(|sql| tokens(sql));
        tokens
            .filter_map(|token| word(&token).map(str::to_owned))
            .collect()
    }
}

/// Queries in the order in which they can be created.
struct Order<'a> {
    library: &'a Library,
    files: &'a QueryFiles,
    /// What they may read besides each other.
    others: Option<&'a QueryFiles>,
    /// Whether queries that are kept are placed.
    has_kept: bool,
    placed: Vec<&'a Query>,
    done: BTreeSet<&'a str>,
    /// The queries that are being placed, each for the one before it. After an error, all that cannot be placed because of it.
    path: Vec<&'a str>,
}

impl<'a> Order<'a> {
    fn of(library: &'a Library, files: &'a QueryFiles, others: Option<&'a QueryFiles>) -> Self {
        Self {
            library,
            files,
            others,
            has_kept: true,
            placed: Vec::with_capacity(files.len()),
            done: BTreeSet::new(),
            path: Vec::new(),
        }
    }

    /// Puts a query into the order, what it reads first.
    fn place(&mut self, query: &'a Query) -> Result<(), CatalogError> {
        if self.done.contains(query.id.as_str()) || (query.kept.is_some() && !self.has_kept) {
            return Ok(());
        }
        self.path.push(&query.id);
        for name in &query.depends {
            if let Some(start) = self.path.iter().position(|before| before == name) {
                return Err(self.circle(start, query));
            }
            match self.files.get_key_value(name) {
                Some((name, file)) => match self.library.read(file) {
                    Ok(needed) => self.place(needed)?,
                    Err(fault) => {
                        self.path.push(name);
                        return Err(fault);
                    }
                },
                None if self.others.is_some_and(|others| others.contains_key(name)) => {}
                None => return Err(dependency(query, name, "not a view")),
            }
        }
        self.path.pop();
        self.done.insert(&query.id);
        self.placed.push(query);
        Ok(())
    }

    /// The error for a circle, which begins at that place of the path and ends with that query.
    fn circle(&self, start: usize, last: &'a Query) -> CatalogError {
        let circle = &self.path[start..];
        // Ours make no circle alone: the user's own file is named.
        let own = circle
            .iter()
            .position(|view| self.library.own_views.contains(*view));
        let at = own.unwrap_or(circle.len() - 1);
        let next = circle[(at + 1) % circle.len()];
        let file = self.files.get(circle[at]);
        let query = file.and_then(|file| self.library.read(file).ok());
        dependency(query.unwrap_or(last), next, "in turn depending on it")
    }
}

fn dependency(query: &Query, name: &str, problem: &'static str) -> CatalogError {
    CatalogError::Dependency {
        path: query.path.clone(),
        view: query.id.clone(),
        dependency: name.to_owned(),
        problem,
    }
}
