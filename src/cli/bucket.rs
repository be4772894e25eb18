//! What `keytrail ingest` is pointed at: files, directories, buckets.
//!
//! Enters: the paths as typed. Leaves: where to read, and what was found. A bucket is listed as far as the store
//! says that there may be something new.

use std::path::PathBuf;

use anyhow::bail;

use super::args::IngestArgs;
use crate::aws::Access;
use crate::ingest::{Hashing, Listed};
use crate::source::{self, Address, Fault, Files, Listing, Narrowed, S3, Source};
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
    if store.is_none() && addresses.is_empty() && !paths.iter().any(|path| path.exists()) {
        let shown = paths.iter().map(|path| format!("`{}`", path.display()));
        bail!(
            "no such file or directory: {}\n\nhint: no store was made",
            shown.collect::<Vec<_>>().join(", ")
        );
    }
    let listing = source::list(&paths);
    let narrowed = args.bucket.narrowed();
    if addresses.is_empty() {
        if narrowed != Narrowed::default() {
            bail!(
                "`--from`, `--to`, `--account` and `--log-region` narrow the listing of a bucket, and none is named"
            );
        }
        return Ok(Found {
            source: Box::new(Files),
            listing,
            hashing: match (args.hash, args.no_hash) {
                (true, _) => Hashing::Always,
                (false, true) => Hashing::Never,
                (false, false) => Hashing::WithDigests,
            },
        });
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
    Ok(Found {
        source: Box::new(s3),
        listing,
        hashing: if args.no_hash {
            Hashing::Never
        } else {
            Hashing::Always
        },
    })
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
    found.retain(|object| object.fault != Some(Fault::Vanished) && narrowed.takes(object));
    listing.extend(Listing {
        objects: found,
        ..Listing::default()
    });
    Ok(listed)
}
