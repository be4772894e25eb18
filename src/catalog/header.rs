//! A query file: its header, in SQL comments, and its one statement.
//!
//! Enters: the text of a file. Leaves: a [`Query`], or an error that names file and line. The header
//! is the comment block at the top: `-- word: value` lines, each continued by lines that are indented
//! deeper. It ends at the first line that is no comment.
//!
//! ```sql
//! -- id: who-used
//! -- title: Callers of the key
//! -- description: Callers of a key,
//! --   and what they did.
//! -- param key: key, required. The key, as you would type it.
//! -- param days: days = 90. How many days to count back.
//! -- column caller: who called
//! -- columns: as in kms_events
//! -- argument row: what a macro is applied to
//! -- depends: key_uses
//! -- internal: why it exists
//! -- kept: why a session computes it once
//! -- counted: why it needs no note on deleted events
//! -- recounts: key_resources of replaced_records
//! -- series: uses_per_day
//! -- strip: days from first_day
//! -- summary: SELECT text FROM what_was_found ORDER BY place
//! -- footnote bucket-key: a note with that code, the same for every answer
//! -- caveat: SELECT 'unread' AS code, count(*) AS count, count(*) || ' were …' AS text FROM … HAVING …
//! SELECT …
//! ```
//!
//! A summary may read the common table expressions of the statement. A caveat returns notes: the columns `code`, `count`
//! and `text`, of which `count` may be null.

use super::CatalogError;
use super::Relation;
use super::item::{Item, first_line, items, statement};
use super::note::{Note, footnote};
use super::parts::reading_parts;

/// The names that the window and the filters have as options or as placeholders: no report's own.
pub(crate) const COMMON: [&str; 17] = [
    "since",
    "until",
    "tz",
    "account",
    "region",
    "service",
    "caller",
    "owner",
    "ou",
    "tag",
    "hide_own",
    "key_accounts",
    "key_arns",
    "key_names",
    "tagged_keys",
    "first_cut_day",
    "last_cut_day",
];

/// What a parameter accepts, and what it is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A key as a user types it; bound as two lists of text, `$<name>_arns` and `$<name>_names`,
    /// both empty where no key is given.
    Key,
    /// A whole number, bound as `$<name>`.
    Int,
    /// A text, bound as `$<name>`.
    Text,
    /// Any of the names that a principal goes by; a text that some record held knows it by.
    Principal,
    /// A resource, or the end of its name; a text that some record held names.
    Resource,
    /// Days counted back from the end of the window, where its start is not given; bound through
    /// `$since`, and as `$<name>`, which is null where the start is given.
    Days,
}

/// One parameter of a query, beside the window and the filters that every report has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, also on the command line.
    pub name: String,
    /// What it accepts.
    pub kind: ParameterKind,
    /// Whether it must be given.
    pub is_required: bool,
    /// Its value where it is not given; without one it is null.
    pub default: Option<String>,
    /// What it means.
    pub description: String,
}

impl Parameter {
    /// The key as a filter, in a report that does not ask for one itself.
    pub(crate) fn key_filter() -> Self {
        Self {
            name: "key".to_owned(),
            kind: ParameterKind::Key,
            is_required: false,
            default: None,
            description: "Only this key.".to_owned(),
        }
    }
}

/// A query file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Where it stands, for messages.
    pub path: String,
    /// Its name: that of the file.
    pub id: String,
    /// What it answers, in a few words.
    pub title: String,
    /// What it answers, exactly.
    pub description: String,
    /// What its columns mean, in the order of the header.
    pub columns: Vec<(String, String)>,
    /// The tables and views whose documentation covers the columns that the header does not name.
    pub columns_as_in: Vec<String>,
    /// The names that its text takes, where it is a macro, each with its meaning.
    pub arguments: Vec<(String, String)>,
    /// The views that it reads, where it is a view; the views and scopes, where it is a scope.
    pub depends: Vec<String>,
    /// Why it exists, for a view that only other queries read: SQL can name it, but nothing lists it.
    pub internal: Option<String>,
    /// Why a session computes it once and keeps its rows, where it is a view that is small and read often.
    pub kept: Option<String>,
    /// Why a report that reads events needs no note on those that were deleted: it answers from the counts.
    pub counted: Option<String>,
    /// The roll-up whose query it reads over other events, as the relation `new_<roll-up>`, and the view of those events.
    pub recounts: Option<(String, String)>,
    /// Its own parameters, in the order of the header.
    pub parameters: Vec<Parameter>,
    /// Columns that are lists of counts over time; on a terminal each is shown as a small picture.
    pub series: Vec<String>,
    /// Columns of texts with a letter a day, each with the column that tells the first day; on a terminal they are folded
    /// into months.
    pub strips: Vec<(String, String)>,
    /// The statement whose texts stand above the rows: what was found, in a few lines. It has the common table
    /// expressions of the report's own statement in front of it.
    pub summary: Option<String>,
    /// A note that belongs to every answer.
    pub footnote: Option<Note>,
    /// Statements that return notes on the answer: the columns `code`, `count` and `text`.
    pub caveats: Vec<String>,
    /// The statement.
    pub sql: String,
    /// The line of the file on which the statement begins.
    pub line: usize,
}

impl<'a> From<&'a Query> for Relation<'a> {
    fn from(query: &'a Query) -> Self {
        Self {
            name: &query.id,
            sql: &query.sql,
            is_kept: query.kept.is_some(),
        }
    }
}

impl Query {
    /// Reads a query file; `path` ends in `<id>.sql`.
    ///
    /// # Errors
    /// [`CatalogError::Header`] with the line at fault.
    pub fn parse(path: &str, text: &str) -> Result<Self, CatalogError> {
        let fault = |line: usize, problem: String| CatalogError::Header {
            path: path.to_owned(),
            line,
            problem,
        };
        let (items, body_line) = items(path, text)?;
        let mut query = Self {
            path: path.to_owned(),
            id: String::new(),
            title: String::new(),
            description: String::new(),
            columns: Vec::new(),
            columns_as_in: Vec::new(),
            arguments: Vec::new(),
            depends: Vec::new(),
            internal: None,
            kept: None,
            counted: None,
            recounts: None,
            parameters: Vec::new(),
            series: Vec::new(),
            strips: Vec::new(),
            summary: None,
            footnote: None,
            caveats: Vec::new(),
            sql: statement(text, body_line),
            line: first_line(text, body_line),
        };
        for item in items {
            query
                .take(&item)
                .map_err(|problem| fault(item.line, problem))?;
        }
        for (word, value) in [
            ("id", &query.id),
            ("title", &query.title),
            ("description", &query.description),
        ] {
            if value.is_empty() {
                return Err(fault(1, format!("the header has no `{word}`")));
            }
        }
        let stem = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = stem.strip_suffix(".sql").unwrap_or(stem);
        if stem != query.id {
            return Err(fault(
                1,
                format!(
                    "the id is `{}`, the file is called `{stem}`: make them equal",
                    query.id
                ),
            ));
        }
        if query.sql.is_empty() {
            return Err(fault(
                body_line,
                "there is no statement under the header".to_owned(),
            ));
        }
        Ok(query)
    }

    /// All its statements, its own first.
    pub(super) fn statements_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let beside = self.summary.iter_mut().chain(&mut self.caveats);
        std::iter::once(&mut self.sql).chain(beside)
    }

    /// The statements that run besides its own: the word of each in the header, and its place among those of that word.
    pub(crate) fn beside(&self) -> impl Iterator<Item = (&'static str, usize, &String)> {
        let summary = self.summary.iter().map(|sql| ("summary", 0, sql));
        let caveats = self.caveats.iter().enumerate();
        summary.chain(caveats.map(|(place, sql)| ("caveat", place, sql)))
    }

    /// Takes one item of the header into its place.
    fn take(&mut self, item: &Item) -> Result<(), String> {
        let text = item.lines.join(" ").trim().to_owned();
        match item.word.as_str() {
            "id" => set(&mut self.id, "id", text),
            "title" => set(&mut self.title, "title", text),
            "description" => set(&mut self.description, "description", text),
            "depends" => {
                self.depends
                    .extend(text.split(',').map(|name| name.trim().to_owned()));
                Ok(())
            }
            "internal" => set(self.internal.get_or_insert_default(), "internal", text),
            "columns" => {
                let names = text
                    .strip_prefix("as in ")
                    .ok_or("`columns` is `as in <table or view>, …`")?;
                self.columns_as_in
                    .extend(names.split(',').map(|name| name.trim().to_owned()));
                Ok(())
            }
            "kept" => set(self.kept.get_or_insert_default(), "kept", text),
            "counted" => set(self.counted.get_or_insert_default(), "counted", text),
            "recounts" => {
                let (rollup, events) = text
                    .split_once(" of ")
                    .ok_or("`recounts` is `<roll-up> of <view>`")?;
                self.depends.push(events.to_owned());
                self.recounts = Some((rollup.to_owned(), events.to_owned()));
                Ok(())
            }
            "series" => {
                self.series
                    .extend(text.split(',').map(|name| name.trim().to_owned()));
                Ok(())
            }
            "strip" => {
                let (strip, first_day) = text
                    .split_once(" from ")
                    .ok_or("`strip` is `<column> from <column of the first day>`")?;
                let strip = (strip.trim().to_owned(), first_day.trim().to_owned());
                self.strips.push(strip);
                Ok(())
            }
            "summary" => {
                let statement = item.lines.join("\n");
                set(self.summary.get_or_insert_default(), "summary", text)?;
                self.summary = Some(reading_parts(&self.sql, statement.trim()));
                Ok(())
            }
            "caveat" => {
                if text.is_empty() {
                    return Err("`caveat` has no statement".to_owned());
                }
                self.caveats.push(item.lines.join("\n").trim().to_owned());
                Ok(())
            }
            word if word.split(' ').next() == Some("footnote") => {
                if self.footnote.is_some() {
                    return Err("`footnote` appears twice".to_owned());
                }
                self.footnote = Some(footnote(word, text)?);
                Ok(())
            }
            word if word.starts_with("column ") => named(&mut self.columns, "column", word, text),
            word if word.starts_with("argument ") => {
                named(&mut self.arguments, "argument", word, text)
            }
            word => {
                let name = word.strip_prefix("param ").ok_or_else(|| {
                    format!(
                        "`{word}` is not a word of the header: \
                         use id, title, description, param <name>, column <name>, columns, argument <name>, depends, internal, kept, counted, recounts, series, strip, summary, footnote <code> or caveat"
                    )
                })?;
                if COMMON.contains(&name) {
                    return Err(format!(
                        "every report has a parameter `{name}`: use another name"
                    ));
                }
                if self.parameters.iter().any(|known| known.name == name) {
                    return Err(format!("parameter `{name}` appears twice"));
                }
                self.parameters.push(parameter(name, &text)?);
                Ok(())
            }
        }
    }
}

/// Adds `-- word name: meaning` to those of that word.
fn named(
    known: &mut Vec<(String, String)>,
    word: &str,
    item: &str,
    meaning: String,
) -> Result<(), String> {
    let name = item[word.len()..].trim();
    if meaning.is_empty() {
        return Err(format!("{word} `{name}` has no meaning: say what it is"));
    }
    if known.iter().any(|(other, _)| other == name) {
        return Err(format!("{word} `{name}` appears twice"));
    }
    known.push((name.to_owned(), meaning));
    Ok(())
}

fn set(place: &mut String, word: &str, text: String) -> Result<(), String> {
    if !place.is_empty() {
        return Err(format!("`{word}` appears twice"));
    }
    if text.is_empty() {
        return Err(format!("`{word}` has no value"));
    }
    *place = text;
    Ok(())
}

/// Reads `<kind>[, required][ = <default>]. <meaning>`.
fn parameter(name: &str, text: &str) -> Result<Parameter, String> {
    let shape = || {
        format!(
            "parameter `{name}` is not written as `<kind>[, required][ = <default>]. <meaning>`"
        )
    };
    let is_name = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    if name.is_empty() || !is_name(name) {
        return Err(format!(
            "`{name}` cannot name a parameter: use a-z, 0-9 and _"
        ));
    }
    let (specification, description) = text.split_once(". ").ok_or_else(shape)?;
    let (specification, default) = match specification.split_once('=') {
        Some((specification, default)) => (specification, Some(default.trim().to_owned())),
        None => (specification, None),
    };
    let (kind, is_required) = match specification.split_once(',') {
        Some((kind, required)) if required.trim() == "required" => (kind, true),
        Some(_) => return Err(shape()),
        None => (specification, false),
    };
    let kind = match kind.trim() {
        "key" => ParameterKind::Key,
        "int" => ParameterKind::Int,
        "text" => ParameterKind::Text,
        "principal" => ParameterKind::Principal,
        "resource" => ParameterKind::Resource,
        "days" => ParameterKind::Days,
        other => {
            return Err(format!(
                "`{other}` is not a kind of parameter: use key, int, text, principal, resource or days"
            ));
        }
    };
    if is_required && default.is_some() {
        return Err(format!(
            "parameter `{name}` is required, so it has no use for a default"
        ));
    }
    Ok(Parameter {
        name: name.to_owned(),
        kind,
        is_required,
        default,
        description: description.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Note, ParameterKind, Query};

    const GOOD: &str = "-- id: q\n-- title: A question\n-- description: One line\n--   and another.\n\
        -- param key: key, required. Which key.\n-- param days: days = 90. How long.\n\
        -- depends: a, b\n-- footnote own-q: a note\n-- caveat:\n--   SELECT 'x'\n--   FROM t\n-- series: uses\n\n\
        -- A comment of the body.\nSELECT 1\nORDER BY 1;\n";

    #[test]
    fn a_header_is_read() {
        let query = Query::parse("reports/q.sql", GOOD).expect("a good header");
        assert_eq!(query.id, "q");
        assert_eq!(query.description, "One line and another.");
        assert_eq!(query.depends, ["a", "b"]);
        let footnote = Note::new("own-q", None, "a note".to_owned());
        assert_eq!(query.footnote, Some(footnote));
        assert_eq!(query.caveats, ["SELECT 'x'\nFROM t"]);
        assert_eq!(query.summary, None);
        assert_eq!(
            (query.line, query.series.as_slice()),
            (14, &["uses".to_owned()][..])
        );
        assert_eq!(query.sql, "-- A comment of the body.\nSELECT 1\nORDER BY 1");
        let [key, days] = query.parameters.as_slice() else {
            panic!("two parameters: {:?}", query.parameters);
        };
        assert_eq!(
            (key.kind, key.is_required, key.default.as_deref()),
            (ParameterKind::Key, true, None)
        );
        assert_eq!(
            (days.kind, days.is_required, days.default.as_deref()),
            (ParameterKind::Days, false, Some("90"))
        );
        assert_eq!(days.description, "How long.");
    }

    #[test]
    fn a_summary_reads_the_parts_of_the_statement() {
        let text = "-- id: q\n-- title: t\n-- description: d\n-- summary: SELECT text\n--   FROM a\n\n\
            WITH a AS (SELECT 'x' AS text)\nSELECT * FROM a";
        let query = Query::parse("reports/q.sql", text).expect("a good header");
        let summary = "WITH a AS (SELECT 'x' AS text)\n\nSELECT text\nFROM a";
        assert_eq!(query.summary.as_deref(), Some(summary));
        let error = Query::parse(
            "reports/q.sql",
            &text.replace("-- description", "-- summary: SELECT 1\n-- description"),
        );
        let error = error.expect_err("two summaries").to_string();
        assert_eq!(error, "reports/q.sql:5: `summary` appears twice");
    }

    #[test]
    fn columns_and_internal_views_are_read() {
        let text = "-- id: q\n-- title: t\n-- description: d\n-- column a: one\n--   and more\n\
            -- column b: two\n-- columns: as in kms_events, keys\n-- internal: a step of c\n\nSELECT 1";
        let query = Query::parse("views/q.sql", text).expect("a good header");
        let column = |name: &str, meaning: &str| (name.to_owned(), meaning.to_owned());
        assert_eq!(
            query.columns,
            [column("a", "one and more"), column("b", "two")]
        );
        assert_eq!(query.columns_as_in, ["kms_events", "keys"]);
        assert_eq!(query.internal.as_deref(), Some("a step of c"));
        let error = Query::parse("views/q.sql", &text.replace("as in", "like"));
        let error = error.expect_err("no `as in`").to_string();
        let expected = "views/q.sql:7: `columns` is `as in <table or view>, …`";
        assert_eq!(error, expected);
    }

    fn check(changed: &str, into: &str, expected: &str) {
        let text = GOOD.replacen(changed, into, 1);
        let error = Query::parse("reports/q.sql", &text)
            .expect_err(expected)
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn faults_name_file_and_line() {
        check(
            "-- title: A question\n",
            "",
            "reports/q.sql:1: the header has no `title`",
        );
        check(
            "-- id: q",
            "-- id: r",
            "reports/q.sql:1: the id is `r`, the file is called `q`",
        );
        check(
            "-- title: A",
            "-- title A",
            "reports/q.sql:2: expected `-- word: value`",
        );
        check(
            "-- footnote own-q",
            "-- footnoot",
            "reports/q.sql:8: `footnoot` is not a word of the header",
        );
        check(
            "-- footnote own-q: a note",
            "-- title: b",
            "reports/q.sql:8: `title` appears twice",
        );
        check(
            "-- footnote own-q: a note",
            "-- footnote own-q:",
            "reports/q.sql:8: `footnote own-q` has no value",
        );
        check(
            "-- footnote own-q: a note",
            "-- footnote: a note",
            "reports/q.sql:8: `footnote` has no code: write `-- footnote CODE: TEXT`",
        );
        check(
            "-- footnote own-q: a note",
            "-- footnote lower-bounds: a note",
            "reports/q.sql:8: `lower-bounds` is not the code of a note",
        );
        check(
            "-- A comment of the body.\nSELECT 1\nORDER BY 1;",
            ";",
            "reports/q.sql:13: there is no statement",
        );
    }

    #[test]
    fn faults_of_parameters_name_file_and_line() {
        check(
            "key, required.",
            "key required.",
            "reports/q.sql:5: `key required` is not a kind",
        );
        check(
            "key, required.",
            "key, needed.",
            "reports/q.sql:5: parameter `key` is not written as",
        );
        check(
            "key, required. Which key.",
            "key",
            "reports/q.sql:5: parameter `key` is not written as",
        );
        check(
            "key, required.",
            "key, required = x.",
            "reports/q.sql:5: parameter `key` is required",
        );
        check(
            "param days: days",
            "param days: weeks",
            "reports/q.sql:6: `weeks` is not a kind",
        );
        check(
            "param days",
            "param key",
            "reports/q.sql:6: parameter `key` appears twice",
        );
        check(
            "param days",
            "param until",
            "reports/q.sql:6: every report has a parameter `until`",
        );
        check(
            "param days",
            "param Days",
            "reports/q.sql:6: `Days` cannot name a parameter",
        );
    }
}
