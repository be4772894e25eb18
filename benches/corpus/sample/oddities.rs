//! Planted: odd records. Duplicates, conflicts, corrections, missing and unreadable members, hostile text.

use crate::corpus::event::{Event, Fate};
use crate::corpus::json::{Json, map};
use crate::corpus::shelf::Form;
use crate::corpus::time;
use crate::sample::cast::{SHOP, VIRGINIA};
use crate::sample::files::{file, ordinary};
use crate::sample::stage::Stage;

/// Plants all of them.
pub(crate) fn plant(stage: &mut Stage) {
    duplicates(stage);
    id_conflict(stage);
    correction(stage);
    odd_records(stage);
    hostile_text(stage);
}

/// A secret is read by the shop's order service.
pub(crate) fn secret_read(stage: &mut Stage, time: i64) -> Event {
    let who = stage
        .cast
        .role(SHOP, "orders-service", "orders-3d", time)
        .via("secretsmanager.amazonaws.com");
    let arn = format!("arn:aws:secretsmanager:{VIRGINIA}:{SHOP}:secret:shop/stripe-api-key-7LmW2c");
    let event = Event::kms("Decrypt", who, &stage.cast.key("secrets"), time)
        .in_context(&[
            ("SecretARN", &arn),
            ("SecretVersionId", "A8E1D204-90BC-4C1F-8D53-2E6F7A3B5C19"),
        ])
        .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    event.number(&mut stage.cast.rng)
}

fn again(event: &Event, what: &'static str) -> Event {
    Event {
        fate: Fate::Duplicate,
        ..event.clone()
    }
    .plant(what)
}

fn duplicates(stage: &mut Stage) {
    let first = secret_read(stage, stage.before(4, 2, 200)).plant("the first copy of a duplicate");
    let second = secret_read(stage, stage.before(4, 2, 230)).plant("the first copy of a duplicate");
    let third = secret_read(stage, stage.before(7, 0, 240)).plant("the first copy of a duplicate");
    let volume = stage.cast.volume(3);
    let fourth = crate::sample::trail::create_volume(stage, stage.before(4, 2, 260), &volume);
    let fourth = fourth.plant("the first copy of a duplicate");
    let mut turned = again(
        &second,
        "a duplicate in another day's file, its members in another order",
    );
    turned.reversed = true;
    let mut events = vec![
        again(&first, "an exact duplicate in another day's file"),
        turned,
        again(
            &fourth,
            "a duplicate of an event of another service that decides what may be concluded",
        ),
    ];
    events.extend(ordinary(stage, time::at([2026, 3, 5], [0, 20, 0]), 1, 2));
    file(
        stage,
        [2026, 3, 5],
        [0, 20, 0],
        "DuplicateNextDay",
        Form::Gzip,
        events,
    );
    let same_file = again(&third, "an exact duplicate in the same file");
    for event in [first, second, third, fourth, same_file] {
        stage.deliver(event);
    }
}

fn id_conflict(stage: &mut Stage) {
    let first = secret_read(stage, stage.before(6, 2, 220))
        .plant("an id conflict: one event id, two contents, both are kept");
    let mut second = first.clone();
    second.who = stage
        .cast
        .role(SHOP, "report-viewer", "viewer-2", first.time)
        .at("192.0.2.66", "curl/8.17.0");
    second.request_id = Some(stage.cast.rng.uuid());
    stage.deliver(first);
    stage.deliver(second);
}

/// `UPDATED_DATA`: the later record stands for the earlier one.
fn correction(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    let time = stage.before(5, 2, 300);
    let who = stage
        .cast
        .role(SHOP, "payments-worker", "payments-01", time);
    let original =
        Event::kms("Decrypt", who, &key, time).with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    let mut original = original
        .number(&mut stage.cast.rng)
        .plant("an event that is corrected later");
    let mut corrected = original
        .clone()
        .in_context(&[("Tenant", "hooli"), ("Purpose", "card-token")]);
    corrected.id = Some(stage.cast.rng.uuid());
    corrected.rare.push(("addendum", map![
        "reason" => "UPDATED_DATA", "updatedFields" => "requestParameters",
        "originalRequestID" => original.request_id.clone(), "originalEventID" => original.id.clone(),
    ]));
    original.not_an_operation = Some("superseded by a correction");
    stage.deliver(original);
    stage.deliver(
        corrected.plant("an addendum of reason UPDATED_DATA, which corrects another event"),
    );
}

fn odd_records(stage: &mut Stage) {
    let mut event = secret_read(stage, stage.before(2, 1, 210));
    event.id = Some(String::new());
    stage.deliver(
        event.plant("an event without eventID, to be kept under an id made from its content"),
    );
    let mut event = secret_read(stage, stage.before(3, 2, 210));
    event.time_text = Some("31/02/2026 10h15".to_owned());
    event.fate = Fate::Rejected;
    stage.deliver(event.plant("an event without a readable eventTime, to be rejected"));
    let mut event = secret_read(stage, stage.before(6, 0, 210));
    event.time_text = Some(time::iso(event.time).replace('T', " ").replace('Z', ".250"));
    event.version = "1.08";
    stage.deliver(event.plant("a readable eventTime in another spelling"));
    let mut event = secret_read(stage, stage.before(8, 0, 210));
    event.version = "1.12";
    event.rare.push((
        "memberOfTheFuture",
        map!["nested" => Json::List(vec![Json::Number("1.50"), Json::Null])],
    ));
    stage.deliver(event.plant("an unknown version with an unknown member"));
    let mut event = secret_read(stage, stage.before(8, 0, 215));
    event.version = "1.9";
    stage.deliver(event.plant("version 1.9, which is older than 1.10"));
}

fn hostile_text(stage: &mut Stage) {
    let key = stage.cast.key("app-data");
    for (secs, agent, what) in [
        (
            240,
            "\u{1b}[31mpaint it red\u{1b}[0m\u{7}\r\nsecond line",
            "a userAgent with control characters",
        ),
        (
            235,
            "=cmd|' /C calc'!A0",
            "a userAgent that a spreadsheet would run",
        ),
    ] {
        let time = stage.before(7, 2, secs);
        let who = stage
            .cast
            .role(SHOP, "checkout-service", "checkout-b21e", time)
            .at("192.0.2.77", agent);
        let event = Event::kms("Encrypt", who, &key, time)
            .typed(&key.arn)
            .with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        stage.deliver(event.plant(what));
    }
    let time = stage.before(7, 2, 250);
    let who = stage.cast.role(SHOP, "web-frontend", "web-1", time);
    let mut event = Event::new(
        "s3.amazonaws.com",
        "PutObjectTagging",
        who,
        VIRGINIA,
        SHOP,
        time,
    );
    event.read_only = false;
    event.category = "Data";
    let text = "{\"eventSource\":\"kms.amazonaws.com\",\"eventName\":\"Decrypt\"}";
    let event = event
        .with("bucketName", "example-customer-files")
        .with("key", "kms.amazonaws.com/notes.txt")
        .with("eventSource", "kms.amazonaws.com")
        .with("tagging", text);
    stage.deliver(
        event.plant("an S3 event with kms.amazonaws.com in its parameters, which is no KMS event"),
    );
}
