//! Inputs that cannot be meant: URLs for paths, and accounts and regions without logs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::AsArray as _;

use super::error::ServiceError;
use crate::catalog::nearest;
use crate::schema::LOG_FILE_EVENTS;
use crate::source::{BucketAddress, Listing, Narrowed};
use crate::store::{Store, read_columns};

/// The most accounts or regions that a hint lists.
const LISTED_MAX: usize = 20;

/// Refuses URLs and ARNs.
pub(super) fn refuse_urls(paths: &[PathBuf]) -> Result<(), ServiceError> {
    for path in paths.iter().filter(|path| !path.exists()) {
        let text = path.to_string_lossy();
        let is_queue = text.starts_with("https://sqs.") || text.starts_with("https://queue.");
        let hint = match bucket_of(&text) {
            Some(address) => format!("`keytrail ingest {address}` reads a bucket"),
            None if is_queue => format!("`keytrail ingest --queue {text}` reads a queue"),
            None => "logs are read from files, directories and s3://BUCKET/PREFIX".to_owned(),
        };
        let what = if is_url(&text) {
            "a URL"
        } else if text.starts_with("arn:") {
            "an ARN"
        } else {
            continue;
        };
        return Err(ServiceError::NotAPath {
            typed: text.into_owned(),
            what,
            hint,
        });
    }
    Ok(())
}

/// Whether a text begins with a scheme.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// The address of a bucket that a URL of S3 or an ARN means.
fn bucket_of(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once(":s3:::") {
        return Some(format!("s3://{}", rest.trim_end_matches('*')));
    }
    let (scheme, rest) = text.split_once("://")?;
    if scheme.eq_ignore_ascii_case("s3") {
        return Some(format!("s3://{rest}"));
    }
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.strip_suffix(".amazonaws.com")?;
    // The bucket is in the path, or before the name of the service.
    if host == "s3" || host.starts_with("s3.") {
        return Some(format!("s3://{path}"));
    }
    let (bucket, _region) = host
        .split_once(".s3.")
        .or_else(|| host.split_once(".s3-"))
        .or_else(|| Some((host.strip_suffix(".s3")?, "")))?;
    Some(format!("s3://{bucket}/{path}"))
}

/// Refuses accounts and regions that nothing in the buckets has.
pub(super) fn refuse_places(
    narrowed: &Narrowed,
    listing: &Listing,
    addresses: &[BucketAddress],
) -> Result<(), ServiceError> {
    if !listing.faults.is_empty() {
        // It may be in a folder that could not be listed.
        return Ok(());
    }
    for (option, asked, known) in [
        ("--account", &narrowed.accounts, &listing.accounts),
        ("--log-region", &narrowed.regions, &listing.regions),
    ] {
        if let Some(value) = asked.iter().find(|value| !known.contains(*value)) {
            let buckets: Vec<String> = addresses
                .iter()
                .map(|address| format!("`s3://{}/{}`", address.bucket, address.prefix))
                .collect();
            return Err(ServiceError::UnknownPlace {
                option,
                value: value.clone(),
                searched: buckets.join(", "),
                hint: hint(value, known),
            });
        }
    }
    Ok(())
}

/// Refuses accounts and regions that no log in the store has.
pub(super) async fn refuse_unknown(
    store: &Store,
    accounts: &[String],
    regions: &[String],
) -> Result<(), ServiceError> {
    for (option, column, asked) in [
        ("--account", "account_id", accounts),
        ("--log-region", "region", regions),
    ] {
        if asked.is_empty() {
            continue;
        }
        let mut known = BTreeSet::new();
        let ledger = store.snapshot(&LOG_FILE_EVENTS).await?;
        read_columns(ledger, &[column], None, |batch| {
            for name in batch.column(0).as_string::<i32>().iter().flatten() {
                if !known.contains(name) {
                    known.insert(name.to_owned());
                }
            }
        })
        .await?;
        if let Some(value) = asked.iter().find(|value| !known.contains(*value)) {
            return Err(ServiceError::UnknownPlace {
                option,
                value: value.clone(),
                searched: "the store".to_owned(),
                hint: hint(value, &known),
            });
        }
    }
    Ok(())
}

/// The nearest of the names, or all where they are few.
fn hint(typed: &str, known: &BTreeSet<String>) -> String {
    let mut names = nearest(typed, known.iter().map(String::as_str));
    let label = if names.is_empty() {
        "there are"
    } else {
        "nearest"
    };
    if names.is_empty() {
        names = known.iter().take(LISTED_MAX).cloned().collect();
    }
    if names.is_empty() {
        String::new()
    } else {
        format!("\n\nhint: {label}\n  {}", names.join("\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::{bucket_of, is_url};

    #[test]
    fn addresses_of_buckets() {
        for (text, address) in [
            ("https://logs.s3.amazonaws.com/a/b", Some("s3://logs/a/b")),
            (
                "https://logs.s3.eu-west-1.amazonaws.com/",
                Some("s3://logs/"),
            ),
            (
                "https://my.logs.s3-eu-west-1.amazonaws.com/a",
                Some("s3://my.logs/a"),
            ),
            (
                "https://s3.eu-west-1.amazonaws.com/logs/a",
                Some("s3://logs/a"),
            ),
            ("https://s3.amazonaws.com/logs", Some("s3://logs")),
            ("S3://logs/a", Some("s3://logs/a")),
            ("arn:aws:s3:::logs/AWSLogs/*", Some("s3://logs/AWSLogs/")),
            ("https://example.com/logs.json", None),
            ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/t", None),
        ] {
            assert_eq!(bucket_of(text).as_deref(), address, "{text}");
        }
        assert!(is_url("https://x") && is_url("s3a://x"));
        assert!(!is_url("a/b://c") && !is_url("plain"));
    }
}
