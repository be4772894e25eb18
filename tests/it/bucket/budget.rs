//! How many calls a listing takes: counted on a server that answers from a list of keys. Most of its objects are
//! archived, so that what is counted are listings.

use super::{ingest, summary};
use crate::context::Context;
use crate::servers::{Action, Proxy, Request};

const ARCHIVED: &str = "<StorageClass>GLACIER</StorageClass>\
    <RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
/// Objects in one page.
const PAGE_MAX: usize = 1000;

/// A server whose buckets hold these keys, each an empty record list.
fn server_of(mut keys: Vec<String>) -> Proxy {
    keys.sort();
    Proxy::start("http://127.0.0.1:9", move |request| {
        if request.is_listing() {
            Action::Answer(200, Vec::new(), page(&keys, request).into_bytes())
        } else {
            Action::Answer(200, Vec::new(), br#"{"Records":[]}"#.to_vec())
        }
    })
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    let query = request.target.split_once('?')?.1;
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
    Some(value.replace("%2F", "/"))
}

/// A page of the listing that was asked for.
fn page(keys: &[String], request: &Request) -> String {
    let prefix = parameter(request, "prefix").unwrap_or_default();
    let is_flat = parameter(request, "delimiter").is_none();
    let mut at = match parameter(request, "continuation-token") {
        Some(token) => token.parse().expect("our token"),
        None => keys.partition_point(|key| **key < *prefix),
    };
    let mut entries = String::new();
    let mut count = 0;
    while count < PAGE_MAX && keys.get(at).is_some_and(|key| key.starts_with(&prefix)) {
        let key = &keys[at];
        let folder = key[prefix.len()..]
            .find('/')
            .map(|end| &key[..=prefix.len() + end]);
        match folder.filter(|_| !is_flat) {
            Some(folder) => {
                entries.push_str(&format!(
                    "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
                ));
                at += keys[at..].partition_point(|key| key.starts_with(folder));
            }
            None => {
                entries.push_str(&format!(
                    "<Contents><Key>{key}</Key><ETag>&quot;e&quot;</ETag><Size>14</Size>{}</Contents>",
                    if key.ends_with("x.json") { "" } else { ARCHIVED }
                ));
                at += 1;
            }
        }
        count += 1;
    }
    let has_more = keys.get(at).is_some_and(|key| key.starts_with(&prefix));
    let token = if has_more {
        format!("<NextContinuationToken>{at}</NextContinuationToken>")
    } else {
        String::new()
    };
    format!(
        "<ListBucketResult><IsTruncated>{has_more}</IsTruncated>{token}{entries}</ListBucketResult>"
    )
}

#[test]
fn a_hundred_thousand_objects_take_few_calls() {
    const ACCOUNTS: usize = 3;
    const REGIONS: usize = 3;
    const DAYS: usize = 60;
    const OBJECTS: usize = 100_000;
    let mut keys = Vec::with_capacity(OBJECTS);
    for number in 0..OBJECTS {
        let folder = number % (ACCOUNTS * REGIONS * DAYS);
        let (account, region, day) = (
            folder % ACCOUNTS,
            folder / ACCOUNTS % REGIONS,
            folder / (ACCOUNTS * REGIONS),
        );
        let (month, day) = if day < 31 {
            (1, day + 1)
        } else {
            (2, day - 30)
        };
        let month = if day > 28 && month == 2 { 3 } else { month };
        let day = if month == 3 { day - 28 } else { day };
        let account = format!("{:012}", 111_122_223_333 + account);
        let region = ["eu-west-1", "us-east-1", "us-west-2"][region];
        keys.push(format!(
            "AWSLogs/{account}/CloudTrail/{region}/2020/{month:02}/{day:02}/\
             {account}_CloudTrail_{region}_2020{month:02}{day:02}T1005Z_{number:016}.json"
        ));
    }
    let proxy = server_of(keys);
    let budget = OBJECTS / PAGE_MAX + 2 * ACCOUNTS * REGIONS * DAYS;
    let context = Context::new();
    let done = summary(&context, &proxy.url, &["s3://logs"]);
    assert_eq!(done["objects_archived"], OBJECTS, "{done}");
    let first = proxy.count(Request::is_listing);
    assert!(first <= budget, "{first} calls of {budget}");
    let days = context.rows("select sum(objects) as objects, count(*) as days from listings");
    assert_eq!(days[0]["objects"], OBJECTS);
    assert_eq!(days[0]["days"], ACCOUNTS * REGIONS * DAYS);

    let done = summary(&context, &proxy.url, &["s3://logs", "--all"]);
    assert_eq!(done["objects_archived"], OBJECTS, "{done}");
    let again = proxy.count(Request::is_listing) - first;
    assert!(
        again <= budget,
        "{again} calls of {budget}, where all is known"
    );
    assert_eq!(
        proxy.requests().len(),
        first + again,
        "nothing else is asked"
    );
}

#[test]
fn folders_without_number_are_listed_flat() {
    const FOLDERS: usize = 100_000;
    let mut keys: Vec<String> = (0..FOLDERS)
        .map(|number| format!("some/{number:06}/"))
        .collect();
    keys.push("some/000007/x.json".to_owned());
    keys.extend((0..FOLDERS).map(|number| format!("AWSLogs/111122223333/CloudTrail/{number:06}/")));
    let proxy = server_of(keys);
    let context = Context::new();
    let done = ingest(&context, &proxy.url, &["s3://logs"]);
    assert_eq!(done.code, 0, "{done}");
    let calls = proxy.count(Request::is_listing);
    // Each of the two is listed once with folders and once without.
    assert!(calls <= 4 * FOLDERS / PAGE_MAX + 10, "{calls} calls");
    assert_eq!(proxy.count(Request::is_read), 1);
}
