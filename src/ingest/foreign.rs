//! Which objects are none of CloudTrail's: neither the name nor the content says so.
//!
//! Enters: an object's path, and what was found in it. Leaves: whether it is foreign. What is foreign is no
//! damaged log: nothing is missing for it.

use std::collections::HashMap;
use std::io::Read as _;

use super::object::{DecodeStop, decode};
use crate::decode::{Decoder, Input, Limits, ObjectId, ObjectReport, Rows};
use crate::source::{Listing, Source, SourceObject, Writer};

/// So many objects that were named themselves are looked into before a run.
const LOOKED_INTO_MAX: usize = 1000;
/// So much of each is read first.
const LOOKED_AT_BYTES: u64 = 256 << 10;

/// The report of an object, as that of a foreign one if it is.
pub(super) fn judged(object: &SourceObject, report: ObjectReport) -> ObjectReport {
    let is_unread = matches!(report.state(), "rejected" | "damaged");
    if is_unread && !report.may_be_log && Writer::of(&object.location) != Writer::CloudTrail {
        report.into_foreign()
    } else {
        report
    }
}

/// Which of the objects that were named themselves are no logs, by location, and what is wrong with each.
#[must_use]
pub fn strangers(
    source: &dyn Source,
    listing: &Listing,
    limits: Limits,
) -> HashMap<String, String> {
    let mut decoder = Decoder::new(limits);
    let named = listing.named.iter().take(LOOKED_INTO_MAX);
    let strangers = named.filter_map(|named| {
        let objects = &listing.objects;
        let at = objects.binary_search_by(|object| object.location.cmp(&named.location));
        let object = &objects[at.ok()?];
        let told = stranger(source, object, &mut decoder)?;
        Some((named.location.clone(), told))
    });
    strangers.collect()
}

/// What is wrong with an object that is no log.
fn stranger(source: &dyn Source, object: &SourceObject, decoder: &mut Decoder) -> Option<String> {
    if Writer::of(&object.location) == Writer::CloudTrail {
        return None;
    }
    let id = ObjectId {
        object_id: "",
        path_kind: None,
        is_dated: true,
    };
    // What was found is read again by the run itself, which also says what cannot be opened.
    let mut drop_rows = |_rows: Rows| Ok::<(), DecodeStop>(());
    let mut start = source.open(object).ok()?.reader.take(LOOKED_AT_BYTES);
    let report = decoder.decode(id, Input::Stream(&mut start), &mut drop_rows);
    let may_be_log = report.ok()?.may_be_log;
    decoder.take().ok()?;
    if may_be_log {
        return None;
    }
    let reader = source.open(object).ok()?.reader;
    let report = decode(reader, object, id, decoder, &mut Vec::new(), &mut drop_rows);
    let report = judged(object, report.ok()?);
    decoder.take().ok()?;
    let (_, message) = report.first_reason().filter(|_| report.is_foreign)?;
    Some(message.to_owned())
}
