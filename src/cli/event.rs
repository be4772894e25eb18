//! `keytrail event`: the original of an event, one line of JSON for each content that its id has.

use super::args::EventArgs;
use super::error::{to_stderr, to_stdout};
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::render::json_visible;
use crate::service::{Queries, Reader, ServiceError};

pub(super) async fn run(place: &StoreChoice, args: EventArgs) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let reader = Reader::open(&store, Queries::embedded()?).await?;
    let originals = reader.originals(&args.event_id).await?;
    if originals.is_empty() {
        notes::print(&notes::of_store(&reader).await?);
        let event_id = args.event_id;
        return Err(ServiceError::UnknownEvent { event_id }.into());
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
