//! What a report is answered by: its SQL as it is run, and the counts behind its figures.
//!
//! Enters: what [`run`](super::run()) takes, and the query that counts. Leaves: an [`Explained`].

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;

use super::bind::bind;
use super::names;
use super::placeholder::substituted;
use super::run::statements;
use super::values::plan;
use super::{ReportError, Request, Window};
use crate::catalog::Scoped;
use crate::catalog::{Library, ParameterKind, Query};
use crate::sql::{Session, TextCells};

/// How a report comes to its figures.
#[derive(Debug)]
pub struct Explained {
    /// The window that is asked for.
    pub window: Window,
    /// The statement with its parameters in it; it can be run as it stands.
    pub sql: String,
    /// The columns that the report has beside those of the statement: names of accounts.
    pub names: Vec<String>,
    /// What was counted, and how often: duplicates dropped, corrections, copies left out.
    pub figures: Vec<(String, u64)>,
}

/// Explains a report. `behind` counts in the window and, where the report asks for a key, of that key.
///
/// # Errors
/// As [`run`](super::run()).
pub async fn explain(
    session: &Session,
    library: &Library,
    report: &Query,
    behind: &Query,
    request: &Request,
) -> Result<Explained, ReportError> {
    let context = session.context();
    let told = statements(library, report)?;
    let bound = bind(context, library, &told, report, request).await?;
    let fault = |source| ReportError::engine(&behind.id, source);
    let asked = asked(report, &bound.values);
    let behind = Scoped::new(library, &behind.sql)?;
    let counts = plan(context, &behind.sql, &asked).await.map_err(fault)?;
    let mut figures = Vec::new();
    for batch in counts.collect().await.map_err(fault)? {
        let cells = TextCells::of(&batch).map_err(|source| fault(source.into()))?;
        figures.extend((0..batch.num_rows()).map(|row| {
            let count = cells.get(1, row).and_then(|count| count.parse().ok());
            let what = cells.get(0, row).unwrap_or_default();
            (what.to_owned(), count.unwrap_or(0))
        }));
    }
    let scoped = Scoped::new(library, &report.sql)?;
    let fault = |source| ReportError::engine(&report.id, source);
    let rows = plan(context, &scoped.sql, &bound.values).await;
    let names = names::added(rows.map_err(fault)?.schema().as_arrow());
    Ok(Explained {
        names,
        window: bound.window,
        sql: substituted(&scoped.sql, &bound.values),
        figures,
    })
}

/// The values of the report, with the first key that it asks for as the key of [`explain`]'s query.
fn asked(report: &Query, values: &BTreeMap<String, ScalarValue>) -> BTreeMap<String, ScalarValue> {
    let mut asked = values.clone();
    let mut parameters = report.parameters.iter();
    if let Some(key) = parameters.find(|parameter| parameter.kind == ParameterKind::Key) {
        for ending in ["arns", "names"] {
            if let Some(list) = values.get(&format!("{}_{ending}", key.name)) {
                asked.insert(format!("key_{ending}"), list.clone());
            }
        }
    }
    asked
}
