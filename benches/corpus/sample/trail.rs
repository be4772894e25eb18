//! Planted: events of other services that decide what may be concluded about keys (domain.md, section 10).

use crate::corpus::event::Event;
use crate::corpus::json::{Json, map};
use crate::sample::cast::{LAKE, SHOP, VIRGINIA};
use crate::sample::stage::Stage;

const SHOP_HERE: (&str, &str) = (SHOP, VIRGINIA);
const LAKE_HERE: (&str, &str) = (LAKE, VIRGINIA);

/// Plants all of them.
pub(crate) fn plant(stage: &mut Stage) {
    logging(stage);
    volumes(stage);
    volume_defaults(stage);
    buckets(stage);
    databases_and_secrets(stage);
}

/// `CreateVolume` with a key of the shop's.
pub(crate) fn create_volume(stage: &mut Stage, time: i64, volume: &str) -> Event {
    let key = stage.cast.key("ebs-volumes");
    let mut event =
        crate::sample::others::trail(&mut stage.cast, SHOP_HERE, "ec2", "CreateVolume", time);
    event.request = map![
        "size" => "100", "zone" => "us-east-1b", "volumeType" => "gp3", "encrypted" => true,
        "masterEncryptionKeyId" => &key.arn,
    ];
    event.response = map![
        "volumeId" => volume, "size" => "100", "zone" => "us-east-1b", "status" => "creating",
        "createTime" => time * 1000, "volumeType" => "gp3", "encrypted" => true, "masterEncryptionKeyId" => &key.arn,
    ];
    event
}

fn add(
    stage: &mut Stage,
    place: (&str, &str),
    service: &str,
    name: &str,
    time: i64,
    request: Json,
    response: Json,
) {
    let mut event = crate::sample::others::trail(&mut stage.cast, place, service, name, time);
    event.request = request;
    event.response = response;
    stage.deliver(event.plant("an event of another service that trail_events keeps"));
}

/// A second trail of the lake's account is told to leave KMS out, stopped, and started again.
fn logging(stage: &mut Stage) {
    let trail = format!("arn:aws:cloudtrail:{VIRGINIA}:{LAKE}:trail/team-trail");
    for (day, secs, excluded) in [(5, 400, vec!["kms.amazonaws.com"]), (9, 410, vec![])] {
        let selector = map![
            "readWriteType" => "All", "includeManagementEvents" => true, "dataResources" => Json::List(Vec::new()),
            "excludeManagementEventSources" => Json::texts(&excluded),
        ];
        let request = map!["trailName" => &trail, "eventSelectors" => vec![selector.clone()]];
        let response = map!["trailARN" => &trail, "eventSelectors" => vec![selector]];
        let time = stage.before(day, 1, secs);
        add(
            stage,
            LAKE_HERE,
            "cloudtrail",
            "PutEventSelectors",
            time,
            request,
            response,
        );
    }
    for (name, secs) in [("StopLogging", 390), ("StartLogging", 300)] {
        let time = stage.before(6, 1, secs);
        add(
            stage,
            LAKE_HERE,
            "cloudtrail",
            name,
            time,
            map!["name" => &trail],
            Json::Null,
        );
    }
}

fn volumes(stage: &mut Stage) {
    for number in 0..4 {
        let volume = stage.cast.volume(number);
        let day = i64::try_from(number).expect("a small number") + 1;
        let event = create_volume(stage, stage.before(day, 1, 430), &volume);
        stage.deliver(event.plant("an event of another service that trail_events keeps"));
    }
    let volume = stage.cast.volume(4);
    add(
        stage,
        SHOP_HERE,
        "ec2",
        "DeleteVolume",
        stage.before(9, 1, 400),
        map!["volumeId" => &volume],
        map!["_return" => true],
    );
    let snapshot = map!["volumeId" => stage.cast.volume(1), "description" => "before the release"];
    let made =
        map!["snapshotId" => "snap-0c4d5e6f708192a3b", "encrypted" => true, "status" => "pending"];
    add(
        stage,
        SHOP_HERE,
        "ec2",
        "CreateSnapshot",
        stage.before(6, 1, 440),
        snapshot,
        made,
    );
}

fn volume_defaults(stage: &mut Stage) {
    let key = stage.cast.key("ebs-volumes");
    let request = map!["ModifyEbsDefaultKmsKeyIdRequest" => map!["KmsKeyId" => &key.arn]];
    add(
        stage,
        SHOP_HERE,
        "ec2",
        "ModifyEbsDefaultKmsKeyId",
        stage.before(2, 1, 440),
        request.clone(),
        request,
    );
    let request = map!["EnableEbsEncryptionByDefaultRequest" => map![]];
    add(
        stage,
        SHOP_HERE,
        "ec2",
        "EnableEbsEncryptionByDefault",
        stage.before(2, 1, 445),
        request,
        Json::Null,
    );
}

fn buckets(stage: &mut Stage) {
    for (place, bucket, key, day) in [
        (SHOP_HERE, "example-customer-files", "customer-bucket", 1),
        (LAKE_HERE, "example-data-lake", "data-lake", 2),
    ] {
        let key = stage.cast.key(key);
        let rule = map![
            "ApplyServerSideEncryptionByDefault" => map!["SSEAlgorithm" => "aws:kms", "KMSMasterKeyID" => &key.arn],
            "BucketKeyEnabled" => true,
        ];
        let request = map![
            "bucketName" => bucket, "encryption" => "", "Host" => "s3.amazonaws.com",
            "ServerSideEncryptionConfiguration" => map!["Rule" => rule, "xmlns" => "http://s3.amazonaws.com/doc/2006-03-01/"],
        ];
        add(
            stage,
            place,
            "s3",
            "PutBucketEncryption",
            stage.before(day, 1, 420),
            request,
            Json::Null,
        );
    }
    let request =
        map!["bucketName" => "example-yearly-archive", "CreateBucketConfiguration" => map![]];
    add(
        stage,
        SHOP_HERE,
        "s3",
        "CreateBucket",
        stage.before(1, 1, 425),
        request,
        Json::Null,
    );
    let statement = map!["Effect" => "Deny", "Principal" => "*", "Action" => "s3:PutObject",
        "Condition" => map!["StringNotEquals" => map!["s3:x-amz-server-side-encryption" => "aws:kms"]]];
    let policy = map!["Version" => "2012-10-17", "Statement" => vec![statement]];
    let request =
        map!["bucketName" => "example-customer-files", "policy" => "", "bucketPolicy" => policy];
    add(
        stage,
        SHOP_HERE,
        "s3",
        "PutBucketPolicy",
        stage.before(3, 1, 425),
        request,
        Json::Null,
    );
}

fn databases_and_secrets(stage: &mut Stage) {
    let key = stage.cast.key("orders-db");
    let request = map!["dBInstanceIdentifier" => "orders", "engine" => "postgres", "storageEncrypted" => true, "kmsKeyId" => &key.arn];
    let response = map!["dBInstanceIdentifier" => "orders", "dbiResourceId" => "db-6QK2N4ZPEXAMPLE7ORDERS", "kmsKeyId" => &key.arn];
    add(
        stage,
        SHOP_HERE,
        "rds",
        "CreateDBInstance",
        stage.before(1, 2, 420),
        request,
        response,
    );
    let request =
        map!["dBInstanceIdentifier" => "orders", "dBSnapshotIdentifier" => "orders-before-release"];
    add(
        stage,
        SHOP_HERE,
        "rds",
        "CreateDBSnapshot",
        stage.before(6, 1, 445),
        request,
        map!["encrypted" => true],
    );
    let key = stage.cast.key("carts-table");
    let request = map!["tableName" => "shop-carts", "billingMode" => "PAY_PER_REQUEST",
        "sSESpecification" => map!["enabled" => true, "sSEType" => "KMS", "kMSMasterKeyId" => &key.arn]];
    add(
        stage,
        SHOP_HERE,
        "dynamodb",
        "CreateTable",
        stage.before(1, 2, 425),
        request,
        map!["tableDescription" => map!["tableStatus" => "CREATING"]],
    );
    let key = stage.cast.key("secrets");
    let request = map!["name" => "shop/stripe-api-key", "clientRequestToken" => "A8E1D204-90BC-4C1F-8D53-2E6F7A3B5C19", "kmsKeyId" => &key.arn];
    let arn = format!("arn:aws:secretsmanager:{VIRGINIA}:{SHOP}:secret:shop/stripe-api-key-7LmW2c");
    add(
        stage,
        SHOP_HERE,
        "secretsmanager",
        "CreateSecret",
        stage.before(1, 2, 430),
        request,
        map!["arn" => arn],
    );
    let key = stage.cast.key("parameters");
    let request = map!["name" => "/shop/smtp-password", "type" => "SecureString", "keyId" => &key.arn, "overwrite" => true];
    add(
        stage,
        SHOP_HERE,
        "ssm",
        "PutParameter",
        stage.before(1, 2, 435),
        request,
        map!["version" => 1_i64, "tier" => "Standard"],
    );
}
