//! `keytrail fetch-signatures`: the signatures of a local copy's digests.

use super::ExitStatus;
use super::args::FetchSignaturesArgs;
use super::error::{to_stderr, to_stdout};
use super::numbers::grouped;
use crate::integrity::fetch_signatures;

/// Failures that are named.
const SHOWN_MAX: usize = 20;

pub(super) async fn run(args: FetchSignaturesArgs) -> anyhow::Result<ExitStatus> {
    let fetched = fetch_signatures(&args.aws.into(), &args.origin, &args.directory).await?;
    to_stdout(&format!(
        "signatures written  {:>14}\nthere already       {:>14}\n",
        grouped(fetched.written),
        grouped(fetched.known)
    ))?;
    for (path, message) in fetched.failed.iter().take(SHOWN_MAX) {
        to_stderr(&format!(
            "warning: no signature for `{}`: {message}\n",
            path.display()
        ));
    }
    if fetched.failed.len() > SHOWN_MAX {
        let more = grouped((fetched.failed.len() - SHOWN_MAX) as u64);
        to_stderr(&format!("warning: nor for {more} more\n"));
    }
    Ok(if fetched.failed.is_empty() {
        ExitStatus::Success
    } else {
        ExitStatus::Incomplete
    })
}
