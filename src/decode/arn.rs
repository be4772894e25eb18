//! Amazon Resource Names, as far as keys need them.

/// The parts of an ARN of AWS KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KmsArn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// The key's region.
    pub region: &'a str,
    /// The key's account.
    pub account: &'a str,
    /// `key/…` or `alias/…`.
    pub resource: &'a str,
}

impl<'a> KmsArn<'a> {
    /// Splits `arn:<partition>:kms:<region>:<account>:<resource>`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        let partition = parts.next()?;
        if parts.next() != Some("kms") {
            return None;
        }
        let arn = Self {
            partition,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        arn.partition.starts_with("aws").then_some(arn)
    }

    /// The key's id, if this is the ARN of a key.
    #[must_use]
    pub fn key_id(self) -> Option<&'a str> {
        self.resource
            .strip_prefix("key/")
            .filter(|id| !id.is_empty() && !id.contains('/'))
    }
}

/// Whether this is the ARN of a key (not of an alias).
#[must_use]
pub fn is_key_arn(text: &str) -> bool {
    KmsArn::parse(text).is_some_and(|arn| arn.key_id().is_some())
}

/// The first key ARN inside a message.
pub(crate) fn find_key_arn(message: &str) -> Option<&str> {
    message.match_indices("arn:").find_map(|(start, _)| {
        let rest = &message[start..];
        let end = rest
            .find(|character: char| {
                !(character.is_ascii_alphanumeric() || matches!(character, ':' | '/' | '-' | '_'))
            })
            .unwrap_or(rest.len());
        let arn = rest[..end].trim_end_matches([':', '/', '-']);
        is_key_arn(arn).then_some(arn)
    })
}

#[cfg(test)]
mod tests {
    use super::{find_key_arn, is_key_arn};

    const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn key_arns() {
        assert!(is_key_arn(KEY));
        assert!(is_key_arn(
            "arn:aws-us-gov:kms:us-gov-west-1:1:key/mrk-1234"
        ));
        assert!(!is_key_arn("arn:aws:kms:us-west-2:111122223333:alias/x"));
        assert!(!is_key_arn("arn:aws:s3:::key/x"));
        assert!(!is_key_arn("1234abcd-12ab-34cd-56ef-1234567890ab"));
    }

    #[test]
    fn key_arns_in_messages() {
        let denied = format!(
            "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: kms:Decrypt on resource: {KEY} because no identity-based policy allows the kms:Decrypt action"
        );
        assert_eq!(find_key_arn(&denied), Some(KEY));
        assert_eq!(
            find_key_arn(&format!("{KEY} is pending deletion.")),
            Some(KEY)
        );
        assert_eq!(find_key_arn(&format!("key {KEY}.")), Some(KEY));
        assert_eq!(
            find_key_arn("on the resource associated with this ciphertext"),
            None
        );
    }
}
