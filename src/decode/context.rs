//! For which resource a key was used, from the encryption context.
//!
//! Enters: encryption contexts. Leaves: resources with their services. An ARN is taken as given;
//! any other value becomes `<service>:<value>`, since the account of a resource is not in it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::facts::FACTS;
use super::json::{Tape, Value};

/// A resource that an encryption context names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Resource<'a> {
    pub(crate) service: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
}

impl<'a> Resource<'a> {
    /// A resource without an ARN.
    pub(crate) fn of(service: impl Into<Cow<'a, str>>, id: &str) -> Self {
        let service = service.into();
        Self {
            name: Cow::Owned(format!("{service}:{id}")),
            service,
        }
    }
}

/// The resources of some contexts, each once, in the order of the contexts.
pub(crate) fn read(contexts: [Option<Value<'_>>; 2]) -> Vec<Resource<'_>> {
    let mut found = Vec::new();
    // Most contexts name one resource, and need no look-up.
    let mut seen = HashSet::new();
    let members = contexts.into_iter().flatten().flat_map(Value::members);
    for resource in members.filter_map(|(name, value)| resource(&name.text()?, value.nonempty()?)) {
        if found.len() == 1 {
            seen.extend(found.iter().cloned());
        }
        if found.is_empty() || seen.insert(resource.clone()) {
            found.push(resource);
        }
    }
    found
}

/// The resources that one encryption context names, each once, under the names that they have in
/// `resource_list`.
///
/// Takes the text of a context as the tables keep it. A text that is no JSON object names none.
#[must_use]
pub fn context_resources(context: &str) -> Vec<String> {
    // The text was within the limits when it was read; reading it here does not recurse.
    let mut tape = Tape::default();
    let context = tape.parse(context, usize::MAX).ok();
    read([context, None])
        .into_iter()
        .map(|resource| resource.name.into_owned())
        .collect()
}

fn resource<'a>(name: &str, value: Cow<'a, str>) -> Option<Resource<'a>> {
    let is_arn = value.starts_with("arn:");
    let service = match FACTS.context_service(name) {
        Some(service) => Cow::Borrowed(service),
        // A service's own member that no list knows yet still names an ARN.
        None if name.starts_with("aws:") && is_arn => {
            Cow::Owned(format!("{}.amazonaws.com", value.split(':').nth(2)?))
        }
        None => return None,
    };
    if is_arn {
        Some(Resource {
            service,
            name: value,
        })
    } else {
        Some(Resource::of(service, &value))
    }
}
