//! `markdown`: a table for tickets and pages, as GitHub reads them.
//!
//! Enters: batches. Leaves: a header, a rule and one line a row, written as they come. Text of strangers
//! stays text: whatever could end a cell, start a link, a mention, code, emphasis or HTML is escaped, and
//! hidden characters are spelled out. A null is an empty cell.

use std::io::{self, Write};

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;

use super::sanitize::visible;
use super::values::Values;
use super::{Encoder, Zone, write_once};

pub(super) struct Markdown<W> {
    sink: W,
    zone: Zone,
    /// Taken when it has been written.
    header: Option<String>,
}

impl<W> Markdown<W> {
    pub(super) fn new(sink: W, schema: &Schema, zone: Zone) -> Self {
        let (mut header, mut rule) = (String::from("|"), String::from("|"));
        for field in schema.fields() {
            push_cell(&mut header, field.name());
            let is_number = match field.data_type() {
                DataType::Dictionary(_, values) => values.is_numeric(),
                other => other.is_numeric(),
            };
            rule.push_str(if is_number { " ---: |" } else { " --- |" });
        }
        Self {
            sink,
            zone,
            header: Some(format!("{header}\n{rule}\n")),
        }
    }
}

impl<W: Write> Encoder for Markdown<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        write_once(&mut self.header, &mut self.sink)?;
        let columns = batch.columns().iter();
        let columns = columns.map(|column| Values::new(column, self.zone));
        let columns = columns.collect::<Vec<_>>();
        let (mut line, mut text) = (String::new(), String::new());
        for row in 0..batch.num_rows() {
            line.clear();
            line.push('|');
            for values in &columns {
                text.clear();
                if !values.is_null(row) {
                    values.push_text(row, &mut text);
                }
                push_cell(&mut line, &text);
            }
            line.push('\n');
            self.sink.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        write_once(&mut self.header, &mut self.sink)?;
        self.sink.flush()
    }
}

fn push_cell(line: &mut String, text: &str) {
    line.push(' ');
    let safe = visible(text);
    let mut before = None;
    for (at, c) in safe.char_indices() {
        let after = &safe[at + c.len_utf8()..];
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_escaped = match c {
            '|' | '\\' | '`' | '*' | '<' | '>' | '[' | ']' | '~' | '&' | '@' | '$' => true,
            // Within a word it is no emphasis, and names are full of it.
            '_' => !(is_word(before) && is_word(after.chars().next())),
            // What would become a link by itself: https://…, www.…
            ':' => after.starts_with("//"),
            '.' => ends_in_www(&safe[..at]),
            _ => false,
        };
        if is_escaped {
            line.push('\\');
        }
        line.push(c);
        before = Some(c);
    }
    line.push_str(" |");
}

fn ends_in_www(text: &str) -> bool {
    let mut last = text.chars().rev();
    (0..3).all(|_| last.next().is_some_and(|c| c.eq_ignore_ascii_case(&'w')))
}

#[cfg(test)]
mod tests {
    use super::push_cell;

    #[test]
    fn text_of_strangers_stays_text() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let mut line = String::new();
            push_cell(&mut line, text);
            assert_eq!(line, format!(" {expected} |"));
        }
        check("", "");
        check("key_arn", "key_arn");
        check(
            "arn:aws:kms:eu-west-1:1:key/a",
            "arn:aws:kms:eu-west-1:1:key/a",
        );
        check("a|b\\|c", "a\\|b\\\\\\|c");
        check("a\nb\u{1b}[31m", "a\\\\nb\\\\x1b\\[31m");
        check("<img src=x>&amp;", "\\<img src=x\\>\\&amp;");
        check(
            "_it_ *is* `so` ~~no~~",
            "\\_it\\_ \\*is\\* \\`so\\` \\~\\~no\\~\\~",
        );
        check(
            "[a](https://b.c) WWW.d.e me@f.g",
            "\\[a\\](https\\://b.c) WWW\\.d.e me\\@f.g",
        );
    }
}
