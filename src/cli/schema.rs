//! `keytrail schema`: the documentation of the tables, views and reports.
//!
//! Views are planned over the empty tables of a store that is made aside, for the types of their columns.

use super::ExitStatus;
use super::args::{Page, SchemaArgs};
use super::error::to_stdout;
use super::queries::{QueriesChoice, scratch_store};
use crate::report::{reports_page, views_page};
use crate::schema::to_markdown;
use crate::service::{Queries, Reader};

pub(super) async fn run(queries: &QueriesChoice, args: SchemaArgs) -> anyhow::Result<ExitStatus> {
    let page = match args.page {
        Page::Tables => to_markdown(),
        Page::Views => views(queries.load()?).await?,
        Page::Reports => reports_page(&queries.load()?.library),
    };
    to_stdout(&page)?;
    Ok(ExitStatus::Success)
}

async fn views(queries: Queries) -> anyhow::Result<String> {
    let (_folder, store) = scratch_store().await?;
    let reader = Reader::open(&store, queries).await?;
    let mut views = Vec::new();
    for name in reader.relations() {
        if let Some(view) = reader.library().view(&name) {
            views.push((view, reader.session().columns(&name).await?));
        }
    }
    Ok(views_page(reader.library(), &views))
}
