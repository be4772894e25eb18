//! What a refusal of AWS means, and what helps: one table of codes for all services.
//!
//! Enters: what was tried, and the answer, or the error of a call that got none. Leaves: a [`Refusal`] in words. The
//! caller says what it tried, on what; what the code means is said here.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::cause::{innermost, lacks_credentials, of_credentials, one_line};

/// What a code of AWS means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// There is no such bucket.
    NoBucket,
    /// There is no such queue.
    NoQueue,
    /// There is no such object, or no longer.
    Absent,
    /// The object is another one by now.
    Changed,
    /// The object needs a restore first.
    Archived,
    /// A permission is missing.
    Denied,
    /// The permission to use a KMS key is missing.
    KeyDenied,
    /// KMS cannot use a key.
    KeyUnusable,
    /// There are no credentials.
    NoCredentials,
    /// The credentials have expired.
    ExpiredCredentials,
    /// The credentials were never valid.
    BadCredentials,
    /// The bucket is in another region.
    OtherRegion,
    /// The clocks differ.
    ClockSkew,
    /// The server asks for fewer requests.
    Throttled,
    /// No answer came.
    Unreachable,
    /// Anything else.
    Other,
}

/// The codes with a meaning, of any service.
const CODES: &[(Meaning, &[&str])] = &[
    (Meaning::NoBucket, &["NoSuchBucket"]),
    (
        Meaning::NoQueue,
        &[
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        ],
    ),
    (Meaning::Absent, &["NoSuchKey", "NotFound"]),
    (Meaning::Changed, &["PreconditionFailed"]),
    (Meaning::Archived, &["InvalidObjectState"]),
    (
        Meaning::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AccountProblem",
            "AllAccessDisabled",
        ],
    ),
    (
        Meaning::KeyDenied,
        &["KMS.AccessDeniedException", "KmsAccessDenied"],
    ),
    (
        Meaning::ExpiredCredentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "TokenRefreshRequired",
        ],
    ),
    (
        Meaning::BadCredentials,
        &[
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
    ),
    (
        Meaning::OtherRegion,
        &[
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "PermanentRedirect",
        ],
    ),
    (
        Meaning::ClockSkew,
        &["RequestExpired", "RequestTimeTooSkewed"],
    ),
    (
        Meaning::Throttled,
        &[
            "RequestLimitExceeded",
            "RequestThrottled",
            "ServiceUnavailable",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ],
    ),
];

/// What codes of KMS begin with, where another service passes them on.
const KMS_CODES: [&str; 2] = ["KMS.", "Kms"];

/// What was tried, and how the user can change it.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What failed, such as ``cannot read `s3://…` ``.
    pub what: &'a str,
    /// The permission that it takes, where one call takes one.
    pub action: Option<&'static str>,
    /// What must be allowed, as a hint.
    pub allow: &'static str,
    /// What it means that there is nothing.
    pub absent: Meaning,
    /// The options that say how AWS is reached.
    pub options: &'static AccessOptions,
}

/// The options of the command line that say how AWS is reached.
#[derive(Debug)]
pub struct AccessOptions {
    /// Names a profile.
    pub profile: &'static str,
    /// Names a region.
    pub region: &'static str,
    /// Names another server than AWS.
    pub endpoint_url: &'static str,
}

/// The options for logs, queues and everything else that is not the store.
pub const OPTIONS: AccessOptions = AccessOptions {
    profile: "--profile",
    region: "--region",
    endpoint_url: "--endpoint-url",
};

/// What a server answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reply<'a> {
    /// Its code; empty where it has none.
    pub code: &'a str,
    /// The status of HTTP; 0 where it is not known.
    pub status: u16,
    /// Its message; may be empty.
    pub message: &'a str,
    /// The region where the bucket is.
    pub region: Option<&'a str>,
}

/// Why AWS did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub meaning: Meaning,
    /// What failed.
    pub what: String,
    /// Why.
    pub cause: String,
    /// What helps.
    pub hint: Option<String>,
    /// The region where the bucket is, if it is another and was named.
    pub region: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cause)?;
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Error for Refusal {}

impl Refusal {
    /// The error of a call of the SDK, in words.
    #[must_use]
    pub fn of<E>(error: &SdkError<E, HttpResponse>, attempt: &Attempt<'_>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(response) = error.raw_response() else {
            return Self::without_answer(error, attempt);
        };
        let code = error.code().unwrap_or_default();
        // Of an answer that cannot be read, the error itself says what is wrong with it.
        let unreadable = innermost(error).to_string();
        let message = match error.message() {
            None if code.is_empty() => &unreadable,
            message => message.unwrap_or_default(),
        };
        let header = response.headers().get("x-amz-bucket-region");
        // S3 also says it in the message about a signature for the wrong region.
        let expected = || message.split("expecting '").nth(1)?.split('\'').next();
        let reply = Reply {
            code,
            status: response.status().as_u16(),
            message,
            region: header.or_else(expected),
        };
        Self::of_reply(reply, attempt)
    }

    /// What a server answered, in words.
    #[must_use]
    pub fn of_reply(reply: Reply<'_>, attempt: &Attempt<'_>) -> Self {
        let meaning = match meaning(reply) {
            Meaning::Absent => attempt.absent,
            other => other,
        };
        let region_option = attempt.options.region;
        let hint = match (meaning, reply.region) {
            (Meaning::OtherRegion, Some(region)) => {
                Some(format!("give `{region_option} {region}`"))
            }
            (Meaning::KeyDenied, _) => Some(format!(
                "allow `{}` to this principal, in its policies or in those of the key",
                key_action(reply.message)
            )),
            _ => hint(meaning, attempt),
        };
        Self {
            meaning,
            what: attempt.what.to_owned(),
            cause: cause(meaning, reply, attempt),
            hint,
            region: (meaning == Meaning::OtherRegion)
                .then(|| reply.region.map(str::to_owned))
                .flatten(),
        }
    }

    /// That no answer came, in words.
    #[must_use]
    pub fn without_answer(error: &(dyn Error + 'static), attempt: &Attempt<'_>) -> Self {
        let first = innermost(error);
        if lacks_credentials(error) {
            return Self::without_credentials(&of_credentials(first), attempt);
        }
        let reason = one_line(&first.to_string());
        Self {
            meaning: Meaning::Unreachable,
            what: attempt.what.to_owned(),
            cause: format!("the server cannot be reached: {reason}"),
            hint: hint(Meaning::Unreachable, attempt),
            region: None,
        }
    }

    /// That there are no credentials, in words.
    #[must_use]
    pub fn without_credentials(reason: &str, attempt: &Attempt<'_>) -> Self {
        Self {
            meaning: Meaning::NoCredentials,
            what: attempt.what.to_owned(),
            cause: format!("there are no AWS credentials: {reason}"),
            hint: hint(Meaning::NoCredentials, attempt),
            region: None,
        }
    }
}

fn meaning(reply: Reply<'_>) -> Meaning {
    let Reply { code, status, .. } = reply;
    let known = CODES.iter().find(|(_, codes)| codes.contains(&code));
    match known {
        // S3 passes on what KMS says about the key of an object.
        Some((Meaning::Denied, _)) | None if status == 403 && reply.message.contains("kms:") => {
            Meaning::KeyDenied
        }
        Some((meaning, _)) => *meaning,
        None if KMS_CODES.iter().any(|prefix| code.starts_with(prefix)) => Meaning::KeyUnusable,
        None => match status {
            301 | 307 => Meaning::OtherRegion,
            403 => Meaning::Denied,
            404 => Meaning::Absent,
            412 => Meaning::Changed,
            429 | 503 => Meaning::Throttled,
            _ => Meaning::Other,
        },
    }
}

/// Why it failed, in words.
fn cause(meaning: Meaning, reply: Reply<'_>, attempt: &Attempt<'_>) -> String {
    let said = said(reply);
    match meaning {
        Meaning::NoBucket => "the bucket does not exist".to_owned(),
        Meaning::NoQueue => "the queue does not exist".to_owned(),
        Meaning::Absent => "it does not exist".to_owned(),
        Meaning::Changed => "it has changed since it was listed".to_owned(),
        Meaning::Archived => "it is in an archive tier, and needs a restore first".to_owned(),
        Meaning::Denied => denied("access denied", attempt.action, reply.message),
        Meaning::KeyDenied => denied(
            "it is encrypted with KMS, and access to its key is denied",
            Some(key_action(reply.message)),
            reply.message,
        ),
        Meaning::KeyUnusable => {
            format!("it is encrypted with KMS, and its key cannot be used: {said}")
        }
        Meaning::ExpiredCredentials => format!("the AWS credentials have expired: {said}"),
        Meaning::BadCredentials => format!("the AWS credentials are not valid: {said}"),
        Meaning::OtherRegion => match reply.region {
            Some(region) => format!("the bucket is in another region, {region}"),
            None => "the bucket is in another region".to_owned(),
        },
        Meaning::ClockSkew => {
            format!("the clock of this machine is too far from the server's: {said}")
        }
        Meaning::Throttled => {
            format!("the server asks to slow down, and did so until the last attempt: {said}")
        }
        Meaning::NoCredentials | Meaning::Unreachable | Meaning::Other => said,
    }
}

/// That a permission is missing, with the message if it says more than that.
fn denied(problem: &str, action: Option<&str>, message: &str) -> String {
    let mut text = problem.to_owned();
    if let Some(action) = action {
        text = format!("{text} ({action})");
    }
    let message = one_line(message);
    let message = message.trim_end_matches('.');
    if message.is_empty() || message.eq_ignore_ascii_case("access denied") {
        text
    } else {
        format!("{text}: {message}")
    }
}

/// The permission for a key that a message names.
fn key_action(message: &str) -> &str {
    let is_end = |letter: char| letter != ':' && !letter.is_ascii_alphanumeric();
    let mut words = message.split(is_end);
    words
        .find(|word| word.starts_with("kms:"))
        .unwrap_or("kms:Decrypt")
}

/// The message and the code, on one line.
fn said(reply: Reply<'_>) -> String {
    let message = one_line(reply.message);
    let message = message.trim_end_matches('.');
    match (message, reply.code) {
        ("", "") => format!("HTTP status {}", reply.status),
        (said, "") | ("", said) => said.to_owned(),
        (message, code) => format!("{message} ({code})"),
    }
}

fn hint(meaning: Meaning, attempt: &Attempt<'_>) -> Option<String> {
    let AccessOptions {
        profile,
        region,
        endpoint_url,
    } = attempt.options;
    let hint = match meaning {
        Meaning::NoBucket => {
            format!("check its name; `{endpoint_url}` names a server other than AWS")
        }
        Meaning::NoQueue => "check the queue's URL, its region and its account".to_owned(),
        Meaning::Denied => attempt.allow.to_owned(),
        Meaning::NoCredentials => format!(
            "name a profile with `{profile}`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
        ),
        Meaning::ExpiredCredentials => {
            format!("run `aws sso login`, or name another profile with `{profile}`")
        }
        Meaning::BadCredentials => format!(
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name another profile with `{profile}`"
        ),
        Meaning::OtherRegion => format!("name its region with `{region}`"),
        Meaning::ClockSkew => "set the clock; a signature is valid for 15 minutes".to_owned(),
        Meaning::Throttled => "run it again later".to_owned(),
        Meaning::Unreachable => {
            format!("check the network, `{endpoint_url}` and `{region}`")
        }
        Meaning::Absent
        | Meaning::Changed
        | Meaning::Archived
        | Meaning::KeyDenied
        | Meaning::KeyUnusable
        | Meaning::Other => return None,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Meaning, OPTIONS, Refusal, Reply};

    const ATTEMPT: Attempt<'static> = Attempt {
        what: "cannot read `s3://b/k`",
        action: Some("s3:GetObject"),
        allow: "allow it",
        absent: Meaning::Absent,
        options: &OPTIONS,
    };

    #[track_caller]
    fn check(code: &str, status: u16, message: &str, meaning: Meaning, says: &str, hint: &str) {
        let reply = Reply {
            code,
            status,
            message,
            region: None,
        };
        let refusal = Refusal::of_reply(reply, &ATTEMPT);
        assert_eq!(refusal.meaning, meaning);
        let hint = match hint {
            "" => String::new(),
            hint => format!("\n\nhint: {hint}"),
        };
        assert_eq!(
            refusal.to_string(),
            format!("cannot read `s3://b/k`: {says}{hint}")
        );
    }

    #[test]
    fn a_denial_names_the_permission() {
        let denied = "access denied (s3:GetObject)";
        for (code, message) in [("AccessDenied", "Access Denied."), ("", "")] {
            check(code, 403, message, Meaning::Denied, denied, "allow it");
        }
        check(
            "AccessDeniedException",
            400,
            "User: u is not\n authorized",
            Meaning::Denied,
            "access denied (s3:GetObject): User: u is not authorized",
            "allow it",
        );
    }

    #[test]
    fn a_refusal_of_kms_is_no_refusal_of_s3() {
        let message = "User: u is not authorized to perform: kms:Decrypt";
        check(
            "AccessDenied",
            403,
            message,
            Meaning::KeyDenied,
            "it is encrypted with KMS, and access to its key is denied (kms:Decrypt): User: u is not authorized to perform: kms:Decrypt",
            "allow `kms:Decrypt` to this principal, in its policies or in those of the key",
        );
        check(
            "KMS.DisabledException",
            400,
            "k is disabled.",
            Meaning::KeyUnusable,
            "it is encrypted with KMS, and its key cannot be used: k is disabled (KMS.DisabledException)",
            "",
        );
    }

    #[test]
    fn without_a_known_code_the_status_counts() {
        check("", 404, "", Meaning::Absent, "it does not exist", "");
        check("Teapot", 418, "", Meaning::Other, "Teapot", "");
        check("", 500, "", Meaning::Other, "HTTP status 500", "");
        check(
            "",
            429,
            "",
            Meaning::Throttled,
            "the server asks to slow down, and did so until the last attempt: HTTP status 429",
            "run it again later",
        );
    }

    #[test]
    fn credentials_that_expired_are_renewed_and_others_replaced() {
        check(
            "ExpiredToken",
            400,
            "The provided token has expired.",
            Meaning::ExpiredCredentials,
            "the AWS credentials have expired: The provided token has expired (ExpiredToken)",
            "run `aws sso login`, or name another profile with `--profile`",
        );
        check(
            "SignatureDoesNotMatch",
            403,
            "",
            Meaning::BadCredentials,
            "the AWS credentials are not valid: SignatureDoesNotMatch",
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name another profile with `--profile`",
        );
    }

    /// S3 names the region of the bucket in many answers; only where that is what is wrong, it is followed.
    #[test]
    fn a_region_is_followed_only_where_the_bucket_is_in_another_one() {
        let answer = |code, status| {
            let reply = Reply {
                code,
                status,
                message: "",
                region: Some("eu-west-3"),
            };
            Refusal::of_reply(reply, &ATTEMPT)
        };
        for (code, status) in [("AccessDenied", 403), ("SlowDown", 503), ("", 404)] {
            let refusal = answer(code, status);
            assert_eq!(refusal.region, None, "{code} {status}");
            assert!(!refusal.to_string().contains("eu-west-3"), "{refusal}");
        }
        assert_eq!(answer("", 307).region.as_deref(), Some("eu-west-3"));
    }

    #[test]
    fn another_region_is_named() {
        let reply = Reply {
            code: "PermanentRedirect",
            status: 301,
            message: "Elsewhere.",
            region: Some("eu-west-3"),
        };
        let refusal = Refusal::of_reply(reply, &ATTEMPT);
        assert_eq!(refusal.region.as_deref(), Some("eu-west-3"));
        assert_eq!(refusal.hint.as_deref(), Some("give `--region eu-west-3`"));
        check(
            "",
            301,
            "",
            Meaning::OtherRegion,
            "the bucket is in another region",
            "name its region with `--region`",
        );
    }
}
