//! Every query, on rows made by hand, against answers worked out by hand.

mod columns;
mod connections;
mod copies;
mod corrections;
mod coverage;
mod coverage_ends;
mod coverage_losses;
mod cross_account;
mod deleted_events;
mod denied;
mod filters;
mod filters_looked_up;
mod grants;
mod incidents;
mod joins;
mod key_material;
mod key_timeline;
mod keys;
mod log_period;
mod missing_logs;
mod moved_aliases;
mod principals;
mod requests;
mod resources;
mod rhythm;
mod rollups;
mod throttled_callers;
mod top_callers;
mod unknown_operations;
mod unused_keys;
mod unused_keys_left_out;
mod views;
mod who_used;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use arrow::util::display::array_value_to_string;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::run::run_in;
use super::{Request, Window};
use crate::catalog::{Library, Note};
use crate::schema;
use crate::sql::{add_views, register_retentions};
use crate::store::{Hold, Retention};

/// The account that owns the keys, and one that uses them from outside.
pub(super) const OWNER: &str = "111111111111";
pub(super) const OTHER: &str = "222222222222";

/// Keys of the owner in eu-west-1.
pub(super) const KEY_A: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-0000-0000-0000-000000000001";
pub(super) const KEY_B: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/bbbbbbbb-0000-0000-0000-000000000002";

/// A multi-Region set of the owner.
pub(super) const MRK_ID: &str = "mrk-00000000000000000000000000000003";
pub(super) const MRK_EU: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/mrk-00000000000000000000000000000003";
pub(super) const MRK_US: &str =
    "arn:aws:kms:us-east-1:111111111111:key/mrk-00000000000000000000000000000003";

pub(super) const ALICE: &str = "arn:aws:iam::111111111111:role/alice";

/// A successful Decrypt by alice in the owner's log, with the members that the test gives.
pub(super) fn event(time: &str, members: Value) -> Value {
    let mut row = json!({
        "event_time": time, "event_date": &time[..10], "event_month": &time[..7],
        "caller": ALICE, "event_name": "Decrypt", "outcome": "success",
        "recipient_account_id": OWNER, "caller_account_id": OWNER, "region": "eu-west-1",
        "ingest_seq": 1, "is_dry_run": false, "is_correction": false, "is_event_id_derived": false,
        "object_id": "o", "record_number": 0, "batch_id": "b", "ingest_time": "2026-12-31T00:00:00Z",
    });
    let Value::Object(members) = members else {
        panic!("the members of an event are an object");
    };
    for (name, value) in members {
        row[name] = value;
    }
    row
}

/// Gives each event an id and a content of its own, where the test gave none.
fn numbered(events: Vec<Value>) -> Vec<Value> {
    events
        .into_iter()
        .enumerate()
        .map(|(index, mut event)| {
            if event.get("event_id").is_none() {
                event["event_id"] = json!(format!("event-{index:02}"));
            }
            if event.get("content_hash").is_none() {
                event["content_hash"] = json!(format!("{index:032x}"));
            }
            event
        })
        .collect()
}

pub(super) fn batch(schema: SchemaRef, rows: &[Value]) -> RecordBatch {
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
        .build_decoder()
        .expect("a decoder");
    decoder.serialize(rows).expect("rows of the schema");
    decoder
        .flush()
        .expect("a batch")
        .unwrap_or_else(|| RecordBatch::new_empty(schema))
}

fn register(context: &SessionContext, name: &str, batch: RecordBatch) {
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("a table");
    context
        .register_table(name, Arc::new(table))
        .expect("a new name");
}

/// The rows of a roll-up of `new_kms_events`, in the schema of its table.
pub(super) async fn rollup(context: &SessionContext, table: &'static schema::Table) -> RecordBatch {
    let library = Library::embedded().expect("good headers");
    let sql = &library.rollup(table.name).expect("a roll-up").sql;
    let frame = context.sql(sql).await.expect("a plan");
    let schema = table.arrow();
    let names: Vec<String> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let wanted: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, wanted);
    let batches = frame.collect().await.expect("rows");
    let batches: Vec<RecordBatch> = batches
        .iter()
        .map(|batch| {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns
                .map(|(column, field)| {
                    assert_eq!(column.data_type(), field.data_type(), "{}", field.name());
                    cast(column, field.data_type()).expect("the type of the schema")
                })
                .collect();
            RecordBatch::try_new(Arc::clone(&schema), columns)
                .expect("no null in a required column")
        })
        .collect();
    arrow::compute::concat_batches(&schema, &batches).expect("one schema")
}

/// A session's context with these events, their roll-ups, and the views.
pub(super) async fn context(events: Vec<Value>) -> SessionContext {
    let held = numbered(events);
    build(held.clone(), &held).await
}

/// The same after the events themselves were removed.
pub(super) async fn context_of_rollups(events: Vec<Value>) -> SessionContext {
    let context = build(numbered(events), &[]).await;
    let retention = Retention {
        horizon: Some(micros("2100-01-01")),
        holds: Vec::new(),
    };
    keep_since(&context, &retention);
    context
}

/// A session's context with these events and these rows of another table.
pub(super) async fn context_with(
    events: Vec<Value>,
    table: &'static schema::Table,
    rows: &[Value],
) -> SessionContext {
    let events = numbered(events);
    build_with(&events, &events, &[(table, rows)]).await
}

/// A session's context with these events and the rows of these tables.
pub(super) async fn context_of(
    events: Vec<Value>,
    tables: &[(&'static schema::Table, &[Value])],
) -> SessionContext {
    let events = numbered(events);
    build_with(&events, &events, tables).await
}

/// The beginning of a day.
pub(super) fn micros(day: &str) -> i64 {
    let day: chrono::NaiveDate = day.parse().expect("a date");
    day.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_micros()
}

/// Tells the views of a context from when on the events are kept, and that of those before only records are counted.
pub(super) fn keep_since(context: &SessionContext, retention: &Retention) {
    let tables = [schema::KMS_EVENTS.name, schema::USES_DAILY.name];
    let retentions = tables.map(|table| (table, retention.clone()));
    register_retentions(context, &retentions.into());
}

/// The same after the events of before that day were deleted, but for those of aliases and of keys on hold.
pub(super) async fn context_since(
    events: Vec<Value>,
    day: &str,
    holds: &[(&str, Option<&str>)],
) -> SessionContext {
    let events = numbered(events);
    let is_held = |event: &&Value| {
        let is_after = |day: &str| event["event_time"].as_str().is_some_and(|at| at >= day);
        let is_on_hold = |(name, since): &(&str, Option<&str>)| {
            event["key_arn"] == *name && since.is_none_or(is_after)
        };
        let name = event["event_name"].as_str().expect("a name");
        is_after(day) || name.ends_with("Alias") || holds.iter().any(is_on_hold)
    };
    let held: Vec<Value> = events.iter().filter(is_held).cloned().collect();
    let context = build(events, &held).await;
    let to_hold = |(name, since): &(&str, Option<&str>)| Hold {
        key: (*name).to_owned(),
        name: (*name).to_owned(),
        since: since.map(micros),
    };
    let retention = Retention {
        horizon: Some(micros(day)),
        holds: holds.iter().map(to_hold).collect(),
    };
    keep_since(&context, &retention);
    context
}

/// The same after the daily counts of before that day were deleted, too, so that only those of months are left.
pub(super) async fn context_of_months(events: Vec<Value>, day: &str) -> SessionContext {
    let events = numbered(events);
    let is_held = |event: &&Value| event["event_time"].as_str().is_some_and(|at| at >= day);
    let held: Vec<Value> = events.iter().filter(is_held).cloned().collect();
    let context = build(events, &held).await;
    let writer = crate::sql::context();
    let counted = batch(schema::KMS_EVENTS.arrow(), &held);
    register(&writer, "new_kms_events", counted);
    let days = schema::USAGE_DAILY.name;
    context.deregister_table(days).expect("no error");
    register(&context, days, rollup(&writer, &schema::USAGE_DAILY).await);
    let retention = Retention {
        horizon: Some(micros(day)),
        holds: Vec::new(),
    };
    let tables = [schema::KMS_EVENTS.name, schema::USES_DAILY.name, days];
    let retentions = tables.map(|table| (table, retention.clone()));
    register_retentions(&context, &retentions.into());
    context
}

/// A session's context with the events of several runs, each of which counted its own.
pub(super) async fn context_of_runs(runs: &[Vec<Value>]) -> SessionContext {
    let held: Vec<Value> = runs.iter().flatten().cloned().collect();
    build_runs(runs, &numbered(held), &[]).await
}

async fn build(events: Vec<Value>, held: &[Value]) -> SessionContext {
    build_with(&events, held, &[]).await
}

async fn build_with(
    events: &[Value],
    held: &[Value],
    others: &[(&'static schema::Table, &[Value])],
) -> SessionContext {
    build_runs(&[events.to_vec()], held, others).await
}

async fn build_runs(
    runs: &[Vec<Value>],
    held: &[Value],
    others: &[(&'static schema::Table, &[Value])],
) -> SessionContext {
    let mut writers = Vec::new();
    for events in runs {
        let writer = crate::sql::context();
        let all = batch(schema::KMS_EVENTS.arrow(), events);
        register(&writer, "new_kms_events", all);
        writers.push(writer);
    }
    let context = crate::sql::context();
    for table in schema::TABLES {
        let rows = match table.name {
            "kms_events" => batch(table.arrow(), held),
            "usage_daily" => rollups(&writers, &schema::USAGE_DAILY).await,
            "key_resources" => rollups(&writers, &schema::KEY_RESOURCES).await,
            "usage_monthly" => rollups(&writers, &schema::USAGE_MONTHLY).await,
            "alias_sightings" => rollups(&writers, &schema::ALIAS_SIGHTINGS).await,
            "event_days" => rollups(&writers, &schema::EVENT_DAYS).await,
            name => match others.iter().find(|(other, _)| other.name == name) {
                Some((other, rows)) => batch(other.arrow(), rows),
                None => RecordBatch::new_empty(table.arrow()),
            },
        };
        register(&context, crate::sql::relation_of(table), rows);
    }
    create_views(&context);
    context
}

/// The rows that each run added to a roll-up.
async fn rollups(writers: &[SessionContext], table: &'static schema::Table) -> RecordBatch {
    let mut batches = Vec::new();
    for writer in writers {
        batches.push(rollup(writer, table).await);
    }
    arrow::compute::concat_batches(&table.arrow(), &batches).expect("one schema")
}

pub(super) fn create_views(context: &SessionContext) {
    let library = Library::embedded().expect("good headers");
    add_views(context, &Arc::new(library)).expect("a schema that takes views");
}

/// The rows as text, `column=value` for the columns asked for, `-` for null.
pub(super) fn lines(batches: &[RecordBatch], columns: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns
                .iter()
                .map(|name| {
                    let column = batch
                        .column_by_name(name)
                        .unwrap_or_else(|| panic!("no column {name}"));
                    if column.is_null(row) {
                        "-".to_owned()
                    } else {
                        array_value_to_string(column, row).expect("a printable value")
                    }
                })
                .collect();
            lines.push(cells.join(" | "));
        }
    }
    lines
}

pub(super) async fn query(context: &SessionContext, sql: &str, columns: &[&str]) -> Vec<String> {
    let frame = context.sql(sql).await.expect("a plan");
    lines(&frame.collect().await.expect("rows"), columns)
}

/// A request for a window, with arguments.
pub(super) fn request(since: Option<&str>, until: &str, arguments: &[(&str, &str)]) -> Request {
    Request {
        window: Window::parse(since, Some(until), None).expect("a window"),
        arguments: arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Request::default()
    }
}

/// How the notes on missing logs begin; only tests of them make a ledger.
pub(super) const ON_MISSING_LOGS: [&str; 6] = [
    "logs-begin: logs begin at",
    "coverage: ",
    "unread: ",
    "verification: ",
    "trail: ",
    "trail-settings: ",
];

/// Notes as `code: text`; the text of each says its count.
pub(super) fn written(notes: Vec<Note>) -> Vec<String> {
    let notes = notes.into_iter().map(|Note { code, count, text }| {
        let says = |count: i64| count == 0 || text.contains(&count.to_string());
        assert!(count.is_none_or(says), "{code}: {text}: not {count:?}");
        format!("{code}: {text}")
    });
    notes.collect()
}

/// The rows of a report and its caveats, but for those on missing logs.
pub(super) async fn answer(
    context: &SessionContext,
    report: &str,
    request: &Request,
    columns: &[&str],
) -> (Vec<String>, Vec<String>) {
    let (rows, mut caveats) = answer_in_full(context, report, request, columns).await;
    caveats.retain(|text| {
        let mut starts = ON_MISSING_LOGS.iter();
        !starts.any(|start| text.starts_with(start))
    });
    (rows, caveats)
}

/// What a report says above its rows.
pub(super) async fn summary(
    context: &SessionContext,
    report: &str,
    request: &Request,
) -> Vec<String> {
    let library = Library::embedded().expect("good headers");
    let report = library.report(report).expect("a report");
    match run_in(context, &library, report, request).await {
        Ok(outcome) => outcome.summary,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

/// The rows of a report and all its caveats.
pub(super) async fn answer_in_full(
    context: &SessionContext,
    report: &str,
    request: &Request,
    columns: &[&str],
) -> (Vec<String>, Vec<String>) {
    let library = Library::embedded().expect("good headers");
    let report = library.report(report).expect("a report");
    let outcome = match run_in(context, &library, report, request).await {
        Ok(outcome) => outcome,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    };
    let batches: Vec<RecordBatch> = outcome.stream.try_collect().await.expect("rows");
    let caveats = outcome.caveats.collect().await.expect("caveats");
    (lines(&batches, columns), written(caveats))
}
