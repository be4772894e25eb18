//! `csv`: RFC 4180 with a header line and `\n` line ends, safe in spreadsheets and terminals.
//!
//! Enters: batches. Leaves: one record a row. A null is nothing, an empty text is `""`. Text that
//! a spreadsheet would take for a formula gets a `'` in front; numbers are left alone. Newlines and
//! tabs stand in quotes as they are, every other hidden character is spelled out (`\x1b`).

use std::io::{self, Write};

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;

use super::sanitize::{is_formula, visible_lines};
use super::values::Values;
use super::{Encoder, Zone, unique_names, write_once};

pub(super) struct Csv<W> {
    sink: W,
    zone: Zone,
    /// Taken when it has been written.
    header: Option<String>,
    /// Whether the column is of numbers, whose minus sign is no formula.
    is_number: Vec<bool>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(sink: W, schema: &Schema, zone: Zone) -> Self {
        let mut header = String::new();
        let names = unique_names(schema.fields().iter().map(|field| field.name()));
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                header.push(',');
            }
            push_text(&mut header, name);
        }
        header.push('\n');
        let is_number = |data_type: &DataType| match data_type {
            DataType::Dictionary(_, values) => values.is_numeric(),
            other => other.is_numeric(),
        };
        Self {
            sink,
            zone,
            header: Some(header),
            is_number: (schema.fields().iter())
                .map(|field| is_number(field.data_type()))
                .collect(),
        }
    }
}

impl<W: Write> Encoder for Csv<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        write_once(&mut self.header, &mut self.sink)?;
        let columns = batch.columns().iter();
        let columns = columns.map(|column| Values::new(column, self.zone));
        let columns = columns.collect::<Vec<_>>();
        let (mut line, mut cell) = (String::new(), String::new());
        for row in 0..batch.num_rows() {
            line.clear();
            for (at, (values, is_number)) in columns.iter().zip(&self.is_number).enumerate() {
                if at > 0 {
                    line.push(',');
                }
                if values.is_null(row) {
                    continue;
                }
                if *is_number {
                    values.push_text(row, &mut line);
                } else {
                    cell.clear();
                    values.push_text(row, &mut cell);
                    push_text(&mut line, &cell);
                }
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

fn push_text(line: &mut String, text: &str) {
    let guard = if is_formula(text) { "'" } else { "" };
    let text = visible_lines(text);
    // The semicolon separates fields where the comma is the decimal sign; blanks at an end are
    // trimmed by some readers unless they are quoted.
    let is_quoted = text.is_empty()
        || text.contains([',', '"', '\n', '\t', ';'])
        || text.starts_with(' ')
        || text.ends_with(' ');
    if is_quoted {
        line.push('"');
        line.push_str(guard);
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(guard);
        line.push_str(&text);
    }
}
