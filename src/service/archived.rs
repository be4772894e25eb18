//! Log objects that need a restore, and how to restore them.

use serde::Serialize;

use super::error::ServiceError;
use super::reader::Reader;
use crate::source::BucketAddress;

/// The most objects that get a command each; a batch job restores more.
const COMMANDS_MAX: usize = 20;

/// The objects of one storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchivedClass {
    /// The class.
    pub storage_class: String,
    /// Its objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The archived log objects of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// All objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The same, by storage class.
    pub classes: Vec<ArchivedClass>,
    /// The commands that restore them, one for each of the first objects.
    pub restore_commands: Vec<String>,
}

impl Reader {
    /// The log objects that need a restore before they can be read.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn archived(&self) -> Result<Archived, ServiceError> {
        let mut archived = Archived::default();
        for row in self.status_rows("status-archived").await? {
            let [Some(location), Some(class), size] = row.as_slice() else {
                continue;
            };
            let bytes = size.as_deref().and_then(|size| size.parse().ok());
            archived.add(location, class, bytes.unwrap_or(0));
        }
        archived
            .classes
            .sort_by(|left, right| left.storage_class.cmp(&right.storage_class));
        Ok(archived)
    }
}

impl Archived {
    fn add(&mut self, location: &str, class: &str, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
        let mut classes = self.classes.iter_mut();
        match classes.find(|known| known.storage_class == class) {
            Some(known) => {
                known.objects += 1;
                known.bytes += bytes;
            }
            None => self.classes.push(ArchivedClass {
                storage_class: class.to_owned(),
                objects: 1,
                bytes,
            }),
        }
        if self.restore_commands.len() < COMMANDS_MAX
            && let Some(address) = BucketAddress::parse(location)
        {
            self.restore_commands.push(command(&address, class));
        }
    }
}

fn command(address: &BucketAddress, class: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::command;
    use crate::source::BucketAddress;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let address = BucketAddress::parse("s3://b/it's a log.gz").expect("an address");
        assert_eq!(
            command(&address, "GLACIER"),
            r"aws s3api restore-object --bucket b --key 'it'\''s a log.gz' --restore-request 'Days=14,GlacierJobParameters={Tier=Bulk}'"
        );
    }
}
