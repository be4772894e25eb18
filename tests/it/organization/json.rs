//! The texts: events, logs, digests, signatures, public keys.

use super::signing::Signer;
use super::{HOUR_SECS, Plan, shown};
use crate::corpus::rng::Rng;

/// Where an event happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    /// In seconds since 1970.
    pub(super) time: i64,
}

/// The members that every event has, and what is its own.
fn event(source: &str, name: &str, origin: Origin<'_>, is_read: bool, own: &str) -> String {
    let Origin {
        account,
        region,
        time,
    } = origin;
    let mut ids = Rng::of(0, &format!("{name} {account} {region} {time}"));
    let (request, id) = (ids.uuid(), ids.uuid());
    let time = shown(time);
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEROLEID0001:worker","arn":"arn:aws:sts::{account}:assumed-role/app/worker","accountId":"{account}","accessKeyId":"ASIAEXAMPLEKEY000001","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEROLEID0001","arn":"arn:aws:iam::{account}:role/app","accountId":"{account}","userName":"app"}},"attributes":{{"creationDate":"{time}","mfaAuthenticated":"false"}}}}}},"eventTime":"{time}","eventSource":"{source}","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"198.51.100.7","userAgent":"aws-sdk-rust/1.3",{own},"requestID":"{request}","eventID":"{id}","readOnly":{is_read},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management"}}"#
    )
}

/// A KMS read event.
pub(super) fn decrypt(origin: Origin<'_>) -> String {
    let Origin {
        account, region, ..
    } = origin;
    let key = format!("arn:aws:kms:{region}:{account}:key/11111111-2222-4333-8444-555555555555");
    let own = format!(
        r#""requestParameters":{{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"{key}","encryptionContext":{{"app":"worker"}}}},"responseElements":null,"resources":[{{"accountId":"{account}","type":"AWS::KMS::Key","ARN":"{key}"}}]"#
    );
    event("kms.amazonaws.com", "Decrypt", origin, true, &own)
}

/// An event of no concern.
pub(super) fn other(origin: Origin<'_>) -> String {
    let own = r#""requestParameters":null,"responseElements":null"#;
    event("sts.amazonaws.com", "GetCallerIdentity", origin, true, own)
}

/// An event of no concern that is no read.
pub(super) fn written(origin: Origin<'_>) -> String {
    let own = r#""requestParameters":{"queueUrl":"q"},"responseElements":null"#;
    event("sqs.amazonaws.com", "PurgeQueue", origin, false, own)
}

/// Selectors that leave nothing out of management events.
pub(super) const ALL: &str = r#""eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":[]}]"#;

/// What somebody did to the trail: the event's name, and what was asked for beside the trail's name.
pub(super) fn about_trail(plan: &Plan, name: &str, more: &str, time: i64) -> String {
    let origin = Origin {
        account: plan.accounts[0],
        region: plan.home_region,
        time,
    };
    let arn = plan.trail_arn();
    let comma = if more.is_empty() { "" } else { "," };
    let answered = if name == "UpdateTrail" {
        let trail = plan.trail;
        format!(r#"{{"name":"{trail}","trailARN":"{arn}"{comma}{more}}}"#)
    } else {
        "null".to_owned()
    };
    let member = if name == "PutEventSelectors" {
        "trailName"
    } else {
        "name"
    };
    let own = format!(
        r#""requestParameters":{{"{member}":"{arn}"{comma}{more}}},"responseElements":{answered}"#
    );
    event("cloudtrail.amazonaws.com", name, origin, false, &own)
}

/// A log.
pub(super) fn log(events: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, events.join(","))
}

/// A digest before this one.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub(super) key: String,
    pub(super) hash: String,
    pub(super) signature: String,
}

/// A log as its digest names it: key, hash, first and last event time.
pub(super) type Named = (String, String, (i64, i64));

/// A digest.
pub(super) fn digest(
    plan: &Plan,
    account: &str,
    key: &str,
    window: i64,
    signer: &Signer,
    before: Option<&Before>,
    logs: &[Named],
) -> String {
    let quoted = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("\"{text}\""));
    let bucket = plan.bucket;
    let start = shown(plan.window_start(window));
    let end = shown(plan.window_start(window) + HOUR_SECS);
    let newest = logs.iter().map(|(_, _, (_, until))| shown(*until)).max();
    let oldest = logs.iter().map(|(_, _, (from, _))| shown(*from)).min();
    let files: Vec<String> = logs.iter().map(|(key, hash, (from, until))| {
        let (oldest, newest) = (shown(*from), shown(*until));
        format!(r#"{{"s3Bucket":"{bucket}","s3Object":"{key}","hashValue":"{hash}","hashAlgorithm":"SHA-256","newestEventTime":"{newest}","oldestEventTime":"{oldest}"}}"#)
    }).collect();
    format!(
        r#"{{"awsAccountId":"{account}","digestStartTime":"{start}","digestEndTime":"{end}","digestS3Bucket":"{bucket}","digestS3Object":"{key}","digestPublicKeyFingerprint":"{}","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":{},"oldestEventTime":{},"previousDigestS3Bucket":{},"previousDigestS3Object":{},"previousDigestHashValue":{},"previousDigestHashAlgorithm":{},"previousDigestSignature":{},"logFiles":[{}]}}"#,
        signer.fingerprint,
        quoted(newest.as_deref()),
        quoted(oldest.as_deref()),
        quoted(before.map(|_| bucket)),
        quoted(before.map(|before| before.key.as_str())),
        quoted(before.map(|before| before.hash.as_str())),
        quoted(before.map(|_| "SHA-256")),
        quoted(before.map(|before| before.signature.as_str())),
        files.join(","),
    )
}

/// What is signed.
pub(super) fn signed(
    plan: &Plan,
    key: &str,
    window: i64,
    hash: &str,
    before: Option<&Before>,
) -> String {
    let end = shown(plan.window_start(window) + HOUR_SECS);
    let previous = before.map_or("null", |before| before.signature.as_str());
    format!("{end}\n{}/{key}\n{hash}\n{previous}", plan.bucket)
}

/// What lies beside a digest.
pub(super) fn sidecar(signature: &str) -> String {
    format!(r#"{{"signature":"{signature}","signature-algorithm":"SHA256withRSA"}}"#)
}

/// What `aws cloudtrail list-public-keys` prints.
pub(super) fn public_keys(signer: &Signer) -> String {
    let (value, fingerprint) = (signer.public_key(), &signer.fingerprint);
    format!(
        "{{\n    \"PublicKeyList\": [\n        {{\n            \"Value\": \"{value}\",\n            \"ValidityStartTime\": \"2026-01-01T00:00:00+00:00\",\n            \"ValidityEndTime\": \"2027-01-01T00:00:00+00:00\",\n            \"Fingerprint\": \"{fingerprint}\"\n        }}\n    ]\n}}\n"
    )
}
