//! What the columns of views and reports mean.
//!
//! Enters: a query and the names of its columns. Leaves: the meaning of each, from the query's own header or from the
//! tables and views that the header refers to (`columns: as in …`); and what is wrong with the documentation.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Library, Query};

/// What is wrong with the column documentation of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFault {
    /// The word of the header at fault, such as `column caller`.
    pub word: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl Library {
    /// What a column of the query means; `None` where nothing says.
    #[must_use]
    pub fn meaning<'a>(&'a self, query: &'a Query, column: &str) -> Option<Cow<'a, str>> {
        self.meaning_unseen(query, column, &mut BTreeSet::new())
    }

    /// The same, without going through a relation twice: users' files may refer to each other.
    fn meaning_unseen<'a>(
        &'a self,
        query: &'a Query,
        column: &str,
        seen: &mut BTreeSet<&'a str>,
    ) -> Option<Cow<'a, str>> {
        let own = query.columns.iter().find(|(name, _)| name == column);
        if let Some((_, meaning)) = own {
            return Some(Cow::Borrowed(meaning.as_str()));
        }
        for name in &query.columns_as_in {
            if !seen.insert(name) {
                continue;
            }
            let meaning = match (crate::schema::table(name), self.view(name)) {
                (Some(table), _) => {
                    let mut columns = table.columns.iter();
                    let known = columns.find(|known| known.name == column);
                    known.map(|known| Cow::Owned(known.described()))
                }
                (None, Some(view)) => self.meaning_unseen(view, column, seen),
                (None, None) => None,
            };
            if meaning.is_some() {
                return meaning;
            }
        }
        None
    }

    /// What is wrong with the documentation of a view or report that has these columns. An internal view needs none.
    #[must_use]
    pub fn column_faults(&self, query: &Query, columns: &[&str]) -> Vec<ColumnFault> {
        let mut faults = Vec::new();
        let unknown = query
            .columns_as_in
            .iter()
            .filter(|name| crate::schema::table(name).is_none() && self.view(name).is_none());
        for name in unknown {
            faults.push(ColumnFault {
                word: "columns".to_owned(),
                problem: format!("`{name}` is not a table or view"),
            });
        }
        let extra = query
            .columns
            .iter()
            .filter(|(name, _)| !columns.contains(&name.as_str()));
        for (name, _) in extra {
            faults.push(ColumnFault {
                word: format!("column {name}"),
                problem: format!("`{name}` is not a column of the rows"),
            });
        }
        faults.extend(out_of_order(query, columns));
        let missing: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|column| query.internal.is_none() && self.meaning(query, column).is_none())
            .collect();
        if let Some(first) = missing.first() {
            faults.push(ColumnFault {
                word: "id".to_owned(),
                problem: format!(
                    "`{}` has no column docs for `{}`: add `-- column {first}: what it means`",
                    query.id,
                    missing.join("`, `")
                ),
            });
        }
        faults
    }

    /// Whether a relation is a view that only other queries read: SQL can name it, but nothing lists it.
    #[must_use]
    pub fn is_internal(&self, relation: &str) -> bool {
        self.view(relation)
            .is_some_and(|view| view.internal.is_some())
    }
}

/// The first column of the header that is not in the order of the rows.
fn out_of_order(query: &Query, columns: &[&str]) -> Option<ColumnFault> {
    let place = |name: &str| columns.iter().position(|column| *column == name);
    let mut last: Option<(usize, &str)> = None;
    for (name, _) in &query.columns {
        let Some(at) = place(name) else { continue };
        if let Some((before, other)) = last
            && before > at
        {
            return Some(ColumnFault {
                word: format!("column {name}"),
                problem: format!("`{name}` is before `{other}` in the rows: put it there"),
            });
        }
        last = Some((at, name));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::catalog::Library;

    /// A library with views of these headers.
    fn library(views: &[(&str, &str)]) -> Library {
        let mut library = Library::default();
        for (id, header) in views {
            let text = format!("-- id: {id}\n-- title: t\n-- description: d\n{header}SELECT 1");
            let path = format!("views/{id}.sql");
            assert!(library.add(&path, &text).expect("a view"), "{id}");
        }
        library
    }

    #[track_caller]
    fn check(header: &str, columns: &[&str], expected: &[(&str, &str)]) {
        let library = library(&[("v", header)]);
        let view = library.view("v").expect("it is there");
        let faults = library.column_faults(view, columns);
        let faults: Vec<(&str, &str)> = faults
            .iter()
            .map(|fault| (fault.word.as_str(), fault.problem.as_str()))
            .collect();
        assert_eq!(faults, expected, "{header}");
    }

    #[test]
    fn every_column_of_a_public_query_is_documented_and_no_other() {
        let both = "-- column a: first\n-- column b: second\n";
        check(both, &["a", "b"], &[]);
        check(
            both,
            &["a"],
            &[("column b", "`b` is not a column of the rows")],
        );
        check(
            both,
            &["a", "b", "c", "d"],
            &[(
                "id",
                "`v` has no column docs for `c`, `d`: add `-- column c: what it means`",
            )],
        );
        check(
            both,
            &["b", "a"],
            &[("column b", "`b` is before `a` in the rows: put it there")],
        );
        check("-- internal: a step\n", &["a"], &[]);
        check(
            "-- internal: a step\n-- column b: second\n",
            &["a"],
            &[("column b", "`b` is not a column of the rows")],
        );
    }

    #[test]
    fn columns_mean_what_they_mean_elsewhere() {
        check("-- columns: as in kms_events\n", &["caller"], &[]);
        check(
            "-- columns: as in kms_event\n",
            &[],
            &[("columns", "`kms_event` is not a table or view")],
        );
        let library = library(&[
            ("a", "-- column n: a number\n-- columns: as in b\n"),
            ("b", "-- columns: as in a, kms_events\n-- column n: other\n"),
        ]);
        let meaning = |id: &str, column: &str| {
            let view = library.view(id).expect("it is there");
            library
                .meaning(view, column)
                .map(std::borrow::Cow::into_owned)
        };
        assert_eq!(meaning("a", "n").as_deref(), Some("a number"));
        assert_eq!(meaning("b", "n").as_deref(), Some("other"));
        let mut columns = crate::schema::KMS_EVENTS.columns.iter();
        let region = columns.find(|column| column.name == "region");
        assert_eq!(
            meaning("a", "region").as_deref(),
            region.map(crate::schema::Column::described).as_deref()
        );
        // The two refer to each other, and neither says.
        assert_eq!(meaning("a", "nowhere"), None);
    }

    #[test]
    fn internal_views_are_known_by_their_headers() {
        let library = library(&[("a", "-- internal: a step\n"), ("b", "")]);
        assert!(library.is_internal("a"));
        assert!(!library.is_internal("b") && !library.is_internal("kms_events"));
    }
}
