//! Refusals of S3 among the errors of the object store, in words.
//!
//! Enters: an error whose text is the whole answer, XML and all. Leaves: an error of the same kind, which the caller
//! decides by, with a [`Refusal`] as its source; `aws` says what the answer means.

use object_store::Error;

use crate::aws::{AccessOptions, Attempt, Meaning, Refusal, Reply, causes};

/// The options that say how the store's bucket is reached.
const OPTIONS: AccessOptions = AccessOptions {
    profile: "--store-profile",
    region: "--store-region",
    endpoint_url: "--store-endpoint-url",
};

/// What must be allowed.
const ALLOW: &str = "a store needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its \
                     objects (readers: no PutObject, no DeleteObject); with SSE-KMS also kms:Decrypt and \
                     kms:GenerateDataKey on the bucket's key";

/// The refusal behind an error of the object store, if it is one.
pub(in crate::store) fn find<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error of a chain that has no credentials.
pub(super) fn no_credentials(bucket: &str, reason: &str) -> Error {
    let refusal = attempt(bucket, |attempt| {
        Refusal::without_credentials(reason, attempt)
    });
    Error::Unauthenticated {
        path: String::new(),
        source: refusal.into(),
    }
}

/// The same error, in plain words.
pub(super) fn explained(error: Error, bucket: &str) -> Error {
    if find(&error).is_some() {
        return error;
    }
    match error {
        Error::NotFound { path, source } => {
            let refusal = refusal(&source.to_string(), bucket);
            if refusal.meaning == Meaning::NoBucket {
                // Not to be mistaken for an object that is not there.
                return generic(refusal);
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
            generic(if text.contains("error sending request") {
                attempt(bucket, |attempt| {
                    Refusal::without_answer(source.as_ref(), attempt)
                })
            } else {
                refusal(&text, bucket)
            })
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

fn attempt(bucket: &str, refusal: impl FnOnce(&Attempt<'_>) -> Refusal) -> Refusal {
    refusal(&Attempt {
        what: &format!("cannot use the bucket `{bucket}`"),
        // The store does more than one thing.
        action: None,
        allow: ALLOW,
        absent: Meaning::Absent,
        options: &OPTIONS,
    })
}

/// An answer, in words.
fn refusal(answer: &str, bucket: &str) -> Refusal {
    let code = element(answer, "Code").unwrap_or_default();
    let is_redirect = answer.contains("Received redirect") || answer.contains("301 Moved");
    let status = match code {
        "" if is_redirect => 301,
        "" if answer.contains("403 Forbidden") => 403,
        // With this status S3 also passes on what KMS refuses.
        "AccessDenied" => 403,
        _ => 0,
    };
    let message = match (element(answer, "Message"), status) {
        (Some(message), _) => message,
        // Without an answer of S3, the client's own words say what happened.
        (None, 0) if code.is_empty() => answer.lines().next().unwrap_or_default(),
        (None, _) => "",
    };
    let reply = Reply {
        code,
        status,
        message,
        region: element(answer, "Region"),
    };
    let mut refusal = attempt(bucket, |attempt| Refusal::of_reply(reply, attempt));
    if refusal.meaning == Meaning::NoBucket {
        let hint = "keytrail creates no bucket: create it first, or check its name and `--store-endpoint-url`";
        refusal.hint = Some(hint.to_owned());
    }
    refusal
}

/// The text of the first element of this name.
fn element<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
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

    fn bad(body: &str) -> Error {
        Error::Generic {
            store: "S3",
            source: format!("400 Bad Request: <Error>{body}</Error>").into(),
        }
    }

    #[track_caller]
    fn check(error: Error, says: &str, hint: &str) {
        let explained = explained(error, "lake");
        let refusal = find(&explained).expect("a refusal");
        let text = refusal.to_string();
        assert!(
            text.starts_with(&format!("cannot use the bucket `lake`: {says}")),
            "{text}"
        );
        assert!(
            refusal.hint.as_deref().unwrap_or_default().contains(hint),
            "{text}"
        );
        // Once is enough.
        let again = super::explained(explained, "lake");
        assert_eq!(find(&again).map(ToString::to_string), Some(text));
    }

    #[test]
    fn a_denial_names_the_actions() {
        let body = "403 Forbidden: <Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
        check(denied(body), "access denied\n", "s3:PutObject");
        check(denied("403 Forbidden"), "access denied\n", "s3:PutObject");
    }

    #[test]
    fn a_bucket_that_is_not_there_is_no_object_that_is_not_there() {
        let absent = |code: &str| Error::NotFound {
            path: "x".to_owned(),
            source: format!("404 Not Found: <Error><Code>{code}</Code></Error>").into(),
        };
        check(
            absent("NoSuchBucket"),
            "the bucket does not exist",
            "keytrail creates no bucket",
        );
        let object = explained(absent("NoSuchKey"), "lake");
        assert!(matches!(object, Error::NotFound { .. }));
        assert_eq!(find(&object), None);
    }

    #[test]
    fn another_region_is_named() {
        let body = "<Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong</Message><Region>eu-west-3</Region>";
        check(
            bad(body),
            "the bucket is in another region, eu-west-3",
            "`--store-region eu-west-3`",
        );
        let redirected = Error::Generic {
            store: "S3",
            source: "Received redirect without LOCATION".into(),
        };
        check(
            redirected,
            "the bucket is in another region",
            "--store-region",
        );
    }

    #[test]
    fn an_old_session_asks_for_a_new_one() {
        let body = "<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>";
        check(
            bad(body),
            "the AWS credentials have expired: The provided token has expired (ExpiredToken)",
            "--store-profile",
        );
    }

    #[test]
    fn without_an_answer_of_s3_the_clients_words_are_shown() {
        let broken = Error::Generic {
            store: "S3",
            source: "the answer has no ETag\nand more".into(),
        };
        check(broken, "the answer has no ETag", "");
    }
}
