//! CloudTrail events made from a seed: every shape in turn, the rest by chance.

use serde_json::{Value, json};

/// Shapes of KMS events, one after the other.
const SHAPES: u64 = 12;
const HOME: &str = "111122223333";
const OTHER: &str = "444455556666";
const REGION: &str = "eu-west-1";

/// A generator of events, each with an id of its own.
#[derive(Debug)]
pub(crate) struct Events {
    seed: u64,
    state: u64,
    count: u64,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            state: seed ^ 0x6b65_7974_7261_696c,
            count: 0,
        }
    }

    /// A number below `limit` (SplitMix64).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// An event of any service; the tables want three of four.
    pub(crate) fn next(&mut self) -> Value {
        match self.below(8) {
            0 => self.of_no_concern(),
            1 => self.of_no_concern_but_close(),
            _ => self.next_wanted(),
        }
    }

    /// An event for one of the two tables.
    pub(crate) fn next_wanted(&mut self) -> Value {
        match self.below(6) {
            0 => self.of_trail(),
            _ => self.of_kms(),
        }
    }

    fn event(&mut self, source: &str, name: &str) -> Value {
        self.count += 1;
        let (seed, count) = (self.seed, self.count);
        // The last days of February and the first of March: two partitions.
        let day = self.below(12);
        let date = if day < 6 {
            format!("02-{}", 23 + day)
        } else {
            format!("03-0{}", day - 5)
        };
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        json!({
            "eventVersion": "1.11",
            "userIdentity": self.caller(),
            "eventTime": format!("2026-{date}T{hour:02}:{minute:02}:{second:02}Z"),
            "eventSource": source,
            "eventName": name,
            "awsRegion": REGION,
            "sourceIPAddress": format!("192.0.2.{}", self.below(250)),
            "userAgent": "aws-cli/2 \"caf\u{e9}\"\n",
            "requestParameters": null,
            "responseElements": null,
            "requestID": format!("{seed:08x}-0000-4000-9000-{count:012x}"),
            "eventID": format!("{seed:08x}-0000-4000-8000-{count:012x}"),
            "readOnly": self.below(2) == 0,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": HOME,
            "eventCategory": "Management",
        })
    }

    fn caller(&mut self) -> Value {
        match self.below(4) {
            0 => json!({
                "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": HOME,
                "arn": format!("arn:aws:iam::{HOME}:user/Alice"), "userName": "Alice",
            }),
            1 => json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}),
            2 => json!({"type": "AWSAccount", "principalId": "AROAEXAMPLE", "accountId": OTHER}),
            _ => {
                let role = self.below(2);
                json!({
                    "type": "AssumedRole", "principalId": format!("AROA{role}:session"),
                    "arn": format!("arn:aws:sts::{HOME}:assumed-role/app-{role}/session"),
                    "accountId": HOME, "accessKeyId": format!("ASIA{role}"),
                    "sessionContext": {"sessionIssuer": {
                        "type": "Role", "principalId": format!("AROA{role}"), "accountId": HOME,
                        "arn": format!("arn:aws:iam::{HOME}:role/app-{role}"), "userName": format!("app-{role}"),
                    }},
                    "invokedBy": if role == 0 { "s3.amazonaws.com" } else { "dynamodb.amazonaws.com" },
                })
            }
        }
    }

    fn key(&mut self, account: &str) -> String {
        format!(
            "arn:aws:kms:{REGION}:{account}:key/0000000{}-0000-4000-a000-000000000000",
            self.below(3)
        )
    }

    /// A KMS event.
    pub(crate) fn of_kms(&mut self) -> Value {
        let shape = self.count % SHAPES;
        let name = match shape {
            0 | 1 => "Decrypt",
            2 => "GenerateDataKey",
            3 => "ReEncrypt",
            4 => "CreateGrant",
            5 => "ListKeys",
            6 => "Sign",
            7 => "ReplicateKey",
            8 => "DescribeKey",
            _ => ["Encrypt", "Decrypt", "GenerateDataKey"][usize::try_from(shape % 3).unwrap_or(0)],
        };
        let mut event = self.event("kms.amazonaws.com", name);
        let account = if self.below(5) == 0 { OTHER } else { HOME };
        let key = self.key(account);
        event["requestParameters"] = json!({"keyId": key, "encryptionContext": self.context()});
        event["resources"] = key_list(&[&key]);
        match shape {
            3 => self.make_reencrypt(&mut event, &key),
            4 => {
                event["requestParameters"] = json!({
                    "keyId": key, "operations": ["Decrypt"],
                    "constraints": {"encryptionContextSubset": self.context()},
                });
                event["responseElements"] = json!({"grantId": "0123456789abcdef"});
            }
            5 => {
                event["requestParameters"] = Value::Null;
                event["resources"] = Value::Null;
            }
            6 => event["requestParameters"]["dryRun"] = true.into(),
            7 => {
                let replica = key.replace(REGION, "us-east-1");
                event["responseElements"] = json!({"replicaKeyMetadata": {"arn": replica}});
            }
            8 => {
                event["requestParameters"] = json!({"keyId": "alias/orders"});
                event["resources"] = Value::Null;
            }
            9 => event["errorCode"] = "ThrottlingException".into(),
            10 => {
                event["errorCode"] = "AccessDenied".into();
                event["errorMessage"] = "no key policy allows the action".into();
            }
            11 => {
                event["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "none"});
            }
            _ => {}
        }
        event
    }

    fn make_reencrypt(&mut self, event: &mut Value, source: &str) {
        let destination = self.key(HOME);
        event["requestParameters"] = json!({
            "sourceKeyId": source, "destinationKeyId": destination,
            "sourceEncryptionContext": self.context(),
            "destinationEncryptionContext": self.context(),
        });
        event["resources"] = key_list(&[source, &destination]);
    }

    fn context(&mut self) -> Value {
        let (bucket, object) = (self.below(2), self.below(3));
        let arn = format!("arn:aws:s3:::bucket-{bucket}/object-{object}");
        match self.below(5) {
            0 => json!({"aws:s3:arn": arn}),
            1 => json!({"aws:dynamodb:tableName": format!("table-{object}")}),
            // Two objects of one bucket are one use of the bucket.
            2 => {
                json!({"aws:s3:arn": arn, "aws:backup:source": format!("arn:aws:s3:::bucket-{bucket}/copy")})
            }
            3 => json!({
                "SecretARN": format!("arn:aws:secretsmanager:{REGION}:{HOME}:secret:s-{object}"),
                "aws:cloudtrail:arn": format!("arn:aws:cloudtrail:{REGION}:{HOME}:trail/main"),
            }),
            _ => json!({"purpose": "test"}),
        }
    }

    fn of_trail(&mut self) -> Value {
        if self.below(2) == 0 {
            let mut event = self.event("cloudtrail.amazonaws.com", "StopLogging");
            event["requestParameters"] = json!({"name": "main"});
            event
        } else {
            let mut event = self.event("s3.amazonaws.com", "PutBucketEncryption");
            event["requestParameters"] = json!({"bucketName": "bucket-0"});
            event
        }
    }

    fn of_no_concern(&mut self) -> Value {
        self.event("ec2.amazonaws.com", "DescribeInstances")
    }

    /// A service of the list with a name that is not on it, and a key's service in a request.
    fn of_no_concern_but_close(&mut self) -> Value {
        let mut event = self.event("cloudtrail.amazonaws.com", "LookupEvents");
        event["requestParameters"] = json!({"value": "kms.amazonaws.com"});
        event
    }
}

fn key_list(arns: &[&str]) -> Value {
    arns.iter()
        .map(|arn| json!({"ARN": arn, "accountId": HOME, "type": "AWS::KMS::Key"}))
        .collect()
}
