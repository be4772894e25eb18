//! Writes the rows of a query for people (`table`) and for programs (the other formats).
//!
//! Enters: a stream of record batches, a [`Format`] and a [`Destination`]. Leaves: bytes on standard
//! output or a whole file, and the number of rows. Text in the logs is written by strangers, so no
//! format that can reach a terminal lets a control character through (see [`visible`]), and CSV is
//! safe against formula text. This module does not know where rows come from, and asks neither the
//! terminal nor the environment: the caller hands the width in.
//!
//! Memory: one batch at a time, except that `table` keeps its first [`TABLE_ROWS_MAX`] rows (or
//! [`TABLE_BYTES_MAX`] bytes of them) to find its widths, and `parquet` one row group.

mod csv;
mod destination;
mod json;
mod layout;
mod markdown;
mod parquet;
mod prose;
mod sanitize;
mod spark;
mod strip;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_ends;
#[cfg(test)]
mod tests_types;
mod values;
mod zone;

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

pub use destination::Destination;
pub(crate) use prose::wrapped;
pub use sanitize::{json_visible, visible};
pub use table::{TABLE_BYTES_MAX, TABLE_ROWS_MAX};
pub use zone::{UnknownZone, Zone};

/// Bytes gathered before a write to the file or pipe.
const BUFFER_BYTES: usize = 64 * 1024;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns for people; fits the terminal, loses no text
    Table,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// Comma-separated, with a header, safe to open in a spreadsheet
    Csv,
    /// Apache Parquet, for other engines
    Parquet,
    /// A table for tickets and pages, with everything escaped
    Markdown,
}

/// The endings of file names that say how to write, for messages.
pub const ENDINGS: &str = ".parquet, .csv, .json, .ndjson, .md or .txt";

impl Format {
    /// The format that the ending of a file's name says.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "parquet" => Self::Parquet,
            "csv" => Self::Csv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "json" => Self::Json,
            "md" | "markdown" => Self::Markdown,
            "txt" => Self::Table,
            _ => return None,
        })
    }
}

/// How rows are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The format.
    pub format: Format,
    /// The zone in which times are shown.
    pub zone: Zone,
    /// Columns of counts over time, which a table on a terminal shows as small pictures.
    pub series: Vec<String>,
    /// Columns with a letter a day, each with the column of the first day; a table on a terminal folds them into months.
    pub strips: Vec<(String, String)>,
    /// Columns that name what the column before them tells, which a table shows in the cell of that one.
    pub names: Vec<String>,
}

impl From<Format> for Rendering {
    fn from(format: Format) -> Self {
        Self {
            format,
            zone: Zone::default(),
            series: Vec::new(),
            strips: Vec::new(),
            names: Vec::new(),
        }
    }
}

/// Why the rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Parquet was to go to a terminal, or nowhere that takes binary data.
    #[error(
        "parquet is binary and cannot be shown on a terminal\n\nhint: use `--output FILE`, or pipe it on"
    )]
    ParquetOnTerminal,
    /// The query failed while its rows were being read.
    #[error("the query failed after {rows} rows")]
    Query {
        /// Rows read before the failure.
        rows: u64,
        /// What the engine said.
        source: Box<DataFusionError>,
    },
    /// `--output` names something that is no file.
    #[error(
        "cannot write to `{}`: it is a directory\n\nhint: name a file inside it", path.display()
    )]
    IsDirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The name of a file does not say how to write it, and nothing else does.
    #[error(
        "the ending of `{}` does not say how to write it\n\nhint: end it in {ENDINGS}, or use `--format`", path.display()
    )]
    UnknownEnding {
        /// The path as given.
        path: PathBuf,
    },
    /// The file, or the temporary one beside it, could not be created.
    #[error(
        "cannot create `{}`\n\nhint: its folder must exist and be writable", path.display()
    )]
    Create {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Rows could not be written, or the finished file not be put in place.
    #[error("cannot write the rows to {target}")]
    Write {
        /// `standard output`, or the path in backticks.
        target: String,
        /// What the system (or the Parquet writer) said.
        source: io::Error,
    },
}

/// Writes every row of `stream` to `destination` and returns their number.
///
/// A file appears only when it is whole: rows go to a temporary file in the same folder, which is
/// renamed at the end and removed after a failure. An existing file is replaced, keeping its
/// permissions; a link is followed; a device, a named pipe and `/dev/stdout` are written
/// to directly.
///
/// A reader that goes away (`| head`) is no failure: the rows of the batches written so far are
/// returned.
///
/// # Errors
/// When the query fails, when the destination cannot be written, or as [`Destination::accepts`].
pub async fn write_stream(
    stream: SendableRecordBatchStream,
    rendering: impl Into<Rendering>,
    destination: &Destination,
) -> Result<u64, OutputError> {
    let rendering = rendering.into();
    destination.accepts(rendering.format)?;
    match destination {
        Destination::Stdout { terminal_width } => {
            let sink = BufWriter::with_capacity(BUFFER_BYTES, io::stdout());
            let target = "standard output".to_owned();
            write_to(stream, rendering, *terminal_width, sink, target).await
        }
        Destination::File(path) => {
            let file = destination::OutputFile::create(path, rendering.format)?;
            let sink = BufWriter::with_capacity(BUFFER_BYTES, file.writer(path)?);
            let target = format!("`{}`", path.display());
            let rows = write_to(stream, rendering, None, sink, target).await?;
            file.commit(path)?;
            Ok(rows)
        }
    }
}

/// Writes every row of `stream` to `sink`; `target` is its name in error messages.
///
/// Nothing is written before the query has given its first rows or ended well, so a query that
/// fails at once leaves no header behind (Parquet excepted: its first bytes may be out).
///
/// # Errors
/// When the query fails or `sink` does, other than by a broken pipe.
pub async fn write_to<W: Write + Send>(
    mut stream: SendableRecordBatchStream,
    rendering: impl Into<Rendering>,
    terminal_width: Option<usize>,
    sink: W,
    target: String,
) -> Result<u64, OutputError> {
    let schema = stream.schema();
    let mut rows = 0;
    let mut encoder = match encoder(&rendering.into(), &schema, terminal_width, sink) {
        Ok(encoder) => encoder,
        Err(source) => return stopped(source, rows, target),
    };
    while let Some(next) = stream.next().await {
        let batch = next.map_err(|source| OutputError::Query {
            rows,
            source: Box::new(source),
        })?;
        if let Err(source) = encoder.batch(&batch) {
            return stopped(source, rows, target);
        }
        rows += batch.num_rows() as u64;
    }
    match encoder.finish() {
        Ok(()) => Ok(rows),
        Err(source) => stopped(source, rows, target),
    }
}

/// Writes what stands before the first row, unless it was written before.
fn write_once(header: &mut Option<String>, sink: &mut impl Write) -> io::Result<()> {
    match header.take() {
        Some(header) => sink.write_all(header.as_bytes()),
        None => Ok(()),
    }
}

/// One format, as it is being written.
trait Encoder {
    /// Takes the next rows; they may stay in memory until [`Encoder::finish`].
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()>;

    /// Writes what is left and the end of the document.
    fn finish(&mut self) -> io::Result<()>;
}

fn encoder<'a, W: Write + Send + 'a>(
    rendering: &Rendering,
    schema: &SchemaRef,
    terminal_width: Option<usize>,
    sink: W,
) -> io::Result<Box<dyn Encoder + Send + 'a>> {
    let zone = rendering.zone;
    Ok(match rendering.format {
        Format::Table => Box::new(table::TextTable::new(
            sink,
            schema,
            rendering,
            terminal_width,
        )),
        Format::Json => Box::new(json::Json::array(sink, schema, zone)),
        Format::Ndjson => Box::new(json::Json::lines(sink, schema, zone)),
        Format::Csv => Box::new(csv::Csv::new(sink, schema, zone)),
        Format::Parquet => Box::new(parquet::Parquet::new(sink, schema, zone)?),
        Format::Markdown => Box::new(markdown::Markdown::new(sink, schema, zone)),
    })
}

/// What a failed write means: the end of the work, or only of the reader's interest in it.
fn stopped(source: io::Error, rows: u64, target: String) -> Result<u64, OutputError> {
    if source.kind() == io::ErrorKind::BrokenPipe {
        return Ok(rows);
    }
    Err(OutputError::Write { target, source })
}

/// The names with a suffix (`_2`, `_3`, …) on each that came before or belongs to another column.
fn unique_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Vec<String> {
    let names = names.into_iter().collect::<Vec<_>>();
    let given = names.iter().map(AsRef::as_ref).collect::<HashSet<_>>();
    let mut used = HashSet::new();
    let mut unique = Vec::with_capacity(names.len());
    for name in &names {
        let name = name.as_ref();
        let mut candidate = name.to_owned();
        let mut number = 2;
        while used.contains(&candidate) || (candidate != name && given.contains(&*candidate)) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        used.insert(candidate.clone());
        unique.push(candidate);
    }
    unique
}
