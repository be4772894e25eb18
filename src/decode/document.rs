//! Members of the JSON that the tables keep as text.
//!
//! Enters: a document, and where to look. Leaves: text. A document that is no JSON, or does not hold what
//! is looked for, gives nothing: the tables hold only what was valid when it was read.

use super::json::{JsonKind, Tape, Value};

/// The value at the end of a path, as text: a string without its quotes and escapes, anything else as it
/// is written.
///
/// The path is a JSON pointer (RFC 6901): `/keyMetadata/origin`, `/operations/0`; `~1` is a slash in a
/// name and `~0` a tilde. The empty path is the document itself. A null, or a member that is not there, is
/// none; of repeated names the last counts.
#[must_use]
pub fn json_text(document: &str, pointer: &str) -> Option<String> {
    let steps = match pointer {
        "" => "",
        _ => pointer.strip_prefix('/')?,
    };
    let mut tape = Tape::default();
    let mut value = tape.parse(document, usize::MAX).ok()?;
    if !pointer.is_empty() {
        for step in steps.split('/') {
            value = child(value, &step.replace("~1", "/").replace("~0", "~"))?;
        }
    }
    match value.kind() {
        JsonKind::Null => None,
        JsonKind::Text => value.text().map(std::borrow::Cow::into_owned),
        _ => Some(value.raw().to_owned()),
    }
}

/// The names of an object's members, each once, in the order of the text; none where it is no object.
#[must_use]
pub fn json_names(document: &str) -> Vec<String> {
    let mut tape = Tape::default();
    let Ok(value) = tape.parse(document, usize::MAX) else {
        return Vec::new();
    };
    let mut seen = std::collections::HashSet::new();
    let names = value
        .members()
        .filter_map(|(name, _)| Some(name.text()?.into_owned()));
    names.filter(|name| seen.insert(name.clone())).collect()
}

fn child<'a>(value: Value<'a>, step: &str) -> Option<Value<'a>> {
    match value.kind() {
        JsonKind::Object => value.get(step),
        JsonKind::Array => value.elements().nth(step.parse().ok()?),
        _ => None,
    }
}
