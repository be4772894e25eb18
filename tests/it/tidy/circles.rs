//! No circles inside a stage: of two files, one may use the other, directly or through third ones, never both.
//!
//! A `mod.rs` that has modules below it is a facade: what it passes on is looked up, the file itself is no node.

use std::collections::{BTreeMap, BTreeSet};

use super::{code, files};

/// The path of a module, from the crate down.
type Path = Vec<String>;

/// The modules of the crate.
#[derive(Default)]
struct Modules {
    /// The text of each without its tests and comments.
    texts: BTreeMap<Path, String>,
    /// What a module passes on under a name of its own.
    passed_on: BTreeMap<(Path, String), Path>,
}

impl Modules {
    fn of(sources: &[(String, String)]) -> Self {
        let mut modules = Self::default();
        for (path, text) in sources {
            let path = path.trim_start_matches("src/").trim_end_matches(".rs");
            let mut module: Path = path.split('/').map(str::to_owned).collect();
            if module.last().is_some_and(|last| last == "mod") {
                module.pop();
            }
            if module.iter().any(|part| part.starts_with("tests")) {
                continue;
            }
            let text = text.split("#[cfg(test)]\nmod tests {").next();
            let lines = code(text.unwrap_or_default()).map(|(_, line)| line);
            let text = lines.collect::<Vec<_>>().join("\n");
            for (is_public, used) in uses(&text) {
                let name = used.last().cloned().unwrap_or_default();
                if is_public {
                    modules
                        .passed_on
                        .insert((module.clone(), name), used.clone());
                }
            }
            modules.texts.insert(module, text);
        }
        modules
    }

    fn is_facade(&self, module: &Path) -> bool {
        let below = |other: &&Path| other.len() > module.len() && other.starts_with(module);
        self.texts.keys().any(|other| below(&other))
    }

    /// The module in which what a path names is defined, as seen from a module.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Path> {
        let mut rest = path;
        let mut current: Path = match rest.first()?.as_str() {
            "crate" => Path::new(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            "self" => from.to_vec(),
            name => {
                let below = [from, &[name.to_owned()]].concat();
                let passed_on = (from.to_vec(), name.to_owned());
                let is_known =
                    self.texts.contains_key(&below) || self.passed_on.contains_key(&passed_on);
                return is_known
                    .then(|| self.descend(from.to_vec(), rest, depth))
                    .flatten();
            }
        };
        rest = &rest[1..];
        while rest.first().is_some_and(|part| part == "super") {
            current.pop();
            rest = &rest[1..];
        }
        self.descend(current, rest, depth)
    }

    fn descend(&self, mut current: Path, mut rest: &[String], depth: usize) -> Option<Path> {
        const DEPTH_MAX: usize = 8;
        while let Some(part) = rest.first() {
            let below = [current.as_slice(), std::slice::from_ref(part)].concat();
            if self.texts.contains_key(&below) {
                current = below;
                rest = &rest[1..];
                continue;
            }
            let passed_on = self.passed_on.get(&(current.clone(), part.clone()));
            return match passed_on {
                Some(path) if depth < DEPTH_MAX => self
                    .resolve(&current, path, depth + 1)
                    .or(Some(current.clone())),
                _ => Some(current),
            };
        }
        Some(current)
    }

    /// The files of the same stage that each file uses.
    fn edges(&self) -> BTreeMap<&Path, BTreeSet<Path>> {
        let nodes = self.texts.iter().filter(|(path, _)| !self.is_facade(path));
        nodes
            .map(|(module, text)| {
                let private = uses(text).into_iter().filter(|(is_public, _)| !is_public);
                let named = private.map(|(_, path)| path).chain(inline(text));
                let used = named.filter_map(|path| self.resolve(module, &path, 0));
                let used = used.filter(|used| {
                    used != module && used.first() == module.first() && !self.is_facade(used)
                });
                (module, used.collect())
            })
            .collect()
    }

    /// The files from which one comes back to them.
    fn circles(&self) -> Vec<String> {
        let edges = self.edges();
        let reached = |start: &Path| {
            let mut reached: BTreeSet<&Path> = BTreeSet::new();
            let mut waiting: Vec<&Path> = edges.get(start).into_iter().flatten().collect();
            while let Some(next) = waiting.pop() {
                if reached.insert(next) {
                    waiting.extend(edges.get(next).into_iter().flatten());
                }
            }
            reached
        };
        let inside = edges.keys().filter(|node| reached(node).contains(*node));
        inside
            .map(|node| {
                let back = edges[*node]
                    .iter()
                    .filter(|used| reached(used).contains(*node));
                let back = back.map(|used| used.join("/")).collect::<Vec<_>>();
                format!("{} uses {}", node.join("/"), back.join(", "))
            })
            .collect()
    }
}

/// What the `use` items of a text name, a path each, and whether they pass it on.
fn uses(text: &str) -> Vec<(bool, Path)> {
    let mut found = Vec::new();
    for item in text.split(';') {
        let Some(at) = item.find("use ").filter(|at| {
            let before = item[..*at].rsplit('\n').next().unwrap_or_default().trim();
            before.is_empty() || before.starts_with("pub")
        }) else {
            continue;
        };
        let is_public = item[..at]
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .contains("pub");
        let mut paths = Vec::new();
        tree(&Path::new(), &item[at + "use ".len()..], &mut paths);
        found.extend(paths.into_iter().map(|path| (is_public, path)));
    }
    found
}

/// The paths of a tree as `a::{b, c::{d, e}}`.
fn tree(prefix: &Path, text: &str, paths: &mut Vec<Path>) {
    let words = |text: &str| -> Path {
        let text = text.split(" as ").next().unwrap_or_default();
        let parts = text.split("::").map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let Some((before, inner)) = text.split_once('{') else {
        paths.push([prefix.clone(), words(text)].concat());
        return;
    };
    let prefix = [prefix.clone(), words(before)].concat();
    let inner = inner.trim_end();
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    tree(&prefix, part, paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The paths that begin with `super` or `crate` outside of `use` items.
fn inline(text: &str) -> Vec<Path> {
    let mut found = Vec::new();
    for start in ["super::", "crate::"] {
        for (at, _) in text.match_indices(start) {
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
            let path = &text[at..];
            let end = path.find(|letter| !is_name(letter)).unwrap_or(path.len());
            let parts = path[..end].split("::").filter(|part| !part.is_empty());
            found.push(parts.map(str::to_owned).collect());
        }
    }
    found
}

#[test]
fn no_stage_has_a_circle() {
    let circles = Modules::of(&files("src", "rs")).circles();
    assert!(
        circles.is_empty(),
        "files of a stage that use each other; move what both need to a file of its own:\n{}",
        circles.join("\n")
    );
}

#[test]
fn circles_are_found() {
    let source = |path: &str, text: &str| (format!("src/{path}.rs"), format!("{text}\n"));
    let sources = |c: &str| {
        vec![
            source(
                "s/mod",
                "mod a;\nmod b;\nmod c;\npub use c::Third;\nuse a::First;",
            ),
            source("s/a", "//! a\nuse super::b::{self, Second as Other};"),
            source("s/b", "fn f() { super::Third }"),
            source("s/c", c),
            source("t", "use crate::s::Third;"),
        ]
    };
    assert_eq!(
        Modules::of(&sources("use crate::s::{a::{First}};")).circles(),
        ["s/a uses s/b", "s/b uses s/c", "s/c uses s/a"]
    );
    let none = "use crate::t::X;\n#[cfg(test)]\nmod tests {\n    use super::super::a::First;\n}";
    assert!(Modules::of(&sources(none)).circles().is_empty());
}
