//! `keytrail settle`: the facts of days that are over, computed and stored.

use super::ExitStatus;
use super::args::SettleArgs;
use super::error::to_stdout;
use super::events::HOST;
use super::numbers::grouped;
use super::session::StoreChoice;
use crate::service::settle;

pub(super) async fn run(place: &StoreChoice, args: SettleArgs) -> anyhow::Result<ExitStatus> {
    let done = settle(&place.at(), args.dry_run, HOST).await?;
    let (days, records) = (grouped(done.days), grouped(done.records));
    to_stdout(&match (done.days, args.dry_run) {
        (0, _) => "nothing to settle\n".to_owned(),
        (_, true) => format!("days to settle: {days}, with {records} records\n"),
        (_, false) => format!(
            "settled {days} days: {} rows of key_uses from {records} records\n",
            grouped(done.facts)
        ),
    })?;
    Ok(ExitStatus::Success)
}
