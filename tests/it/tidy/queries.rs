//! What can be read off the query files: the layers of the views, and the pages that are made from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use keytrail::catalog::{LAYERS, Query, view_at};

use super::{fault, files};
use crate::context::{Context, REPOSITORY};

#[test]
fn views_read_only_their_own_and_earlier_layers() {
    let faults = layer_faults(&files("queries/views", "sql"));
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_pages_of_views_and_reports_are_true() {
    for name in ["views", "reports"] {
        let printed = Context::new().run(&["schema", name]);
        assert_eq!(
            (printed.code, printed.stderr.as_str()),
            (0, ""),
            "{printed}"
        );
        let path = format!("docs/{name}.md");
        let page = fs::read_to_string(format!("{REPOSITORY}/{path}")).unwrap_or_default();
        let found = page_fault(&path, &page, &printed.stdout, &format!("schema {name}"));
        assert_eq!(found, None);
    }
}

/// Where a page is not what the code prints.
pub(super) fn page_fault(path: &str, page: &str, expected: &str, command: &str) -> Option<String> {
    if page == expected {
        return None;
    }
    let mut lines = page.lines().zip(expected.lines());
    let line = lines.position(|(left, right)| left != right);
    let line = line.unwrap_or_else(|| page.lines().count().min(expected.lines().count()));
    Some(format!(
        "{path}:{}: not what the code says, run `cargo run -- {command} > {path}`",
        line + 1
    ))
}

/// What is wrong with the layers of these views, given as paths and texts.
fn layer_faults(views: &[(String, String)]) -> String {
    let mut faults = String::new();
    let mut layers: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in views {
        let place = path.strip_prefix("queries/").and_then(view_at);
        match place {
            Some((Some(layer), name)) => {
                layers.extend(
                    LAYERS
                        .iter()
                        .position(|known| *known == layer)
                        .map(|at| (name, at)),
                );
            }
            _ => fault(
                &mut faults,
                path,
                1,
                "not in the folder of a layer",
                &format!("move it to one of {}", LAYERS.join(", ")),
            ),
        }
    }
    for (path, text) in views {
        let query = Query::parse(path, text).expect("a good header");
        let Some(own) = layers.get(query.id.as_str()) else {
            continue;
        };
        for name in &query.depends {
            if layers.get(name.as_str()).is_some_and(|layer| layer > own) {
                fault(
                    &mut faults,
                    path,
                    1,
                    &format!("`{}` reads `{name}`, which is in a later layer", query.id),
                    "move one of them, or what they share",
                );
            }
        }
        let known: BTreeSet<&str> = layers.keys().copied().collect();
        for name in read_by(&query.sql).intersection(&known) {
            if !query.depends.iter().any(|listed| listed == name) {
                fault(
                    &mut faults,
                    path,
                    1,
                    &format!("`{}` reads `{name}` and does not say so", query.id),
                    "add it to `-- depends`",
                );
            }
        }
    }
    faults
}

/// The relations that a statement reads, without its own parts.
fn read_by(sql: &str) -> BTreeSet<&str> {
    let lines = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let pairs = words.windows(2);
    let mut read: BTreeSet<&str> = pairs
        .filter(|pair| pair[0].ends_with("FROM") || pair[0] == "JOIN")
        .filter_map(|pair| pair[1].split(is_other).next())
        .collect();
    for part in words.windows(3) {
        if part[1] == "AS" && part[2].starts_with('(') {
            read.remove(part[0]);
        }
    }
    read
}

#[test]
fn a_view_that_reads_ahead_is_found() {
    #[track_caller]
    fn check(path: &str, depends: &str, body: &str, expected: &str) {
        let text = |id: &str, more: &str, body: &str| {
            format!("-- id: {id}\n-- title: t\n-- description: d\n{more}\n{body}\n")
        };
        let name = path.rsplit('/').next().expect("a name");
        let views = [
            (
                "queries/views/facts/a.sql".to_owned(),
                text("a", "", "SELECT 1"),
            ),
            (
                format!("queries/views/{path}.sql"),
                text(name, depends, body),
            ),
        ];
        assert_eq!(layer_faults(&views), expected);
    }
    let reads = "-- depends: a\n";
    check("facts/b", reads, "SELECT * FROM a", "");
    check(
        "public/b",
        reads,
        "SELECT * FROM kms_events JOIN a ON true",
        "",
    );
    check(
        "names/b",
        reads,
        "SELECT * FROM a",
        "queries/views/names/b.sql:1: `b` reads `a`, which is in a later layer, move one of them, or what they share\n",
    );
    check(
        "public/b",
        "",
        "SELECT * FROM kms_events\nJOIN a ON true",
        "queries/views/public/b.sql:1: `b` reads `a` and does not say so, add it to `-- depends`\n",
    );
    check("public/b", "", "WITH a AS (SELECT 1) SELECT * FROM a", "");
    check(
        "b",
        "",
        "SELECT 1",
        "queries/views/b.sql:1: not in the folder of a layer, move it to one of records, names, facts, usage, coverage, public\n",
    );
}

#[test]
fn a_page_that_is_old_is_found() {
    assert_eq!(page_fault("p.md", "a\nb\n", "a\nb\n", "schema"), None);
    assert_eq!(
        page_fault("p.md", "a\nc\n", "a\nb\n", "schema").as_deref(),
        Some("p.md:2: not what the code says, run `cargo run -- schema > p.md`")
    );
}
