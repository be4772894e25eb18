//! Deletes old rows: how long rows are kept, and which keys have a hold.

use arrow::array::RecordBatch;
use datafusion::prelude::{col, lit};

use super::error::ServiceError;
use super::host::Host;
use super::open::StoreAt;
use super::queries::Queries;
use super::reader::Reader;
use crate::ingest::{Retain, Retained, Span, retain as retain_rows};
use crate::report::{KeyScope, ReportError, resolve_key};
use crate::sql::{Session, texts};
use crate::store::Store;

/// What to keep.
#[derive(Debug, Clone, Default)]
pub struct RetainOptions {
    /// How long events are kept; as before, if not given.
    pub events: Option<Span>,
    /// How long usage is kept; as before, if not given.
    pub usage: Option<Span>,
    /// Keys whose rows are kept longer, as typed.
    pub hold: Vec<String>,
    /// Keys whose hold ends, as typed.
    pub release: Vec<String>,
}

/// Moves the horizons, holds and releases keys, and deletes the rows beyond the horizons.
///
/// # Errors
/// If there is nothing to do, a key is unknown, or the store fails. Everything committed before stays; the same call
/// again does the rest.
pub async fn retain(
    place: &StoreAt,
    options: &RetainOptions,
    host: Host<'_>,
) -> Result<Retained, ServiceError> {
    let is_idle = options.events.is_none() && options.usage.is_none();
    if is_idle && options.hold.is_empty() && options.release.is_empty() {
        return Err(ServiceError::NothingToRetain);
    }
    let store = place.open().await?;
    let queries = Queries::embedded()?;
    let (holds, releases) = keys(&store, options).await?;
    let run = Retain {
        events: options.events,
        usage: options.usage,
        holds,
        releases,
        run_id: uuid::Uuid::new_v4().to_string(),
        started_at: host.now(),
    };
    let done = retain_rows(&store, &queries.library, &run, host.clock).await;
    host.emit_warnings(&store)?;
    Ok(done?)
}

/// The names to hold, each with its key, and the keys to release.
async fn keys(
    store: &Store,
    options: &RetainOptions,
) -> Result<(Vec<(String, String)>, Vec<String>), ServiceError> {
    if options.hold.is_empty() && options.release.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let reader = Reader::open(store, Queries::embedded()?).await?;
    let session = reader.session();
    let held = reader.pins().retention()?.0.held_keys();
    let mut holds = Vec::new();
    for typed in &options.hold {
        let (key, names) = names(session, typed).await?;
        holds.extend(names.into_iter().map(|name| (key.clone(), name)));
    }
    let mut releases = Vec::new();
    for typed in &options.release {
        let key = if held.contains(typed) {
            typed.clone()
        } else {
            names(session, typed).await?.0
        };
        if !held.contains(&key) {
            return Err(ServiceError::NotHeld { key });
        }
        releases.push(key);
    }
    Ok((holds, releases))
}

/// The name of a key for a hold, and all values that name it in a row. A key ARN need not be in the logs yet.
async fn names(session: &Session, typed: &str) -> Result<(String, Vec<String>), ServiceError> {
    let resolved = match resolve_key(session, typed, &KeyScope::default()).await {
        Ok(resolved) => resolved,
        Err(ReportError::UnknownKey { .. }) if typed.contains(":key/") => {
            return Ok((typed.to_owned(), ids(&[typed.to_owned()])));
        }
        Err(error) => return Err(error.into()),
    };
    let mut names = resolved.names;
    names.extend(ids(&resolved.arns));
    // The aliases too, for the calls that failed before an ARN was known.
    let arns = resolved.arns.iter().map(lit).collect();
    let aliases = session.context().table("typed_names").await?;
    let aliases = aliases
        .filter(col("key_arn").in_list(arns, false))?
        .select_columns(&["name"])?
        .distinct()?;
    let batches: Vec<RecordBatch> = aliases.collect().await?;
    for batch in &batches {
        let column = texts(batch.column(0))?;
        names.extend(column.iter().flatten().map(str::to_owned));
    }
    names.sort();
    names.dedup();
    let key = match resolved.arns.as_slice() {
        [] => names.first().cloned().unwrap_or_else(|| typed.to_owned()),
        [arn] => arn.clone(),
        // The members of a multi-Region set have one id.
        [arn, ..] => id(arn).to_owned(),
    };
    Ok((key, names))
}

/// ARNs of keys, and the ids in them.
fn ids(arns: &[String]) -> Vec<String> {
    let both = arns.iter().flat_map(|arn| [arn.as_str(), id(arn)]);
    both.map(str::to_owned).collect()
}

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
