//! What `keytrail ingest` is pointed at: files, directories, buckets.
//!
//! Enters: the paths as typed. Leaves: where to read, and what was found. A bucket is listed as far as the store
//! says that there may be something new.

use std::path::PathBuf;

use anyhow::bail;

use super::args::IngestArgs;
use super::ingest::LAYOUT_HINT;
use super::mistyped::{refuse_places, refuse_urls};
use crate::aws::Access;
use crate::ingest::{Hashing, Listed, strangers};
use crate::source::{self, Address, Failed, Files, Listing, Narrowed, ReadFault, S3, Source, Why};
use crate::store::Store;

/// Where the objects of a run are, and which they are.
pub(super) struct Found {
    pub(super) source: Box<dyn Source>,
    pub(super) listing: Listing,
    pub(super) hashing: Hashing,
}

/// Lists everything that was pointed at; without a store nothing of it is known.
pub(super) async fn find(
    store: Option<&Store>,
    args: &IngestArgs,
    started_at: i64,
) -> anyhow::Result<Found> {
    let is_address = |path: &&PathBuf| path.to_str().is_some_and(Address::is_meant);
    let (addresses, paths): (Vec<_>, Vec<_>) = args.paths.iter().partition(is_address);
    let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
    refuse_urls(&paths)?;
    let listing = source::list(&paths);
    let narrowed = args.bucket.narrowed();
    if addresses.is_empty() {
        if narrowed != Narrowed::default() {
            bail!(
                "`--from`, `--to`, `--account` and `--log-region` narrow the listing of a bucket, and none is named"
            );
        }
        let found = Found {
            source: Box::new(Files),
            listing,
            hashing: match (args.hash, args.no_hash) {
                (true, _) => Hashing::Always,
                (false, true) => Hashing::Never,
                (false, false) => Hashing::WithDigests,
            },
        };
        return settle(found, args, store.is_none());
    }
    let addresses = addresses
        .into_iter()
        .map(|path| {
            let text = path.to_string_lossy();
            let parsed = Address::parse(&text);
            parsed.ok_or_else(|| {
                anyhow::anyhow!("`{text}` names no bucket\n\nhint: s3://BUCKET/PREFIX")
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let access = Access::from(args.aws.clone());
    let s3 = S3::new(&access.load().await, &access);
    let mut listing = listing;
    let listed = list(
        store,
        args,
        &narrowed,
        &s3,
        &addresses,
        &mut listing,
        started_at,
    )
    .await?;
    listed.keep_news(&mut listing.days, started_at, args.bucket.lookback);
    let found = Found {
        source: Box::new(s3),
        listing,
        hashing: if args.no_hash {
            Hashing::Never
        } else {
            Hashing::Always
        },
    };
    settle(found, args, store.is_none())
}

/// Ends the run where nothing of what was asked for is a log; where something is, the rest is told with the rejects.
fn settle(mut found: Found, args: &IngestArgs, is_new: bool) -> anyhow::Result<Found> {
    let Found {
        source, listing, ..
    } = &mut found;
    let limits = args.limits.to_limits();
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
    let mut told: Vec<String> = others.into_iter().map(Failed::to_string).collect();
    if !missing.is_empty() {
        let shown = missing.iter().map(|failed| format!("`{}`", failed.asked));
        let shown = shown.collect::<Vec<_>>().join(", ");
        told.insert(0, format!("no such file or directory: {shown}"));
    }
    let hint = match (has_nothing, is_new) {
        (true, _) => LAYOUT_HINT,
        (false, true) => "no store was made",
        (false, false) => "nothing was ingested",
    };
    bail!("{}\n\nhint: {hint}", told.join("; "))
}

async fn list(
    store: Option<&Store>,
    args: &IngestArgs,
    narrowed: &Narrowed,
    s3: &S3,
    addresses: &[Address],
    listing: &mut Listing,
    started_at: i64,
) -> anyhow::Result<Listed> {
    const DAY_MICROS: i64 = 86_400_000_000;
    if let (Some(from), Some(to)) = (narrowed.from, narrowed.to)
        && from > to
    {
        bail!("`--from {from}` is later than `--to {to}`");
    }
    let lookback = args.bucket.lookback;
    let listed = match store {
        Some(store) => Listed::load(store).await?,
        None => Listed::default(),
    };
    let is_due = |prefix: &str, day| args.bucket.all || listed.is_due(prefix, day, lookback);
    for address in addresses {
        listing.extend(s3.list(address, narrowed, &is_due).await?);
    }
    refuse_places(narrowed, listing, addresses)?;
    let Some(store) = store else {
        return Ok(listed);
    };
    // Whatever its day: a log that a digest names is there, or was. One that was not there for so long will not come.
    let since = if args.bucket.all {
        i64::MIN
    } else {
        started_at - i64::from(lookback) * DAY_MICROS
    };
    let named = listed.named_only(store, listing, since).await?;
    let named: Vec<(String, String)> = named
        .into_iter()
        .filter(|log| {
            addresses
                .iter()
                .any(|address| address.holds(&log.bucket, &log.key))
        })
        .map(|log| (log.bucket, log.key))
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
