//! Small log objects for the criterion benches: records of the usual length, KMS among others.

use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};

/// Keys that the events use in turn.
const KEYS: usize = 50;
const CALLERS: usize = 20;

/// The ARN of a key that is used.
pub(crate) fn key() -> String {
    key_arn(7)
}

/// An object of so many records, of which so many in a hundred are KMS events; all differ.
pub(crate) fn object(number: usize, records: usize, kms_percent: usize) -> Vec<u8> {
    let mut text = b"{\"Records\":[".to_vec();
    for index in 0..records {
        if index > 0 {
            text.push(b',');
        }
        // 37 has no divisor in common with 100: the KMS events stand among the others.
        let is_kms = index * 37 % 100 < kms_percent;
        text.extend_from_slice(record(number * records + index, is_kms).as_bytes());
    }
    text.extend_from_slice(b"]}");
    text
}

/// The same as gzip.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// Writes objects below a folder.
pub(crate) fn write(folder: &Path, objects: usize, records: usize, kms_percent: usize) {
    for number in 0..objects {
        let name = format!(
            "111122223333_CloudTrail_us-east-1_20260301T{number:04}Z_abcdefghijklmnop.json.gz"
        );
        let bytes = gzip(&object(number, records, kms_percent));
        std::fs::write(folder.join(name), bytes).expect("a directory of our own");
    }
}

fn key_arn(key: usize) -> String {
    format!("arn:aws:kms:us-east-1:111122223333:key/0f4d2c1b-9a8e-4b7c-8d6f-{key:012}")
}

/// Digits that look like those of an id, and differ for every number.
fn digits(number: usize, kind: u64) -> u64 {
    let mut mixed = (number as u64)
        .wrapping_add(kind << 40)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn uuid(number: usize, kind: u64) -> String {
    let (high, low) = (digits(number, 2 * kind), digits(number, 2 * kind + 1));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn record(number: usize, is_kms: bool) -> String {
    let arn = key_arn(number % KEYS);
    let (source, name, request) = if is_kms {
        (
            "kms.amazonaws.com",
            "Decrypt",
            format!(
                r#"{{"encryptionContext":{{"aws:s3:arn":"arn:aws:s3:::example-prod-{}/part-{:010x}.parquet"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#,
                number % 24,
                digits(number, 20) >> 24
            ),
        )
    } else {
        (
            "s3.amazonaws.com",
            "GetObject",
            format!(
                r#"{{"bucketName":"example-prod-{}","Host":"s3.us-east-1.amazonaws.com","key":"part-{:010x}.parquet"}}"#,
                number % 24,
                digits(number, 20) >> 24
            ),
        )
    };
    let role = number * 7 % CALLERS;
    // A session makes some calls.
    let session = digits(number / 16 * CALLERS + role, 10);
    let (event_id, request_id) = (uuid(number, 0), uuid(number, 1));
    let (day, hour, minute, second) = (
        1 + number / 86_400 % 28,
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
    );
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE{role:03}:{session:016x}","arn":"arn:aws:sts::111122223333:assumed-role/example-{role}/{session:016x}","accountId":"111122223333","accessKeyId":"ASIA{session:016X}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE{role:03}","arn":"arn:aws:iam::111122223333:role/example-{role}","accountId":"111122223333","userName":"example-{role}"}},"attributes":{{"creationDate":"2026-03-01T00:00:00Z","mfaAuthenticated":"false"}}}},"invokedBy":"s3.amazonaws.com"}},"eventTime":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z","eventSource":"{source}","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"10.0.0.{}","userAgent":"aws-sdk-java/2.41.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.158 lang/java#21.0.9","requestParameters":{request},"responseElements":null,"requestID":"{request_id}","eventID":"{event_id}","readOnly":true,"resources":[{{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"{arn}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_256_GCM_SHA384","clientProvidedHostHeader":"kms.us-east-1.amazonaws.com"}}}}"#,
        number % 250
    )
}
