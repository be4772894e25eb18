//! Planted: callers. Throttled and throttling, from another account, denied, anonymous, and ourselves.

use crate::corpus::event::Event;
use crate::corpus::identity::{Identity, Session};
use crate::corpus::json::map;
use crate::sample::cast::{AUDIT, LAKE, SHOP, VIRGINIA};
use crate::sample::stage::Stage;

/// Plants all of them.
pub(crate) fn plant(stage: &mut Stage) {
    throttling(stage);
    cross_account_use(stage);
    cross_account_denied(stage);
    denied(stage);
    dry_runs(stage);
    invalid_requests(stage);
    people(stage);
    enclave(stage);
    ourselves(stage);
}

/// One job bursts, another is throttled for it in the same seconds.
fn throttling(stage: &mut Stage) {
    let key = stage.cast.key("data-lake");
    let start = stage.before(4, 0, 420);
    for second in 0..3 {
        let time = start + second;
        for number in 0..40 {
            let object =
                format!("arn:aws:s3:::example-data-lake/export/chunk-{second}-{number:02}");
            let who = stage
                .cast
                .role(LAKE, "nightly-export", "export-2026-03-04", time)
                .via("s3.amazonaws.com");
            let event = Event::kms("GenerateDataKey", who, &key, time)
                .typed(&key.arn)
                .with("keySpec", "AES_256");
            stage.deliver(
                event
                    .in_context(&[("aws:s3:arn", &object)])
                    .plant("a burst that uses up the quota of its seconds"),
            );
        }
        for number in 0..5 {
            let who = stage.cast.role(LAKE, "etl", "etl-step-4", time);
            let event = Event::kms("Decrypt", who, &key, time)
                .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
            stage.deliver(
                event
                    .in_context(&[("Purpose", "checkpoint")])
                    .typed(&key.arn),
            );
            let who = stage.cast.role(LAKE, "report-api", "report-9", time);
            let mut event = Event::kms("Decrypt", who, &key, time)
                .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
            // Some throttled calls name their key in the request, some nowhere.
            if number < 3 {
                event = event.typed(&key.arn).without_resources(Some(&key));
            } else {
                event = event.without_resources(None);
            }
            let event = event.failed("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.");
            stage.deliver(event.plant("a throttled call"));
        }
    }
}

/// A role of the lake uses a key of the shop: one operation, a record in each account.
fn cross_account_use(stage: &mut Stage) {
    let key = stage.cast.key("shared-with-lake");
    for (day, secs) in [(3, 260), (7, 270), (9, 280)] {
        let time = stage.before(day, 1, secs);
        let (request_id, shared_id) = (stage.cast.rng.uuid(), stage.cast.rng.uuid());
        let who = stage.cast.role(LAKE, "etl", "etl-import", time);
        let session = Session::of(stage.cast.seed, LAKE, "etl", "etl-import", time);
        let principal = format!("{}:{}", session.role_id, session.name);
        for (identity, recipient) in [(who, LAKE), (Identity::account(LAKE, &principal), SHOP)] {
            let mut event = Event::kms("Decrypt", identity, &key, time)
                .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
            event = event
                .typed(&key.arn)
                .in_context(&[("Purpose", "daily-import")]);
            recipient.clone_into(&mut event.recipient);
            event.request_id = Some(request_id.clone());
            event.shared_id = Some(shared_id.clone());
            if recipient == SHOP {
                event.not_an_operation = Some("the owner's record of a cross-account use");
            }
            stage.deliver(event.plant("a cross-account use: one operation, two records"));
        }
    }
}

fn cross_account_denied(stage: &mut Stage) {
    let key = stage.cast.key("secrets");
    for (day, secs) in [(5, 300), (8, 310)] {
        let time = stage.before(day, 1, secs);
        let who = stage.cast.role(LAKE, "etl", "etl-curious", time);
        let message = format!(
            "User: arn:aws:sts::{LAKE}:assumed-role/etl/etl-curious is not authorized to perform: kms:Decrypt on resource: {} because no resource-based policy allows the kms:Decrypt action",
            key.arn
        );
        let mut event =
            Event::kms("Decrypt", who, &key, time).with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        LAKE.clone_into(&mut event.recipient);
        let event = event
            .without_resources(Some(&key))
            .failed("AccessDenied", &message);
        stage.deliver(event.plant(
            "a cross-account call denied: only in the caller's account, key in the message only",
        ));
    }
}

fn denied(stage: &mut Stage) {
    let key = stage.cast.key("orders-db");
    let time = stage.before(6, 2, 300);
    let who = stage.cast.role(SHOP, "report-viewer", "viewer-2", time);
    let user = format!(
        "User: arn:aws:sts::{SHOP}:assumed-role/report-viewer/viewer-2 is not authorized to perform: kms:Decrypt"
    );
    let message = format!(
        "{user} on resource: {} with an explicit deny in a service control policy",
        key.arn
    );
    let event = Event::kms("Decrypt", who.clone(), &key, time).failed("AccessDenied", &message);
    stage.deliver(event.plant("denied by a service control policy"));
    let message = format!(
        "{user} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
    );
    let event = Event::keyless("Decrypt", who, VIRGINIA, SHOP, time + 2)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    stage.deliver(
        event
            .failed("AccessDeniedException", &message)
            .plant("denied, and no key named anywhere"),
    );
}

/// Lambda asks whether it would be allowed; neither a use nor a failure.
fn dry_runs(stage: &mut Stage) {
    let key = stage.cast.key("functions");
    let arn = format!("arn:aws:lambda:{VIRGINIA}:{SHOP}:function:resize-image");
    for (day, secs) in [(2, 280), (5, 285), (8, 290)] {
        let time = stage.before(day, 2, secs);
        let who = stage
            .cast
            .role(SHOP, "platform-admin", "console", time)
            .via("lambda.amazonaws.com");
        let event = Event::kms("Decrypt", who, &key, time)
            .in_context(&[("aws:lambda:FunctionArn", &arn)])
            .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
            .with("dryRun", true)
            .failed(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
            );
        stage.deliver(event.plant("a dry run of Lambda"));
    }
}

fn invalid_requests(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    let time = stage.before(4, 2, 250);
    let who = stage
        .cast
        .role(SHOP, "payments-worker", "payments-01", time);
    let event = Event::kms("Decrypt", who.clone(), &key, time)
        .typed(&key.arn)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .failed(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        );
    stage.deliver(event);
    let mut event = Event::keyless("Decrypt", who, VIRGINIA, SHOP, time + 1)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    // An error code without a message.
    event = event.failed("InvalidCiphertextException", "");
    stage.deliver(event.plant("an error code with an empty message"));
}

fn people(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    let time = stage.before(9, 2, 260);
    let user_id = "94482488-3041-7056-8f2b-5d6c0e1a9b37";
    let who = Identity::identity_center(
        SHOP,
        user_id,
        "d-9067example",
        "0c1f6c3e-7d3b-4f0a-9a55-2d9f4e6b8a10",
    );
    let event = Event::kms("Decrypt", who, &key, time)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        .typed(&key.arn);
    stage.deliver(event.plant("an Identity Center user, known by its user id only"));
    let role = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Developer_4f1c2b3a5d6e7f80";
    let who = stage.cast.role(SHOP, role, "bob@example.com", time);
    let on_behalf = map!["userId" => user_id, "identityStoreArn" => format!("arn:aws:identitystore::{SHOP}:identitystore/d-9067example")];
    let mut who = who.with_session_member("sourceIdentity", "bob@example.com");
    who.json.set("onBehalfOf", on_behalf);
    let event = Event::kms("Encrypt", who, &key, time + 30)
        .typed(&key.arn)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    stage.deliver(event.plant("a reserved SSO role with sourceIdentity and onBehalfOf"));
}

fn enclave(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    let time = stage.before(6, 0, 300);
    let who = stage.cast.role(SHOP, "payments-worker", "enclave-1", time);
    let mut event = Event::kms("Decrypt", who, &key, time)
        .typed(&key.arn)
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    let digest = crate::corpus::rng::Rng::of(stage.cast.seed, "enclave image").hex(96);
    event.additional.set("recipient", map![
        "attestationDocumentModuleId" => format!("{}-enc018f2b3c4d5e6f708", stage.cast.instance(1)),
        "attestationDocumentEnclaveImageDigest" => digest,
    ]);
    stage.deliver(event.plant("a call from a Nitro enclave"));
}

/// What keytrail itself causes when it reads encrypted logs.
fn ourselves(stage: &mut Stage) {
    let key = stage.cast.key("org-trail");
    for (day, secs) in [(8, 200), (9, 210)] {
        let time = stage.before(day, 1, secs);
        let agent =
            "keytrail/0.1.0 aws-sdk-rust/1.3.11 ua/2.1 api/s3#1.119.0 os/linux lang/rust#1.95.0";
        let who = stage
            .cast
            .role(AUDIT, "keytrail-reader", "keytrail", time)
            .at("10.9.8.7", agent);
        let mut event =
            Event::kms("Decrypt", who, &key, time).with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        event = event.in_context(&[("aws:s3:arn", "arn:aws:s3:::example-org-trail-logs")]);
        event.label = "self";
        stage.deliver(event.plant("keytrail's own call, to be labeled self"));
    }
}
