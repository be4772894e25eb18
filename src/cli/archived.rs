//! `keytrail status --archived`: log objects that need a restore, and how to restore them.

use std::fmt::Write as _;

use serde::Serialize;

use super::ingest::grouped;
use super::queries::Queries;
use super::status::rows;
use crate::render::visible;
use crate::source::Address;
use crate::sql::Session;

/// So many objects get a command each; more are restored by a batch job.
const COMMANDS_MAX: usize = 20;

/// The objects of one storage class.
#[derive(Debug, Serialize)]
struct OfClass {
    storage_class: String,
    objects: u64,
    bytes: u64,
}

/// What is archived.
#[derive(Debug, Default, Serialize)]
pub(super) struct Archived {
    objects: u64,
    bytes: u64,
    classes: Vec<OfClass>,
    /// The commands that restore them, one for each of the first objects.
    restore_commands: Vec<String>,
}

pub(super) async fn collect(session: &Session, queries: &Queries) -> anyhow::Result<Archived> {
    let mut archived = Archived::default();
    for row in rows(session, queries, "status-archived").await? {
        let [Some(location), Some(class), size] = row.as_slice() else {
            continue;
        };
        let bytes: u64 = size
            .as_deref()
            .and_then(|size| size.parse().ok())
            .unwrap_or(0);
        archived.objects += 1;
        archived.bytes += bytes;
        let classes = &mut archived.classes;
        match classes
            .iter_mut()
            .find(|known| known.storage_class == *class)
        {
            Some(known) => {
                known.objects += 1;
                known.bytes += bytes;
            }
            None => classes.push(OfClass {
                storage_class: class.clone(),
                objects: 1,
                bytes,
            }),
        }
        if archived.restore_commands.len() < COMMANDS_MAX
            && let Some(address) = Address::parse(location)
        {
            archived.restore_commands.push(command(&address, class));
        }
    }
    archived
        .classes
        .sort_by(|left, right| left.storage_class.cmp(&right.storage_class));
    Ok(archived)
}

fn command(address: &Address, class: &str) -> String {
    // Objects of Intelligent-Tiering come back for good, so that no days are said.
    let request = if class == "INTELLIGENT_TIERING" {
        "GlacierJobParameters={Tier=Bulk}"
    } else {
        "Days=14,GlacierJobParameters={Tier=Bulk}"
    };
    format!(
        "aws s3api restore-object --bucket {} --key {} --restore-request {}",
        quoted(&address.bucket),
        quoted(&address.prefix),
        quoted(request)
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=,:".contains(letter);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

pub(super) fn describe(archived: &Archived) -> String {
    if archived.objects == 0 {
        return "no log object is archived\n".to_owned();
    }
    let mut text = format!(
        "{} archived log objects, {} bytes: they are known and were never read\n\n",
        grouped(archived.objects),
        grouped(archived.bytes)
    );
    for class in &archived.classes {
        let _infallible = writeln!(
            text,
            "  {:<22}{:>14} objects{:>18} bytes",
            class.storage_class,
            grouped(class.objects),
            grouped(class.bytes)
        );
    }
    text.push_str("\nto restore them for two weeks, then `keytrail ingest` takes them:\n");
    for command in &archived.restore_commands {
        let _infallible = writeln!(text, "  {}", visible(command));
    }
    let told = archived.restore_commands.len() as u64;
    if archived.objects > told {
        let _infallible = writeln!(
            text,
            "  … and {} more; S3 Batch Operations restores many at once, from a manifest of bucket and key:\n  \
             keytrail sql \"select location from log_files where state = 'archived' order by location\" --format csv",
            grouped(archived.objects - told)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::source::Address;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let address = Address::parse("s3://b/it's a log.gz").expect("an address");
        assert_eq!(
            command(&address, "GLACIER"),
            r"aws s3api restore-object --bucket b --key 'it'\''s a log.gz' --restore-request 'Days=14,GlacierJobParameters={Tier=Bulk}'"
        );
    }
}
