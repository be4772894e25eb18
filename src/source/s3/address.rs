//! What a user types for a bucket: `s3://bucket`, `s3://bucket/prefix`.

/// How it begins.
const SCHEME: &str = "s3://";

/// A bucket, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    /// The bucket.
    pub bucket: String,
    /// Where the keys begin, as typed.
    pub prefix: String,
}

impl BucketAddress {
    /// Reads it; nothing if it is no address of a bucket.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (bucket, prefix) = match text.strip_prefix(SCHEME)?.split_once('/') {
            Some((bucket, prefix)) => (bucket, prefix),
            None => (text.strip_prefix(SCHEME)?, ""),
        };
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }

    /// Whether an object is below it.
    #[must_use]
    pub fn holds(&self, bucket: &str, key: &str) -> bool {
        let below = key.strip_prefix(&self.prefix);
        let is_folder = self.prefix.is_empty() || self.prefix.ends_with('/');
        self.bucket == bucket
            && below.is_some_and(|rest| is_folder || rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether a text is meant to be one.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }
}

/// The URL of an object: the key as it is.
pub(super) fn location(bucket: &str, key: &str) -> String {
    format!("{SCHEME}{bucket}/{key}")
}

#[cfg(test)]
mod tests {
    use super::BucketAddress;

    #[test]
    fn addresses() {
        let address =
            |text| BucketAddress::parse(text).map(|address| (address.bucket, address.prefix));
        let pair = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(address("s3://logs"), pair("logs", ""));
        assert_eq!(address("s3://logs/"), pair("logs", ""));
        assert_eq!(address("s3://logs/a/b c+%41/"), pair("logs", "a/b c+%41/"));
        assert_eq!(address("s3:///key"), None);
        assert_eq!(address("logs"), None);
    }

    #[test]
    fn what_an_address_holds() {
        let holds = |address, key| BucketAddress::parse(address).expect("one").holds("b", key);
        assert!(holds("s3://b", "a/b"));
        assert!(holds("s3://b/a", "a/b"));
        assert!(holds("s3://b/a/b", "a/b"));
        assert!(!holds("s3://b/a", "ab/c"));
        assert!(!holds("s3://c", "a/b"));
    }
}
