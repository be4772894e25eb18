//! Who plays in the sample: three accounts, their keys, and the sessions of their roles.
//!
//! Every id follows from the seed and a name, so a key is the same key wherever it is asked for.

use std::collections::BTreeMap;

use crate::corpus::event::Key;
use crate::corpus::identity::{Identity, Session};
use crate::corpus::rng::Rng;

/// Runs the shop: checkout, payments, orders, the web site.
pub(crate) const SHOP: &str = "111122223333";
/// Runs the data lake, and uses a key of the shop's.
pub(crate) const LAKE: &str = "444455556666";
/// Holds the log bucket and its key; the auditors work here.
pub(crate) const AUDIT: &str = "777788889999";
pub(crate) const VIRGINIA: &str = "us-east-1";
pub(crate) const IRELAND: &str = "eu-west-1";
/// The organization trail and the bucket it delivers to.
pub(crate) const TRAIL_ARN: &str =
    "arn:aws:cloudtrail:us-east-1:777788889999:trail/example-org-trail";
pub(crate) const LOG_BUCKET: &str = "example-org-trail-logs";

/// Name, account, region, and what kind of key it is.
const KEYS: [(&str, &str, &str, Kind); 24] = [
    ("app-data", SHOP, VIRGINIA, Kind::Symmetric),
    ("customer-bucket", SHOP, VIRGINIA, Kind::Symmetric),
    ("ebs-volumes", SHOP, VIRGINIA, Kind::Symmetric),
    ("orders-db", SHOP, VIRGINIA, Kind::Symmetric),
    ("secrets", SHOP, VIRGINIA, Kind::Symmetric),
    ("carts-table", SHOP, VIRGINIA, Kind::Symmetric),
    ("functions", SHOP, VIRGINIA, Kind::Symmetric),
    ("parameters", SHOP, VIRGINIA, Kind::Symmetric),
    ("release-signing", SHOP, VIRGINIA, Kind::Asymmetric),
    ("webhook-mac", SHOP, VIRGINIA, Kind::Asymmetric),
    ("orders-v1", SHOP, VIRGINIA, Kind::Symmetric),
    ("orders-v2", SHOP, VIRGINIA, Kind::Symmetric),
    ("never-used", SHOP, VIRGINIA, Kind::Symmetric),
    ("only-described", SHOP, VIRGINIA, Kind::Symmetric),
    ("idle-since-march-2", SHOP, VIRGINIA, Kind::Symmetric),
    ("idle-since-march-4", SHOP, VIRGINIA, Kind::Symmetric),
    ("archive", SHOP, VIRGINIA, Kind::Symmetric),
    ("pending-deletion", SHOP, VIRGINIA, Kind::Symmetric),
    ("rescued", SHOP, VIRGINIA, Kind::Symmetric),
    ("shared-with-lake", SHOP, VIRGINIA, Kind::Symmetric),
    ("eu-data", SHOP, IRELAND, Kind::Symmetric),
    ("data-lake", LAKE, VIRGINIA, Kind::Symmetric),
    ("data-lake-eu", LAKE, IRELAND, Kind::Symmetric),
    ("org-trail", AUDIT, VIRGINIA, Kind::Symmetric),
];
/// The multi-Region key: one id, one key material, a member in each region.
const MULTI_REGION: [(&str, &str); 2] = [
    ("multi-region", VIRGINIA),
    ("multi-region-replica", IRELAND),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Symmetric,
    Asymmetric,
}

/// The keys and the seed from which all other ids follow.
pub(crate) struct Cast {
    pub(crate) seed: u64,
    pub(crate) rng: Rng,
    keys: BTreeMap<&'static str, Key>,
}

impl Cast {
    /// The cast of one seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut keys = BTreeMap::new();
        for (name, account, region, kind) in KEYS {
            let mut ids = Rng::of(seed, &format!("key {name}"));
            let id = ids.uuid();
            let material = (kind == Kind::Symmetric).then(|| ids.hex(64));
            keys.insert(name, key(name, id, account, region, material));
        }
        let mut ids = Rng::of(seed, "multi-Region key");
        let (id, material) = (format!("mrk-{}", ids.uuid().replace('-', "")), ids.hex(64));
        for (name, region) in MULTI_REGION {
            keys.insert(
                name,
                key(name, id.clone(), SHOP, region, Some(material.clone())),
            );
        }
        Self {
            seed,
            rng: Rng::of(seed, "events of the sample"),
            keys,
        }
    }

    /// The key of that name.
    pub(crate) fn key(&self, name: &str) -> Key {
        self.keys
            .get(name)
            .unwrap_or_else(|| panic!("no key is named {name}"))
            .clone()
    }

    /// All keys, by name.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// A session of a role at `now`.
    pub(crate) fn role(&self, account: &str, role: &str, session: &str, now: i64) -> Identity {
        let agent = match role {
            "checkout-service" | "orders-service" => {
                "aws-sdk-java/2.41.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.9 md/OpenJDK_64-Bit_Server_VM"
            }
            "etl" | "nightly-export" | "report-api" => {
                "Boto3/1.42.9 md/Botocore#1.42.9 ua/2.1 os/linux#6.12.58 md/arch#aarch64 lang/python#3.13.11 cfg/retry-mode#legacy"
            }
            "config-auditor" => {
                "cloud-auditor/4.8 aws-sdk-go-v2/1.40.0 ua/2.1 os/linux lang/go#1.25.5"
            }
            _ => "aws-sdk-rust/1.3.11 ua/2.1 api/kms#1.95.0 os/linux lang/rust#1.91.1",
        };
        let ip = format!(
            "10.{}.{}.{}",
            account.len() + role.len(),
            session.len(),
            16 + session
                .bytes()
                .fold(0, |sum: u32, byte| (sum + u32::from(byte)) % 200)
        );
        Identity::role(&Session::of(self.seed, account, role, session, now)).at(&ip, agent)
    }

    /// One of the few instances of the shop.
    pub(crate) fn instance(&self, number: usize) -> String {
        format!(
            "i-0{}",
            Rng::of(self.seed, &format!("instance {number}")).hex(16)
        )
    }

    /// One of the few volumes of the shop.
    pub(crate) fn volume(&self, number: usize) -> String {
        format!(
            "vol-0{}",
            Rng::of(self.seed, &format!("volume {number}")).hex(16)
        )
    }
}

fn key(name: &str, id: String, account: &str, region: &str, material: Option<String>) -> Key {
    Key {
        name: name.to_owned(),
        arn: format!("arn:aws:kms:{region}:{account}:key/{id}"),
        id,
        account: account.to_owned(),
        region: region.to_owned(),
        material,
    }
}
