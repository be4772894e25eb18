//! Virtual environments for tests that need other people's programs, made once and kept with the build.
//!
//! Enters: a name and the pinned packages. Leaves: the path of a Python that has them. A set-up that
//! fails is a failure of the test, and says what could not be got.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of a virtual environment with exactly these packages.
pub(crate) fn python(name: &str, pins: &[&str]) -> PathBuf {
    let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv");
    let environment = environments.join(name);
    if !has(&environment, pins) {
        fs::create_dir_all(&environments).expect("the build's directory can be written");
        // Made aside and renamed: two test runs may share the build's directory.
        let fresh = tempfile::Builder::new()
            .prefix(&format!(".{name}-"))
            .tempdir_in(&environments)
            .expect("the build's directory can be written");
        make(fresh.path(), pins);
        place(fresh, &environment, pins);
    }
    environment.join("bin/python")
}

/// Whether the environment is there, whole, and of these packages.
fn has(environment: &Path, pins: &[&str]) -> bool {
    // The file is written last.
    fs::read_to_string(environment.join("pins.txt")).is_ok_and(|text| text == pins.join("\n"))
}

fn make(environment: &Path, pins: &[&str]) {
    let mut venv = Command::new("python3");
    run(
        venv.args(["-m", "venv"]).arg(environment),
        "a virtual environment (Python 3 with its `venv`)",
    );
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    run(
        pip.args(pins),
        &format!("the Python packages {}", pins.join(", ")),
    );
    fs::write(environment.join("pins.txt"), pins.join("\n")).expect("it was just made");
}

/// Moves a new environment to where it is looked for, unless another run was faster.
fn place(fresh: tempfile::TempDir, environment: &Path, pins: &[&str]) {
    if environment.exists() && !has(environment, pins) {
        let old =
            tempfile::tempdir_in(environment.parent().expect("it has one")).expect("a directory");
        // Another run may have taken it away; the rename below tells.
        fs::rename(environment, old.path().join("old")).ok();
    }
    let fresh = fresh.keep();
    if let Err(error) = fs::rename(&fresh, environment) {
        assert!(
            has(environment, pins),
            "cannot place `{}`: {error}",
            environment.display()
        );
        fs::remove_dir_all(&fresh).expect("it is ours");
    }
}

fn run(command: &mut Command, what: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("could not get {what}: {error}"));
    assert!(
        output.status.success(),
        "could not get {what}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
