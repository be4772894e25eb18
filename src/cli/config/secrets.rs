//! What looks like a secret, by its name or by its value. A secret is never printed.

/// What is said of a value that is one, after the key.
pub(super) const REFUSED: &str = "has a secret or a credential, and a configuration file must not; secrets come from the environment or from files, such as ~/.aws/credentials";

/// The same of the value of a variable, which is printed and passed on as the file is.
pub(super) const REFUSED_IN_VARIABLE: &str = "has a secret or a credential, and this variable must not; credentials come from variables of their own, such as AWS_ACCESS_KEY_ID, or from files, such as ~/.aws/credentials";

/// Parts of names that only secrets have, without the marks between words.
const NAMES: [&str; 10] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "credential",
    "accesskey",
    "privatekey",
    "apikey",
    "signingkey",
];

/// Whether the name is that of a secret.
pub(super) fn is_name(name: &str) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    NAMES.iter().any(|part| name.contains(part))
}

/// Whether the value is an AWS access key ID, an AWS secret key, a private key, or a URL with a password.
pub(super) fn is_value(text: &str) -> bool {
    let is_apart = |letter: char| !letter.is_ascii_alphanumeric() && !"+/=".contains(letter);
    text.contains("PRIVATE KEY-----")
        || has_password(text)
        || text
            .split(is_apart)
            .any(|word| is_secret_key(word) || word.split(['+', '/', '=']).any(is_access_key_id))
}

/// The prefixes are those of "IAM identifiers" (IAM user guide): a user's key, and a session's.
fn is_access_key_id(word: &str) -> bool {
    word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A secret key is 40 letters of base64. Paths can be that long too, but hardly mix cases and digits as chance does.
fn is_secret_key(word: &str) -> bool {
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    word.len() == 40
        && count(u8::is_ascii_uppercase) >= 8
        && count(u8::is_ascii_lowercase) >= 6
        && count(u8::is_ascii_digit) >= 1
}

/// Whether it is a URL that names a user or a password.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    rest.split(['/', '?', '#'])
        .next()
        .is_some_and(|host| host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::{is_name, is_value};

    #[test]
    fn secrets_are_found_by_name() {
        for name in [
            "secret_access_key",
            "aws-session-token",
            "Password",
            "accessKeyId",
            "credentials",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in ["profile", "external_id", "role_arn", "hold", "key"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_found_by_value() {
        // AWS's own examples, which open nothing.
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "id=ASIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "https://me:word@host.example.com/x",
            "-----BEGIN RSA PRIVATE KEY-----",
        ] {
            assert!(is_value(text), "{text}");
        }
        for text in [
            "audit",
            "s3://my-trail-logs/AWSLogs",
            "https://sqs.eu-west-1.amazonaws.com/111122223333/logs",
            "arn:aws:kms:us-east-1:111122223333:key/0dbf03a7-fe42-423d-bd21-8482b3edce44",
            "Root/Prod/Payments/AccountsReceivable/E1",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "me@example.com",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }
}
