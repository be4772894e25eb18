//! Which key a user means by what was typed.
//!
//! Enters: the text, the scope to search in, and what the logs know of keys. Leaves: a set of key ARNs
//! (more than one for a multi-Region set), or an error with the candidates. A name that the logs only
//! ever show as typed, never with an ARN, resolves to itself, so that failed calls on it can be found.

mod directory;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use directory::KeyDirectory;
use directory::{AliasPeriod, KnownKey};

use super::{ReportError, Window};
use crate::catalog::nearest;
use crate::sql::Session;

/// Where to look for a key: all of the store, unless narrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyScope<'a> {
    /// Only keys of this account.
    pub account: Option<&'a str>,
    /// Only keys of this region.
    pub region: Option<&'a str>,
    /// An alias means what it pointed to in this window.
    pub window: Window,
}

/// The keys that were meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedKey {
    /// Their ARNs, sorted; empty where the logs show the name only as it was typed.
    pub arns: Vec<String>,
    /// The typed forms to look for where no ARN is known, sorted; else empty, because the views
    /// resolve what was typed to these ARNs.
    pub names: Vec<String>,
}

/// Finds the key that was typed among those that the session's logs show.
///
/// Accepted are a key id in any case (`key/<id>` too), the id of a multi-Region set, a key ARN, an
/// alias name with or without `alias/`, and an alias ARN.
///
/// # Errors
/// [`ReportError::UnknownKey`] and [`ReportError::AmbiguousKey`] with the candidates,
/// [`ReportError::InvalidKey`] for a text that cannot name a key, [`ReportError::Engine`] where the
/// logs cannot be searched.
pub async fn resolve_key(
    session: &Session,
    typed: &str,
    scope: &KeyScope<'_>,
) -> Result<ResolvedKey, ReportError> {
    KeyDirectory::load(session.context())
        .await?
        .resolve(typed, scope)
}

impl KeyDirectory {
    /// Finds the key that was typed.
    ///
    /// # Errors
    /// As [`resolve_key`].
    pub fn resolve(&self, typed: &str, scope: &KeyScope<'_>) -> Result<ResolvedKey, ReportError> {
        let form = KeyForm::parse(typed)?;
        let keys = self.candidates(&form, scope);
        let sets: BTreeSet<&str> = keys.values().map(|candidate| candidate.key_set).collect();
        if sets.len() > 1 {
            return Err(ReportError::AmbiguousKey {
                typed: typed.to_owned(),
                candidates: keys
                    .into_iter()
                    .map(|(arn, candidate)| format!("{arn}{}", candidate.told()))
                    .collect(),
            });
        }
        let mut resolved = ResolvedKey {
            arns: keys.into_keys().map(str::to_owned).collect(),
            names: Vec::new(),
        };
        if resolved.arns.is_empty() {
            resolved.names = self.typed_names(&form, scope);
        }
        if resolved.arns.is_empty() && resolved.names.is_empty() {
            return Err(ReportError::UnknownKey {
                typed: typed.to_owned(),
                scope: scope.told(),
                candidates: nearest(form.name(), self.known_names()),
            });
        }
        Ok(resolved)
    }

    /// The keys that the form can mean within the scope, by ARN.
    fn candidates(&self, form: &KeyForm, scope: &KeyScope<'_>) -> BTreeMap<&str, PossibleKey<'_>> {
        let mut found: BTreeMap<&str, PossibleKey<'_>> = BTreeMap::new();
        for key in &self.keys {
            let is_meant = match form {
                KeyForm::KeyArn(arn) => key.arn == *arn,
                KeyForm::KeyId(id) => key.id == *id,
                KeyForm::AliasArn { .. } | KeyForm::AliasName(_) => false,
            };
            if is_meant && scope.holds(&key.account, &key.region) {
                found.insert(&key.arn, PossibleKey::new(&key.key_set));
            }
        }
        for period in &self.aliases {
            let is_meant = match form {
                KeyForm::AliasArn { arn, .. } => period.arn == *arn,
                KeyForm::AliasName(name) => period.name == *name,
                KeyForm::KeyArn(_) | KeyForm::KeyId(_) => false,
            };
            if is_meant
                && scope.holds(&period.account, &period.region)
                && period.overlaps(&scope.window)
            {
                let set = self.key_set(&period.key_arn);
                found
                    .entry(&period.key_arn)
                    .or_insert_with(|| PossibleKey::new(set))
                    .periods
                    .push(period);
            }
        }
        found
    }

    /// The set of a key; a key that the roll-up does not hold is a set of its own.
    fn key_set<'a>(&'a self, arn: &'a str) -> &'a str {
        self.keys
            .iter()
            .find(|key| key.arn == arn)
            .map_or(arn, |key: &KnownKey| &key.key_set)
    }

    /// The names that the logs show only as typed, and that the form can mean.
    fn typed_names(&self, form: &KeyForm, scope: &KeyScope<'_>) -> Vec<String> {
        let names: BTreeSet<String> = self
            .typed
            .iter()
            .filter(|typed| {
                let is_meant = match form {
                    KeyForm::KeyArn(arn) | KeyForm::AliasArn { arn, .. } => typed.name == *arn,
                    KeyForm::KeyId(id) => {
                        typed.name.eq_ignore_ascii_case(id)
                            || typed.name.ends_with(&format!(":key/{id}"))
                    }
                    KeyForm::AliasName(name) => {
                        typed.name == *name || typed.name.ends_with(&format!(":{name}"))
                    }
                };
                is_meant && scope.holds(&typed.account, &typed.region)
            })
            .map(|typed| typed.name.clone())
            .collect();
        names.into_iter().collect()
    }

    /// All names that a candidate can have.
    fn known_names(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().map(|key| key.arn.as_str());
        keys.chain(self.aliases.iter().map(|period| period.arn.as_str()))
    }
}

/// A key that was perhaps meant, and the periods of the alias through which.
struct PossibleKey<'a> {
    key_set: &'a str,
    periods: Vec<&'a AliasPeriod>,
}

impl<'a> PossibleKey<'a> {
    fn new(key_set: &'a str) -> Self {
        Self {
            key_set,
            periods: Vec::new(),
        }
    }

    /// When which alias pointed to the key.
    fn told(&self) -> String {
        if self.periods.is_empty() {
            return String::new();
        }
        let periods: Vec<String> = self.periods.iter().map(|period| period.told()).collect();
        format!(" ({})", periods.join("; "))
    }
}

impl KeyScope<'_> {
    fn holds(&self, account: &str, region: &str) -> bool {
        self.account.is_none_or(|wanted| wanted == account)
            && self.region.is_none_or(|wanted| wanted == region)
    }

    fn told(&self) -> String {
        let parts: Vec<String> = [("account", self.account), ("region", self.region)]
            .into_iter()
            .filter_map(|(word, value)| {
                Some(format!("{word} {}", crate::catalog::printable(value?)))
            })
            .collect();
        if parts.is_empty() {
            String::new()
        } else {
            format!(" ({})", parts.join(", "))
        }
    }
}

/// The forms in which a key is named.
#[derive(Debug, PartialEq, Eq)]
enum KeyForm {
    KeyArn(String),
    AliasArn { arn: String, name: String },
    AliasName(String),
    KeyId(String),
}

impl KeyForm {
    fn parse(typed: &str) -> Result<Self, ReportError> {
        let fault = |problem: String| ReportError::InvalidKey {
            typed: typed.to_owned(),
            problem,
        };
        let text = typed.trim();
        if text.is_empty() {
            return Err(fault("it is empty".to_owned()));
        }
        if text.starts_with("arn:") {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            let [_, _, service, _, _, resource] = parts.as_slice() else {
                return Err(fault("an ARN has six parts".to_owned()));
            };
            if *service != "kms" {
                let service = crate::catalog::printable(service);
                return Err(fault(format!(
                    "it is an ARN of `{service}`, give one of `kms`"
                )));
            }
            if let Some(id) = resource.strip_prefix("key/").filter(|id| !id.is_empty()) {
                let head = text.strip_suffix(id).unwrap_or(text);
                // Key ids are lower case; people paste them in any.
                return Ok(Self::KeyArn(format!("{head}{}", id.to_lowercase())));
            }
            if resource
                .strip_prefix("alias/")
                .is_some_and(|name| !name.is_empty())
            {
                return Ok(Self::AliasArn {
                    arn: text.to_owned(),
                    name: (*resource).to_owned(),
                });
            }
            return Err(fault(
                "the ARN of a key ends in key/<id>, of an alias in alias/<name>".to_owned(),
            ));
        }
        if text.starts_with("alias/") {
            return Ok(Self::AliasName(text.to_owned()));
        }
        if let Some(id) = text.strip_prefix("key/") {
            return Ok(Self::KeyId(id.to_lowercase()));
        }
        let lower = text.to_lowercase();
        if is_key_id(&lower) {
            return Ok(Self::KeyId(lower));
        }
        Ok(Self::AliasName(format!("alias/{text}")))
    }

    /// The name to look for likenesses of.
    fn name(&self) -> &str {
        match self {
            Self::KeyArn(text) | Self::AliasName(text) | Self::KeyId(text) => text,
            Self::AliasArn { name, .. } => name,
        }
    }
}

/// Whether the text has the shape of a key id: a UUID, or `mrk-` and 32 hexadecimal digits.
fn is_key_id(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && is_hex(digits);
    }
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.split('-').all(is_hex)
}
