//! The public keys of CloudTrail, and what they say of a signature.
//!
//! Enters: what `aws cloudtrail list-public-keys` prints, or access to AWS. Leaves: keys by fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::{Region, SdkConfig};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use aws_sdk_cloudtrail::primitives::DateTime;
use serde::Deserialize;

use super::error::IntegrityError;
use crate::aws::{Access, client_config, in_short};

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
                let value = base64(&key.value)
                    .ok_or_else(|| fault(format!("key {} is no base64", key.fingerprint)))?;
                self.0.insert(key.fingerprint, value);
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
        let Some(signature) = unhex(signature) else {
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
        let config = client_config!(aws_sdk_cloudtrail, config)
            .region(Region::new(region.to_owned()))
            .build();
        let client = aws_sdk_cloudtrail::Client::from_conf(config);
        let mut next = None;
        loop {
            let answer = client
                .list_public_keys()
                .start_time(DateTime::from_secs(from.div_euclid(MICROS)))
                .end_time(DateTime::from_secs(until.div_euclid(MICROS)))
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| IntegrityError::ListKeys {
                    region: region.to_owned(),
                    message: in_short(&error),
                })?;
            for key in answer.public_key_list.unwrap_or_default() {
                if let (Some(fingerprint), Some(value)) = (key.fingerprint, key.value) {
                    self.0.insert(fingerprint, value.into_inner());
                }
            }
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(());
            }
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// RFC 4648 with padding; white space is passed over.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut bits) = (0_u32, 0_u32);
    let letters = text.trim_end().trim_end_matches('=');
    for letter in letters
        .bytes()
        .filter(|letter| !letter.is_ascii_whitespace())
    {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{PublicKeys, base64, unhex};

    #[test]
    fn base64_is_read_as_it_is_written() {
        let texts = [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v\n", "foo"),
            ("Zm9vYmE=", "fooba"),
        ];
        for (text, bytes) in texts {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64("Zm9v!"), None);
        assert_eq!(unhex("00fF"), Some(vec![0, 255]));
        assert_eq!((unhex("0"), unhex("0g")), (None, None));
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
                    .starts_with("`keys.json` holds no public keys")
            );
        }
    }
}
