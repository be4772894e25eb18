//! `table`: columns for people.
//!
//! Enters: batches. Leaves: a header, a rule, the rows, and their number. Nothing is cut off: on a
//! terminal a long cell goes on in the next lines, and where the columns do not fit at all each row
//! becomes a record of `name: value` lines; elsewhere each row is one line, however long. Hidden
//! characters are spelled out in cells and names. A null is shown as nothing. A name stands in the cell of what it
//! names. On a terminal a list of counts that is marked as a series is a small picture, and a long strip of days is
//! folded into months.

use std::io::{self, Write};

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;

use super::layout::{ColumnWidths, GAP, Layout, width, wrap};
use super::sanitize::visible;
use super::spark::sparkline;
use super::strip::folded;
use super::values::Values;
use super::{Encoder, Rendering, Zone};

/// Rows that are kept to find the widths of the columns; later ones are laid out the same way.
pub const TABLE_ROWS_MAX: usize = 10_000;
/// Bytes of text in those rows; whichever limit is met first.
pub const TABLE_BYTES_MAX: usize = 32 * 1024 * 1024;

pub(super) struct TextTable<W> {
    sink: W,
    zone: Zone,
    names: Vec<String>,
    /// Where the columns stand in the rows, and how their cells are told.
    sources: Vec<CellSource>,
    is_number: Vec<bool>,
    columns: Vec<ColumnWidths>,
    terminal_width: Option<usize>,
    /// Rows that wait for the layout, and the bytes of their text.
    waiting: Vec<Vec<String>>,
    waiting_bytes: usize,
    layout: Option<Layout>,
    rows: u64,
    last: Last,
}

/// What the cells of a column are made of.
struct CellSource {
    at: usize,
    /// The column that names what this one tells.
    name: Option<usize>,
    /// Whether it is shown as a picture of use over time.
    is_series: bool,
    /// The column with the first day of a strip that is folded.
    first_day: Option<usize>,
}

impl CellSource {
    /// The sources of the columns that are shown.
    fn all(schema: &Schema, rendering: &Rendering, is_terminal: bool) -> Vec<Self> {
        let fields = schema.fields();
        let is_name = |at: usize| at > 0 && rendering.names.contains(fields[at].name());
        let shown = (0..fields.len()).filter(|at| !is_name(*at));
        let sources = shown.map(|at| {
            let name = fields[at].name();
            let mut strips = rendering.strips.iter().filter(|_| is_terminal);
            let first_day = strips.find(|(strip, _)| strip == name);
            Self {
                at,
                name: Some(at + 1).filter(|next| *next < fields.len() && is_name(*next)),
                is_series: is_terminal && rendering.series.contains(name),
                first_day: first_day.and_then(|(_, day)| schema.index_of(day).ok()),
            }
        });
        sources.collect()
    }

    fn cell(&self, batch: &RecordBatch, values: &[Values<'_>], row: usize) -> String {
        if self.is_series
            && !values[self.at].is_null(row)
            && let Some(picture) = sparkline(batch.column(self.at), row)
        {
            return picture;
        }
        let mut text = cell(&values[self.at], row);
        if let Some(name) = self.name.filter(|name| !values[*name].is_null(row)) {
            text.push_str(" (");
            text.push_str(&cell(&values[name], row));
            text.push(')');
        }
        if let Some(Ok(first_day)) = self.first_day.map(|at| cell(&values[at], row).parse()) {
            text = folded(first_day, &text);
        }
        text
    }
}

/// What stands above the line that comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Rule,
    Line,
    /// A row of several lines: a blank one shows where it ends.
    Lines,
}

impl<W: Write> TextTable<W> {
    pub(super) fn new(
        sink: W,
        schema: &Schema,
        rendering: &Rendering,
        terminal_width: Option<usize>,
    ) -> Self {
        let sources = CellSource::all(schema, rendering, terminal_width.is_some());
        let fields = sources.iter().map(|source| schema.field(source.at));
        let fields = fields.collect::<Vec<_>>();
        let names = (fields.iter())
            .map(|field| visible(field.name()).into_owned())
            .collect::<Vec<_>>();
        let types = fields.iter().map(|field| match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        });
        let types = types.collect::<Vec<_>>();
        let columns = names
            .iter()
            .zip(&types)
            .map(|(name, data_type)| ColumnWidths {
                header: width(name),
                cells: 0,
                is_solid: data_type.is_numeric() || data_type.is_temporal(),
            });
        Self {
            sink,
            zone: rendering.zone,
            columns: columns.collect(),
            is_number: types
                .iter()
                .map(|data_type| data_type.is_numeric())
                .collect(),
            names,
            sources,
            terminal_width,
            waiting: Vec::new(),
            waiting_bytes: 0,
            layout: None,
            rows: 0,
            last: Last::Rule,
        }
    }

    /// Chooses the layout, if that is still to be done, and writes the rows that waited for it.
    fn settle(&mut self) -> io::Result<()> {
        if self.layout.is_some() {
            return Ok(());
        }
        let layout = Layout::of_rows(&self.columns, self.terminal_width, &self.waiting);
        if let Layout::Natural(widths) | Layout::Wrapped(widths) = &layout {
            let names = self.names.clone();
            self.write_line(&layout, &names)?;
            self.last = Last::Rule;
            let rules = widths.iter().map(|width| "-".repeat(*width));
            self.write_line(&layout, &rules.collect::<Vec<_>>())?;
            self.last = Last::Rule;
        }
        for cells in std::mem::take(&mut self.waiting) {
            self.write_row(&layout, &cells)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn write_row(&mut self, layout: &Layout, cells: &[String]) -> io::Result<()> {
        self.rows += 1;
        match layout {
            Layout::Natural(_) | Layout::Wrapped(_) => self.write_line(layout, cells),
            Layout::Records { name, value } => {
                writeln!(self.sink, "-- row {} --", self.rows)?;
                self.write_record(*name, *value, cells)
            }
        }
    }

    /// One row in columns; a blank line on either side if it takes several.
    fn write_line(&mut self, layout: &Layout, cells: &[String]) -> io::Result<()> {
        let (widths, is_wrapped) = match layout {
            Layout::Natural(widths) => (widths, false),
            Layout::Wrapped(widths) => (widths, true),
            Layout::Records { .. } => return Ok(()),
        };
        let broken = cells.iter().zip(widths).map(|(cell, width)| {
            if is_wrapped {
                wrap(cell, *width)
            } else {
                vec![cell.as_str()]
            }
        });
        let broken = broken.collect::<Vec<_>>();
        let height = broken.iter().map(Vec::len).max().unwrap_or(1);
        let is_after_row = self.last != Last::Rule;
        if (is_after_row && height > 1) || self.last == Last::Lines {
            writeln!(self.sink)?;
        }
        let mut line = String::new();
        for at in 0..height {
            line.clear();
            for (column, parts) in broken.iter().enumerate() {
                if column > 0 {
                    push_blanks(&mut line, GAP);
                }
                let part = parts.get(at).copied().unwrap_or_default();
                let blanks = widths[column].saturating_sub(width(part));
                if self.is_number[column] {
                    push_blanks(&mut line, blanks);
                    line.push_str(part);
                } else {
                    line.push_str(part);
                    push_blanks(&mut line, blanks);
                }
            }
            writeln!(self.sink, "{}", line.trim_end_matches(' '))?;
        }
        self.last = if height > 1 { Last::Lines } else { Last::Line };
        Ok(())
    }

    fn write_record(&mut self, indent: usize, room: usize, cells: &[String]) -> io::Result<()> {
        for (name, cell) in self.names.iter().zip(cells) {
            let mut label = format!("{name}:");
            if width(&label) + 1 > indent {
                // A name without room beside it stands above its value.
                for line in wrap(&label, indent + room) {
                    writeln!(self.sink, "{line}")?;
                }
                label.clear();
                if cell.is_empty() {
                    continue;
                }
            }
            for part in wrap(cell, room) {
                let blanks = indent.saturating_sub(width(&label));
                push_blanks(&mut label, blanks);
                label.push_str(part);
                writeln!(self.sink, "{}", label.trim_end_matches(' '))?;
                label.clear();
            }
        }
        Ok(())
    }
}

impl<W: Write> Encoder for TextTable<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let values = batch.columns().iter();
        let values = values.map(|column| Values::new(column, self.zone));
        let values = values.collect::<Vec<_>>();
        for row in 0..batch.num_rows() {
            let cells = self.sources.iter();
            let cells = cells.map(|source| source.cell(batch, &values, row));
            let cells = cells.collect::<Vec<_>>();
            if let Some(layout) = self.layout.take() {
                self.write_row(&layout, &cells)?;
                self.layout = Some(layout);
                continue;
            }
            for (column, cell) in self.columns.iter_mut().zip(&cells) {
                let widest = cell.split('\n').map(width).max();
                column.cells = column.cells.max(widest.unwrap_or(0));
                self.waiting_bytes += cell.len();
            }
            self.waiting.push(cells);
            if self.waiting.len() >= TABLE_ROWS_MAX || self.waiting_bytes >= TABLE_BYTES_MAX {
                self.settle()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.settle()?;
        if let (0, Some(Layout::Records { name, value })) = (self.rows, &self.layout) {
            // Without rows the names are still to be seen.
            let (name, value) = (*name, *value);
            self.write_record(name, value, &vec![String::new(); self.names.len()])?;
        }
        let noun = if self.rows == 1 { "row" } else { "rows" };
        writeln!(self.sink, "({} {noun})", self.rows)?;
        self.sink.flush()
    }
}

fn cell(values: &Values<'_>, row: usize) -> String {
    let mut text = String::new();
    if !values.is_null(row) {
        values.push_text(row, &mut text);
    }
    match visible(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(safe) => safe,
    }
}

fn push_blanks(line: &mut String, count: usize) {
    line.extend(std::iter::repeat_n(' ', count));
}
