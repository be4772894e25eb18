//! A query file, read when it is first asked for: there are many, and a run needs few.
//!
//! Enters: a path and a text. Leaves: the query, or what is wrong with the file.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::{CatalogError, Query};

/// A query file.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its path, for messages.
    path: String,
    text: Cow<'static, str>,
    /// Whether it is the user's own.
    is_own: bool,
    query: OnceLock<Result<Query, CatalogError>>,
}

impl File {
    /// A file with this text.
    pub(super) fn new(path: String, text: Cow<'static, str>) -> Self {
        Self {
            path,
            text,
            is_own: false,
            query: OnceLock::new(),
        }
    }

    /// The same as the user's own.
    pub(super) fn own(self) -> Self {
        Self {
            is_own: true,
            ..self
        }
    }

    /// Whether it is the user's own.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// A file that cannot be used.
    pub(super) fn unusable(path: String, fault: CatalogError) -> Self {
        Self {
            query: OnceLock::from(Err(fault)),
            ..Self::new(path, Cow::Borrowed(""))
        }
    }

    /// Its path, for messages.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The query; `finish` completes it the first time. Finishing one may read other files, so this
    /// takes no lock.
    ///
    /// # Errors
    /// What is wrong with the file, or with what it reads.
    pub(super) fn query(
        &self,
        finish: impl FnOnce(Query) -> Result<Query, CatalogError>,
    ) -> Result<&Query, CatalogError> {
        let known = if let Some(known) = self.query.get() {
            known
        } else {
            let query = Query::parse(&self.path, &self.text).and_then(finish);
            self.query.get_or_init(|| query)
        };
        known.as_ref().map_err(Clone::clone)
    }
}
