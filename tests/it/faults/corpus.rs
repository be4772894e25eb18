//! Log objects made from a seed, with their exact answers.
//!
//! Enters: a seed. Leaves: [`LogFile`]s, each with what the store must say of it. The shapes of the
//! events are in `events`; here they are packed: gzip and plain, twice, in conflict, cut off, broken.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flate2::Compression;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::events::Events;
use crate::corpus::shelf;

/// One log object, and what the store must say of it.
#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    /// Its path below the tree's root.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) state: &'static str,
    pub(crate) reason: Option<&'static str>,
    /// Complete records.
    pub(crate) records: u64,
    pub(crate) not_wanted: u64,
    pub(crate) rejected: u64,
    /// The events for the two tables, repeated ones included.
    pub(crate) wanted: Vec<Identity>,
}

/// One row of an event table: identity is (id, account, content).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) table: &'static str,
    pub(crate) event_id: String,
    pub(crate) account: Option<String>,
    /// The first 16 bytes of SHA-256 over `content`, in hex.
    pub(crate) content_hash: String,
    /// The event with its members sorted, without white space.
    pub(crate) content: String,
}

/// A tree of log objects.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) files: Vec<LogFile>,
}

impl Corpus {
    /// Ten objects of about 70 records over two months.
    pub(crate) fn new(seed: u64) -> Self {
        let mut events = Events::new(seed);
        let mut files: Vec<LogFile> = (0..5)
            .map(|number| {
                let records = (0..10).map(|_| events.next()).collect();
                good(number, records)
            })
            .collect();
        let first = files[0].wanted[0].clone();
        let second = files[1].wanted[1].clone();
        files.push(repeats(5, &mut events, &[&first, &second]));
        files.push(cut_off(6, (0..6).map(|_| events.next()).collect()));
        files.push(broken_gzip(7));
        files.push(one_bad_record(8, &mut events));
        // Nothing here but what other objects hold, so a run may find all its rows to be duplicates.
        let known = files[2].wanted.iter().chain(&files[6].wanted);
        files.push(good(9, known.map(|event| parse(&event.content)).collect()));
        Self { files }
    }

    /// Many objects of one KMS event each.
    pub(crate) fn tiny(seed: u64, files: usize) -> Self {
        let mut events = Events::new(seed);
        let file = |number| good(number, vec![events.of_kms()]);
        Self {
            files: (0..files).map(file).collect(),
        }
    }

    /// All numbers of files.
    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.files.len()).collect()
    }

    /// Writes the tree; answers the files' paths.
    pub(crate) fn write(&self, root: &Path) -> Vec<PathBuf> {
        let write = |file: &LogFile| {
            let path = root.join(&file.name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            std::fs::write(&path, &file.bytes).expect("a new file");
            path
        };
        self.files.iter().map(write).collect()
    }

    /// The rows of the two event tables when these files have been ingested.
    pub(crate) fn rows(&self, files: &[usize]) -> BTreeSet<Identity> {
        files
            .iter()
            .flat_map(|&number| self.files[number].wanted.iter().cloned())
            .collect()
    }
}

fn good(number: usize, records: Vec<Value>) -> LogFile {
    let wanted: Vec<Identity> = records.iter().filter_map(identity).collect();
    let (name, bytes) = match number % 3 {
        0 => (
            path(number, "json.gz"),
            gzip(&json!({"Records": records}).to_string()),
        ),
        1 => (path(number, "json"), pretty(&json!({"Records": records}))),
        _ => {
            let lines: Vec<String> = records.iter().map(Value::to_string).collect();
            (
                path(number, "jsonl"),
                (lines.join("\n") + "\n").into_bytes(),
            )
        }
    };
    LogFile {
        name,
        bytes,
        state: "ok",
        reason: None,
        records: records.len() as u64,
        not_wanted: (records.len() - wanted.len()) as u64,
        rejected: 0,
        wanted,
    }
}

/// Events of other files again, one of them twice; one with their id and other content; one whose log
/// is another account's; one without an id.
fn repeats(number: usize, events: &mut Events, known: &[&Identity]) -> LogFile {
    let mut records: Vec<Value> = known.iter().map(|event| parse(&event.content)).collect();
    records.push(records[0].clone());
    let mut conflict = records[0].clone();
    conflict["userAgent"] = "forged/1.0".into();
    records.push(conflict);
    let mut copy = records[1].clone();
    copy["recipientAccountId"] = "999999999999".into();
    records.push(copy);
    let mut nameless = events.next_wanted();
    let members = nameless.as_object_mut().expect("an event");
    members.remove("eventID");
    records.push(nameless);
    records.push(events.next());
    good(number, records)
}

/// The text ends in the middle of its last record.
fn cut_off(number: usize, mut records: Vec<Value>) -> LogFile {
    let text = json!({"Records": records}).to_string();
    let last = records.pop().expect("a record").to_string();
    let end = text.floor_char_boundary(text.len() - "]}".len() - last.len() / 2);
    let mut file = good(number, records);
    file.bytes = gzip(&text[..end]);
    file.name = path(number, "json.gz");
    file.state = "damaged";
    file.reason = Some("json_truncated");
    file
}

fn broken_gzip(number: usize) -> LogFile {
    let mut file = good(number, Vec::new());
    let whole = gzip(&"KMS ".repeat(100));
    file.name = path(number, "json.gz");
    file.bytes = whole[..whole.len() / 2].to_vec();
    file.state = "rejected";
    file.reason = Some("gzip_truncated");
    file
}

fn one_bad_record(number: usize, events: &mut Events) -> LogFile {
    let mut records: Vec<Value> = (0..6).map(|_| events.next()).collect();
    let mut bad = events.next_wanted();
    let whole = good(number, records.clone());
    bad["eventTime"] = "yesterday".into();
    records.insert(3, bad);
    LogFile {
        bytes: good(number, records).bytes,
        state: "damaged",
        reason: Some("event_time"),
        records: whole.records + 1,
        rejected: 1,
        ..whole
    }
}

fn path(number: usize, ending: &str) -> String {
    let day = 1 + number % 28;
    format!(
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/{day:02}/\
         111122223333_CloudTrail_eu-west-1_202603{day:02}T1205Z_{number:016}.{ending}"
    )
}

fn gzip(text: &str) -> Vec<u8> {
    shelf::gzip(text.as_bytes(), Compression::fast()).expect("memory")
}

fn pretty(value: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("JSON")
}

fn parse(content: &str) -> Value {
    serde_json::from_str(content).expect("an event")
}

/// The row that an event makes; none for events of no concern.
fn identity(event: &Value) -> Option<Identity> {
    let source = event["eventSource"].as_str()?;
    let table = match (source, event["eventName"].as_str()?) {
        ("kms.amazonaws.com", _) => "kms_events",
        ("cloudtrail.amazonaws.com", "StopLogging")
        | ("s3.amazonaws.com", "PutBucketEncryption") => "trail_events",
        _ => return None,
    };
    let content = canonical(event);
    let content_hash = hash(&content);
    Some(Identity {
        table,
        event_id: event["eventID"]
            .as_str()
            .map_or_else(|| format!("keytrail-{content_hash}"), str::to_owned),
        account: event["recipientAccountId"].as_str().map(str::to_owned),
        content_hash,
        content,
    })
}

/// The first half of SHA-256, in hex.
pub(crate) fn hash(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A JSON value with the members of its objects sorted, without white space.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", json!(name), canonical(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(elements) => {
            let parts: Vec<String> = elements.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}
