//! What is asked of a report, bound to the placeholders of its statements.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use super::error::option;
use super::filter::{CUT_DAYS, KnownValues, ResolvedFilters, cut_days};
use super::placeholder::placeholders;
use super::values::{days, integer, text_list, timestamp};
use super::{Filters, KeyDirectory, KeyScope, LogPeriod, ReportError, ResolvedKey, Window};
use crate::catalog::{Library, Note, Parameter, ParameterKind, Query, Scoped};

/// What is asked of a report.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The window, as [`Window::parse`] gives it: its start is none where it was not given.
    pub window: Window,
    /// Which rows it is about.
    pub filters: Filters,
    /// The report's own parameters, by name, as they were typed; and `key`, which every report takes.
    pub arguments: BTreeMap<String, String>,
    /// From when to when the logs are.
    pub logs: LogPeriod,
    /// The time of asking; none where it does not matter how old the logs are.
    pub now: Option<DateTime<Utc>>,
}

/// The parameter by which every report can be asked about one key.
const KEY: &str = "key";

/// The values of all placeholders, and the window that they stand for.
pub(super) struct Bound {
    pub(super) values: BTreeMap<String, ScalarValue>,
    pub(super) window: Window,
    /// The principal that is asked about.
    pub(super) principal: Option<String>,
    /// The notes on the filters and on the logs.
    pub(super) notes: Vec<Note>,
}

pub(super) async fn bind(
    context: &SessionContext,
    library: &Library,
    statements: &[(&str, Scoped<'_>)],
    report: &Query,
    request: &Request,
) -> Result<Bound, ReportError> {
    for name in request.arguments.keys() {
        let mut known = report.parameters.iter().map(|known| &known.name);
        if name != KEY && !known.any(|known| known == name) {
            return Err(ReportError::UnknownParameter {
                report: report.id.clone(),
                parameter: name.clone(),
                accepted: report
                    .parameters
                    .iter()
                    .map(|known| known.name.clone())
                    .collect(),
            });
        }
    }
    for parameter in &report.parameters {
        let is_given = request.arguments.contains_key(&parameter.name);
        if parameter.is_required && !is_given {
            return Err(ReportError::MissingParameter {
                report: report.id.clone(),
                parameter: parameter.name.clone(),
                meaning: parameter.description.clone(),
            });
        }
    }
    let window = window(report, request)?;
    let filters = request
        .filters
        .resolve(context, &window, &request.logs)
        .await?;
    let mut values = filters.values();
    values.insert("since".to_owned(), timestamp(window.since));
    values.insert("until".to_owned(), timestamp(window.until));
    let mut used = statements
        .iter()
        .flat_map(|(_, scoped)| placeholders(&scoped.sql));
    if used.any(|used| CUT_DAYS.contains(&used.name.as_str())) {
        values.extend(cut_days(context, &window).await?);
    }
    let stale = request.now.and_then(|now| request.logs.stale(&window, now));
    let mut bound = Bound {
        values,
        window,
        principal: None,
        notes: stale.into_iter().chain(filters.notes.clone()).collect(),
    };
    let filter = Parameter::key_filter();
    let is_declared = report.parameters.iter().any(|known| known.name == KEY);
    let filter = (!is_declared).then_some(&filter);
    for parameter in filter.into_iter().chain(&report.parameters) {
        let given = request.arguments.get(&parameter.name);
        let value = given.or(parameter.default.as_ref());
        bound
            .take((context, library), parameter, value, &filters, request)
            .await?;
    }
    Ok(bound)
}

impl Bound {
    /// Binds one parameter of the report.
    async fn take(
        &mut self,
        (context, library): (&SessionContext, &Library),
        parameter: &Parameter,
        value: Option<&String>,
        filters: &ResolvedFilters,
        request: &Request,
    ) -> Result<(), ReportError> {
        let name = parameter.name.clone();
        let bound = match parameter.kind {
            ParameterKind::Key => {
                let scope = KeyScope {
                    account: filters.account.as_deref(),
                    region: filters.region.as_deref(),
                    window: self.window,
                };
                let key = match value {
                    Some(typed) => KeyDirectory::load(context).await?.resolve(typed, &scope)?,
                    None => ResolvedKey::default(),
                };
                self.values
                    .insert(format!("{name}_arns"), text_list(&key.arns));
                self.values
                    .insert(format!("{name}_names"), text_list(&key.names));
                return Ok(());
            }
            ParameterKind::Int => {
                let number = value.map(|text| integer(parameter, text)).transpose()?;
                ScalarValue::Int64(number)
            }
            ParameterKind::Text => ScalarValue::Utf8(value.cloned()),
            ParameterKind::Principal | ParameterKind::Resource => {
                if let Some(typed) = value {
                    let option = &option(&name);
                    let store = KnownValues::new(context);
                    if parameter.kind == ParameterKind::Principal {
                        let nothing = store.held_principal(library, option, typed, &request.logs);
                        let nothing = nothing.await?;
                        self.notes.extend(nothing);
                        self.principal = Some(typed.clone());
                    } else {
                        store.held_resource(library, option, typed).await?;
                    }
                }
                ScalarValue::Utf8(value.cloned())
            }
            ParameterKind::Days => {
                let counted = value.filter(|_| request.window.since.is_none());
                let days = counted.map(|text| days(parameter, text)).transpose()?;
                ScalarValue::Int64(days.map(i64::from))
            }
        };
        self.values.insert(name, bound);
        Ok(())
    }
}

/// The window of the request; a report that counts days back begins there.
fn window(report: &Query, request: &Request) -> Result<Window, ReportError> {
    let mut window = request.window;
    for parameter in report
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterKind::Days)
    {
        let given = request.arguments.get(&parameter.name);
        if request.window.since.is_some() {
            if given.is_some() {
                return Err(ReportError::TwoStarts {
                    parameter: parameter.name.clone(),
                });
            }
        } else if let Some(text) = given.or(parameter.default.as_ref()) {
            window = window.counting_back(days(parameter, text)?)?;
        }
    }
    Ok(window)
}
