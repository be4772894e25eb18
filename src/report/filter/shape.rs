//! What a principal looks like.
//!
//! Enters: what was typed. Leaves: whether it can name a principal of AWS that no log names. Such a one that did nothing is an
//! answer; a name that looks like none is more likely a slip of the pen.

use std::net::IpAddr;

use crate::decode::is_account;

/// The prefixes of access key ids and of unique ids of principals (IAM identifiers).
const ID_PREFIXES: [&str; 10] = [
    "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "APKA", "AROA", "ASIA",
];

/// The shortest id that IAM gives.
const ID_CHARS_MIN: usize = 16;

/// Whether a text is an ARN of IAM or STS, an access key id, a principal id, an account, an IP address or network, or a
/// VPC endpoint, as the logs write it.
pub(super) fn is_principal(typed: &str) -> bool {
    is_caller(typed)
        || is_id(typed.split(':').next().unwrap_or(typed))
        || is_account(typed)
        || is_address(typed)
        || is_endpoint(typed)
}

/// Whether it can be a caller that no log names: an ARN of IAM or STS, or another account.
pub(super) fn is_caller(typed: &str) -> bool {
    ArnIdentity::parse(typed).is_some() || typed.strip_prefix("account:").is_some_and(is_account)
}

/// The account that a text is: its id, also as callers have it.
pub(super) fn account_of(typed: &str) -> Option<&str> {
    let id = typed.strip_prefix("account:").unwrap_or(typed);
    is_account(id).then_some(id)
}

/// Whether two ARNs are of one user or role: its name is the only one in the account, whatever the path.
pub(super) fn is_same_identity(left: &str, right: &str) -> bool {
    let (left, right) = (ArnIdentity::parse(left), ArnIdentity::parse(right));
    left.is_some() && left == right
}

/// A user, a role, a session or the root user.
#[derive(PartialEq, Eq)]
struct ArnIdentity<'a> {
    account: &'a str,
    kind: &'a str,
    /// Without the path; of a session with the role's.
    name: &'a str,
}

impl<'a> ArnIdentity<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", partition, service, "", account, resource] = parts.as_slice() else {
            return None;
        };
        let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
        let name = match (service, kind) {
            ("iam", "user" | "role") | ("sts", "federated-user") => path.rsplit('/').next()?,
            ("iam", "root") if resource == "root" => kind,
            // Without a session it is no principal, but a role written in another way.
            ("sts", "assumed-role") => path.split_once('/').map(|_session| path)?,
            _ => return None,
        };
        let is_complete = partition.starts_with("aws") && is_account(account) && !name.is_empty();
        is_complete.then_some(Self {
            account,
            kind,
            name,
        })
    }
}

fn is_id(id: &str) -> bool {
    id.len() >= ID_CHARS_MIN
        && ID_PREFIXES.iter().any(|prefix| id.starts_with(prefix))
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// An address, or a network, as records and reports write it: written otherwise it would not be found.
fn is_address(typed: &str) -> bool {
    let Some((address, bits)) = typed.split_once('/') else {
        return typed
            .parse()
            .is_ok_and(|address: IpAddr| address.to_string() == typed);
    };
    match address.parse() {
        Ok(IpAddr::V4(network)) => {
            bits == "24" && network.octets()[3] == 0 && network.to_string() == address
        }
        Ok(IpAddr::V6(network)) => {
            let is_network = network.segments()[3..].iter().all(|segment| *segment == 0);
            bits == "48" && is_network && network.to_string() == address
        }
        Err(_) => false,
    }
}

fn is_endpoint(typed: &str) -> bool {
    let id = typed.strip_prefix("vpce-");
    id.is_some_and(|id| {
        (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::{account_of, is_principal, is_same_identity};

    #[test]
    fn principals_of_aws_are_known_by_their_shape() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ASIAIOSFODNN7EXAMPLE",
            "AROACKCEVSQ6C2EXAMPLE",
            "AROACKCEVSQ6C2EXAMPLE:session",
            "arn:aws:iam::111122223333:role/service/app",
            "arn:aws-us-gov:iam::111122223333:user/app",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:assumed-role/app/s1",
            "111122223333",
            "account:111122223333",
            "192.0.2.7",
            "192.0.2.0/24",
            "2001:db8::1",
            "2001:db8::/48",
            "vpce-0123456789abcdef0",
        ] {
            assert!(is_principal(text), "{text}");
        }
        for text in [
            "",
            "app",
            "role/app",
            "alice@example.com",
            "AKIA",
            "AKIAIOSFODNN7example",
            "AKIAIOSFODNN 7EXAMPLE",
            "ABCDIOSFODNN7EXAMPLE",
            "arn:aws:iam::1111:role/app",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:rol/app",
            "arn:aws:kms:eu-west-1:111122223333:key/1",
            "arn:aws:s3:::bucket",
            "11112222333",
            "192.0.2",
            "192.0.2.0/16",
            "192.0.2.7/24",
            "2001:DB8::1",
            "2001:db8::1/48",
            "arn:aws:sts::111122223333:assumed-role/app",
            "service:glue.amazonaws.com",
            "glue.amazonaws.com",
            "192.0.2.256",
            "vpce-xyz",
        ] {
            assert!(!is_principal(text), "{text}");
        }
    }

    #[test]
    fn a_path_is_no_part_of_a_name() {
        let role = "arn:aws:iam::111122223333:role/app";
        for (other, expected) in [
            (role, true),
            ("arn:aws:iam::111122223333:role/service/app", true),
            ("arn:aws:iam::444455556666:role/app", false),
            ("arn:aws:iam::111122223333:user/app", false),
            ("app", false),
        ] {
            assert_eq!(is_same_identity(role, other), expected, "{other}");
        }
        assert!(!is_same_identity("app", "app"));
        assert!(!is_same_identity(
            "arn:aws:sts::111122223333:assumed-role/app/s1",
            "arn:aws:sts::111122223333:assumed-role/other/s1"
        ));
    }

    #[test]
    fn accounts_go_by_their_ids() {
        assert_eq!(account_of("account:111122223333"), Some("111122223333"));
        assert_eq!(account_of("111122223333"), Some("111122223333"));
        assert_eq!(account_of("account:1"), None);
    }
}
