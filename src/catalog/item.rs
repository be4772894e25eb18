//! The comment block at the top of a query file, item by item, and the statement below it.

use super::CatalogError;

/// One `-- word: value` of a header, with its continuation lines.
pub(super) struct Item {
    pub(super) line: usize,
    pub(super) word: String,
    pub(super) lines: Vec<String>,
}

/// The items of the header, and the line on which the body begins.
pub(super) fn items(path: &str, text: &str) -> Result<(Vec<Item>, usize), CatalogError> {
    let mut items: Vec<Item> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let Some(comment) = line.strip_prefix("--") else {
            return Ok((items, number));
        };
        let indent = comment.len() - comment.trim_start().len();
        let content = comment.trim();
        if content.is_empty() {
            continue;
        }
        // One space follows the dashes; three or more continue the item above.
        if indent >= 3
            && let Some(item) = items.last_mut()
        {
            item.lines.push(content.to_owned());
            continue;
        }
        let Some((word, value)) = content.split_once(':') else {
            return Err(CatalogError::Header {
                path: path.to_owned(),
                line: number,
                problem: "expected `-- word: value`, or a line that continues one with deeper indentation".to_owned(),
            });
        };
        items.push(Item {
            line: number,
            word: word.trim().to_owned(),
            lines: vec![value.trim().to_owned()],
        });
    }
    Ok((items, text.lines().count() + 1))
}

/// The first line from that one on that is not blank.
pub(super) fn first_line(text: &str, line: usize) -> usize {
    let blank = text.lines().skip(line - 1);
    line + blank.take_while(|line| line.trim().is_empty()).count()
}

/// The statement that begins on that line, without its final semicolon.
pub(super) fn statement(text: &str, line: usize) -> String {
    let body: Vec<&str> = text.lines().skip(line - 1).collect();
    let body = body.join("\n");
    body.trim().trim_end_matches(';').trim_end().to_owned()
}
