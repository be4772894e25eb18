//! For which resource a key was used, from the encryption context.
//!
//! Enters: encryption contexts. Leaves: resources with their services. An ARN is taken as given;
//! any other value becomes `<service>:<value>`, since the account of a resource is not in it.

use std::collections::HashSet;

use super::facts::FACTS;
use super::json::{Tape, Value};

/// A resource that an encryption context names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) service: String,
    pub(crate) name: String,
}

impl Resource {
    /// A resource without an ARN.
    pub(crate) fn of(service: &str, id: &str) -> Self {
        Self {
            service: service.to_owned(),
            name: format!("{service}:{id}"),
        }
    }
}

/// The resources of some contexts, each once, in the order of the contexts.
pub(crate) fn read(contexts: [Option<Value<'_>>; 2]) -> Vec<Resource> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for context in contexts {
        read_one(context, &mut found, &mut seen);
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
        .map(|resource| resource.name)
        .collect()
}

fn read_one(
    context: Option<Value<'_>>,
    found: &mut Vec<Resource>,
    seen: &mut HashSet<(String, String)>,
) {
    for (name, value) in context.into_iter().flat_map(Value::members) {
        let (Some(name), Some(value)) = (name.text(), value.nonempty()) else {
            continue;
        };
        if let Some(resource) = resource(&name, &value)
            && seen.insert((resource.service.clone(), resource.name.clone()))
        {
            found.push(resource);
        }
    }
}

fn resource(name: &str, value: &str) -> Option<Resource> {
    let is_arn = value.starts_with("arn:");
    let service = match FACTS.context_service(name) {
        Some(service) => service.to_owned(),
        // A service's own member that no list knows yet still names an ARN.
        None if name.starts_with("aws:") && is_arn => {
            format!("{}.amazonaws.com", value.split(':').nth(2)?)
        }
        None => return None,
    };
    if is_arn {
        Some(Resource {
            service,
            name: value.to_owned(),
        })
    } else {
        Some(Resource::of(&service, value))
    }
}
