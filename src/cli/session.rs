//! The store that was chosen, opened for reading or writing.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::args::OutputArgs;
use super::clock::now_micros;
use crate::aws::Access;
use crate::render::{Destination, Format, OutputError};
use crate::service::{ServiceError, StoreAt};
use crate::store::Store;

/// Where the store is, if nothing else is said.
const DEFAULT_STORE: &str = "./keytrail-store";

/// The store as it was chosen on the command line or in the environment.
#[derive(Debug, Clone, Default)]
pub(super) struct StoreChoice {
    chosen: Option<PathBuf>,
    access: Access,
}

impl StoreChoice {
    pub(super) fn new(chosen: Option<PathBuf>) -> Self {
        Self {
            chosen,
            ..Self::default()
        }
    }

    /// The same store, its bucket reached this way.
    pub(super) fn reached(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same choice, or this directory where none was made.
    pub(super) fn or_directory(&self, directory: PathBuf) -> Self {
        let mut choice = self.clone();
        choice.chosen.get_or_insert(directory);
        choice
    }

    /// The store as it can be typed.
    pub(super) fn shown(&self) -> String {
        self.directory().display().to_string()
    }

    fn directory(&self) -> PathBuf {
        self.chosen
            .clone()
            .unwrap_or_else(|| PathBuf::from(DEFAULT_STORE))
    }

    /// Refuses to write a file into the store, over what the tables are made of.
    ///
    /// # Errors
    /// If the path lies in the store.
    pub(super) fn spares(&self, path: &Path) -> anyhow::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A file that is there may be a link to another folder.
        let real = std::fs::canonicalize(path).or_else(|_new| std::fs::canonicalize(folder));
        // Where the store or the folder is not there, its own error says so.
        let (Ok(store), Ok(real)) = (std::fs::canonicalize(self.directory()), real) else {
            return Ok(());
        };
        anyhow::ensure!(
            !real.starts_with(&store),
            "`{}` is in the store `{}`, which contains only tables\n\nhint: name a file outside of it",
            path.display(),
            self.directory().display()
        );
        Ok(())
    }

    /// The store, for services.
    pub(super) fn at(&self) -> StoreAt {
        StoreAt {
            location: self.directory(),
            access: self.access.clone(),
            clock: now_micros,
        }
    }

    /// Opens the store for reading.
    pub(super) async fn open(&self) -> Result<Store, ServiceError> {
        self.at().open().await
    }
}

/// Where rows go.
///
/// # Errors
/// If it is a file in the store itself, or one that cannot be written in the format, or whose name says none.
pub(super) fn destination(place: &StoreChoice, output: &OutputArgs) -> anyhow::Result<Destination> {
    let destination = match &output.output {
        None => Destination::Stdout {
            terminal_width: terminal_width(),
        },
        Some(path) => {
            place.spares(path)?;
            let has_ending = path.extension().is_some();
            if output.format.is_none() && has_ending && Format::of(path).is_none() {
                return Err(OutputError::UnknownEnding { path: path.clone() }.into());
            }
            Destination::File(path.clone())
        }
    };
    destination.accepts(output.format())?;
    Ok(destination)
}

/// The columns of standard output, if it is a terminal.
pub(super) fn terminal_width() -> Option<usize> {
    terminal_size().map(|(width, _)| width)
}

/// The lines of standard output, if it is a terminal.
pub(super) fn terminal_height() -> Option<usize> {
    terminal_size().map(|(_, height)| height)
}

/// The columns of standard error, if it is a terminal.
pub(super) fn error_width() -> Option<usize> {
    let stderr = std::io::stderr();
    let size = stderr
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(&stderr))?;
    Some(size.map_or(USUAL_SIZE.0, |(width, _)| usize::from(width.0)))
}

/// A terminal that does not tell its size is taken for one of the usual size.
const USUAL_SIZE: (usize, usize) = (80, 24);

fn terminal_size() -> Option<(usize, usize)> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let size = terminal_size::terminal_size_of(std::io::stdout());
    let size = size.map(|(width, height)| (usize::from(width.0), usize::from(height.0)));
    Some(size.unwrap_or(USUAL_SIZE))
}

/// Whether this format is read by people, who are told more than the rows.
pub(super) fn is_for_people(format: Format, destination: &Destination) -> bool {
    format == Format::Table && matches!(destination, Destination::Stdout { .. })
}
