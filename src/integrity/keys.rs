//! The public keys of CloudTrail, and what they say of a signature.
//!
//! Enters: what `aws cloudtrail list-public-keys` prints, or access to AWS. Leaves: keys by fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::error::IntegrityError;
use crate::aws::{Access, Api, CLOUDTRAIL, in_short};

/// Where public keys are from.
#[derive(Debug)]
pub enum KeySource {
    /// They were given.
    Given(PublicKeys),
    /// CloudTrail is asked, if a signature is to be checked.
    Aws(Access),
}

/// Keys by fingerprint, each as DER of PKCS#1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, Vec<u8>>);

/// What a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    Good,
    Bad,
    UnknownKey,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    public_key_list: Vec<PrintedKey>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedKey {
    value: String,
    fingerprint: String,
}

impl PrintedKey {
    /// Its bytes; line ends and other white space do not count.
    fn bytes(&self) -> Result<Vec<u8>, String> {
        let letters = self.value.split_ascii_whitespace().collect::<String>();
        let bytes = BASE64_STANDARD.decode(letters);
        bytes.map_err(|error| format!("key {} is not base64: {error}", self.fingerprint))
    }
}

impl PublicKeys {
    /// Adds the keys of a file, which may hold what was printed for several regions one after the other;
    /// `shown` is what faults call it.
    ///
    /// # Errors
    /// [`IntegrityError::KeyFile`] if it is anything else.
    pub fn add_file(&mut self, shown: &str, bytes: &[u8]) -> Result<(), IntegrityError> {
        let fault = |problem: String| IntegrityError::KeyFile {
            path: shown.to_owned(),
            problem,
        };
        let lists = serde_json::Deserializer::from_slice(bytes).into_iter::<Printed>();
        let mut count = 0;
        for list in lists {
            let list = list.map_err(|error| fault(error.to_string()))?;
            for key in list.public_key_list {
                let bytes = key.bytes().map_err(fault)?;
                self.0.insert(key.fingerprint, bytes);
                count += 1;
            }
        }
        if count == 0 {
            return Err(fault("the list is empty".to_owned()));
        }
        Ok(())
    }

    /// Adds other keys.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn judge(&self, fingerprint: &str, text: &str, signature: &str) -> Judged {
        let Some(key) = self.0.get(fingerprint) else {
            return Judged::UnknownKey;
        };
        let Ok(signature) = hex::decode(signature) else {
            return Judged::Bad;
        };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        match key.verify(text.as_bytes(), &signature) {
            Ok(()) => Judged::Good,
            Err(_unspecified) => Judged::Bad,
        }
    }

    /// Asks CloudTrail for the keys of some regions; each region has its own.
    pub(super) async fn list(
        access: &Access,
        regions: &BTreeSet<String>,
        (from, until): (i64, i64),
    ) -> Result<Self, IntegrityError> {
        let config = access.load().await;
        let mut keys = Self::default();
        for region in regions {
            keys.list_region(&config, region, (from, until)).await?;
        }
        Ok(keys)
    }

    async fn list_region(
        &mut self,
        config: &SdkConfig,
        region: &str,
        (from, until): (i64, i64),
    ) -> Result<(), IntegrityError> {
        const MICROS: i64 = 1_000_000;
        let fault = |message: String| IntegrityError::ListKeys {
            region: region.to_owned(),
            message,
        };
        let input = json!({
            "StartTime": from.div_euclid(MICROS),
            "EndTime": until.div_euclid(MICROS),
        });
        let api = Api::new(&CLOUDTRAIL, config, region);
        let listed = api.list("ListPublicKeys", input, "PublicKeyList").await;
        for key in listed.map_err(|error| fault(in_short(&error)))? {
            let key: PrintedKey =
                serde_json::from_value(key).map_err(|error| fault(error.to_string()))?;
            let bytes = key.bytes().map_err(fault)?;
            self.0.insert(key.fingerprint, bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Judged, PrintedKey, PublicKeys};

    #[test]
    fn a_value_is_base64_in_one_line_or_several() {
        let bytes = |value: &str| {
            let key = PrintedKey {
                value: value.to_owned(),
                fingerprint: "1a".to_owned(),
            };
            key.bytes()
        };
        for (value, expected) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm9v\n", "foo"),
            ("Zm9v\r\nYmE=", "fooba"),
        ] {
            assert_eq!(bytes(value), Ok(expected.as_bytes().to_vec()));
        }
        for value in ["Zm9v!", "Zm9vYmE", "Zm9v-_=="] {
            let fault = bytes(value).expect_err(value);
            assert!(fault.starts_with("key 1a is not base64: "), "{fault}");
        }
    }

    #[test]
    fn a_signature_that_is_not_hex_is_bad() {
        let mut keys = PublicKeys::default();
        keys.0.insert("1a".to_owned(), b"foo".to_vec());
        for signature in ["", "0", "0g", "é0", "00fF"] {
            assert_eq!(keys.judge("1a", "text", signature), Judged::Bad);
        }
        assert_eq!(keys.judge("2b", "text", "00"), Judged::UnknownKey);
    }

    #[test]
    fn files_of_several_regions_may_stand_one_after_the_other() {
        let list = |fingerprint: &str| {
            format!(
                r#"{{"PublicKeyList":[{{"Value":"Zm9v","ValidityStartTime":1436315100.0,"Fingerprint":"{fingerprint}"}}]}}"#
            )
        };
        let mut keys = PublicKeys::default();
        let both = format!("{}\n{}\n", list("a"), list("b"));
        keys.add_file("keys.json", both.as_bytes())
            .expect("two lists");
        assert_eq!(keys.0.len(), 2);
        for nothing in [
            "",
            "{}",
            r#"{"PublicKeyList":[]}"#,
            "-----BEGIN PUBLIC KEY-----",
        ] {
            let error = keys
                .add_file("keys.json", nothing.as_bytes())
                .expect_err("no list");
            assert!(
                error
                    .to_string()
                    .starts_with("`keys.json` has no public keys")
            );
        }
    }
}
