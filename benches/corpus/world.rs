//! The world of a big tree: accounts, regions, keys with their popularity, callers, and who calls with which key.
//!
//! In: the sizes that were asked for. Out: tables to draw from. Keys belong to one account and region, a *stream*;
//! popularity falls as one over the rank, as it does in real accounts.

use crate::rng::Rng;

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
const ROLES_PER_ACCOUNT: usize = 40;
/// Callers that share one key.
const CALLERS_PER_KEY: usize = 6;
/// One key in so many is never used.
const NEVER_USED_ONE_IN: usize = 20;
/// The callers that are services stand behind the roles in every account's table.
pub(crate) const EC2: usize = ROLES_PER_ACCOUNT;
pub(crate) const CLOUDTRAIL: usize = ROLES_PER_ACCOUNT + 1;
pub(crate) const CALLERS: usize = ROLES_PER_ACCOUNT + 2;

/// How large the tree is to be.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) seed: u64,
    pub(crate) events: u64,
    pub(crate) events_per_object: u64,
    pub(crate) days: i64,
    pub(crate) accounts: usize,
    pub(crate) regions: usize,
    pub(crate) keys: usize,
    /// Shares in parts per million.
    pub(crate) kms_share: u64,
    pub(crate) duplicates: u64,
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

/// One account in one region, with its keys from the most to the least popular.
pub(crate) struct Stream {
    pub(crate) account: String,
    pub(crate) region: &'static str,
    /// Which account's roles call here.
    pub(crate) account_index: usize,
    /// Index of each key in the world's table.
    pub(crate) keys: Vec<usize>,
    /// Sums of the weights of the keys that are used at all.
    popularity: Vec<u64>,
}

/// Everything to draw from.
pub(crate) struct World {
    pub(crate) sizes: Sizes,
    pub(crate) streams: Vec<Stream>,
    pub(crate) keys: Vec<TreeKey>,
    pub(crate) roles: Vec<Vec<Role>>,
}

impl World {
    /// The world of those sizes.
    pub(crate) fn new(sizes: Sizes) -> Self {
        let mut streams = Vec::new();
        for account_index in 0..sizes.accounts {
            for region in &REGIONS[..sizes.regions] {
                let account = format!(
                    "{:012}",
                    210_000_000_017 + 7_345_678_901 * account_index as u64
                );
                streams.push(Stream {
                    account,
                    region,
                    account_index,
                    keys: Vec::new(),
                    popularity: Vec::new(),
                });
            }
        }
        let mut rng = Rng::of(sizes.seed, "keys of the tree");
        let mut keys = Vec::with_capacity(sizes.keys);
        for index in 0..sizes.keys {
            let place = index % streams.len();
            let stream = &mut streams[place];
            let id = rng.uuid();
            let arn = format!("arn:aws:kms:{}:{}:key/{id}", stream.region, stream.account);
            keys.push(TreeKey {
                id,
                arn,
                material: rng.hex(64),
            });
            stream.keys.push(index);
        }
        for stream in &mut streams {
            let used = stream.keys.len() - stream.keys.len().div_ceil(NEVER_USED_ONE_IN);
            let mut sum = 0;
            stream.popularity = (1..=used.max(1) as u64)
                .map(|rank| {
                    sum += 1_000_000_000 / rank;
                    sum
                })
                .collect();
        }
        let roles = (0..sizes.accounts)
            .map(|account| roles(sizes.seed, account))
            .collect();
        Self {
            sizes,
            streams,
            keys,
            roles,
        }
    }

    /// A key of the stream by popularity: its index in the world.
    pub(crate) fn popular_key(stream: &Stream, rng: &mut Rng) -> usize {
        let total = *stream
            .popularity
            .last()
            .expect("every stream has a key that is used");
        let drawn = rng.below(total);
        stream.keys[stream.popularity.partition_point(|sum| *sum <= drawn)]
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

    /// The stable caller behind an index.
    pub(crate) fn caller(&self, stream: &Stream, caller: usize) -> String {
        match caller {
            EC2 => "service:ec2.amazonaws.com".to_owned(),
            CLOUDTRAIL => "service:cloudtrail.amazonaws.com".to_owned(),
            role => format!(
                "arn:aws:iam::{}:role/{}",
                stream.account, self.roles[stream.account_index][role].name
            ),
        }
    }
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
