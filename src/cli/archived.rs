//! `keytrail status --archived`: log objects that need a restore, for people.

use std::fmt::Write as _;

use super::numbers::grouped;
use crate::render::visible;
use crate::service::Archived;

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
