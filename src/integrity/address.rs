//! Where an object is, apart from where its copy is: the part of its path from `AWSLogs/` on.
//!
//! Enters: a location of the ledger, or a key that a digest names. Leaves: an [`Address`]. Names of logs hold
//! 16 letters at random and those of digests their trail and time, so equal tails are copies of one object,
//! in any bucket or directory.

use std::path::PathBuf;

use url::Url;

use crate::source::At;

/// A path in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    /// What comes before the tail.
    pub(super) root: String,
    /// From `AWSLogs/` on; the name alone where the path has no such folder.
    pub(super) tail: String,
}

const LOGS: &str = "AWSLogs/";

impl Address {
    /// That of a location in the ledger.
    pub(super) fn of_location(location: &str) -> Self {
        match location.strip_prefix("file://") {
            // A URL of a file is escaped, and an s3:// location is not.
            Some(_) if location.contains('%') => match at(location) {
                At::File(path) => Self::split(&format!("file://{}", path.display())),
                At::S3 { .. } => Self::split(location),
            },
            _ => Self::split(location),
        }
    }

    /// That of a key in a bucket.
    pub(super) fn of_key(key: &str) -> Self {
        Self::split(key)
    }

    fn split(path: &str) -> Self {
        let within = path.rfind(&format!("/{LOGS}")).map(|at| at + 1);
        let at = match within {
            Some(at) => at,
            None if path.starts_with(LOGS) => 0,
            None => path.rfind('/').map_or(0, |at| at + 1),
        };
        Self {
            root: path[..at].to_owned(),
            tail: path[at..].to_owned(),
        }
    }

    /// The name of the object, without its folders.
    pub(super) fn name(&self) -> &str {
        name_of(&self.tail)
    }

    /// Whether two paths can be those of one object: a copy may have lost its folders.
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        self.tail == other.tail
            || ((self.tail == self.name() || other.tail == other.name())
                && self.name() == other.name())
    }
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The location of a tail below a root.
pub(super) fn location(root: &str, tail: &str) -> String {
    let path = format!("{root}{tail}");
    match path.strip_prefix("file://") {
        Some(file) => Url::from_file_path(file).map_or_else(|()| path.clone(), String::from),
        None => path,
    }
}

/// Where a location of the ledger is read.
pub(super) fn at(location: &str) -> At {
    let s3 = location
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    if let Some((bucket, key)) = s3 {
        return At::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        };
    }
    let path = Url::parse(location)
        .ok()
        .and_then(|url| url.to_file_path().ok());
    At::File(path.unwrap_or_else(|| PathBuf::from(location)))
}

#[cfg(test)]
mod tests {
    use super::{Address, location};

    fn check(path: &str, root: &str, tail: &str) {
        let address = Address::of_location(path);
        assert_eq!((address.root.as_str(), address.tail.as_str()), (root, tail));
        assert_eq!(location(root, tail), path);
    }

    #[test]
    fn locations_are_parted_and_put_together() {
        let tail = "AWSLogs/1/CloudTrail/x.json.gz";
        check(&format!("s3://b/{tail}"), "s3://b/", tail);
        check(&format!("s3://b/pre fix/{tail}"), "s3://b/pre fix/", tail);
        check(
            &format!("file:///a/AWSLogs/b/{tail}"),
            "file:///a/AWSLogs/b/",
            tail,
        );
        check(&format!("file:///a%20b/{tail}"), "file:///a b/", tail);
        check("file:///flat/x.json.gz", "file:///flat/", "x.json.gz");
    }

    #[test]
    fn copies_may_have_lost_their_folders() {
        let key = Address::of_key("logs/AWSLogs/1/CloudTrail/x.json.gz");
        assert!(Address::of_location("file:///flat/x.json.gz").is_copy_of(&key));
        assert!(Address::of_location("s3://b/AWSLogs/1/CloudTrail/x.json.gz").is_copy_of(&key));
        assert!(!Address::of_location("s3://b/AWSLogs/2/CloudTrail/x.json.gz").is_copy_of(&key));
    }
}
