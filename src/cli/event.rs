//! `keytrail event`: the original of an event, one line of JSON for each content that its id has.

use anyhow::bail;
use datafusion::prelude::{col, lit};

use super::args::EventArgs;
use super::error::{to_stderr, to_stdout};
use super::queries::Queries;
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::decode::original_event;
use crate::render::json_visible;
use crate::schema::{KMS_EVENTS, TRAIL_EVENTS};

pub(super) async fn run(place: &StoreChoice, args: EventArgs) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let queries = Queries::embedded()?;
    let (session, pins) = queries.session(&store).await?;
    let mut originals = Vec::new();
    for table in [&KMS_EVENTS, &TRAIL_EVENTS] {
        let rows = session
            .context()
            .table(table.name)
            .await?
            .filter(col("event_id").eq(lit(args.event_id.as_str())))?
            .sort(vec![
                col("event_time").sort(true, true),
                col("content_hash").sort(true, true),
            ])?
            .collect()
            .await?;
        for batch in rows {
            for row in 0..batch.num_rows() {
                originals.push(original_event(&batch, row)?);
            }
        }
    }
    if originals.is_empty() {
        to_stderr(&notes::of_store(&pins).await?);
        bail!(
            "the store holds no event `{}`\n\nhint: it holds KMS events, and those of other services that `keytrail schema` lists under trail_events",
            args.event_id
        );
    }
    for original in &originals {
        to_stdout(&format!("{}\n", json_visible(original)))?;
    }
    if originals.len() > 1 {
        to_stderr(&format!(
            "{} events with different content have this id\n",
            originals.len()
        ));
    }
    Ok(ExitStatus::Success)
}
