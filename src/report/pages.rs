//! The documentation of views and reports: `docs/views.md`, `docs/reports.md`.
//!
//! Enters: the query files, and the columns of the views as a session has them. Leaves: Markdown, and how a parameter is
//! typed and described.

use std::fmt::Write as _;

use arrow::datatypes::SchemaRef;

use super::error::option;
use crate::catalog::{Library, Parameter, ParameterKind, Query};
use crate::schema::type_word;

/// What every report adds to its own columns.
pub(crate) const ADDED_COLUMNS: &str = "Reports add the names of accounts next to account IDs, callers and keys: \
     `account_name`, `caller_account_name`, `key_account_name`, `account_names`. A name is null unless the list of \
     `keytrail accounts import` has it.";

/// How a parameter is typed: `--key <KEY>`, `--param n=<N>`.
pub(crate) fn typed(parameter: &Parameter) -> String {
    let value = match parameter.kind {
        ParameterKind::Key => "KEY",
        ParameterKind::Int => "N",
        ParameterKind::Text => "TEXT",
        ParameterKind::Principal => "PRINCIPAL",
        ParameterKind::Resource => "RESOURCE",
        ParameterKind::Days => "DAYS",
    };
    format!("{}<{value}>", option(&parameter.name))
}

/// What a parameter means, whether it is required, and its default.
pub(crate) fn described(parameter: &Parameter) -> String {
    let mut text = parameter.description.clone();
    if parameter.is_required {
        text.push_str(" Required.");
    }
    if let Some(default) = &parameter.default {
        // Writing to a String cannot fail.
        let _infallible = write!(text, " Default: {default}.");
    }
    text
}

/// The text of `docs/views.md`: the views with these columns, in this order.
#[must_use]
pub fn views_page(library: &Library, views: &[(&Query, SchemaRef)]) -> String {
    let mut page = String::from(
        "# The views\n\n\
         Written by `keytrail schema views`; a test keeps it true. `keytrail sql` reads views like\n\
         [tables](schema.md). Each is one file in `queries/views/`, which you can read, copy and override\n\
         (`--queries`). Times are in UTC.\n",
    );
    for (view, schema) in views {
        push_title(&mut page, view);
        page.push_str("\n| column | type | meaning |\n|---|---|---|\n");
        for field in schema.fields() {
            let meaning = library.meaning(view, field.name()).unwrap_or_default();
            let _infallible = writeln!(
                page,
                "| `{}` | {} | {} |",
                field.name(),
                type_word(field.data_type()),
                cell(&meaning)
            );
        }
    }
    page
}

/// The text of `docs/reports.md`.
#[must_use]
pub fn reports_page(library: &Library) -> String {
    let mut page = String::from(
        "# The reports\n\n\
         Written by `keytrail schema reports`; a test keeps it true. `keytrail report NAME` runs a report and\n\
         `keytrail report NAME --help` shows what is here about it. Options for all reports (window, filters,\n\
         output) are in `keytrail report --help`. Times are in UTC.\n\n",
    );
    let _infallible = writeln!(page, "{ADDED_COLUMNS}");
    for report in library.reports() {
        push_title(&mut page, report);
        if !report.parameters.is_empty() {
            page.push_str("\n| parameter | meaning |\n|---|---|\n");
        }
        for parameter in &report.parameters {
            let (typed, described) = (typed(parameter), described(parameter));
            let _infallible = writeln!(page, "| `{}` | {} |", typed, cell(&described));
        }
        page.push_str("\n| column | meaning |\n|---|---|\n");
        for (name, meaning) in &report.columns {
            let _infallible = writeln!(page, "| `{name}` | {} |", cell(meaning));
        }
    }
    page
}

fn push_title(page: &mut String, query: &Query) {
    let (id, title, description) = (&query.id, &query.title, &query.description);
    let _infallible = write!(page, "\n## {id}\n\n**{title}**\n\n{description}\n");
}

/// A text as the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::{described, reports_page, typed};
    use crate::catalog::{Library, Query};

    #[test]
    fn parameters_are_shown_as_they_are_typed() {
        let text = "-- id: q\n-- title: t\n-- description: d\n\
            -- param key: key, required. Which key.\n-- param places: int = 3. How many.\nSELECT 1";
        let query = Query::parse("reports/q.sql", text).expect("a good header");
        let shown = query.parameters.iter();
        let shown: Vec<_> = shown.map(|one| (typed(one), described(one))).collect();
        let expected = [
            ("--key <KEY>", "Which key. Required."),
            ("--param places=<N>", "How many. Default: 3."),
        ];
        let expected = expected.map(|(typed, text)| (typed.to_owned(), text.to_owned()));
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_report_is_shown_with_its_columns() {
        let mut library = Library::default();
        let text = "-- id: q\n-- title: A title\n-- description: It answers.\n\
            -- column n: a | b\nSELECT 1 AS n ORDER BY n";
        assert!(library.add("reports/q.sql", text).expect("a report"));
        let page = reports_page(&library);
        let section = page.find("\n## q").expect("its section");
        assert_eq!(
            &page[section..],
            "\n## q\n\n**A title**\n\nIt answers.\n\n| column | meaning |\n|---|---|\n| `n` | a \\| b |\n"
        );
    }
}
