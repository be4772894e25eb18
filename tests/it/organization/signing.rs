//! The keys of the trail, and signatures with them: RSA PKCS#1 v1.5 over SHA-256, as CloudTrail makes them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// A key pair.
pub(super) struct Signer {
    pair: RsaKeyPair,
    /// By what digests name it.
    pub(super) fingerprint: String,
}

/// The key that CloudTrail lists.
pub(super) static LISTED: LazyLock<Signer> = LazyLock::new(Signer::new);
/// One that it does not.
pub(super) static UNLISTED: LazyLock<Signer> = LazyLock::new(Signer::new);

impl Signer {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let mut fingerprint = hash(pair.public_key().as_ref());
        fingerprint.truncate(32);
        Self { pair, fingerprint }
    }

    /// The signature of a text, in hex.
    pub(super) fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        hex::encode(signature)
    }

    /// The public key as DER of PKCS#1, in base64.
    pub(super) fn public_key(&self) -> String {
        BASE64_STANDARD.encode(self.pair.public_key())
    }
}

/// SHA-256 in hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
