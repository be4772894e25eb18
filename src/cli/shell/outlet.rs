//! Where the rows of the shell go, and how they are written.
//!
//! Enters: rows. Leaves: text on the terminal, through the pager where it does not fit, or a file that
//! `\o` named. In a file the rows of one statement stand below those of the one before; a format whose
//! files hold one document ends it after one statement.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use arrow::array::RecordBatch;
use clap::ValueEnum as _;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::super::args::OutputArgs;
use super::super::error::to_stderr;
use super::super::numbers::grouped;
use super::super::session::{StoreChoice, terminal_height, terminal_width};
use super::pager::{Paged, Pager};
use crate::render::wrapped;
use crate::render::{Destination, Format, OutputError, Rendering, write_stream, write_to};

/// Where the rows go.
pub(super) struct Outlet {
    /// The store, into which no file is written.
    place: StoreChoice,
    rendering: Rendering,
    pager: Pager,
    /// Whether somebody said how to write; else a file's name must.
    is_format_chosen: bool,
    file: Option<OpenFile>,
}

/// The file of `\o`.
struct OpenFile {
    path: PathBuf,
    file: File,
    format: Format,
}

impl Outlet {
    pub(super) fn new(
        place: &StoreChoice,
        output: OutputArgs,
        pager: Pager,
    ) -> anyhow::Result<Self> {
        let mut outlet = Self {
            place: place.clone(),
            rendering: Rendering {
                format: output.format.unwrap_or(Format::Table),
                ..output.rendering()
            },
            pager,
            is_format_chosen: output.format.is_some(),
            file: None,
        };
        let Some(path) = output.output else {
            stdout().accepts(outlet.rendering.format)?;
            return Ok(outlet);
        };
        outlet.redirect(Some(path))?;
        // What was asked for gives way to no ending.
        if let (Some(file), Some(format)) = (&mut outlet.file, output.format) {
            file.format = format;
        }
        Ok(outlet)
    }

    /// The name of the format in use.
    pub(super) fn format_name(&self) -> String {
        let format = self
            .file
            .as_ref()
            .map_or(self.rendering.format, |file| file.format);
        let value = format.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    pub(super) fn set_format(&mut self, format: Format) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.format = format;
        } else {
            stdout().accepts(format)?;
            self.rendering.format = format;
            self.is_format_chosen = true;
        }
        Ok(())
    }

    /// Sends the rows to a file, or to the terminal again. The ending of its name says the format.
    pub(super) fn redirect(&mut self, path: Option<PathBuf>) -> anyhow::Result<()> {
        let Some(path) = path else {
            self.file = None;
            return Ok(());
        };
        self.place.spares(&path)?;
        let format = match Format::of(&path) {
            Some(format) => format,
            None if self.is_format_chosen || path.extension().is_none() => self.rendering.format,
            None => return Err(OutputError::UnknownEnding { path }.into()),
        };
        self.file = None;
        Destination::File(path.clone()).accepts(format)?;
        let file =
            File::create(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
        self.file = Some(OpenFile { path, file, format });
        Ok(())
    }

    /// Writes rows below a heading; `rendering` where it is not that of the shell.
    pub(super) async fn write(
        &mut self,
        heading: &str,
        stream: SendableRecordBatchStream,
        rendering: Option<Rendering>,
    ) -> anyhow::Result<()> {
        let mut rendering = rendering.unwrap_or_else(|| self.rendering.clone());
        let Some(open) = &self.file else {
            if rendering.format == Format::Table {
                rendering.format = self.rendering.format;
            }
            return self.to_terminal(heading, stream, rendering).await;
        };
        to_stderr(heading);
        let target = format!("`{}`", open.path.display());
        let sink = BufWriter::new(open.file.try_clone()?);
        rendering.format = open.format;
        let rows = write_to(stream, rendering, None, sink, target.clone()).await?;
        to_stderr(&format!("{} rows to {target}\n", grouped(rows)));
        if matches!(open.format, Format::Json | Format::Parquet) {
            self.file = None;
            to_stderr("rows go to the terminal again: such a file can have only one answer\n");
        }
        Ok(())
    }

    /// Shows what is no answer, but about the store: always a table, always on the terminal.
    pub(super) async fn show(&self, heading: &str, rows: RecordBatch) -> anyhow::Result<()> {
        let schema = rows.schema();
        let stream = RecordBatchStreamAdapter::new(schema, stream::iter([Ok(rows)]));
        let rendering = Format::Table.into();
        self.to_terminal(heading, Box::pin(stream), rendering).await
    }

    async fn to_terminal(
        &self,
        heading: &str,
        stream: SendableRecordBatchStream,
        rendering: Rendering,
    ) -> anyhow::Result<()> {
        let (Some(width), Some(height)) = (terminal_width(), terminal_height()) else {
            to_stderr(heading);
            write_stream(stream, rendering, &stdout()).await?;
            return Ok(());
        };
        // A pager that scrolls sideways is given whole lines.
        let room = if self.pager.scrolls() {
            usize::MAX
        } else {
            width
        };
        let mut paged = Paged::new(&self.pager, (width, height));
        if rendering.format == Format::Table && !heading.is_empty() {
            let heading = wrapped(&format!("{heading}\n"), Some(width));
            paged.write_all(heading.as_bytes())?;
        } else {
            to_stderr(heading);
        }
        let target = "the terminal".to_owned();
        write_to(stream, rendering, Some(room), &mut paged, target).await?;
        paged.finish()?;
        Ok(())
    }
}

fn stdout() -> Destination {
    Destination::Stdout {
        terminal_width: terminal_width(),
    }
}
