//! Planted: whole objects. Late, empty, in odd containers, damaged, and of the other kinds in the same tree.

use crate::corpus::event::Event;
use crate::corpus::identity::Identity;
use crate::corpus::json::{Json, map};
use crate::corpus::shelf::{Form, Object, not_events};
use crate::corpus::time;
use crate::sample::cast::{LAKE, LOG_BUCKET, SHOP, VIRGINIA};
use crate::sample::oddities::secret_read;
use crate::sample::stage::Stage;

/// Plants all of them.
pub(crate) fn plant(stage: &mut Stage) {
    late_file(stage);
    previous_day(stage);
    containers(stage);
    broken(stage);
    network_activity(stage);
    digest(stage);
    insight(stage);
    aggregate(stage);
}

/// Everyday KMS and other events of the ten minutes before `delivered`.
pub(crate) fn ordinary(stage: &mut Stage, delivered: i64, kms: usize, others: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for number in 0..kms + others {
        let time = delivered - stage.cast.rng.between(100, 600);
        events.push(
            if number % 2 == 0 && number / 2 < kms || number >= 2 * others {
                crate::sample::uses::draw(&mut stage.cast, SHOP, VIRGINIA, time)
            } else {
                crate::sample::others::draw(&mut stage.cast, SHOP, VIRGINIA, time)
            },
        );
    }
    events
}

/// An object of the shop's that is planted as a whole.
pub(crate) fn file(
    stage: &mut Stage,
    date: [i64; 3],
    clock: [i64; 3],
    suffix: &str,
    form: Form,
    events: Vec<Event>,
) {
    let mut object = Object::log(SHOP, VIRGINIA, time::at(date, clock), suffix.to_owned());
    object.form = form;
    object.events = events;
    stage.objects.push(object);
}

/// Delivery is tried for 30 days: this file came after 28.
fn late_file(stage: &mut Stage) {
    let key = stage.cast.key("archive");
    let start = time::at([2026, 2, 5], [14, 10, 0]);
    let mut events = Vec::new();
    for number in 0..4 {
        let time = start + number * 37;
        let who = stage
            .cast
            .role(SHOP, "archiver", "yearly", time)
            .via("s3.amazonaws.com");
        let event =
            Event::kms("Decrypt", who, &key, time).with("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        let mut event = event.in_context(&[("aws:s3:arn", "arn:aws:s3:::example-yearly-archive")]);
        event
            .rare
            .push(("addendum", map!["reason" => "DELIVERY_DELAY"]));
        events.push(
            event
                .number(&mut stage.cast.rng)
                .plant("a file 28 days late: the only uses of its key"),
        );
    }
    file(
        stage,
        [2026, 3, 5],
        [14, 15, 0],
        "LateBy28Days0001",
        Form::Gzip,
        events,
    );
}

fn previous_day(stage: &mut Stage) {
    let delivered = time::at([2026, 3, 8], [0, 2, 0]);
    let mut events = Vec::new();
    for secs in [190, 310, 420] {
        events.push(
            secret_read(stage, delivered - secs)
                .plant("an event of the previous day in a later day's file"),
        );
    }
    file(
        stage,
        [2026, 3, 8],
        [0, 2, 0],
        "PreviousDayEvent",
        Form::Gzip,
        events,
    );
}

fn containers(stage: &mut Stage) {
    file(
        stage,
        [2026, 3, 2],
        [6, 30, 0],
        "EmptyRecordsFile",
        Form::Gzip,
        Vec::new(),
    );
    let events = ordinary(stage, time::at([2026, 3, 3], [6, 30, 0]), 4, 4);
    file(
        stage,
        [2026, 3, 3],
        [6, 30, 0],
        "PlainJsonNotGzip",
        Form::Plain,
        events,
    );
    let events = ordinary(stage, time::at([2026, 3, 4], [6, 30, 0]), 5, 5);
    file(
        stage,
        [2026, 3, 4],
        [6, 30, 0],
        "TwoGzipMembers01",
        Form::TwoMembers,
        events,
    );
}

/// The text stops inside the fourteenth record, which begins like a KMS event.
fn broken(stage: &mut Stage) {
    let delivered = time::at([2026, 3, 6], [14, 5, 0]);
    let events = ordinary(stage, delivered, 6, 7);
    let lost = secret_read(stage, delivered - 200).to_json().compact();
    let end = lost
        .find("secret:shop")
        .expect("the context names a secret")
        + 9;
    file(
        stage,
        [2026, 3, 6],
        [14, 5, 0],
        "BrokenCutMidJson",
        Form::CutInside(lost[..end].to_owned()),
        events,
    );
}

fn network_activity(stage: &mut Stage) {
    let delivered = time::at([2026, 3, 7], [11, 0, 0]);
    let mut object = Object::log(SHOP, VIRGINIA, delivered, stage.cast.rng.object_suffix());
    object.kind = "CloudTrail-NetworkActivity";
    for (source, secs, denied) in [
        ("kms", 300, true),
        ("kms", 280, false),
        ("secretsmanager", 270, false),
    ] {
        let who = Identity::account(LAKE, "AIDAZ7EXAMPLE3STRANGER").at("10.20.0.31", "");
        let name = if source == "kms" {
            "Decrypt"
        } else {
            "GetSecretValue"
        };
        let time = delivered - secs;
        let mut event = if source == "kms" {
            Event::keyless(name, who, VIRGINIA, SHOP, time)
        } else {
            Event::new(
                "secretsmanager.amazonaws.com",
                name,
                who,
                VIRGINIA,
                SHOP,
                time,
            )
        };
        if denied {
            event = event.failed(
                "VpceAccessDenied",
                "The request was denied due to a VPC endpoint policy",
            );
        }
        event.version = "1.09";
        event.kind = "AwsVpceEvent";
        event.category = "NetworkActivity";
        event.vpc_endpoint = Some("vpce-0a1b2c3d4e5f60718".to_owned());
        event.shared_id = Some(stage.cast.rng.uuid());
        object.events.push(
            event
                .number(&mut stage.cast.rng)
                .plant("network activity of a VPC endpoint"),
        );
    }
    stage.objects.push(object);
}

/// The digest of an hour without a log.
fn digest(stage: &mut Stage) {
    let end = time::at([2026, 3, 6], [12, 0, 0]);
    let mut digest = map![
        "awsAccountId" => SHOP, "digestStartTime" => time::iso(end - 3600), "digestEndTime" => time::iso(end),
        "digestS3Bucket" => LOG_BUCKET,
    ];
    let object = not_events(
        "CloudTrail-Digest",
        "example-org-trail",
        (SHOP, VIRGINIA),
        end,
        &Json::Null,
    );
    digest.set("digestS3Object", object.path().into());
    digest.set("digestPublicKeyFingerprint", stage.cast.rng.hex(32).into());
    digest.set("digestSignatureAlgorithm", "SHA256withRSA".into());
    for name in [
        "newestEventTime",
        "oldestEventTime",
        "previousDigestS3Bucket",
        "previousDigestS3Object",
        "previousDigestHashValue",
        "previousDigestHashAlgorithm",
        "previousDigestSignature",
    ] {
        digest.set(name, Json::Null);
    }
    digest.set("logFiles", Json::List(Vec::new()));
    stage.objects.push(not_events(
        "CloudTrail-Digest",
        "example-org-trail",
        (SHOP, VIRGINIA),
        end,
        &digest,
    ));
}

/// An insight about KMS, which is no KMS event.
fn insight(stage: &mut Stage) {
    let minute = time::at([2026, 3, 4], [2, 30, 0]);
    let insight = map![
        "eventVersion" => "1.11", "eventTime" => time::iso(minute), "awsRegion" => VIRGINIA,
        "eventID" => stage.cast.rng.uuid(), "eventType" => "AwsCloudTrailInsight", "recipientAccountId" => LAKE,
        "sharedEventID" => stage.cast.rng.uuid(),
        "insightDetails" => map![
            "state" => "Start", "eventSource" => "kms.amazonaws.com", "eventName" => "GenerateDataKey",
            "insightType" => "ApiCallRateInsight",
            "insightContext" => map!["statistics" => map![
                "baseline" => map!["average" => Json::Number("0.0412698413")],
                "insight" => map!["average" => Json::Number("24.6")],
                "insightDuration" => 5_i64, "baselineDuration" => 10_079_i64,
            ]],
        ],
        "eventCategory" => "Insight",
    ];
    let suffix = stage.cast.rng.object_suffix();
    let body = map!["Records" => vec![insight]];
    stage.objects.push(not_events(
        "CloudTrail-Insight",
        &suffix,
        (LAKE, VIRGINIA),
        minute + 600,
        &body,
    ));
}

fn aggregate(stage: &mut Stage) {
    let minute = time::at([2026, 3, 4], [2, 30, 0]);
    let window = map!["windowStart" => time::iso(minute), "windowEnd" => time::iso(minute + 300), "windowSize" => "PT5M"];
    let aggregate = map![
        "eventVersion" => "1.0", "accountId" => LAKE, "eventId" => stage.cast.rng.uuid(),
        "eventCategory" => "Aggregated", "eventType" => "AwsAggregatedEvent", "awsRegion" => VIRGINIA,
        "eventSource" => "s3.amazonaws.com", "timeWindow" => window,
        "summary" => map![
            "primaryDimension" => map!["dimension" => "eventName", "statistics" => vec![map!["name" => "GetObject", "value" => 914_i64]]],
        ],
    ];
    let suffix = stage.cast.rng.object_suffix();
    let body = map!["Records" => vec![aggregate]];
    stage.objects.push(not_events(
        "CloudTrail-Aggregated",
        &suffix,
        (LAKE, VIRGINIA),
        minute + 600,
        &body,
    ));
}
