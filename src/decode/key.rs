//! Which key an event concerns, as far as the event itself says.
//!
//! Enters: the parts of the event that may name a key. Leaves: [`Keys`]. Nothing is guessed: a key
//! id without an ARN stays what was typed. Other events that could tell more are the views' matter.

use std::borrow::Cow;

use super::arn::{KmsArn, find_key_arn, is_key_arn};
use super::json::Value;
use super::operations::known_operation;

/// The key or keys of an event.
#[derive(Debug, Default)]
pub(crate) struct Keys<'a> {
    pub(crate) arn: Option<Cow<'a, str>>,
    pub(crate) source: Option<&'static str>,
    pub(crate) as_typed: Option<Cow<'a, str>>,
    pub(crate) destination_arn: Option<Cow<'a, str>>,
    pub(crate) destination_as_typed: Option<Cow<'a, str>>,
}

/// Where an event may name its key.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeyPlaces<'a> {
    pub(crate) event_name: &'a str,
    pub(crate) resources: Option<Value<'a>>,
    pub(crate) request: Option<Value<'a>>,
    pub(crate) response: Option<Value<'a>>,
    pub(crate) service_event: Option<Value<'a>>,
}

impl<'a> Keys<'a> {
    /// Reads the keys; `error_message` is looked at last.
    pub(crate) fn read(places: KeyPlaces<'a>, error_message: Option<&str>) -> Self {
        let mut keys = match places.event_name {
            "ReEncrypt" => Self::of_reencrypt(places),
            _ => Self::of_one_key(places),
        };
        if places.event_name == "ReplicateKey" {
            keys.destination_arn = places
                .response
                .and_then(|response| response.path(&["replicaKeyMetadata", "arn"]))
                .and_then(key_arn);
        } else if known_operation(places.event_name).is_none() {
            // What an operation does that no list knows may be done with each key that it names.
            let listed = listed_keys(places.resources);
            keys.destination_arn = listed
                .into_iter()
                .find(|arn| keys.arn.as_ref() != Some(arn));
        }
        if let Some(arn) = error_message.and_then(find_key_arn) {
            if places.event_name == "ReEncrypt" {
                keys.read_reencrypt_message(error_message.unwrap_or_default(), arn);
            } else if keys.arn.is_none() && keys.destination_arn.is_none() {
                keys.arn = Some(Cow::Owned(arn.to_owned()));
                keys.source = Some("error_message");
            }
        }
        keys
    }

    fn of_one_key(places: KeyPlaces<'a>) -> Self {
        let typed = typed(places, &["keyId", "targetKeyId", "keyArn"]).or_else(|| {
            // Only an alias is typed where it is taken away.
            (places.event_name == "DeleteAlias")
                .then(|| typed(places, &["aliasName"]))
                .flatten()
        });
        let listed = listed_keys(places.resources);
        let found = pick(&listed, typed.as_deref())
            .map(|arn| (arn, "resources"))
            .or_else(|| response_key(places.response).map(|arn| (arn, "response")))
            .or_else(|| {
                let details = places.service_event?;
                ["keyId", "keyArn"]
                    .iter()
                    .find_map(|name| details.get(name).and_then(key_arn))
                    .map(|arn| (arn, "service_event"))
            })
            .or_else(|| {
                let typed = typed.clone().filter(|typed| is_key_arn(typed))?;
                Some((typed, "request"))
            });
        let (arn, source) = found.unzip();
        Self {
            arn,
            source,
            as_typed: typed,
            ..Self::default()
        }
    }

    fn of_reencrypt(places: KeyPlaces<'a>) -> Self {
        let source_typed = typed(places, &["sourceKeyId"]);
        let destination_typed = typed(places, &["destinationKeyId", "keyId"]);
        let listed = listed_keys(places.resources);
        let names = |typed: &Option<Cow<'a, str>>, arn: &Cow<'a, str>| {
            typed
                .as_deref()
                .is_some_and(|typed| is_named_by(arn, typed))
        };
        let (mut arn, mut destination_arn) = match listed.as_slice() {
            [] => (None, None),
            [only] if names(&destination_typed, only) && !names(&source_typed, only) => {
                (None, Some(only.clone()))
            }
            [only] => (Some(only.clone()), None),
            // The list is source, then destination, unless what was typed says otherwise.
            [first, second, ..]
                if (names(&source_typed, second) && !names(&source_typed, first))
                    || (names(&destination_typed, first) && !names(&destination_typed, second)) =>
            {
                (Some(second.clone()), Some(first.clone()))
            }
            [first, second, ..] => (Some(first.clone()), Some(second.clone())),
        };
        let mut source = arn.is_some().then_some("resources");
        if arn.is_none() {
            arn = source_typed.clone().filter(|typed| is_key_arn(typed));
            source = arn.is_some().then_some("request");
        }
        if destination_arn.is_none() {
            destination_arn = destination_typed.clone().filter(|typed| is_key_arn(typed));
        }
        Self {
            arn,
            source,
            as_typed: source_typed,
            destination_arn,
            destination_as_typed: destination_typed,
        }
    }

    /// The message of a failed ReEncrypt may be all that names one of its keys: the one that the
    /// message or what was typed says, else the one that is not known yet.
    fn read_reencrypt_message(&mut self, message: &str, arn: &str) {
        let is_typed = |typed: &Option<Cow<'_, str>>| {
            typed
                .as_deref()
                .is_some_and(|typed| is_named_by(arn, typed))
        };
        let is_destination = if message.contains("kms:ReEncryptTo") {
            true
        } else if message.contains("kms:ReEncryptFrom") || is_typed(&self.as_typed) {
            false
        } else {
            is_typed(&self.destination_as_typed) || self.arn.is_some()
        };
        let is_known = |known: &Option<Cow<'_, str>>| known.as_deref() == Some(arn);
        if is_destination {
            let is_free = self.destination_arn.is_none()
                && (message.contains("kms:ReEncryptTo") || !is_known(&self.arn));
            if is_free {
                self.destination_arn = Some(Cow::Owned(arn.to_owned()));
            }
        } else if self.arn.is_none() && !is_known(&self.destination_arn) {
            self.arn = Some(Cow::Owned(arn.to_owned()));
            self.source = Some("error_message");
        }
    }
}

fn typed<'a>(places: KeyPlaces<'a>, names: &[&str]) -> Option<Cow<'a, str>> {
    let request = places.request?;
    names
        .iter()
        .find_map(|name| request.get(name).and_then(Value::nonempty))
}

/// The key ARNs of `resources`, in order; alias ARNs are in the same list under the same type.
fn listed_keys(resources: Option<Value<'_>>) -> Vec<Cow<'_, str>> {
    resources
        .into_iter()
        .flat_map(Value::elements)
        .filter_map(|resource| resource.get("ARN").or_else(|| resource.get("arn")))
        .filter_map(key_arn)
        .collect()
}

/// Of several keys, the one that was typed; else the first.
fn pick<'a>(listed: &[Cow<'a, str>], typed: Option<&str>) -> Option<Cow<'a, str>> {
    let named = typed.and_then(|typed| listed.iter().find(|arn| is_named_by(arn, typed)));
    named.or(listed.first()).cloned()
}

/// Whether what was typed, an ARN or an id, names this key.
fn is_named_by(arn: &str, typed: &str) -> bool {
    arn == typed || KmsArn::parse(arn).and_then(KmsArn::key_id) == Some(typed)
}

fn response_key(response: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let response = response?;
    [
        &["keyId"] as &[&str],
        &["keyArn"],
        &["keyMetadata", "arn"],
        &["keyMetadata", "keyArn"],
    ]
    .iter()
    .find_map(|path| response.path(path).and_then(key_arn))
}

fn key_arn(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.text().filter(|text| is_key_arn(text))
}
