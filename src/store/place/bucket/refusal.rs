//! What a refusal of S3 means, and what helps.
//!
//! The client's own errors hold the whole answer, XML and all. Here its code becomes one sentence and a
//! hint; what the caller decides by, the kind of error, stays.

use object_store::Error;
use thiserror::Error as ThisError;

/// Why a bucket refused.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{said}{}", hint.as_deref().map(|hint| format!("\n\nhint: {hint}")).unwrap_or_default())]
pub struct Refusal {
    /// What is wrong.
    pub said: String,
    /// What helps.
    pub hint: Option<String>,
}

impl Refusal {
    /// The refusal behind an error of the object store, if it is one.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refusal) = error.downcast_ref::<Self>() {
                return Some(refusal);
            }
            cause = error.source();
        }
        None
    }
}

/// The error of a chain that has no credentials.
pub(super) fn no_credentials(wanted: &str, reason: &str) -> Error {
    let refusal = Refusal {
        said: format!("no credentials {wanted}: {reason}"),
        hint: Some(
            "the store's credentials come from the environment, the shared configuration of the AWS CLI, SSO, a container or an instance; `--store-profile` names a profile"
                .to_owned(),
        ),
    };
    Error::Unauthenticated {
        path: String::new(),
        source: refusal.into(),
    }
}

/// The same error, in plain words.
pub(super) fn explained(error: Error, bucket: &str) -> Error {
    if Refusal::of(&error).is_some() {
        return error;
    }
    match error {
        Error::NotFound { path, source } => {
            let text = source.to_string();
            if element(&text, "Code") == Some("NoSuchBucket") {
                // Not to be taken for an object that is not there.
                return generic(no_such_bucket(bucket));
            }
            Error::NotFound { path, source }
        }
        Error::PermissionDenied { path, source } => Error::PermissionDenied {
            path,
            source: refusal(&source.to_string(), bucket).into(),
        },
        Error::Unauthenticated { path, source } => Error::Unauthenticated {
            path,
            source: refusal(&source.to_string(), bucket).into(),
        },
        Error::Generic { source, .. } => {
            let text = source.to_string();
            if text.contains("error sending request") {
                return generic(unreachable(source.as_ref(), bucket));
            }
            generic(refusal(&text, bucket))
        }
        // Kinds that the caller decides by.
        other => other,
    }
}

fn generic(refusal: Refusal) -> Error {
    Error::Generic {
        store: "S3",
        source: refusal.into(),
    }
}

fn no_such_bucket(bucket: &str) -> Refusal {
    Refusal {
        said: format!("there is no bucket `{bucket}`"),
        hint: Some(
            "keytrail makes no bucket: make it first, or check its name and `--store-endpoint-url`"
                .to_owned(),
        ),
    }
}

/// What an answer says, by its code.
fn refusal(answer: &str, bucket: &str) -> Refusal {
    let code = element(answer, "Code").unwrap_or_default();
    let message = element(answer, "Message");
    let told = match message {
        Some(message) if !code.is_empty() => format!("{message} ({code})"),
        _ if !code.is_empty() => code.to_owned(),
        _ => first_line(answer),
    };
    let is_redirect = answer.contains("Received redirect") || answer.contains("301 Moved");
    let (said, hint) = match code {
        "NoSuchBucket" => return no_such_bucket(bucket),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => (
            format!("access to the bucket `{bucket}` is denied: {told}"),
            Some(
                "a store needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects (readers: no PutObject, no DeleteObject); with SSE-KMS also kms:Decrypt and kms:GenerateDataKey on the bucket's key"
                    .to_owned(),
            ),
        ),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidClientTokenId" => (
            format!("the credentials for the bucket `{bucket}` are not valid: {told}"),
            Some("`--store-profile` names another profile than that of the environment".to_owned()),
        ),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired" => (
            format!("the credentials for the bucket `{bucket}` have expired: {told}"),
            Some("sign in again, as with `aws sso login`".to_owned()),
        ),
        "RequestTimeTooSkewed" => (
            format!("the clock of this machine and that of the bucket `{bucket}` differ too much: {told}"),
            Some("set the clock of this machine".to_owned()),
        ),
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException" => {
            wrong_region(answer, bucket, &told)
        }
        "" if is_redirect => wrong_region(answer, bucket, "it is elsewhere"),
        "" if answer.contains("403 Forbidden") => (
            format!("access to the bucket `{bucket}` is denied"),
            None,
        ),
        _ => (told, None),
    };
    Refusal { said, hint }
}

/// A server that does not answer; the first cause says why.
fn unreachable(error: &(dyn std::error::Error + 'static), bucket: &str) -> Refusal {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    Refusal {
        said: format!("the server of the bucket `{bucket}` cannot be reached: {first}"),
        hint: Some("`--store-endpoint-url` and `--store-region` say where it is".to_owned()),
    }
}

fn wrong_region(answer: &str, bucket: &str, told: &str) -> (String, Option<String>) {
    let hint = match element(answer, "Region") {
        Some(region) => format!("the bucket is in {region}: give `--store-region {region}`"),
        None => "`--store-region` says in which region the bucket is".to_owned(),
    };
    (
        format!("the bucket `{bucket}` is in another region: {told}"),
        Some(hint),
    )
}

/// The text of the first element of this name.
fn element<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim_end_matches('.'))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(body: &str) -> Error {
        Error::PermissionDenied {
            path: "store/x".to_owned(),
            source: body.to_owned().into(),
        }
    }

    fn check(error: Error, said: &str, hint: &str) {
        let explained = explained(error, "lake");
        let refusal = Refusal::of(&explained).expect("a refusal");
        assert!(refusal.said.contains(said), "{refusal}");
        assert!(
            refusal.hint.as_deref().unwrap_or_default().contains(hint),
            "{refusal}"
        );
        // Once is enough.
        let again = super::explained(explained, "lake");
        assert!(Refusal::of(&again).is_some());
    }

    #[test]
    fn a_denial_names_the_actions() {
        let body = "403 Forbidden: <Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
        check(
            denied(body),
            "is denied: Access Denied (AccessDenied)",
            "s3:PutObject",
        );
    }

    #[test]
    fn a_bucket_that_is_not_there_is_no_object_that_is_not_there() {
        let body = "404 Not Found: <Error><Code>NoSuchBucket</Code></Error>";
        let error = Error::NotFound {
            path: "x".to_owned(),
            source: body.to_owned().into(),
        };
        assert!(matches!(explained(error, "lake"), Error::Generic { .. }));
        let error = Error::NotFound {
            path: "x".to_owned(),
            source: "<Code>NoSuchKey</Code>".into(),
        };
        assert!(matches!(explained(error, "lake"), Error::NotFound { .. }));
    }

    #[test]
    fn another_region_is_named() {
        let body = "400 Bad Request: <Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong</Message><Region>eu-west-3</Region></Error>";
        let error = Error::Generic {
            store: "S3",
            source: body.to_owned().into(),
        };
        check(error, "another region", "--store-region eu-west-3");
    }

    #[test]
    fn an_old_session_asks_for_a_new_one() {
        let body = "400 Bad Request: <Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>";
        let error = Error::Generic {
            store: "S3",
            source: body.to_owned().into(),
        };
        check(error, "have expired", "sign in again");
    }

    #[test]
    fn a_clock_that_is_wrong_is_told() {
        let body =
            "<Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message>";
        check(denied(body), "clock", "set the clock");
    }
}
