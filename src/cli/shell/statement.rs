//! Where statements end: at a semicolon that stands in no text, name or comment.

/// The statements of an input without their semicolons, and what is left behind the last one.
pub(super) fn split(text: &str) -> (Vec<&str>, &str) {
    let mut statements = Vec::new();
    let mut start = 0;
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
            (';', _) => {
                let statement = text[start..at].trim();
                if !is_blank(statement) {
                    statements.push(statement);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    (statements, &text[start..])
}

/// Whether an input can be taken: it is a command, or ends in a semicolon.
pub(super) fn is_complete(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('\\') || is_farewell(text) || is_blank(split(text).1)
}

/// What people type to leave.
pub(super) fn is_farewell(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "exit" | "quit")
}

/// Whether there is nothing but white space and whole comments.
fn is_blank(text: &str) -> bool {
    let text = text.trim_start();
    if text.is_empty() {
        return true;
    }
    let after = if text.starts_with("--") {
        text.split_once('\n').map_or("", |(_, after)| after)
    } else if let Some(comment) = text.strip_prefix("/*") {
        match comment.split_once("*/") {
            Some((_, after)) => after,
            None => return false,
        }
    } else {
        return false;
    };
    is_blank(after)
}

#[cfg(test)]
mod tests {
    use super::{is_complete, split};

    #[test]
    fn statements_end_at_their_semicolon() {
        #[track_caller]
        fn check(text: &str, statements: &[&str], rest: &str) {
            let (found, left) = split(text);
            assert_eq!(
                (found.as_slice(), left.trim()),
                (statements, rest),
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
        check("select 4 - -1 / 2;", &["select 4 - -1 / 2"], "");
    }

    #[test]
    fn commands_comments_and_farewells_need_no_semicolon() {
        for text in [
            "\\d",
            " \\o file",
            "exit",
            "QUIT ",
            "-- a comment",
            "select 1; -- done",
        ] {
            assert!(is_complete(text), "{text}");
        }
    }
}
