//! `\d`: what tables and views there are, and what their columns mean.
//!
//! Enters: a session, and what is documented: tables in `schema`, views in the headers of their files.
//! Leaves: a heading and rows.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::DataType;

use super::Desk;
use crate::catalog::{Library, nearest};
use crate::render::visible;
use crate::schema::{self, Column};

impl Desk {
    /// Shows the relations, or the columns of one.
    pub(super) async fn describe(&self, name: Option<&str>) -> anyhow::Result<()> {
        match name {
            None => self.outlet.show("", self.relations()?).await,
            Some(name) => {
                let (heading, columns) = self.columns(name).await?;
                self.outlet.show(&heading, columns).await
            }
        }
    }

    fn relations(&self) -> anyhow::Result<RecordBatch> {
        let library = self.reader.library();
        let names = self.reader.session().relations();
        let rows = names.iter().map(|name| {
            let (kind, meaning) = match schema::table(name) {
                Some(table) => ("table", first_sentence(table.doc)),
                None => ("view", title(library, name)),
            };
            [name.clone(), kind.to_owned(), meaning]
        });
        batch(["name", "kind", "what a row is"], &rows.collect::<Vec<_>>())
    }

    async fn columns(&self, name: &str) -> anyhow::Result<(String, RecordBatch)> {
        let session = self.reader.session();
        let names = session.relations();
        let Some(name) = names.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            let near = nearest(name, names.iter().map(String::as_str));
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
            let rows = columns.fields().iter();
            let rows = rows.map(|field| [field.name().clone(), word(field.data_type())]);
            let heading = match self.reader.library().view(name) {
                Some(view) => format!("{name}: {}\n{}\n", view.title, view.description),
                None => format!("{name}\n"),
            };
            let rows = rows.collect::<Vec<_>>();
            return Ok((visible_lines(&heading), batch(["column", "type"], &rows)?));
        };
        let rows = table.columns.iter().map(|column: &Column| {
            let null = if column.nullable { "yes" } else { "" };
            [column.name, column.kind.word(), null, column.doc].map(str::to_owned)
        });
        let rows = rows.collect::<Vec<_>>();
        let heading = format!("{name}: {}\n", table.doc);
        Ok((
            heading,
            batch(["column", "type", "null", "meaning"], &rows)?,
        ))
    }
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

/// The word for a type, as in the documentation of the tables.
fn word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp (UTC)".to_owned(),
        DataType::List(field) => format!("list of {}", word(field.data_type())),
        other => other.to_string(),
    }
}

fn batch<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> anyhow::Result<RecordBatch> {
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells: StringArray = rows.iter().map(|row| Some(row[at].as_str())).collect();
        (*name, Arc::new(cells) as ArrayRef)
    });
    RecordBatch::try_from_iter(columns).context("the columns are of one length")
}
