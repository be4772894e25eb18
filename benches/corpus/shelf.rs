//! Log objects: their S3 keys, their containers, and the bytes on disk.
//!
//! In: events and where they were delivered. Out: files. Knows gzip and paths, never what an event means.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, write::GzEncoder};

use crate::corpus::event::Event;
use crate::corpus::json::Json;
use crate::corpus::time;

/// The organization whose trail delivers the objects.
pub(crate) const ORGANIZATION: &str = "o-examplorg1";

/// How the text of an object is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Gzip,
    /// gzip of two members, as `cat a.gz b.gz` gives.
    TwoMembers,
    /// Text without gzip, `.json`.
    Plain,
    /// Whole gzip around a text that stops in the middle of this record, which never ends.
    CutInside(String),
    /// Whole gzip around something that is no log of events.
    NotEvents(String),
}

/// One object of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) account: String,
    /// `CloudTrail`, `CloudTrail-Digest`, …
    pub(crate) kind: &'static str,
    pub(crate) region: String,
    pub(crate) delivered: i64,
    /// The 16 characters that end the name; a digest has the trail's name before its date instead.
    pub(crate) suffix: String,
    pub(crate) form: Form,
    pub(crate) events: Vec<Event>,
}

/// What was written of one object.
pub(crate) struct Written {
    pub(crate) text_bytes: usize,
    /// Where the record begins that never ends.
    pub(crate) damage_offset: Option<usize>,
}

impl Object {
    /// A gzip object of ordinary events.
    pub(crate) fn log(account: &str, region: &str, delivered: i64, suffix: String) -> Self {
        assert_eq!(
            suffix.len(),
            16,
            "the name of a log object ends in 16 characters: {suffix}"
        );
        Self {
            account: account.to_owned(),
            kind: "CloudTrail",
            region: region.to_owned(),
            delivered,
            suffix,
            form: Form::Gzip,
            events: Vec::new(),
        }
    }

    /// The key below the bucket.
    pub(crate) fn path(&self) -> String {
        let Self {
            account,
            kind,
            region,
            delivered,
            suffix,
            ..
        } = self;
        let folder = format!(
            "AWSLogs/{ORGANIZATION}/{account}/{kind}/{region}/{}",
            time::day_folder(*delivered)
        );
        if *kind == "CloudTrail-Digest" {
            let stamp = time::second_stamp(*delivered);
            return format!("{folder}/{account}_{kind}_{region}_{suffix}_{region}_{stamp}.json.gz");
        }
        let stamp = time::minute_stamp(*delivered);
        let extension = if self.form == Form::Plain {
            "json"
        } else {
            "json.gz"
        };
        format!("{folder}/{account}_{kind}_{region}_{stamp}_{suffix}.{extension}")
    }

    /// Writes the object below `root`.
    pub(crate) fn write(&self, root: &Path) -> io::Result<Written> {
        let records: Vec<String> = self
            .events
            .iter()
            .map(|event| event.to_json().compact())
            .collect();
        let mut text = format!("{{\"Records\":[{}", records.join(","));
        let mut damage_offset = None;
        match &self.form {
            Form::CutInside(record) => {
                text.push(',');
                damage_offset = Some(text.len());
                text.push_str(record);
            }
            Form::NotEvents(body) => text.clone_from(body),
            Form::Gzip | Form::TwoMembers | Form::Plain => text.push_str("]}"),
        }
        let bytes = match self.form {
            Form::Plain => text.clone().into_bytes(),
            Form::TwoMembers => {
                let (first, second) = text.as_bytes().split_at(text.len() / 2);
                let mut members = gzip(first, Compression::default())?;
                members.extend(gzip(second, Compression::default())?);
                members
            }
            _ => gzip(text.as_bytes(), Compression::default())?,
        };
        write_below(root, &self.path(), &bytes)?;
        Ok(Written {
            text_bytes: text.len(),
            damage_offset,
        })
    }
}

/// One gzip member, without a date so that the bytes are always the same.
pub(crate) fn gzip(text: &[u8], level: Compression) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 6 + 64), level);
    encoder.write_all(text)?;
    encoder.finish()
}

/// Makes the directory that a tree goes to; one that holds a tree already would mix two trees.
pub(crate) fn start(root: &Path) -> io::Result<()> {
    fs::create_dir_all(root)?;
    if root.join("AWSLogs").exists() {
        let complaint = format!(
            "{} holds AWSLogs already\n\nhint: remove it, or write elsewhere",
            root.display()
        );
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, complaint));
    }
    Ok(())
}

/// Writes a file, making its folders.
pub(crate) fn write_below(root: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let file = root.join(path);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes)
}

/// Objects that lie beside the logs and are no logs of events: a digest, an insight, an aggregate.
pub(crate) fn not_events(
    kind: &'static str,
    suffix: &str,
    place: (&str, &str),
    delivered: i64,
    body: &Json,
) -> Object {
    Object {
        account: place.0.to_owned(),
        kind,
        region: place.1.to_owned(),
        delivered,
        suffix: suffix.to_owned(),
        form: Form::NotEvents(body.compact()),
        events: Vec::new(),
    }
}
