//! Where rows go: standard output, or a file that appears only when it is whole.
//!
//! Enters: the user's `--output`. Leaves: something to write to. It does not know the formats, but
//! for one thing: Parquet is nothing for a terminal.

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Format, OutputError};

/// Where the rows of a query go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout {
        /// Its columns when it is a terminal, `None` when it is not.
        terminal_width: Option<usize>,
    },
    /// A file, replaced when it exists.
    File(PathBuf),
}

impl Destination {
    /// Whether `format` can be written here; to be asked before the query does its work.
    ///
    /// # Errors
    /// [`OutputError::ParquetOnTerminal`], [`OutputError::IsDirectory`].
    pub fn accepts(&self, format: Format) -> Result<(), OutputError> {
        match self {
            Self::Stdout {
                terminal_width: Some(_),
            } if format == Format::Parquet => Err(OutputError::ParquetOnTerminal),
            Self::File(path) if path.is_dir() => {
                Err(OutputError::IsDirectory { path: path.clone() })
            }
            Self::Stdout { .. } | Self::File(_) => Ok(()),
        }
    }
}

/// Names of what is already open. They can lead to ordinary files, and must not be renamed over.
const DESCRIPTORS: [&str; 4] = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];

/// An open `--output`.
pub(super) enum OutputFile {
    /// A device or a named pipe: renaming a file over `/dev/null` would do harm.
    Direct(File),
    /// A temporary file, and the path at which it is to appear.
    Temporary(NamedTempFile, PathBuf),
}

impl OutputFile {
    pub(super) fn create(path: &Path, format: Format) -> Result<Self, OutputError> {
        let output = Self::open(path).map_err(|source| OutputError::Create {
            path: path.to_owned(),
            source,
        })?;
        match &output {
            Self::Direct(file) if file.is_terminal() && format == Format::Parquet => {
                Err(OutputError::ParquetOnTerminal)
            }
            _ => Ok(output),
        }
    }

    fn open(path: &Path) -> io::Result<Self> {
        if DESCRIPTORS.iter().any(|names| path.starts_with(names)) {
            // Standard output may be a file: to be added to, not to be replaced under its owner.
            return Ok(Self::Direct(File::options().append(true).open(path)?));
        }
        let existing = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(existing) = existing else {
            return Ok(Self::Temporary(temporary(path)?, path.to_owned()));
        };
        if !existing.is_file() {
            return Ok(Self::Direct(File::options().write(true).open(path)?));
        }
        // The folder may allow a rename over a file that is itself protected against writing.
        File::options().write(true).open(path)?;
        let path = fs::canonicalize(path)?;
        let file = temporary(&path)?;
        file.as_file().set_permissions(existing.permissions())?;
        Ok(Self::Temporary(file, path))
    }

    pub(super) fn writer(&self, path: &Path) -> Result<File, OutputError> {
        let file = match self {
            Self::Direct(file) => file,
            Self::Temporary(file, _) => file.as_file(),
        };
        file.try_clone().map_err(|source| OutputError::Create {
            path: path.to_owned(),
            source,
        })
    }

    /// Puts the finished file in its place; without this call it is removed.
    pub(super) fn commit(self, path: &Path) -> Result<(), OutputError> {
        let Self::Temporary(file, place) = self else {
            return Ok(());
        };
        // Synced first, so that a power cut cannot leave the name on an empty file.
        let placed = (file.as_file().sync_all())
            .and_then(|()| file.persist(&place).map_err(|error| error.error));
        match placed {
            Ok(_) => Ok(()),
            Err(source) => Err(OutputError::Write {
                target: format!("`{}`", path.display()),
                source,
            }),
        }
    }
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keytrail-").suffix(".partial");
    #[cfg(unix)]
    {
        // As any new file of this user (the umask applies), not private as temporary files are.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(|error| {
        // The user gave another name than the temporary one that the error tells.
        let text = error.to_string();
        let cause = text.split(" at path \"").next().unwrap_or_default();
        io::Error::new(error.kind(), cause.to_owned())
    })
}
