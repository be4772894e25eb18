//! The world of a big tree: accounts, regions, keys with their popularity, callers, and who calls with which key.
//!
//! In: the sizes that were asked for. Out: tables to draw from. Keys belong to one account and region, a *stream*;
//! popularity falls as one over the rank, as it does in real accounts.

use crate::corpus::aliases::{self, Alias};
use crate::corpus::rng::{Rng, Weighted};
use crate::corpus::time;

/// Regions in the order in which they are taken.
pub(crate) const REGIONS: [&str; 8] = [
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "us-east-2",
    "eu-west-2",
];
/// Roles per account.
pub(crate) const ROLES_PER_ACCOUNT: usize = 40;
/// Callers that share one key.
const CALLERS_PER_KEY: usize = 6;
/// One key in so many is never used, and one in so many is shared with another account.
const NEVER_USED_ONE_IN: usize = 20;
const SHARED_ONE_IN: usize = 3;
/// In a table of callers, the services come after the account's own roles, and after them the roles of the account
/// that shares some of its keys.
pub(crate) const EC2: usize = ROLES_PER_ACCOUNT;
pub(crate) const CLOUDTRAIL: usize = ROLES_PER_ACCOUNT + 1;
pub(crate) const PARTNER: usize = ROLES_PER_ACCOUNT + 2;
pub(crate) const CALLERS: usize = PARTNER + ROLES_PER_ACCOUNT;

/// How large the tree is to be, and of what kind.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) seed: u64,
    /// When the tree begins, in seconds since 1970.
    pub(crate) start: i64,
    pub(crate) events: u64,
    pub(crate) events_per_object: u64,
    pub(crate) days: i64,
    pub(crate) accounts: usize,
    pub(crate) regions: usize,
    pub(crate) keys: usize,
    /// Shares in parts per million.
    pub(crate) kms_share: u64,
    pub(crate) duplicates: u64,
    /// Any caller uses any key in any way, where in real logs a few of these make nearly all events.
    pub(crate) is_flat: bool,
    /// Every call has one record, and a use names its key by ARN.
    pub(crate) is_plain: bool,
}

impl Sizes {
    /// Flat and plain traffic in one account and region, in one object: what a bench decodes.
    pub(crate) fn one_object(events: u64, kms_percent: u64) -> Self {
        Self {
            seed: 1,
            start: time::at([2026, 3, 1], [0, 0, 0]),
            events,
            events_per_object: events,
            days: 14,
            accounts: 1,
            regions: 1,
            keys: 50,
            kms_share: 10_000 * kms_percent,
            duplicates: 0,
            is_flat: true,
            is_plain: true,
        }
    }

    /// For how many seconds it goes on.
    pub(crate) fn span(&self) -> i64 {
        self.days * time::DAY_SECS
    }
}

/// A key of the tree.
pub(crate) struct TreeKey {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) material: String,
}

/// A role of the tree.
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) id: String,
}

/// One account in one region. Keys are given by their index in the world's table.
pub(crate) struct Stream {
    pub(crate) account: String,
    pub(crate) region: &'static str,
    /// Which account's roles call here.
    pub(crate) account_index: usize,
    /// The stream of another account in this region that shares some of its keys with this one.
    pub(crate) sharing: Option<usize>,
    /// All keys, from the most to the least popular.
    pub(crate) keys: Vec<usize>,
    /// Those that are used at all, and those of them that another account uses, by their popularity.
    pub(crate) used: Weighted<usize>,
    pub(crate) shared: Weighted<usize>,
    pub(crate) aliases: Vec<Alias>,
}

/// Everything to draw from.
pub(crate) struct World {
    pub(crate) sizes: Sizes,
    /// Log objects: as many in each stream.
    pub(crate) objects: u64,
    pub(crate) streams: Vec<Stream>,
    pub(crate) keys: Vec<TreeKey>,
    pub(crate) roles: Vec<Vec<Role>>,
}

impl World {
    /// The world of those sizes.
    pub(crate) fn new(sizes: Sizes) -> Self {
        let places = (0..sizes.accounts).flat_map(|account| {
            REGIONS[..sizes.regions]
                .iter()
                .map(move |region| (account, *region))
        });
        let streams = sizes.accounts * sizes.regions;
        let mut rng = Rng::of(sizes.seed, "keys of the tree");
        let arn = |index: usize, id: &str| {
            let (account, region) = (
                index % streams / sizes.regions,
                REGIONS[index % streams % sizes.regions],
            );
            format!("arn:aws:kms:{region}:{}:key/{id}", account_id(account))
        };
        let keys = (0..sizes.keys).map(|index| {
            let id = rng.uuid();
            TreeKey {
                arn: arn(index, &id),
                id,
                material: rng.hex(64),
            }
        });
        let keys = keys.collect();
        let streams: Vec<Stream> = places
            .enumerate()
            .map(|(place, (account, region))| Stream::new(&sizes, place, account, region))
            .collect();
        let roles = (0..sizes.accounts).map(|account| roles(sizes.seed, account));
        let count = streams.len() as u64;
        Self {
            roles: roles.collect(),
            objects: sizes
                .events
                .div_ceil(sizes.events_per_object)
                .div_ceil(count)
                * count,
            sizes,
            streams,
            keys,
        }
    }

    /// Calls in the object of that number: the events of the tree, spread evenly.
    pub(crate) fn calls(&self, number: u64) -> u64 {
        let before = |number: u64| {
            let share =
                u128::from(self.sizes.events) * u128::from(number) / u128::from(self.objects);
            u64::try_from(share).expect("a part of the events")
        };
        before(number + 1) - before(number)
    }

    /// One of the few roles that use a key, some much more than others.
    pub(crate) fn role_of(key: usize, rng: &mut Rng) -> usize {
        let nth = rng.index(CALLERS_PER_KEY).min(rng.index(CALLERS_PER_KEY));
        (key * 7 + nth * 11) % ROLES_PER_ACCOUNT
    }

    /// Any role.
    pub(crate) fn any_role(rng: &mut Rng) -> usize {
        rng.index(ROLES_PER_ACCOUNT)
            .min(rng.index(ROLES_PER_ACCOUNT))
    }

    /// The account that uses the shared keys of this one.
    pub(crate) fn partner(&self, account_index: usize) -> usize {
        (account_index + 1) % self.sizes.accounts
    }

    /// The role of an index into a table of callers; that of a service is of no interest.
    pub(crate) fn role(&self, account_index: usize, caller: usize) -> &Role {
        match caller.checked_sub(PARTNER) {
            Some(role) => &self.roles[self.partner(account_index)][role],
            None => &self.roles[account_index][caller % ROLES_PER_ACCOUNT],
        }
    }

    /// The stable caller behind an index.
    pub(crate) fn caller(&self, stream: &Stream, caller: usize) -> String {
        let role = &self.role(stream.account_index, caller).name;
        match caller {
            EC2 => "service:ec2.amazonaws.com".to_owned(),
            CLOUDTRAIL => "service:cloudtrail.amazonaws.com".to_owned(),
            PARTNER.. => format!(
                "arn:aws:iam::{}:role/{role}",
                account_id(self.partner(stream.account_index))
            ),
            _ => format!("arn:aws:iam::{}:role/{role}", stream.account),
        }
    }
}

impl Stream {
    fn new(sizes: &Sizes, place: usize, account_index: usize, region: &'static str) -> Self {
        let keys: Vec<usize> = (place..sizes.keys)
            .step_by(sizes.accounts * sizes.regions)
            .collect();
        let used = keys.len() - keys.len().div_ceil(NEVER_USED_ONE_IN);
        let used = &keys[..used.max(1)];
        let by_rank = |(rank, key): (u64, &usize)| (*key, 1_000_000_000 / rank);
        let is_shared = sizes.accounts > 1 && !sizes.is_plain;
        // The most popular key is the account's own.
        let shared = (1..)
            .zip(used)
            .skip(1)
            .step_by(SHARED_ONE_IN)
            .filter(|_| is_shared);
        let sharing = (account_index + sizes.accounts - 1) % sizes.accounts * sizes.regions
            + place % sizes.regions;
        Self {
            account: account_id(account_index),
            region,
            account_index,
            sharing: is_shared.then_some(sharing),
            used: Weighted::new((1..).zip(used).map(by_rank)),
            shared: Weighted::new(shared.map(by_rank)),
            aliases: aliases::of_stream(
                if sizes.is_plain { &[] } else { used },
                sizes.start,
                sizes.span(),
            ),
            keys,
        }
    }
}

/// The id of an account.
pub(crate) fn account_id(index: usize) -> String {
    format!("{:012}", 210_000_000_017 + 7_345_678_901 * index as u64)
}

fn roles(seed: u64, account: usize) -> Vec<Role> {
    const WORDS: [&str; 10] = [
        "orders", "billing", "search", "media", "ledger", "session", "export", "ingest", "mailer",
        "catalog",
    ];
    const KINDS: [&str; 4] = ["api-task-role", "worker", "lambda-exec", "batch-job"];
    let mut rng = Rng::of(seed, &format!("roles of account {account}"));
    (0..ROLES_PER_ACCOUNT)
        .map(|index| {
            let name = format!(
                "{}-{}",
                WORDS[index % WORDS.len()],
                KINDS[index / WORDS.len()]
            );
            Role {
                name,
                id: rng.iam_id("AROA"),
            }
        })
        .collect()
}
