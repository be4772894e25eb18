//! Events of other services: the everyday noise of an account, and those that `trail_events` keeps.
//!
//! Nothing drawn here is on the list of section 10 of domain.md; what is on it is made by name, in the plants.

use crate::corpus::event::Event;
use crate::corpus::identity::Identity;
use crate::corpus::json::{Json, map};
use crate::sample::cast::{Cast, SHOP};

/// One everyday event of another service in that account and region.
pub(crate) fn draw(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let event = match cast.rng.below(20) {
        0..=6 => object_access(cast, account, region, time),
        7..=8 => bucket_question(cast, account, region, time),
        9..=12 => assume_role(cast, account, region, time),
        13..=15 => describe(cast, account, region, time),
        16..=17 => iam(cast, account, time),
        18 => cloudtrail(cast, account, region, time),
        _ => caller_identity(cast, account, region, time),
    };
    event.number(&mut cast.rng)
}

/// An event that decides what may be concluded, made by the platform's administrator.
pub(crate) fn trail(
    cast: &mut Cast,
    place: (&str, &str),
    service: &str,
    name: &str,
    time: i64,
) -> Event {
    let who = cast.role(place.0, "platform-admin", "console", time);
    let mut event = Event::new(
        &format!("{service}.amazonaws.com"),
        name,
        who,
        place.1,
        place.0,
        time,
    );
    event.read_only = false;
    event.table = crate::corpus::event::Table::Trail;
    event.number(&mut cast.rng)
}

fn object_access(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let (bucket, role) = match (account == SHOP, region) {
        (true, "us-east-1") => ("example-customer-files", "web-frontend"),
        (true, _) => ("example-eu-archive", "web-frontend"),
        (false, _) => ("example-data-lake", "etl"),
    };
    let name = *cast
        .rng
        .pick(&["GetObject", "GetObject", "PutObject", "HeadObject"]);
    let object = format!("part/{:04}.bin", cast.rng.below(500));
    let who = cast.role(account, role, "worker-1", time);
    let mut event = Event::new("s3.amazonaws.com", name, who, region, account, time);
    event.read_only = name != "PutObject";
    event.category = "Data";
    event.request = map![
        "bucketName" => bucket, "Host" => format!("{bucket}.s3.{region}.amazonaws.com"), "key" => &object,
    ];
    if name == "PutObject" {
        event.response = map!["x-amz-server-side-encryption" => "aws:kms"];
    }
    event.additional = map![
        "SignatureVersion" => "SigV4", "CipherSuite" => "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn" => 0_i64, "SSEApplied" => "SSE_KMS", "AuthenticationMethod" => "AuthHeader",
        "bytesTransferredOut" => cast.rng.between(100, 90_000),
    ];
    event.request_id = Some(cast.rng.text(crate::corpus::rng::BASE32, 16));
    event.resources = vec![
        (
            account.to_owned(),
            format!("arn:aws:s3:::{bucket}/{object}"),
            "AWS::S3::Object",
        ),
        (
            account.to_owned(),
            format!("arn:aws:s3:::{bucket}"),
            "AWS::S3::Bucket",
        ),
    ];
    event
}

fn bucket_question(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let name = *cast.rng.pick(&[
        "GetBucketEncryption",
        "GetBucketAcl",
        "GetBucketLocation",
        "ListBuckets",
    ]);
    let who = cast.role(account, "config-auditor", "nightly-scan", time);
    let event = Event::new("s3.amazonaws.com", name, who, region, account, time);
    if name == "ListBuckets" {
        event
    } else {
        event
            .with("bucketName", "example-data-lake")
            .with("encryption", "")
    }
}

fn assume_role(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let role = *cast
        .rng
        .pick(&["checkout-service", "etl", "orders-service"]);
    let service = *cast.rng.pick(&[
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
        "ec2.amazonaws.com",
    ]);
    let session = format!("{role}-{:02}", cast.rng.below(12));
    let arn = format!("arn:aws:iam::{account}:role/{role}");
    let mut event = Event::new(
        "sts.amazonaws.com",
        "AssumeRole",
        Identity::service(service),
        region,
        account,
        time,
    );
    event.request =
        map!["roleArn" => &arn, "roleSessionName" => &session, "durationSeconds" => 3600_i64];
    let access_key = cast.rng.iam_id("ASIA");
    event.response = map!["credentials" => map![
        "accessKeyId" => access_key, "expiration" => crate::corpus::time::locale(time + 3600),
    ]];
    event.resources = vec![(account.to_owned(), arn, "AWS::IAM::Role")];
    event.shared_id = Some(cast.rng.uuid());
    event
}

fn describe(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let name = *cast.rng.pick(&[
        "DescribeInstances",
        "DescribeVolumes",
        "DescribeSecurityGroups",
    ]);
    let who = cast.role(account, "config-auditor", "nightly-scan", time);
    let event = Event::new("ec2.amazonaws.com", name, who, region, account, time);
    event.with("maxResults", 1000_i64).with("filterSet", map![])
}

/// IAM is a global service: its events are recorded as us-east-1 wherever they are delivered.
fn iam(cast: &mut Cast, account: &str, time: i64) -> Event {
    let name = *cast
        .rng
        .pick(&["GetRole", "ListAttachedRolePolicies", "ListRoles"]);
    let who = cast.role(account, "platform-admin", "console", time);
    let event = Event::new("iam.amazonaws.com", name, who, "us-east-1", account, time);
    if name == "ListRoles" {
        event
    } else {
        event.with("roleName", "checkout-service")
    }
}

/// A question about KMS events: the text `kms.amazonaws.com` in another service's parameters.
fn cloudtrail(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let who = cast.role(account, "log-analyst", "athena-query", time);
    let event = Event::new(
        "cloudtrail.amazonaws.com",
        "LookupEvents",
        who,
        region,
        account,
        time,
    );
    let attribute = map!["attributeKey" => "EventSource", "attributeValue" => "kms.amazonaws.com"];
    event
        .with("lookupAttributes", Json::List(vec![attribute]))
        .with("maxResults", 50_i64)
}

fn caller_identity(cast: &Cast, account: &str, region: &str, time: i64) -> Event {
    let who = Identity::user(cast.seed, account, "deploy-bot", None);
    Event::new(
        "sts.amazonaws.com",
        "GetCallerIdentity",
        who,
        region,
        account,
        time,
    )
}
