//! The invariants of docs/ARCHITECTURE.md that can be read off the files. Each failure is
//! `path:line: what, do this instead`.

mod rules;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use keytrail::schema;

use crate::context::{Context, REPOSITORY};

mod circles;
mod names;
mod notes;
mod queries;
mod spelling;
mod words;

/// The stages in the order of the flow; each may use those before it.
const STAGES: [&str; 14] = [
    "schema",
    "catalog",
    "decode",
    "aws",
    "source",
    "store",
    "sql",
    "report",
    "ingest",
    "inventory",
    "integrity",
    "service",
    "render",
    "cli",
];

/// The longest file, in lines.
const LINES_MAX: usize = 600;

/// A text, the only place where it may stand, and what to do elsewhere.
const ONLY_IN: &[(&str, &str, &str)] = &[
    (
        "deltalake_core",
        "src/store/",
        "ask `store`, the only code that names Delta",
    ),
    (
        "clap::",
        "src/cli/",
        "take plain options; `cli` turns arguments into them",
    ),
    ("anyhow", "src/cli/", "return an error of this stage's own"),
    (
        "std::env",
        "src/cli/",
        "take it as an argument; `cli` reads the environment",
    ),
    (
        "Utc::now",
        "src/cli/",
        "take the time as an argument; `cli` reads the clock",
    ),
    (
        "SystemTime::now",
        "src/cli/",
        "take the time as an argument; `cli` reads the clock",
    ),
    (
        "Instant::now",
        "src/cli/",
        "take the time as an argument; `cli` reads the clock",
    ),
];

/// A stage, a text that may not stand in it, and what to do instead.
const NEVER_IN: &[(&str, &str, &str)] = &[
    ("decode", "std::fs", "take bytes: `decode` does no IO"),
    ("decode", "tokio", "take bytes: `decode` does no IO"),
    ("decode", "object_store", "take bytes: `decode` does no IO"),
    ("sql", "std::fs", "take text: `sql` knows no file"),
    (
        "report",
        "std::fs",
        "take text: `report` knows SQL and rows",
    ),
    (
        "report",
        "object_store",
        "take rows: `report` knows no storage",
    ),
];

#[test]
fn stages_use_only_those_before_them() {
    let mut faults = String::new();
    for (path, text) in files("src", "rs") {
        let Some(stage) = stage(&path) else { continue };
        for (number, line) in code(&text) {
            for used in used_stages(line) {
                let (from, to) = (place(stage), place(used));
                if to > from {
                    fault(
                        &mut faults,
                        &path,
                        number,
                        &format!("`{stage}` uses `{used}`, which comes after it in the flow"),
                        "move the code to the later stage, or hand it what it needs",
                    );
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_stage_is_in_the_flow() {
    let text = fs::read_to_string(format!("{REPOSITORY}/src/lib.rs")).expect("lib.rs");
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(
        declared, STAGES,
        "src/lib.rs:1: the modules are not those of the flow, change both together"
    );
}

#[test]
fn texts_stand_where_they_belong() {
    let mut faults = String::new();
    for (path, text) in files("src", "rs") {
        // Its only line hands the arguments over.
        let is_main = path == "src/main.rs";
        for (number, line) in code(&text) {
            for (needle, place, instead) in ONLY_IN {
                if line.contains(needle) && !path.starts_with(place) && !is_main {
                    fault(
                        &mut faults,
                        &path,
                        number,
                        &format!("`{needle}` outside {place}"),
                        instead,
                    );
                }
            }
            for (stage, needle, instead) in NEVER_IN {
                if line.contains(needle) && path.starts_with(&format!("src/{stage}/")) {
                    fault(
                        &mut faults,
                        &path,
                        number,
                        &format!("`{needle}` in `{stage}`"),
                        instead,
                    );
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut faults = String::new();
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder, "rs") {
            let lines = text.lines().count();
            if lines > LINES_MAX {
                fault(
                    &mut faults,
                    &path,
                    LINES_MAX,
                    &format!("{lines} lines, more than {LINES_MAX}"),
                    "split it by noun",
                );
            }
            let is_tests = path.starts_with("src/") && path.contains("/tests");
            if !text.starts_with("//! ") && !is_tests {
                fault(
                    &mut faults,
                    &path,
                    1,
                    "no `//!` on the first line",
                    "say what the module is, what enters and what leaves",
                );
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn queries_have_headers() {
    let mut faults = String::new();
    for (path, text) in files("queries", "sql") {
        let mut lines = text.lines();
        for word in ["id", "title", "description"] {
            let header = format!("-- {word}: ");
            if !lines.any(|line| {
                line.strip_prefix(&header)
                    .is_some_and(|value| !value.trim().is_empty())
            }) {
                fault(
                    &mut faults,
                    &path,
                    1,
                    &format!(
                        "no `{header}` in the header, or not in the order id, title, description"
                    ),
                    "write one, as in queries/reports/who-used.sql",
                );
                break;
            }
        }
        if !text.to_uppercase().contains("ORDER BY")
            && !path.contains("/views/")
            && !path.contains("/scopes/")
            && !path.contains("/macros/")
            && !path.contains("/rollups/")
        {
            fault(
                &mut faults,
                &path,
                text.lines().count(),
                "no ORDER BY",
                "end in one with a unique tie-break",
            );
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn columns_are_documented() {
    let mut faults = String::new();
    let sources = files("src/schema", "rs");
    for table in schema::TABLES {
        let mut names = table
            .columns
            .iter()
            .filter(|column| column.doc.trim().is_empty())
            .map(|column| column.name);
        if table.doc.trim().is_empty() {
            let (path, line) = definition(&sources, table.name, table.name);
            fault(
                &mut faults,
                &path,
                line,
                &format!("table `{}` is not documented", table.name),
                "say what a row is",
            );
        }
        for name in &mut names {
            let (path, line) = definition(&sources, table.name, name);
            fault(
                &mut faults,
                &path,
                line,
                &format!("column `{}.{name}` is not documented", table.name),
                "say what the value means and where it is from",
            );
        }
        for sorted in table.sort {
            assert!(
                table.columns.iter().any(|column| column.name == *sorted),
                "{} is not sorted by its own column {sorted}",
                table.name
            );
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_schema_page_is_true() {
    let page = fs::read_to_string(format!("{REPOSITORY}/docs/schema.md")).unwrap_or_default();
    let expected = schema::to_markdown();
    let fault = queries::page_fault("docs/schema.md", &page, &expected, "schema");
    assert_eq!(fault, None);
}

#[test]
fn the_readme_shows_every_command() {
    let readme = fs::read_to_string(format!("{REPOSITORY}/README.md")).unwrap_or_default();
    let help = Context::new().run(&["--help"]);
    let commands = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let mut faults = String::new();
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        if command != "help" && !readme.contains(&format!("keytrail {command}")) {
            fault(
                &mut faults,
                "README.md",
                1,
                &format!("`keytrail {command}` is nowhere"),
                "show it, or name it in the list of commands",
            );
        }
    }
    if !readme.contains("cargo test") {
        fault(
            &mut faults,
            "README.md",
            1,
            "no command that passes the tests",
            "name `cargo test --locked`",
        );
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn fault(faults: &mut String, path: &str, line: usize, what: &str, instead: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(faults, "{path}:{line}: {what}, {instead}");
}

/// The files below a folder of the checkout with that ending: their paths in it, and their texts, sorted.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(REPOSITORY);
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(root.join(folder))
        .into_iter()
        .map(|entry| entry.expect("the checkout can be listed").into_path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).expect("the checkout can be read");
    let name = |path: &PathBuf| {
        let path = path.strip_prefix(root).expect("it lies there");
        path.to_string_lossy().replace('\\', "/")
    };
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// The lines that are no comments, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The stage that a file belongs to; none for main.rs and lib.rs.
fn stage(path: &str) -> Option<&str> {
    let stage = path.strip_prefix("src/")?.split('/').next()?;
    let stage = stage.strip_suffix(".rs").unwrap_or(stage);
    STAGES.contains(&stage).then_some(stage)
}

/// The stages that a line names after `crate::`, also several in braces.
fn used_stages(line: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let list = rest.strip_prefix('{').unwrap_or(rest);
        let end = if rest.starts_with('{') {
            list.len()
        } else {
            list.find(|letter: char| !is_name(letter))
                .unwrap_or(list.len())
        };
        let words = list[..end].split(|letter: char| !is_name(letter));
        used.extend(words.filter(|word| STAGES.contains(word)));
    }
    used
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn place(stage: &str) -> Option<usize> {
    STAGES.iter().position(|known| *known == stage)
}

/// Where a column of a table is defined.
fn definition(sources: &[(String, String)], table: &str, column: &str) -> (String, usize) {
    for (path, text) in sources {
        let lines: Vec<&str> = text.lines().collect();
        if let Some(start) = lines
            .iter()
            .position(|line| line.contains(&format!("\"{table}\"")))
        {
            let found = lines[start..]
                .iter()
                .position(|line| line.contains(&format!("\"{column}\"")));
            return (path.clone(), start + found.unwrap_or(0) + 1);
        }
    }
    ("src/schema/mod.rs".to_owned(), 1)
}

#[test]
fn edges_are_found() {
    assert_eq!(used_stages("use crate::store::{Pins, Store};"), ["store"]);
    assert_eq!(
        used_stages("use crate::{cli::run, schema};"),
        ["cli", "schema"]
    );
    assert_eq!(
        used_stages("    crate::report::run(crate::sql::open())"),
        ["report", "sql"]
    );
    assert_eq!(used_stages("use super::store;"), Vec::<&str>::new());
    assert_eq!(stage("src/sql/mod.rs"), Some("sql"));
    assert_eq!(stage("src/source.rs"), Some("source"));
    assert_eq!(stage("src/lib.rs"), None);
}
