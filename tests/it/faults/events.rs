//! CloudTrail events made from a seed: every shape in turn, the rest by chance.

use serde_json::Value;

use crate::corpus::event::{Event, Key};
use crate::corpus::identity::{Identity, Session};
use crate::corpus::json::{Json, map};
use crate::corpus::rng::Rng;
use crate::corpus::time;

/// Shapes of KMS events, one after the other.
const SHAPES: u64 = 12;
/// The last days of February and the first of March: two partitions.
const DAYS: i64 = 12;
const HOME: &str = "111122223333";
const OTHER: &str = "444455556666";
const REGION: &str = "eu-west-1";

/// A generator of events, each with an id of its own.
#[derive(Debug)]
pub(crate) struct Events {
    rng: Rng,
    shape: u64,
    trail_events: i64,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            shape: 0,
            trail_events: 0,
        }
    }

    /// An event of any service; the tables want three of four.
    pub(crate) fn next(&mut self) -> Value {
        let time = self.time();
        match self.rng.below(8) {
            0 => self.of_service("ec2.amazonaws.com", "DescribeInstances", Json::Null, time),
            // A service of the list with a name that is not on it, and a key's service in a request.
            1 => {
                let request = map!["value" => "kms.amazonaws.com"];
                self.of_service("cloudtrail.amazonaws.com", "LookupEvents", request, time)
            }
            _ => self.next_wanted(),
        }
    }

    /// An event for one of the two tables.
    pub(crate) fn next_wanted(&mut self) -> Value {
        if self.rng.below(6) > 0 {
            return self.of_kms();
        }
        // There are few, and both months have some: their days go to and fro.
        self.trail_events += 1;
        let day = self.trail_events * 7 % DAYS;
        let time = start() + day * time::DAY_SECS + self.rng.between(0, time::DAY_SECS);
        if self.rng.below(2) == 0 {
            let request = map!["name" => "main"];
            self.of_service("cloudtrail.amazonaws.com", "StopLogging", request, time)
        } else {
            let request = map!["bucketName" => "bucket-0"];
            self.of_service("s3.amazonaws.com", "PutBucketEncryption", request, time)
        }
    }

    fn of_service(&mut self, source: &str, name: &str, request: Json, time: i64) -> Value {
        let mut event = Event::new(source, name, self.caller(), REGION, HOME, time);
        event.request = request;
        self.finish(event)
    }

    /// A KMS event.
    pub(crate) fn of_kms(&mut self) -> Value {
        self.shape = (self.shape + 1) % SHAPES;
        let name = match self.shape {
            0 | 1 | 10 => "Decrypt",
            2 | 11 => "GenerateDataKey",
            3 => "ReEncrypt",
            4 => "CreateGrant",
            5 => "ListKeys",
            6 => "Sign",
            7 => "ReplicateKey",
            8 => "DescribeKey",
            _ => "Encrypt",
        };
        let account = if self.rng.below(5) == 0 { OTHER } else { HOME };
        let (who, time, key) = (self.caller(), self.time(), self.key(account));
        let event = Event::kms(name, who, &key, time);
        let mut event = match self.shape {
            3 => self.reencrypt(event, &key),
            4 => {
                let subset = map!["encryptionContextSubset" => self.context()];
                let event = event
                    .typed(&key.arn)
                    .with("operations", Json::texts(&["Decrypt"]));
                event.with("constraints", subset)
            }
            5 => event.without_resources(None),
            8 => event.typed("alias/orders").without_resources(None),
            _ => event
                .typed(&key.arn)
                .with("encryptionContext", self.context()),
        };
        match self.shape {
            4 => event.response = map!["grantId" => "0123456789abcdef"],
            6 => event = event.with("dryRun", true),
            7 => {
                let replica = key.arn.replace(REGION, "us-east-1");
                event.response = map!["replicaKeyMetadata" => map!["arn" => replica]];
            }
            9 => event = event.failed("ThrottlingException", ""),
            10 => event = event.failed("AccessDenied", "no key policy allows the action"),
            11 => {
                let addendum = map!["reason" => "UPDATED_DATA", "originalEventID" => "none"];
                event.rare.push(("addendum", addendum));
            }
            _ => {}
        }
        self.finish(event)
    }

    fn reencrypt(&mut self, mut event: Event, source: &Key) -> Event {
        let destination = self.key(HOME).arn;
        let resource = (HOME.to_owned(), destination.clone(), "AWS::KMS::Key");
        event.resources.push(resource);
        event
            .with("sourceKeyId", &source.arn)
            .with("destinationKeyId", destination)
            .with("sourceEncryptionContext", self.context())
            .with("destinationEncryptionContext", self.context())
    }

    fn finish(&mut self, mut event: Event) -> Value {
        let ip = format!("192.0.2.{}", self.rng.below(250));
        event.who = event.who.at(&ip, "aws-cli/2 \"caf\u{e9}\"\n");
        event.read_only = self.rng.below(2) == 0;
        HOME.clone_into(&mut event.recipient);
        let text = event.number(&mut self.rng).to_json().compact();
        serde_json::from_str(&text).expect("JSON")
    }

    fn time(&mut self) -> i64 {
        start() + self.rng.between(0, DAYS * time::DAY_SECS)
    }

    fn caller(&mut self) -> Identity {
        let role =
            |role, service| Identity::role(&Session::of(0, HOME, role, "session", 0)).via(service);
        match self.rng.below(8) {
            0 | 1 => Identity::user(0, HOME, "Alice", None),
            2 | 3 => Identity::service("cloudtrail.amazonaws.com"),
            4 | 5 => Identity::account(OTHER, "AROAEXAMPLE"),
            6 => role("app-0", "s3.amazonaws.com"),
            _ => role("app-1", "dynamodb.amazonaws.com"),
        }
    }

    fn key(&mut self, account: &str) -> Key {
        let id = format!("0000000{}-0000-4000-a000-000000000000", self.rng.below(3));
        Key {
            name: String::new(),
            arn: format!("arn:aws:kms:{REGION}:{account}:key/{id}"),
            id,
            account: account.to_owned(),
            region: REGION.to_owned(),
            material: None,
        }
    }

    fn context(&mut self) -> Json {
        let (bucket, object) = (self.rng.below(2), self.rng.below(3));
        let arn = format!("arn:aws:s3:::bucket-{bucket}/object-{object}");
        match self.rng.below(5) {
            0 => map!["aws:s3:arn" => arn],
            1 => map!["aws:dynamodb:tableName" => format!("table-{object}")],
            // Two objects of one bucket are one use of the bucket.
            2 => {
                map!["aws:s3:arn" => arn, "aws:backup:source" => format!("arn:aws:s3:::bucket-{bucket}/copy")]
            }
            3 => map![
                "SecretARN" => format!("arn:aws:secretsmanager:{REGION}:{HOME}:secret:s-{object}"),
                "aws:cloudtrail:arn" => format!("arn:aws:cloudtrail:{REGION}:{HOME}:trail/main"),
            ],
            _ => map!["purpose" => "test"],
        }
    }
}

fn start() -> i64 {
    time::at([2026, 2, 23], [0, 0, 0])
}
