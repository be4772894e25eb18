//! What is in a bucket, folder by folder of CloudTrail's layout, many calls at a time.
//!
//! Enters: an address, what it is narrowed to, and which days are due. Leaves: a [`Listing`]. A folder that
//! cannot hold what is asked for is not listed; one that is not of the layout is listed flat.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use chrono::{Datelike as _, NaiveDate};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tracing::{Span, field};

use super::address::{BucketAddress, location};
use super::layout::{Folder, Level};
use super::page::{CALLS_MAX, PageListing, found};
use super::{BucketError, Calls, S3};
use crate::aws::Refusal;
use crate::decode::is_account;
use crate::source::ending::is_log_ending;
use crate::source::path::{ROOT, is_region};
use crate::source::{Failed, ListedDay, Listing, NamedInput, ReadFault, SourceObject, Why, Writer};

/// Folders next to those of the layout that are looked into one by one; where there are more, all is listed flat.
const STRANGERS_MAX: usize = 32;
/// The same next to `AWSLogs`, which a flat listing would list again.
const STRANGERS_BESIDE_MAX: usize = 10_000;

/// Where a layout begins within a key.
const OTHER_ROOT: &str = "AWSLogs/";

/// What a listing is narrowed to. What is not said is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// The first day of delivery.
    pub from: Option<NaiveDate>,
    /// The last day of delivery.
    pub to: Option<NaiveDate>,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Regions in the layout.
    pub regions: Vec<String>,
}

/// Whether the folder of a day, by its URL, may hold what is not known yet.
pub type IsDue<'a> = dyn Fn(&str, NaiveDate) -> bool + Sync + 'a;

impl Narrowed {
    /// Whether a folder can hold what is asked for.
    fn is_wanted(&self, level: Level, name: &str) -> bool {
        let is_among = |names: &[String]| names.is_empty() || names.iter().any(|one| one == name);
        let (from, to) = (
            self.from.unwrap_or(NaiveDate::MIN),
            self.to.unwrap_or(NaiveDate::MAX),
        );
        match level {
            Level::Account => is_among(&self.accounts),
            Level::Region => is_among(&self.regions),
            Level::Year(year) => (from.year()..=to.year()).contains(&year),
            Level::Month(year, month) => {
                let month = (year, month);
                (from.year(), from.month()) <= month && month <= (to.year(), to.month())
            }
            Level::Day(day) => from <= day && day <= to,
            _ => true,
        }
    }

    /// Whether an object is asked for, as far as its key says.
    #[must_use]
    pub fn takes(&self, object: &SourceObject) -> bool {
        if *self == Self::default() {
            return true;
        }
        let facts = object.facts();
        let is_among = |names: &[String], name: Option<String>| {
            names.is_empty() || name.is_none_or(|name| names.contains(&name))
        };
        let time = facts
            .delivery_time
            .and_then(chrono::DateTime::from_timestamp_micros);
        is_among(&self.accounts, facts.account_id)
            && is_among(&self.regions, facts.region)
            && time.is_none_or(|time| self.is_wanted(Level::Day(time.date_naive()), ""))
    }
}

/// One folder to list.
#[derive(Debug, Clone)]
struct FolderTask {
    prefix: String,
    level: Level,
    /// Whether it is outside of what was asked for, and only another trail below it is wanted.
    is_left_out: bool,
}

impl FolderTask {
    fn new(prefix: String, level: Level) -> Self {
        Self {
            prefix,
            level,
            is_left_out: false,
        }
    }
}

impl S3 {
    /// Lists what is at an address.
    ///
    /// # Errors
    /// If the address itself cannot be listed. A folder below it that cannot be is among the faults.
    #[tracing::instrument(
        level = "info",
        name = "listing",
        skip_all,
        fields(bucket = address.bucket, prefix = address.prefix, objects = field::Empty)
    )]
    pub async fn list(
        &self,
        address: &BucketAddress,
        narrowed: &Narrowed,
        is_due: &IsDue<'_>,
    ) -> Result<Listing, BucketError> {
        let mut walk = BucketWalk {
            bucket: &address.bucket,
            narrowed,
            is_due,
            listing: Listing::default(),
            waiting: Vec::new(),
            left_out: Vec::new(),
        };
        let mut folder = address.prefix.clone();
        let is_open = folder.is_empty() || folder.ends_with('/');
        if !is_open {
            folder.push('/');
        }
        walk.see_places(&folder);
        let first = FolderTask::new(folder.clone(), Level::of(&folder));
        let listed = list(&self.calls, &address.bucket, &first).await?;
        let is_empty = listed.folders.is_empty() && listed.objects.is_empty();
        walk.arrived(&first, listed);
        if !is_open {
            // It may be the key of one object.
            let key = [(address.bucket.clone(), address.prefix.clone())];
            let named = self.named(&key).await;
            let is_there = |object: &SourceObject| object.fault != Some(ReadFault::Vanished);
            for object in named.into_iter().filter(is_there) {
                walk.listing.named.push(NamedInput {
                    asked: object.location.clone(),
                    location: object.location.clone(),
                });
                walk.listing.objects.push(object);
            }
        }
        if is_empty && walk.listing.objects.is_empty() && !address.prefix.is_empty() {
            return Err(BucketError::Nothing {
                target: location(&address.bucket, &address.prefix),
            });
        }
        walk.finish(&self.calls).await;
        if walk.lacks_places() {
            // A trail's own prefix may look like another account or region.
            walk.waiting = std::mem::take(&mut walk.left_out);
            walk.finish(&self.calls).await;
        }
        let mut listing = walk.listing;
        if !listing.has_found() && listing.faults.is_empty() {
            listing.failed.push(Failed {
                asked: location(&address.bucket, &address.prefix),
                why: Why::Nothing(listing.told()),
            });
        }
        if !self.calls.is_restore_listed.load(Ordering::Relaxed) {
            self.look_for_restored(&mut listing.objects).await;
        }
        listing.sort();
        Span::current().record("objects", listing.objects.len());
        Ok(listing)
    }
}

/// A listing under way.
struct BucketWalk<'a> {
    bucket: &'a str,
    narrowed: &'a Narrowed,
    is_due: &'a IsDue<'a>,
    listing: Listing,
    waiting: Vec<FolderTask>,
    /// Folders of accounts and regions that were not asked for.
    left_out: Vec<FolderTask>,
}

impl BucketWalk<'_> {
    async fn finish(&mut self, calls: &Calls) {
        let bucket = self.bucket;
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < CALLS_MAX
                && let Some(task) = self.waiting.pop()
            {
                running.push(async move { (list(calls, bucket, &task).await, task) });
            }
            match running.next().await {
                Some((Ok(found), task)) => self.arrived(&task, found),
                Some((Err(refusal), task)) => {
                    let folder = location(bucket, &task.prefix);
                    self.listing.faults.push((folder.into(), refusal.cause));
                }
                None => break,
            }
        }
    }

    fn arrived(&mut self, task: &FolderTask, found: PageListing) {
        let objects = found.objects.len() as u64;
        let folder = location(self.bucket, &task.prefix);
        let mut has_other_trail = false;
        for object in found.objects {
            has_other_trail |= object
                .location
                .strip_prefix(&folder)
                .is_some_and(|below| below.contains(OTHER_ROOT));
            self.take(object);
        }
        // A day with another trail in it gets logs as long as that trail does.
        if let Level::Day(day) = task.level
            && !has_other_trail
        {
            self.listing.days.push(ListedDay {
                prefix: folder,
                day,
                objects,
            });
        }
        let mut strangers = Vec::new();
        let mut has_root = false;
        for prefix in found.folders {
            let name = prefix[task.prefix.len()..].trim_end_matches('/').to_owned();
            has_root |= name == ROOT;
            match task.level.child(&name) {
                Folder::Into(Level::Root) => {
                    self.waiting.push(FolderTask::new(prefix, Level::Root));
                }
                Folder::Into(level) => self.consider(prefix, level, &name, task.is_left_out),
                Folder::Foreign => {
                    self.listing.others.add(&location(self.bucket, &prefix));
                    // A trail's own prefix may be named like the folder of a service; one call shows which it is.
                    let root = format!("{prefix}{ROOT}/");
                    self.waiting.push(FolderTask::new(root, Level::Root));
                }
                Folder::Stranger => strangers.push(prefix),
            }
        }
        self.look_beside(task, strangers, has_root);
    }

    fn take(&mut self, object: SourceObject) {
        let name = object.location.rsplit('/').next().unwrap_or_default();
        if name.is_empty() {
            // A folder's marker.
            return;
        }
        if Writer::of(&object.location) == Writer::Other {
            self.listing.others.add(&object.location);
            return;
        }
        if !is_log_ending(name) {
            self.listing.ignore(object.location.into());
            return;
        }
        if *self.narrowed != Narrowed::default() {
            let facts = object.facts();
            self.listing.accounts.extend(facts.account_id);
            self.listing.regions.extend(facts.region);
        }
        if self.narrowed.takes(&object) {
            self.listing.objects.push(object);
        } else {
            self.listing.left_out.add(&object.location);
        }
    }

    fn consider(&mut self, prefix: String, level: Level, name: &str, is_left_out: bool) {
        match level {
            Level::Account => self.listing.accounts.extend([name.to_owned()]),
            Level::Region => self.listing.regions.extend([name.to_owned()]),
            _ => {}
        }
        let task = FolderTask {
            prefix,
            level,
            is_left_out: true,
        };
        if is_left_out {
            if matches!(level, Level::Kind | Level::Region) {
                self.waiting.push(task);
            }
            return;
        }
        if !self.narrowed.is_wanted(level, name) {
            self.listing
                .left_out
                .add(&location(self.bucket, &task.prefix));
            if matches!(level, Level::Account | Level::Region) {
                self.left_out.push(task);
            }
            return;
        }
        if let Level::Day(day) = level
            && !(self.is_due)(&location(self.bucket, &task.prefix), day)
        {
            self.listing.days_settled += 1;
            return;
        }
        self.waiting.push(FolderTask {
            is_left_out: false,
            ..task
        });
    }

    /// Notes the accounts and regions that a folder is of.
    fn see_places(&mut self, prefix: &str) {
        let parts = prefix.split('/').map(str::to_owned);
        let (accounts, others): (Vec<_>, Vec<_>) = parts.partition(|part| is_account(part));
        self.listing.accounts.extend(accounts);
        let regions = others.into_iter().filter(|part| is_region(part));
        self.listing.regions.extend(regions);
    }

    /// Whether an account or a region that was asked for was not seen.
    fn lacks_places(&self) -> bool {
        let is_seen = |asked: &[String], seen: &BTreeSet<String>| {
            asked.iter().all(|place| seen.contains(place))
        };
        !is_seen(&self.narrowed.accounts, &self.listing.accounts)
            || !is_seen(&self.narrowed.regions, &self.listing.regions)
    }

    /// Folders that are not of the layout. There may be a million of them, so that looking into each would
    /// never end.
    fn look_beside(&mut self, task: &FolderTask, strangers: Vec<String>, has_root: bool) {
        let limit = if has_root || task.level.holds_accounts() {
            STRANGERS_BESIDE_MAX
        } else {
            STRANGERS_MAX
        };
        if strangers.len() <= limit {
            let level = task.level.beside();
            let tasks = strangers
                .into_iter()
                .map(|prefix| FolderTask::new(prefix, level));
            self.waiting.extend(tasks);
        } else if has_root || task.level.holds_accounts() {
            let folder = location(self.bucket, &task.prefix);
            let told = format!(
                "{} folders are not CloudTrail's layout, too many to look into; name those with logs",
                strangers.len()
            );
            self.listing.faults.push((folder.into(), told));
        } else {
            self.waiting
                .push(FolderTask::new(task.prefix.clone(), Level::Flat));
        }
    }
}

async fn list(calls: &Calls, bucket: &str, task: &FolderTask) -> Result<PageListing, Refusal> {
    let is_flat = matches!(task.level, Level::Day(_) | Level::Flat);
    found(calls, bucket, &task.prefix, is_flat).await
}
