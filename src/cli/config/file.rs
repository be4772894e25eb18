//! The configuration file: where it is, and its text.
//!
//! Enters: what was typed, and the environment. Leaves: the path and the text of the one file that is used, or none.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

/// The file in the current folder.
pub(super) const NAME: &str = "keytrail.toml";
/// The largest file that is read: what is larger is no configuration, and what never ends is none either.
const BYTES_MAX: u64 = 1 << 20;

/// A variable of the environment.
pub(super) type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A file, read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl File {
    /// Its path for messages.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder that relative paths start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Reads the file that was named, else the first of the default places that has one.
///
/// # Errors
/// If a file that was named is not there, or the one that is there cannot be read.
pub(super) fn find(named: Option<&Path>, variable: Variable<'_>) -> anyhow::Result<Option<File>> {
    // An empty variable is one that is not set.
    if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
        return read(path).map(Some);
    }
    for path in places(variable) {
        match std::fs::metadata(&path) {
            Ok(_) => return read(&path).map(Some),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(cannot_read(&path, &words(&error))),
        }
    }
    Ok(None)
}

/// The default places. A relative folder of the environment would lead elsewhere from each folder; the standard (XDG
/// Base Directory) says to ignore it.
pub(super) fn places(variable: Variable<'_>) -> Vec<PathBuf> {
    let folder = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = || Some(folder("HOME")?.join(".config"));
    let of_user = folder("XDG_CONFIG_HOME").or_else(home);
    let of_user = of_user.map(|folder| folder.join("keytrail").join(NAME));
    [Some(PathBuf::from(NAME)), of_user]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether a default place has no file. A folder that may not be entered has none: services run with the home of
/// another user.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}

fn read(path: &Path) -> anyhow::Result<File> {
    if path.is_dir() {
        let hint = format!("`{}` would be the file", path.join(NAME).display());
        return Err(cannot_read(
            path,
            &format!("it is a directory\n\nhint: {hint}"),
        ));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot_read(path, &words(&error)))?;
    let shown = path.display();
    if bytes.len() as u64 > BYTES_MAX {
        bail!("cannot use `{shown}`; it is larger than 1 MiB, so it is no configuration file");
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        anyhow!("{shown}:{line}: the file is not UTF-8, which TOML requires")
    })?;
    Ok(File {
        path: path.to_owned(),
        // Some editors begin a file with a mark of UTF-8.
        text: text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(),
    })
}

fn cannot_read(path: &Path, cause: &str) -> anyhow::Error {
    anyhow!(
        "cannot read the configuration file `{}`; {cause}",
        path.display()
    )
}

/// The cause without the number of the operating system.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file\n\nhint: `keytrail config init -o FILE` writes a template"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Writes a new file.
///
/// # Errors
/// If there is one, or it cannot be written.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display();
    let created = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(path);
    let mut file = match created {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
            "`{shown}` exists, and is not overwritten\n\nhint: `-o FILE` writes to another file"
        ),
        created => created.with_context(|| format!("cannot write `{shown}`"))?,
    };
    io::Write::write_all(&mut file, text.as_bytes())
        .with_context(|| format!("cannot write `{shown}`"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::places;

    #[test]
    fn the_file_of_the_folder_comes_before_the_users() {
        #[track_caller]
        fn check(variables: &[(&str, &str)], expected: &[&str]) {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(OsString::from(found.1))
            };
            let found = places(&variable);
            let found: Vec<_> = found.iter().map(|path| path.to_str()).collect();
            let expected: Vec<_> = expected.iter().copied().map(Some).collect();
            assert_eq!(found, expected);
        }
        check(&[], &["keytrail.toml"]);
        check(
            &[("HOME", "/home/a")],
            &["keytrail.toml", "/home/a/.config/keytrail/keytrail.toml"],
        );
        check(
            &[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/x")],
            &["keytrail.toml", "/x/keytrail/keytrail.toml"],
        );
        check(
            &[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "x")],
            &["keytrail.toml", "/home/a/.config/keytrail/keytrail.toml"],
        );
    }
}
