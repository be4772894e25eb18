//! `keytrail schema`: the documentation of the tables, views and reports.
//!
//! Views are planned over the empty tables of a store that is made aside, for the types of their columns.

use super::ExitStatus;
use super::args::{Page, SchemaArgs};
use super::error::to_stdout;
use super::queries::{Queries, QueriesChoice, scratch_store};
use crate::report::{reports_page, views_page};
use crate::schema::to_markdown;

pub(super) async fn run(queries: &QueriesChoice, args: SchemaArgs) -> anyhow::Result<ExitStatus> {
    let page = match args.page {
        Page::Tables => to_markdown(),
        Page::Views => views(&Queries::chosen(queries)?).await?,
        Page::Reports => reports_page(&Queries::chosen(queries)?.library),
    };
    to_stdout(&page)?;
    Ok(ExitStatus::Success)
}

async fn views(queries: &Queries) -> anyhow::Result<String> {
    let (_folder, store) = scratch_store().await?;
    let (session, _pins) = queries.session(&store).await?;
    let mut views = Vec::new();
    for name in queries.public_relations(&session) {
        if let Some(view) = queries.library.view(&name) {
            views.push((view, session.columns(&name).await?));
        }
    }
    Ok(views_page(&queries.library, &views))
}
