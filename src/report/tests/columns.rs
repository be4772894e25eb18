//! The documentation of the columns of our own views and reports.

use crate::catalog::{Library, Scoped};
use crate::report::check::{column_faults, typical_values};
use crate::report::values::plan;

use super::context;

fn embedded() -> Library {
    Library::embedded().expect("good headers")
}

/// The columns named in the header, without those that the rows do not have.
fn named<'a>(query: &'a crate::catalog::Query, columns: &[&str]) -> Vec<&'a str> {
    let named = query.columns.iter().map(|(name, _)| name.as_str());
    named.filter(|name| columns.contains(name)).collect()
}

#[tokio::test]
async fn every_column_of_a_public_view_is_documented() {
    let context = context(Vec::new()).await;
    let library = embedded();
    let mut faults = Vec::new();
    for view in library.views().expect("an order") {
        let provider = context.table_provider(view.id.as_str()).await;
        let schema = provider.expect("a view").schema();
        let columns: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| &**field.name())
            .collect();
        let found = library.column_faults(view, &columns);
        let found = found.into_iter().map(|fault| fault.problem);
        faults.extend(found.map(|problem| format!("{}: {problem}", view.path)));
        let named = named(view, &columns);
        let ordered: Vec<&str> = columns
            .into_iter()
            .filter(|one| named.contains(one))
            .collect();
        assert_eq!(
            named, ordered,
            "{}: not in the order of the columns",
            view.path
        );
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn every_column_of_a_report_is_documented() {
    let context = context(Vec::new()).await;
    let library = embedded();
    let mut faults = Vec::new();
    for report in library.reports() {
        let scoped = Scoped::new(&library, &report.sql).expect("scopes");
        let frame = plan(&context, &scoped.sql, &typical_values(report)).await;
        let frame = frame.unwrap_or_else(|error| panic!("{}: {error}", report.path));
        let columns = frame.schema().fields().iter();
        let columns: Vec<&str> = columns.map(|field| &**field.name()).collect();
        // The page of the reports and their help show what the header names, as it is.
        assert_eq!(
            report.columns_as_in,
            Vec::<String>::new(),
            "{}",
            report.path
        );
        let found = column_faults(&library, report, &columns, "");
        faults.extend(found.iter().map(ToString::to_string));
        let named = named(report, &columns);
        let ordered: Vec<&str> = columns
            .into_iter()
            .filter(|one| named.contains(one))
            .collect();
        assert_eq!(
            named, ordered,
            "{}: not in the order of the columns",
            report.path
        );
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
