//! The generator itself: what it says is there is there, and what it signs is signed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Fault, Kind, Plan, Span, Spot, seconds_of};
use crate::corpus::time::second_stamp;

fn text(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    let file = fs::File::open(path).expect("it is there");
    MultiGzDecoder::new(file)
        .read_to_end(&mut text)
        .expect("gzip");
    text
}

/// With the documentation's words, and the key as the command line prints it.
#[test]
fn digests_are_signed_as_documented() {
    let directory = tempfile::tempdir().expect("a directory");
    let trail = Plan::new(1, 1, 1).write(directory.path());
    let keys: Value =
        serde_json::from_slice(&fs::read(&trail.public_keys).expect("keys")).expect("JSON");
    let key = &keys["PublicKeyList"][0];
    let decoded = BASE64_STANDARD.decode(key["Value"].as_str().expect("a key"));
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, decoded.expect("base64"));
    let mut previous = Value::Null;
    let digests = trail
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Digest);
    for object in digests {
        let path = trail.path(object);
        let bytes = text(&path);
        let digest: Value = serde_json::from_slice(&bytes).expect("JSON");
        let end = digest["digestEndTime"].as_str().expect("a time");
        assert_eq!(seconds_of(end), object.delivered);
        assert!(object.key.contains(&second_stamp(object.delivered)));
        assert_eq!(digest["digestPublicKeyFingerprint"], key["Fingerprint"]);
        assert_eq!(digest["previousDigestSignature"], previous);
        let sidecar = format!("{}.sig.json", path.display());
        let sidecar: Value =
            serde_json::from_slice(&fs::read(sidecar).expect("a signature")).expect("JSON");
        let signature = sidecar["signature"].as_str().expect("a signature");
        let signed = format!(
            "{end}\n{}/{}\n{:x}\n{}",
            digest["digestS3Bucket"].as_str().expect("a bucket"),
            object.key,
            Sha256::digest(&bytes),
            previous.as_str().unwrap_or("null"),
        );
        public
            .verify(signed.as_bytes(), &hex::decode(signature).expect("hex"))
            .expect("a good signature");
        for log in digest["logFiles"].as_array().expect("a list") {
            let path = trail.root.join(log["s3Object"].as_str().expect("a key"));
            let hash = format!("{:x}", Sha256::digest(text(&path)));
            assert_eq!(log["hashValue"], hash.as_str());
        }
        previous = signature.into();
    }
    assert_ne!(previous, Value::Null);
}

/// The size that answers about coverage are asked for.
#[test]
fn a_month_of_an_organization_is_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Plan::new(4, 3, 30);
    let gone = Span {
        account: plan.accounts[1],
        region: plan.regions[2],
        from: 100,
        until: 124,
    };
    let one = Spot {
        account: plan.accounts[0],
        region: plan.regions[0],
        hour: 50,
    };
    let trail = plan
        .with([
            Fault::Gap(gone),
            Fault::DroppedLog(one),
            Fault::Late(Spot { hour: 60, ..one }, 30),
        ])
        .write(directory.path());
    let mut counts = BTreeMap::new();
    for object in &trail.objects {
        assert_eq!(
            trail.path(object).exists(),
            object.is_there,
            "{}",
            object.key
        );
        let count = counts.entry((object.kind, object.is_there, object.status));
        *count.or_insert(0) += 1;
    }
    let streams = 12;
    let digests = streams * 721 - 24;
    let expected = BTreeMap::from([
        ((Kind::Digest, true, Some("chain_start")), streams),
        ((Kind::Digest, true, Some("chain_broken")), 1),
        ((Kind::Digest, true, Some("valid")), digests - streams - 1),
        ((Kind::Digest, false, None), 24),
        // Two of those of the window after the gap, which no digest vouches for.
        ((Kind::Log, true, Some("not_in_digest")), 2),
        (
            (Kind::Log, true, Some("verified")),
            streams * 720 * 2 - 48 - 2 - 1,
        ),
        ((Kind::Log, false, Some("missing")), 1),
        ((Kind::Log, false, None), 48),
    ]);
    assert_eq!(counts, expected);
    let late = trail.log(Spot { hour: 60, ..one });
    assert_eq!((late.window, late.status), (90, Some("verified")));
    assert_eq!(trail.digest(Spot { hour: 90, ..one }).window, 90);
}
