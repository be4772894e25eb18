//! `json` (one array) and `ndjson` (one object a line).
//!
//! Enters: batches. Leaves: JSON with every column of every row, nulls written out, two columns of
//! one name told apart (`id`, `id_2`). Hidden characters are `\uXXXX`, so the text is safe on a
//! terminal and its value exact. An array that a failed query cut short has no closing bracket.

use std::io::{self, Write};

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::sanitize::push_json_string;
use super::values::Values;
use super::{Encoder, Zone, unique_names};

pub(super) struct Json<W> {
    sink: W,
    zone: Zone,
    /// The column names as JSON strings.
    names: Vec<String>,
    is_array: bool,
    has_rows: bool,
}

impl<W> Json<W> {
    pub(super) fn array(sink: W, schema: &Schema, zone: Zone) -> Self {
        let names = unique_names(schema.fields().iter().map(|field| field.name()));
        let names = names.into_iter().map(|name| {
            let mut key = String::new();
            push_json_string(&mut key, &name);
            key
        });
        Self {
            sink,
            zone,
            names: names.collect(),
            is_array: true,
            has_rows: false,
        }
    }

    pub(super) fn lines(sink: W, schema: &Schema, zone: Zone) -> Self {
        Self {
            is_array: false,
            ..Self::array(sink, schema, zone)
        }
    }
}

impl<W: Write> Encoder for Json<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = batch.columns().iter();
        let columns = columns.map(|column| Values::new(column, self.zone));
        let columns = columns.collect::<Vec<_>>();
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            if self.is_array {
                line.push_str(if self.has_rows { ",\n" } else { "[\n" });
            }
            line.push('{');
            for (at, (name, values)) in self.names.iter().zip(&columns).enumerate() {
                if at > 0 {
                    line.push(',');
                }
                line.push_str(name);
                line.push(':');
                values.push_json(row, &mut line);
            }
            line.push('}');
            if !self.is_array {
                line.push('\n');
            }
            self.sink.write_all(line.as_bytes())?;
            self.has_rows = true;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        match (self.is_array, self.has_rows) {
            (true, true) => self.sink.write_all(b"\n]\n")?,
            (true, false) => self.sink.write_all(b"[]\n")?,
            (false, _) => {}
        }
        self.sink.flush()
    }
}
