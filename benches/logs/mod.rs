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
        let is_kms = index % 100 < kms_percent;
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

fn record(number: usize, is_kms: bool) -> String {
    let arn = key_arn(number % KEYS);
    let (source, name, request) = if is_kms {
        (
            "kms.amazonaws.com",
            "Decrypt",
            format!(
                r#"{{"encryptionContext":{{"aws:s3:arn":"arn:aws:s3:::example-prod-{}/part-{number:09}.parquet"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#,
                number % 24
            ),
        )
    } else {
        (
            "s3.amazonaws.com",
            "GetObject",
            format!(
                r#"{{"bucketName":"example-prod-{}","Host":"s3.us-east-1.amazonaws.com","key":"part-{number:09}.parquet"}}"#,
                number % 24
            ),
        )
    };
    let role = number * 7 % CALLERS;
    let (day, hour, minute, second) = (
        1 + number / 86_400 % 28,
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
    );
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE{role:03}:s-{number}","arn":"arn:aws:sts::111122223333:assumed-role/example-{role}/s-{number}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE{number:09}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE{role:03}","arn":"arn:aws:iam::111122223333:role/example-{role}","accountId":"111122223333","userName":"example-{role}"}},"attributes":{{"creationDate":"2026-03-01T00:00:00Z","mfaAuthenticated":"false"}}}},"invokedBy":"s3.amazonaws.com"}},"eventTime":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z","eventSource":"{source}","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"10.0.0.{}","userAgent":"aws-sdk-java/2.41.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.158 lang/java#21.0.9","requestParameters":{request},"responseElements":null,"requestID":"5f0c7a3e-1d2b-4c6a-9e8f-{number:012}","eventID":"8c1d6e2f-3a4b-4d5c-9f7e-{number:012}","readOnly":true,"resources":[{{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"{arn}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_256_GCM_SHA384","clientProvidedHostHeader":"kms.us-east-1.amazonaws.com"}}}}"#,
        number % 250
    )
}
