//! What `keytrail ingest` is pointed at: files, directories, buckets.
//!
//! Enters: the paths as typed. Leaves: where to read, and what was found. A bucket is listed as far as the store
//! says that there may be something new.

use std::path::PathBuf;

use anyhow::bail;

use super::args::IngestArgs;
use super::clock::now_micros;
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

/// Lists everything that was pointed at.
pub(super) async fn find(store: &Store, args: &IngestArgs) -> anyhow::Result<Found> {
    let is_address = |path: &&PathBuf| path.to_str().is_some_and(Address::is_meant);
    let (addresses, paths): (Vec<_>, Vec<_>) = args.paths.iter().partition(is_address);
    let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
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
    list(store, args, &narrowed, &s3, &addresses, &mut listing).await?;
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
    store: &Store,
    args: &IngestArgs,
    narrowed: &Narrowed,
    s3: &S3,
    addresses: &[Address],
    listing: &mut Listing,
) -> anyhow::Result<()> {
    if let (Some(from), Some(to)) = (narrowed.from, narrowed.to)
        && from > to
    {
        bail!("`--from {from}` is later than `--to {to}`");
    }
    let lookback = args.bucket.lookback;
    let listed = Listed::load(store).await?;
    let is_due = |prefix: &str, day| args.bucket.all || listed.is_due(prefix, day, lookback);
    for address in addresses {
        listing.extend(s3.list(address, narrowed, &is_due).await?);
    }
    // Whatever its day: a log that a digest names is there, or was.
    let named = listed.named_only(store, listing).await?;
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
    listed.keep_news(&mut listing.days, now_micros(), lookback);
    Ok(())
}
