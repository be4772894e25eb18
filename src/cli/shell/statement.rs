//! What was entered, taken apart: statements, which end at a semicolon that stands in no text, name or comment,
//! and commands, which end with their line.
//!
//! Enters: text, typed or pasted, of any number of lines. Leaves: its inputs in their order, and what is left
//! behind the last one.

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShellInput<'a> {
    /// A statement without its semicolon.
    Statement(&'a str),
    /// What stands behind a backslash.
    Command(&'a str),
    /// What people type to leave.
    Farewell,
}

/// The inputs of a text, and what is left behind the last one: a statement that is not ended, or nothing but
/// white space and comments.
pub(super) fn split(text: &str) -> (Vec<ShellInput<'_>>, &str) {
    let mut inputs = Vec::new();
    let mut rest = text;
    loop {
        let told = without_comments(rest);
        let (line, after) = told.split_once('\n').unwrap_or((told, ""));
        if let Some(command) = line.strip_prefix('\\') {
            inputs.push(ShellInput::Command(command));
            rest = after;
        } else if is_farewell(line) {
            inputs.push(ShellInput::Farewell);
            rest = after;
        } else if let Some(end) = end_of_statement(rest) {
            if end > rest.len() - told.len() {
                inputs.push(ShellInput::Statement(rest[..end].trim()));
            }
            rest = &rest[end + 1..];
        } else {
            return (inputs, rest);
        }
    }
}

/// Whether a text can be taken: no statement in it is still to be ended.
pub(super) fn is_complete(text: &str) -> bool {
    without_comments(split(text).1).is_empty()
}

fn is_farewell(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "exit" | "quit")
}

/// Where the first semicolon stands that ends a statement.
fn end_of_statement(text: &str) -> Option<usize> {
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        let next = rest.peek().map(|(_, letter)| *letter);
        match (letter, next) {
            ('\'' | '"', _) => {
                // A doubled quote ends one text and begins the next, which comes to the same.
                rest.by_ref().find(|(_, closing)| *closing == letter);
            }
            ('-', Some('-')) => {
                rest.by_ref().find(|(_, letter)| *letter == '\n');
            }
            ('/', Some('*')) => {
                rest.next();
                let mut before = ' ';
                rest.by_ref().find(|(_, letter)| {
                    let is_end = before == '*' && *letter == '/';
                    before = *letter;
                    is_end
                });
            }
            (';', _) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The text from the first that is neither white space nor a whole comment.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let after = if rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some((_, after)) = rest
            .strip_prefix("/*")
            .and_then(|comment| comment.split_once("*/"))
        {
            after
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::{ShellInput, is_complete, split};

    #[test]
    fn statements_end_at_their_semicolon() {
        #[track_caller]
        fn check(text: &str, statements: &[&str], rest: &str) {
            let (found, left) = split(text);
            let statements = statements.iter().map(|text| ShellInput::Statement(text));
            assert_eq!(
                (found, left.trim()),
                (statements.collect::<Vec<_>>(), rest),
                "{text}"
            );
            assert_eq!(is_complete(text), rest.is_empty(), "{text}");
        }
        check("", &[], "");
        check("select 1", &[], "select 1");
        check("select 1;", &["select 1"], "");
        check("select 1; select 2;\n", &["select 1", "select 2"], "");
        check("select 1; select", &["select 1"], "select");
        check("select ';'", &[], "select ';'");
        check("select 'it''s;';", &["select 'it''s;'"], "");
        check("select \"a;b\";;", &["select \"a;b\""], "");
        check("select 'open;", &[], "select 'open;");
        check("select 1 -- no; end", &[], "select 1 -- no; end");
        check("select 1 -- no; end\n;", &["select 1 -- no; end"], "");
        check("select /* ; */ 1 /*/;*/;", &["select /* ; */ 1 /*/;*/"], "");
        check("/* open ;", &[], "/* open ;");
        check("-- a\nselect 1;", &["-- a\nselect 1"], "");
        check("select 4 - -1 / 2;", &["select 4 - -1 / 2"], "");
        check("select 1\n\\d\n;", &["select 1\n\\d"], "");
    }

    #[test]
    fn commands_end_with_their_line_and_farewells_are_lines() {
        use ShellInput::{Command, Farewell, Statement};
        #[track_caller]
        fn check(text: &str, inputs: &[ShellInput<'_>]) {
            assert_eq!(split(text).0, inputs, "{text}");
            assert!(is_complete(text), "{text}");
        }
        check("\\d", &[Command("d")]);
        check(" \\o file", &[Command("o file")]);
        check("exit", &[Farewell]);
        check("QUIT ", &[Farewell]);
        check("-- a comment", &[]);
        check("select 1; -- done", &[Statement("select 1")]);
        check(
            "\\d a;\n-- what\n\\timing\nselect\n1; select 2;\n\nquit\nselect 3;",
            &[
                Command("d a;"),
                Command("timing"),
                Statement("select\n1"),
                Statement("select 2"),
                Farewell,
                Statement("select 3"),
            ],
        );
        assert!(!is_complete("\\d\nselect"));
    }
}
