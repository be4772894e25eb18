//! The everyday uses of KMS in the sample: applications, and AWS services on someone's behalf.
//!
//! Each function makes one event at a given time; which key, which caller, which resource is partly drawn.

use crate::corpus::event::Event;
use crate::corpus::identity::Identity;
use crate::sample::cast::{AUDIT, Cast, IRELAND, LAKE, LOG_BUCKET, SHOP, VIRGINIA};

/// How often, where, and what is made there.
type Row = (u64, &'static str, &'static str, fn(&mut Cast, i64) -> Event);

const ROWS: [Row; 22] = [
    (14, SHOP, VIRGINIA, application),
    (10, SHOP, VIRGINIA, bucket_object),
    (8, SHOP, VIRGINIA, bucket_key),
    (7, SHOP, VIRGINIA, secret),
    (5, SHOP, VIRGINIA, parameter),
    (5, SHOP, VIRGINIA, table),
    (4, SHOP, VIRGINIA, volume_attach),
    (3, SHOP, VIRGINIA, database),
    (4, SHOP, VIRGINIA, function),
    (3, SHOP, VIRGINIA, signature),
    (3, SHOP, VIRGINIA, mac),
    (4, SHOP, VIRGINIA, multi_region),
    (3, SHOP, VIRGINIA, shop_keyless),
    (4, SHOP, VIRGINIA, audit),
    (2, SHOP, VIRGINIA, log_delivery),
    (9, SHOP, IRELAND, eu_object),
    (4, SHOP, IRELAND, multi_region_replica),
    (10, LAKE, VIRGINIA, lake_object),
    (3, LAKE, VIRGINIA, lake_keyless),
    (6, LAKE, IRELAND, lake_eu_object),
    (6, AUDIT, VIRGINIA, log_reader),
    (2, AUDIT, VIRGINIA, audit_org_key),
];

/// One everyday KMS event of that account and region.
pub(crate) fn draw(cast: &mut Cast, account: &str, region: &str, time: i64) -> Event {
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| row.1 == account && row.2 == region)
        .collect();
    let total = rows.iter().map(|row| row.0).sum();
    let mut left = cast.rng.below(total);
    for row in rows {
        if left < row.0 {
            let event = row.3(cast, time);
            return event.number(&mut cast.rng);
        }
        left -= row.0;
    }
    unreachable!("the draw is below the sum of the weights")
}

fn application(cast: &mut Cast, time: i64) -> Event {
    let key = cast.key("app-data");
    let (role, session) = *cast.rng.pick(&[
        ("checkout-service", "checkout-7f9c"),
        ("checkout-service", "checkout-b21e"),
        ("payments-worker", "payments-01"),
    ]);
    let who = cast.role(SHOP, role, session, time);
    let tenant = *cast.rng.pick(&["acme", "globex", "initech", "umbrella"]);
    let context = [("Tenant", tenant), ("Purpose", "card-token")];
    let mut event = match cast.rng.below(4) {
        0 => Event::kms("Encrypt", who, &key, time).typed(&key.arn),
        1 => Event::kms("GenerateDataKey", who, &key, time)
            .typed(&key.id)
            .with("keySpec", "AES_256"),
        2 => Event::kms("Decrypt", who, &key, time).typed(&key.arn),
        _ => Event::kms("Decrypt", who, &key, time),
    };
    if event.name != "GenerateDataKey" {
        event = event.with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    }
    if role == "payments-worker" {
        event.vpc_endpoint = Some("vpce-0a1b2c3d4e5f60718".to_owned());
    }
    event.in_context(&context)
}

fn bucket_object(cast: &mut Cast, time: i64) -> Event {
    let object = format!(
        "arn:aws:s3:::example-customer-files/invoices/2026/{:05}.pdf",
        cast.rng.below(400)
    );
    by_s3(
        cast,
        "customer-bucket",
        ("web-frontend", "web-1"),
        &object,
        time,
    )
}

fn bucket_key(cast: &mut Cast, time: i64) -> Event {
    by_s3(
        cast,
        "customer-bucket",
        ("web-frontend", "web-2"),
        "arn:aws:s3:::example-customer-images",
        time,
    )
}

fn eu_object(cast: &mut Cast, time: i64) -> Event {
    let object = format!(
        "arn:aws:s3:::example-eu-archive/receipts/{:04}.json",
        cast.rng.below(200)
    );
    by_s3(cast, "eu-data", ("web-frontend", "web-eu-1"), &object, time)
}

fn lake_object(cast: &mut Cast, time: i64) -> Event {
    let object = format!(
        "arn:aws:s3:::example-data-lake/events/part-{:04}.parquet",
        cast.rng.below(300)
    );
    by_s3(cast, "data-lake", ("etl", "etl-step-4"), &object, time)
}

fn lake_eu_object(cast: &mut Cast, time: i64) -> Event {
    by_s3(
        cast,
        "data-lake-eu",
        ("etl", "etl-eu"),
        "arn:aws:s3:::example-data-lake-eu",
        time,
    )
}

fn log_reader(cast: &mut Cast, time: i64) -> Event {
    let who = cast
        .role(AUDIT, "log-analyst", "athena-query", time)
        .via("s3.amazonaws.com");
    let event = Event::kms("Decrypt", who, &cast.key("org-trail"), time);
    let bucket = format!("arn:aws:s3:::{LOG_BUCKET}");
    event
        .in_context(&[("aws:s3:arn", &bucket)])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
}

/// SSE-KMS: S3 makes the call, the principal is whoever reads or writes the object.
fn by_s3(
    cast: &mut Cast,
    key: &str,
    (role, session): (&str, &str),
    resource: &str,
    time: i64,
) -> Event {
    let key = cast.key(key);
    let service = if cast.rng.chance(150_000) {
        "AWS Internal"
    } else {
        "s3.amazonaws.com"
    };
    let who = cast.role(&key.account, role, session, time).via(service);
    let context = [("aws:s3:arn", resource)];
    if cast.rng.chance(600_000) {
        let event = Event::kms("Decrypt", who, &key, time).in_context(&context);
        event.with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
    } else {
        Event::kms("GenerateDataKey", who, &key, time)
            .typed(&key.arn)
            .with("keySpec", "AES_256")
            .in_context(&context)
    }
}

fn secret(cast: &mut Cast, time: i64) -> Event {
    let (name, version) = *cast.rng.pick(&[
        (
            "shop/orders-db-password-Qx81Za",
            "5C0F3B6E-1D7A-4E55-9A20-7B9D8C1E2F34",
        ),
        (
            "shop/stripe-api-key-7LmW2c",
            "A8E1D204-90BC-4C1F-8D53-2E6F7A3B5C19",
        ),
    ]);
    let arn = format!("arn:aws:secretsmanager:{VIRGINIA}:{SHOP}:secret:{name}");
    let who = cast
        .role(SHOP, "orders-service", "orders-3d", time)
        .via("secretsmanager.amazonaws.com");
    let event = Event::kms("Decrypt", who, &cast.key("secrets"), time);
    event
        .in_context(&[("SecretARN", &arn), ("SecretVersionId", version)])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
}

fn parameter(cast: &mut Cast, time: i64) -> Event {
    let name = *cast.rng.pick(&["shop/feature-flags", "shop/smtp-password"]);
    let arn = format!("arn:aws:ssm:{VIRGINIA}:{SHOP}:parameter/{name}");
    let who = Identity::user(cast.seed, SHOP, "deploy-bot", None).via("ssm.amazonaws.com");
    let event = Event::kms("Decrypt", who, &cast.key("parameters"), time);
    event
        .in_context(&[("PARAMETER_ARN", &arn)])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
}

fn table(cast: &mut Cast, time: i64) -> Event {
    let who = cast
        .role(SHOP, "checkout-service", "checkout-7f9c", time)
        .via("dynamodb.amazonaws.com");
    let event = Event::kms("Decrypt", who, &cast.key("carts-table"), time);
    event
        .in_context(&[
            ("aws:dynamodb:tableName", "shop-carts"),
            ("aws:dynamodb:subscriberId", SHOP),
        ])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
}

fn volume_attach(cast: &mut Cast, time: i64) -> Event {
    let number = cast.rng.index(5);
    let who = Identity::ec2_infrastructure(cast.seed, SHOP, &cast.instance(number), time);
    let volume = cast.volume(number);
    let key = cast.key("ebs-volumes");
    if cast.rng.chance(700_000) {
        let event = Event::kms("Decrypt", who, &key, time).in_context(&[("aws:ebs:id", &volume)]);
        event.with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
    } else {
        let event = Event::kms("GenerateDataKeyWithoutPlaintext", who, &key, time).typed(&key.arn);
        event
            .with("numberOfBytes", 64_i64)
            .in_context(&[("aws:ebs:id", &volume)])
    }
}

fn database(cast: &mut Cast, time: i64) -> Event {
    let role = "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS";
    let who = cast
        .role(SHOP, role, "SLRManagement", time)
        .via("rds.amazonaws.com");
    let key = cast.key("orders-db");
    let context = [("aws:rds:db-id", "db-6QK2N4ZPEXAMPLE7ORDERS")];
    if cast.rng.chance(800_000) {
        let event = Event::kms("Decrypt", who, &key, time).in_context(&context);
        event.with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
    } else {
        Event::kms("GenerateDataKey", who, &key, time)
            .typed(&key.arn)
            .with("numberOfBytes", 64_i64)
            .in_context(&context)
    }
}

fn function(cast: &mut Cast, time: i64) -> Event {
    let name = *cast.rng.pick(&["resize-image", "send-receipt"]);
    let arn = format!("arn:aws:lambda:{VIRGINIA}:{SHOP}:function:{name}");
    let who = cast
        .role(SHOP, &format!("lambda-{name}"), name, time)
        .via("lambda.amazonaws.com");
    let event = Event::kms("Decrypt", who, &cast.key("functions"), time);
    event
        .in_context(&[("aws:lambda:FunctionArn", &arn)])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
}

fn signature(cast: &mut Cast, time: i64) -> Event {
    let key = cast.key("release-signing");
    let who = cast.role(SHOP, "release-pipeline", "build-1187", time);
    let operation = *cast.rng.pick(&["Sign", "Verify", "GetPublicKey"]);
    let event = Event::kms(operation, who, &key, time).typed(&key.arn);
    if operation == "GetPublicKey" {
        return event;
    }
    event
        .with("messageType", "DIGEST")
        .with("signingAlgorithm", "RSASSA_PSS_SHA_256")
}

fn mac(cast: &mut Cast, time: i64) -> Event {
    let key = cast.key("webhook-mac");
    let who = cast.role(SHOP, "payments-worker", "payments-01", time);
    let operation = *cast.rng.pick(&["GenerateMac", "VerifyMac"]);
    Event::kms(operation, who, &key, time)
        .typed(&key.id)
        .with("macAlgorithm", "HMAC_SHA_256")
}

fn multi_region(cast: &mut Cast, time: i64) -> Event {
    session_token(cast, "multi-region", "orders-3d", time)
}

fn multi_region_replica(cast: &mut Cast, time: i64) -> Event {
    session_token(cast, "multi-region-replica", "orders-eu", time)
}

fn session_token(cast: &mut Cast, key: &str, session: &str, time: i64) -> Event {
    let key = cast.key(key);
    let who = cast.role(SHOP, "orders-service", session, time);
    let operation = *cast.rng.pick(&["Encrypt", "Decrypt"]);
    let event = Event::kms(operation, who, &key, time).typed(&key.id);
    event
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .in_context(&[("Purpose", "session-token")])
}

fn shop_keyless(cast: &mut Cast, time: i64) -> Event {
    keyless(cast, SHOP, time)
}

fn lake_keyless(cast: &mut Cast, time: i64) -> Event {
    keyless(cast, LAKE, time)
}

fn keyless(cast: &mut Cast, account: &str, time: i64) -> Event {
    let operation = *cast
        .rng
        .pick(&["GenerateRandom", "ListAliases", "ListKeys"]);
    let who = cast.role(account, "platform-admin", "console", time);
    let event = Event::keyless(operation, who, VIRGINIA, account, time);
    if operation == "GenerateRandom" {
        event.with("numberOfBytes", 32_i64)
    } else {
        event
    }
}

fn audit(cast: &mut Cast, time: i64) -> Event {
    let name = *cast
        .rng
        .pick(&["app-data", "secrets", "customer-bucket", "orders-db"]);
    audit_of(cast, name, time)
}

fn audit_org_key(cast: &mut Cast, time: i64) -> Event {
    audit_of(cast, "org-trail", time)
}

fn audit_of(cast: &mut Cast, name: &str, time: i64) -> Event {
    let key = cast.key(name);
    let who = cast.role(&key.account, "config-auditor", "nightly-scan", time);
    let operation = *cast.rng.pick(&[
        "DescribeKey",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListGrants",
    ]);
    Event::kms(operation, who, &key, time).typed(&key.id)
}

fn log_delivery(cast: &mut Cast, time: i64) -> Event {
    let key = cast.key("customer-bucket");
    let event = Event::kms(
        "GenerateDataKey",
        Identity::service("delivery.logs.amazonaws.com"),
        &key,
        time,
    );
    let mut event = event.typed(&key.arn).with("keySpec", "AES_256");
    event.shared_id = Some(cast.rng.uuid());
    event.in_context(&[("aws:s3:arn", "arn:aws:s3:::example-customer-images")])
}
