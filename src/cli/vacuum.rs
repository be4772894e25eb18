//! `keytrail vacuum`: data files that no reader needs any more, deleted.

use super::ExitStatus;
use super::args::VacuumArgs;
use super::error::to_stdout;
use super::events::HOST;
use super::session::StoreChoice;
use crate::service::{VacuumOptions, vacuum};

pub(super) async fn run(place: &StoreChoice, args: VacuumArgs) -> anyhow::Result<ExitStatus> {
    let options = VacuumOptions {
        keep_hours: args.keep_hours,
        is_forced: args.force,
    };
    let done = vacuum(&place.at(), options, HOST).await?;
    if done.files_removed == 0 {
        to_stdout("nothing to delete\n")?;
    }
    Ok(ExitStatus::Success)
}
