//! `keytrail forget`: objects in the ledger that are no logs, not counted any more.

use std::path::{Path, PathBuf};

use anyhow::bail;
use url::Url;

use super::ExitStatus;
use super::args::ForgetArgs;
use super::clock::now_micros;
use super::error::{print_warnings, to_stdout};
use super::ingest::grouped;
use super::session::StoreChoice;
use crate::catalog::nearest;
use crate::ingest::{Forgotten, forget, unread};
use crate::render::visible;

/// Objects that are named; all are in the ledger.
const SHOWN_MAX: usize = 20;

pub(super) async fn run(place: &StoreChoice, args: ForgetArgs) -> anyhow::Result<ExitStatus> {
    let store = place.open().await?;
    let asked: Vec<String> = args.objects.iter().map(|object| location(object)).collect();
    let run_id = uuid::Uuid::new_v4().to_string();
    let forgotten = forget(&store, &asked, &run_id, now_micros()).await?;
    print_warnings(&store);
    let is_found = |asked: &str| {
        let kept = forgotten.kept.iter().map(|kept| &kept.location);
        let mut known = forgotten.objects.iter().chain(kept);
        known.any(|known| known == asked || (asked.ends_with('/') && known.starts_with(asked)))
    };
    to_stdout(&describe(&forgotten))?;
    if let Some(unknown) = asked.iter().find(|asked| !is_found(asked)) {
        let unread = unread(&store).await?;
        let names = nearest(unknown, unread.iter().map(String::as_str));
        let hint = if names.is_empty() {
            "`keytrail sql \"select location from log_files where state <> 'ok'\"` lists what could not be read"
                .to_owned()
        } else {
            format!("nearest\n  {}", names.join("\n  "))
        };
        bail!(
            "cannot forget `{}`; no such object was ingested\n\nhint: {hint}",
            visible(unknown)
        );
    }
    // Of a folder, the logs stay and the rest goes; what was named itself is refused.
    let refused = forgotten
        .kept
        .iter()
        .find(|kept| asked.contains(&kept.location) || forgotten.objects.is_empty());
    if let Some(kept) = refused {
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

/// An object as the ledger names it. A directory ends in a slash; the file may be there no more.
fn location(typed: &str) -> String {
    if ["s3://", "file://"]
        .iter()
        .any(|scheme| typed.starts_with(scheme))
    {
        return typed.to_owned();
    }
    let path = Path::new(typed);
    let absolute = canonical(path).unwrap_or_else(|| path.to_path_buf());
    let is_folder = typed.ends_with('/') || absolute.is_dir();
    let url = if is_folder {
        Url::from_directory_path(&absolute)
    } else {
        Url::from_file_path(&absolute)
    };
    url.map_or_else(|()| typed.to_owned(), String::from)
}

/// The path without links, as far as it is there.
fn canonical(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(real) = std::fs::canonicalize(there) {
            return Some(
                missing
                    .iter()
                    .rev()
                    .fold(real, |path, name| path.join(name)),
            );
        }
        missing.push(there.file_name()?.to_owned());
        there = there.parent()?;
    }
}
