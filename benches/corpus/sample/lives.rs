//! Planted: the lives of keys. Never used, idle, moved behind an alias, waiting for deletion, rotated.

use crate::corpus::event::{Event, Key};
use crate::corpus::identity::Identity;
use crate::corpus::json::{Json, map};
use crate::corpus::time;
use crate::sample::cast::{IRELAND, SHOP, VIRGINIA};
use crate::sample::stage::{DAYS, Stage};

/// Plants all of them.
pub(crate) fn plant(stage: &mut Stage) {
    never_used(stage);
    idle(stage);
    alias_moves(stage);
    alias_uses(stage);
    alias_failures(stage);
    scheduled_deletion(stage);
    cancelled_deletion(stage);
    service_events(stage);
    grants(stage);
}

fn admin(stage: &Stage, now: i64) -> Identity {
    stage.cast.role(SHOP, "platform-admin", "console", now)
}

/// A plain `Decrypt` by the shop's order service.
fn decrypt(stage: &Stage, key: &Key, time: i64) -> Event {
    let who = stage.cast.role(SHOP, "orders-service", "orders-3d", time);
    let event =
        Event::kms("Decrypt", who, key, time).with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    event.typed(&key.arn)
}

/// A management call on a key, typed by key id, answered with the key's ARN.
fn manage(stage: &Stage, operation: &str, key: &Key, time: i64) -> Event {
    let mut event = Event::kms(operation, admin(stage, time), key, time).typed(&key.id);
    event.response = map!["keyId" => &key.arn];
    event
}

fn never_used(stage: &mut Stage) {
    let key = stage.cast.key("never-used");
    let time = stage.before(1, 0, 400);
    let mut event = Event::kms("CreateKey", admin(stage, time), &key, time)
        .with("keyUsage", "ENCRYPT_DECRYPT")
        .with("keySpec", "SYMMETRIC_DEFAULT")
        .with("customerMasterKeySpec", "SYMMETRIC_DEFAULT")
        .with("origin", "AWS_KMS")
        .with("description", "for the loyalty programme")
        .with("bypassPolicyLockoutSafetyCheck", false)
        .with("multiRegion", false);
    event.response = map!["keyMetadata" => map![
        "aWSAccountId" => SHOP, "keyId" => &key.id, "arn" => &key.arn, "creationDate" => time::locale(time),
        "enabled" => true, "description" => "for the loyalty programme", "keyUsage" => "ENCRYPT_DECRYPT",
        "keyState" => "Enabled", "origin" => "AWS_KMS", "keyManager" => "CUSTOMER",
        "customerMasterKeySpec" => "SYMMETRIC_DEFAULT", "keySpec" => "SYMMETRIC_DEFAULT",
        "encryptionAlgorithms" => Json::texts(&["SYMMETRIC_DEFAULT"]), "multiRegion" => false,
    ]];
    stage.deliver(event.plant("a key that is created and never used"));
    for day in 1..=DAYS {
        for name in ["never-used", "only-described"] {
            let key = stage.cast.key(name);
            let time = stage.before(day, 0, 130);
            let who = stage
                .cast
                .role(SHOP, "config-auditor", "nightly-scan", time);
            let event = Event::kms("DescribeKey", who, &key, time).typed(&key.id);
            stage.deliver(
                event.plant("an audit tool describes an unused key every day, which is no use"),
            );
        }
    }
}

fn idle(stage: &mut Stage) {
    for (name, moments) in [
        (
            "idle-since-march-2",
            [(1, 1, 300), (1, 2, 250), (2, 0, 500), (2, 1, 310)],
        ),
        (
            "idle-since-march-4",
            [(2, 0, 330), (3, 1, 410), (4, 0, 200), (4, 1, 240)],
        ),
    ] {
        let key = stage.cast.key(name);
        for (day, round, secs) in moments {
            let event = decrypt(stage, &key, stage.before(day, round, secs));
            stage.deliver(event.plant("a key that was used in the first days only"));
        }
    }
}

fn alias_event(stage: &Stage, operation: &str, alias: &str, key: &Key, time: i64) -> Event {
    let mut event = Event::kms(operation, admin(stage, time), key, time).with("aliasName", alias);
    if operation != "DeleteAlias" {
        event = event.with("targetKeyId", &key.id);
    }
    let arn = format!("arn:aws:kms:{}:{}:{alias}", key.region, key.account);
    event
        .resources
        .push((key.account.clone(), arn, "AWS::KMS::Key"));
    // Real events list key and alias in either order.
    if operation != "CreateAlias" {
        event.resources.reverse();
    }
    event.plant("an alias is created, moved or deleted")
}

fn alias_moves(stage: &mut Stage) {
    let (first, second) = (stage.cast.key("orders-v1"), stage.cast.key("orders-v2"));
    let reports = stage.cast.key("idle-since-march-2");
    for (operation, alias, key, day, round, secs) in [
        ("CreateAlias", "alias/orders", &first, 1, 0, 380),
        ("CreateAlias", "alias/reports-old", &reports, 1, 0, 370),
        ("UpdateAlias", "alias/orders", &second, 6, 1, 300),
        ("DeleteAlias", "alias/reports-old", &reports, 8, 1, 350),
    ] {
        let event = alias_event(stage, operation, alias, key, stage.before(day, round, secs));
        stage.deliver(event);
    }
    let time = stage.before(6, 1, 200);
    let who = stage
        .cast
        .role(SHOP, "key-rotation-job", "rotate-orders", time);
    let mut event = Event::kms("ReEncrypt", who, &first, time)
        .with("sourceEncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .with("sourceEncryptionContext", map!["Table" => "orders"])
        .with("sourceKeyId", &first.arn)
        .with("destinationEncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .with("destinationEncryptionContext", map!["Table" => "orders"])
        .with("destinationKeyId", "alias/orders");
    event.typed = Some(first.arn.clone());
    event.destination = Some(second.arn.clone());
    event
        .resources
        .push((SHOP.to_owned(), second.arn.clone(), "AWS::KMS::Key"));
    event.additional = map![
        "sourceKeyMaterialId" => first.material.clone(), "destinationKeyMaterialId" => second.material.clone(),
    ];
    stage
        .deliver(event.plant("ReEncrypt: the first key is the source, the second the destination"));
}

fn alias_uses(stage: &mut Stage) {
    for day in 1..=DAYS {
        for (round, secs) in [(1, 150), (2, 180)] {
            // The alias moves in the second round of day 6, before that round's use.
            let moved = day > 6 || (day == 6 && round >= 1);
            let key = stage
                .cast
                .key(if moved { "orders-v2" } else { "orders-v1" });
            let time = stage.before(day, round, secs);
            let typed = if round == 1 {
                "alias/orders".to_owned()
            } else {
                format!("arn:aws:kms:{VIRGINIA}:{SHOP}:alias/orders")
            };
            let who = stage.cast.role(SHOP, "orders-service", "orders-3d", time);
            let event = Event::kms("GenerateDataKey", who, &key, time)
                .typed(&typed)
                .with("keySpec", "AES_256")
                .in_context(&[("Table", "orders")]);
            stage.deliver(event.plant("a use through an alias"));
        }
    }
    let key = stage.cast.key("orders-v1");
    let event = decrypt(stage, &key, stage.before(7, 1, 220));
    stage.deliver(
        event.plant("the key behind an alias is still needed for decryption after the alias moved"),
    );
}

fn alias_failures(stage: &mut Stage) {
    let time = stage.before(5, 1, 260);
    let who = stage.cast.role(SHOP, "report-viewer", "viewer-2", time);
    let message = format!(
        "User: arn:aws:sts::{SHOP}:assumed-role/report-viewer/viewer-2 is not authorized to perform: kms:Encrypt on this resource because no identity-based policy allows the kms:Encrypt action"
    );
    let event = Event::keyless("Encrypt", who.clone(), VIRGINIA, SHOP, time)
        .typed("alias/orders")
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .failed("AccessDenied", &message);
    stage.deliver(event.plant("a denied call typed by alias, without resources"));
    let message = format!("Alias arn:aws:kms:{VIRGINIA}:{SHOP}:alias/ordres is not found.");
    let event = Event::keyless("Encrypt", who, VIRGINIA, SHOP, time + 5)
        .typed("alias/ordres")
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .failed("NotFoundException", &message);
    stage.deliver(event.plant("a failed call with a mistyped alias"));
}

fn scheduled_deletion(stage: &mut Stage) {
    let key = stage.cast.key("pending-deletion");
    for (day, round, secs) in [(1, 1, 500), (2, 1, 480)] {
        let event = decrypt(stage, &key, stage.before(day, round, secs));
        stage.deliver(event);
    }
    let time = stage.before(3, 1, 280);
    let mut event =
        manage(stage, "ScheduleKeyDeletion", &key, time).with("pendingWindowInDays", 7_i64);
    event.response = map![
        "keyId" => &key.arn, "keyState" => "PendingDeletion",
        "deletionDate" => time::locale(time + 7 * time::DAY_SECS), "pendingWindowInDays" => 7_i64,
    ];
    stage.deliver(event.plant("a scheduled deletion, waiting 7 days"));
    for (day, code) in [(5, "KMSInvalidStateException"), (6, "DisabledException")] {
        let event = decrypt(stage, &key, stage.before(day, 1, 290));
        let event = event.failed(code, &format!("{} is pending deletion.", key.arn));
        let event = if code == "DisabledException" {
            event.without_resources(Some(&key))
        } else {
            event
        };
        stage.deliver(event.plant("a call on a key that is pending deletion"));
    }
}

fn cancelled_deletion(stage: &mut Stage) {
    let key = stage.cast.key("rescued");
    let event = decrypt(stage, &key, stage.before(1, 1, 510));
    stage.deliver(event);
    let time = stage.before(2, 1, 320);
    let mut event = manage(stage, "ScheduleKeyDeletion", &key, time);
    event.response = map![
        "keyId" => &key.arn, "keyState" => "PendingDeletion",
        "deletionDate" => time::locale(time + 30 * time::DAY_SECS), "pendingWindowInDays" => 30_i64,
    ];
    stage.deliver(event.plant("a scheduled deletion without a window: 30 days"));
    let event = manage(stage, "CancelKeyDeletion", &key, stage.before(4, 1, 330));
    stage.deliver(event.plant("a cancelled deletion leaves the key disabled"));
    // The key is named in the message only.
    let mut event = decrypt(stage, &key, stage.before(5, 1, 340)).without_resources(Some(&key));
    event.request = map!["encryptionAlgorithm" => "SYMMETRIC_DEFAULT"];
    event.typed = None;
    let event = event.failed("DisabledException", &format!("{} is disabled.", key.arn));
    stage.deliver(event.plant("a call on a disabled key, named in the error message only"));
    let event = manage(stage, "EnableKey", &key, stage.before(6, 1, 350));
    stage.deliver(event);
    for (day, secs) in [(8, 300), (9, 360)] {
        let event = decrypt(stage, &key, stage.before(day, 1, secs));
        stage.deliver(event);
    }
}

fn service_events(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    let time = stage.before(4, 2, 420);
    let mut event = Event::kms("RotateKey", Identity::internal(SHOP), &key, time);
    event.kind = "AwsServiceEvent";
    event.read_only = false;
    event.request_id = Some(String::new());
    event
        .rare
        .push(("serviceEventDetails", map!["keyId" => &key.id]));
    stage.deliver(event.plant("RotateKey, a service event without type and request id, is no use"));
    let key = stage.cast.key("orders-v2");
    let event = manage(stage, "EnableKeyRotation", &key, stage.before(3, 2, 300));
    stage.deliver(event);
    let key = stage.cast.key("eu-data");
    let time = stage.before(3, 2, 310);
    let who = Identity::user(stage.cast.seed, SHOP, "alice", Some(time - 900));
    let mut event = Event::kms("TagResource", who, &key, time).typed(&key.arn);
    event = event.with(
        "tags",
        Json::List(vec![map!["tagKey" => "Owner", "tagValue" => "web"]]),
    );
    event
        .rare
        .push(("sessionCredentialFromConsole", "true".into()));
    assert_eq!(key.region, IRELAND, "the tag goes to the other region");
    stage.deliver(event.plant("an IAM user in a console session with MFA"));
    let key = stage.cast.key("secrets");
    let time = stage.before(3, 2, 350);
    let policy = format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"arn:aws:iam::{SHOP}:root\"}}, \"Action\": \"kms:*\", \"Resource\": \"*\"}}]\n}}"
    );
    let event =
        Event::kms("PutKeyPolicy", Identity::root(SHOP, time - 600), &key, time).typed(&key.id);
    let event = event
        .with("policyName", "default")
        .with("policy", policy)
        .with("bypassPolicyLockoutSafetyCheck", false);
    stage.deliver(event.plant("the root user changes a key policy"));
}

fn grants(stage: &mut Stage) {
    let key = stage.cast.key("ebs-volumes");
    let time = stage.before(2, 2, 300);
    let volume = stage.cast.volume(0);
    let grant_id = crate::corpus::rng::Rng::of(stage.cast.seed, "a grant").hex(64);
    let who = stage
        .cast
        .role(SHOP, "autoscaling", "launch", time)
        .via("ec2.amazonaws.com");
    let mut event = Event::kms("CreateGrant", who, &key, time)
        .typed(&key.arn)
        .with(
            "granteePrincipal",
            format!(
                "arn:aws:sts::{SHOP}:assumed-role/aws:ec2-infrastructure/{}",
                stage.cast.instance(0)
            ),
        )
        .with("operations", Json::texts(&["Decrypt"]))
        .with(
            "constraints",
            map!["encryptionContextSubset" => map!["aws:ebs:id" => volume]],
        );
    event.response = map!["grantId" => &grant_id, "keyId" => &key.arn];
    stage.deliver(event.plant("a grant, with its encryption context in the constraints"));
    let time = stage.before(7, 2, 300);
    let mut event = Event::kms("RetireGrant", admin(stage, time), &key, time);
    event.additional = map!["grantId" => &grant_id];
    event.response = map!["keyId" => &key.arn];
    stage.deliver(
        event.plant("RetireGrant without parameters: the grant is in additionalEventData"),
    );
}
