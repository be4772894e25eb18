//! `keytrail forget`: objects in the ledger that are no logs, not counted any more.

use anyhow::bail;

use super::ExitStatus;
use super::args::ForgetArgs;
use super::error::to_stdout;
use super::events::HOST;
use super::numbers::grouped;
use super::session::StoreChoice;
use crate::ingest::Forgotten;
use crate::render::visible;
use crate::service::forget;

/// Objects that are named; all are in the ledger.
const SHOWN_MAX: usize = 20;

pub(super) async fn run(place: &StoreChoice, args: ForgetArgs) -> anyhow::Result<ExitStatus> {
    let outcome = forget(&place.at(), &args.objects, HOST).await?;
    to_stdout(&describe(&outcome.done))?;
    if let Some(unknown) = &outcome.unknown {
        let hint = if unknown.nearest.is_empty() {
            "`keytrail sql \"select location from log_files where state <> 'ok'\"` lists what could not be read"
                .to_owned()
        } else {
            format!("nearest\n  {}", unknown.nearest.join("\n  "))
        };
        bail!(
            "cannot forget `{}`; no such object was ingested\n\nhint: {hint}",
            visible(&unknown.location)
        );
    }
    if let Some(kept) = &outcome.refused {
        bail!("cannot forget `{}`; {}", visible(&kept.location), kept.why);
    }
    Ok(ExitStatus::Success)
}

fn describe(forgotten: &Forgotten) -> String {
    if forgotten.objects.is_empty() {
        return String::new();
    }
    let count = |count: usize| match count {
        1 => "1 object".to_owned(),
        count => format!("{} objects", grouped(count as u64)),
    };
    let mut text = format!("forgot {}\n", count(forgotten.objects.len()));
    let mut lines: Vec<String> = forgotten.objects.clone();
    let more = lines.len().saturating_sub(SHOWN_MAX);
    lines.truncate(SHOWN_MAX);
    lines.extend((more > 0).then(|| format!("and {} more", grouped(more as u64))));
    for line in lines {
        text.extend(["  ", &visible(&line), "\n"]);
    }
    if let Some(first) = forgotten.kept.first() {
        let kept = format!(
            "kept {}, such as {}: {}\n",
            count(forgotten.kept.len()),
            visible(&first.location),
            first.why
        );
        text.push_str(&kept);
    }
    text
}
