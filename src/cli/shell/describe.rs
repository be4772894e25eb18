//! `\d`: what tables and views there are, and what their columns mean.
//!
//! Enters: a reader, and what is documented: tables in `schema`, views in the headers of their files.
//! Leaves: a heading and rows.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::Desk;
use crate::catalog::{Library, Query, nearest};
use crate::render::visible;
use crate::schema::{self, Column, type_word};
use crate::service::Reader;

impl Desk {
    /// Shows the relations, or the columns of one.
    pub(super) async fn describe(&self, name: Option<&str>) -> anyhow::Result<()> {
        let (heading, rows) = described(&self.reader, name).await?;
        self.outlet.show(&heading, rows).await
    }
}

/// The relations of a store, or the columns of one, with what is said above them.
pub(in crate::cli) async fn described(
    reader: &Reader,
    name: Option<&str>,
) -> anyhow::Result<(String, RecordBatch)> {
    match name {
        None => Ok((String::new(), relations(reader)?)),
        Some(name) => columns(reader, name).await,
    }
}

fn relations(reader: &Reader) -> anyhow::Result<RecordBatch> {
    let library = reader.library();
    let names = reader.relations();
    let rows = names.iter().map(|name| {
        let (kind, meaning) = match schema::table(name) {
            Some(table) => ("table", first_sentence(table.doc)),
            None => ("view", title(library, name)),
        };
        [name.clone(), kind.to_owned(), meaning]
    });
    batch(["name", "kind", "what a row is"], &rows.collect::<Vec<_>>())
}

async fn columns(reader: &Reader, name: &str) -> anyhow::Result<(String, RecordBatch)> {
    let session = reader.session();
    let names = session.relations();
    let Some(name) = names.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
        let public = reader.relations();
        let near = nearest(name, public.iter().map(String::as_str));
        let hint = if near.is_empty() {
            "`\\d` lists them".to_owned()
        } else {
            near.join(", ")
        };
        bail!(
            "no table or view is called `{}`\n\nhint: {hint}",
            visible(name)
        );
    };
    let columns = session.columns(name).await?;
    let Some(table) = schema::table(name) else {
        let library = reader.library();
        let view = library.view(name);
        let rows = columns.fields().iter().map(|field| {
            let meaning = view.and_then(|view| library.meaning(view, field.name()));
            let meaning = visible(&meaning.unwrap_or_default()).into_owned();
            [field.name().clone(), type_word(field.data_type()), meaning]
        });
        let rows = rows.collect::<Vec<_>>();
        return Ok((
            view.map_or_else(|| format!("{name}\n"), heading),
            batch(["column", "type", "meaning"], &rows)?,
        ));
    };
    let rows = table.columns.iter().map(|column: &Column| {
        let null = if column.nullable { "yes" } else { "" };
        [
            column.name.to_owned(),
            column.kind.word().to_owned(),
            null.to_owned(),
            column.described(),
        ]
    });
    let rows = rows.collect::<Vec<_>>();
    let heading = format!("{name}: {}\n", table.doc);
    Ok((
        heading,
        batch(["column", "type", "null", "meaning"], &rows)?,
    ))
}

/// What stands above the columns of a view.
fn heading(view: &Query) -> String {
    let internal = view.internal.as_ref();
    let internal = internal.map_or_else(String::new, |reason| format!("Internal: {reason}\n"));
    visible_lines(&format!(
        "{}: {}\n{}\n{internal}",
        view.id, view.title, view.description
    ))
}

fn title(library: &Library, name: &str) -> String {
    let view = library.view(name);
    view.map_or_else(String::new, |view| view.title.clone())
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].trim_end_matches('.').to_owned()
}

/// A user's own header may hold anything.
fn visible_lines(text: &str) -> String {
    text.lines()
        .map(|line| visible(line).into_owned() + "\n")
        .collect()
}

fn batch<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> anyhow::Result<RecordBatch> {
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells: StringArray = rows.iter().map(|row| Some(row[at].as_str())).collect();
        (*name, Arc::new(cells) as ArrayRef)
    });
    RecordBatch::try_from_iter(columns).context("the columns have one length")
}
