//! `keytrail compact`: small files made into large ones.

use super::ExitStatus;
use super::error::to_stdout;
use super::events::HOST;
use super::session::StoreChoice;
use crate::service::compact;

pub(super) async fn run(place: &StoreChoice) -> anyhow::Result<ExitStatus> {
    let done = compact(&place.at(), HOST).await?;
    if done.files_removed == 0 {
        to_stdout("nothing to merge\n")?;
    }
    Ok(ExitStatus::Success)
}
