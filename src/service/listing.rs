//! The inputs of an ingest: files, directories, buckets.
//!
//! Enters: paths and addresses as typed. Leaves: the source, and the objects that were found. A bucket is listed only
//! where the store says that there may be something new.

use std::path::PathBuf;

use super::error::{LAYOUT_HINT, ServiceError};
use super::mistyped::{refuse_places, refuse_urls};
use super::options::IngestOptions;
use crate::ingest::{Hashing, Listed, strangers};
use crate::source::{
    self, BucketAddress, Failed, Files, Listing, Narrowed, ReadFault, S3, Source, Why,
};
use crate::store::Store;

/// Where the objects of a run are, and which they are.
pub(super) struct Inputs {
    pub(super) source: Box<dyn Source>,
    pub(super) listing: Listing,
    pub(super) hashing: Hashing,
}

/// Lists all inputs; without a store, all their objects are new.
pub(super) async fn find(
    store: Option<&Store>,
    options: &IngestOptions,
    started_at: i64,
) -> Result<Inputs, ServiceError> {
    let is_address = |path: &&PathBuf| path.to_str().is_some_and(BucketAddress::is_meant);
    let (addresses, paths): (Vec<_>, Vec<_>) = options.paths.iter().partition(is_address);
    let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
    refuse_urls(&paths)?;
    let mut listing = source::list(&paths);
    let decoding = &options.decoding;
    if addresses.is_empty() {
        if options.narrowed != Narrowed::default() {
            return Err(ServiceError::NoBucketToNarrow);
        }
        let found = Inputs {
            source: Box::new(Files),
            listing,
            hashing: decoding.hashing.unwrap_or(Hashing::WithDigests),
        };
        return checked(found, options, store.is_none());
    }
    let addresses = addresses
        .into_iter()
        .map(|path| {
            let typed = path.to_string_lossy();
            let parsed = BucketAddress::parse(&typed);
            parsed.ok_or_else(|| ServiceError::NoBucket {
                typed: typed.into_owned(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let access = &options.access;
    let s3 = S3::new(&access.load().await, access);
    let listed = list(store, options, &s3, &addresses, &mut listing, started_at).await?;
    listed.keep_news(&mut listing.days, started_at, options.lookback_days);
    let found = Inputs {
        source: Box::new(s3),
        listing,
        hashing: decoding.hashing.unwrap_or(Hashing::Always),
    };
    checked(found, options, store.is_none())
}

/// Fails if none of the inputs is a log; if one is, the others are listed with the rejects.
fn checked(
    mut found: Inputs,
    options: &IngestOptions,
    is_new: bool,
) -> Result<Inputs, ServiceError> {
    let Inputs {
        source, listing, ..
    } = &mut found;
    let limits = options.decoding.limits;
    let strangers = tokio::task::block_in_place(|| strangers(&**source, listing, limits));
    let named = listing.named.iter();
    let failed = named.filter_map(|named| {
        Some(Failed {
            asked: named.asked.clone(),
            why: Why::NoLog(strangers.get(&named.location)?.clone()),
        })
    });
    listing.failed.extend(failed);
    listing
        .objects
        .retain(|object| !strangers.contains_key(&object.location));
    if listing.has_found() || !listing.faults.is_empty() || listing.failed.is_empty() {
        let failed = std::mem::take(&mut listing.failed).into_iter();
        let faults = failed.map(|failed| (failed.asked.into(), failed.why.to_string()));
        listing.faults.extend(faults);
        return Ok(found);
    }
    let (missing, others): (Vec<&Failed>, Vec<&Failed>) = listing
        .failed
        .iter()
        .partition(|failed| failed.why == Why::Missing);
    let has_nothing = others
        .iter()
        .any(|failed| matches!(failed.why, Why::Nothing(_)));
    let mut problems: Vec<String> = others.into_iter().map(Failed::to_string).collect();
    if !missing.is_empty() {
        let shown = missing.iter().map(|failed| format!("`{}`", failed.asked));
        let shown = shown.collect::<Vec<_>>().join(", ");
        problems.insert(0, format!("no such file or directory: {shown}"));
    }
    let hint = match (has_nothing, is_new) {
        (true, _) => LAYOUT_HINT,
        (false, true) => "no store was made",
        (false, false) => "nothing was ingested",
    };
    Err(ServiceError::NothingToRead {
        problem: problems.join("; "),
        hint,
    })
}

async fn list(
    store: Option<&Store>,
    options: &IngestOptions,
    s3: &S3,
    addresses: &[BucketAddress],
    listing: &mut Listing,
    started_at: i64,
) -> Result<Listed, ServiceError> {
    const DAY_MICROS: i64 = 86_400_000_000;
    let narrowed = &options.narrowed;
    if let (Some(from), Some(to)) = (narrowed.from, narrowed.to)
        && from > to
    {
        return Err(ServiceError::NoDays {
            from: from.to_string(),
            later: "is later than",
            to: to.to_string(),
        });
    }
    let lookback = options.lookback_days;
    let listed = match store {
        Some(store) => Listed::load(store).await?,
        None => Listed::default(),
    };
    let is_due = |prefix: &str, day| options.is_all || listed.is_due(prefix, day, lookback);
    for address in addresses {
        listing.extend(s3.list(address, narrowed, &is_due).await?);
    }
    refuse_places(narrowed, listing, addresses)?;
    let Some(store) = store else {
        return Ok(listed);
    };
    // On any day, a log that a digest names is there, or was. One that has been missing this long will not come.
    let since = if options.is_all {
        i64::MIN
    } else {
        started_at - i64::from(lookback) * DAY_MICROS
    };
    let named = listed.named_only(store, listing, since).await?;
    let named: Vec<(String, String)> = named
        .into_iter()
        .filter(|(bucket, key)| addresses.iter().any(|address| address.holds(bucket, key)))
        .collect();
    let mut found = s3.named(&named).await;
    // Which are missing is for the verification of digests to say.
    found.retain(|object| object.fault != Some(ReadFault::Vanished) && narrowed.takes(object));
    listing.extend(Listing {
        objects: found,
        ..Listing::default()
    });
    Ok(listed)
}
